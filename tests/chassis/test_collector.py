"""How rarely Python's collector of cycles looks."""

from __future__ import annotations

import gc

from clic_chassis.collector import YOUNG_OBJECTS_MAX, no_collections, settle


def test_within_the_block_the_collector_rests_and_after_it_looks_as_before() -> None:
    """Its setting is the whole process's, and a rebuild is not the only thing that a process does."""
    assert gc.isenabled()
    with no_collections():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_what_is_there_when_a_process_settles_is_never_walked_again() -> None:
    """Modules and models are most of what a service holds."""
    before = gc.get_threshold()
    try:
        settle()
        assert gc.get_freeze_count() > 10_000
        assert gc.get_threshold()[0] == YOUNG_OBJECTS_MAX
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)

"""The benchmark of failing over: what it loses is what `make chaos` loses, and a gap is counted as people would."""

from __future__ import annotations

from typing import cast

from bench.failing_over import MEASURED, QUICK
from tests.chaos.fault import FAULTS
from tests.chaos.load import Load
from tests.chaos.town import Town

NOWHERE = cast("Town", None)


def test_every_loss_that_is_measured_is_one_that_chaos_tries() -> None:
    """And what can be done once alone comes last."""
    by_name = {each.name: each for each in FAULTS}
    assert set(MEASURED.values()) <= set(by_name)
    assert set(QUICK) <= set(MEASURED)
    assert [name for name, fault in MEASURED.items() if by_name[fault].is_once] == [list(MEASURED)[-1]]


def test_a_gap_is_the_longest_silence_within_its_bounds() -> None:
    """From its beginning to the first answer, between two, and from the last to its end."""
    load = Load(NOWHERE, answered_at=[(1.0, "a"), (2.0, "b"), (6.0, "a"), (7.0, "b")])
    assert load.gap_s(0.5, 7.5) == 4.0
    assert load.gap_s(0.5, 7.5, "b") == 5.0
    assert load.gap_s(6.0, 9.0, "a") == 3.0
    assert load.gap_s(2.5, 5.0) == 2.5

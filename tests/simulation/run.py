"""Runs simulated years, and says how to run again the one that ended otherwise than it must."""

from __future__ import annotations

from collections.abc import Iterable

from tests.simulation.verdict import verdict
from tests.simulation.year import Year

SMALL = 5
"""Requests of a year in the test suite: a thousand years cost a minute of processor time."""
SHOWN_MAX = 4


def wrong_in(seed: int, requests: int) -> list[str]:
    """What ends otherwise than it must in the year of a seed, told for people; nothing where it went well."""
    year = Year(seed, requests)
    try:
        year.run()
        found = verdict(year)
    except Exception as error:  # noqa: BLE001 - Whatever it is, the seed is what one needs to find it.
        found = [f"{type(error).__name__}: {error}"]
    if not found:
        return []
    more = [f"  … and {len(found) - SHOWN_MAX} more"] if len(found) > SHOWN_MAX else []
    head = f"seed {seed} ({year.number}), again by: make simulate SEED={seed} REQUESTS={requests}"
    return [head, *(f"  {each}" for each in found[:SHOWN_MAX]), *more]


def assert_well(seeds: Iterable[int], requests: int = SMALL) -> None:
    """Every one of these years ends as it must."""
    wrong = [line for seed in seeds for line in wrong_in(seed, requests)]
    assert not wrong, "\n" + "\n".join(wrong)

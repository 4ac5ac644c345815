"""Breakdowns of an edition, such as requests by subject, and which of them it can best do without. Source: POL-38."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet

from clic_reporting.core.suppression import Figures, Link

STEPS = 2
"""Of a count's place in the report, those that name its breakdown; what has no more is a total and always told."""

Breakdowns = Mapping[str, frozenset[str]]
"""Names of counts by period and place, such as `2025/requests.by_subject`."""


def breakdowns(figures: Figures, known: AbstractSet[str]) -> Breakdowns:
    """The breakdowns of which nothing was published before. Totals, the balance among them, are in none."""
    found: dict[str, set[str]] = {}
    for name in figures.values.keys() - figures.unprinted - known:
        if (key := _breakdown(name)) is not None:
            found.setdefault(key, set()).add(name)
    return {key: frozenset(names) for key, names in sorted(found.items())}


def loss(names: Iterable[str], values: Mapping[str, int]) -> int:
    """What leaving out counts costs: their digits in base 2. Large ones say more."""
    return sum(abs(values[name]).bit_length() for name in names)


def next_left_out(
    of: Breakdowns, out: Collection[str], stuck: Collection[str], links: Iterable[Link], values: Mapping[str, int]
) -> str:
    """The breakdown to leave out next: one that a stuck count hangs on, at the least loss.

    One that stands in an equation with it first, then one of the same place in the report, then any.
    """
    ways = [frozenset((*link.left, *link.right)) for link in links]
    beside = frozenset().union(*(names for names in ways if not names.isdisjoint(stuck)))
    places = {key.partition("/")[2] for name in stuck if (key := _breakdown(name)) is not None}

    def rank(key: str) -> tuple[bool, bool, int, str]:
        return of[key].isdisjoint(beside), key.partition("/")[2] not in places, loss(of[key], values), key

    return min((key for key in of if key not in out), key=rank)


def _breakdown(name: str) -> str | None:
    period, _, path = name.partition("/")
    steps = path.split(".")
    return f"{period}/{'.'.join(steps[:STEPS])}" if len(steps) > STEPS else None

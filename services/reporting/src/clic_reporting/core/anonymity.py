"""k-anonymity by generalising what is rare: a published combination stands there k times at least, or not at all.

Pure. Whoever knows everything about somebody but one thing still finds k rows that fit. Source: POL-38.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Cell = TypeVar("Cell", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Anonymised(Generic[Cell]):
    """Combinations with how often each stands there, and what became of the rare ones."""

    cells: Mapping[Cell, int]
    generalised: Mapping[int, int]
    """Rows by the last step that each needed, from 1; those that needed none are not here."""
    left_out: int


def anonymised(cells: Mapping[Cell, int], steps: Sequence[Callable[[Cell], Cell]], k: int) -> Anonymised[Cell]:
    """Take the steps one after the other for what is rarer than k, until it is not; leave out what remains.

    Each step makes a combination coarser. What a step brings to a combination that stands there already joins it.

    Args:
        cells: how often each combination occurs; together they are the whole table.
        steps: from the least that is lost to the most.
        k: rows that a published combination has at least; 1 changes nothing.
    """
    published: Counter[Cell] = Counter()
    generalised: Counter[int] = Counter()
    waiting = Counter(dict(cells))
    every: list[Callable[[Cell], Cell]] = [_as_it_is, *steps]
    for number, step in enumerate(every):
        coarser: Counter[Cell] = Counter()
        for cell, rows in waiting.items():
            coarser[step(cell)] += rows
        waiting = Counter()
        for cell, rows in coarser.items():
            if published[cell] + rows >= k:
                published[cell] += rows
                if number:
                    generalised[number] += rows
            else:
                waiting[cell] = rows
    return Anonymised({cell: rows for cell, rows in published.items() if rows}, dict(generalised), waiting.total())


def _as_it_is(cell: Cell) -> Cell:
    return cell

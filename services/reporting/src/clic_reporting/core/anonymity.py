"""k-anonymity by generalising what is rare: a published combination stands there k times at least, or not at all.

Pure. Whoever knows everything about somebody but one thing still finds k rows that fit. Source: POL-38.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Cell = TypeVar("Cell", bound=Hashable)
ABSENT_STEP = 10
"""Width of what can be told of the number of absent rows: an interval from 1 to 10 is wider than the 5 that published
reports leave of a hidden count (`core.suppression.WIDTH`)."""


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


def shortened(cells: Mapping[Cell, int], absent: int, k: int) -> Mapping[Cell, int]:
    """Leave out a few rows more, so that how many are absent is a multiple of `ABSENT_STEP`, and never none.

    Whoever knows the whole number of rows learns of those that are absent for a reason of their own (confidential
    requests, POL-26) that they are among the last `ABSENT_STEP`, and not how many. No chance is needed: a row more that
    is confidential takes the place of one that is left out here, and the same rows stand there.

    Args:
        cells: how often each combination stands there, k times at least. The most frequent lose rows, one by one; of
            equals the first.
        absent: rows of the whole table that are not among them.
        k: what each that is left stands there at least; where none has more to give, nothing is published.
    """
    left = dict(cells)
    for _ in range(-absent % ABSENT_STEP or (0 if absent else ABSENT_STEP)):
        if not left:
            break
        most = max(left, key=left.__getitem__)
        if left[most] <= k:
            return {}
        left[most] -= 1
    return left


def _as_it_is(cell: Cell) -> Cell:
    return cell

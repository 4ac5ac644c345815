"""The puzzle that published figures are to whoever reads them, and what proves that it cannot be solved. POL-38.

A proof needs no solver and no rounding: it is another world, in whole numbers, in which everything published is as it
is and every equation holds, and in which the hidden count differs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .earlier import settled
from .suppression import WIDTH, Edition, Link, Terms, is_small

Movement = Mapping[str, int]
"""A world as its differences from the real one, by name; what is not named is as it is."""


@dataclass(frozen=True)
class Puzzle:
    """What everybody knows after some editions.

    A count that stands in several is taken as one, with its newest value, and is known once it was shown in any of
    them: whoever takes it that little was corrected in between reasons so, and small corrections are taken as known.
    Those of `WIDTH` and more are not: `apart` makes two counts of one.
    """

    values: Mapping[str, int]
    least: Mapping[str, int | None]
    known: frozenset[str]
    targets: frozenset[str]
    """What nobody may work out. What followed from earlier editions by themselves is none any more."""
    rows: tuple[Terms, ...]
    """These sums are known, and move by nothing."""
    rows_of: Mapping[str, Sequence[tuple[int, int]]]
    """By name: the rows that it stands in, with its factor."""

    def accepts(self, movement: Movement) -> bool:
        """Whether that world is one of those that everybody must reckon with. In whole numbers: nothing is rounded."""
        for name, by in movement.items():
            least = self.least[name]
            if by and (name in self.known or (least is not None and self.values[name] + by < least)):
                return False
        sums: Counter[int] = Counter()
        for name, by in movement.items():
            for row, factor in self.rows_of.get(name, ()):
                sums[row] += factor * by
        return not any(sums.values())

    def unproven(self, movements: Iterable[Movement]) -> frozenset[str]:
        """Targets that these worlds, and the real one, do not leave an interval of `WIDTH`."""
        low: dict[str, int] = {}
        high: dict[str, int] = {}
        for movement in movements:
            if self.accepts(movement):
                for name, by in movement.items():
                    low[name] = min(low.get(name, 0), by)
                    high[name] = max(high.get(name, 0), by)
        return frozenset(name for name in self.targets if high.get(name, 0) - low.get(name, 0) < WIDTH)


def puzzle(editions: Sequence[Edition], across: Iterable[Link] = ()) -> Puzzle:
    """What everybody knows after these editions, in the order of their publication.

    `across`: equations between counts of different editions; those that name what no edition has are left out.
    """
    newest: dict[str, int] = {}
    for edition in editions:
        newest.update(edition.figures.values)
    known = frozenset().union(*(edition.shown for edition in editions))
    least: dict[str, int | None] = {}
    targets: set[str] = set()
    for edition in editions:
        for name, value in edition.figures.values.items():
            told = edition.least(name)
            if told is not None:  # Whoever knows the correction since knows the newest value's bound too.
                told += newest[name] - value
            before = least.get(name)
            least[name] = before if told is None else told if before is None else max(before, told)
            if name in edition.hidden or (name in edition.figures.unprinted and is_small(value)):
                targets.add(name)
    found = {terms for edition in editions for terms in edition.figures.rows}
    found |= {terms for terms in (link.terms for link in across) if all(name in newest for name, _ in terms)}
    rows = tuple(sorted(found - {()}))
    rows_of: dict[str, list[tuple[int, int]]] = {}
    for index, row in enumerate(rows):
        for name, factor in row:
            rows_of.setdefault(name, []).append((index, factor))
    told_before = settled(editions[:-1], rows).keys()
    return Puzzle(newest, least, known, frozenset(targets) - known - told_before, rows, rows_of)

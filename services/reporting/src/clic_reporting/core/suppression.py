"""Which counts are not published, and the proof that nobody can work them out from those that are. Source: POL-38.

Counts are linked by equations that anybody knows: parts and their total, a balance, four quarters and their year. Who
reads what is published solves a puzzle. Here is what the puzzle is, which counts are hidden for their own sake, and
what proves that a hidden one stays hidden; `clic_reporting.edition` looks for the further counts to hide.

A proof needs no solver and no rounding: it is another world, in whole numbers, in which everything published is as it
is and every equation holds, and in which the hidden count differs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from clic_chassis.error import ClicError

THRESHOLD = 5
"""Counts from 1 to 4 are small: docs/decisions/0015."""
WIDTH = 5
"""Nobody may narrow a hidden count to less than this. As wide as 0 to 5, it does not even tell that the count is small."""
PERCENTILE_REQUESTS_MIN = 10
"""A median or percentile of fewer requests tells the delay of one of them."""

Terms = tuple[tuple[str, int], ...]
"""Names with their factors, of a sum."""
Movement = Mapping[str, int]
"""A world as its differences from the real one, by name; what is not named is as it is."""


class Reason(StrEnum):
    """Why a count is hidden."""

    SMALL = "small"
    """From 1 to 4."""
    GROUP = "group"
    """Part of a small total: even a zero would say where the few are."""
    STAYS = "stays"
    """Hidden in an earlier edition: the same count, corrected or not, would betray that one."""
    REVISED = "revised"
    """Published before and corrected by 1 to 4 since: the difference is a count of few. The published one stands."""
    SECONDARY = "secondary"
    """Others could be worked out from it."""


class InconsistentFiguresError(ClicError):
    """An equation is said to hold of figures, and does not."""


class Link(NamedTuple):
    """An equation: the sums of both sides are equal."""

    left: tuple[str, ...]
    right: tuple[str, ...]
    group: bool = False
    """The one on the left counts a group of requests, those on the right its parts."""

    @property
    def terms(self) -> Terms:
        """Names with their factors, which sum up to zero; sorted, so that the same equation is the same value."""
        factors = Counter(self.left)
        factors.subtract(self.right)
        return tuple(sorted((name, factor) for name, factor in factors.items() if factor))


@dataclass(frozen=True)
class Figures:
    """Exact counts by name, and what everybody knows of them."""

    values: Mapping[str, int]
    links: tuple[Link, ...] = ()
    unprinted: frozenset[str] = frozenset()
    """Named in an equation, so that they could be worked out, but in no table."""
    signed: frozenset[str] = frozenset()
    """May be below zero: treatments less reopenings (POL-32)."""

    @cached_property
    def rows(self) -> tuple[Terms, ...]:
        """The equations as sums that are zero."""
        return tuple(link.terms for link in self.links)

    def check(self) -> None:
        """Look whether every equation holds.

        Raises:
            InconsistentFiguresError: one does not, or names what is not there.
        """
        for link in self.links:
            if missing := [name for name, _ in link.terms if name not in self.values]:
                raise InconsistentFiguresError(f"an equation names {missing[0]}, which no figure has")
            if off := sum(factor * self.values[name] for name, factor in link.terms):
                raise InconsistentFiguresError(
                    f"{' + '.join(link.left)} = {' + '.join(link.right)} does not hold: the left side is {off} more"
                )
        for name, value in self.values.items():
            if value < 0 and name not in self.signed:
                raise InconsistentFiguresError(f"{name} is {value}: a count is not below zero")


@dataclass(frozen=True)
class Edition:
    """Figures as they are published: some of them hidden."""

    figures: Figures
    hidden: frozenset[str] = frozenset()

    @cached_property
    def shown(self) -> frozenset[str]:
        """Names of what anybody can read."""
        return frozenset(self.figures.values) - self.hidden - self.figures.unprinted

    @cached_property
    def whole_groups(self) -> frozenset[str]:
        """Parts of groups of which nothing is shown: such a part can be zero, as anybody knows."""
        return frozenset(
            part
            for link in self.figures.links
            if link.group and self.hidden.issuperset((*link.left, *link.right))
            for part in link.right
        )

    def least(self, name: str) -> int | None:
        """What a count that is not shown is known to be at least; None: it may be below zero.

        A zero is hidden in a group hidden as a whole and nowhere else, so that the mark elsewhere means one at least.
        """
        if name in self.figures.signed:
            return None
        return 1 if name in self.hidden and name not in self.whole_groups and self.figures.values[name] > 0 else 0


@dataclass(frozen=True)
class Puzzle:
    """What everybody knows after some editions.

    A count that stands in several is taken as one, with its newest value, and is known once it was shown in any of
    them: whoever takes it that little was corrected in between reasons so. Corrections are taken as known.
    """

    values: Mapping[str, int]
    least: Mapping[str, int | None]
    known: frozenset[str]
    targets: frozenset[str]
    """What nobody may work out."""
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
    return Puzzle(newest, least, known, frozenset(targets) - known, rows, rows_of)


def is_small(value: int) -> bool:
    """Whether so many could point at somebody. Nobody is not few: a zero is published."""
    return 0 < abs(value) < THRESHOLD


def primary(figures: Figures, earlier: Sequence[Edition] = (), across: Iterable[Link] = ()) -> dict[str, Reason]:
    """What is hidden for its own sake, and why."""
    printed = {name: value for name, value in figures.values.items() if name not in figures.unprinted}
    reasons: dict[str, Reason] = {}
    shown_before = frozenset().union(*(edition.shown for edition in earlier))
    hidden_before = frozenset().union(*(edition.hidden for edition in earlier)) - shown_before
    reasons.update((name, Reason.GROUP) for name in _grouped(figures) if name in printed)
    reasons.update((name, Reason.STAYS) for name in printed if name in hidden_before)
    reasons.update((name, Reason.SMALL) for name, value in printed.items() if is_small(value))
    if earlier:
        revised = _revised(figures, earlier, (*across, *figures.links), reasons)
        reasons.update((name, Reason.REVISED) for name in printed if name in revised and name not in reasons)
    return reasons


def _grouped(figures: Figures) -> frozenset[str]:
    """Parts of small totals, and parts of those; without zeros that anybody sees from other zeros."""
    groups = [link for link in figures.links if link.group]
    grouped = _closed_below(groups, {link.left[0] for link in groups if is_small(figures.values[link.left[0]])})
    zeros = {name for name in grouped if not figures.values[name]}
    while True:
        free = {name for name, value in figures.values.items() if value or name in zeros or name in figures.signed}
        implied = {
            name
            for link in figures.links
            if (left := [(name, factor) for name, factor in link.terms if name in free])
            and all(name in zeros for name, _ in left)
            and len({factor > 0 for _, factor in left}) == 1
            for name, _ in left
        }
        if not implied:
            return grouped - {name for name in grouped if not figures.values[name] and name not in zeros}
        zeros -= implied


def _closed_below(groups: Sequence[Link], wholes: set[str]) -> frozenset[str]:
    parts: set[str] = set()
    while wholes:
        below = {part for link in groups if link.left[0] in wholes for part in link.right} - parts
        parts |= below
        wholes = below
    return frozenset(parts)


def _revised(
    figures: Figures, earlier: Sequence[Edition], across: Iterable[Link], hidden: Collection[str]
) -> frozenset[str]:
    """What differs by few from what was published of it, itself or as a sum (four quarters and their year)."""
    told: dict[str, list[int]] = {}
    for edition in earlier:
        for name in edition.shown:
            told.setdefault(name, []).append(edition.figures.values[name])
    revised = {
        name
        for name, value in figures.values.items()
        if (versions := told.get(name)) and value != versions[-1] and any(is_small(value - each) for each in versions)
    }
    readable = figures.values.keys() - figures.unprinted - revised - set(hidden)
    others = {**{name: figures.values[name] for name in readable}, **{name: told[name][-1] for name in told}}
    for link in across:
        factors = dict(link.terms)
        for own in (*link.left, *link.right):
            if own in readable and len(factors) > 1 and all(each in others for each in factors):
                others_sum = sum(factor * others[each] for each, factor in factors.items() if each != own)
                if is_small(factors[own] * figures.values[own] + others_sum):
                    revised.add(own)
                    break  # What hides the difference is one count of it, the total where that is new.
    return frozenset(revised)


def standing(name: str, earlier: Sequence[Edition], across: Iterable[Link] = ()) -> int | None:
    """What was published of a count before, or follows at once from what was: it stands where the new one is hidden."""
    told = {each: edition.figures.values[each] for edition in earlier for each in edition.shown}
    if name in told:
        return told[name]
    for link in across:
        factors = dict(link.terms)
        own = factors.pop(name, 0)
        if abs(own) == 1 and all(each in told for each in factors):
            return -own * sum(factor * told[each] for each, factor in factors.items())
    return None

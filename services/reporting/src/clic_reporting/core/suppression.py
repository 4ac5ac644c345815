"""Which counts are not published, and the proof that nobody can work them out from those that are. Source: POL-38.

Counts are linked by equations that anybody knows: parts and their total, a balance, four quarters and their year. Who
reads what is published solves a puzzle. Here is what the puzzle is, which counts are hidden for their own sake, and
what proves that a hidden one stays hidden; `clic_reporting.edition` looks for the further counts to hide.

A proof needs no solver and no rounding: it is another world, in whole numbers, in which everything published is as it
is and every equation holds, and in which the hidden count differs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from clic_chassis.error import ClicError

THRESHOLD = 5
"""Counts from 1 to 4 are small: docs/decisions/0015."""
WIDTH = 5
"""Nobody may narrow a hidden count to less than this. As wide as 0 to 5, it does not even tell that it is small."""
PERCENTILE_REQUESTS_MIN = 10
"""A median or percentile of fewer requests tells the delay of one of them."""

Terms = tuple[tuple[str, int], ...]
"""Names with their factors, of a sum."""


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
    LEFT_OUT = "left_out"
    """Its breakdown is no part of the edition, zeros and all: with it, none would be safe."""


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
    """Named in an equation, so that they could be worked out, but in no table of this edition."""
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


def is_small(value: int) -> bool:
    """Whether so many could point at somebody. Nobody is not few: a zero is published."""
    return 0 < abs(value) < THRESHOLD

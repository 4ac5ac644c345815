"""Which counts are hidden for their own sake: small ones, and what would tell of those by itself. Source: POL-38."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from .earlier import apart
from .suppression import Edition, Figures, Link, Reason, is_small


def primary(figures: Figures, earlier: Sequence[Edition] = (), across: Iterable[Link] = ()) -> dict[str, Reason]:
    """What is hidden for its own sake, and why."""
    printed = {name: value for name, value in figures.values.items() if name not in figures.unprinted}
    reasons: dict[str, Reason] = {}
    same = apart(earlier, figures)
    shown_before = frozenset().union(*(edition.shown for edition in same))
    hidden_before = frozenset().union(*(edition.hidden for edition in same)) - shown_before
    reasons.update((name, Reason.GROUP) for name in _grouped(figures) if name in printed)
    reasons.update((name, Reason.STAYS) for name in printed if name in hidden_before)
    reasons.update((name, Reason.GROUP) for name in _zeros_above(figures, reasons) if name in printed)
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


def _zeros_above(figures: Figures, hidden: Collection[str]) -> frozenset[str]:
    """Totals that are zero and have a part that is hidden: they would tell it."""
    veiled = {name for name in hidden if not figures.values[name]}
    above: set[str] = set()
    ahead = veiled
    while ahead:
        ahead = {
            link.left[0]
            for link in figures.links
            if len(link.left) == 1 and not figures.values[link.left[0]] and not ahead.isdisjoint(link.right)
        } - (veiled | above)
        above |= ahead
    return frozenset(above)


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

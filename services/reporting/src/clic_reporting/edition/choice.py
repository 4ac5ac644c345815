"""What is hidden of an edition, and what is done where hiding single counts is not enough. POL-38.

In this order, each gentler than the next: counts are hidden; what was published before is shown as it stood; whole
breakdowns are left out, the least loss first; nothing is published. Each is proven in the same way (`search.prove`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import NamedTuple

import structlog

from clic_reporting.core.earlier import apart, settled
from clic_reporting.core.suppression import Edition, Figures, Link, Reason, is_small

from .breakdown import breakdowns, loss, next_left_out
from .search import Search, prove

log = structlog.get_logger()

LEFT_OUT_MAX = 6
"""Breakdowns that are left out one after the other, before all are at once. A small town's year takes one or two."""
RESTORED_MAX = 12
"""Breakdowns of which it is tried whether they can be told after all."""


@dataclass(frozen=True)
class Choice:
    """What is hidden of an edition."""

    edition: Edition
    reasons: Mapping[str, Reason]
    """Of every hidden count, by name."""
    standing: Mapping[str, int] = field(default_factory=dict)
    """Of hidden ones, what was published of them before: it may be shown in their place."""
    withheld: bool = False
    """Nothing can be published of this edition: every count is hidden, zeros too."""
    left_out: frozenset[str] = frozenset()
    """No part of this edition: of breakdowns that it leaves out, or told as earlier editions told it."""

    @property
    def hidden(self) -> frozenset[str]:
        """Names of the hidden counts."""
        return self.edition.hidden | self.left_out


class _Tried(NamedTuple):
    """What came of looking for a choice: one, or what could not be protected."""

    choice: Choice | None
    stuck: frozenset[str]


@dataclass(frozen=True)
class _Case:
    """What is to be chosen of, after what."""

    figures: Figures
    earlier: Sequence[Edition]
    across: Sequence[Link]

    @property
    def known(self) -> frozenset[str]:
        """Counts that an earlier edition has too."""
        return frozenset(self.figures.values.keys() & {name for each in self.earlier for name in each.figures.values})


def choose(figures: Figures, earlier: Sequence[Edition] = (), across: Sequence[Link] = ()) -> Choice:
    """Hide what has to be hidden of figures, after what was published before. Source: POL-38, docs/decisions/0015.

    `across`: equations between these figures and those of earlier editions, such as four quarters and their year.
    Always ends with a choice that is proven safe; in the last resort nothing is published. The same figures and
    earlier editions give the same choice. Where corrections since tell too much, what was published stands; where that
    is not enough, breakdowns are left out.

    Raises:
        InconsistentFiguresError: an equation does not hold.
    """
    figures.check()
    case = _Case(figures, earlier, across)
    tried = _tried(case)
    if tried.choice is None and case.known:
        tried = _tried(case, as_published=case.known)
    if tried.choice is None:
        tried = _with_breakdowns_left_out(case, tried.stuck)
    if tried.choice is None:
        log.warning("edition_withheld", counts=len(figures.values), editions_before=len(earlier))
        printed = frozenset(figures.values) - figures.unprinted
        return Choice(Edition(figures, printed), dict.fromkeys(sorted(printed), Reason.SECONDARY), withheld=True)
    return tried.choice


def _tried(
    case: _Case, *, as_published: AbstractSet[str] = frozenset(), left_out: AbstractSet[str] = frozenset()
) -> _Tried:
    """Look for a choice.

    `as_published`: shown as they were published, not as they are now: corrections of them are told by nothing.
    `left_out`: of breakdowns that this edition does not have. Both hang together with the rest as before.
    """
    absent = frozenset(as_published | left_out) - case.figures.unprinted
    figures = dataclasses.replace(case.figures, unprinted=case.figures.unprinted | absent)
    search = Search(figures, case.earlier, case.across)
    if not search.protect():
        return _Tried(None, search.stuck)
    search.spare()
    prove(search.edition, case.earlier, case.across, [view.state.movements for view in search.views])
    standing = _standing(case, search.hidden)
    if absent:
        told = settled(case.earlier, ())
        standing |= {name: told[name] for name in sorted(absent & as_published & told.keys())}
    reasons = {name: search.reasons.get(name, Reason.SECONDARY) for name in sorted(search.hidden)}
    for name in sorted(absent):
        reasons[name] = Reason.LEFT_OUT if name in left_out else Reason.REVISED
    return _Tried(Choice(search.edition, reasons, standing, left_out=absent), frozenset())


def _standing(case: _Case, hidden: AbstractSet[str]) -> dict[str, int]:
    """What earlier editions told of hidden counts."""
    rows = sorted({*case.figures.rows, *(link.terms for link in case.across)})
    stands = settled(apart(case.earlier, case.figures), rows)
    told = [name for name in hidden & stands.keys() if is_small(case.figures.values[name])]
    if told:  # By reports of other versions, that knew fewer equations: nothing here takes it back.
        log.warning("small_counts_told_before", counts=len(told))
    return {name: stands[name] for name in sorted(hidden & stands.keys())}


def _with_breakdowns_left_out(case: _Case, stuck: frozenset[str]) -> _Tried:
    """Leave out breakdowns, those first that what is stuck hangs on, until a choice is found; then take back others.

    What was published before is shown as it was published.
    """
    of = breakdowns(case.figures, case.known)
    links = (*case.figures.links, *case.across)

    def without(keys: Iterable[str]) -> _Tried:
        return _tried(case, as_published=case.known, left_out=frozenset().union(*(of[key] for key in keys)))

    out: list[str] = []
    tried = _Tried(None, stuck)
    while tried.choice is None and len(out) < min(LEFT_OUT_MAX, len(of)):
        out.append(next_left_out(of, out, tried.stuck, links, case.figures.values))
        tried = without(out)
    doubtful = out[:-1]  # Without the last one no choice was found.
    if tried.choice is None and len(out) < len(of):
        doubtful = out = sorted(of)
        tried = without(out)
    if tried.choice is None:
        return tried
    for key in sorted(doubtful, key=lambda key: (-loss(of[key], case.figures.values), key))[:RESTORED_MAX]:
        more = without(each for each in out if each != key)
        if more.choice is not None:
            tried, out = more, [each for each in out if each != key]
    log.warning("breakdowns_left_out", breakdowns=out)
    return tried

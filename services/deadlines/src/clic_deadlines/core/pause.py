"""The time that a request waited for its citizen: which days it takes from a count of days, and which hours from hours.

Source: POL-06, POL-21. A pause within one day of the town takes no day; every day that a longer one touches is taken,
the day of asking and the day of the reply included. From a delay in hours the paused time is taken exactly.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

Span = tuple[dt.datetime, dt.datetime]
"""From, inclusive, to, exclusive; in UTC."""

_T = TypeVar("_T", dt.date, dt.datetime)


@dataclass(frozen=True, slots=True)
class Pause:
    """A delay stood still. `until` is None while it does so still."""

    since: dt.datetime
    until: dt.datetime | None


class Pauses:
    """Pauses in order and disjoint; those that still last are left out: what they take is known when they end."""

    def __init__(self, pauses: Sequence[Pause], day_of: Callable[[dt.datetime], dt.date]) -> None:
        ended = [(p.since, p.until) for p in pauses if p.until is not None and p.since < p.until]
        self.spans: list[Span] = _merged((since.astimezone(dt.UTC), until.astimezone(dt.UTC)) for since, until in ended)
        days = ((day_of(since), day_of(until)) for since, until in ended)
        self.days: list[tuple[dt.date, dt.date]] = _merged((first, last) for first, last in days if first != last)
        """Runs of days that do not count, first and last."""

    def last_day_from(self, day: dt.date) -> dt.date | None:
        """The last day of the pause that takes this one; None where it counts."""
        return next((last for first, last in self.days if first <= day <= last), None)

    def touch(self, begins: dt.datetime, ends: dt.datetime) -> bool:
        """Whether any time of a span was paused."""
        return any(since < ends and begins < until for since, until in self.spans)

    def last_before(self, day: dt.date) -> dt.date | None:
        """The day on which the last pause ended that did so by the end of this day."""
        return max((last for _, last in self.days if last <= day), default=None)

    def without(self, spans: Iterable[Span]) -> Iterator[Span]:
        """What is left of spans that are in order."""
        for begins, ends in spans:
            at = begins
            for since, until in self.spans:
                if until <= at:
                    continue
                if since >= ends:
                    break
                if at < since:
                    yield at, since
                at = until
            if at < ends:
                yield at, ends


def _merged(runs: Iterable[tuple[_T, _T]]) -> list[tuple[_T, _T]]:
    """Runs in order, those that overlap or touch being one."""
    found: list[tuple[_T, _T]] = []
    for first, last in sorted(runs):
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found


NO_PAUSES = Pauses((), dt.datetime.date)

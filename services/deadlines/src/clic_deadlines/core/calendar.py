"""How delays are counted: the law's calendar days, the desk's business days and business hours, and hours.

Two calendars (`legal`, `desk_calendar`), in versions that the town puts in force by date. Days are those of the town's
time zone, and a day ends at the local midnight after it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from functools import lru_cache
from zoneinfo import ZoneInfo

from clic_contracts.event import TraceStep
from clic_contracts.town_time import CalendarConfig, Delay

from .desk_calendar import CalendarError as CalendarError
from .desk_calendar import DeskCalendar
from .legal import count_days, count_recourse
from .pause import NO_PAUSES, Pauses, Span
from .pause import Pause as Pause
from .term import Counted
from .term import Term as Term

COUNTS_CACHED_MAX = 2_048
"""Counts kept in memory: half a year of start days with a dozen delays, some 4 MB."""

_DAY = dt.timedelta(days=1)
_INSTANT = dt.timedelta(microseconds=1)


class Calendar:
    """Counts delays by one version of a town's calendar. Counts without a pause are remembered by start and length."""

    def __init__(self, config: CalendarConfig) -> None:
        self.version = config.version
        self._zone = ZoneInfo(config.timezone)
        self._desk = DeskCalendar(config)
        self.closed_because: Callable[[dt.date], str | None] = config.closed_because
        """See `CalendarConfig.closed_because`."""
        remember = lru_cache(maxsize=COUNTS_CACHED_MAX)
        self._business_days: Callable[[dt.date, int], Counted] = remember(self._desk.count_days)
        self._calendar_days: Callable[[dt.date, int], Counted] = remember(self._count_calendar_days)
        self._recourse: Callable[[dt.date, int], Counted] = remember(count_recourse)

    def local(self, instant: dt.datetime) -> dt.datetime:
        """An instant in the town's time, with its offset fixed: comparing and subtracting are then exact."""
        local = instant.astimezone(self._zone)
        return local.replace(tzinfo=dt.timezone(local.utcoffset() or dt.timedelta()))

    def day_of(self, instant: dt.datetime) -> dt.date:
        """The town's date at an instant: Sunday 23:50 is Sunday (LCCJTI art. 31)."""
        return instant.astimezone(self._zone).date()

    def end_of(self, day: dt.date) -> dt.datetime:
        """The local midnight that ends a day; exclusive."""
        return self.local(dt.datetime.combine(day + _DAY, dt.time(), self._zone))

    def open_spans(self, day: dt.date) -> tuple[Span, ...]:
        """When the desk is open on a day: in order, disjoint, in UTC; () where it is closed."""
        return self._desk.open_spans(day)

    def term(self, starts_at: dt.datetime, delay: Delay, pauses: Sequence[Pause] = ()) -> Term:
        """When a delay that begins at an instant ends.

        Business days are those after the day of the start: one is "the end of the next business day" (POL-13), none is
        the end of the same day, or of the next business day where that day is none. Hours are elapsed ones, exact
        across a change of clocks; business hours are those in which the desk is open. A pause that still lasts is left
        out, and so is one that begins at the limit or later: it changes nothing.

        Raises:
            CalendarError: the town's calendar has too few business days or hours.
        """
        if delay.hours is not None and not pauses:
            return self._elapsed(starts_at, delay.hours)
        waited = Pauses(pauses, self.day_of) if pauses else NO_PAUSES
        if (hours := delay.hours or delay.business_hours) is not None:
            due_at, runs = self._desk.count_hours(starts_at, hours, waited, elapsed=delay.hours is not None)
            last_on = self.day_of(due_at - _INSTANT)
            return Term(self.local(due_at), last_on, last_on, runs.steps())
        start_on = self.day_of(starts_at)
        if (days := delay.business_days) is not None:
            counted = self._desk.count_days(start_on, days, waited) if pauses else self._business_days(start_on, days)
        else:
            assert delay.calendar_days is not None  # Delay has exactly one unit.
            days = delay.calendar_days
            counted = (
                self._count_calendar_days(start_on, days, waited) if pauses else self._calendar_days(start_on, days)
            )
        return Term(self.end_of(counted.due_strict_on), counted.due_strict_on, counted.due_prudent_on, counted.trace)

    def until(self, starts_at: dt.datetime, last_on: dt.date) -> Term:
        """To the end of an agreed day (POL-19): nothing moves it, the desk works to the business day before it."""
        start_on = self.day_of(starts_at)
        first_on = min(start_on + _DAY, last_on)
        trace = (TraceStep(first_on=first_on, last_on=last_on, counted=True, why="calendar_day"),)
        return Term(self.end_of(last_on), last_on, self._desk.last_business_day(start_on, last_on), trace)

    def recourse(self, starts_at: dt.datetime, days: int) -> Term:
        """A citizen's own delay by the law (A-2.1 art. 135): it lasts to the end of its most generous reading."""
        counted = self._recourse(self.day_of(starts_at), days)
        return Term(self.end_of(counted.due_prudent_on), counted.due_strict_on, counted.due_prudent_on, counted.trace)

    def share_of(
        self, starts_at: dt.datetime, due_at: dt.datetime, share: float, pauses: Sequence[Pause] = ()
    ) -> dt.datetime:
        """The instant, to the second, when a share of the time that was not paused has passed; never after `due_at`."""
        start, due = starts_at.astimezone(dt.UTC), due_at.astimezone(dt.UTC)
        running = tuple(Pauses(pauses, self.day_of).without([(start, due)])) if pauses else ((start, due),)
        left = dt.timedelta(seconds=int(sum((z - a).total_seconds() for a, z in running) * share))
        if left <= dt.timedelta():
            return due_at
        for since, until in running:
            if left <= until - since:
                return self.local(since + left)
            left -= until - since
        return due_at

    def _elapsed(self, starts_at: dt.datetime, hours: int) -> Term:
        # In UTC: arithmetic within one zone would be that of the clock on the wall.
        due_at = starts_at.astimezone(dt.UTC) + dt.timedelta(hours=hours)
        last_on = self.day_of(due_at - _INSTANT)
        trace = (TraceStep(first_on=self.day_of(starts_at), last_on=last_on, counted=True, why="calendar_day"),)
        return Term(self.local(due_at), last_on, last_on, trace)

    def _count_calendar_days(self, start_on: dt.date, days: int, pauses: Pauses = NO_PAUSES) -> Counted:
        """The law's count, and the business day that the desk works to: none before the last pause ended."""
        counted = count_days(start_on, days, pauses)
        first_on = max(start_on, pauses.last_before(counted.due_strict_on) or start_on)
        prudent_on = self._desk.last_business_day(first_on, counted.due_strict_on)
        return Counted(counted.due_strict_on, prudent_on, counted.trace)


class Calendars:
    """Every version of a town's calendar, oldest first: one that was counted by is never forgotten."""

    def __init__(self, configs: Sequence[CalendarConfig]) -> None:
        self._versions = [(config.effective_on or dt.date.min, Calendar(config)) for config in configs]
        self.current = self._versions[-1][1]
        """The newest, whether in force yet or not."""

    def on(self, day: dt.date) -> Calendar:
        """What holds for delays that begin on a day: the newest in force then, the oldest for what was before any."""
        in_force = (calendar for effective_on, calendar in reversed(self._versions) if effective_on <= day)
        return next(in_force, self._versions[0][1])

    def version(self, version: str) -> Calendar | None:
        """The one of this name; None: the town has none such any more."""
        return next((calendar for _, calendar in self._versions if calendar.version == version), None)

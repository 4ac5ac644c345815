"""How delays are counted: the law's calendar days, the desk's business days, and hours.

Two calendars. The law's counts every day, the day of the start being day 0, and a limit that falls on a holiday goes
to the next day that is none (I-16 art. 52; Saturdays do not move it). The desk's leaves out Saturdays, Sundays,
holidays and the town's closings. Days are those of the town's time zone, and a day ends at the local midnight after it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

from clic_contracts.event import TraceStep
from clic_contracts.holiday import is_legal_holiday
from clic_contracts.town import CalendarConfig, Delay

COUNTS_CACHED_MAX = 2_048
"""Counts kept in memory: half a year of start days with a dozen delays, some 4 MB."""
SEARCH_DAYS_MAX = 3_660
"""Days that a count may go through. A calendar that is closed for longer is a mistake in the configuration."""

_DAY = dt.timedelta(days=1)
_INSTANT = dt.timedelta(microseconds=1)


class CalendarError(ValueError):
    """The town's calendar has too few business days to count with."""


@dataclass(frozen=True, slots=True)
class Counted:
    """The days of a delay, without its hour."""

    due_strict_on: dt.date
    due_prudent_on: dt.date
    trace: tuple[TraceStep, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """By when, and how that was counted."""

    due_at: dt.datetime
    """Exclusive, in the town's time."""
    due_strict_on: dt.date
    due_prudent_on: dt.date
    trace: tuple[TraceStep, ...]


class Calendar:
    """Counts delays by one town's calendar. Counts are remembered by start day and length."""

    def __init__(self, config: CalendarConfig) -> None:
        self.version = config.version
        self._zone = ZoneInfo(config.timezone)
        self._config = config
        remember = lru_cache(maxsize=COUNTS_CACHED_MAX)
        self._business_days: Callable[[dt.date, int], Counted] = remember(self._count_business_days)
        self._calendar_days: Callable[[dt.date, int], Counted] = remember(self._count_calendar_days)

    def local(self, instant: dt.datetime) -> dt.datetime:
        """An instant in the town's time, with its offset fixed: comparing and subtracting are then exact."""
        local = instant.astimezone(self._zone)
        return local.replace(tzinfo=dt.timezone(local.utcoffset() or dt.timedelta()))

    def day_of(self, instant: dt.datetime) -> dt.date:
        """The town's date at an instant: Sunday 23:50 is Sunday (LCCJTI art. 31)."""
        return self.local(instant).date()

    def end_of(self, day: dt.date) -> dt.datetime:
        """The local midnight that ends a day; exclusive."""
        return self.local(dt.datetime.combine(day + _DAY, dt.time(), self._zone))

    def closed_because(self, day: dt.date) -> str | None:
        """See `CalendarConfig.closed_because`."""
        return self._config.closed_because(day)

    def term(self, starts_at: dt.datetime, delay: Delay) -> Term:
        """When a delay that begins at an instant ends.

        Business days are those after the day of the start: one is "the end of the next business day" (POL-13), none is
        the end of the same day, or of the next business day where that day is none. Hours are elapsed ones, exact
        across a change of clocks.

        Raises:
            CalendarError: the town's calendar has too few business days.
        """
        if delay.hours is not None:
            return self._hours(starts_at, delay.hours)
        start_on = self.day_of(starts_at)
        if delay.business_days is not None:
            counted = self._business_days(start_on, delay.business_days)
        else:
            assert delay.calendar_days is not None  # Delay has exactly one unit.
            counted = self._calendar_days(start_on, delay.calendar_days)
        return Term(self.end_of(counted.due_strict_on), counted.due_strict_on, counted.due_prudent_on, counted.trace)

    def until(self, starts_at: dt.datetime, last_on: dt.date) -> Term:
        """To the end of an agreed day (POL-19): nothing moves it, the desk works to the business day before it."""
        start_on = self.day_of(starts_at)
        first_on = min(start_on + _DAY, last_on)
        trace = (TraceStep(first_on=first_on, last_on=last_on, counted=True, why="calendar_day"),)
        return Term(self.end_of(last_on), last_on, self._prudent(start_on, last_on), trace)

    def share_of(self, starts_at: dt.datetime, due_at: dt.datetime, share: float) -> dt.datetime:
        """The instant, to the second, when a share of the elapsed time has passed; never after `due_at`."""
        start = starts_at.astimezone(dt.UTC)
        span_s = int((due_at.astimezone(dt.UTC) - start).total_seconds() * share)
        return self.local(start + dt.timedelta(seconds=span_s)) if span_s > 0 else due_at

    def _hours(self, starts_at: dt.datetime, hours: int) -> Term:
        # In UTC: arithmetic within one zone would be that of the clock on the wall.
        due_at = starts_at.astimezone(dt.UTC) + dt.timedelta(hours=hours)
        last_on = self.day_of(due_at - _INSTANT)
        trace = (TraceStep(first_on=self.day_of(starts_at), last_on=last_on, counted=True, why="calendar_day"),)
        return Term(self.local(due_at), last_on, last_on, trace)

    def _count_business_days(self, start_on: dt.date, days: int) -> Counted:
        runs = _Runs()
        day = start_on if days == 0 else start_on + _DAY
        left = max(days, 1)
        for _ in range(SEARCH_DAYS_MAX):
            because = self.closed_because(day)
            runs.add(day, counted=because is None, why=because or "business_day")
            if because is None:
                left -= 1
                if left == 0:
                    return Counted(day, day, runs.steps())
            day += _DAY
        raise CalendarError(
            f"fewer than {days} business days in the {SEARCH_DAYS_MAX} days from {start_on}: mend calendar.closings"
        )

    def _count_calendar_days(self, start_on: dt.date, days: int) -> Counted:
        """Every day counts but the first (A-2.1 art. 47), and the last one is no holiday (I-16 art. 52)."""
        runs = _Runs()
        runs.add(start_on, counted=False, why="start")
        for ahead in range(1, days):
            runs.add(start_on + ahead * _DAY, counted=True, why="calendar_day")
        last_on = start_on + days * _DAY
        while is_legal_holiday(last_on):
            if last_on != start_on:
                runs.add(last_on, counted=False, why="holiday")
            last_on += _DAY
        if last_on != start_on:
            runs.add(last_on, counted=True, why="calendar_day")
        return Counted(last_on, self._prudent(start_on, last_on), runs.steps())

    def _prudent(self, start_on: dt.date, last_on: dt.date) -> dt.date:
        """The last business day on or before a limit; the limit itself where there is none since the start."""
        day = last_on
        while day >= start_on:
            if self.closed_because(day) is None:
                return day
            day -= _DAY
        return last_on


class _Runs:
    """Gathers days that follow each other for the same reason into one step of the trace."""

    def __init__(self) -> None:
        self._runs: list[tuple[dt.date, dt.date, bool, str]] = []

    def add(self, day: dt.date, *, counted: bool, why: str) -> None:
        if self._runs and self._runs[-1][2:] == (counted, why):
            self._runs[-1] = (self._runs[-1][0], day, counted, why)
        else:
            self._runs.append((day, day, counted, why))

    def steps(self) -> tuple[TraceStep, ...]:
        return tuple(TraceStep(first_on=a, last_on=z, counted=counted, why=why) for a, z, counted, why in self._runs)

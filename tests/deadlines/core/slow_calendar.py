"""The calendars once more, slow and obvious: every day is looked at by itself, and every minute of a delay in hours."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from clic_contracts.holiday import legal_holidays
from clic_contracts.town_time import CalendarConfig
from clic_deadlines.core.calendar import Pause

DAY = dt.timedelta(days=1)
MINUTE = dt.timedelta(minutes=1)
SATURDAY, SUNDAY = 6, 7


@dataclass(frozen=True)
class Day:
    """One day of a count, and how many minutes of it counted (of a delay in hours)."""

    on: dt.date
    counted: bool
    why: str
    minutes: int = 0


@dataclass(frozen=True)
class Slow:
    """A limit that was found by looking at each day."""

    due_at: dt.datetime
    strict_on: dt.date
    prudent_on: dt.date
    days: list[Day]


@dataclass
class SlowCalendar:
    """One version of a town's calendar."""

    config: CalendarConfig
    pauses: Sequence[Pause] = ()
    _why_closed: dict[dt.date, str | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.zone = ZoneInfo(self.config.timezone)
        self.ended = [(p.since, p.until) for p in self.pauses if p.until is not None and p.until > p.since]

    # -- one day, one minute --------------------------------------------------------------------------------------

    def why_closed(self, day: dt.date) -> str | None:
        """Why the desk does not work on a day."""
        if day not in self._why_closed:
            closed = [c for c in self.config.closings if c.first_on <= day <= c.last_on]
            weekend = "weekend" if day.isoweekday() in (SATURDAY, SUNDAY) else None
            holiday = "holiday" if day in legal_holidays(day.year) else None
            self._why_closed[day] = weekend or holiday or ("town_closing" if closed else None)
        return self._why_closed[day]

    def is_paused_day(self, day: dt.date) -> bool:
        """Whether a pause takes the day: one that lasts from one day of the town into another."""
        for since, until in self.ended:
            first, last = since.astimezone(self.zone).date(), until.astimezone(self.zone).date()
            if first < last and first <= day <= last:
                return True
        return False

    def is_paused(self, minute: dt.datetime) -> bool:
        """Whether it stood still in the minute that begins then."""
        return any(since <= minute < until for since, until in self.ended)

    def is_open(self, minute: dt.datetime) -> bool:
        """Whether the desk is open in the minute that begins then, by the clock on its wall."""
        local = minute.astimezone(self.zone)
        wall = local.time()
        return self.why_closed(local.date()) is None and any(
            slot.weekday == local.isoweekday() and slot.opens <= wall < slot.closes for slot in self.config.slots
        )

    def midnight_after(self, day: dt.date) -> dt.datetime:
        """The instant that ends a day."""
        return dt.datetime.combine(day + DAY, dt.time(), self.zone).astimezone(dt.UTC)

    # -- delays ---------------------------------------------------------------------------------------------------

    def business_days(self, starts_at: dt.datetime, amount: int) -> Slow:
        """POL-13: those after the day of the start."""
        days = []
        for day in self._days_from(starts_at, after=amount > 0):
            why = "paused" if self.is_paused_day(day) else self.why_closed(day)
            days.append(Day(day, why is None, why or "business_day"))
            if sum(each.counted for each in days) == max(amount, 1):
                return Slow(self.midnight_after(day), day, day, days)
        raise AssertionError

    def calendar_days(self, starts_at: dt.datetime, amount: int) -> Slow:
        """A-2.1 art. 47, I-16 art. 52."""
        start_on = starts_at.astimezone(self.zone).date()
        days = self._legal(starts_at, amount, saturdays=False)
        last_on = days[-1].on
        ended_on = [until.astimezone(self.zone).date() for _, until in self.ended]
        began_on = [since.astimezone(self.zone).date() for since, _ in self.ended]
        resumed = [until for since, until in zip(began_on, ended_on, strict=True) if since < until <= last_on]
        first_on = max([start_on, *resumed])
        return Slow(self.midnight_after(last_on), last_on, self.prudent(first_on, last_on), days)

    def recourse(self, starts_at: dt.datetime, amount: int) -> Slow:
        """A-2.1 art. 135, as generous as can be read."""
        strict = self._legal(starts_at, amount, saturdays=False)[-1].on
        days = self._legal(starts_at, amount, saturdays=True)
        return Slow(self.midnight_after(days[-1].on), strict, days[-1].on, days)

    def prudent(self, first_on: dt.date, last_on: dt.date) -> dt.date:
        """The last business day of a run of days; its last day where there is none."""
        run = [first_on + n * DAY for n in range((last_on - first_on).days + 1)]
        return max([day for day in run if self.why_closed(day) is None], default=last_on)

    def hours(self, starts_at: dt.datetime, amount: int, *, business: bool) -> Slow:
        """Minute by minute."""
        counted: dict[dt.date, int] = {}
        left = 60 * amount
        minute = starts_at.astimezone(dt.UTC)
        while left:
            today = minute.astimezone(self.zone).date()
            counted.setdefault(today, 0)
            if not self.is_paused(minute) and (not business or self.is_open(minute)):
                counted[today] += 1
                left -= 1
            minute += MINUTE
        last_on = (minute - MINUTE).astimezone(self.zone).date()
        days = [
            Day(day, minutes > 0, self._why_hours(day, minutes, business=business), minutes)
            for day, minutes in counted.items()
        ]
        return Slow(minute, last_on, last_on, days)

    def _why_hours(self, day: dt.date, minutes: int, *, business: bool) -> str:
        if minutes:
            return "business_day" if business else "calendar_day"
        minute = self.midnight_after(day - DAY)
        while minute < self.midnight_after(day):
            if self.is_paused(minute):
                return "paused"
            minute += MINUTE
        return self.why_closed(day) or "closed"

    def _legal(self, starts_at: dt.datetime, amount: int, *, saturdays: bool) -> list[Day]:
        start_on = starts_at.astimezone(self.zone).date()
        days = [Day(start_on, counted=False, why="start")] if amount else []
        for day in self._days_from(starts_at, after=amount > 0):
            is_last = sum(each.counted for each in days) == max(amount, 1) - 1
            if self.is_paused_day(day):
                days.append(Day(day, counted=False, why="paused"))
            elif is_last and saturdays and day.isoweekday() == SATURDAY:
                days.append(Day(day, counted=False, why="weekend"))
            elif is_last and (day.isoweekday() == SUNDAY or day in legal_holidays(day.year)):
                days.append(Day(day, counted=False, why="holiday"))
            else:
                days.append(Day(day, counted=True, why="calendar_day"))
                if is_last:
                    return days
        raise AssertionError

    def _days_from(self, starts_at: dt.datetime, *, after: bool) -> Iterator[dt.date]:
        start_on = starts_at.astimezone(self.zone).date()
        return (start_on + n * DAY for n in itertools.count(int(after)))

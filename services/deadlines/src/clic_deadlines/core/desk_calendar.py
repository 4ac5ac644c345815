"""The desk's calendar: business days, and business hours by the slots in which it is open.

Weekends, public holidays and the town's closings have neither. A slot on a Saturday or Sunday is therefore an hour
in which somebody answers, and none that counts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import lru_cache
from zoneinfo import ZoneInfo

from clic_contracts.town_time import CalendarConfig

from .pause import NO_PAUSES, Pauses, Span
from .term import Counted, Runs

DAYS_CACHED_MAX = 2_048
"""Days whose opening hours are kept in memory: over five years."""
SEARCH_DAYS_MAX = 3_660
"""Days that a count may go through, pauses aside. A calendar that is closed for longer is a mistake."""

_DAY = dt.timedelta(days=1)
_MINUTE = dt.timedelta(minutes=1)


class CalendarError(ValueError):
    """The town's calendar has too few business days, or hours, to count with."""


class DeskCalendar:
    """One version of the desk's days and hours."""

    def __init__(self, config: CalendarConfig) -> None:
        self._zone = ZoneInfo(config.timezone)
        self.closed_because: Callable[[dt.date], str | None] = config.closed_because
        self._slots: dict[int, list[tuple[dt.time, dt.time]]] = {}
        for slot in sorted(config.slots, key=lambda slot: slot.opens):
            self._slots.setdefault(slot.weekday, []).append((slot.opens, slot.closes))
        self.open_spans: Callable[[dt.date], tuple[Span, ...]] = lru_cache(DAYS_CACHED_MAX)(self._open_spans)
        """When the desk is open on a day: in order, disjoint, in UTC; () where it is closed."""

    def midnight(self, day: dt.date) -> dt.datetime:
        """The instant with which a day begins in the town, in UTC."""
        return dt.datetime.combine(day, dt.time(), self._zone).astimezone(dt.UTC)

    def day_of(self, instant: dt.datetime) -> dt.date:
        """The town's date at an instant."""
        return instant.astimezone(self._zone).date()

    def count_days(self, start_on: dt.date, days: int, pauses: Pauses = NO_PAUSES) -> Counted:
        """Business days after the day of the start; 0: the same day, or the next business day where it is none.

        Raises:
            CalendarError: there are too few.
        """
        runs = Runs()
        day = start_on if days == 0 else start_on + _DAY
        left = max(days, 1)
        for _ in range(SEARCH_DAYS_MAX):
            if (paused_until := pauses.last_day_from(day)) is not None:
                runs.add(day, last_on=paused_until, counted=False, why="paused")
                day = paused_until + _DAY
                continue
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

    def count_hours(
        self, starts_at: dt.datetime, hours: int, pauses: Pauses = NO_PAUSES, *, elapsed: bool = False
    ) -> tuple[dt.datetime, Runs]:
        """When so many hours have passed in which the desk was open and nothing was paused; `elapsed`: open or not.

        A start outside the opening hours counts from the next opening. The minutes of the trace are rounded so that
        they sum up to the delay.

        Raises:
            CalendarError: there are too few.
        """
        starts_at = starts_at.astimezone(dt.UTC)
        left = dt.timedelta(hours=hours)
        runs, counts = Runs(), "calendar_day" if elapsed else "business_day"
        day, searched = self.day_of(starts_at), 0
        while searched < SEARCH_DAYS_MAX:
            begins, ends = self.midnight(day), self.midnight(day + _DAY)
            spans = ((begins, ends),) if elapsed else self.open_spans(day)
            left_before = left
            for since, until in pauses.without((max(a, starts_at), z) for a, z in spans if z > starts_at):
                if until - since >= left:
                    runs.add(day, counted=True, why=counts, minutes=left_before // _MINUTE)
                    return since + left, runs
                left -= until - since
            if left < left_before:
                runs.add(day, counted=True, why=counts, minutes=left_before // _MINUTE - left // _MINUTE)
            elif pauses.touch(begins, ends):
                runs.add(day, counted=False, why="paused")
                searched -= 1  # Not a day of the calendar's fault.
            else:
                runs.add(day, counted=False, why=self.closed_because(day) or "closed")
            searched += 1
            day += _DAY
        raise CalendarError(
            f"fewer than {hours} business hours in the {SEARCH_DAYS_MAX} days from {self.day_of(starts_at)}: "
            "mend calendar.slots or calendar.closings"
        )

    def last_business_day(self, first_on: dt.date, last_on: dt.date) -> dt.date:
        """The last business day of a run of days; its last day where there is none."""
        day = last_on
        while day >= first_on:
            if self.closed_because(day) is None:
                return day
            day -= _DAY
        return last_on

    def _open_spans(self, day: dt.date) -> tuple[Span, ...]:
        if self.closed_because(day) is not None:
            return ()
        spans: list[Span] = []
        for opens, closes in self._slots.get(day.isoweekday(), ()):
            since, until = (dt.datetime.combine(day, time, self._zone).astimezone(dt.UTC) for time in (opens, closes))
            if spans and since <= spans[-1][1]:  # Slots that overlap are open once.
                spans[-1] = (spans[-1][0], max(spans[-1][1], until))
            else:
                spans.append((since, until))
        return tuple(spans)

"""Instants as text, fast: every day of the town's span is worked out once, with its offset and what is due from it."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from pydantic_core import to_json

from clic_contracts.town import Town
from clic_contracts.town_time import Delay
from clic_deadlines.core.calendar import Calendar, Term

DAY_S = 86_400
BEYOND_DAYS = 500
"""Days after the last arrival that stories, due dates and erasures may still reach."""
_SECONDS = [f"{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}" for s in range(DAY_S)]


class Due(NamedTuple):
    """The end of a delay: when, and the JSON of an obligation's limit and trace."""

    at_s: int
    """Seconds in UTC since the first day began in UTC."""
    text: str
    limit: str
    trace: str


class Days:
    """The days of a span. `local_s` counts seconds on the wall's clock since the first day's midnight, `utc_s` in UTC.

    Between midnight and three nothing of ours happens but limits: a day has one offset at its midnight and one after.
    """

    def __init__(self, town: Town, first_on: dt.date, days: int) -> None:
        self._zone = ZoneInfo(town.calendar.timezone)
        self._calendar = Calendar(town.calendar)
        self.first_on = first_on
        span = [first_on + dt.timedelta(days=n) for n in range(days + BEYOND_DAYS)]
        self.iso = [day.isoformat() for day in span]
        self.year = [day.year for day in span]
        self.weekday = [day.isoweekday() for day in span]
        self.open = [self._calendar.closed_because(day) is None for day in span]
        self._noon = [self._offset(day, 12) for day in span]
        self._midnight = [self._offset(day, 0) for day in span]
        self.due = lru_cache(maxsize=65_536)(self._due)

    def _offset(self, day: dt.date, hour: int) -> int:
        offset = dt.datetime.combine(day, dt.time(hour), self._zone).utcoffset()
        assert offset is not None
        return int(offset.total_seconds())

    def utc_s(self, local_s: int) -> int:
        """The same instant in UTC."""
        return local_s - self._noon[local_s // DAY_S]

    def local_s(self, utc_s: int) -> int:
        """The same instant on the wall's clock."""
        local_s = utc_s + self._noon[utc_s // DAY_S]
        return utc_s + self._noon[local_s // DAY_S]

    def text(self, local_s: int) -> str:
        """RFC 3339 with the town's offset, to the second."""
        day, second = divmod(local_s, DAY_S)
        return f"{self.iso[day]}T{_SECONDS[second]}{_zone(self._noon[day])}"

    def text_us(self, local_s: int, microsecond: int) -> str:
        """RFC 3339 with the town's offset, to the microsecond."""
        day, second = divmod(local_s, DAY_S)
        return f"{self.iso[day]}T{_SECONDS[second]}.{microsecond:06}{_zone(self._noon[day])}"

    def recorded(self, utc_us: int) -> str:
        """RFC 3339 in UTC, to the microsecond, as the services write when the log took something."""
        second, microsecond = divmod(utc_us, 1_000_000)
        day, second = divmod(second, DAY_S)
        return f"{self.iso[day]}T{_SECONDS[second]}.{microsecond:06}Z"

    def next_open(self, day: int) -> int:
        """The first business day from this one on."""
        while not self.open[day]:
            day += 1
        return day

    def _due(self, day: int, delay: Delay) -> Due:
        """When so many business or calendar days from a day end; their hour does not matter."""
        noon = dt.datetime.combine(self.first_on + dt.timedelta(days=day), dt.time(12), self._zone)
        return self._ended(self._calendar.term(noon, delay))

    def until(self, day: int, last: int) -> Due:
        """To the end of an agreed day (POL-19)."""
        noon = dt.datetime.combine(self.first_on + dt.timedelta(days=day), dt.time(12), self._zone)
        return self._ended(self._calendar.until(noon, self.first_on + dt.timedelta(days=last)))

    def _ended(self, term: Term) -> Due:
        due_strict_on, due_prudent_on = term.due_strict_on, term.due_prudent_on
        after = (due_strict_on - self.first_on).days + 1
        text = f"{self.iso[after]}T00:00:00{_zone(self._midnight[after])}"
        limit = f'"due_at":"{text}","due_strict_on":"{due_strict_on}","due_prudent_on":"{due_prudent_on}"'
        trace = to_json([step.model_dump(mode="json", exclude_none=True) for step in term.trace]).decode()
        return Due(after * DAY_S - self._midnight[after], text, limit, trace)

    def hours(self, local_s: int, hours: int) -> Due:
        """So many hours later; they are elapsed ones."""
        at_s = self.utc_s(local_s) + 3600 * hours
        day, second = divmod(self.local_s(at_s), DAY_S)
        text = f"{self.iso[day]}T{_SECONDS[second]}{_zone(self._noon[day])}"
        last = self.iso[day if second else day - 1]
        limit = f'"due_at":"{text}","due_strict_on":"{last}","due_prudent_on":"{last}"'
        trace = (
            f'[{{"first_on":"{self.iso[local_s // DAY_S]}","last_on":"{last}","counted":true,"why":"calendar_day"}}]'
        )
        return Due(at_s, text, limit, trace)


@lru_cache
def _zone(offset_s: int) -> str:
    sign, minutes = "-" if offset_s < 0 else "+", abs(offset_s) // 60
    return f"{sign}{minutes // 60:02}:{minutes % 60:02}"

"""When a digest is written: today, the business day after, and since when what began is new."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from .calendar import Calendar

DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Moment:
    """When a digest is written, in the town's time."""

    now: dt.datetime
    today: dt.date
    next_on: dt.date
    """The business day after: what is due until then is told today."""
    since: dt.datetime
    """When the digest before was due: what began since is new."""
    calendar: Calendar

    @classmethod
    def of(cls, calendar: Calendar, now: dt.datetime, hour: dt.time) -> Moment:
        """The moment of a digest that goes out each business day at an hour."""
        today = calendar.day_of(now)
        before = _business_day(calendar, today, -DAY)
        since = calendar.end_of(before - DAY) + dt.timedelta(hours=hour.hour, minutes=hour.minute)
        return cls(calendar.local(now), today, _business_day(calendar, today, DAY), since, calendar)

    def business_days(self, after: dt.date, until: dt.date) -> int:
        """How many there are after one day, until another inclusive."""
        days = (after + n * DAY for n in range(1, (until - after).days + 1))
        return sum(self.calendar.closed_because(each) is None for each in days)


def _business_day(calendar: Calendar, from_on: dt.date, step: dt.timedelta) -> dt.date:
    found = from_on + step
    while calendar.closed_because(found) is not None:
        found += step
    return found

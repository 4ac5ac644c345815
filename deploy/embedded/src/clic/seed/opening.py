"""When the desk is open, and at which instants people come and answers are given."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from random import Random
from zoneinfo import ZoneInfo

from clic_contracts.town_time import CalendarConfig, Slot
from clic_deadlines.core.calendar import Calendar

from .situation import Hours

WITHOUT_SLOTS = tuple(Slot(weekday=day, opens=dt.time(8, 30), closes=dt.time(16, 30)) for day in range(1, 6))
"""Where the town's calendar names no opening hours."""

SEARCH_DAYS_MAX = 60
"""A desk that is closed for longer is not looked for further."""

COUNCIL_WEEKDAY = 1
_DAY = dt.timedelta(days=1)
_BUSY = {1: 1.35, 2: 1.1, 3: 1.0, 4: 1.0, 5: 0.75, 6: 0.4, 7: 0.3}
"""How busy a weekday is, for ways that are open on it; Mondays bring the weekend's."""


class Opening:
    """The desk's hours, by the town's calendar."""

    def __init__(self, config: CalendarConfig) -> None:
        self._zone = ZoneInfo(config.timezone)
        self._calendar = Calendar(config)
        self._slots: dict[int, list[Slot]] = {}
        for slot in sorted(config.slots or WITHOUT_SLOTS, key=lambda slot: slot.opens):
            self._slots.setdefault(slot.weekday, []).append(slot)

    def at(self, day: dt.date, time: dt.time) -> dt.datetime:
        """A local instant."""
        return dt.datetime.combine(day, time, self._zone)

    def slots(self, day: dt.date) -> list[tuple[dt.datetime, dt.datetime]]:
        """The hours of a day, in order; [] where the desk is closed."""
        if self._calendar.closed_because(day) is not None:
            return []
        return [(self.at(day, s.opens), self.at(day, s.closes)) for s in self._slots.get(day.isoweekday(), [])]

    def next(self, instant: dt.datetime, rng: Random) -> dt.datetime:
        """The instant itself where the desk is open, else some minutes after it opens next."""
        for opens, closes in self._from(instant.astimezone(self._zone).date(), _DAY):
            if instant < opens:
                return opens + (closes - opens) * rng.triangular(0, 0.5, 0.05)
            if instant < closes:
                return instant
        return instant

    def last_before(self, instant: dt.datetime, rng: Random) -> dt.datetime:
        """An instant towards the end of the last hours that begin before this one."""
        for opens, closes in self._from(instant.astimezone(self._zone).date(), -_DAY):
            if opens < instant:
                end = min(closes, instant)
                return end - (end - opens) * rng.triangular(0.01, 0.6, 0.1)
        return instant

    def _from(self, day: dt.date, step: dt.timedelta) -> Iterator[tuple[dt.datetime, dt.datetime]]:
        for n in range(SEARCH_DAYS_MAX):
            slots = self.slots(day + n * step)
            yield from slots if step > dt.timedelta() else reversed(slots)

    # -- when people come -----------------------------------------------------------------------------------------

    def arrival(self, hours: Hours, days: list[dt.date], rng: Random) -> dt.datetime:
        """When somebody comes by a way with such hours, on one of these days."""
        if hours is Hours.COUNCIL:
            return self.at(self._sitting(days), dt.time(19, 30)) + dt.timedelta(minutes=rng.randrange(5, 95))
        open_days = [day for day in days if self.slots(day)]
        wanted = open_days if hours in (Hours.OPEN, Hours.MAIL) and open_days else days
        day = rng.choices(wanted, [_BUSY[each.isoweekday()] for each in wanted])[0]
        match hours:
            case Hours.OPEN:
                came = self._while_open(day, rng)
            case Hours.CLOSED:
                came = self._while_closed(day, rng)
            case Hours.EVENING:
                came = self._between(day, 17 if self.slots(day) else 10, 23, rng)
            case Hours.MAIL:
                came = self._between(day, 10, 11.5, rng)
            case _:
                came = self._between(day, 6.5, 22.8, rng)
        return came + dt.timedelta(seconds=rng.randrange(60))

    def _sitting(self, days: list[dt.date]) -> dt.date:
        """The council sits on the month's first Monday that is open; where there is none, on the first day."""
        mondays = [day for day in days if day.isoweekday() == COUNCIL_WEEKDAY and self.slots(day)]
        return (mondays or days)[0]

    def _while_open(self, day: dt.date, rng: Random) -> dt.datetime:
        slots = self.slots(day) or [(self.at(day, dt.time(10)), self.at(day, dt.time(15)))]
        opens, closes = rng.choices(slots, [(closes - opens).total_seconds() for opens, closes in slots])[0]
        return opens + (closes - opens) * rng.triangular(0, 0.99, 0.25)

    def _while_closed(self, day: dt.date, rng: Random) -> dt.datetime:
        slots = self.slots(day)
        if not slots:
            return self._between(day, 9, 20, rng)
        opens, closes = slots[0][0], slots[-1][1]
        if rng.random() < 0.25:  # noqa: PLR2004 - a quarter calls before the desk opens
            return opens - dt.timedelta(minutes=rng.randrange(5, 75))
        return closes + dt.timedelta(minutes=rng.randrange(2, 210))

    def _between(self, day: dt.date, first_h: float, last_h: float, rng: Random) -> dt.datetime:
        minutes = int(60 * rng.triangular(first_h, last_h))
        return self.at(day, dt.time(minutes // 60, minutes % 60))

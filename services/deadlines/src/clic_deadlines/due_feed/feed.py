"""Writes a department's entries as iCalendar (RFC 5545), by the library; the same entries are the same bytes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import icalendar

from clic_chassis.clock import Clock
from clic_contracts.town import Town
from clic_contracts.vocabulary import DepartmentCode, Language
from clic_deadlines.core.calendar import Calendars
from clic_deadlines.core.due_event import DueEvent, due_events
from clic_deadlines.digest.sender import ROWS_MAX, Reader

REFRESH_EVERY = dt.timedelta(hours=1)
"""How often programs are asked to look again."""
_PRODUCT = "-//CLIC//Échéances//FR"
_DAY = dt.timedelta(days=1)


class Feed:
    """What is due of a department, as calendar programs read it."""

    def __init__(self, docket: Reader, town: Town, clock: Clock) -> None:
        self._docket = docket
        self._town = town
        self._clock = clock
        self._calendars = Calendars(town.calendars)
        self._zone = ZoneInfo(town.calendar.timezone)

    def has(self, department: str) -> bool:
        """Whether the town has such a department."""
        return department in self._town.department_by_code

    async def of(self, department: DepartmentCode) -> bytes:
        """A department's calendar.

        Raises:
            RetryableError: the docket is being made anew, or the database is away.
        """
        now = self._clock.now()
        calendar = self._calendars.on(self._calendars.current.day_of(now))
        rows = await self._docket.open_of(None, ROWS_MAX)
        events = due_events(rows, department, self._town, calendar)
        return write(events, f"Échéances – {self._town.department_by_code[department].name.fr}", self._zone)


def write(events: Sequence[DueEvent], name: str, zone: ZoneInfo) -> bytes:
    """Entries as a calendar. Without METHOD, so that DTSTAMP says when an entry was last changed (3.8.7.2)."""
    calendar = icalendar.Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.calendar_name = name
    calendar.add("refresh-interval", REFRESH_EVERY, parameters={"VALUE": "DURATION"})  # RFC 7986
    calendar.add("x-published-ttl", icalendar.vDuration(REFRESH_EVERY))  # For programs from before it.
    for each in events:
        calendar.add_component(_entry(each, zone))
    if years := [each.at.year for each in events if each.at is not None]:
        # By the events, not by today: the same entries are the same bytes.
        calendar.add_missing_timezones(dt.date(min(years) - 1, 1, 1), dt.date(max(years) + 2, 1, 1))
    written: bytes = calendar.to_ical()
    return written


def _entry(event: DueEvent, zone: ZoneInfo) -> icalendar.Event:
    entry = icalendar.Event()
    entry.add("uid", event.uid)
    entry.add("dtstamp", event.changed_at.astimezone(dt.UTC))
    entry.add("last-modified", event.changed_at.astimezone(dt.UTC))
    entry.add("sequence", event.sequence)
    if event.at is None:
        entry.add("dtstart", event.on)
        entry.add("dtend", event.on + _DAY)
    else:
        entry.add("dtstart", event.at.astimezone(zone))  # No end: it ends at the same instant (3.6.1).
    entry.add("summary", event.summary, parameters={"LANGUAGE": Language.FR.value})
    entry.add("description", event.description, parameters={"LANGUAGE": Language.FR.value})
    entry.add("status", "CONFIRMED" if event.is_certain else "TENTATIVE")
    entry.add("class", "CONFIDENTIAL" if event.is_confidential else "PRIVATE")
    entry.add("transp", "TRANSPARENT")  # A limit keeps nobody from meeting.
    if event.is_late:
        entry.add("categories", ["En retard"])
    return entry

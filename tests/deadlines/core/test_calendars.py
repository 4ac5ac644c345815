"""Every version of a town's calendar: which one holds for a delay, and which one a recorded limit was counted by."""

from __future__ import annotations

import datetime as dt

import pytest

from clic_contracts.town_text import Names
from clic_contracts.town_time import CalendarConfig, Closing, Delay
from clic_deadlines.core.calendar import Calendars

BRIDGE = Closing(
    first_on=dt.date(2026, 6, 26), last_on=dt.date(2026, 6, 26), why=Names(fr="Pont de la Fête", en="A long weekend")
)
FIRST = CalendarConfig(version="2025.1")
SECOND = CalendarConfig(version="2026.1", effective_on=dt.date(2026, 1, 1))
THIRD = CalendarConfig(version="2026.2", effective_on=dt.date(2026, 6, 22), closings=(BRIDGE,))
CALENDARS = Calendars((FIRST, SECOND, THIRD))


@pytest.mark.parametrize(
    ("day", "version"),
    [
        ("1999-01-01", "2025.1"),
        ("2025-12-31", "2025.1"),
        ("2026-01-01", "2026.1"),
        ("2026-06-21", "2026.1"),
        ("2026-06-22", "2026.2"),
        ("2050-12-31", "2026.2"),
    ],
)
def test_a_calendar_holds_for_delays_that_begin_on_its_day_or_later(day: str, version: str) -> None:
    """Decision 0028: until the next one does."""
    assert version == CALENDARS.on(dt.date.fromisoformat(day)).version


def test_a_closing_that_was_added_moves_what_begins_later_and_nothing_that_began() -> None:
    """POL-29: 26 June 2026, a Friday, became a closing on the 22nd."""
    delay = Delay(business_days=1)
    counted = {}
    for day in (dt.date(2026, 6, 21), dt.date(2026, 6, 25)):
        start = dt.datetime.combine(day, dt.time(12), dt.UTC)
        counted[day.day] = CALENDARS.on(day).term(start, delay).due_strict_on.isoformat()
    assert counted == {21: "2026-06-22", 25: "2026-06-29"}
    start = dt.datetime(2026, 6, 25, 12, tzinfo=dt.UTC)
    assert (before := CALENDARS.version("2026.1")) is not None
    assert dt.date(2026, 6, 26) == before.term(start, delay).due_strict_on


def test_the_newest_is_current_and_every_version_is_found_by_its_name() -> None:
    """A resumed delay is counted by the version that its terms name; None where the town has it no longer."""
    assert CALENDARS.current.version == "2026.2"
    assert CALENDARS.version("2026.2") is CALENDARS.current
    assert [found.version for name in ("2025.1", "2026.1") if (found := CALENDARS.version(name))] == [
        "2025.1",
        "2026.1",
    ]
    assert CALENDARS.version("2024.1") is None


def test_the_oldest_holds_for_what_began_before_any_did() -> None:
    """An import brings years of history, older than the town's oldest calendar says it is."""
    later = Calendars((SECOND, THIRD))
    assert later.on(dt.date(2015, 1, 1)) is later.version("2026.1")


def test_a_calendar_is_read_once() -> None:
    """Counts are remembered by the calendar: the same day gives the same one."""
    assert CALENDARS.on(dt.date(2026, 3, 1)) is CALENDARS.on(dt.date(2026, 4, 1))

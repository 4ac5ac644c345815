"""The town's counter, instants in the town's time, and traces in short."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from clic_contracts.event import TraceStep
from clic_contracts.town_text import Names
from clic_contracts.town_time import CalendarConfig, Closing, Slot
from clic_deadlines.core.calendar import Calendar

TORONTO = ZoneInfo("America/Toronto")
NAMES = Names(fr="Congé imaginaire", en="Imaginary closing")

COUNTER = Calendar(
    CalendarConfig(
        version="counter",
        slots=tuple(
            Slot(weekday=weekday, opens=opens, closes=closes)
            for weekday in range(1, 7)
            for opens, closes in [(dt.time(9), dt.time(12)), (dt.time(13), dt.time(16, 30))][: 1 if weekday > 4 else 2]
        ),
        closings=(Closing(first_on=dt.date(2026, 5, 19), last_on=dt.date(2026, 5, 19), why=NAMES),),
    )
)
"""The town's counter: two slots from Monday to Thursday, one on Friday, and, here, one on Saturday."""


def at(text: str) -> dt.datetime:
    """An instant in the town's time."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=TORONTO)


def utc(text: str) -> dt.datetime:
    """An instant in UTC."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def steps(trace: tuple[TraceStep, ...]) -> list[tuple[str, str, bool, str]]:
    """A trace in short."""
    return [(step.first_on.isoformat(), step.last_on.isoformat(), step.counted, step.why) for step in trace]


def minutes_of(trace: tuple[TraceStep, ...]) -> list[int | None]:
    """The minutes of each step."""
    return [step.minutes for step in trace]

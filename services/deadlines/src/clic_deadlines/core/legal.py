"""The law's calendar: every day counts, the day of the start being day 0, and a limit does not fall on a holiday.

Source: A-2.1 art. 47; I-16 art. 52 and 61. No closing of the town's and no Saturday moves a limit.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from clic_contracts.holiday import is_legal_holiday

from .pause import NO_PAUSES, Pauses
from .term import Counted, Runs

Off = Callable[[dt.date], str | None]
"""Why a limit does not fall on a day; None: it may."""

_DAY = dt.timedelta(days=1)
_SATURDAY = 6


def count_days(start_on: dt.date, days: int, pauses: Pauses = NO_PAUSES) -> Counted:
    """The limit of something that the town owes, by the letter of the law; the prudent date is for the desk to find."""
    return _count(start_on, days, pauses, _holiday)


def count_recourse(start_on: dt.date, days: int) -> Counted:
    """A citizen's own delay. Prudent is the most generous reading: a Saturday moves it, as the procedure's rules do.

    The town's closings do not: somebody else decides on a recourse. The trace is that of the prudent date.
    """
    strict = _count(start_on, days, NO_PAUSES, _holiday)
    generous = _count(start_on, days, NO_PAUSES, _saturday_or_holiday)
    return Counted(strict.due_strict_on, generous.due_strict_on, generous.trace)


def _count(start_on: dt.date, days: int, pauses: Pauses, off: Off) -> Counted:
    runs = Runs()
    day, left = start_on, max(days, 1)
    if days > 0:
        runs.add(day, counted=False, why="start")
        day += _DAY
    while True:
        if (paused_until := pauses.last_day_from(day)) is not None:
            runs.add(day, last_on=paused_until, counted=False, why="paused")
            day = paused_until
        elif left == 1 and (because := off(day)):
            runs.add(day, counted=False, why=because)
        else:
            runs.add(day, counted=True, why="calendar_day")
            left -= 1
            if left == 0:
                return Counted(day, day, runs.steps())
        day += _DAY


def _holiday(day: dt.date) -> str | None:
    return "holiday" if is_legal_holiday(day) else None


def _saturday_or_holiday(day: dt.date) -> str | None:
    return "weekend" if day.isoweekday() == _SATURDAY else _holiday(day)

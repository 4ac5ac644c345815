"""A month of the town's two calendars, as a page of a wall calendar with the names of the days that are off."""

from __future__ import annotations

import calendar
import datetime as dt

from rich.console import Group
from rich.table import Table
from rich.text import Text

from clic_chassis.error import ClicError
from clic_contracts.town import Town
from clic_contracts.town_time import CalendarConfig
from clic_deadlines.core.french import NBSP, day, weekday
from clic_deadlines.core.holiday_name import holiday_name

WEEK_WIDTH = 28
_DAY = dt.timedelta(days=1)
_MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
    "décembre",
)  # fmt: skip
_STYLES = {"holiday": "red", "town_closing": "yellow", "weekend": "dim"}
_MARKS = {"holiday": "*", "town_closing": "–"}
"""Beside the number: colours alone tell nothing where there are none."""


def months_of(period: str) -> list[tuple[int, int]]:
    """The months of `2026-12` or `2026`.

    Raises:
        ClicError: it is neither.
    """
    year, _, month = period.partition("-")
    try:
        first_on = dt.date(int(year), int(month or 1), 1)
    except ValueError as error:
        raise ClicError(f"{period} is neither a month such as 2026-12 nor a year such as 2026") from error
    return [(first_on.year, first_on.month)] if month else [(first_on.year, number) for number in range(1, 13)]


def month_of(town: Town, year: int, month: int) -> Group:
    """A month, week by week, and beside it why days are off."""
    page = Text("lu  ma  me  je  ve  sa  di\n", style="dim")
    for week in calendar.Calendar().monthdayscalendar(year, month):
        for number in week:
            page.append(*_cell(town, dt.date(year, month, number) if number else None))
        page.append("\n")
    notes = [_note(*run) for run in off(town, year, month)]
    table = Table.grid(padding=(0, 4, 0, 0))
    table.add_column(no_wrap=True, min_width=WEEK_WIDTH)
    table.add_column(overflow="fold")
    table.add_row(page, "\n".join(notes))
    version = calendar_on(town, dt.date(year, month, 1)).version
    return Group(Text(f"{_MONTHS[month - 1]} {year} – calendrier {version}", style="bold"), table)


def _note(first_on: dt.date, last_on: dt.date, why: str) -> str:
    """« vendredi 25 décembre : Noël », « du 26 au 31 décembre : Congé des Fêtes »."""
    days = weekday(last_on) if first_on == last_on else f"du {first_on.day} au {day(last_on)}"
    return f"{days}{NBSP}: {why}"


def calendar_on(town: Town, on: dt.date) -> CalendarConfig:
    """Which version holds for delays that begin on a day."""
    in_force = [each for each in town.calendars if each.effective_on is None or each.effective_on <= on]
    return in_force[-1] if in_force else town.calendars[0]


def off(town: Town, year: int, month: int) -> list[tuple[dt.date, dt.date, str]]:
    """Holidays and closings of a month; days in a row that have one reason are one run."""
    runs: list[tuple[dt.date, dt.date, str]] = []
    for number in range(1, calendar.monthrange(year, month)[1] + 1):
        on = dt.date(year, month, number)
        why = _name(town, on)
        if why is None:
            continue
        if runs and runs[-1][2] == why and runs[-1][1] + _DAY == on:
            runs[-1] = (runs[-1][0], on, why)
        else:
            runs.append((on, on, why))
    return runs


def _name(town: Town, on: dt.date) -> str | None:
    """What a holiday or a closing is called; a weekend is called nothing unless it is one of them."""
    name = holiday_name(on)
    if name is not None and name.en != "Sunday":
        return name.fr
    closings = calendar_on(town, on).closings
    return next((each.why.fr for each in closings if each.first_on <= on <= each.last_on), None)


def _cell(town: Town, on: dt.date | None) -> tuple[str, str]:
    """Four characters of a day, and their style."""
    if on is None:
        return "    ", ""
    why = calendar_on(town, on).closed_because(on) or ""
    return f"{on.day:>2}{_MARKS.get(why, ' ')} ", _STYLES.get(why, "")

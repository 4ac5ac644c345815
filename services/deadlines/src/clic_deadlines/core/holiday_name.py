"""What Québec's legal holidays are called. Source: I-16 art. 61."""

from __future__ import annotations

import datetime as dt

from clic_contracts.holiday import easter_on, is_public_holiday
from clic_contracts.town_text import Names

_SUNDAY = 7
_NEW_YEAR = Names(fr="jour de l’An", en="New Year’s Day")
_GOOD_FRIDAY = Names(fr="Vendredi saint", en="Good Friday")
_EASTER_MONDAY = Names(fr="lundi de Pâques", en="Easter Monday")
_SUNDAY_NAME = Names(fr="dimanche", en="Sunday")
_BY_MONTH = {
    5: Names(fr="Journée nationale des patriotes", en="National Patriots’ Day"),
    6: Names(fr="fête nationale du Québec", en="Québec’s National Holiday"),
    7: Names(fr="fête du Canada", en="Canada Day"),
    9: Names(fr="fête du Travail", en="Labour Day"),
    10: Names(fr="Action de grâces", en="Thanksgiving"),
    12: Names(fr="Noël", en="Christmas Day"),
}
"""Months that have one holiday, which does not depend on Easter."""


def holiday_name(day: dt.date) -> Names | None:
    """The name of a holiday, or of a Sunday, on which no limit falls; None: the day is neither."""
    if not is_public_holiday(day):
        return _SUNDAY_NAME if day.isoweekday() == _SUNDAY else None
    if (day.month, day.day) == (1, 1):
        return _NEW_YEAR
    from_easter = (day - easter_on(day.year)).days
    if from_easter in (-2, 1):
        return _GOOD_FRIDAY if from_easter < 0 else _EASTER_MONDAY
    return _BY_MONTH[day.month]

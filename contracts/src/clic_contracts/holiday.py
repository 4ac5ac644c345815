"""Québec's legal holidays: our own table of the Loi d'interprétation (RLRQ, I-16), article 61.

No library holds the law: `holidays` has no Easter Monday for Québec and adds observed days, `workalendar` has no Good
Friday. Both are for the desk's habits; a legal limit follows this table alone.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

YEARS_CACHED_MAX = 128
_SUNDAY = 7


def easter_on(year: int) -> dt.date:
    """Easter Sunday of a Gregorian year, by the anonymous algorithm (Meeus, *Astronomical Algorithms*, ch. 8)."""
    golden = year % 19
    century, year_of_century = divmod(year, 100)
    leap_centuries, century_rest = divmod(century, 4)
    moon_correction = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leap_centuries - moon_correction + 15) % 30
    leap_years, year_rest = divmod(year_of_century, 4)
    to_sunday = (32 + 2 * century_rest + 2 * leap_years - epact - year_rest) % 7
    late = (golden + 11 * epact + 22 * to_sunday) // 451
    month, day = divmod(epact + to_sunday - 7 * late + 114, 31)
    return dt.date(year, month, day + 1)


@lru_cache(maxsize=YEARS_CACHED_MAX)
def legal_holidays(year: int) -> frozenset[dt.date]:
    """The holidays of a year that are not named as Sundays. Source: I-16 art. 61.

    Not among them, though many are off work: Saturdays, 2 January, 24, 26 and 31 December.
    """
    easter = easter_on(year)
    first_of_july = dt.date(year, 7, 1)
    return frozenset(
        {
            dt.date(year, 1, 1),
            easter - dt.timedelta(days=2),  # Good Friday
            easter + dt.timedelta(days=1),  # Easter Monday
            _first_weekday(dt.date(year, 5, 18), 1),  # Journée nationale des patriotes: the Monday before 25 May
            dt.date(year, 6, 24),
            first_of_july if first_of_july.isoweekday() != _SUNDAY else dt.date(year, 7, 2),
            _first_weekday(dt.date(year, 9, 1), 1),  # Labour Day
            _first_weekday(dt.date(year, 10, 8), 1),  # second Monday of October
            dt.date(year, 12, 25),
        }
    )


def is_public_holiday(day: dt.date) -> bool:
    """Whether a day is a holiday by its date, Sundays aside."""
    return day in legal_holidays(day.year)


def is_legal_holiday(day: dt.date) -> bool:
    """Whether a limit cannot end on this day: a Sunday or a holiday, never a Saturday. Source: I-16 art. 52, 61."""
    return day.isoweekday() == _SUNDAY or is_public_holiday(day)


def _first_weekday(from_on: dt.date, isoweekday: int) -> dt.date:
    """The first such weekday on or after a date."""
    return from_on + dt.timedelta(days=(isoweekday - from_on.isoweekday()) % 7)

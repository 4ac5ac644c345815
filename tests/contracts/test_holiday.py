"""The holidays of the law, by the law's own table."""

from __future__ import annotations

import datetime as dt

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clic_contracts.holiday import easter_on, is_legal_holiday, is_public_holiday, legal_holidays

YEARS = range(2015, 2051)
DAY = dt.timedelta(days=1)
SATURDAY, SUNDAY = 6, 7


@pytest.mark.parametrize(
    "easter",
    ["2016-03-27", "2019-04-21", "2022-04-17", "2024-03-31", "2025-04-20", "2026-04-05", "2038-04-25", "2285-03-22"],
)
def test_easter_falls_on_its_known_dates(easter: str) -> None:
    """The latest and earliest possible dates are among them."""
    assert dt.date.fromisoformat(easter) == easter_on(int(easter[:4]))


@given(st.integers(1583, 4000))
def test_easter_is_the_sunday_after_the_paschal_full_moon(year: int) -> None:
    """An independent way: the Book of Common Prayer's golden numbers and Sunday letters, as Knuth gives them."""
    golden = year % 19 + 1
    century = year // 100 + 1
    skipped = 3 * century // 4 - 12
    lunar = (8 * century + 5) // 25 - 5
    sunday = 5 * year // 4 - skipped - 10
    epact = (11 * golden + 20 + lunar - skipped) % 30
    if (epact == 25 and golden > 11) or epact == 24:
        epact += 1
    moon = 44 - epact
    moon += 30 if moon < 21 else 0
    day = moon + 7 - (sunday + moon) % 7
    assert dt.date(year, 3, 1) + dt.timedelta(days=day - 1) == easter_on(year)


def test_the_holidays_of_2026_are_those_of_article_61() -> None:
    """I-16 art. 61."""
    expected = {
        "2026-01-01", "2026-04-03", "2026-04-06", "2026-05-18", "2026-06-24", "2026-07-01", "2026-09-07",
        "2026-10-12", "2026-12-25",
    }  # fmt: skip
    assert expected == {day.isoformat() for day in legal_holidays(2026)}


def test_the_first_of_july_moves_to_the_second_when_it_is_a_sunday() -> None:
    """I-16 art. 61: 1 July 2029 is a Sunday."""
    assert dt.date(2029, 7, 2) in legal_holidays(2029)
    assert dt.date(2029, 7, 1) not in legal_holidays(2029)
    assert is_legal_holiday(dt.date(2029, 7, 1))  # as a Sunday
    assert not is_legal_holiday(dt.date(2026, 7, 2))


@pytest.mark.parametrize("day", ["2026-12-24", "2026-12-26", "2026-12-31", "2026-01-02", "2026-11-11", "2026-09-30"])
def test_days_that_many_have_off_are_no_holidays_of_the_law(day: str) -> None:
    """I-16 art. 61: Saturdays (26 December 2026), the eves, 2 January and federal days are not in it."""
    assert not is_legal_holiday(dt.date.fromisoformat(day))


@given(st.integers(1900, 2200))
def test_a_year_has_nine_holidays_and_the_patriots_monday_precedes_25_may(year: int) -> None:
    """I-16 art. 61."""
    holidays = legal_holidays(year)
    may = [day for day in holidays if day.month == 5]
    assert len(holidays) == 9
    assert [day.isoweekday() for day in may] == [1]
    assert 1 <= (dt.date(year, 5, 25) - may[0]).days <= 7


def library(year: int, *categories: str) -> dict[dt.date, str]:
    """Québec's days of a year as the `holidays` library has them."""
    return dict(
        holidays.country_holidays("CA", subdiv="QC", years=year, categories=categories or None, language="en_US")
    )


def observed(day: dt.date, *, when: tuple[int, ...]) -> set[dt.date]:
    """The Monday to which the library moves a day that falls on one of these weekdays."""
    weekday = day.isoweekday()
    return {day + (8 - weekday) * DAY} if weekday in when else set()


@pytest.mark.parametrize("year", YEARS)
def test_a_year_is_that_of_the_library_but_for_disagreements_that_have_a_name(year: int) -> None:
    """I-16 art. 61 against `holidays`: equal where library and law agree, and where they do not this says why."""
    law, told = set(legal_holidays(year)), set(library(year))
    christmas, new_year = dt.date(year, 12, 25), dt.date(year, 1, 1)
    assert {easter_on(year) + DAY} == law - told, "Easter Monday: the library lists Good Friday alone"
    only_told = {
        "a Christmas on the weekend is observed on Monday": observed(christmas, when=(SATURDAY, SUNDAY)),
        "a New Year on the weekend is observed on Monday": observed(new_year, when=(SATURDAY, SUNDAY)),
        "a 24 June on a Sunday is observed on Monday": observed(dt.date(year, 6, 24), when=(SUNDAY,)),
        "a 1 July on a Sunday stays one, beside 2 July": {
            dt.date(year, 7, 1) for _ in observed(dt.date(year, 7, 1), when=(SUNDAY,))
        },
    }
    assert set().union(*only_told.values()) == told - law
    assert not [day for day in told - law if is_public_holiday(day)]


def test_the_disagreements_with_the_library_are_few_and_counted() -> None:
    """Of 324 holidays from 2015 to 2050 the library lacks 36, and has 31 days that the law does not."""
    law = {day for year in YEARS for day in legal_holidays(year)}
    told = {day for year in YEARS for day in library(year)}
    assert (len(law), len(law - told), len(told - law)) == (324, 36, 31)
    assert {"2029-06-25", "2022-12-26", "2027-12-27", "2028-01-03"} <= {day.isoformat() for day in told - law}
    assert not is_legal_holiday(dt.date(2029, 6, 25))


@pytest.mark.parametrize("year", YEARS)
def test_days_of_the_federal_and_optional_lists_are_no_holidays_of_the_law(year: int) -> None:
    """I-16 art. 61: the other lists add Easter Monday, which the law has, and federal days, which it has not."""
    more = library(year, "government", "optional")
    law = legal_holidays(year)
    assert {easter_on(year) + DAY} <= law & set(more)
    foreign = {name.partition(" (")[0] for day, names in more.items() if day not in law for name in names.split("; ")}
    federal = {"Boxing Day", "Remembrance Day", "National Day for Truth and Reconciliation"}
    assert foreign <= {*federal, "Canada Day", "Christmas Day", "New Year's Day", "Saint John the Baptist Day"}
    assert {"Boxing Day", "Remembrance Day"} <= foreign

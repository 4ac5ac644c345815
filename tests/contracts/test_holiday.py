"""The holidays of the law, by the law's own table."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clic_contracts.holiday import easter_on, is_legal_holiday, legal_holidays


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

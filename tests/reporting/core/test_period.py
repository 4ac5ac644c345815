"""Periods: what is one, and what lies beside it."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clic_reporting.core import english, french
from clic_reporting.core.period import PeriodError, Quarter, Year, parse_period

QUARTERS = st.builds(Quarter, st.integers(2, 9997), st.integers(1, 4))


@given(QUARTERS)
def test_quarters_join_end_to_start_and_a_year_has_four(quarter: Quarter) -> None:
    """POL-31."""
    assert parse_period(str(quarter)) == quarter
    assert quarter.next.previous == quarter == quarter.year_before.next.next.next.next
    assert quarter.last_on + dt.timedelta(days=1) == quarter.next_on == quarter.next.first_on
    assert {Quarter.of(month) for month in quarter.months} == {quarter}
    parts = Year(quarter.year).parts
    assert (parts[0].first_on, parts[-1].last_on) == (Year(quarter.year).first_on, Year(quarter.year).last_on)


def test_a_year_is_a_period_too() -> None:
    """POL-31: the annual report."""
    year = parse_period(" 2026 ")

    assert year == Year(2026)
    assert (str(year), str(year.previous), str(year.next), str(year.year_before)) == ("2026", "2025", "2027", "2025")
    assert [str(each) for each in year.parts] == ["2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4"]


@pytest.mark.parametrize("text", ["26", "2026-T1", "2026-Q5", "", "année 2026", "0000", "0001", "9999", "2026-01"])
def test_what_is_no_period_is_refused_with_both_forms(text: str) -> None:
    """POL-31."""
    with pytest.raises(PeriodError, match="as in 2022-Q1, or a year, as in 2022"):
        parse_period(text)


def test_periods_have_names_in_both_languages() -> None:
    """French first."""
    quarter, year = Quarter(2026, 1), Year(2026)

    assert (french.name(quarter), french.short(quarter)) == ("Premier trimestre 2026", "T1\u00a02026")
    assert (french.name(year), french.short(year)) == ("Année 2026", "2026")
    assert (english.name(quarter), english.short(quarter)) == ("First quarter of 2026", "Q1\u00a02026")
    assert english.name(year) == "Year 2026"

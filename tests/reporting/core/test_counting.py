"""From counts by quarter to figures: percentiles, ages, and sums that fit together."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reporting.counted import comparison, counted
from tests.reporting.projected import town

from clic_reporting.core.content import sections
from clic_reporting.core.counting import Counted, balances, delay, report_of
from clic_reporting.core.equation import equations, published
from clic_reporting.core.figure import Comparison
from clic_reporting.core.label import Labels
from clic_reporting.core.language import FRENCH
from clic_reporting.core.period import Quarter, Year


@given(st.lists(st.integers(0, 60), min_size=1, max_size=80))
def test_percentiles_are_the_nearest_rank_of_the_exact_histogram(days: list[int]) -> None:
    """POL-29: nobody's delay is made up between two others."""
    found = delay({each: days.count(each) for each in days})

    ordered = sorted(days)
    assert found.requests == len(days)
    assert found.median_days == ordered[(len(days) + 1) // 2 - 1]
    assert found.p90_days == ordered[-(-9 * len(days) // 10) - 1]


def _moved(quarter: str, received: dt.date, movement: str, requests: int) -> dict[str, Any]:
    return {
        "quarter": quarter, "received_month": received, "department": "clic", "movement": movement, "assumed": False,
        "requests": requests,
    }  # fmt: skip


def test_the_backlog_is_told_by_the_month_of_reception_counted_back_from_the_end_of_the_period() -> None:
    """POL-29: March is the last month; February, and a year before March."""
    of = Counted(
        movements=[
            _moved("2025-Q1", dt.date(2025, 3, 1), "received", 5),
            _moved("2025-Q4", dt.date(2025, 10, 1), "received", 4),
            _moved("2026-Q1", dt.date(2025, 10, 1), "treated", 1),
            _moved("2026-Q1", dt.date(2026, 2, 1), "received", 2),
            _moved("2026-Q1", dt.date(2026, 3, 1), "received", 1),
            _moved("2026-Q2", dt.date(2026, 3, 1), "treated", 1),
        ],
        interactions=[],
    )

    requests = report_of(Quarter(2026, 1), of).requests

    assert requests.pending_by_age == {"m0": 1, "m1_2": 2, "m3_5": 3, "m6_11": 0, "m12": 5}
    assert (requests.pending_at_start, requests.treated, requests.pending_at_end) == (9, 1, 11)
    assert [each.pending_at_end for each in balances(of)] == [10, 11, 9, 5, 5, 5]


def test_a_year_is_what_its_quarters_are_together() -> None:
    """POL-31, POL-32."""
    of = counted()
    year = report_of(Year(2025), of)
    quarters = [report_of(each, of) for each in Year(2025).parts]

    assert year.requests.received == sum(each.requests.received for each in quarters)
    assert year.requests.treated == sum(each.requests.treated for each in quarters)
    assert year.requests.pending_at_start == quarters[0].requests.pending_at_start
    assert year.requests.pending_at_end == quarters[-1].requests.pending_at_end
    assert year.delays.by_measure["treated"].requests == sum(
        each.delays.by_measure["treated"].requests for each in quarters
    )
    assert year.due.measured == sum(each.due.measured for each in quarters)


@pytest.mark.parametrize("period", ["2026-Q2", "2024-Q1", "2025", "2026"])
@pytest.mark.parametrize("requests", [12, 300])
def test_every_equation_holds_and_names_figures_that_are_told(period: str, requests: int) -> None:
    """POL-38: suppression rests on them; one that is wrong would hide too much, or betray."""
    of: Comparison = comparison(period, counted(requests=requests))
    tables = [table for part in sections(of, Labels(town()), FRENCH) for table in part.tables]

    figures = published(of, tables)

    figures.check()
    assert len(figures.links) > 40
    assert len(list(equations(of))) >= len(figures.links)
    named = {name for link in figures.links for name, _ in link.terms}
    counted_ones = {name for name, value in figures.values.items() if value} - figures.unprinted
    assert len(counted_ones - named) < 0.05 * len(counted_ones)

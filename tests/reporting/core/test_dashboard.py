"""The dashboard's figures from counts: windows, medians, ages and trends."""

from __future__ import annotations

import datetime as dt

import pytest

from clic_reporting.core.dashboard import (
    SUBJECTS_MAX,
    TREND_MONTHS,
    Compared,
    Counts,
    Due,
    Flow,
    Moved,
    Owed,
    Rate,
    Window,
    compared_over,
    month_of,
    nearest_rank,
    rate,
    state_of,
    trend_months,
)
from clic_reporting.core.period import Quarter

TODAY = dt.date(2026, 8, 20)


def month(year: int, number: int) -> dt.date:
    return dt.date(year, number, 1)


def counts(**changes: object) -> Counts:
    """Nothing, but for what is changed."""
    nothing = Counts(
        flows=[], backlog={}, owed=[], due=[], answered={}, subjects={}, today=Moved(0, 0), rests=[Moved(0, 0)] * 2
    )
    return Counts(**{**{name: getattr(nothing, name) for name in Counts.__slots__}, **changes})


def test_a_quarter_is_compared_over_as_many_days() -> None:
    """51 days of the third quarter: all of April and 21 days of May, all of July and 20 days of August a year ago."""
    before, year_ago = compared_over(TODAY)

    assert before == Window((month(2026, 4),), month(2026, 5), dt.date(2026, 5, 22))
    assert year_ago == Window((month(2025, 7),), month(2025, 8), dt.date(2025, 8, 21))
    for window in (before, year_ago):
        days = sum((month_of(each, -1) - each).days for each in window.months)
        assert days + (window.rest_until - window.rest_from).days == 51


@pytest.mark.parametrize(
    ("today", "before"),
    [
        (dt.date(2026, 4, 1), Window((), month(2026, 1), dt.date(2026, 1, 2))),
        # The second quarter has 91 days, the first one 90: all of it, and no more.
        (
            dt.date(2026, 6, 30),
            Window((month(2026, 1), month(2026, 2), month(2026, 3)), month(2026, 4), month(2026, 4)),
        ),
        # 31 days are all of January and nothing else.
        (dt.date(2026, 5, 1), Window((month(2026, 1),), month(2026, 2), month(2026, 2))),
    ],
)
def test_the_quarter_before_gives_at_most_what_it_has(today: dt.date, before: Window) -> None:
    """Whole months are read as months, the rest as days."""
    assert compared_over(today)[0] == before


def test_the_median_is_a_delay_that_was() -> None:
    """POL-29: nearest rank, as the reports have it."""
    assert nearest_rank({0: 1, 3: 2, 10: 1}, 0.5) == 3
    assert nearest_rank({0: 2, 3: 2}, 0.5) == 0
    assert nearest_rank({}, 0.5) is None


def test_open_late_ones_count_against_the_rate_and_lifted_ones_do_not_count() -> None:
    """POL-29."""
    states = {"met": 5, "late": 1, "missed": 1, "overdue": 1, "open": 40, "lifted": 40}
    owed = [Owed(month(2026, 7), "clic", state, number) for state, number in states.items()]

    assert rate(owed) == Rate(5, 8)
    assert rate(owed, Quarter(2026, 3), "clic") == Rate(5, 8)
    assert rate(owed, Quarter(2026, 2)) == rate(owed, department="greffe") == Rate(0, 0)


def test_what_moved_before_the_trends_is_in_their_first_balance() -> None:
    """POL-32: pending at a month's end is all that ever came in, less all that was treated."""
    flows = [
        Flow(month(2020, 1), "clic", 10, 4),
        Flow(month(2025, 8), "clic", 3, 1),
        Flow(month(2026, 8), "greffe", 5, 2),
    ]
    state = state_of(counts(flows=flows, backlog={month(2020, 1): 5, month(2026, 8): 6}), TODAY)

    assert [each.month for each in state.months] == list(trend_months(TODAY))
    assert (len(state.months), state.months[0].month, state.months[-1].current) == (TREND_MONTHS, month(2025, 8), True)
    assert [state.months[n].pending for n in (0, 1, -1)] == [8, 8, 11]
    assert state.now.pending == 11
    assert state.ages == {"m0": 6, "m1_2": 0, "m3_5": 0, "m6_11": 0, "m12": 5}


@pytest.mark.parametrize(
    ("back", "age"),
    [
        (0, "m0"),
        (1, "m1_2"),
        (2, "m1_2"),
        (3, "m3_5"),
        (5, "m3_5"),
        (6, "m6_11"),
        (11, "m6_11"),
        (12, "m12"),
        (-1, "m0"),
    ],
)
def test_each_month_has_its_age(back: int, age: str) -> None:
    """POL-29: a reception that somebody dated into the future is the youngest."""
    assert state_of(counts(backlog={month_of(TODAY, back): 7}), TODAY).ages[age] == 7


def test_the_quarter_so_far_is_told_beside_the_windows() -> None:
    """Whole months from the sums, the days of one more beside them."""
    flows = [
        Flow(month(2026, 7), "clic", 8, 6),
        Flow(month(2026, 8), "clic", 2, 1),
        Flow(month(2026, 4), "clic", 5, 5),
        Flow(month(2026, 5), "clic", 99, 99),
        Flow(month(2025, 7), "clic", 1, 0),
    ]
    state = state_of(counts(flows=flows, rests=[Moved(2, 1), Moved(3, 3)]), TODAY)

    assert (state.quarter, state.days) == (Quarter(2026, 3), 51)
    assert state.compared == (Compared("received", 10, 7, 4), Compared("treated", 7, 6, 3))


def test_departments_are_told_by_what_waits_and_what_is_nobodys_last() -> None:
    """POL-29, POL-35: a department with nothing is not told."""
    flows = [
        Flow(month(2020, 1), "old", 3, 3),
        Flow(month(2026, 7), "(none)", 90, 0),
        Flow(month(2026, 7), "clic", 4, 2),
        Flow(month(2026, 7), "greffe", 7, 0),
    ]
    owed = [Owed(month(2024, 1), "clic", "missed", 2), Owed(month(2026, 8), "clic", "overdue", 1)]
    state = state_of(counts(flows=flows, owed=owed, due=[Due("clic", 1, 2, 3)]), TODAY)

    assert [each.department for each in state.departments] == ["greffe", "clic", "(none)"]
    clic = state.departments[1]
    assert (clic.pending, clic.late, clic.risk, clic.received, clic.treated, clic.on_time) == (
        2,
        3,
        3,
        4,
        2,
        Rate(0, 1),
    )
    assert (state.now.late, state.now.due_today, state.now.due_week, state.now.at_risk) == (3, 1, 2, 3)


def test_the_most_frequent_subjects_are_told_and_the_rest_together() -> None:
    """POL-35."""
    subjects = {f"s{n:02d}": n for n in range(14)}
    state = state_of(counts(subjects=subjects), TODAY)

    assert [code for code, _ in state.subjects] == [f"s{n:02d}" for n in range(13, 13 - SUBJECTS_MAX, -1)]
    assert state.subjects_total == sum(range(14))

"""What a pause takes from a delay: days whole, hours exactly, and nothing once the limit has passed."""

from __future__ import annotations

import datetime as dt

import pytest
from tests.deadlines.core.counter import COUNTER, at, minutes_of, steps

from clic_contracts.town_time import Delay
from clic_deadlines.core.calendar import Calendar, Pause
from clic_deadlines.core.standard import Rules


@pytest.fixture
def calendar(rules: Rules) -> Calendar:
    """The test town's calendar."""
    return rules.calendar


def test_no_day_that_a_pause_touches_counts(calendar: Calendar) -> None:
    """POL-21: asked on Tuesday, answered on Thursday: neither of them counts, nor the day between."""
    pause = Pause(at("2026-06-02T10:00"), at("2026-06-04T09:00"))
    term = calendar.term(at("2026-06-01T10:00"), Delay(business_days=5), [pause])
    assert dt.date(2026, 6, 11) == term.due_strict_on
    assert steps(term.trace) == [
        ("2026-06-02", "2026-06-04", False, "paused"),
        ("2026-06-05", "2026-06-05", True, "business_day"),
        ("2026-06-06", "2026-06-07", False, "weekend"),
        ("2026-06-08", "2026-06-11", True, "business_day"),
    ]


def test_a_reply_at_midnight_is_one_of_the_day_that_begins(calendar: Calendar) -> None:
    """LCCJTI art. 31."""
    delay = Delay(business_days=1)
    one, other = (
        calendar.term(at("2026-06-01T10:00"), delay, [Pause(at("2026-06-02T10:00"), at(until))]).due_strict_on
        for until in ("2026-06-02T23:59:59", "2026-06-03T00:00")
    )
    assert (dt.date(2026, 6, 2), dt.date(2026, 6, 4)) == (one, other)


def test_a_pause_that_begins_on_the_last_day_moves_it_and_one_after_it_does_not(calendar: Calendar) -> None:
    """POL-21: asked in time the clock stops; asked late the limit stays missed."""
    start, delay = at("2026-06-01T10:00"), Delay(business_days=2)
    in_time, late = (
        Pause(at("2026-06-03T23:00"), at("2026-06-08T09:00")),
        Pause(at("2026-06-04T00:00"), at("2026-06-08T09:00")),
    )
    assert dt.date(2026, 6, 9) == calendar.term(start, delay, [in_time]).due_strict_on
    assert calendar.term(start, delay) == calendar.term(start, delay, [late])


def test_a_paused_limit_by_calendar_days_moves_past_the_pause_and_off_a_holiday(calendar: Calendar) -> None:
    """Thirty days from a complete file: a standard in calendar days may be paused, and ends on no holiday."""
    pause = Pause(at("2026-05-20T10:00"), at("2026-06-12T10:00"))
    term = calendar.term(at("2026-05-15T10:00"), Delay(calendar_days=16), [pause])
    assert dt.date(2026, 6, 25) == term.due_strict_on
    assert steps(term.trace)[-3:] == [
        ("2026-06-13", "2026-06-23", True, "calendar_day"),
        ("2026-06-24", "2026-06-24", False, "holiday"),
        ("2026-06-25", "2026-06-25", True, "calendar_day"),
    ]


@pytest.mark.parametrize(
    ("since", "until", "last_on", "prudent_on"),
    [
        ("2026-06-10T09:00", "2026-06-12T09:00", "2026-06-13", "2026-06-12"),  # a Saturday; the reply came on Friday
        ("2026-06-10T09:00", "2026-06-13T09:00", "2026-06-15", "2026-06-15"),  # on Saturday: Monday is all there is
        ("2026-06-10T09:00", "2026-06-18T09:00", "2026-06-19", "2026-06-19"),
    ],
)
def test_the_desk_does_not_work_to_a_day_before_the_reply(
    calendar: Calendar, since: str, until: str, last_on: str, prudent_on: str
) -> None:
    """From Tuesday 9 June 2026: the business day before a limit is one on which work could be done."""
    term = calendar.term(at("2026-06-09T10:00"), Delay(calendar_days=1), [Pause(at(since), at(until))])
    assert (last_on, prudent_on) == (term.due_strict_on.isoformat(), term.due_prudent_on.isoformat())


def test_nor_to_a_day_of_the_pause_where_only_closings_follow_it() -> None:
    """Answered on Patriots' Monday, due on the Tuesday on which the town is closed: Friday was waited through."""
    pause = Pause(at("2026-05-15T09:00"), at("2026-05-18T09:00"))
    term = COUNTER.term(at("2026-05-14T10:00"), Delay(calendar_days=1), [pause])
    assert (dt.date(2026, 5, 19), dt.date(2026, 5, 19)) == (term.due_strict_on, term.due_prudent_on)


def test_a_share_that_is_reached_as_a_pause_begins_is_reached_then(calendar: Calendar) -> None:
    """POL-29: half of two hours, asked after one of them."""
    pause = Pause(at("2026-06-02T11:00"), at("2026-06-02T15:00"))
    assert at("2026-06-02T11:00") == calendar.share_of(at("2026-06-02T10:00"), at("2026-06-02T16:00"), 0.5, [pause])


def test_of_hours_the_paused_time_is_taken_exactly(calendar: Calendar) -> None:
    """A leak has two hours: asked after one, answered 47 minutes later."""
    pause = Pause(at("2026-06-02T11:00"), at("2026-06-02T11:47"))
    term = calendar.term(at("2026-06-02T10:00"), Delay(hours=2), [pause])
    assert at("2026-06-02T12:47") == term.due_at
    assert minutes_of(term.trace) == [120]


def test_of_business_hours_what_was_paused_at_night_takes_nothing() -> None:
    """Asked after the counter closed, answered before it opened."""
    night = Pause(at("2026-05-11T17:00"), at("2026-05-12T08:00"))
    start, delay = at("2026-05-11T15:30"), Delay(business_hours=2)
    assert COUNTER.term(start, delay) == COUNTER.term(start, delay, [night])
    morning = Pause(at("2026-05-11T17:00"), at("2026-05-12T09:20"))
    assert at("2026-05-12T10:20") == COUNTER.term(start, delay, [morning]).due_at


def test_a_day_that_a_pause_only_borders_on_is_told_by_its_own_reason() -> None:
    """Asked at the midnight with which Tuesday began: the Monday holiday was no pause."""
    pause = Pause(at("2026-05-19T00:00"), at("2026-05-20T09:30"))
    term = COUNTER.term(at("2026-05-15T11:00"), Delay(business_hours=2), [pause])
    assert steps(term.trace) == [
        ("2026-05-15", "2026-05-15", True, "business_day"),
        ("2026-05-16", "2026-05-17", False, "weekend"),
        ("2026-05-18", "2026-05-18", False, "holiday"),
        ("2026-05-19", "2026-05-19", False, "paused"),
        ("2026-05-20", "2026-05-20", True, "business_day"),
    ]


def test_a_long_pause_is_no_fault_of_the_calendar() -> None:
    """A request that waited for eleven years is counted, in every unit."""
    pause = Pause(at("2026-06-02T09:00"), at("2037-06-02T09:00"))
    for delay, due in [
        (Delay(business_days=1), "2037-06-04T00:00"),
        (Delay(calendar_days=1), "2037-06-04T00:00"),
        (Delay(hours=3), "2037-06-02T10:00"),
        (Delay(business_hours=3), "2037-06-02T12:00"),
    ]:
        assert at(due) == COUNTER.term(at("2026-06-02T07:00"), delay, [pause]).due_at

"""How delays are counted: the law's days, the desk's days, hours, and the town's midnight."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clic_contracts.event import TraceStep
from clic_contracts.holiday import is_legal_holiday, legal_holidays
from clic_contracts.town import CalendarConfig, Closing, Delay
from clic_contracts.town_text import Names
from clic_deadlines.core.calendar import Calendar, CalendarError
from clic_deadlines.core.standard import Rules

TORONTO = ZoneInfo("America/Toronto")
NAMES = Names(fr="Congé imaginaire", en="Imaginary closing")
DAYS = st.dates(dt.date(2015, 1, 1), dt.date(2050, 12, 31))
DAY = dt.timedelta(days=1)


@pytest.fixture
def calendar(rules: Rules) -> Calendar:
    """The test town's calendar."""
    return rules.calendar


def at(text: str) -> dt.datetime:
    """An instant in the town's time."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=TORONTO)


def utc(text: str) -> dt.datetime:
    """An instant in UTC."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def steps(trace: tuple[TraceStep, ...]) -> list[tuple[str, str, bool, str]]:
    """A trace in short."""
    return [(step.first_on.isoformat(), step.last_on.isoformat(), step.counted, step.why) for step in trace]


# -- the law's days ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("received_on", "limit_on"),
    [
        ("2026-03-17", "2026-04-07"),  # day 20 is Easter Monday
        ("2026-06-04", "2026-06-25"),  # day 20 is 24 June
        ("2026-12-04", "2026-12-24"),  # the town's closing suspends nothing
        ("2026-12-05", "2026-12-26"),  # Christmas moves to a Saturday, which is not moved again
        ("2026-03-14", "2026-04-04"),  # Good Friday moves to a Saturday
    ],
)
def test_a_legal_limit_on_a_holiday_moves_to_the_next_day_that_is_none(
    calendar: Calendar, received_on: str, limit_on: str
) -> None:
    """A-2.1 art. 47, I-16 art. 52 and 61: the dates of the law page."""
    term = calendar.term(at(f"{received_on}T10:00"), Delay(calendar_days=20))
    assert dt.date.fromisoformat(limit_on) == term.due_strict_on
    assert at(limit_on) + DAY == term.due_at


def test_the_desk_works_to_the_business_day_before_a_limit_that_is_none(calendar: Calendar) -> None:
    """The prudent date: before Saturday 4 April 2026 and Good Friday comes Thursday 2 April; 24 December is closed."""
    for received_on, prudent_on in [
        ("2026-03-14", "2026-04-02"),
        ("2026-03-17", "2026-04-07"),
        ("2026-12-04", "2026-12-23"),
        ("2026-12-05", "2026-12-23"),
    ]:
        term = calendar.term(at(f"{received_on}T10:00"), Delay(calendar_days=20))
        assert dt.date.fromisoformat(prudent_on) == term.due_prudent_on


def test_what_is_received_on_sunday_evening_is_received_on_sunday(calendar: Calendar) -> None:
    """LCCJTI art. 31: Sunday 23:50 in the town is Monday in UTC already."""
    term = calendar.term(utc("2026-03-02T04:50"), Delay(calendar_days=20))
    assert dt.date(2026, 3, 21) == term.due_strict_on


def test_the_trace_of_a_legal_limit_counts_its_days_and_shows_why_it_moved(calendar: Calendar) -> None:
    """A-2.1 art. 47: the day of reception is day 0."""
    term = calendar.term(at("2026-03-17T10:00"), Delay(calendar_days=20))
    assert steps(term.trace) == [
        ("2026-03-17", "2026-03-17", False, "start"),
        ("2026-03-18", "2026-04-05", True, "calendar_day"),
        ("2026-04-06", "2026-04-06", False, "holiday"),
        ("2026-04-07", "2026-04-07", True, "calendar_day"),
    ]


@given(DAYS, st.integers(1, 120))
@settings(max_examples=150, deadline=None)
def test_legal_limits_agree_with_a_slow_count_day_by_day(start_on: dt.date, days: int) -> None:
    """I-16 art. 52."""
    calendar = Calendar(CalendarConfig(version="test"))
    day = start_on
    for _ in range(days):
        day += DAY
    while day.isoweekday() == 7 or day in legal_holidays(day.year):
        day += DAY
    term = calendar.term(dt.datetime.combine(start_on, dt.time(12), TORONTO), Delay(calendar_days=days))
    assert day == term.due_strict_on
    assert not is_legal_holiday(term.due_strict_on)
    assert days == counted_days(term.trace)


# -- the desk's days --------------------------------------------------------------------------------------------


def test_the_end_of_the_next_business_day_is_the_midnight_that_ends_it(calendar: Calendar) -> None:
    """POL-13: Friday afternoon before the Patriots' Monday is due by the end of Tuesday."""
    term = calendar.term(at("2026-05-15T16:20"), Delay(business_days=1))
    assert at("2026-05-20T00:00") == term.due_at
    assert dt.date(2026, 5, 19) == term.due_strict_on == term.due_prudent_on
    assert steps(term.trace) == [
        ("2026-05-16", "2026-05-17", False, "weekend"),
        ("2026-05-18", "2026-05-18", False, "holiday"),
        ("2026-05-19", "2026-05-19", True, "business_day"),
    ]


def test_the_towns_closing_does_not_count_for_the_desk(calendar: Calendar) -> None:
    """POL-13, and the calendar of the town: from 23 December to 4 January 2027."""
    term = calendar.term(at("2026-12-23T15:00"), Delay(business_days=1))
    assert dt.date(2027, 1, 4) == term.due_strict_on
    assert {"town_closing", "weekend", "holiday", "business_day"} == {step.why for step in term.trace}


def test_no_business_day_is_the_same_day_or_the_next_one_when_the_desk_is_closed(calendar: Calendar) -> None:
    """A claim is passed on the same day (C-19 art. 585 leaves fifteen days to give notice)."""
    assert at("2026-05-16T00:00") == calendar.term(at("2026-05-15T09:00"), Delay(business_days=0)).due_at
    assert at("2026-05-20T00:00") == calendar.term(at("2026-05-16T09:00"), Delay(business_days=0)).due_at


@given(
    start_on=DAYS,
    days=st.integers(0, 60),
    closings=st.lists(st.tuples(st.integers(0, 90), st.integers(0, 25)), max_size=4),
)
@settings(max_examples=200, deadline=None)
def test_business_days_agree_with_a_slow_count_day_by_day(
    start_on: dt.date, days: int, closings: list[tuple[int, int]]
) -> None:
    """POL-13: business days leave out weekends, holidays and the town's own closings."""
    closed = [(start_on + first * DAY, start_on + (first + length) * DAY) for first, length in closings]
    calendar = Calendar(
        CalendarConfig(
            version="test",
            closings=tuple(Closing(first_on=first, last_on=last, why=NAMES) for first, last in closed),
        )
    )

    def is_open(day: dt.date) -> bool:
        return (
            day.isoweekday() < 6
            and day not in legal_holidays(day.year)
            and not any(first <= day <= last for first, last in closed)
        )

    day = start_on if days == 0 else start_on + DAY
    seen = int(is_open(day))
    while seen < max(days, 1):
        day += DAY
        seen += is_open(day)
    term = calendar.term(dt.datetime.combine(start_on, dt.time(23, 59), TORONTO), Delay(business_days=days))
    assert day == term.due_strict_on == term.due_prudent_on
    assert dt.datetime.combine(day + DAY, dt.time(), TORONTO) == term.due_at
    assert max(days, 1) == counted_days(term.trace)
    assert days_of(term.trace) == [start_on + n * DAY for n in range(0 if days == 0 else 1, (day - start_on).days + 1)]


def counted_days(trace: tuple[TraceStep, ...]) -> int:
    """How many days a trace counts."""
    return sum((step.last_on - step.first_on).days + 1 for step in trace if step.counted)


def days_of(trace: tuple[TraceStep, ...]) -> list[dt.date]:
    """Every day of a trace in order."""
    return [step.first_on + n * DAY for step in trace for n in range((step.last_on - step.first_on).days + 1)]


def test_a_calendar_that_is_never_open_says_so() -> None:
    """A mistake in the town's closings must not become an endless count."""
    closed = Closing(first_on=dt.date(2020, 1, 1), last_on=dt.date(2090, 1, 1), why=NAMES)
    calendar = Calendar(CalendarConfig(version="test", closings=(closed,)))
    with pytest.raises(CalendarError, match=r"calendar\.closings"):
        calendar.term(at("2026-05-15T09:00"), Delay(business_days=1))


# -- clocks that change -----------------------------------------------------------------------------------------


def test_hours_are_elapsed_ones_when_the_clocks_go_forward(calendar: Calendar) -> None:
    """8 March 2026, 02:00 → 03:00: four hours after 23:30 is 04:30 on the wall."""
    term = calendar.term(at("2026-03-07T23:30"), Delay(hours=4))
    assert utc("2026-03-08T08:30") == term.due_at
    assert term.due_at.isoformat() == "2026-03-08T04:30:00-04:00"


def test_hours_are_elapsed_ones_when_the_clocks_go_back(calendar: Calendar) -> None:
    """1 November 2026, 02:00 → 01:00: four hours after 23:30 is 02:30 on the wall."""
    term = calendar.term(at("2026-10-31T23:30"), Delay(hours=4))
    assert utc("2026-11-01T07:30") == term.due_at
    assert term.due_at.isoformat() == "2026-11-01T02:30:00-05:00"


@pytest.mark.parametrize(
    ("start", "due"),
    [("2026-03-06T10:00", "2026-03-10T00:00:00-04:00"), ("2026-10-30T10:00", "2026-11-03T00:00:00-05:00")],
)
def test_a_business_day_ends_at_local_midnight_whatever_the_clocks_did(
    calendar: Calendar, start: str, due: str
) -> None:
    """POL-13: from Friday over the weekend in which the clocks change, to Monday's end."""
    assert due == calendar.term(at(start), Delay(business_days=1)).due_at.isoformat()


def test_a_delay_that_ends_at_midnight_ends_on_the_day_before(calendar: Calendar) -> None:
    """Due instants are exclusive."""
    term = calendar.term(at("2026-05-15T20:00"), Delay(hours=4))
    assert at("2026-05-16T00:00") == term.due_at
    assert dt.date(2026, 5, 15) == term.due_strict_on


@given(DAYS, st.integers(0, 86_399), st.integers(1, 200))
@settings(max_examples=100, deadline=None)
def test_hours_always_take_as_long_as_they_say(day: dt.date, second: int, hours: int) -> None:
    """Across every change of clocks."""
    start = dt.datetime.combine(day, dt.time(), dt.UTC) + dt.timedelta(seconds=second)
    calendar = Calendar(CalendarConfig(version="test"))
    assert dt.timedelta(hours=hours) == calendar.term(start, Delay(hours=hours)).due_at - start


# -- agreed days and shares -------------------------------------------------------------------------------------


def test_an_agreed_day_is_kept_until_its_end_and_nothing_moves_it(calendar: Calendar) -> None:
    """POL-19: Sunday 17 May 2026 was agreed on; the desk works to Friday."""
    term = calendar.until(at("2026-05-11T10:00"), dt.date(2026, 5, 17))
    assert at("2026-05-18T00:00") == term.due_at
    assert (dt.date(2026, 5, 17), dt.date(2026, 5, 15)) == (term.due_strict_on, term.due_prudent_on)


def test_a_share_of_a_delay_is_that_of_the_elapsed_time(calendar: Calendar) -> None:
    """POL-29: 75 % of eight hours, across the night without a third hour."""
    start = at("2026-03-07T23:00")
    due = calendar.term(start, Delay(hours=8)).due_at
    assert utc("2026-03-08T10:00") == calendar.share_of(start, due, 0.75)
    assert due == calendar.share_of(due + DAY, due, 0.75)

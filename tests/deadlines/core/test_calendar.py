"""How delays are counted: the law's days, the desk's days, hours, and the town's midnight."""

from __future__ import annotations

import datetime as dt

import pytest
from tests.deadlines.core.counter import COUNTER, NAMES, TORONTO, at, minutes_of, steps, utc

from clic_contracts.town_time import CalendarConfig, Closing, Delay, Slot
from clic_deadlines.core.calendar import Calendar, CalendarError, Pause
from clic_deadlines.core.standard import Rules

DAY = dt.timedelta(days=1)


@pytest.fixture
def calendar(rules: Rules) -> Calendar:
    """The test town's calendar."""
    return rules.calendar


# -- the law's days ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("received_on", "day_20_on", "limit_on", "prudent_on"),
    [
        ("2026-03-17", "2026-04-06", "2026-04-07", "2026-04-07"),  # day 20 is Easter Monday
        ("2026-06-04", "2026-06-24", "2026-06-25", "2026-06-25"),  # the Fête nationale
        ("2026-12-04", "2026-12-24", "2026-12-24", "2026-12-23"),  # the town's closing suspends nothing
        ("2026-12-05", "2026-12-25", "2026-12-26", "2026-12-23"),  # Christmas moves to a Saturday, not moved again
        ("2026-03-14", "2026-04-03", "2026-04-04", "2026-04-02"),  # Good Friday moves to a Saturday
    ],
)
def test_a_legal_limit_on_a_holiday_moves_to_the_next_day_that_is_none(
    calendar: Calendar, received_on: str, day_20_on: str, limit_on: str, prudent_on: str
) -> None:
    """A-2.1 art. 47, I-16 art. 52 and 61: the dates of the law page; the desk works to the business day before."""
    assert dt.date.fromisoformat(day_20_on) == dt.date.fromisoformat(received_on) + 20 * DAY
    term = calendar.term(at(f"{received_on}T10:00"), Delay(calendar_days=20))
    assert (limit_on, prudent_on) == (term.due_strict_on.isoformat(), term.due_prudent_on.isoformat())
    assert at(limit_on) + DAY == term.due_at


@pytest.mark.parametrize(
    ("received_on", "limit_on"),
    [
        ("2026-03-05", "2026-04-04"),  # a Saturday: I-16 moves it not
        ("2026-03-07", "2026-04-07"),  # Easter Monday
        ("2024-01-30", "2024-02-29"),  # a leap day
        ("2026-12-02", "2027-01-02"),  # New Year's Day moves to 2 January, which is no holiday, and a Saturday
        ("2029-06-01", "2029-07-03"),  # 1 July is a Sunday, so that 2 July is the holiday
    ],
)
def test_an_extended_limit_is_counted_from_the_reception_too(
    calendar: Calendar, received_on: str, limit_on: str
) -> None:
    """POL-23, A-2.1 art. 47: day 30, or the next day that is no holiday."""
    term = calendar.term(at(f"{received_on}T23:59"), Delay(calendar_days=30))
    assert limit_on == term.due_strict_on.isoformat()


@pytest.mark.parametrize(
    ("decided_on", "strict_on", "generous_on"),
    [
        ("2026-03-05", "2026-04-04", "2026-04-07"),  # a Saturday, before Easter Monday
        ("2026-03-04", "2026-04-04", "2026-04-07"),  # Good Friday moves to that Saturday
        ("2026-11-26", "2026-12-26", "2026-12-28"),  # the Monday, though the town is closed: others decide
        ("2026-05-15", "2026-06-15", "2026-06-15"),  # a Sunday moves by the law itself
        ("2026-05-11", "2026-06-10", "2026-06-10"),
    ],
)
def test_a_citizens_recourse_lasts_as_long_as_can_be_read_into_the_law(
    calendar: Calendar, decided_on: str, strict_on: str, generous_on: str
) -> None:
    """POL-24, A-2.1 art. 135: thirty days of the decision; both dates are kept, and the later one ends it."""
    term = calendar.recourse(at(f"{decided_on}T15:00"), 30)
    assert (strict_on, generous_on) == (term.due_strict_on.isoformat(), term.due_prudent_on.isoformat())
    assert at(generous_on) + DAY == term.due_at


def test_the_trace_of_a_recourse_says_why_a_saturday_does_not_end_it(calendar: Calendar) -> None:
    """A-2.1 art. 135."""
    assert steps(calendar.recourse(at("2026-03-05T15:00"), 30).trace) == [
        ("2026-03-05", "2026-03-05", False, "start"),
        ("2026-03-06", "2026-04-03", True, "calendar_day"),
        ("2026-04-04", "2026-04-04", False, "weekend"),
        ("2026-04-05", "2026-04-06", False, "holiday"),
        ("2026-04-07", "2026-04-07", True, "calendar_day"),
    ]


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


@pytest.mark.parametrize(("fold", "due"), [(0, "2026-11-01T05:30:00+00:00"), (1, "2026-11-01T06:30:00+00:00")])
def test_the_hour_that_comes_twice_is_two_hours(calendar: Calendar, fold: int, due: str) -> None:
    """1 November 2026: 01:30 is asked twice on the wall, and never meant twice."""
    start = dt.datetime(2026, 11, 1, 1, 30, tzinfo=TORONTO, fold=fold)
    assert dt.datetime.fromisoformat(due) + dt.timedelta(hours=24) == calendar.term(start, Delay(hours=24)).due_at


def test_a_pause_over_a_change_of_clocks_takes_what_elapsed(calendar: Calendar) -> None:
    """8 March 2026: from 23:00 to 04:00 on the wall are four hours."""
    pause = Pause(at("2026-03-07T23:00"), at("2026-03-08T04:00"))
    term = calendar.term(at("2026-03-07T22:00"), Delay(hours=2), [pause])
    assert term.due_at.isoformat() == "2026-03-08T05:00:00-04:00"


@pytest.mark.parametrize(
    ("start", "due"),
    [("2026-03-06T11:00", "2026-03-09T10:00:00-04:00"), ("2026-10-30T11:00", "2026-11-02T10:00:00-05:00")],
)
def test_business_hours_are_those_of_the_clock_on_the_wall(start: str, due: str) -> None:
    """Two hours from Friday 11:00, one of them on Monday from 9:00, whatever the clocks did on Sunday."""
    assert due == COUNTER.term(at(start), Delay(business_hours=2)).due_at.isoformat()


# -- business hours ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2026-05-11T09:00", 3, "2026-05-11T12:00"),  # up to noon, not to one
        ("2026-05-11T09:00", 4, "2026-05-11T14:00"),  # over noon
        ("2026-05-11T12:30", 1, "2026-05-11T14:00"),  # begins at the next opening
        ("2026-05-11T16:30", 1, "2026-05-12T10:00"),  # at the closing the desk is closed
        ("2026-05-11T06:00", 1, "2026-05-11T10:00"),
        ("2026-05-14T16:00", 4, "2026-05-20T09:30"),  # half an hour, Friday's three; weekend, Patriots' day, a closing
        ("2026-05-16T09:30", 1, "2026-05-20T10:00"),  # nothing counts on a Saturday, whatever its slot says
    ],
)
def test_business_hours_run_while_the_desk_is_open(start: str, hours: int, due: str) -> None:
    """Several slots a day, a day without any, weekends, holidays and closings."""
    term = COUNTER.term(at(start), Delay(business_hours=hours))
    assert at(due) == term.due_at
    assert at(due).date() == term.due_strict_on == term.due_prudent_on


def test_the_trace_of_business_hours_says_how_much_of_each_day_was_counted() -> None:
    """And why the others were not."""
    term = COUNTER.term(at("2026-05-14T16:00"), Delay(business_hours=4))
    assert [(*step, minutes) for step, minutes in zip(steps(term.trace), minutes_of(term.trace), strict=True)] == [
        ("2026-05-14", "2026-05-15", True, "business_day", 210),
        ("2026-05-16", "2026-05-17", False, "weekend", None),
        ("2026-05-18", "2026-05-18", False, "holiday", None),
        ("2026-05-19", "2026-05-19", False, "town_closing", None),
        ("2026-05-20", "2026-05-20", True, "business_day", 30),
    ]


def test_a_day_without_hours_that_is_no_holiday_is_a_closed_one() -> None:
    """A desk that opens on Tuesdays alone; and the evening after its hours."""
    tuesdays = Slot(weekday=2, opens=dt.time(9), closes=dt.time(12))
    calendar = Calendar(CalendarConfig(version="test", slots=(tuesdays,)))
    assert steps(calendar.term(at("2026-06-02T18:00"), Delay(business_hours=1)).trace) == [
        ("2026-06-02", "2026-06-05", False, "closed"),
        ("2026-06-06", "2026-06-07", False, "weekend"),
        ("2026-06-08", "2026-06-08", False, "closed"),
        ("2026-06-09", "2026-06-09", True, "business_day"),
    ]


def test_a_calendar_without_hours_says_so() -> None:
    """A delay in business hours needs slots; the desk must not look for them for ever."""
    with pytest.raises(CalendarError, match=r"calendar\.slots"):
        Calendar(CalendarConfig(version="test")).term(at("2026-05-15T09:00"), Delay(business_hours=1))


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

"""The calendars against a slow count, day by day and minute by minute, from 2015 to 2050 and with whatever closings."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Sequence
from random import Random
from zoneinfo import ZoneInfo

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from tests.deadlines.core.slow_calendar import Day, Slow, SlowCalendar

from clic_contracts.event import TraceStep
from clic_contracts.holiday import easter_on
from clic_contracts.town_text import Names
from clic_contracts.town_time import CalendarConfig, Closing, Delay, Slot
from clic_deadlines.core.calendar import Calendar, Pause, Term

TORONTO = ZoneInfo("America/Toronto")
NAMES = Names(fr="Congé imaginaire", en="Imaginary closing")
DAY, MINUTE = dt.timedelta(days=1), dt.timedelta(minutes=1)
YEARS = range(2015, 2051)


def noon(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(12), TORONTO)


def clocks_change_on(year: int) -> list[dt.date]:
    """The two days of a year that have not 24 hours."""
    days = (dt.date(year, 1, 2) + n * DAY for n in range(364))
    return [day for day in days if noon(day).utcoffset() != noon(day - DAY).utcoffset()]


def notable(year: int) -> list[dt.date]:
    """Days that calendars stumble over: the leap day, year ends, Easter, the end of June, clocks that change."""
    runs = {dt.date(year, 2, 28): 2, dt.date(year, 12, 22): 14, dt.date(year, 6, 23): 10, easter_on(year) - 3 * DAY: 6}
    runs |= {day - 2 * DAY: 4 for day in clocks_change_on(year)}
    return [first + n * DAY for first, length in runs.items() for n in range(length)]


NOTABLE = [day for year in YEARS for day in notable(year)]
DAYS = st.one_of(st.dates(dt.date(2015, 1, 1), dt.date(2050, 12, 31)), st.sampled_from(NOTABLE))
STARTS = st.builds(
    lambda day, minute, fold: dt.datetime.combine(day, dt.time(minute // 60, minute % 60, fold=fold), TORONTO),
    DAYS,
    st.one_of(st.integers(0, 1_439), st.integers(50, 130)),  # Around the hours that are missing and that come twice.
    st.integers(0, 1),
).map(lambda local: local.astimezone(dt.UTC))

CLOSINGS = st.lists(st.tuples(st.integers(-5, 60), st.integers(0, 25)), max_size=4)
PAUSES = st.lists(
    st.tuples(
        st.integers(-3 * 1_440, 30 * 1_440), st.one_of(st.none(), st.integers(-900, 900), st.integers(1, 14_400))
    ),
    max_size=4,
)
SLOTS = st.lists(
    st.tuples(st.integers(1, 7), st.integers(0, 1_400), st.integers(1, 900)), min_size=1, max_size=9
).filter(lambda slots: any(weekday < 6 for weekday, _, _ in slots))


def configured(
    starts_at: dt.datetime, closings: Sequence[tuple[int, int]], slots: Sequence[tuple[int, int, int]] = ()
) -> CalendarConfig:
    """A calendar with closings around a start, and slots that may overlap, on any day of the week."""
    first = starts_at.astimezone(TORONTO).date()
    closed = ((first + ahead * DAY, first + (ahead + length) * DAY) for ahead, length in closings)
    return CalendarConfig(
        version="test",
        closings=tuple(Closing(first_on=a, last_on=z, why=NAMES) for a, z in closed),
        slots=tuple(
            Slot(weekday=weekday, opens=wall(opens), closes=wall(min(opens + length, 1_439)))
            for weekday, opens, length in slots
        ),
    )


def wall(minutes: int) -> dt.time:
    return dt.time(minutes // 60, minutes % 60)


def paused(starts_at: dt.datetime, pauses: Sequence[tuple[int, int | None]]) -> list[Pause]:
    """Pauses by when they begin after a start and how long they last, in minutes; None: still."""
    begun = [(starts_at + ahead * MINUTE, length) for ahead, length in pauses]
    return [Pause(since, None if length is None else since + length * MINUTE) for since, length in begun]


def days_of(trace: Sequence[TraceStep]) -> list[tuple[dt.date, bool, str]]:
    """Every day of a trace in order."""
    return [
        (step.first_on + n * DAY, step.counted, step.why)
        for step in trace
        for n in range((step.last_on - step.first_on).days + 1)
    ]


def runs_of(days: Sequence[Day]) -> list[int | None]:
    """The minutes of each run of days that are there for the same reason; None: none of them counts."""
    grouped = itertools.groupby(days, key=lambda day: (day.counted, day.why))
    return [sum(day.minutes for day in run) if counted else None for (counted, _), run in grouped]


def assert_equal(slow: Slow, term: Term) -> None:
    """Same instant, same dates, and a trace that tells of each day what the slow count saw."""
    assert slow.due_at == term.due_at
    assert (slow.strict_on, slow.prudent_on) == (term.due_strict_on, term.due_prudent_on)
    assert [(day.on, day.counted, day.why) for day in slow.days] == days_of(term.trace)


# -- days -------------------------------------------------------------------------------------------------------


@given(STARTS, st.integers(0, 60), CLOSINGS, PAUSES)
@settings(max_examples=300)
def test_business_days_are_those_of_a_slow_count(
    starts_at: dt.datetime, days: int, closings: list[tuple[int, int]], pauses: list[tuple[int, int | None]]
) -> None:
    """POL-13, POL-21: weekends, holidays, closings and pauses left out, one day after the other."""
    config, waited = configured(starts_at, closings), paused(starts_at, pauses)
    term = Calendar(config).term(starts_at, Delay(business_days=days), waited)
    assert_equal(SlowCalendar(config, waited).business_days(starts_at, days), term)
    assert max(days, 1) == sum(counted for _, counted, _ in days_of(term.trace))


@given(STARTS, st.integers(0, 120), CLOSINGS, PAUSES)
@settings(max_examples=300)
def test_calendar_days_are_those_of_a_slow_count(
    starts_at: dt.datetime, days: int, closings: list[tuple[int, int]], pauses: list[tuple[int, int | None]]
) -> None:
    """A-2.1 art. 47, I-16 art. 52 and 61; closings move nothing but the day that the desk works to."""
    config, waited = configured(starts_at, closings), paused(starts_at, pauses)
    term = Calendar(config).term(starts_at, Delay(calendar_days=days), waited)
    assert_equal(SlowCalendar(config, waited).calendar_days(starts_at, days), term)
    assert max(days, 1) == sum(counted for _, counted, _ in days_of(term.trace))


@given(STARTS, st.integers(0, 60), CLOSINGS)
@settings(max_examples=150)
def test_a_recourse_is_that_of_a_slow_count(starts_at: dt.datetime, days: int, closings: list[tuple[int, int]]) -> None:
    """A-2.1 art. 135: by the letter, and as generous as can be read; the town's closings are nothing to it."""
    config = configured(starts_at, closings)
    term = Calendar(config).recourse(starts_at, days)
    assert_equal(SlowCalendar(config).recourse(starts_at, days), term)
    assert term == Calendar(CalendarConfig(version="test")).recourse(starts_at, days)
    assert term.due_strict_on <= term.due_prudent_on


@given(STARTS, st.integers(-5, 60), CLOSINGS)
@settings(max_examples=100)
def test_an_agreed_day_is_kept_and_its_prudent_day_is_that_of_a_slow_count(
    starts_at: dt.datetime, ahead: int, closings: list[tuple[int, int]]
) -> None:
    """POL-19."""
    config = configured(starts_at, closings)
    start_on = starts_at.astimezone(TORONTO).date()
    slow, last_on = SlowCalendar(config), start_on + ahead * DAY
    term = Calendar(config).until(starts_at, last_on)
    assert (slow.midnight_after(last_on), last_on) == (term.due_at, term.due_strict_on)
    assert slow.prudent(start_on, last_on) == term.due_prudent_on


# -- hours ------------------------------------------------------------------------------------------------------


@given(STARTS, st.integers(1, 30), CLOSINGS, SLOTS, PAUSES)
@settings(max_examples=60)
def test_business_hours_are_those_of_a_slow_count_of_minutes(
    starts_at: dt.datetime,
    hours: int,
    closings: list[tuple[int, int]],
    slots: list[tuple[int, int, int]],
    pauses: list[tuple[int, int | None]],
) -> None:
    """Several slots a day, on any day, that may overlap; none on weekends, holidays and closings, or while paused."""
    config, waited = configured(starts_at, closings, slots), paused(starts_at, pauses)
    longest = max(length for weekday, _, length in slots if weekday < 6)
    assume(60 * hours <= 6 * longest)  # At least so much a week: a slow count of years is for the patient.
    term = Calendar(config).term(starts_at, Delay(business_hours=hours), waited)
    slow = SlowCalendar(config, waited).hours(starts_at, hours, business=True)
    assert_equal(slow, term)
    assert runs_of(slow.days) == [step.minutes for step in term.trace]
    assert 60 * hours == sum(step.minutes or 0 for step in term.trace)


@given(STARTS, st.integers(1, 72), PAUSES)
@settings(max_examples=80)
def test_hours_are_those_of_a_slow_count_of_minutes(
    starts_at: dt.datetime, hours: int, pauses: list[tuple[int, int | None]]
) -> None:
    """Elapsed ones, across every change of clocks, without what was paused."""
    config, waited = configured(starts_at, ()), paused(starts_at, pauses)
    term = Calendar(config).term(starts_at, Delay(hours=hours), waited)
    slow = SlowCalendar(config, waited).hours(starts_at, hours, business=False)
    assert_equal(slow, term)
    if waited:
        assert runs_of(slow.days) == [step.minutes for step in term.trace]


@given(
    STARTS,
    st.integers(0, 59_999_999),
    st.integers(1, 2_000),
    st.integers(0, 90 * 1_440),
    st.integers(0, 40 * 86_400_000_000),
)
@settings(max_examples=150)
@example(noon(dt.date(2026, 5, 18)).astimezone(dt.UTC), 1, 1, 0, 0)
def test_business_hours_are_exact_to_the_microsecond(
    starts_at: dt.datetime, microseconds: int, hours: int, paused_after: int, paused_us: int
) -> None:
    """What was open between start and limit, less what of it was paused, is the delay; its minutes sum up."""
    starts_at += dt.timedelta(microseconds=microseconds)
    pause = Pause(
        starts_at + paused_after * MINUTE, starts_at + paused_after * MINUTE + dt.timedelta(microseconds=paused_us)
    )
    slots = [(weekday, opens, length) for weekday in range(1, 6) for opens, length in ((540, 180), (780, 210))]
    calendar = Calendar(configured(starts_at, [(3, 1)], slots))
    term = calendar.term(starts_at, Delay(business_hours=hours), [pause])

    def open_between(since: dt.datetime, until: dt.datetime) -> dt.timedelta:
        first, last = since.astimezone(TORONTO).date(), until.astimezone(TORONTO).date()
        spans = [span for n in range((last - first).days + 1) for span in calendar.open_spans(first + n * DAY)]
        overlaps = (min(z, until) - max(a, since) for a, z in spans)
        return sum((each for each in overlaps if each > dt.timedelta()), dt.timedelta())

    assert pause.until is not None
    lost = open_between(max(pause.since, starts_at), min(pause.until, term.due_at))
    assert dt.timedelta(hours=hours) == open_between(starts_at, term.due_at) - lost
    instant_before = term.due_at - dt.timedelta(microseconds=1)
    assert dt.timedelta(microseconds=1) == open_between(instant_before, term.due_at)
    assert 60 * hours == sum(step.minutes or 0 for step in term.trace)


# -- pauses -----------------------------------------------------------------------------------------------------

IN_DAYS = st.one_of(
    st.builds(lambda n: Delay(business_days=n), st.integers(0, 30)),
    st.builds(lambda n: Delay(calendar_days=n), st.integers(0, 45)),
)
DELAYS = st.one_of(
    IN_DAYS,
    st.builds(lambda n: Delay(hours=n), st.integers(1, 200)),
    st.builds(lambda n: Delay(business_hours=n), st.integers(1, 60)),
)
OFFICE = [(weekday, opens, length) for weekday in range(1, 6) for opens, length in ((540, 180), (780, 210))]


@given(STARTS, DELAYS, PAUSES, st.randoms(use_true_random=False), st.integers(0, 100_000), st.integers(1, 100_000))
@settings(max_examples=200)
def test_a_pause_only_ever_gives_time_and_one_after_the_limit_gives_none(
    starts_at: dt.datetime,
    delay: Delay,
    pauses: list[tuple[int, int | None]],
    shuffled: Random,
    late_min: int,
    length: int,
) -> None:
    """POL-21; in whatever order they are told, twice or once, and without those that still last."""
    calendar = Calendar(configured(starts_at, [(2, 3)], OFFICE))
    waited = paused(starts_at, pauses)
    whole, term = calendar.term(starts_at, delay), calendar.term(starts_at, delay, waited)
    assert whole.due_at <= term.due_at
    for more in waited:
        assert calendar.term(starts_at, delay, [p for p in waited if p is not more]).due_at <= term.due_at
    again = [*waited, *waited]
    shuffled.shuffle(again)
    assert term == calendar.term(starts_at, delay, again)
    after = Pause(term.due_at + late_min * MINUTE, term.due_at + (late_min + length) * MINUTE)
    still = Pause(starts_at + MINUTE, None)
    assert term.due_at == calendar.term(starts_at, delay, [*waited, after, still]).due_at


@given(STARTS, IN_DAYS, st.integers(0, 20), st.integers(0, 1_439), st.integers(0, 1_439))
@settings(max_examples=150)
def test_a_pause_within_one_day_stops_no_count_of_days(
    starts_at: dt.datetime, delay: Delay, ahead: int, one: int, other: int
) -> None:
    """POL-21: asked and answered on the same day of the town, nothing was waited for."""
    day = starts_at.astimezone(TORONTO).date() + ahead * DAY
    since, until = (dt.datetime.combine(day, wall(at), TORONTO) for at in sorted((one, other)))
    calendar = Calendar(configured(starts_at, ()))
    assert calendar.term(starts_at, delay) == calendar.term(starts_at, delay, [Pause(since, until)])


@given(STARTS, st.integers(1, 20 * 1_440), st.floats(0.01, 0.99), PAUSES)
@settings(max_examples=150)
def test_a_share_of_a_delay_is_that_of_the_time_that_was_not_paused(
    starts_at: dt.datetime, length: int, share: float, pauses: list[tuple[int, int | None]]
) -> None:
    """POL-29: to the second; nobody is warned in a pause."""
    config, waited, due_at = configured(starts_at, ()), paused(starts_at, pauses), starts_at + length * MINUTE
    at = Calendar(config).share_of(starts_at, due_at, share, waited)
    slow = SlowCalendar(config, waited)
    minutes = [starts_at + n * MINUTE for n in range(length)]
    running = [minute for minute in minutes if not slow.is_paused(minute)]
    seconds = int(60 * len(running) * share)
    if seconds == 0:
        assert due_at == at
    else:
        whole, rest = divmod(seconds - 1, 60)
        assert running[whole] + dt.timedelta(seconds=rest + 1) == at
    assert starts_at <= at <= due_at

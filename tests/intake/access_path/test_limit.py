"""The law's limits as intake counts them: the vectors of the law, and a slow count beside."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pytest
from hypothesis import given as always
from hypothesis import settings
from hypothesis import strategies as st
from tests.intake.access_path.path import (
    CLOSED,
    EXTENDED,
    GRANTED,
    IDENTIFIED,
    NOTIFIED,
    OBJECTS,
    REFUSED,
    REOPENED,
    RULES,
    WRITTEN,
    on,
)

from clic_contracts.envelope import Recorded
from clic_contracts.holiday import legal_holidays
from clic_intake.core.access import decision_limit_on, limit_on, reviewable_since
from clic_intake.core.state import state_of


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("received", "limit"),
    [
        ("2026-03-17", "2026-04-07"),  # day 20 is Easter Monday
        ("2026-06-04", "2026-06-25"),  # 24 June
        ("2026-12-04", "2026-12-24"),  # the town is closed, the law is not
        ("2026-12-05", "2026-12-26"),  # 25 December; a Saturday is not moved again
        ("2026-03-14", "2026-04-04"),  # Good Friday; the same
        ("2026-05-15", "2026-06-04"),
    ],
)
def test_a_delay_of_the_law_ends_where_the_law_says(received: str, limit: str) -> None:
    """POL-22, A-2.1 art. 47, I-16 art. 52 and 61."""
    assert limit_on(day(received), 20) == day(limit)


@always(st.dates(dt.date(2015, 1, 1), dt.date(2050, 11, 1)), st.sampled_from([15, 20, 30]))
@settings(max_examples=200)
def test_a_limit_is_the_first_day_that_is_none_of_sunday_and_holiday(since: dt.date, days: int) -> None:
    """I-16 art. 52, counted day by day."""
    found = limit_on(since, days)
    ahead = [since + dt.timedelta(days=n) for n in range(days, days + 8)]
    assert found == next(each for each in ahead if each.weekday() != 6 and each not in legal_holidays(each.year))


@pytest.mark.parametrize(
    ("story", "limit"),
    [
        ([], "2026-06-04"),
        ([on("2026-05-20", EXTENDED)], "2026-06-15"),  # day 30 is a Sunday
        ([on("2026-05-16", IDENTIFIED)], "2026-06-04"),  # nobody was told yet
        # Notified on day 3: heard until 8 June, then 15 days.
        ([on("2026-05-16", IDENTIFIED), on("2026-05-18", NOTIFIED)], "2026-06-23"),
        ([on("2026-05-16", IDENTIFIED), on("2026-05-18", NOTIFIED), on("2026-05-22", OBJECTS)], "2026-06-06"),
        # An answer so soon that the law's own limit is later.
        ([on("2026-05-16", IDENTIFIED), on("2026-05-17", NOTIFIED), on("2026-05-18", OBJECTS)], "2026-06-04"),
        ([on("2026-06-01", GRANTED), on("2026-06-02", CLOSED), on("2026-06-10", REOPENED)], "2026-06-30"),
    ],
)
def test_the_decision_is_due_by_the_law(story: Sequence[Recorded], limit: str) -> None:
    """POL-22, POL-23, A-2.1 art. 47, 49: received on Friday 15 May."""
    path = state_of([on("2026-05-15", WRITTEN), *story]).path
    assert decision_limit_on(path, RULES.day_of) == day(limit)


@pytest.mark.parametrize(
    ("story", "since"),
    [
        ([], "2026-06-05"),  # silence on day 20
        ([on("2026-05-20", EXTENDED)], "2026-06-16"),  # on day 30, a Sunday that is moved
        ([on("2026-05-25", REFUSED)], "2026-05-25"),
        ([on("2026-05-25", GRANTED)], None),
        ([on("2026-06-10", GRANTED)], "2026-06-05"),  # it came late: the silence was a refusal all the same
        ([on("2026-06-10", REFUSED)], "2026-06-05"),
        ([on("2026-06-01", GRANTED), on("2026-06-02", CLOSED), on("2026-06-10", REOPENED)], "2026-07-01"),
    ],
)
def test_a_review_is_of_a_decision_or_of_silence(story: Sequence[Recorded], since: str | None) -> None:
    """POL-24, A-2.1 art. 52, 135."""
    path = state_of([on("2026-05-15", WRITTEN), *story]).path
    assert reviewable_since(path, RULES.day_of) == (day(since) if since else None)


@pytest.mark.parametrize(("ended", "since"), [("2026-06-04", None), ("2026-06-05", "2026-06-05")])
def test_what_was_withdrawn_in_time_is_never_taken_for_refused(ended: str, since: str | None) -> None:
    """POL-24, A-2.1 art. 52."""
    path = state_of([on("2026-05-15", WRITTEN)]).path
    ended_at = on(ended, CLOSED).occurred_at
    assert reviewable_since(path, RULES.day_of, ended_at=ended_at) == (day(since) if since else None)


def test_the_day_is_the_towns() -> None:
    """POL-22, LCCJTI art. 31: Friday 23:00 in the town is Saturday in UTC."""
    late = state_of([on("2026-05-15", WRITTEN, hour=23)]).path
    assert decision_limit_on(late, RULES.day_of) == day("2026-06-04")

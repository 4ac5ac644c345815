"""When the Commission can be asked for a review, and that no order of steps breaks the law's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pytest
from hypothesis import given as always
from hypothesis import settings
from hypothesis import strategies as st
from tests.intake.access_path.path import (
    BACKLOG,
    CLASSIFIED,
    CLOSED,
    COMPLAINT,
    CONSENTS,
    DECIDED,
    EXTENDED,
    GRANTED,
    IDENTIFIED,
    IN_TIME,
    INADMISSIBLE,
    LATE,
    MADE_ORALLY,
    NO_DOCUMENT,
    NOTIFIED,
    OBJECTS,
    ORAL,
    OTHER_BODY,
    PARTIAL,
    RECEIVED_ON,
    REFUSED,
    REOPENED,
    REQUEST,
    WITH_REASON,
    WITHDRAWN,
    WRITTEN,
    asked,
    on,
    record,
    town,
)
from tests.intake.core.story import VOIDED

from clic_chassis.decider import Fact
from clic_chassis.error import RefusedError
from clic_chassis.scenario import given, recorded
from clic_contracts.envelope import Recorded
from clic_contracts.event import (
    Event,
    RequestAnswered,
    RequestClosed,
    RequestExtended,
    RequestReceived,
    RequestReopened,
    ReviewDecided,
    ReviewRequested,
    ThirdPartyAnswered,
    ThirdPartyNotified,
)
from clic_intake.core.access_rule import ReviewError
from clic_intake.core.request import Record

SILENCE = "2026-06-05"
"""The first day after the limit."""


@pytest.mark.parametrize(
    ("story", "day", "goes"),
    [
        ([RECEIVED_ON], "2026-06-04", False),  # nothing was decided, and nothing is late
        ([RECEIVED_ON], SILENCE, True),  # silence (art. 52)
        ([RECEIVED_ON, on("2026-05-20", EXTENDED)], "2026-06-15", False),
        ([RECEIVED_ON, on("2026-05-20", EXTENDED)], "2026-06-16", True),
        ([RECEIVED_ON, on(IN_TIME, REFUSED)], IN_TIME, True),
        ([RECEIVED_ON, on(IN_TIME, REFUSED)], "2026-05-27", False),  # before it was decided
        ([RECEIVED_ON, on(IN_TIME, PARTIAL), on(IN_TIME, CLOSED)], "2026-06-02", True),
        ([RECEIVED_ON, on(IN_TIME, NO_DOCUMENT)], "2026-06-02", True),
        ([RECEIVED_ON, on(IN_TIME, OTHER_BODY)], "2026-06-02", True),
        ([RECEIVED_ON, on(IN_TIME, INADMISSIBLE)], "2026-06-02", True),
        ([RECEIVED_ON, on(IN_TIME, GRANTED)], LATE, False),
        ([RECEIVED_ON, on(SILENCE, GRANTED)], LATE, True),  # what came late was refused first
        ([RECEIVED_ON, on(IN_TIME, WITHDRAWN)], LATE, False),
        ([RECEIVED_ON, on(IN_TIME, REFUSED)], "2026-12-01", True),  # how late is the Commission's to judge
        ([MADE_ORALLY], LATE, False),  # made orally: decided as any, and never reviewed (art. 45)
        ([MADE_ORALLY, on(IN_TIME, REFUSED)], LATE, False),
        ([on("2026-05-15", BACKLOG)], "2026-05-20", True),
    ],
)
def test_a_review_is_requested_where_the_law_gives_one(story: Sequence[Recorded], day: str, *, goes: bool) -> None:
    """POL-20, POL-24, A-2.1 art. 45, 52, 135."""
    requested = given(REQUEST, story).when(record(asked(day), "2027-01-05"))
    if goes:
        requested.then(asked(day))
    else:
        requested.then_refused(ReviewError)


def test_a_review_is_requested_and_decided_once_for_each_decision() -> None:
    """POL-24, A-2.1 art. 135, 141."""
    silent = given(REQUEST, [RECEIVED_ON]).when(record(asked(SILENCE), SILENCE)).then(asked(SILENCE))
    silent.when(record(asked(SILENCE), LATE)).then_nothing()  # Said by two people.
    silent.when(record(asked("2026-06-08"), LATE)).then_refused(ReviewError)
    answered = silent.when(record(REFUSED, LATE)).then(REFUSED)  # The town still answers, and that can be contested.
    both = answered.when(record(asked(LATE), LATE)).then(asked(LATE))
    one = both.when(record(DECIDED, "2026-09-01")).then(DECIDED)
    none = one.when(record(DECIDED, "2026-09-02")).then(DECIDED)
    none.when(record(DECIDED, "2026-09-03")).then_refused(ReviewError)
    none.when(record(asked("2026-09-03"), "2026-09-03")).then_refused(ReviewError)


def test_a_review_is_not_requested_in_days_to_come() -> None:
    """POL-24."""
    story = [RECEIVED_ON, on(IN_TIME, REFUSED)]
    given(REQUEST, story).when(record(asked("2026-06-03"), "2026-06-02")).then_refused(ReviewError)


# -- in whatever order ------------------------------------------------------------------------------------------------

DAYS = st.integers(0, 80)
SAID: st.SearchStrategy[Event] = st.one_of(
    st.sampled_from(
        [
            *(CLASSIFIED, EXTENDED, GRANTED, PARTIAL, REFUSED, NO_DOCUMENT, OTHER_BODY, CLOSED, WITHDRAWN, REOPENED),
            *(IDENTIFIED, NOTIFIED, OBJECTS, CONSENTS, DECIDED, VOIDED, WITH_REASON),
        ]
    ),
    DAYS.map(lambda days: asked((town("2026-05-15") + dt.timedelta(days=days)).date().isoformat())),
)


def _silent_on(story: Sequence[Recorded]) -> dt.date | None:
    """A day on which the law took silence for a refusal, looked for day by day; None: on none (no third parties)."""
    began = next(n for n in reversed(range(len(story))) if _begins(story[n].data))
    first_on = story[began].occurred_at.date()
    last = 20 + (10 if any(isinstance(each.data, RequestExtended) for each in story[began:]) else 0)
    silent_on = first_on + dt.timedelta(days=last + 1)
    while silent_on - dt.timedelta(days=1) in HOLIDAYS or (silent_on - dt.timedelta(days=1)).weekday() == 6:
        silent_on += dt.timedelta(days=1)
    ends = [each.occurred_at.date() for each in story[began:] if isinstance(each.data, RequestAnswered | RequestClosed)]
    return silent_on if not ends or min(ends) >= silent_on else None


HOLIDAYS = {dt.date(2026, 5, 18), dt.date(2026, 6, 24), dt.date(2026, 7, 1), dt.date(2026, 9, 7)}


def _begins(event: Event) -> bool:
    return isinstance(event, RequestReceived | RequestReopened)


@always(st.sampled_from([WRITTEN, ORAL, COMPLAINT]), st.lists(st.tuples(st.integers(0, 9), SAID), max_size=25))
@settings(max_examples=400)
def test_no_path_breaks_the_laws_order(received: RequestReceived, said: list[tuple[int, Event]]) -> None:
    """POL-20, POL-23, POL-24, A-2.1 art. 25, 45, 47, 49, 135: whatever is commanded, day after day."""
    at = town("2026-05-15")
    story: list[Recorded] = [recorded(received, at=at)]
    for days, event in said:
        at += dt.timedelta(days=days)
        try:
            facts = REQUEST.decide(Record(event, at), REQUEST.fold(story))
        except RefusedError:
            continue
        for fact in facts:
            _must_be_lawful(story, fact)
            story.append(recorded(fact.event, at=fact.occurred_at))


def _must_be_lawful(story: Sequence[Recorded], fact: Fact) -> None:
    """By looking back through the whole story."""
    events = [each.data for each in story]
    match fact.event:
        case ThirdPartyNotified():
            assert IDENTIFIED in events
            assert NOTIFIED not in events
        case ThirdPartyAnswered():
            assert NOTIFIED in events
            assert not any(isinstance(each, ThirdPartyAnswered) for each in events)
        case RequestExtended(sealed=sealed):
            assert not any(isinstance(each, RequestExtended) for each in events)
            assert sealed is not None if events[0] == COMPLAINT else fact.occurred_at.date() <= dt.date(2026, 6, 4)
        case ReviewRequested(requested_on=day):
            first = events[0]
            assert isinstance(first, RequestReceived)
            assert first.written
            assert day <= fact.occurred_at.date()
            decided = [
                each.occurred_at.date()
                for each in story
                if isinstance(each.data, RequestAnswered) and each.data != GRANTED
            ]
            if NOTIFIED in events:
                return  # Then the limit is another: see `test_limit`.
            silent_on = _silent_on(story)
            assert any(each <= day for each in decided) or (silent_on is not None and silent_on <= day)
        case ReviewDecided():
            asked_for = sum(isinstance(each, ReviewRequested) for each in events)
            assert asked_for > sum(isinstance(each, ReviewDecided) for each in events)
        case _:
            pass

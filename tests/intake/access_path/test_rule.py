"""What may be done about an access request, step by step: a line for each rule, and whatever order at random."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pytest
from hypothesis import given as always
from hypothesis import settings
from hypothesis import strategies as st
from tests.intake.access_path.path import (
    ADMITTED,
    BACKLOG,
    CLASSIFIED,
    CLOSED,
    COMPLAINT,
    CONSENTS,
    DECIDED,
    EXTENDED,
    GRANTED,
    HANDED_BACK,
    HANDED_OVER,
    IDENTIFIED,
    INADMISSIBLE,
    NO_DOCUMENT,
    NOTIFIED,
    OBJECTS,
    ORAL,
    OTHER_BODY,
    PARTIAL,
    REFUSED,
    REOPENED,
    REPORT,
    REQUEST,
    TWO,
    WITH_REASON,
    WITHDRAWN,
    WRITTEN,
    asked,
    on,
    record,
    town,
)
from tests.intake.core.story import ERASED, TORONTO, VOIDED, make

from clic_chassis.decider import Fact
from clic_chassis.error import RefusedError
from clic_chassis.scenario import given, recorded
from clic_contracts.envelope import Recorded
from clic_contracts.event import (
    AccessClassified,
    Event,
    RequestAdmitted,
    RequestAnswered,
    RequestClosed,
    RequestExtended,
    RequestHandedOver,
    RequestReceived,
    RequestReopened,
    ReviewDecided,
    ReviewRequested,
    ThirdPartyAnswered,
    ThirdPartyIdentified,
    ThirdPartyNotified,
)
from clic_intake.core.access_rule import NotAccessError, ReviewError, ThirdPartyError
from clic_intake.core.request import Extend, Record, request_decider
from clic_intake.core.rule import (
    AccessDecisionError,
    AdmissionError,
    ExtensionError,
    HandingError,
    NotNowError,
    Rules,
    UnknownRequestError,
)

RECEIVED_ON = on("2026-05-15", WRITTEN)
"""A Friday; day 20 is Thursday 4 June, day 30 is Sunday 14 June."""
AT_FIRST = on("2026-05-15", ORAL)
IN_TIME, LATE = "2026-05-28", "2026-06-20"

STEPS: tuple[Event, ...] = (CLASSIFIED, IDENTIFIED, NOTIFIED, OBJECTS, asked("2026-06-10"), DECIDED)


# -- where a step makes sense -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", STEPS, ids=lambda each: each.TYPE)
@pytest.mark.parametrize("received", [REPORT, COMPLAINT])
def test_a_step_is_for_access_requests_alone(received: RequestReceived, step: Event) -> None:
    """POL-04."""
    given(REQUEST, [on("2026-05-15", received)]).when(record(step, LATE)).then_refused(NotAccessError)


@pytest.mark.parametrize("step", STEPS, ids=lambda each: each.TYPE)
def test_a_step_is_taken_of_no_request_that_is_not_there_or_was_voided(step: Event) -> None:
    given(REQUEST, []).when(record(step, LATE)).then_refused(UnknownRequestError)
    voided = [RECEIVED_ON, on("2026-05-16", VOIDED)]
    given(REQUEST, voided).when(record(step, LATE)).then_refused(NotNowError)


@pytest.mark.parametrize("story", [[], [REFUSED], [REFUSED, CLOSED], [GRANTED, CLOSED, REOPENED]])
def test_the_nature_is_told_at_any_time_corrected_and_said_once(story: Sequence[Event]) -> None:
    """POL-04."""
    other = make(AccessClassified, nature="personal_information")
    told = given(REQUEST, [RECEIVED_ON, *(on(IN_TIME, each) for each in story)]).when(record(CLASSIFIED, LATE))
    known = told.then(CLASSIFIED)
    known.when(record(CLASSIFIED, LATE)).then_nothing()
    known.when(record(other, LATE)).then(other)


# -- third parties ----------------------------------------------------------------------------------------------------


def test_a_third_party_is_identified_then_notified_then_answers_once() -> None:
    """A-2.1 art. 25, 49."""
    known = given(REQUEST, [RECEIVED_ON]).when(record(IDENTIFIED, "2026-05-16")).then(IDENTIFIED)
    told = known.when(record(NOTIFIED, "2026-05-18")).then(NOTIFIED)
    heard = told.when(record(OBJECTS, "2026-05-22")).then(OBJECTS)
    heard.when(record(OBJECTS, "2026-05-22")).then_nothing()  # Said by two people.
    heard.when(record(CONSENTS, "2026-05-23")).then_refused(ThirdPartyError)


@pytest.mark.parametrize(
    ("story", "step"),
    [
        ([], NOTIFIED),  # nobody was identified
        ([], OBJECTS),
        ([IDENTIFIED], OBJECTS),  # nobody was told
        ([IDENTIFIED], make(ThirdPartyNotified, third_party_id=TWO)),  # somebody else was identified
        ([IDENTIFIED, NOTIFIED], make(ThirdPartyAnswered, third_party_id=TWO)),
        ([IDENTIFIED], IDENTIFIED),  # that id is taken
        ([], make(ThirdPartyIdentified, sealed=None)),  # who?
    ],
)
def test_no_step_of_hearing_a_third_party_comes_before_the_one_before(story: Sequence[Event], step: Event) -> None:
    """A-2.1 art. 25, 49."""
    told = [RECEIVED_ON, *(on("2026-05-18", each) for each in story)]
    given(REQUEST, told).when(record(step, "2026-05-19")).then_refused(ThirdPartyError)


def test_who_was_notified_is_not_notified_again() -> None:
    """A-2.1 art. 49: their delay began once."""
    told = [RECEIVED_ON, on("2026-05-18", IDENTIFIED), on("2026-05-18", NOTIFIED)]
    given(REQUEST, told).when(record(NOTIFIED, "2026-05-25")).then_nothing()


@pytest.mark.parametrize(("day", "is_heard"), [("2026-06-08", True), ("2026-06-09", False), ("2026-05-17", False)])
def test_a_third_party_is_heard_until_the_end_of_their_delay(day: str, *, is_heard: bool) -> None:
    """A-2.1 art. 49: notified on 18 May; day 20 is Sunday 7 June, which goes to Monday; silence is consent."""
    story = [RECEIVED_ON, on("2026-05-18", IDENTIFIED), on("2026-05-18", NOTIFIED)]
    said = given(REQUEST, story).when(record(OBJECTS, day, 9))
    if is_heard:
        said.then(OBJECTS)
    else:
        said.then_refused(ThirdPartyError)


@pytest.mark.parametrize("step", [IDENTIFIED, NOTIFIED, OBJECTS], ids=lambda each: each.TYPE)
@pytest.mark.parametrize("ends", [[REFUSED], [REFUSED, CLOSED], [WITHDRAWN]])
def test_third_parties_are_heard_before_the_decision(ends: Sequence[Event], step: Event) -> None:
    """A-2.1 art. 25, 49."""
    story = [RECEIVED_ON, *(on("2026-05-20", each) for each in ends)]
    given(REQUEST, story).when(record(step, "2026-05-21")).then_refused(NotNowError)


def test_once_everything_is_erased_a_third_party_is_identified_without_their_name() -> None:
    """POL-30: nothing can be kept of them."""
    nameless = make(ThirdPartyIdentified, sealed=None)
    given(REQUEST, [RECEIVED_ON, on("2026-05-18", ERASED)]).when(record(nameless, "2026-05-19")).then(nameless)


# -- the decision -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("decision", [GRANTED, PARTIAL, REFUSED, NO_DOCUMENT, OTHER_BODY])
@pytest.mark.parametrize("day", [IN_TIME, LATE])
def test_each_decision_can_be_taken_in_time_and_after_the_limit(decision: RequestAnswered, day: str) -> None:
    """POL-22, A-2.1 art. 47, 48, 52: after silence the town must still answer."""
    given(REQUEST, [RECEIVED_ON]).when(record(decision, day)).then(decision)


@pytest.mark.parametrize(
    "lacking",
    [
        {"access_outcome": None},  # art. 47
        {"access_outcome": "refused"},  # art. 50
        {"access_outcome": "partial"},
        {"access_outcome": "refused", "provisions": ["article 53"], "sealed": None},  # art. 50, 51
        {"access_outcome": "partial", "provisions": ["article 53"], "sealed": None},
        {"access_outcome": "other_body"},  # art. 48
        {"access_outcome": "granted", "body": "hydro_quebec"},
        {"access_outcome": "no_document", "body": "hydro_quebec"},
    ],
)
def test_a_decision_says_what_the_law_asks_for(lacking: dict[str, object]) -> None:
    """A-2.1 art. 47, 48, 50, 51."""
    given(REQUEST, [RECEIVED_ON]).when(record(make(RequestAnswered, **lacking), IN_TIME)).then_refused(
        AccessDecisionError
    )


@pytest.mark.parametrize("said", [{"access_outcome": "granted"}, {"body": "hydro_quebec"}])
def test_other_requests_are_answered_without_what_is_for_access(said: dict[str, object]) -> None:
    answer = make(RequestAnswered, **said)
    given(REQUEST, [on("2026-05-15", REPORT)]).when(record(answer, IN_TIME)).then_refused(AccessDecisionError)


@pytest.mark.parametrize(
    ("decision", "day", "goes"),
    [
        (GRANTED, "2026-06-08", False),  # the last day that they are heard
        (GRANTED, "2026-06-09", True),  # silence was consent
        (PARTIAL, "2026-05-20", True),  # without their document
        (REFUSED, "2026-05-20", True),
    ],
)
def test_nothing_is_given_while_a_third_party_still_has_time_to_object(
    decision: RequestAnswered, day: str, *, goes: bool
) -> None:
    """A-2.1 art. 25, 49."""
    story = [RECEIVED_ON, on("2026-05-18", IDENTIFIED), on("2026-05-18", NOTIFIED)]
    decided = given(REQUEST, story).when(record(decision, day))
    if goes:
        decided.then(decision)
    else:
        decided.then_refused(AccessDecisionError)
    given(REQUEST, [*story, on("2026-05-19", CONSENTS)]).when(record(decision, day)).then(decision)


# -- extension --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("received", "day", "hour", "goes"),
    [
        ("2026-05-15", "2026-06-04", 23, True),
        ("2026-05-15", "2026-06-05", 0, False),
        ("2026-03-17", "2026-04-07", 23, True),  # day 20 is Easter Monday: the delay ends the day after (I-16)
        ("2026-03-17", "2026-04-08", 0, False),
    ],
)
def test_an_access_request_is_extended_before_its_delay_ends(received: str, day: str, hour: int, *, goes: bool) -> None:
    """POL-23, A-2.1 art. 47."""
    extended = given(REQUEST, [on(received, WRITTEN)]).when(record(EXTENDED, day, hour))
    if goes:
        extended.then(EXTENDED).when(record(EXTENDED, day, hour)).then_refused(ExtensionError)
    else:
        extended.then_refused(ExtensionError)


LIMIT = town("2026-06-13", 0)
"""By when a complaint is to be answered (exclusive)."""


@pytest.mark.parametrize(
    ("extension", "at", "goes"),
    [
        (WITH_REASON, town("2026-06-12", 23, 59), True),
        (WITH_REASON, LIMIT, False),  # too late
        (EXTENDED, town("2026-06-01"), False),  # without a reason
        (make(RequestExtended, days=3, sealed=RequestReceived.EXAMPLE["sealed"]), town("2026-06-01"), True),
    ],
)
def test_a_complaint_is_extended_once_with_a_reason_before_its_limit(
    extension: RequestExtended, at: dt.datetime, *, goes: bool
) -> None:
    """POL-29."""
    extended = given(REQUEST, [on("2026-05-15", COMPLAINT)]).when(Extend(extension, at, limit_at=LIMIT))
    if goes:
        extended.then(extension).when(Extend(extension, at, limit_at=LIMIT)).then_refused(ExtensionError)
    else:
        extended.then_refused(ExtensionError)


@pytest.mark.parametrize("extension", [EXTENDED, WITH_REASON])
def test_nothing_else_is_extended(extension: RequestExtended) -> None:
    """POL-19, POL-23: a date is agreed on instead."""
    given(REQUEST, [on("2026-05-15", REPORT)]).when(record(extension, IN_TIME)).then_refused(ExtensionError)
    answered = [on("2026-05-15", COMPLAINT), on("2026-05-20", make(RequestAnswered))]
    given(REQUEST, answered).when(record(WITH_REASON, IN_TIME)).then_refused(NotNowError)


def test_a_complaint_is_extended_by_as_many_days_as_the_town_allows() -> None:
    """POL-29: `complaint_extension_days`."""
    complaint = [on("2026-05-15", COMPLAINT)]
    for most, days, goes in ((5, 5, True), (5, 6, False), (0, 1, False)):
        decider = request_decider(Rules(TORONTO, 30, most))
        extension = make(RequestExtended, days=days, sealed=RequestReceived.EXAMPLE["sealed"])
        said = given(decider, complaint).when(record(extension, IN_TIME))
        if goes:
            said.then(extension)
        else:
            said.then_refused(ExtensionError)


# -- review -----------------------------------------------------------------------------------------------------------

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
        ([AT_FIRST], LATE, False),  # made orally: decided as any, and never reviewed (art. 45)
        ([AT_FIRST, on(IN_TIME, REFUSED)], LATE, False),
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


# -- judged, and handed over ------------------------------------------------------------------------------------------


def test_a_person_says_once_that_a_request_is_admissible() -> None:
    """POL-05 to POL-09, POL-12: again after it was reopened."""
    by_criteria = make(RequestAdmitted)
    admitted = given(REQUEST, [on("2026-05-15", COMPLAINT)]).when(record(by_criteria, IN_TIME)).then(by_criteria)
    admitted.when(record(by_criteria, IN_TIME)).then_nothing()
    story = [on("2026-05-15", REPORT), *(on(IN_TIME, each) for each in (ADMITTED, make(RequestAnswered), CLOSED))]
    given(REQUEST, [*story, on(IN_TIME, REOPENED)]).when(record(ADMITTED, LATE)).then(ADMITTED)


def test_access_is_decided_and_not_judged_and_criteria_are_for_complaints() -> None:
    """POL-12, A-2.1 art. 47."""
    given(REQUEST, [RECEIVED_ON]).when(record(ADMITTED, IN_TIME)).then_refused(AdmissionError)
    report = given(REQUEST, [on("2026-05-15", REPORT)])
    report.when(record(make(RequestAdmitted), IN_TIME)).then_refused(AdmissionError)
    answered = [on("2026-05-15", REPORT), on(IN_TIME, make(RequestAnswered))]
    given(REQUEST, answered).when(record(ADMITTED, IN_TIME)).then_refused(NotNowError)


def test_work_is_handed_over_to_one_body_at_a_time_and_back() -> None:
    """POL-29."""
    out = given(REQUEST, [on("2026-05-15", REPORT)]).when(record(HANDED_OVER, IN_TIME)).then(HANDED_OVER)
    out.when(record(HANDED_OVER, LATE)).then_refused(HandingError)
    back = out.when(record(HANDED_BACK, LATE)).then(HANDED_BACK)
    back.when(record(HANDED_BACK, LATE)).then_refused(HandingError)
    back.when(record(HANDED_OVER, LATE)).then(HANDED_OVER)


@pytest.mark.parametrize("received", [WRITTEN, make(RequestReceived, confidential=True)])
def test_what_is_confidential_is_not_handed_over(received: RequestReceived) -> None:
    """POL-26."""
    given(REQUEST, [on("2026-05-15", received)]).when(record(HANDED_OVER, IN_TIME)).then_refused(HandingError)


def test_nothing_comes_back_of_a_record_that_was_voided() -> None:
    """POL-29."""
    story = [on("2026-05-15", REPORT), on(IN_TIME, HANDED_OVER), on(IN_TIME, VOIDED)]
    given(REQUEST, story).when(record(HANDED_BACK, LATE)).then_refused(NotNowError)


def test_a_body_is_expected_on_a_day_to_come() -> None:
    """POL-29."""
    passed = make(RequestHandedOver, expected_on="2026-05-27")
    given(REQUEST, [on("2026-05-15", REPORT)]).when(record(passed, IN_TIME)).then_refused(HandingError)


# -- in whatever order ------------------------------------------------------------------------------------------------

DAYS = st.integers(0, 80)
SAID: st.SearchStrategy[Event] = st.one_of(
    st.sampled_from(
        [
            *(CLASSIFIED, EXTENDED, GRANTED, PARTIAL, REFUSED, NO_DOCUMENT, OTHER_BODY, CLOSED, WITHDRAWN, REOPENED),
            *(IDENTIFIED, NOTIFIED, OBJECTS, CONSENTS, DECIDED, VOIDED),
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


@always(st.sampled_from([WRITTEN, ORAL]), st.lists(st.tuples(st.integers(0, 9), SAID), max_size=25))
@settings(max_examples=400, deadline=None)
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
        case RequestExtended():
            assert not any(isinstance(each, RequestExtended) for each in events)
            assert fact.occurred_at.date() <= dt.date(2026, 6, 4)
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

"""What may be done about an access request, step by step: a line for each rule, and whatever order at random."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pytest
from tests.intake.access_path.path import (
    CLASSIFIED,
    CLOSED,
    COMPLAINT,
    CONSENTS,
    DECIDED,
    EXTENDED,
    GRANTED,
    IDENTIFIED,
    IN_TIME,
    LATE,
    NO_DOCUMENT,
    NOTIFIED,
    OBJECTS,
    OTHER_BODY,
    PARTIAL,
    RECEIVED_ON,
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

from clic_chassis.scenario import given
from clic_contracts.event import (
    AccessClassified,
    Event,
    RequestAnswered,
    RequestExtended,
    RequestReceived,
    ThirdPartyAnswered,
    ThirdPartyIdentified,
    ThirdPartyNotified,
)
from clic_intake.core.access_rule import NotAccessError, ThirdPartyError
from clic_intake.core.request import Extend, request_decider
from clic_intake.core.rule import (
    AccessDecisionError,
    ExtensionError,
    NotNowError,
    Rules,
    UnknownRequestError,
)

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

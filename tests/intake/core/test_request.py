"""The life of a request, rule by rule, as given, when, then."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from tests.intake.core.story import (
    ACCESS,
    ACKNOWLEDGED,
    ANSWERED,
    AS_ANSWERED,
    AS_MERGED,
    AS_REFUSED,
    AS_WITHDRAWN,
    BACKLOG,
    COMPLETED,
    ERASED,
    EXTENDED,
    GRANTED,
    INCOMPLETE,
    MERGED,
    NOTED,
    RATED,
    RECEIVED,
    REFUSED_SENT,
    REFUSED_UNSENT,
    REOPENED,
    REQUEST,
    VOIDED,
    make,
    merge,
    record,
    town_time,
)

from clic_chassis.decider import Fact
from clic_chassis.scenario import NOON, SOMEBODY, given, recorded
from clic_contracts.event import (
    Event,
    InteractionRecorded,
    RequestAnswered,
    RequestIncomplete,
    RequestPromised,
    RequestReceived,
)
from clic_contracts.vocabulary import ClosingReason, Phase
from clic_intake.core.request import (
    Close,
    Finish,
    Record,
    Refuse,
    Register,
    Resume,
    Statement,
    stated,
)
from clic_intake.core.rule import (
    AccessDecisionError,
    BeforeReceptionError,
    ExtensionError,
    NotAnsweredError,
    NotNowError,
    PromiseError,
    ReopeningError,
    UnknownRequestError,
)


def close(reason: ClosingReason) -> Close:
    """Closing, at noon."""
    return Close(reason, NOON)


# -- registering ------------------------------------------------------------------------------------------------------


def test_a_request_is_registered_with_everything_that_the_judgement_adds() -> None:
    """POL-10: one decision, so that a request is never half registered."""
    facts = (Fact(RECEIVED, NOON), Fact(ACKNOWLEDGED, NOON))
    story = given(REQUEST).when(Register(facts)).then(RECEIVED, ACKNOWLEDGED)
    assert story.state.phase is Phase.IN_TREATMENT
    assert story.state.reference == RECEIVED.reference
    assert story.state.received_at == NOON


def test_a_request_is_registered_once() -> None:
    given(REQUEST, [RECEIVED]).when(Register((Fact(RECEIVED, NOON),))).then_nothing()


@pytest.mark.parametrize(
    "statement",
    [
        record(ANSWERED),
        close(ClosingReason.WITHDRAWN),
        Finish(ANSWERED, NOON),
        Resume(ANSWERED, REOPENED, NOON),
        Refuse(REFUSED_SENT, NOON),
    ],
)
def test_nothing_can_be_said_of_a_request_that_is_not_there(statement: Statement) -> None:
    given(REQUEST).when(statement).then_refused(UnknownRequestError)


def test_a_contact_that_opened_no_request_is_not_a_request() -> None:
    """Interactions have stories of their own in the same log."""
    given(REQUEST, [make(InteractionRecorded)]).when(record(ANSWERED)).then_refused(UnknownRequestError)


def test_nothing_happens_to_a_request_before_it_was_received() -> None:
    """A wrong year would stay in the log for ever."""
    given(REQUEST, [RECEIVED]).when(record(NOTED, NOON - dt.timedelta(days=365))).then_refused(BeforeReceptionError)


def test_clocks_may_differ_a_little() -> None:
    given(REQUEST, [RECEIVED]).when(record(NOTED, NOON - dt.timedelta(minutes=4))).then(NOTED)


@pytest.mark.parametrize(("received", "assumed"), [(BACKLOG, False), (RECEIVED, True)])
def test_older_records_and_assumed_instants_are_taken_as_they_are(received: Event, *, assumed: bool) -> None:
    year_before = NOON - dt.timedelta(days=365)
    given(REQUEST, [received]).when(record(NOTED, year_before, assumed=assumed)).then(NOTED)


# -- closing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("story", [[RECEIVED], [RECEIVED, ACKNOWLEDGED], [RECEIVED, INCOMPLETE, COMPLETED]])
def test_a_request_cannot_be_closed_before_it_is_answered(story: list[Event]) -> None:
    """POL-27."""
    given(REQUEST, story).when(close(ClosingReason.ANSWERED)).then_refused(NotAnsweredError)
    given(REQUEST, story).when(record(AS_ANSWERED)).then_refused(NotAnsweredError)


def test_an_answered_request_is_closed() -> None:
    """POL-27."""
    story = given(REQUEST, [RECEIVED]).when(record(ANSWERED)).then(ANSWERED)
    story = story.when(close(ClosingReason.ANSWERED)).then(AS_ANSWERED)
    assert story.state.phase is Phase.CLOSED


def test_answering_and_closing_in_one_outcome_records_both() -> None:
    given(REQUEST, [RECEIVED]).when(Finish(ANSWERED, NOON)).then(ANSWERED, AS_ANSWERED)


def test_a_withdrawn_request_is_closed_without_an_answer() -> None:
    """POL-27, first exception."""
    given(REQUEST, [RECEIVED]).when(close(ClosingReason.WITHDRAWN)).then(AS_WITHDRAWN)


def test_a_duplicate_is_closed_to_the_request_that_goes_on() -> None:
    """POL-27, second exception."""
    given(REQUEST, [RECEIVED, ACKNOWLEDGED]).when(merge()).then(MERGED, AS_MERGED)


def test_a_refusal_that_was_sent_closes_the_request() -> None:
    """POL-27, third exception; POL-07 to POL-09."""
    given(REQUEST, [RECEIVED]).when(Refuse(REFUSED_SENT, NOON)).then(REFUSED_SENT, AS_REFUSED)


def test_a_refusal_that_was_not_sent_waits_for_whoever_tells_the_citizen() -> None:
    """POL-27."""
    story = given(REQUEST, [RECEIVED]).when(Refuse(REFUSED_UNSENT, NOON)).then(REFUSED_UNSENT)
    story.when(close(ClosingReason.REFUSED)).then_refused(NotAnsweredError)
    story.when(Refuse(REFUSED_SENT, NOON)).then(REFUSED_SENT, AS_REFUSED)


@pytest.mark.parametrize("reason", [ClosingReason.MERGED, ClosingReason.REFUSED])
def test_a_reason_for_closing_has_to_be_true(reason: ClosingReason) -> None:
    """POL-27."""
    given(REQUEST, [RECEIVED]).when(close(reason)).then_refused(NotAnsweredError)


def test_a_reopened_request_has_to_be_answered_again() -> None:
    """POL-27, POL-39: an answer from before says nothing about what was asked since."""
    story = given(REQUEST, [RECEIVED, ANSWERED, AS_ANSWERED, REOPENED])
    story.when(close(ClosingReason.ANSWERED)).then_refused(NotAnsweredError)
    story.when(record(ANSWERED)).then(ANSWERED).when(close(ClosingReason.ANSWERED)).then(AS_ANSWERED)


@pytest.mark.parametrize(
    ("before", "reason"),
    [([MERGED, AS_MERGED], ClosingReason.MERGED), ([REFUSED_SENT, AS_REFUSED], ClosingReason.REFUSED)],
)
def test_an_exception_from_before_it_was_reopened_no_longer_closes(before: list[Event], reason: ClosingReason) -> None:
    """POL-27: a duplicate that turned out to be none needs its answer."""
    given(REQUEST, [RECEIVED, *before, REOPENED]).when(close(reason)).then_refused(NotAnsweredError)


# -- said twice, done once --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("story", "statement"),
    [
        ([RECEIVED, ACKNOWLEDGED], record(ACKNOWLEDGED)),
        ([RECEIVED, ANSWERED, AS_ANSWERED, REOPENED, ACKNOWLEDGED], record(ACKNOWLEDGED)),
        ([RECEIVED, ANSWERED, AS_ANSWERED], close(ClosingReason.ANSWERED)),
        ([RECEIVED, ANSWERED, AS_ANSWERED], Finish(ANSWERED, NOON)),
        ([RECEIVED, AS_WITHDRAWN], close(ClosingReason.WITHDRAWN)),
        ([RECEIVED, MERGED, AS_MERGED], merge()),
        ([RECEIVED, REFUSED_SENT, AS_REFUSED], Refuse(REFUSED_SENT, NOON)),
        ([RECEIVED, VOIDED], record(VOIDED)),
        ([RECEIVED, ERASED], record(ERASED)),
        ([RECEIVED], record(REOPENED)),
        ([RECEIVED, ANSWERED, AS_ANSWERED, REOPENED], record(REOPENED)),
        ([RECEIVED, ANSWERED, AS_ANSWERED, REOPENED], Resume(ANSWERED, REOPENED, NOON)),
    ],
)
def test_what_is_so_already_is_not_said_again(story: list[Event], statement: Statement) -> None:
    given(REQUEST, story).when(statement).then_nothing()


def test_an_earlier_acknowledgement_that_is_told_later_is_news() -> None:
    """POL-14: it may have been in time."""
    late = recorded(ACKNOWLEDGED, at=NOON + dt.timedelta(days=3))
    earlier = record(ACKNOWLEDGED, NOON + dt.timedelta(hours=1))
    story = given(REQUEST, [recorded(RECEIVED), late]).when(earlier).then(ACKNOWLEDGED)
    story.when(record(ACKNOWLEDGED, NOON + dt.timedelta(hours=2))).then_nothing()


@pytest.mark.parametrize(
    ("story", "statement"),
    [
        ([RECEIVED, AS_WITHDRAWN], Finish(ANSWERED, NOON)),
        ([RECEIVED, AS_WITHDRAWN], close(ClosingReason.ANSWERED)),
        ([RECEIVED, ANSWERED, AS_ANSWERED], Refuse(REFUSED_SENT, NOON)),
        ([RECEIVED, MERGED, AS_MERGED], merge(into=SOMEBODY)),
        ([RECEIVED, VOIDED], Finish(ANSWERED, NOON)),
        ([RECEIVED, VOIDED], record(REOPENED)),
        ([RECEIVED, VOIDED], Resume(ANSWERED, REOPENED, NOON)),
        ([RECEIVED, ANSWERED], record(REOPENED)),
        ([RECEIVED, ANSWERED, AS_ANSWERED], record(ANSWERED)),
        ([RECEIVED], record(RATED)),
        ([RECEIVED], record(RECEIVED)),
    ],
)
def test_what_the_phase_does_not_allow_is_refused_and_not_taken_for_done(
    story: list[Event], statement: Statement
) -> None:
    """Saying nothing would lose it in silence."""
    given(REQUEST, story).when(statement).then_refused(NotNowError)


# -- reopening --------------------------------------------------------------------------------------------------------

CLOSED_ON_2_MAY = [
    recorded(RECEIVED, at=town_time("2026-05-01T09:00")),
    recorded(ANSWERED, at=town_time("2026-05-02T23:30")),
    recorded(AS_ANSWERED, at=town_time("2026-05-02T23:30")),  # 3 May in UTC
]


def test_a_closed_request_is_reopened_until_the_end_of_the_last_day() -> None:
    """POL-39; 30 days after 2 May is 1 June, in the town."""
    given(REQUEST, CLOSED_ON_2_MAY).when(record(REOPENED, town_time("2026-06-01T23:59"))).then(REOPENED)


@pytest.mark.parametrize("statement", [Record, lambda event, at: Resume(ANSWERED, event, at)])
def test_a_closed_request_is_not_reopened_later(statement: Any) -> None:
    """POL-39; midnight in the town, whatever UTC says."""
    reopen = statement(REOPENED, town_time("2026-06-02T00:00"))
    given(REQUEST, CLOSED_ON_2_MAY).when(reopen).then_refused(ReopeningError)


def test_the_error_of_a_late_reopening_says_until_when_and_what_to_do() -> None:
    story = given(REQUEST, CLOSED_ON_2_MAY)
    with pytest.raises(ReopeningError, match=r"until 2026-06-01 \(30 days\): register a new request .* 2026-004217"):
        REQUEST.decide(record(REOPENED, town_time("2026-07-01T12:00")), story.state)


def test_older_records_may_tell_of_a_later_reopening() -> None:
    """It happened; that is no longer to be decided."""
    at = town_time("2027-06-02T00:00")
    given(REQUEST, [BACKLOG, ANSWERED, AS_ANSWERED]).when(record(REOPENED, at)).then(REOPENED)
    given(REQUEST, CLOSED_ON_2_MAY).when(record(REOPENED, at, assumed=True)).then(REOPENED)


def test_an_outcome_that_says_reopened_finishes_first_what_nobody_told_of() -> None:
    given(REQUEST, [BACKLOG]).when(Resume(ANSWERED, REOPENED, NOON)).then(ANSWERED, AS_ANSWERED, REOPENED)


@pytest.mark.parametrize("story", [[RECEIVED, REFUSED_UNSENT], [RECEIVED, ANSWERED, AS_ANSWERED]])
def test_an_outcome_that_says_reopened_only_reopens_what_was_finished(story: list[Event]) -> None:
    given(REQUEST, story).when(Resume(ANSWERED, REOPENED, NOON)).then(REOPENED)


# -- access to information --------------------------------------------------------------------------------------------


def test_the_answer_to_an_access_request_is_a_decision() -> None:
    """A-2.1 art. 47."""
    given(REQUEST, [ACCESS]).when(record(ANSWERED)).then_refused(AccessDecisionError)
    given(REQUEST, [ACCESS]).when(Finish(ANSWERED, NOON)).then_refused(AccessDecisionError)
    given(REQUEST, [ACCESS]).when(record(GRANTED)).then(GRANTED)


@pytest.mark.parametrize("outcome", ["refused", "partial"])
@pytest.mark.parametrize("lacking", [{"provisions": []}, {"sealed": None}])
def test_a_refusal_of_access_cites_the_provision_and_explains_it(outcome: str, lacking: dict[str, object]) -> None:
    """A-2.1 art. 50, 51; also in part."""
    whole = {"access_outcome": outcome, "provisions": ["art. 53"]}
    given(REQUEST, [ACCESS]).when(record(make(RequestAnswered, **whole))).then(make(RequestAnswered, **whole))
    wanting = make(RequestAnswered, **{**whole, **lacking})
    given(REQUEST, [ACCESS]).when(record(wanting)).then_refused(AccessDecisionError)


def test_only_an_access_request_has_an_outcome_of_access() -> None:
    given(REQUEST, [RECEIVED]).when(record(GRANTED)).then_refused(AccessDecisionError)


def test_older_records_need_not_say_how_access_was_decided() -> None:
    """It was decided in its time, and is taken as it is."""
    story = [make(RequestReceived, kind="access_to_information", origin="backlog")]
    given(REQUEST, story).when(Finish(ANSWERED, NOON)).then(ANSWERED, AS_ANSWERED)


ACCESS_LATE_IN_THE_EVENING = recorded(ACCESS, at=town_time("2026-03-10T23:30"))  # 11 March in UTC, before DST's end


def test_an_access_request_is_extended_until_the_end_of_day_20_in_the_town() -> None:
    """POL-23, A-2.1 art. 47: received on 10 March, whatever UTC says; day 20 is 30 March."""
    last = record(EXTENDED, town_time("2026-03-30T23:59"))
    given(REQUEST, [ACCESS_LATE_IN_THE_EVENING]).when(last).then(EXTENDED)


def test_an_extension_on_day_21_is_too_late() -> None:
    """POL-23, A-2.1 art. 47."""
    late = record(EXTENDED, town_time("2026-03-31T00:00"))
    given(REQUEST, [ACCESS_LATE_IN_THE_EVENING]).when(late).then_refused(ExtensionError)


def test_the_day_of_an_extension_is_the_towns_whatever_offset_it_is_written_with() -> None:
    """POL-23: 30 March in the town is 31 March in UTC."""
    last = record(EXTENDED, dt.datetime(2026, 3, 31, 3, 59, tzinfo=dt.UTC))
    given(REQUEST, [ACCESS_LATE_IN_THE_EVENING]).when(last).then(EXTENDED)


def test_an_access_request_is_extended_once() -> None:
    """POL-23, also after it was reopened."""
    given(REQUEST, [ACCESS, EXTENDED]).when(record(EXTENDED)).then_refused(ExtensionError)
    reopened = [ACCESS, EXTENDED, GRANTED, AS_ANSWERED, REOPENED]
    given(REQUEST, reopened).when(record(EXTENDED)).then_refused(ExtensionError)


def test_only_an_access_request_is_extended() -> None:
    """POL-23."""
    given(REQUEST, [RECEIVED]).when(record(EXTENDED)).then_refused(ExtensionError)


# -- the rest ---------------------------------------------------------------------------------------------------------


def test_a_date_is_agreed_for_today_or_later() -> None:
    """POL-19; the town's day: 02:00 UTC is still the evening before."""
    evening = dt.datetime(2026, 5, 16, 2, 0, tzinfo=dt.UTC)
    today = make(RequestPromised, due_on="2026-05-15")
    given(REQUEST, [RECEIVED]).when(record(today, evening)).then(today)
    yesterday = make(RequestPromised, due_on="2026-05-14")
    given(REQUEST, [RECEIVED]).when(record(yesterday, evening)).then_refused(PromiseError)


def test_what_was_missing_is_crossed_off_as_it_is_given() -> None:
    """POL-06."""
    asked = make(RequestIncomplete, missing=["name", "contact"])
    story = given(REQUEST, [RECEIVED, asked]).when(record(COMPLETED)).then(COMPLETED)
    assert [each.value for each in story.state.missing] == ["name"]


@pytest.mark.parametrize("before", [[], [ANSWERED, AS_ANSWERED], [VOIDED], [REFUSED_UNSENT]])
def test_the_file_takes_notes_in_every_phase(before: list[Event]) -> None:
    """POL-28."""
    given(REQUEST, [RECEIVED, *before]).when(record(NOTED)).then(NOTED)


def test_a_record_that_is_no_request_is_voided_for_good() -> None:
    story = given(REQUEST, [RECEIVED, ANSWERED, AS_ANSWERED]).when(record(VOIDED)).then(VOIDED)
    story.when(record(REOPENED)).then_refused(NotNowError)


def test_a_command_states_the_fact_that_it_is_about() -> None:
    """By it a repeated submission is compared with what was recorded."""
    assert stated(record(NOTED)) == (NOTED, NOON)
    assert stated(close(ClosingReason.WITHDRAWN)) == (AS_WITHDRAWN, NOON)
    assert stated(Finish(ANSWERED, NOON)) == (ANSWERED, NOON)
    assert stated(Resume(ANSWERED, REOPENED, NOON)) == (REOPENED, NOON)
    assert stated(Refuse(REFUSED_SENT, NOON)) == (REFUSED_SENT, NOON)

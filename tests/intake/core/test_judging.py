"""Who may refuse a request on what, and which request may go on for another, as given, when, then."""

from __future__ import annotations

import datetime as dt

import pytest
from tests.intake.core.story import (
    ACCESS,
    AGENT,
    ANSWERED,
    AS_ANSWERED,
    AS_MERGED,
    AS_REFUSED,
    BACKLOG,
    COMPLETED,
    ERASED,
    INCOMPLETE,
    MERGED,
    OTHER,
    RECEIVED,
    REFUSED_SENT,
    REOPENED,
    REQUEST,
    VOIDED,
    make,
    merge,
    of,
    record,
)

from clic_chassis.scenario import NOON, given
from clic_contracts.event import (
    Event,
    ExchangeAbusive,
    RequestAcknowledged,
    RequestAnswered,
    RequestIncomplete,
    RequestReceived,
    RequestRefused,
    RequestReopened,
)
from clic_contracts.vocabulary import Criterion
from clic_intake.core.request import Refuse
from clic_intake.core.rule import AbuseError, JudgementError, MergeError, NotNowError, ReopeningError

URGENT = make(RequestReceived, urgent=True, requester="partial")
VAGUE = make(RequestIncomplete, missing=["precision"])


def refusal(criterion: str, **changes: object) -> RequestRefused:
    """A refusal that was told."""
    refused: RequestRefused = make(RequestRefused, criterion=criterion, rule=None, turn_to=None, **changes)
    return refused


def refuse(refused: RequestRefused, by: str = AGENT) -> Refuse:
    return Refuse(refused, NOON, by=by)


# -- judging ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("criterion", ["unfounded", "before_courts"])
@pytest.mark.parametrize("by", ["rule:town-test", "publisher:telephonie", "service:intake", ""])
def test_only_a_person_refuses_for_lack_of_facts_or_because_of_the_courts(criterion: str, by: str) -> None:
    """POL-08, POL-09: never a rule alone, nor a system that says so."""
    told = refusal(criterion)
    given(REQUEST, [RECEIVED]).when(refuse(told, by)).then_refused(JudgementError)
    given(REQUEST, [RECEIVED]).when(record(told)).then_refused(JudgementError)
    given(REQUEST, [RECEIVED]).when(refuse(told)).then(told, AS_REFUSED)


def test_what_a_person_judged_is_sent_by_whatever_sends_letters() -> None:
    """POL-08, POL-27: the judgement is made once, and told later."""
    judged = refusal("unfounded", sent=None)
    story = given(REQUEST, [RECEIVED]).when(refuse(judged)).then(judged)
    story.when(refuse(refusal("before_courts"), "rule:letters")).then_refused(JudgementError)
    told = refusal("unfounded")
    story.when(refuse(told, "rule:letters")).then(told, AS_REFUSED)


def test_a_judgement_from_before_it_was_reopened_is_made_anew() -> None:
    """POL-08."""
    story = [RECEIVED, refusal("unfounded"), AS_REFUSED, REOPENED]
    given(REQUEST, story).when(refuse(refusal("unfounded"), "publisher:telephonie")).then_refused(JudgementError)


def test_what_is_before_the_courts_is_never_answered_by_the_desk() -> None:
    """POL-09: Services juridiques have it."""
    courts = refusal("before_courts", sent=None)
    given(REQUEST, [RECEIVED, courts]).when(record(ANSWERED)).then_refused(NotNowError)


@pytest.mark.parametrize("by", [AGENT, "publisher:telephonie", "rule:provincial_road"])
def test_anybody_may_point_outside_the_towns_competence_and_says_where_to_turn(by: str) -> None:
    """POL-07."""
    given(REQUEST, [RECEIVED]).when(refuse(REFUSED_SENT, by)).then(REFUSED_SENT, AS_REFUSED)
    given(REQUEST, [RECEIVED]).when(refuse(refusal("out_of_competence", sealed=None), by)).then_refused(JudgementError)
    explained = refusal("out_of_competence", sealed=REFUSED_EXPLAINED)
    given(REQUEST, [RECEIVED]).when(refuse(explained, by)).then(explained, AS_REFUSED)


REFUSED_EXPLAINED = RequestAnswered.EXAMPLE["sealed"]


def test_nothing_is_refused_as_incomplete_before_the_citizen_was_asked() -> None:
    """POL-06: the requester is asked, and may complete it."""
    told = refusal("incomplete")
    given(REQUEST, [RECEIVED]).when(refuse(told)).then_refused(JudgementError)
    given(REQUEST, [RECEIVED, INCOMPLETE]).when(refuse(told, "publisher:telephonie")).then(told, AS_REFUSED)
    given(REQUEST, [RECEIVED, INCOMPLETE, COMPLETED]).when(refuse(told)).then_refused(JudgementError)


def test_a_safety_report_is_not_refused_for_want_of_a_name() -> None:
    """POL-06: it is acted on, unless nobody can tell where."""
    told = refusal("incomplete")
    given(REQUEST, [URGENT, INCOMPLETE]).when(refuse(told)).then_refused(JudgementError)
    given(REQUEST, [URGENT, VAGUE]).when(refuse(told)).then(told, AS_REFUSED)


def test_a_safety_report_waits_for_nobody() -> None:
    """POL-06, POL-21: another request waits, as long as it is not answered."""
    assert of(RECEIVED, INCOMPLETE).waits_for_citizen
    assert not of(URGENT, INCOMPLETE).waits_for_citizen
    assert not of(RECEIVED, INCOMPLETE, COMPLETED).waits_for_citizen
    assert not of(RECEIVED, INCOMPLETE, ANSWERED).waits_for_citizen


def test_a_live_refusal_says_on_which_criterion() -> None:
    """POL-05 to POL-09: only older records may have lost it."""
    vague = refusal("unspecified")
    given(REQUEST, [RECEIVED]).when(refuse(vague)).then_refused(JudgementError)
    given(REQUEST, [BACKLOG]).when(refuse(vague, "publisher:archives")).then(vague, AS_REFUSED)


def test_older_records_were_judged_in_their_time() -> None:
    """POL-08."""
    for criterion in Criterion:
        told = refusal(criterion)
        given(REQUEST, [BACKLOG]).when(refuse(told, "publisher:archives")).then(told, AS_REFUSED)


def test_a_request_that_was_not_addressed_officially_is_refused() -> None:
    """POL-05."""
    told = refusal("not_official")
    given(REQUEST, [RECEIVED]).when(refuse(told)).then(told, AS_REFUSED)


# -- merging ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "other",
    [
        of(RECEIVED, MERGED, AS_MERGED),
        of(RECEIVED, ANSWERED),
        of(RECEIVED, ANSWERED, AS_ANSWERED),
        of(RECEIVED, REFUSED_SENT),
        of(RECEIVED, VOIDED),
        of(RECEIVED, ERASED),
        of(ACCESS),
        of(make(RequestReceived, confidential=True)),
        of(),
    ],
    ids=["merged", "answered", "closed", "refused", "voided", "erased", "access", "confidential", "nothing"],
)
def test_a_request_goes_on_for_a_duplicate_only_while_it_owes_an_answer_that_serves_both(other: object) -> None:
    """POL-27: no chains, no circles, and nobody waits for an answer that was given already."""
    given(REQUEST, [RECEIVED]).when(merge(other=other)).then_refused(MergeError)  # type: ignore[arg-type]  # Only states are listed.


@pytest.mark.parametrize("more", [[], [make(RequestAcknowledged)], [ANSWERED, AS_ANSWERED, REOPENED]])
def test_a_request_that_still_owes_its_answer_goes_on_for_a_duplicate(more: list[Event]) -> None:
    """POL-27, second exception."""
    given(REQUEST, [RECEIVED]).when(merge(other=of(RECEIVED, *more))).then(MERGED, AS_MERGED)


def test_a_request_that_others_were_joined_to_stays_the_one_that_goes_on() -> None:
    """POL-27: else theirs would wait for a request that is closed."""
    given(REQUEST, [RECEIVED]).when(merge(joined=1)).then_refused(MergeError)


def test_a_request_that_was_joined_itself_names_the_one_to_merge_into() -> None:
    """POL-27: an agent is told where to."""
    with pytest.raises(MergeError, match=f"itself joined to another request, {OTHER}: merge into that one"):
        REQUEST.decide(merge(other=of(RECEIVED, MERGED, AS_MERGED)), of(RECEIVED))


def test_a_merge_is_commanded_with_the_other_request_and_not_stated_as_a_fact() -> None:
    given(REQUEST, [RECEIVED]).when(record(MERGED)).then_refused(MergeError)


UNDONE = make(RequestReopened, reason="merged_in_error")


def test_a_merge_is_undone_at_any_time() -> None:
    """POL-39: the town's mistake has no limit."""
    years_later = NOON + dt.timedelta(days=1000)
    story = given(REQUEST, [RECEIVED, MERGED, AS_MERGED]).when(record(UNDONE, years_later)).then(UNDONE)
    assert (story.state.merged_into, story.state.closed_as) == (None, None)
    story.when(record(make(RequestReopened, reason="merged_in_error"))).then_nothing()
    story.when(merge(into=OTHER, at=years_later)).then(MERGED, AS_MERGED)


def test_a_merge_is_not_undone_once_nobody_could_be_answered() -> None:
    """POL-30."""
    given(REQUEST, [RECEIVED, MERGED, AS_MERGED, ERASED]).when(record(UNDONE)).then_refused(ReopeningError)


def test_only_a_merge_is_undone() -> None:
    """POL-39: the window holds for the rest."""
    given(REQUEST, [RECEIVED, ANSWERED, AS_ANSWERED]).when(record(UNDONE)).then_refused(ReopeningError)


# -- courtesy ---------------------------------------------------------------------------------------------------------


def test_an_exchange_is_marked_as_abusive_with_a_reason_and_the_request_is_treated_all_the_same() -> None:
    """POL-41."""
    before = given(REQUEST, [RECEIVED])
    after = before.when(record(ABUSIVE)).then(ABUSIVE)
    assert after.state == before.state
    after.when(record(ANSWERED)).then(ANSWERED)
    before.when(record(make(ExchangeAbusive, sealed=None))).then_refused(AbuseError)
    unexplained = make(ExchangeAbusive, sealed=None)
    given(REQUEST, [RECEIVED, ERASED]).when(record(unexplained)).then(unexplained)


ABUSIVE = make(ExchangeAbusive)

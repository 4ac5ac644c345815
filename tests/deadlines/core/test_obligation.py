"""What is owed, kept and lifted: each rule as given, when, then."""

from __future__ import annotations

import pytest
from tests.deadlines.desk import (
    ACCESS,
    ACKNOWLEDGE_DUE,
    ACKNOWLEDGED,
    ANSWERED,
    FRIDAY,
    POTHOLE_DUE,
    RECEIVED,
    Desk,
    Tell,
    at,
    make,
)

from clic_contracts.event import (
    Event,
    InteractionRecorded,
    ObligationMet,
    RequestClosed,
    RequestExtended,
    RequestIncomplete,
    RequestMerged,
    RequestPromised,
    RequestReceived,
    RequestRefused,
    RequestReopened,
    RequestVoided,
)
from clic_deadlines.core.standard import Rules

# -- setting ----------------------------------------------------------------------------------------------------


def test_a_request_is_to_be_acknowledged_and_answered(desk: Desk) -> None:
    """POL-13, POL-14, POL-29."""
    assert desk.hears(RECEIVED) == {"acknowledge-1": "open", "answer-1": "open"}
    assert at(ACKNOWLEDGE_DUE) == desk.terms("acknowledge-1").due_at
    assert at(POTHOLE_DUE) == desk.terms("answer-1").due_at
    assert (
        desk.terms("answer-1").rule.code,
        desk.terms("answer-1").calendar_version,
    ) == ("subject_pothole", "2026.1")


@pytest.mark.parametrize("channel", ["voicemail", "email", "messenger", "phone", "web_form"])
def test_whatever_the_channel_an_acknowledgement_is_due_at_the_end_of_the_next_business_day(
    desk: Desk, channel: str
) -> None:
    """POL-13 to POL-15: Messenger is treated like e-mail, and a voice-mail is called back."""
    desk.hears((make(RequestReceived, channel=channel), FRIDAY))
    assert at(ACKNOWLEDGE_DUE) == desk.terms("acknowledge-1").due_at


def test_an_obligation_occurs_when_the_request_was_received_not_when_it_was_recorded(desk: Desk) -> None:
    """History keeps its instants; an assumed one stays marked as assumed."""
    desk.hears((RECEIVED[0], FRIDAY + "?"))
    assert {(at(FRIDAY), True)} == {(fact.occurred_at, fact.time_assumed) for fact in desk.facts}


def test_an_access_request_is_to_be_decided_by_the_laws_limit(desk: Desk) -> None:
    """POL-22, A-2.1 art. 47, I-16 art. 52."""
    assert desk.hears(ACCESS) == {"acknowledge-1": "open", "decide_access-1": "open"}
    assert at("2026-04-08T00:00") == desk.terms("decide_access-1").due_at


def test_a_contact_that_opened_no_request_owes_nothing(desk: Desk) -> None:
    """POL-31: an interaction is counted, and that is all."""
    assert desk.hears((make(InteractionRecorded), FRIDAY)) == {}


def test_nothing_is_decided_twice(desk: Desk) -> None:
    """Said twice, done once."""
    story = (RECEIVED, (ACKNOWLEDGED, "2026-05-19T10:00"))
    desk.hears(*story)
    before = len(desk.facts)
    desk.hears(*story)
    assert before == len(desk.facts)


def test_the_terms_that_were_recorded_stand_when_the_towns_rules_change(rules: Rules, tell: Tell) -> None:
    """A past decision is not taken again under other rules."""
    desk = Desk(rules, tell)
    desk.hears(RECEIVED)
    hasty = rules.town.deadlines.model_copy(update={"acknowledge_within": {"hours": 1}})
    desk.rules = Rules(rules.town.model_copy(update={"deadlines": hasty}))
    desk.hears(RECEIVED, (ACKNOWLEDGED, "2026-05-19T10:00"))
    assert desk.met("acknowledge-1").in_time
    assert at(ACKNOWLEDGE_DUE) == desk.terms("acknowledge-1").due_at


# -- keeping ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("when", "in_time"), [("2026-05-19T23:59:59", True), ("2026-05-20T00:00", False)])
def test_an_acknowledgement_is_in_time_before_the_midnight_and_late_from_it_on(
    desk: Desk, when: str, *, in_time: bool
) -> None:
    """POL-13, POL-14."""
    desk.hears(RECEIVED, (ACKNOWLEDGED, when))
    assert (in_time, at(when)) == (desk.met("acknowledge-1").in_time, desk.met("acknowledge-1").met_at)
    assert [at(when)] == [fact.occurred_at for fact in desk.facts if isinstance(fact.event, ObligationMet)]


@pytest.mark.parametrize(
    "event",
    [ACKNOWLEDGED, make(RequestIncomplete), make(RequestRefused), ANSWERED],
    ids=["acknowledged", "asked for what is missing", "refused", "answered"],
)
def test_whatever_told_the_citizen_first_keeps_the_acknowledgement(desk: Desk, event: Event) -> None:
    """POL-06, POL-13, POL-27."""
    assert desk.hears(RECEIVED, (event, "2026-05-19T09:00"))["acknowledge-1"] == "kept"


@pytest.mark.parametrize(
    "event", [make(RequestIncomplete, asked=None), make(RequestRefused, sent=None)], ids=["not asked", "not sent"]
)
def test_what_the_citizen_was_not_told_keeps_nothing(desk: Desk, event: Event) -> None:
    """POL-13."""
    assert desk.hears(RECEIVED, (event, "2026-05-19T09:00"))["acknowledge-1"] == "open"


def test_the_fact_that_occurred_first_counts_though_it_was_recorded_later(desk: Desk) -> None:
    """History is judged by when things happened."""
    late = (ACKNOWLEDGED, "2026-05-21T09:00")
    assert desk.hears(RECEIVED, late)["acknowledge-1"] == "kept late"
    earlier = (make(RequestIncomplete), "2026-05-18T09:00")
    assert desk.hears(RECEIVED, late, earlier)["acknowledge-1"] == "kept"
    assert at("2026-05-18T09:00") == desk.met("acknowledge-1").met_at


def test_an_answer_keeps_the_obligation_to_answer_in_time_or_late(desk: Desk, rules: Rules, tell: Tell) -> None:
    """POL-17, POL-29."""
    acknowledged = (ACKNOWLEDGED, "2026-05-15T16:25")
    closed = (make(RequestClosed), "2026-05-26T10:00")
    assert desk.hears(RECEIVED, acknowledged, (ANSWERED, "2026-05-25T23:00"))["answer-1"] == "kept"
    late = Desk(rules, tell).hears(RECEIVED, acknowledged, (ANSWERED, POTHOLE_DUE), closed)
    assert late == {"acknowledge-1": "kept", "answer-1": "kept late"}


def test_an_assumed_instant_keeps_an_obligation_and_says_that_it_is_assumed(desk: Desk) -> None:
    """Records without a date for the outcome take the creation's."""
    desk.hears(RECEIVED, (ANSWERED, FRIDAY + "?"))
    assert (desk.met("answer-1").in_time, desk.met("answer-1").assumed) == (True, True)


# -- lifting ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ([make(RequestClosed, reason="withdrawn")], "withdrawn"),
        ([make(RequestMerged), make(RequestClosed, reason="merged")], "merged"),
        ([make(RequestVoided)], "voided"),
    ],
)
def test_a_request_that_is_no_more_owes_nothing_more(desk: Desk, events: list[Event], reason: str) -> None:
    """POL-27."""
    story = [(event, "2026-05-19T09:00") for event in events]
    assert {"acknowledge-1": reason, "answer-1": reason} == desk.hears(RECEIVED, *story)


def test_what_was_kept_stays_kept_when_the_request_is_voided(desk: Desk) -> None:
    """POL-27: facts are not undone."""
    story = (RECEIVED, (ACKNOWLEDGED, "2026-05-19T09:00"), (make(RequestVoided), "2026-05-20T09:00"))
    assert desk.hears(*story) == {"acknowledge-1": "kept", "answer-1": "voided"}


def test_a_refusal_lifts_the_answer_and_counts_as_told_once_it_is_sent(desk: Desk) -> None:
    """POL-07, POL-27."""
    unsent = (make(RequestRefused, sent=None), "2026-05-18T09:00")
    assert desk.hears(RECEIVED, unsent) == {"acknowledge-1": "open", "answer-1": "refused"}
    sent = (make(RequestRefused), "2026-05-20T09:00")
    closed = (make(RequestClosed, reason="refused"), "2026-05-20T09:00")
    assert desk.hears(RECEIVED, unsent, sent, closed) == {"acknowledge-1": "kept late", "answer-1": "refused"}


# -- agreed dates -----------------------------------------------------------------------------------------------


def test_an_agreed_date_replaces_the_standard(desk: Desk) -> None:
    """POL-19."""
    promised = (make(RequestPromised, due_on="2026-06-12"), "2026-05-20T09:00")
    assert desk.hears(RECEIVED, promised) == {"acknowledge-1": "open", "answer-1": "replaced", "promise-1": "open"}
    assert at("2026-06-13T00:00") == desk.terms("promise-1").due_at
    assert at("2026-05-20T09:00") == desk.terms("promise-1").starts_at
    answered = (ANSWERED, "2026-06-12T16:00")
    assert desk.hears(RECEIVED, promised, answered)["promise-1"] == "kept"


@pytest.mark.parametrize("kind", ["request", "complaint"])
def test_neither_an_agreed_date_nor_an_extension_replaces_what_a_law_says(whole: Desk, kind: str) -> None:
    """POL-19 is over the town's standards; a permit has thirty days by law. What was agreed is owed beside it."""
    permit = (make(RequestReceived, subject="permit", kind=kind), FRIDAY)
    promised = (make(RequestPromised, due_on="2026-07-31"), "2026-05-20T09:00")
    extended = (make(RequestExtended), "2026-05-21T09:00")
    standing = whole.waits_until("2026-08-01T00:00", permit, promised, extended)
    assert (standing["answer-1"], standing["promise-1"]) == ("general_management", "person")
    assert "answer-2" not in standing


def test_a_later_agreed_date_replaces_an_earlier_one(desk: Desk) -> None:
    """POL-19."""
    story = (
        RECEIVED,
        (make(RequestPromised, due_on="2026-06-12"), "2026-05-20T09:00"),
        (make(RequestPromised, due_on="2026-06-19"), "2026-06-10T09:00"),
    )
    standing = desk.hears(*story)
    assert tuple(standing[each] for each in ("answer-1", "promise-1", "promise-2")) == ("replaced", "replaced", "open")


def test_agreeing_on_a_date_after_the_limit_does_not_undo_what_was_missed(desk: Desk) -> None:
    """POL-19, POL-29."""
    promised = (make(RequestPromised, due_on="2026-06-12"), "2026-05-28T09:00")
    standing = desk.hears(RECEIVED, promised)
    assert (standing["answer-1"], standing["promise-1"]) == ("open", "open")
    standing = desk.hears(RECEIVED, promised, (ANSWERED, "2026-06-10T09:00"))
    assert (standing["answer-1"], standing["promise-1"]) == ("kept late", "kept")


def test_an_agreed_date_never_replaces_the_law(desk: Desk) -> None:
    """POL-22: the limit of A-2.1 art. 47 is not the town's to agree away."""
    standing = desk.hears(ACCESS, (make(RequestPromised, due_on="2026-05-29"), "2026-03-20T09:00"))
    assert (standing["decide_access-1"], standing["promise-1"]) == ("open", "open")


# -- the extension ----------------------------------------------------------------------------------------------


def test_the_extension_moves_the_limit_to_day_thirty_from_reception(desk: Desk) -> None:
    """POL-23, A-2.1 art. 47: 17 March + 30 days is Thursday 16 April 2026."""
    standing = desk.hears(ACCESS, (make(RequestExtended), "2026-04-07T23:59"))
    assert (standing["decide_access-1"], standing["decide_access-2"]) == ("replaced", "open")
    assert at("2026-04-17T00:00") == desk.terms("decide_access-2").due_at
    assert at("2026-03-17T09:00") == desk.terms("decide_access-2").starts_at


def test_an_extension_after_the_limit_changes_nothing(desk: Desk) -> None:
    """POL-23: notified beforehand."""
    standing = desk.hears(ACCESS, (make(RequestExtended), "2026-04-08T00:00"))
    assert standing == {"acknowledge-1": "open", "decide_access-1": "open"}


def test_a_second_extension_changes_nothing(desk: Desk) -> None:
    """POL-23: one extension."""
    story = (ACCESS, (make(RequestExtended), "2026-04-01T09:00"), (make(RequestExtended), "2026-04-02T09:00"))
    assert {"acknowledge-1", "decide_access-1", "decide_access-2"} == set(desk.hears(*story))


# -- reopening --------------------------------------------------------------------------------------------------


def test_a_reopened_request_is_to_be_answered_again_from_then_on(desk: Desk) -> None:
    """POL-39."""
    story = (
        RECEIVED,
        (ACKNOWLEDGED, "2026-05-15T17:00"),
        (ANSWERED, "2026-05-20T09:00"),
        (make(RequestClosed), "2026-05-20T09:00"),
        (make(RequestReopened), "2026-06-01T09:00"),
    )
    assert desk.hears(*story) == {"acknowledge-1": "kept", "answer-1": "kept", "answer-2": "open"}
    assert at("2026-06-09T00:00") == desk.terms("answer-2").due_at
    again = (ANSWERED, "2026-06-09T09:00")
    assert desk.hears(*story, again) == {"acknowledge-1": "kept", "answer-1": "kept", "answer-2": "kept late"}
    assert at("2026-05-20T09:00") == desk.met("answer-1").met_at


def test_a_refusal_that_is_reopened_is_to_be_answered(desk: Desk) -> None:
    """POL-07, POL-39."""
    story = (RECEIVED, (make(RequestRefused), "2026-05-18T09:00"), (make(RequestReopened), "2026-05-20T09:00"))
    assert desk.hears(*story) == {"acknowledge-1": "kept", "answer-1": "refused", "answer-2": "open"}


# -- undone -----------------------------------------------------------------------------------------------------------

UNDONE = make(RequestReopened, reason="merged_in_error")
MERGED = (make(RequestMerged), "2026-05-18T09:00")


def test_a_merge_that_is_undone_leaves_a_request_with_obligations_of_its_own(desk: Desk) -> None:
    """POL-13, POL-27: whose citizen was never told is owed that, too."""
    story = (RECEIVED, MERGED, (make(RequestClosed, reason="merged"), "2026-05-18T09:00"))
    assert desk.hears(*story) == {"acknowledge-1": "merged", "answer-1": "merged"}
    undone = desk.hears(*story, (UNDONE, "2026-05-20T09:00"))
    assert undone == {"acknowledge-1": "merged", "answer-1": "merged", "answer-2": "open", "acknowledge-2": "open"}
    answered = desk.hears(*story, (UNDONE, "2026-05-20T09:00"), (ANSWERED, "2026-05-20T10:00"))
    assert (answered["acknowledge-2"], answered["answer-2"]) == ("kept", "kept")


def test_a_merge_that_is_undone_owes_no_acknowledgement_to_who_was_told(desk: Desk) -> None:
    """POL-13."""
    story = (RECEIVED, (ACKNOWLEDGED, "2026-05-15T16:25"), MERGED, (UNDONE, "2026-05-20T09:00"))
    assert desk.hears(*story) == {"acknowledge-1": "kept", "answer-1": "merged", "answer-2": "open"}

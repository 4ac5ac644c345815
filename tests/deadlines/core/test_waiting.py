"""A request waits for its citizen: what stands still then, and the time that the citizen has."""

from __future__ import annotations

import pytest
from tests.deadlines.desk import ACCESS, ANSWERED, FRIDAY, POTHOLE_DUE, RECEIVED, Desk, at, make

from clic_contracts.event import (
    Event,
    ObligationLapsed,
    ObligationMissed,
    ObligationPaused,
    ObligationRecounted,
    ObligationWarned,
    RequestClosed,
    RequestCompleted,
    RequestIncomplete,
    RequestPromised,
    RequestReceived,
    RequestRefused,
    RequestReopened,
)
from clic_deadlines.core.obligation import State

ASKED = make(RequestIncomplete)
GIVEN = make(RequestCompleted)
WEDNESDAY = (ASKED, "2026-05-20T10:00")
FRIDAY_AFTER = (GIVEN, "2026-05-22T09:00")

# -- standing still ---------------------------------------------------------------------------------------------------


def test_an_answer_stands_still_from_the_asking_to_the_reply(desk: Desk) -> None:
    """POL-06, POL-21: Tuesday 19 counts, Wednesday to Friday do not; four days more end with Thursday 28 May."""
    assert desk.hears(RECEIVED, WEDNESDAY)["answer-1"] == "paused"
    assert desk.told(ObligationPaused) == [("paused", at("2026-05-20T10:00"))]
    assert desk.hears(RECEIVED, WEDNESDAY, FRIDAY_AFTER)["answer-1"] == "open"
    assert desk.due("answer-1") == at("2026-05-29T00:00")
    assert desk.told(ObligationRecounted) == [("recounted", at("2026-05-22T09:00"))]
    due = desk.own.by_id["answer-1"].due
    assert [(step.first_on.day, step.last_on.day) for step in due.trace if step.why == "paused"] == [(20, 22)]
    assert desk.terms("answer-1").due_at == at(POTHOLE_DUE)


def test_nothing_is_looked_at_while_it_stands_still(desk: Desk) -> None:
    """POL-06: neither warned of nor missed, however long the citizen takes."""
    desk.hears(RECEIVED, WEDNESDAY)
    assert [each for each, _ in desk.alarms(RECEIVED, WEDNESDAY) if each == "answer-1"] == []
    assert desk.looks("answer-1", "2026-08-01T00:00", RECEIVED, WEDNESDAY)["answer-1"] == "paused"
    assert desk.state("answer-1", "2026-08-01T00:00") is State.PAUSED


@pytest.mark.parametrize(
    ("asked", "given", "due"),
    [
        ("2026-05-20T09:00", "2026-05-20T16:00", POTHOLE_DUE),  # within one day
        ("2026-05-20T09:00", "2026-05-21T08:00", "2026-05-28T00:00"),  # both days it touches
        ("2026-05-23T09:00", "2026-05-24T16:00", POTHOLE_DUE),  # a weekend
        ("2026-05-15T16:20", "2026-05-19T09:00", "2026-05-27T00:00"),  # from the reception on
        ("2026-05-25T23:59", "2026-06-01T09:00", "2026-06-03T00:00"),  # the last day is left
        ("2026-05-26T00:00", "2026-06-01T09:00", POTHOLE_DUE),  # past its limit: changes nothing
    ],
)
def test_days_that_a_pause_touches_do_not_count(desk: Desk, asked: str, given: str, due: str) -> None:
    """POL-06, POL-21."""
    desk.hears(RECEIVED, (ASKED, asked), (GIVEN, given))
    assert at(due) == desk.due("answer-1")


def test_several_pauses_add_up(desk: Desk) -> None:
    """POL-06: taken from history, not from a counter."""
    story = (RECEIVED, WEDNESDAY, FRIDAY_AFTER, (ASKED, "2026-05-25T10:00"), (GIVEN, "2026-05-26T10:00"))
    desk.hears(*story)
    assert desk.due("answer-1") == at("2026-06-02T00:00")
    assert len(desk.told(ObligationPaused, ObligationRecounted)) == 4


def test_hours_are_left_out_exactly(desk: Desk) -> None:
    """POL-06: four hours, of which forty minutes were waited."""
    leak = (make(RequestReceived, subject="water_leak"), "2026-05-19T10:00")
    desk.hears(leak, (ASKED, "2026-05-19T10:30"), (GIVEN, "2026-05-19T11:10"))
    assert desk.due("answer-1") == at("2026-05-19T14:40")


@pytest.mark.parametrize(
    ("received", "obligation_id"),
    [
        ((make(RequestReceived), FRIDAY), "acknowledge-1"),
        ((make(RequestReceived, urgent=True), FRIDAY), "answer-1"),
        ((make(RequestReceived, subject="permit"), FRIDAY), "answer-1"),
        (ACCESS, "decide_access-1"),
    ],
    ids=["an acknowledgement", "what is urgent", "a law's delay", "the decision on access"],
)
def test_what_the_law_or_urgency_sets_never_stands_still(
    whole: Desk, received: tuple[Event, str], obligation_id: str
) -> None:
    """POL-06, POL-22, A-2.1 art. 47: precision that is asked for does not stop the law's clock."""
    asked = (make(RequestIncomplete, missing=["precision"], asked=None), received[1])
    whole.hears(received, asked, (ASKED, received[1]))
    terms = whole.terms(obligation_id)
    assert (terms.stops_while_waiting, whole.own.by_id[obligation_id].paused_since) == (False, None)
    whole.hears(received, asked, (ASKED, received[1]), (GIVEN, "2026-06-25T09:00"))
    assert whole.due(obligation_id) == terms.due_at


def test_a_promise_does_not_stand_still(desk: Desk) -> None:
    """POL-19: the agreed day is the agreed day."""
    story = (RECEIVED, (make(RequestPromised, due_on="2026-06-12"), "2026-05-19T09:00"), WEDNESDAY)
    assert desk.hears(*story)["promise-1"] == "open"


def test_nobody_waits_for_who_was_not_asked(desk: Desk) -> None:
    """POL-06."""
    assert desk.hears(RECEIVED, (make(RequestIncomplete, asked=None), "2026-05-20T10:00"))["answer-1"] == "open"


def test_an_answer_while_it_stands_still_is_in_time(desk: Desk) -> None:
    """POL-06, POL-29: the limit that is told with it lies after the answer."""
    answered = (ANSWERED, "2026-06-10T10:00")
    desk.hears(RECEIVED, WEDNESDAY)
    assert desk.hears(RECEIVED, WEDNESDAY, answered)["answer-1"] == "kept"
    assert desk.due("answer-1") > desk.met("answer-1").met_at == at("2026-06-10T10:00")


def test_what_stood_still_is_judged_by_its_new_limit(desk: Desk) -> None:
    """POL-29."""
    story = (RECEIVED, WEDNESDAY, FRIDAY_AFTER)
    assert desk.hears(*story, (ANSWERED, "2026-05-28T23:59"))["answer-1"] == "kept"
    assert desk.hears(*story, (ANSWERED, "2026-05-28T23:59"))["acknowledge-1"] == "kept late"


def test_a_limit_that_runs_again_is_warned_of_and_missed_once_each(desk: Desk) -> None:
    """POL-29: by its new limit; at once, where the share had passed before it stood still."""
    monday = (ASKED, "2026-05-25T10:00")
    desk.waits_until("2026-05-25T09:00", RECEIVED)
    assert desk.standing["answer-1"] == "warned"
    given = (GIVEN, "2026-05-27T10:00")
    desk.waits_until("2026-06-30T00:00", RECEIVED, monday, given)
    warned = [desk.terms("answer-1").warn_at, at("2026-05-27T10:00")]
    assert [when for _, when in desk.told(ObligationWarned)][-2:] == warned
    assert desk.due("answer-1") == at("2026-05-29T00:00")
    assert [when for _, when in desk.told(ObligationMissed)][-1] == at("2026-05-29T00:00")
    assert desk.alarms(RECEIVED, monday, given) == []


def test_what_is_late_when_the_citizen_is_asked_stays_late(desk: Desk) -> None:
    """POL-06, POL-29: waiting does not undo a missed limit, nor hide it."""
    asked = (ASKED, "2026-05-26T00:00")
    assert desk.waits_until("2026-05-27T00:00", RECEIVED, asked)["answer-1"] == "missed"
    assert desk.state("answer-1", "2026-05-27T00:00") is State.MISSED
    assert ("paused", at("2026-05-26T00:00")) not in desk.told(ObligationPaused)


def test_a_date_that_is_agreed_while_it_stands_still_replaces_it(desk: Desk) -> None:
    """POL-19: nothing was late, whatever the calendar says meanwhile."""
    story = (RECEIVED, WEDNESDAY, (make(RequestPromised, due_on="2026-06-30"), "2026-06-10T09:00"))
    assert desk.hears(*story)["answer-1"] == "replaced"


def test_an_answer_ends_the_waiting(desk: Desk) -> None:
    """POL-39: what is reopened afterwards runs."""
    story = (RECEIVED, WEDNESDAY, (ANSWERED, "2026-05-25T09:00"), (make(RequestClosed), "2026-05-25T09:00"))
    assert desk.hears(*story, (make(RequestReopened), "2026-05-26T09:00"))["answer-2"] == "open"


def test_a_reopened_request_does_not_wait_for_what_was_asked_before(desk: Desk) -> None:
    """POL-39."""
    story = (RECEIVED, WEDNESDAY, (make(RequestClosed, reason="withdrawn"), "2026-05-25T09:00"))
    assert desk.hears(*story)["answer-1"] == "withdrawn"
    assert desk.hears(*story, (make(RequestReopened), "2026-05-26T09:00"))["answer-2"] == "open"


# -- known later ------------------------------------------------------------------------------------------------------


def test_a_reply_that_is_recorded_late_moves_the_limit_back_to_where_it_belongs(desk: Desk) -> None:
    """Judged by when things happened: an answer taken for one in time may prove late."""
    story = (RECEIVED, WEDNESDAY, (ANSWERED, "2026-06-10T10:00"))
    assert desk.hears(*story)["answer-1"] == "kept"
    assert desk.hears(*story, FRIDAY_AFTER)["answer-1"] == "kept late"
    assert desk.due("answer-1") == at("2026-05-29T00:00")


def test_a_pause_that_is_recorded_late_takes_back_what_was_missed(desk: Desk) -> None:
    """POL-29: the limit that was missed stands no more; the one that stands is missed in its turn."""
    desk.waits_until("2026-05-27T00:00", RECEIVED)
    assert desk.standing["answer-1"] == "missed"
    assert desk.hears(RECEIVED, WEDNESDAY, FRIDAY_AFTER)["answer-1"] == "open"
    assert desk.state("answer-1", "2026-05-27T00:00") is State.RUNNING
    assert desk.waits_until("2026-06-30T00:00", RECEIVED, WEDNESDAY, FRIDAY_AFTER)["answer-1"] == "missed"
    assert [when for _, when in desk.told(ObligationMissed)][1:] == [at(POTHOLE_DUE), at("2026-05-29T00:00")]


def test_an_asking_that_is_recorded_after_the_reply_is_a_pause_that_is_over(whole: Desk) -> None:
    """Judged by when things happened."""
    standing = whole.hears(RECEIVED, FRIDAY_AFTER, WEDNESDAY)
    assert (standing["answer-1"], standing["citizen_reply-1"]) == ("open", "kept")
    assert whole.due("answer-1") == at("2026-05-29T00:00")


def test_an_answer_from_before_the_asking_leaves_no_pause(desk: Desk) -> None:
    """What was recorded of a pause that never was is corrected."""
    desk.hears(RECEIVED, WEDNESDAY, FRIDAY_AFTER, (ANSWERED, "2026-05-27T09:00"))
    desk.hears(RECEIVED, WEDNESDAY, FRIDAY_AFTER, (ANSWERED, "2026-05-27T09:00"), (ANSWERED, "2026-05-19T09:00"))
    assert desk.due("answer-1") == at(POTHOLE_DUE)
    assert desk.met("answer-1").met_at == at("2026-05-19T09:00")
    last = [fact.event for fact in desk.facts if isinstance(fact.event, ObligationRecounted)][-1]
    assert last.because.value == "later_known"


# -- the citizen's own time -------------------------------------------------------------------------------------------


def test_who_is_asked_has_a_delay_of_their_own_and_is_reminded_in_it(whole: Desk) -> None:
    """POL-06, POL-21: a reminder after 10 business days, the end after 20; it is never missed."""
    standing = whole.waits_until("2026-06-04T00:00", RECEIVED, WEDNESDAY)
    assert standing["citizen_reply-1"] == "warned"
    assert ("warned", at("2026-06-04T00:00")) in whole.told(ObligationWarned)
    assert whole.due("citizen_reply-1") == at("2026-06-18T00:00")
    assert whole.waits_until("2026-12-31T00:00", RECEIVED, WEDNESDAY)["citizen_reply-1"] == "lapsed"
    assert whole.told(ObligationLapsed) == [("lapsed", at("2026-06-18T00:00"))]


@pytest.mark.parametrize(
    ("event", "when", "standing"),
    [
        (GIVEN, "2026-06-17T23:59", "kept"),
        (GIVEN, "2026-06-18T00:00", "lapsed"),
        (ANSWERED, "2026-06-01T09:00", "replaced"),
        (ANSWERED, "2026-06-18T00:00", "lapsed"),
        (make(RequestRefused, criterion="incomplete"), "2026-06-01T09:00", "refused"),
        (make(RequestClosed, reason="withdrawn"), "2026-06-01T09:00", "withdrawn"),
        (ASKED, "2026-06-01T09:00", "replaced"),
    ],
)
def test_the_citizens_own_time_ends_in_one_way(whole: Desk, event: Event, when: str, standing: str) -> None:
    """POL-06: used, over, or needed no more."""
    assert whole.hears(RECEIVED, WEDNESDAY, (event, when))["citizen_reply-1"] == standing


def test_nobody_of_an_older_systems_records_is_reminded(whole: Desk) -> None:
    """POL-29."""
    backlog = (make(RequestReceived, origin="backlog"), FRIDAY)
    whole.waits_until("2026-12-31T00:00", backlog, WEDNESDAY)
    assert whole.told(ObligationWarned) == []
    assert whole.standing["citizen_reply-1"] == "lapsed"

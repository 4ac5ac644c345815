"""What is warned of and missed: each rule as given, when, then."""

from __future__ import annotations

from tests.deadlines.desk import ACKNOWLEDGE_DUE, ACKNOWLEDGED, ANSWERED, FRIDAY, POTHOLE_DUE, RECEIVED, Desk, at, make

from clic_contracts.event import (
    ObligationLifted,
    ObligationMissed,
    ObligationWarned,
    RequestClosed,
    RequestReceived,
)


def test_a_warning_is_given_when_its_share_of_the_delay_has_passed(desk: Desk) -> None:
    """POL-29: at 75 % of the delay, and it occurs then, whenever the timer fires."""
    desk.hears(RECEIVED)
    warn_at = desk.terms("answer-1").warn_at
    assert at(FRIDAY) + 0.75 * (at(POTHOLE_DUE) - at(FRIDAY)) == warn_at
    assert desk.looks("answer-1", "2026-05-24T12:00", RECEIVED)["answer-1"] == "warned"
    assert isinstance(desk.facts[-1].event, ObligationWarned)
    assert warn_at == desk.facts[-1].occurred_at


def test_no_warning_is_given_too_early_twice_or_past_the_limit(desk: Desk) -> None:
    """POL-29: past its limit an obligation is missed, not at risk."""
    desk.hears(RECEIVED)
    assert desk.looks("answer-1", "2026-05-20T09:00", RECEIVED)["answer-1"] == "open"
    desk.looks("answer-1", "2026-05-25T12:00", RECEIVED)
    desk.looks("answer-1", "2026-05-25T13:00", RECEIVED)
    assert sum(isinstance(fact.event, ObligationWarned) for fact in desk.facts) == 1
    assert desk.looks("acknowledge-1", ACKNOWLEDGE_DUE, RECEIVED)["acknowledge-1"] == "missed"
    assert sum(isinstance(fact.event, ObligationWarned) for fact in desk.facts) == 1


def test_a_limit_that_passed_is_missed_at_its_instant_and_once(desk: Desk) -> None:
    """POL-29."""
    desk.hears(RECEIVED)
    assert desk.looks("answer-1", "2026-05-25T23:59:59", RECEIVED)["answer-1"] == "warned"
    assert desk.looks("answer-1", "2026-05-26T00:00:07", RECEIVED)["answer-1"] == "missed"
    desk.looks("answer-1", "2026-05-27T00:00", RECEIVED)
    missed = [fact.occurred_at for fact in desk.facts if isinstance(fact.event, ObligationMissed)]
    assert [at(POTHOLE_DUE)] == missed


def test_what_was_answered_in_time_is_not_called_missed_though_nobody_had_heard_of_it(desk: Desk) -> None:
    """A timer reads intake's story again before it says that something was missed."""
    desk.hears(RECEIVED)
    answered = (ANSWERED, "2026-05-25T16:00")
    assert desk.looks("answer-1", "2026-05-28T00:00", RECEIVED, answered)["answer-1"] == "kept"
    assert not any(isinstance(fact.event, ObligationMissed) for fact in desk.facts)


def test_a_fact_from_before_the_limit_corrects_what_was_called_missed(desk: Desk) -> None:
    """`missed` says what was known when the limit passed."""
    desk.hears(RECEIVED)
    desk.looks("answer-1", POTHOLE_DUE, RECEIVED)
    assert desk.hears(RECEIVED, (ANSWERED, "2026-05-25T16:00"))["answer-1"] == "kept"


def test_what_is_lifted_is_neither_warned_of_nor_missed(desk: Desk) -> None:
    """POL-27."""
    withdrawn = (make(RequestClosed, reason="withdrawn"), "2026-05-19T09:00")
    desk.hears(RECEIVED, withdrawn)
    desk.looks("answer-1", "2026-05-25T12:00", RECEIVED, withdrawn)
    desk.looks("answer-1", POTHOLE_DUE, RECEIVED, withdrawn)
    assert desk.standing == {"acknowledge-1": "withdrawn", "answer-1": "withdrawn"}
    assert sum(isinstance(fact.event, ObligationLifted) for fact in desk.facts) == 2


def test_alarms_stand_for_what_is_open_and_nobody_is_warned_of_an_older_systems_records(desk: Desk) -> None:
    """POL-29: a backlog is judged, not chased."""
    acknowledged = (ACKNOWLEDGED, "2026-05-19T09:00")
    desk.hears(RECEIVED, acknowledged)
    assert desk.alarms(RECEIVED) == [("answer-1", desk.terms("answer-1").warn_at)]
    backlog = (make(RequestReceived, origin="backlog"), FRIDAY)
    assert desk.alarms(backlog) == [("answer-1", at(POTHOLE_DUE))]
    desk.looks("answer-1", "2026-05-25T12:00", RECEIVED, acknowledged)
    assert desk.alarms(RECEIVED) == [("answer-1", at(POTHOLE_DUE))]
    desk.looks("answer-1", POTHOLE_DUE, RECEIVED, acknowledged)
    assert desk.alarms(RECEIVED) == []
    desk.hears(RECEIVED, acknowledged, (ANSWERED, "2026-05-26T09:00"))
    assert desk.alarms(RECEIVED) == []

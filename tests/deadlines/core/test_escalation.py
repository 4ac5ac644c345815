"""Who is told that a limit is not kept: step by step, once each, never before it was missed."""

from __future__ import annotations

import pytest
from tests.deadlines.desk import (
    ACCESS,
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
    AccessDeemedRefused,
    ObligationEscalated,
    ObligationMissed,
    ObligationWarned,
    RequestClosed,
    RequestCompleted,
    RequestIncomplete,
    RequestReceived,
)
from clic_contracts.town import Town
from clic_contracts.vocabulary import Escalation
from clic_deadlines.core.standard import Rules

STORY = (RECEIVED, (ACKNOWLEDGED, "2026-05-19T09:00"))
PASSED = ("missed", at(POTHOLE_DUE))
PERSON = ("escalated", at(POTHOLE_DUE))
HEAD = ("escalated", at("2026-05-28T00:00"))
"""The limit is Monday 25 May; two business days after it end with Wednesday 27."""
GENERAL = ("escalated", at("2026-06-02T00:00"))


def test_a_limit_that_is_not_kept_goes_up_step_by_step(whole: Desk) -> None:
    """POL-29, C-19 art. 113."""
    whole.waits_until("2026-12-31T00:00", *STORY)
    assert whole.told(ObligationMissed, ObligationEscalated) == [PASSED, PERSON, HEAD, GENERAL]
    steps = [fact.event for fact in whole.facts if isinstance(fact.event, ObligationEscalated)]
    assert [(each.step, each.to) for each in steps] == [
        (1, Escalation.PERSON),
        (2, Escalation.HEAD),
        (3, Escalation.GENERAL_MANAGEMENT),
    ]
    assert whole.alarms(*STORY) == []


def test_each_step_has_its_alarm(whole: Desk) -> None:
    """POL-29: one instant after the other."""
    whole.hears(*STORY)
    for instant in (whole.terms("answer-1").warn_at, at(POTHOLE_DUE), HEAD[1], GENERAL[1]):
        assert [("answer-1", instant)] == whole.alarms(*STORY)
        whole.looks("answer-1", instant.replace(tzinfo=None).isoformat(), *STORY)
    assert whole.alarms(*STORY) == []


@pytest.mark.parametrize(
    ("looked_at", "said"),
    [
        (POTHOLE_DUE, [PASSED, PERSON]),
        ("2026-05-27T23:59", [PASSED, PERSON]),
        ("2026-05-28T00:00", [PASSED, PERSON, HEAD]),
        ("2026-08-01T00:00", [PASSED, PERSON, HEAD, GENERAL]),
    ],
)
def test_what_an_outage_held_up_is_decided_at_once_and_in_order(
    whole: Desk, looked_at: str, said: list[tuple[str, object]]
) -> None:
    """POL-29: each occurred when it was due; a warning comes no more once the limit has passed."""
    whole.hears(*STORY)
    whole.looks("answer-1", looked_at, *STORY)
    assert said == whole.told(ObligationWarned, ObligationMissed, ObligationEscalated)
    whole.looks("answer-1", looked_at, *STORY)
    assert said == whole.told(ObligationWarned, ObligationMissed, ObligationEscalated)


def test_what_ends_meanwhile_goes_no_further_up(whole: Desk) -> None:
    """POL-29: answered late, after the head was told."""
    whole.waits_until("2026-05-28T09:00", *STORY)
    answered = (ANSWERED, "2026-05-28T10:00")
    assert whole.waits_until("2026-12-31T00:00", *STORY, answered)["answer-1"] == "kept late"
    assert whole.told(ObligationEscalated) == [PERSON, HEAD]
    assert whole.own.by_id["answer-1"].escalated_to is Escalation.HEAD


def test_a_limit_that_moves_goes_up_again_from_the_first_step(whole: Desk) -> None:
    """Once each per limit: the one that stood before is history."""
    whole.waits_until("2026-05-28T09:00", *STORY)
    pause = ((make(RequestIncomplete), "2026-05-20T10:00"), (make(RequestCompleted), "2026-05-22T10:00"))
    assert whole.hears(*STORY, *pause)["answer-1"] == "open"
    whole.waits_until("2026-05-29T00:00", *STORY, *pause)
    assert whole.told(ObligationEscalated)[2:] == [("escalated", at("2026-05-29T00:00"))]


def test_nothing_of_an_older_systems_records_goes_up(whole: Desk) -> None:
    """POL-29: a backlog is judged, not chased."""
    backlog = (make(RequestReceived, origin="backlog"), FRIDAY)
    standing = whole.waits_until("2026-12-31T00:00", backlog)
    assert standing == {"acknowledge-1": "missed", "answer-1": "missed"}
    assert whole.told(ObligationEscalated) == []


def test_a_town_without_a_chain_tells_that_it_was_missed_and_nothing_else(desk: Desk) -> None:
    """POL-29."""
    desk.waits_until("2026-12-31T00:00", *STORY)
    assert desk.told(ObligationMissed, ObligationEscalated) == [PASSED]


def test_silence_on_access_goes_up_beside_its_consequence_in_law(whole: Desk) -> None:
    """A-2.1 art. 52, POL-29: in one commit, in order."""
    whole.hears(ACCESS)
    before = len(whole.facts)
    whole.looks("decide_access-1", "2026-04-08T00:00", ACCESS)
    assert [type(fact.event) for fact in whole.facts[before:]] == [
        ObligationMissed,
        AccessDeemedRefused,
        ObligationEscalated,
    ]


def test_a_chain_whose_steps_are_not_in_order_of_time_still_goes_up_in_order(whole_town: Town, tell: Tell) -> None:
    """No step before the one below it; hours are counted from the limit itself."""
    document = whole_town.model_dump(mode="json")
    document["deadlines"]["escalation"] = [
        {"to": "person", "after": {"hours": 30}},
        {"to": "head", "after": {"hours": 1}},
    ]
    desk = Desk(Rules(Town.model_validate(document)), tell)
    desk.waits_until("2026-12-31T00:00", *STORY)
    assert [when for _, when in desk.told(ObligationEscalated)] == [at("2026-05-27T06:00")] * 2


def test_what_is_withdrawn_after_its_limit_goes_no_further(whole: Desk) -> None:
    """POL-27."""
    withdrawn = (make(RequestClosed, reason="withdrawn"), "2026-05-27T10:00")
    whole.waits_until("2026-05-26T09:00", *STORY)
    whole.waits_until("2026-12-31T00:00", *STORY, withdrawn)
    assert whole.told(ObligationEscalated) == [PERSON]

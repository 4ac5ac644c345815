"""What is owed beside the answer: judging, an outside body's work followed up, and a complaint's extension."""

from __future__ import annotations

import pytest
from tests.deadlines.desk import ACKNOWLEDGED, ANSWERED, FRIDAY, RECEIVED, Desk, at, make

from clic_contracts.event import (
    Event,
    ObligationMissed,
    ObligationSet,
    RequestAdmitted,
    RequestClosed,
    RequestCompleted,
    RequestExtended,
    RequestHandedBack,
    RequestHandedOver,
    RequestIncomplete,
    RequestMerged,
    RequestReceived,
    RequestRefused,
    RequestReopened,
    RequestVoided,
)
from clic_contracts.town import Town
from clic_deadlines.core.standard import Rules

COMPLAINT = (make(RequestReceived, kind="complaint", subject="other"), FRIDAY)

# -- judging ----------------------------------------------------------------------------------------------------------


def test_a_complaint_is_to_be_judged_by_a_person_within_two_business_days(whole: Desk) -> None:
    """POL-08, POL-12: Tuesday 19 and Wednesday 20 May."""
    assert whole.hears(COMPLAINT) == {"acknowledge-1": "open", "answer-1": "open", "judge-1": "open"}
    assert at("2026-05-21T00:00") == whole.due("judge-1")
    assert "judge-1" not in Desk(whole.rules, whole.tell).hears(RECEIVED)


@pytest.mark.parametrize(
    ("event", "standing"),
    [
        (make(RequestAdmitted), "kept"),
        (make(RequestRefused, sent=None), "kept"),
        (ANSWERED, "kept"),
        (ACKNOWLEDGED, "open"),
        (make(RequestIncomplete), "paused"),
        (make(RequestClosed, reason="withdrawn"), "withdrawn"),
        (make(RequestMerged), "merged"),
        (make(RequestVoided), "voided"),
    ],
)
def test_whoever_judges_keeps_it(whole: Desk, event: Event, standing: str) -> None:
    """POL-05 to POL-09: admitting, refusing and answering are judgements."""
    assert whole.hears(COMPLAINT, (event, "2026-05-20T16:00"))["judge-1"] == standing


def test_judging_stands_still_while_the_citizen_is_waited_for(whole: Desk) -> None:
    """POL-06."""
    asked = (make(RequestIncomplete), "2026-05-19T10:00")
    whole.hears(COMPLAINT, asked, (make(RequestCompleted), "2026-05-26T10:00"))
    assert at("2026-05-29T00:00") == whole.due("judge-1")


def test_a_merge_that_is_undone_leaves_a_complaint_to_be_judged_and_one_that_was_judged_is_not_again(
    whole: Desk,
) -> None:
    """POL-12."""
    undone = (make(RequestReopened, reason="merged_in_error"), "2026-05-20T09:00")
    merged = (make(RequestMerged), "2026-05-18T09:00")
    assert whole.hears(COMPLAINT, merged, undone)["judge-2"] == "open"
    admitted = (make(RequestAdmitted), "2026-05-16T09:00")
    assert "judge-2" not in Desk(whole.rules, whole.tell).hears(COMPLAINT, admitted, merged, undone)


def test_what_was_set_before_anybody_had_to_judge_is_not_to_be_judged_after_the_fact(rules: Rules, whole: Desk) -> None:
    """A rule of today sets nothing on what was recorded under yesterday's."""
    whole.rules, rules_of_today = rules, whole.rules
    whole.hears(COMPLAINT)
    whole.rules = rules_of_today
    reopened = (make(RequestReopened), "2026-05-26T09:00")
    closed = (make(RequestClosed, reason="withdrawn"), "2026-05-25T09:00")
    assert "judge-1" not in whole.hears(COMPLAINT)
    assert set(whole.hears(COMPLAINT, closed, reopened)) == {"acknowledge-1", "acknowledge-2", "answer-1", "answer-2"}


# -- an outside body's work -------------------------------------------------------------------------------------------

HANDED_OVER = make(RequestHandedOver, expected_on=None)


def test_work_that_was_handed_over_is_followed_up_by_the_agreed_day_or_the_towns_delay(whole: Desk) -> None:
    """POL-29: Thursday 21 May and ten business days; or the end of the agreed day."""
    story = (
        RECEIVED,
        (HANDED_OVER, "2026-05-21T10:00"),
        (make(RequestHandedOver, expected_on="2026-06-24"), "2026-05-22T10:00"),
    )
    assert {"outside_work-1", "outside_work-2", "acknowledge-1", "answer-1"} == set(whole.hears(*story))
    assert at("2026-06-05T00:00") == whole.due("outside_work-1")
    assert at("2026-06-25T00:00") == whole.due("outside_work-2")
    assert (
        whole.terms("outside_work-1").rule.code,
        whole.terms("outside_work-2").rule.code,
    ) == ("outside_work", "outside_work_agreed")


@pytest.mark.parametrize(
    ("event", "when", "standing"),
    [
        (make(RequestHandedBack), "2026-06-04T23:59", "kept"),
        (make(RequestHandedBack, done=False), "2026-06-04T23:59", "kept"),
        (make(RequestHandedBack), "2026-06-05T00:00", "kept late"),
        (ANSWERED, "2026-06-01T10:00", "kept"),
        (make(RequestRefused), "2026-06-01T10:00", "refused"),
        (make(RequestClosed, reason="withdrawn"), "2026-06-01T10:00", "withdrawn"),
    ],
)
def test_outside_work_ends_when_it_is_handed_back_or_answered(
    whole: Desk, event: Event, when: str, standing: str
) -> None:
    """POL-29."""
    assert whole.hears(RECEIVED, (HANDED_OVER, "2026-05-21T10:00"), (event, when))["outside_work-1"] == standing


def test_a_town_without_a_delay_for_outside_work_follows_up_agreed_days_alone(desk: Desk) -> None:
    """POL-29."""
    assert "outside_work-1" not in desk.hears(RECEIVED, (HANDED_OVER, "2026-05-21T10:00"))
    agreed = (make(RequestHandedOver), "2026-05-21T10:00")
    assert desk.hears(RECEIVED, (HANDED_OVER, "2026-05-21T10:00"), agreed)["outside_work-1"] == "open"


def test_outside_work_that_is_not_done_is_missed_and_the_town_still_answers(whole: Desk) -> None:
    """POL-29."""
    standing = whole.waits_until("2026-06-05T00:00", RECEIVED, (HANDED_OVER, "2026-05-21T10:00"))
    assert (standing["outside_work-1"], standing["answer-1"]) == ("person", "general_management")
    assert ("missed", at("2026-06-05T00:00")) in whole.told(ObligationMissed)


# -- a complaint's extension ------------------------------------------------------------------------------------------

EXTENDED = make(RequestExtended, days=10)
COMPLAINT_DUE = "2026-06-16T00:00"  # 20 business days


def test_a_complaint_is_extended_once_in_business_days_from_its_reception(whole: Desk) -> None:
    """20 and 10 business days, without Patriotes and the National Holiday: law.md, defaults."""
    whole.hears(COMPLAINT)
    assert at(COMPLAINT_DUE) == whole.due("answer-1")
    standing = whole.hears(COMPLAINT, (EXTENDED, "2026-06-15T23:59"))
    assert (standing["answer-1"], standing["answer-2"]) == ("replaced", "open")
    terms = whole.terms("answer-2")
    assert (at(FRIDAY), at("2026-07-01T00:00"), "complaint_extended") == (
        terms.starts_at,
        terms.due_at,
        terms.rule.code,
    )
    set_at = [fact.occurred_at for fact in whole.facts if isinstance(fact.event, ObligationSet)]
    assert set_at[-1] == at("2026-06-15T23:59")


@pytest.mark.parametrize(
    "extensions",
    [["2026-06-16T00:00"], ["2026-05-20T09:00", "2026-05-21T09:00"]],
    ids=["late", "twice"],
)
def test_a_late_or_second_extension_of_a_complaint_changes_nothing(whole: Desk, extensions: list[str]) -> None:
    """One, before the limit."""
    standing = whole.hears(COMPLAINT, *((EXTENDED, when) for when in extensions))
    assert [each for each in standing if each.startswith("answer")] == ["answer-1", "answer-2"][: len(extensions)]


def test_an_extension_keeps_the_pauses_of_the_complaint(whole: Desk) -> None:
    """POL-06: what the request waited before the extension stays left out."""
    story = (
        COMPLAINT,
        (make(RequestIncomplete), "2026-05-19T10:00"),
        (make(RequestCompleted), "2026-05-20T10:00"),
        (make(RequestExtended, days=5), "2026-06-10T09:00"),
    )
    assert whole.hears(*story)["answer-2"] == "open"
    assert at("2026-06-26T00:00") == whole.due("answer-2")


def test_no_more_than_the_town_allows_and_no_other_kind_is_extended(whole_town: Town, whole: Desk) -> None:
    """law.md, defaults: a complaint, ten business days at most."""
    assert "answer-2" not in whole.hears(RECEIVED, (EXTENDED, "2026-05-19T09:00"))
    deadlines = whole_town.deadlines.model_copy(update={"complaint_extension_days": 0})
    never = Desk(Rules(whole_town.model_copy(update={"deadlines": deadlines})), whole.tell)
    assert "answer-2" not in never.hears(COMPLAINT, (EXTENDED, "2026-05-19T09:00"))
    deadlines = whole_town.deadlines.model_copy(update={"complaint_extension_days": 3})
    shorter = Desk(Rules(whole_town.model_copy(update={"deadlines": deadlines})), whole.tell)
    shorter.hears(COMPLAINT, (EXTENDED, "2026-05-19T09:00"))
    within = shorter.terms("answer-2").within
    assert within is not None
    assert within.amount == 23


def test_a_complaint_with_a_standard_in_hours_is_extended_from_its_limit(whole: Desk) -> None:
    """Hours and business days do not add up: the extension is counted alone."""
    leak = (make(RequestReceived, kind="complaint", subject="water_leak"), "2026-05-19T10:00")
    whole.hears(leak, (make(RequestExtended, days=2), "2026-05-19T11:00"))
    assert at("2026-05-22T00:00") == whole.due("answer-2")

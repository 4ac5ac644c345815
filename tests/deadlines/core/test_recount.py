"""Another version of the calendar: what began counts on as it did, until somebody applies the change."""

from __future__ import annotations

import datetime as dt

from tests.deadlines.desk import (
    ACKNOWLEDGED,
    ANSWERED,
    POTHOLE_DUE,
    RECEIVED,
    TORONTO,
    Desk,
    Tell,
    at,
    make,
)

from clic_contracts.event import (
    Event,
    ObligationLifted,
    ObligationMet,
    ObligationRecounted,
    ObligationSet,
    RequestCompleted,
    RequestIncomplete,
    RequestPromised,
    RequestReceived,
    RequestRefused,
)
from clic_contracts.town import Town
from clic_contracts.vocabulary import RecountReason
from clic_deadlines.core.obligation import DECIDER, Obligations
from clic_deadlines.core.standard import Rules

CLOSED = {"first_on": "2026-05-21", "last_on": "2026-05-22", "why": {"fr": "Panne", "en": "Outage"}}
ACKNOWLEDGED_AT = (ACKNOWLEDGED, "2026-05-15T17:00")


def with_newer_calendar(town: Town, *, version: str = "2026.2", effective_on: str = "2026-05-20") -> Town:
    """The town, closed on Thursday 21 and Friday 22 May by a newer calendar."""
    before = town.calendar.model_dump(mode="json")
    newer = before | {"version": version, "effective_on": effective_on, "closings": [*before["closings"], CLOSED]}
    document = town.model_dump(mode="json") | {"calendar": newer, "earlier_calendars": [before]}
    return Town.model_validate(document)


def changed_in_place(town: Town) -> Town:
    """The same closing, written into the calendar that is in force."""
    document = town.model_dump(mode="json")
    document["calendar"]["closings"].append(CLOSED)
    return Town.model_validate(document)


def recounted(desk: Desk) -> list[ObligationRecounted]:
    """Each recount."""
    return [fact.event for fact in desk.facts if isinstance(fact.event, ObligationRecounted)]


def test_a_new_calendar_holds_for_what_begins_on_its_day_or_later(town: Town, tell: Tell) -> None:
    """What began before is counted as it was."""
    desk = Desk(Rules(with_newer_calendar(town)), tell)
    desk.hears(RECEIVED)
    assert (desk.due("answer-1"), desk.terms("answer-1").calendar_version) == (at(POTHOLE_DUE), "2026.1")
    other = Desk(desk.rules, tell)
    other.hears((RECEIVED[0], "2026-05-20T09:00"))
    assert (other.due("answer-1"), other.terms("answer-1").calendar_version) == (at("2026-05-30T00:00"), "2026.2")


def test_applying_a_calendar_moves_what_is_open_once_and_says_so(town: Town, desk: Desk, tell: Tell) -> None:
    """POL-29: Friday 15 and five business days without the two closed ones end with Wednesday 27 May."""
    desk.hears(RECEIVED, ACKNOWLEDGED_AT)
    desk.rules = Rules(with_newer_calendar(town))
    for _ in range(2):
        desk.recounts(desk.rules.calendar, "2026-05-20T12:00", RECEIVED, ACKNOWLEDGED_AT)
    [said] = recounted(desk)
    assert (said.obligation_id, said.because, said.calendar_version) == ("answer-1", RecountReason.CALENDAR, "2026.2")
    assert at("2026-05-28T00:00") == desk.due("answer-1") == said.due_at
    assert [("recounted", at("2026-05-20T12:00"))] == desk.told(ObligationRecounted)
    assert desk.hears(RECEIVED, ACKNOWLEDGED_AT, (ANSWERED, "2026-05-27T23:00"))["answer-1"] == "kept"


def test_a_calendar_that_was_changed_in_place_is_found_too(town: Town, desk: Desk) -> None:
    """The same version counts otherwise: applied once, it stands, whatever is heard after."""
    desk.hears(RECEIVED, ACKNOWLEDGED_AT)
    desk.rules = Rules(changed_in_place(town))
    for _ in range(2):
        desk.recounts(desk.rules.calendar, "2026-05-20T12:00", RECEIVED, ACKNOWLEDGED_AT)
    assert len(recounted(desk)) == 1
    desk.hears(RECEIVED, ACKNOWLEDGED_AT)
    assert at("2026-05-28T00:00") == desk.due("answer-1")


def test_what_is_over_late_or_the_laws_is_not_moved(town: Town, desk: Desk) -> None:
    """A missed limit stays missed; the law knows no closing; what was kept stays as it was."""
    access = (make(RequestReceived, kind="access_to_information"), "2026-05-15T09:00")
    desk.hears(access)
    desk.rules = Rules(with_newer_calendar(town))
    desk.recounts(desk.rules.calendar, "2026-05-20T12:00", access)
    due = desk.own.by_id["decide_access-1"].due
    assert [each.obligation_id for each in recounted(desk)] == ["decide_access-1"]
    assert (due.due_at, due.calendar_version) == (desk.terms("decide_access-1").due_at, "2026.2")


def test_a_pause_is_counted_by_the_calendar_that_the_terms_name(town: Town, desk: Desk) -> None:
    """POL-06: not by that of the day of the reply; by the applied one, once it was applied."""
    pause = ((make(RequestIncomplete), "2026-05-20T10:00"), (make(RequestCompleted), "2026-05-20T11:00"))
    longer = (*pause, (make(RequestIncomplete), "2026-05-25T10:00"), (make(RequestCompleted), "2026-05-26T10:00"))
    desk.hears(RECEIVED)
    desk.rules = Rules(with_newer_calendar(town))
    desk.hears(RECEIVED, *pause)
    assert (desk.due("answer-1"), desk.own.by_id["answer-1"].due.calendar_version) == (at(POTHOLE_DUE), "2026.1")
    desk.recounts(desk.rules.calendar, "2026-05-20T12:00", RECEIVED, *pause)
    desk.hears(RECEIVED, *longer)
    assert at("2026-05-30T00:00") == desk.due("answer-1")
    assert desk.own.by_id["answer-1"].due.calendar_version == "2026.2"


def test_a_version_that_the_town_has_no_more_is_counted_by_that_of_the_day_and_named(town: Town, desk: Desk) -> None:
    """The recount says by which calendar it counted."""
    desk.hears(RECEIVED)
    document = town.model_dump(mode="json")
    document["calendar"]["version"] = "another"
    desk.rules = Rules(Town.model_validate(document))
    desk.hears(RECEIVED, (make(RequestIncomplete), "2026-05-20T10:00"), (make(RequestCompleted), "2026-05-21T10:00"))
    assert desk.own.by_id["answer-1"].due.calendar_version == "another"
    assert at("2026-05-28T00:00") == desk.due("answer-1")


def test_what_stands_still_is_moved_and_goes_on_standing_still(town: Town, desk: Desk) -> None:
    """POL-06."""
    asked = (make(RequestIncomplete), "2026-05-20T10:00")
    desk.hears(RECEIVED, asked)
    desk.rules = Rules(with_newer_calendar(town))
    standing = desk.recounts(desk.rules.calendar, "2026-07-01T12:00", RECEIVED, asked)
    assert (standing["answer-1"], desk.due("answer-1")) == ("paused", at("2026-05-28T00:00"))
    desk.hears(RECEIVED, asked, (make(RequestCompleted), "2026-07-02T10:00"))
    assert desk.standing["answer-1"] == "open"


def test_an_agreed_day_stays_and_the_day_that_the_desk_works_to_moves(town: Town, desk: Desk) -> None:
    """POL-19."""
    story = (RECEIVED, ACKNOWLEDGED_AT, (make(RequestPromised, due_on="2026-05-22"), "2026-05-15T18:00"))
    desk.hears(*story)
    desk.rules = Rules(with_newer_calendar(town))
    desk.recounts(desk.rules.calendar, "2026-05-20T12:00", *story)
    due = desk.own.by_id["promise-1"].due
    assert (due.due_strict_on, due.due_prudent_on) == (dt.date(2026, 5, 22), dt.date(2026, 5, 20))


# -- what an older release recorded -----------------------------------------------------------------------------------


def as_older_release(desk: Desk, *story: tuple[Event, str]) -> None:
    """What a release recorded that knew neither pauses nor windows: what was set, met and lifted, no delay in it."""
    desk.hears(*story)
    said = [
        (
            fact.event.model_copy(update={"within": None, "stops_while_waiting": False})
            if isinstance(fact.event, ObligationSet)
            else fact.event,
            fact.occurred_at.astimezone(TORONTO).replace(tzinfo=None).isoformat(),
        )
        for fact in desk.facts
        if isinstance(fact.event, ObligationSet | ObligationMet | ObligationLifted)
        and fact.event.obligation.value in ("acknowledge", "answer", "decide_access")
    ]
    desk.own = DECIDER.fold(desk.tell(*said), Obligations())
    desk.facts.clear()


def test_what_an_older_release_recorded_gets_nothing_after_the_fact(whole: Desk) -> None:
    """Neither a judgement, nor a pause, nor a window of a decision that it knew of."""
    asked = (make(RequestIncomplete), "2026-03-18T10:00")
    for received in (
        (make(RequestReceived, kind="complaint", subject="other"), "2026-03-17T09:00"),
        (make(RequestReceived, kind="access_to_information", written=True), "2026-03-17T09:00"),
    ):
        for story in (
            (received, asked),
            (received, asked, (ANSWERED, "2026-04-09T10:00")),
            (received, asked, (make(RequestRefused), "2026-04-09T10:00")),
        ):
            desk = Desk(whole.rules, whole.tell)
            as_older_release(desk, *story)
            desk.hears(*story)
            assert desk.facts == []


def test_a_decision_that_comes_after_the_release_opens_its_review(whole: Desk) -> None:
    """POL-24: only what was decided before is left as it was."""
    received = (make(RequestReceived, kind="access_to_information", written=True), "2026-03-17T09:00")
    as_older_release(whole, received)
    assert whole.hears(received, (ANSWERED, "2026-03-27T10:00"))["review_window-1"] == "open"


def test_an_older_terms_delay_is_taken_from_the_rule_where_that_still_counts_to_its_limit(
    town: Town, desk: Desk
) -> None:
    """What was not recorded is not made up: with another standard of today it stays where it is."""
    as_older_release(desk, RECEIVED, ACKNOWLEDGED_AT)
    newer = with_newer_calendar(town)
    stricter = newer.model_dump(mode="json")
    stricter["subjects"][0]["answer_within"] = {"business_days": 3}
    desk.rules = Rules(Town.model_validate(stricter))
    desk.recounts(desk.rules.calendar, "2026-05-20T12:00", RECEIVED, ACKNOWLEDGED_AT)
    assert desk.facts == []
    desk.rules = Rules(newer)
    desk.recounts(desk.rules.calendar, "2026-05-20T12:00", RECEIVED, ACKNOWLEDGED_AT)
    assert at("2026-05-28T00:00") == desk.due("answer-1")
    assert [each.obligation_id for each in recounted(desk)] == ["answer-1"]

"""The law's limits of an access request: silence, review, third parties and their delays."""

from __future__ import annotations

import pytest
from tests.deadlines.desk import ACCESS, ANSWERED, Desk, at, make

from clic_contracts.event import (
    AccessDeemedRefused,
    Event,
    ObligationLapsed,
    ObligationMissed,
    ObligationSet,
    RequestAnswered,
    RequestClosed,
    RequestExtended,
    RequestReceived,
    RequestRefused,
    RequestReopened,
    RequestVoided,
    ReviewRequested,
    ThirdPartyAnswered,
    ThirdPartyIdentified,
    ThirdPartyNotified,
)

# Received on 17 March 2026: day 20 is Easter Monday, the limit Tuesday 7 April.
LIMIT = "2026-04-08T00:00"
WRITTEN = (make(RequestReceived, kind="access_to_information", subject=None, written=True), ACCESS[1])
REFUSED = make(RequestAnswered, access_outcome="refused", provisions=["A-2.1 art. 53"])
GRANTED = make(RequestAnswered, access_outcome="granted")


def review(requested_on: str) -> Event:
    """The citizen asked the Commission."""
    return make(ReviewRequested, requested_on=requested_on)


# -- silence ----------------------------------------------------------------------------------------------------------


def test_silence_at_the_limit_is_a_refusal_and_opens_review_while_the_town_must_still_answer(desk: Desk) -> None:
    """A-2.1 art. 52, 135; POL-24: 30 days from 7 April end on 7 May."""
    assert desk.waits_until("2026-04-07T23:59", WRITTEN)["decide_access-1"] == "warned"
    standing = desk.waits_until(LIMIT, WRITTEN)
    assert (standing["decide_access-1"], standing["review_window-1"]) == ("missed", "open")
    said = desk.told(ObligationMissed, AccessDeemedRefused, ObligationSet)[-3:]
    assert [("missed", at(LIMIT)), ("deemed_refused", at(LIMIT)), ("set", at(LIMIT))] == said
    window = desk.terms("review_window-1")
    assert (window.due_strict_on.isoformat(), window.rule.code) == ("2026-05-07", "review_after_expiry")
    assert desk.own.by_id["decide_access-1"].is_open


def test_an_oral_request_is_refused_by_silence_too_and_cannot_be_reviewed(desk: Desk) -> None:
    """POL-20, A-2.1 art. 45, 52."""
    standing = desk.waits_until("2026-07-01T00:00", ACCESS)
    assert standing == {"acknowledge-1": "missed", "decide_access-1": "missed"}
    assert desk.told(AccessDeemedRefused) == [("deemed_refused", at(LIMIT))]


def test_a_late_decision_opens_its_own_review_and_ends_that_of_the_silence(desk: Desk) -> None:
    """POL-24, A-2.1 art. 135."""
    late = (REFUSED, "2026-04-20T10:00")
    desk.waits_until("2026-04-10T00:00", WRITTEN)
    standing = desk.hears(WRITTEN, late)
    assert (standing["decide_access-1"], standing["review_window-1"], standing["review_window-2"]) == (
        "kept late",
        "replaced",
        "open",
    )
    assert desk.terms("review_window-2").due_strict_on.isoformat() == "2026-05-20"
    assert desk.terms("review_window-2").rule.code == "review_after_decision"


def test_silence_is_told_of_a_decision_that_was_late_when_it_is_first_heard_of(desk: Desk) -> None:
    """A-2.1 art. 52: what happened is the same whether somebody was looking or not."""
    late = (REFUSED, "2026-05-20T10:00")
    standing = desk.hears(WRITTEN, late)
    assert desk.told(AccessDeemedRefused) == [("deemed_refused", at(LIMIT))]
    assert (standing["review_window-1"], standing["review_window-2"]) == ("lapsed", "open")
    looking = Desk(desk.rules, desk.tell)
    looking.waits_until("2026-05-19T00:00", WRITTEN)
    looking.hears(WRITTEN, late)
    assert looking.standing == standing


def test_a_decision_in_time_that_is_recorded_later_prevails_over_the_silence(desk: Desk) -> None:
    """A-2.1 art. 52: the record says that it was met in time, and review runs from the decision."""
    desk.waits_until("2026-04-10T00:00", WRITTEN)
    standing = desk.hears(WRITTEN, (REFUSED, "2026-04-07T16:00"))
    assert (standing["decide_access-1"], standing["review_window-1"], standing["review_window-2"]) == (
        "kept",
        "replaced",
        "open",
    )
    assert desk.terms("review_window-2").due_strict_on.isoformat() == "2026-05-07"


def test_an_extension_that_is_recorded_later_undoes_the_silence(desk: Desk) -> None:
    """A-2.1 art. 47: the limit was day 30 all along; silence is told again when that passes."""
    desk.waits_until("2026-04-10T00:00", WRITTEN)
    extended = (make(RequestExtended), "2026-04-01T09:00")
    standing = desk.hears(WRITTEN, extended)
    assert (standing["decide_access-1"], standing["decide_access-2"], standing["review_window-1"]) == (
        "replaced",
        "open",
        "replaced",
    )
    standing = desk.waits_until("2026-04-20T00:00", WRITTEN, extended)
    assert (standing["decide_access-2"], standing["review_window-2"]) == ("missed", "open")


def test_a_request_that_is_withdrawn_after_the_silence_leaves_nothing_open(desk: Desk) -> None:
    """POL-27."""
    withdrawn = (make(RequestClosed, reason="withdrawn"), "2026-04-20T10:00")
    standing = desk.hears(WRITTEN, withdrawn)
    assert (standing["decide_access-1"], standing["review_window-1"]) == ("withdrawn", "withdrawn")
    assert desk.told(AccessDeemedRefused) == [("deemed_refused", at(LIMIT))]


def test_an_older_systems_silence_is_told_too(desk: Desk) -> None:
    """A-2.1 art. 52."""
    backlog = (make(RequestReceived, kind="access_to_information", origin="backlog", written=True), ACCESS[1])
    standing = desk.waits_until("2027-01-01T00:00", backlog)
    assert (standing["decide_access-1"], standing["review_window-1"]) == ("missed", "lapsed")


# -- review -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", ["partial", "refused", "no_document", "other_body", None])
def test_every_decision_that_does_not_grant_all_opens_thirty_days_for_review(desk: Desk, outcome: str | None) -> None:
    """POL-24, A-2.1 art. 135."""
    decided = (make(RequestAnswered, access_outcome=outcome), "2026-03-27T10:00")
    assert desk.hears(WRITTEN, decided)["review_window-1"] == "open"
    # Day 30 is Sunday 26 April (I-16 art. 52).
    assert desk.terms("review_window-1").due_strict_on.isoformat() == "2026-04-27"


def test_a_refusal_of_the_request_itself_can_be_contested_once_it_is_told(desk: Desk) -> None:
    """POL-24, A-2.1 art. 52, 135; of what was asked for orally, nothing can (art. 45)."""
    judged = (make(RequestRefused, sent=None), "2026-03-23T10:00")
    told = (make(RequestRefused), "2026-03-27T10:00")
    assert "review_window-1" not in desk.hears(WRITTEN, judged)
    standing = desk.hears(WRITTEN, judged, told)
    assert (standing["decide_access-1"], standing["review_window-1"]) == ("refused", "open")
    window = desk.terms("review_window-1")
    assert (window.due_strict_on.isoformat(), window.rule.code) == ("2026-04-27", "review_after_decision")
    assert desk.hears(WRITTEN, judged, told, told) == standing
    asked = (review("2026-04-20"), "2026-04-21T09:00")
    assert desk.hears(WRITTEN, judged, told, asked)["review_window-1"] == "kept"
    assert "review_window-1" not in Desk(desk.rules, desk.tell).hears(ACCESS, told)


def test_a_refusal_that_nobody_was_told_of_decides_nothing(desk: Desk) -> None:
    """A-2.1 art. 47, 52: the law's clock runs until the requester knows; silence at the limit is a refusal."""
    judged = (make(RequestRefused, sent=None), "2026-03-23T10:00")
    assert desk.hears(WRITTEN, judged)["decide_access-1"] == "open"
    standing = desk.waits_until(LIMIT, WRITTEN, judged)
    assert (standing["decide_access-1"], standing["review_window-1"]) == ("missed", "open")
    told = (make(RequestRefused), "2026-04-20T10:00")
    standing = desk.hears(WRITTEN, judged, told)
    assert (standing["decide_access-1"], standing["review_window-1"], standing["review_window-2"]) == (
        "refused",
        "replaced",
        "open",
    )


def test_a_refusal_that_is_taken_back_untold_leaves_one_decision_owed(desk: Desk) -> None:
    """POL-39: reopened, the request is decided on anew; what was owed before is owed no more."""
    judged = (make(RequestRefused, sent=None), "2026-03-23T10:00")
    reopened = (make(RequestReopened), "2026-03-24T10:00")
    standing = desk.hears(WRITTEN, judged, reopened)
    assert (standing["decide_access-1"], standing["decide_access-2"]) == ("replaced", "open")


def test_a_late_refusal_of_the_request_itself_opens_its_own_review_and_ends_that_of_the_silence(desk: Desk) -> None:
    """POL-24, A-2.1 art. 52, 135."""
    desk.waits_until("2026-04-09T00:00", WRITTEN)
    standing = desk.hears(WRITTEN, (make(RequestRefused), "2026-04-20T10:00"))
    assert (standing["decide_access-1"], standing["review_window-1"], standing["review_window-2"]) == (
        "refused",
        "replaced",
        "open",
    )


def test_a_recourse_that_would_end_on_a_saturday_lasts_to_the_next_working_day(desk: Desk) -> None:
    """I-16 art. 52 and law.md, Saturday: strict by the letter, open by the most generous reading."""
    desk.hears(WRITTEN, (REFUSED, "2026-04-02T10:00"))
    terms = desk.terms("review_window-1")
    assert (terms.due_strict_on.isoformat(), terms.due_prudent_on.isoformat()) == ("2026-05-02", "2026-05-04")
    assert terms.due_at == at("2026-05-05T00:00")


def test_what_was_granted_has_nothing_to_be_reviewed(desk: Desk) -> None:
    """POL-24; nor has what was answered orally asked for."""
    assert "review_window-1" not in desk.hears(WRITTEN, (GRANTED, "2026-03-27T10:00"))
    assert "review_window-1" not in Desk(desk.rules, desk.tell).hears(ACCESS, (REFUSED, "2026-03-27T10:00"))


def test_a_late_grant_ends_the_review_that_silence_opened(desk: Desk) -> None:
    """A-2.1 art. 52."""
    standing = desk.hears(WRITTEN, (GRANTED, "2026-04-20T10:00"))
    assert standing["review_window-1"] == "replaced"
    assert "review_window-2" not in standing


@pytest.mark.parametrize(
    ("requested_on", "known_at", "standing"),
    [
        ("2026-04-20", "2026-04-20T09:00", "kept"),
        ("2026-04-27", "2026-06-15T09:00", "kept"),
        ("2026-04-28", "2026-06-15T09:00", "lapsed"),
        ("2026-04-28", "2026-04-28T09:00", "lapsed"),
    ],
)
def test_a_review_is_asked_for_by_its_last_day_whenever_the_town_hears_of_it(
    desk: Desk, requested_on: str, known_at: str, standing: str
) -> None:
    """A-2.1 art. 135."""
    decided = (REFUSED, "2026-03-27T10:00")
    assert desk.waits_until(known_at, WRITTEN, decided)["review_window-1"] in ("open", "lapsed")
    assert desk.hears(WRITTEN, decided, (review(requested_on), known_at))["review_window-1"] == standing
    window = desk.own.by_id["review_window-1"]
    assert (window.met is None, window.lapsed is None) == (standing != "kept", standing == "kept")
    assert (
        Desk(desk.rules, desk.tell).hears(WRITTEN, decided, (review(requested_on), known_at))["review_window-1"]
        == standing
    )


def test_silence_can_be_contested_while_the_town_still_owes_its_decision(desk: Desk) -> None:
    """POL-24, A-2.1 art. 52, 135: whether somebody looked at the limit before or not."""
    asked = (review("2026-04-20"), "2026-04-20T09:00")
    desk.waits_until("2026-04-19T00:00", WRITTEN)
    standing = desk.hears(WRITTEN, asked)
    assert (standing["decide_access-1"], standing["review_window-1"]) == ("missed", "kept")
    unseen = Desk(desk.rules, desk.tell)
    assert unseen.hears(WRITTEN, asked)["review_window-1"] == "kept"
    assert unseen.told(AccessDeemedRefused) == [("deemed_refused", at(LIMIT))]
    assert unseen.waits_until("2026-04-20T09:00", WRITTEN, asked) == standing


def test_what_is_not_refused_yet_cannot_be_contested(desk: Desk) -> None:
    """A-2.1 art. 135: thirty days from the expiry, not before it."""
    standing = desk.waits_until("2026-07-01T00:00", WRITTEN, (review("2026-04-01"), "2026-04-01T09:00"))
    assert standing["review_window-1"] == "lapsed"


def test_a_window_is_never_warned_of_missed_or_taken_further_up(whole: Desk) -> None:
    """It is somebody else's time."""
    decided = (REFUSED, "2026-03-17T10:00")
    whole.waits_until("2027-01-01T00:00", WRITTEN, decided)
    about = {fact.event.TYPE for fact in whole.facts if getattr(fact.event, "obligation_id", "") == "review_window-1"}
    assert about == {"obligation.set.v1", "obligation.lapsed.v1"}
    assert whole.told(ObligationLapsed)[-1] == ("lapsed", at("2026-04-17T00:00"))


def test_a_second_decision_opens_its_own_review(desk: Desk) -> None:
    """A-2.1 art. 135: each can be contested; one that is recorded late, before it, opens none."""
    story = (WRITTEN, (REFUSED, "2026-03-27T10:00"), (REFUSED, "2026-04-02T10:00"))
    standing = desk.hears(*story, (REFUSED, "2026-03-25T10:00"))
    assert (standing["review_window-1"], standing["review_window-2"]) == ("replaced", "open")
    assert "review_window-3" not in standing
    assert desk.met("decide_access-1").met_at == at("2026-03-25T10:00")


def test_a_request_that_is_reopened_is_decided_on_again_by_the_law(desk: Desk) -> None:
    """POL-39, A-2.1 art. 47, 52."""
    story = (
        WRITTEN,
        (REFUSED, "2026-03-27T10:00"),
        (make(RequestClosed), "2026-03-27T10:00"),
        (make(RequestReopened), "2026-04-13T10:00"),
    )
    desk.waits_until("2026-06-01T00:00", *story)
    assert at("2026-05-05T00:00") == desk.due("decide_access-2")
    assert (desk.standing["decide_access-2"], desk.standing["review_window-2"]) == ("missed", "open")


# -- third parties ----------------------------------------------------------------------------------------------------

ONE, OTHER = "6f9619ff-8b86-5d11-b42d-00cf4fc964ff", "6f9619ff-8b86-5d11-b42d-00cf4fc96400"


def identified(who: str = ONE) -> Event:
    """A third party whom a document concerns."""
    return make(ThirdPartyIdentified, third_party_id=who)


def notified(who: str = ONE) -> Event:
    """It was told."""
    return make(ThirdPartyNotified, third_party_id=who)


def spoke(who: str = ONE) -> Event:
    """It answered."""
    return make(ThirdPartyAnswered, third_party_id=who)


FOUND = (identified(), "2026-03-20T10:00")
TOLD = (notified(), "2026-03-24T10:00")


def test_a_third_party_is_told_within_twenty_days_of_the_reception(desk: Desk) -> None:
    """A-2.1 art. 49."""
    assert desk.hears(WRITTEN, FOUND)["notify_third_party-1"] == "open"
    assert at(LIMIT) == desk.due("notify_third_party-1")
    assert desk.hears(WRITTEN, FOUND, TOLD)["notify_third_party-1"] == "kept"
    assert desk.hears(WRITTEN, FOUND, TOLD)["third_party_response-1"] == "open"


def test_a_third_party_has_twenty_days_and_the_decision_fifteen_after_them(desk: Desk) -> None:
    """A-2.1 art. 49: 24 March and 20 days is 13 April; and 15 days is 28 April; silence is consent."""
    standing = desk.hears(WRITTEN, FOUND, TOLD)
    assert (standing["decide_access-1"], standing["decide_access-2"]) == ("replaced", "open")
    assert at("2026-04-14T00:00") == desk.due("third_party_response-1")
    assert at("2026-04-29T00:00") == desk.due("decide_access-2")
    assert desk.terms("decide_access-2").rule.code == "access_third_party"
    standing = desk.waits_until("2026-04-28T23:59", WRITTEN, FOUND, TOLD)
    assert (standing["third_party_response-1"], standing["decide_access-2"]) == ("lapsed", "warned")
    assert desk.told(AccessDeemedRefused) == []
    assert desk.waits_until("2026-04-29T00:00", WRITTEN, FOUND, TOLD)["decide_access-2"] == "missed"


def test_a_third_party_that_speaks_starts_the_fifteen_days_and_never_shortens_the_laws_twenty(desk: Desk) -> None:
    """A-2.1 art. 47, 49."""
    standing = desk.hears(WRITTEN, FOUND, TOLD, (spoke(), "2026-04-01T10:00"))
    assert (standing["third_party_response-1"], standing["decide_access-2"]) == ("kept", "replaced")
    assert at("2026-04-17T00:00") == desk.due("decide_access-3")
    early = Desk(desk.rules, desk.tell)
    early.hears(
        WRITTEN, (identified(), "2026-03-18T10:00"), (notified(), "2026-03-19T10:00"), (spoke(), "2026-03-20T10:00")
    )
    assert (at(LIMIT), "access_law") == (early.due("decide_access-3"), early.terms("decide_access-3").rule.code)


def test_who_speaks_after_its_delay_had_consented(desk: Desk) -> None:
    """A-2.1 art. 49."""
    standing = desk.hears(WRITTEN, FOUND, TOLD, (spoke(), "2026-04-14T00:00"))
    assert standing["third_party_response-1"] == "lapsed"
    assert "decide_access-3" not in standing


def test_the_last_of_several_third_parties_sets_the_limit(desk: Desk) -> None:
    """A-2.1 art. 49."""
    story = (
        WRITTEN,
        FOUND,
        (identified(OTHER), "2026-03-20T10:00"),
        TOLD,
        (notified(OTHER), "2026-03-30T10:00"),
        (spoke(), "2026-03-26T10:00"),
    )
    standing = desk.hears(*story)
    assert [each for each in standing if each.startswith("decide")] == [f"decide_access-{n}" for n in (1, 2, 3)]
    assert at("2026-05-06T00:00") == desk.due("decide_access-3")  # 20 days end on a Sunday
    assert standing["decide_access-3"] == "open"


def test_a_notice_after_the_limit_does_not_undo_the_silence(desk: Desk) -> None:
    """A-2.1 art. 52."""
    late = (notified(), "2026-04-09T10:00")
    desk.waits_until("2026-04-08T00:00", WRITTEN, FOUND)
    standing = desk.hears(WRITTEN, FOUND, late)
    assert (standing["decide_access-1"], standing["notify_third_party-1"]) == ("missed", "kept late")
    assert "decide_access-2" not in standing


def test_an_extension_while_a_third_party_is_heard_counts_where_it_reaches_further(desk: Desk) -> None:
    """A-2.1 art. 47, 49: day 30 is 16 April; what the third party brings is later, until it speaks early."""
    extended = (make(RequestExtended), "2026-03-25T09:00")
    desk.hears(WRITTEN, FOUND, TOLD, extended)
    assert at("2026-04-29T00:00") == desk.due("decide_access-2")
    desk.hears(WRITTEN, FOUND, TOLD, extended, (spoke(), "2026-03-26T10:00"))
    assert at("2026-04-17T00:00") == desk.due("decide_access-3")
    assert desk.terms("decide_access-3").rule.code == "access_extended"


@pytest.mark.parametrize(
    ("event", "standing"),
    [(REFUSED, "replaced"), (make(RequestClosed, reason="withdrawn"), "withdrawn"), (make(RequestVoided), "voided")],
)
def test_nobody_else_is_heard_once_it_is_decided_or_no_more(desk: Desk, event: Event, standing: str) -> None:
    """A-2.1 art. 49."""
    story = (WRITTEN, FOUND, (identified(OTHER), "2026-03-20T11:00"), TOLD, (event, "2026-03-30T10:00"))
    found = desk.hears(*story)
    assert (found["third_party_response-1"], found["notify_third_party-2"]) == (standing, standing)
    after = (notified(OTHER), "2026-04-02T10:00")
    assert set(desk.hears(*story, after)) == set(found)


def test_an_answer_that_is_no_access_request_opens_no_review(desk: Desk) -> None:
    """POL-24."""
    report = (make(RequestReceived, written=True), ACCESS[1])
    assert set(desk.hears(report, (ANSWERED, "2026-03-18T09:00"))) == {"acknowledge-1", "answer-1"}

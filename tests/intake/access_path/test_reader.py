"""Who reads deadlines' facts in intake: lists, the tracking page, letters, and what an agent is told meanwhile."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pytest
from tests.intake.access_path.path import COMPLAINT, CONSENTS, EXTENDED, NOTIFIED, WRITTEN
from tests.intake.core.story import make
from tests.intake.letter.correspondent import ASKED, COMPLETED, LATER, kinds, owed_on, sent, written

from clic_chassis.scenario import NOON, recorded
from clic_contracts.event import (
    AccessDeemedRefused,
    Event,
    LetterFailed,
    LetterSent,
    LetterWritten,
    ObligationEscalated,
    ObligationLapsed,
    ObligationLifted,
    ObligationMet,
    ObligationMissed,
    ObligationPaused,
    ObligationRecounted,
    ObligationSet,
    ObligationWarned,
    RequestAnswered,
    RequestReceived,
    RequestVoided,
)
from clic_contracts.vocabulary import WINDOWS, LetterKind, ObligationKind
from clic_intake.core.due import dues_of
from clic_intake.core.meanwhile import matters
from clic_intake.core.tracking import Stage, steps, tracked
from clic_intake.core.worklist import Row, fold

ANSWER = make(
    ObligationSet,
    obligation_id="answer-1",
    obligation="answer",
    due_at="2026-05-30T00:00:00-04:00",
    due_prudent_on="2026-05-29",
)
PROMISE = make(
    ObligationSet,
    obligation_id="promise-1",
    obligation="promise",
    due_at="2026-06-06T00:00:00-04:00",
    due_prudent_on="2026-06-05",
)
PAUSED = make(ObligationPaused)
WARNED, MISSED = make(ObligationWarned), make(ObligationMissed)
RESUMED = make(ObligationRecounted, due_at="2026-06-13T00:00:00-04:00", due_prudent_on="2026-06-12")
BY_CALENDAR = make(
    ObligationRecounted, because="calendar", due_at="2026-06-02T00:00:00-04:00", due_prudent_on="2026-06-01"
)


def row(*events: Event) -> Row:
    """A request as lists show it."""
    told = fold(None, [recorded(each) for each in events], 1, lambda kind, subject: None)
    assert told is not None
    return told


# -- lists ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(WINDOWS))
def test_what_others_have_time_for_is_owed_by_nobody_here(kind: ObligationKind) -> None:
    """POL-24, POL-29: neither due, nor at risk, nor late."""
    window = make(ObligationSet, obligation_id=f"{kind.value}-1", obligation=kind.value)
    warned = make(ObligationWarned, obligation_id=f"{kind.value}-1", obligation=kind.value)
    lapsed = make(ObligationLapsed, obligation_id=f"{kind.value}-1", obligation=kind.value)
    assert row(COMPLAINT, window, warned).owed == ()
    assert row(COMPLAINT, ANSWER, window, warned, lapsed).next_owed == row(COMPLAINT, ANSWER).next_owed


def test_what_stands_still_is_neither_due_nor_at_risk_nor_late() -> None:
    """POL-06, POL-21, POL-29; it waits for the citizen."""
    still = row(COMPLAINT, ANSWER, WARNED, ASKED, PAUSED)
    assert (still.next_owed, still.waiting_since) == (None, NOON)
    (owed,) = still.owed
    assert (owed.paused, owed.warned, owed.missed) == (True, False, False)
    agreed = row(COMPLAINT, ANSWER, PROMISE, ASKED, PAUSED).next_owed
    assert agreed is not None
    assert agreed.obligation == "promise"


@pytest.mark.parametrize(
    ("told", "due_at", "paused", "warned"),
    [
        ([WARNED, PAUSED, RESUMED], RESUMED.due_at, False, False),
        ([PAUSED, RESUMED, WARNED], RESUMED.due_at, False, True),
        ([WARNED, BY_CALENDAR], BY_CALENDAR.due_at, False, False),
        ([PAUSED, BY_CALENDAR], BY_CALENDAR.due_at, True, False),  # it still waits for the citizen
    ],
)
def test_another_limit_is_due_from_then_on(
    told: Sequence[Event], due_at: dt.datetime, *, paused: bool, warned: bool
) -> None:
    """POL-29: whether it is near, or has passed, is told anew."""
    (owed,) = row(COMPLAINT, ANSWER, *told).owed
    assert (owed.due_at, owed.paused, owed.warned, owed.missed) == (due_at, paused, warned, False)


def test_what_was_missed_and_got_another_limit_is_late_no_more() -> None:
    """POL-29: a closing that was applied afterwards."""
    (owed,) = row(COMPLAINT, ANSWER, WARNED, MISSED, BY_CALENDAR).owed
    assert (owed.warned, owed.missed) == (False, False)


def test_a_notice_of_extension_that_did_not_arrive_is_settled_by_an_extension() -> None:
    """POL-18, POL-23: the citizen was told otherwise."""
    failed = make(LetterFailed, letter="extension")
    assert len(row(WRITTEN, failed).undelivered) == 1
    assert row(WRITTEN, failed, EXTENDED).undelivered == ()


# -- the tracking page ------------------------------------------------------------------------------------------------


def seen(*events: Event) -> tuple[dt.date | None, bool, bool]:
    """The day for the answer, whether it stands still, whether it is late."""
    told = tracked(recorded(each) for each in events)
    return told.due_on, told.is_paused, told.is_late


def test_the_tracking_page_follows_the_count() -> None:
    """POL-18, POL-19, POL-21."""
    assert seen(COMPLAINT, ANSWER) == (ANSWER.due_prudent_on, False, False)
    assert seen(COMPLAINT, ANSWER, BY_CALENDAR) == (BY_CALENDAR.due_prudent_on, False, False)
    assert seen(COMPLAINT, ANSWER, ASKED, PAUSED) == (None, True, False)
    assert seen(COMPLAINT, ANSWER, ASKED, PAUSED, COMPLETED, RESUMED) == (RESUMED.due_prudent_on, False, False)
    assert seen(COMPLAINT, ANSWER, MISSED) == (ANSWER.due_prudent_on, False, True)
    assert seen(COMPLAINT, ANSWER, MISSED, BY_CALENDAR) == (BY_CALENDAR.due_prudent_on, False, False)
    assert seen(COMPLAINT, ANSWER, PROMISE) == (PROMISE.due_prudent_on, False, False)
    assert seen(COMPLAINT, ANSWER, PAUSED, RequestAnswered.model_validate(RequestAnswered.EXAMPLE))[1] is False


def test_while_it_stands_still_the_page_says_that_it_waits_for_the_citizen() -> None:
    """POL-21."""
    stages = [each.stage for each in steps(tracked(recorded(each) for each in (COMPLAINT, ANSWER, ASKED, PAUSED)))]
    assert Stage.WAITING in stages


def test_a_letter_to_a_third_party_is_none_of_the_citizens() -> None:
    """POL-26, POL-30."""
    letters = tracked(
        recorded(each)
        for each in (WRITTEN, make(LetterSent, letter="third_party"), make(LetterSent, letter="extension"))
    ).letters
    assert [each.letter for each in letters] == [LetterKind.EXTENSION]


@pytest.mark.parametrize("ended", [ObligationMet, ObligationLifted, ObligationLapsed])
def test_what_ended_is_due_no_more(ended: type[Event]) -> None:
    over = make(ended, obligation_id="answer-1", obligation="answer")
    assert dues_of([recorded(ANSWER), recorded(over), recorded(RESUMED), recorded(PAUSED)]).open == {}


# -- reminders --------------------------------------------------------------------------------------------------------

NEAR = make(ObligationWarned, obligation_id="citizen_reply-1", obligation="citizen_reply")


def test_who_was_asked_and_has_not_replied_is_reminded_once() -> None:
    """POL-06, POL-21."""
    (reminder,) = owed_on(COMPLAINT, ASKED, NEAR)
    assert reminder.letter is LetterKind.REMINDER
    assert kinds(COMPLAINT, ASKED, NEAR, written(reminder)) == []
    assert kinds(COMPLAINT, ASKED, NEAR, written(reminder), sent(written(reminder))) == []


@pytest.mark.parametrize(
    "told",
    [
        (ASKED,),  # most of the time is still to come
        (ASKED, WARNED),  # of another obligation
        (ASKED, NEAR, COMPLETED),  # they replied
        (ASKED, NEAR, make(RequestVoided)),
        (ASKED, NEAR, make(RequestAnswered)),
        (ASKED, NEAR, ASKED),  # asked anew: that delay has its own reminder
    ],
)
def test_nobody_else_is_reminded(told: Sequence[Event]) -> None:
    """POL-21."""
    assert LetterKind.REMINDER not in kinds(COMPLAINT, *told)


def test_who_is_asked_anew_is_reminded_anew() -> None:
    """POL-21."""
    (first,) = owed_on(COMPLAINT, ASKED, NEAR)
    again = make(ObligationWarned, obligation_id="citizen_reply-2", obligation="citizen_reply")
    assert kinds(COMPLAINT, ASKED, NEAR, written(first), COMPLETED, ASKED, again) == [LetterKind.REMINDER]


def test_nobody_is_reminded_of_what_was_near_long_ago() -> None:
    """POL-21: it would surprise rather than inform."""
    assert kinds(COMPLAINT, ASKED, NEAR, now=LATER + dt.timedelta(days=11)) == []


# -- meanwhile --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "actor", "has_to_be_known"),
    [
        (make(AccessDeemedRefused), "clock:deadlines", True),
        (EXTENDED, "rule:letters", True),  # a notice went out
        (NOTIFIED, "rule:letters", True),
        (CONSENTS, "agent:autre", True),
        (PAUSED, "clock:deadlines", False),
        (RESUMED, "agent:autre", False),
        (make(ObligationEscalated), "clock:deadlines", False),
        (make(ObligationLapsed), "clock:deadlines", False),
        (make(LetterWritten), "rule:letters", False),
        (make(RequestReceived), "agent:moi", False),
    ],
)
def test_who_acts_has_to_know_what_changes_what_may_be_done(event: Event, actor: str, *, has_to_be_known: bool) -> None:
    """POL-28, A-2.1 art. 52."""
    fact = recorded(event).model_copy(update={"actor": actor})
    assert matters(fact, "agent:moi") is has_to_be_known

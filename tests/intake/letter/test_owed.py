"""Which letters are owed, from the facts of a request."""

from __future__ import annotations

import datetime as dt

import pytest
from tests.intake.letter.correspondent import (
    ACKNOWLEDGE_DUE,
    ACKNOWLEDGED,
    ANSWERED,
    AS_MERGED,
    ASKED,
    CLOSED,
    COMPLETED,
    DUE,
    ELSEWHERE,
    ERASED,
    LATER,
    MERGED,
    OTHER,
    RECEIVED,
    REFUSED,
    REFUSED_UNSENT,
    REOPENED,
    ROUTED,
    UNASKED,
    VOIDED,
    WITHDRAWN,
    kinds,
    make,
    owed_on,
    sent,
    story,
    written,
)

from clic_chassis.scenario import NOON, SOMEBODY, recorded
from clic_contracts.event import Event, LetterWritten, RequestAcknowledged, RequestReceived
from clic_contracts.vocabulary import LetterKind
from clic_intake.core.owed import ACKNOWLEDGE_WITHOUT_AFTER, STALE_AFTER, owed

SOON = NOON + dt.timedelta(minutes=1)


def test_an_acknowledgement_is_owed_once_department_and_due_date_are_known() -> None:
    """POL-14, POL-18."""
    assert kinds(RECEIVED, ROUTED, ACKNOWLEDGE_DUE, DUE, now=SOON) == [LetterKind.ACKNOWLEDGEMENT]


@pytest.mark.parametrize("known", [(), (ROUTED,), (ACKNOWLEDGE_DUE, DUE), (ROUTED, ACKNOWLEDGE_DUE)])
def test_an_acknowledgement_waits_for_them_and_not_for_ever(known: tuple[Event, ...]) -> None:
    """POL-14: a service that is away keeps nobody waiting."""
    (waiting,) = owed_on(RECEIVED, *known, now=SOON)
    assert waiting.not_before == NOON + ACKNOWLEDGE_WITHOUT_AFTER
    assert kinds(RECEIVED, *known, now=NOON + ACKNOWLEDGE_WITHOUT_AFTER) == [LetterKind.ACKNOWLEDGEMENT]
    (due,) = owed_on(RECEIVED, *known, now=NOON + dt.timedelta(hours=1))
    assert due.not_before is None  # Whatever the wait is set to, no business day ends over it.


def test_who_was_told_otherwise_gets_no_acknowledgement() -> None:
    """POL-13: by telephone, or at the counter."""
    assert kinds(RECEIVED, ROUTED, DUE, ACKNOWLEDGED) == []


def test_a_receipt_on_a_screen_is_followed_by_a_letter_that_says_who_answers_and_by_when() -> None:
    """POL-18."""
    on_screen = make(RequestAcknowledged, delivery={"channel": "web_form", "proof": "receipt"})
    assert kinds(RECEIVED, on_screen, ROUTED, DUE) == [LetterKind.ACKNOWLEDGEMENT]


@pytest.mark.parametrize("ended", [(ANSWERED,), (REFUSED,), (WITHDRAWN,), (VOIDED,), (ERASED,)])
def test_what_ended_needs_no_acknowledgement(ended: tuple[Event, ...]) -> None:
    assert LetterKind.ACKNOWLEDGEMENT not in kinds(RECEIVED, ROUTED, DUE, *ended)


@pytest.mark.parametrize("more", [(), (ROUTED, DUE), (UNASKED,), (REFUSED_UNSENT,), (ANSWERED, CLOSED)])
def test_nothing_is_owed_on_older_records(more: tuple[Event, ...]) -> None:
    assert owed_on(make(RequestReceived, origin="backlog"), *more) == ()


@pytest.mark.parametrize("more", [(UNASKED,), (REFUSED_UNSENT,), (ANSWERED, CLOSED), (MERGED, AS_MERGED)])
def test_nothing_is_owed_once_the_personal_data_is_erased(more: tuple[Event, ...]) -> None:
    """POL-30."""
    assert owed_on(RECEIVED, *more) != ()
    assert owed_on(RECEIVED, *more, ERASED) == ()


def test_what_is_missing_is_asked_for_once_and_comes_before_the_acknowledgement() -> None:
    """POL-06, POL-21."""
    (missing,) = owed_on(RECEIVED, UNASKED, ROUTED, DUE)
    assert missing.letter is LetterKind.MISSING
    assert kinds(RECEIVED, UNASKED, ROUTED, DUE, written(missing)) == []
    assert kinds(RECEIVED, ASKED, ROUTED, DUE) == []
    assert kinds(RECEIVED, UNASKED, ROUTED, DUE, COMPLETED) == [LetterKind.ACKNOWLEDGEMENT]


def test_a_refusal_that_nobody_was_told_of_is_sent() -> None:
    """POL-07, POL-27."""
    assert kinds(RECEIVED, REFUSED_UNSENT) == [LetterKind.REFUSAL]
    assert kinds(RECEIVED, REFUSED_UNSENT, REFUSED) == []
    assert kinds(RECEIVED, REFUSED) == []


def test_a_transfer_is_told_to_who_knows_of_another_department() -> None:
    """POL-18."""
    assert kinds(RECEIVED, ROUTED, DUE, ACKNOWLEDGED, ELSEWHERE) == [LetterKind.TRANSFER]
    assert kinds(RECEIVED, ACKNOWLEDGED, ROUTED, DUE, ELSEWHERE) == [LetterKind.TRANSFER]
    assert kinds(RECEIVED, ROUTED, DUE, ELSEWHERE) == [LetterKind.ACKNOWLEDGEMENT]  # It names the second one.
    assert kinds(RECEIVED, ROUTED, DUE, ACKNOWLEDGED, ROUTED) == []
    assert kinds(RECEIVED, ROUTED, DUE, ACKNOWLEDGED, ELSEWHERE, ROUTED) == []  # Back again before anybody was told.


def test_a_second_transfer_is_told_too() -> None:
    """POL-18."""
    (first,) = owed_on(RECEIVED, ROUTED, DUE, ACKNOWLEDGED, ELSEWHERE)
    assert kinds(RECEIVED, ROUTED, DUE, ACKNOWLEDGED, ELSEWHERE, written(first), ROUTED) == [LetterKind.TRANSFER]


def test_after_an_answer_the_closing_asks_how_satisfied_the_citizen_is() -> None:
    """POL-39."""
    assert kinds(RECEIVED, ACKNOWLEDGED, ANSWERED) == []
    assert kinds(RECEIVED, ACKNOWLEDGED, ANSWERED, CLOSED) == [LetterKind.CLOSING]
    assert kinds(RECEIVED, ACKNOWLEDGED, WITHDRAWN) == []


def test_an_answer_by_letter_that_closes_asks_it_itself() -> None:
    """POL-39: one letter, not two in the same second."""
    answer: LetterWritten = make(LetterWritten, letter="answer", closes=True)
    told = (*story(RECEIVED, ACKNOWLEDGED, answer),)
    together = tuple(recorded(each, at=LATER, cause_id="sent") for each in (sent(answer), ANSWERED, CLOSED))
    assert owed(SOMEBODY, (*told, *together), LATER) == ()


def test_both_citizens_are_told_of_a_merge() -> None:
    """The one whose request is joined, and the one whose request goes on for both."""
    assert kinds(RECEIVED, ACKNOWLEDGED, MERGED, AS_MERGED) == [LetterKind.MERGED]
    merged = recorded(MERGED, request_id=OTHER)
    assert kinds(RECEIVED, ACKNOWLEDGED, others=[merged]) == [LetterKind.MERGED]
    assert kinds(RECEIVED, ACKNOWLEDGED, ANSWERED, WITHDRAWN, others=[merged]) == []


def test_whose_request_was_joined_is_told_when_the_other_is_answered() -> None:
    """POL-27."""
    answered = recorded(ANSWERED, request_id=OTHER)
    (merged,) = owed_on(RECEIVED, ACKNOWLEDGED, MERGED, AS_MERGED)
    joined = (RECEIVED, ACKNOWLEDGED, MERGED, AS_MERGED, written(merged))
    assert kinds(*joined, others=[answered]) == [LetterKind.CLOSING]
    assert kinds(*joined, REOPENED, others=[answered]) == [LetterKind.REOPENED]


def test_a_reopening_is_told_while_it_is_open() -> None:
    """POL-39."""
    assert kinds(RECEIVED, ACKNOWLEDGED, ANSWERED, CLOSED, REOPENED) == [LetterKind.REOPENED]
    assert kinds(RECEIVED, ACKNOWLEDGED, ANSWERED, CLOSED, REOPENED, ANSWERED) == []


def test_a_letter_that_is_written_is_owed_no_more_whatever_became_of_it() -> None:
    """A letter in doubt is never sent again by itself."""
    (owed_one,) = owed_on(RECEIVED, ROUTED, DUE)
    letter = written(owed_one)
    assert kinds(RECEIVED, ROUTED, DUE, letter) == []
    assert kinds(RECEIVED, ROUTED, DUE, letter, sent(letter)) == []


def test_the_same_fact_always_owes_the_same_letter() -> None:
    (first,) = owed_on(RECEIVED, ROUTED, DUE)
    (second,) = owed_on(RECEIVED, ROUTED, DUE, now=LATER + dt.timedelta(days=1))
    assert first.letter_id == second.letter_id


def test_what_happened_long_ago_owes_no_letter() -> None:
    """An installation that begins to write letters does not write to everybody of the last years."""
    assert kinds(RECEIVED, ANSWERED, CLOSED, now=NOON + STALE_AFTER) != []
    assert kinds(RECEIVED, ANSWERED, CLOSED, now=NOON + STALE_AFTER + dt.timedelta(minutes=1)) == []


def test_what_is_no_request_owes_nothing() -> None:
    assert owed_on(ROUTED, DUE) == ()

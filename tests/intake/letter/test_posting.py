"""What became of a letter, and what the citizen was told by it."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import pytest
from tests.intake.letter.correspondent import (
    ACKNOWLEDGED,
    ANSWERED,
    CLOSED,
    COMPLETED,
    LATER,
    RECEIVED,
    REFUSED_UNSENT,
    ROUTED,
    UNASKED,
    WITHDRAWN,
    failed,
    make,
    sent,
    story,
)

from clic_chassis.decider import Fact
from clic_chassis.error import RefusedError
from clic_contracts.event import (
    Event,
    LetterWritten,
    RequestAcknowledged,
    RequestAnswered,
    RequestClosed,
    RequestIncomplete,
    RequestReceived,
    RequestRefused,
    Sealed,
)
from clic_contracts.vocabulary import ClosingReason, LetterFailure, Missing
from clic_intake.core.posting import (
    BY_RELAY,
    BY_WORD,
    LetterSettledError,
    LetterUnderWayError,
    UnknownLetterError,
    fail,
    posted,
    send,
    settle_doubt,
    write,
    write_again,
    write_answer,
)
from clic_intake.core.request import request_decider
from clic_intake.core.rule import AccessDecisionError, NotNowError, Rules, UnknownRequestError

REQUESTS = request_decider(Rules(ZoneInfo("America/Toronto"), reopen_within_days=30))
SAID = Sealed.model_validate(RequestReceived.EXAMPLE["sealed"])


def letter(kind: str, **changes: object) -> LetterWritten:
    """A letter of a kind."""
    made: LetterWritten = make(LetterWritten, letter=kind, **changes)
    return made


ACKNOWLEDGEMENT = letter("acknowledgement")
ANSWER = letter("answer", answered_by="travaux_publics_voirie")
ID = ACKNOWLEDGEMENT.letter_id


def events(facts: Sequence[Fact]) -> tuple[Event, ...]:
    """What was decided."""
    return tuple(each.event for each in facts)


def sending(*told: Event, answer: Sealed | None = None) -> tuple[Event, ...]:
    """What is recorded when the letter of this story has gone out."""
    return events(send(REQUESTS, story(*told), ID, LATER, answer=answer))


def test_the_citizen_is_acknowledged_when_the_mail_server_has_taken_the_letter() -> None:
    """POL-14: a fact of delivery, not of a status field."""
    assert sending(RECEIVED, ACKNOWLEDGEMENT) == (sent(ACKNOWLEDGEMENT), RequestAcknowledged(delivery=BY_RELAY))


def test_who_was_acknowledged_meanwhile_is_not_acknowledged_twice() -> None:
    """POL-14."""
    assert sending(RECEIVED, ACKNOWLEDGEMENT, ACKNOWLEDGED) == (sent(ACKNOWLEDGEMENT),)


def test_who_was_written_to_was_asked() -> None:
    """POL-06, POL-21."""
    missing = letter("missing")
    asked = RequestIncomplete(missing=(Missing.NAME,), asked=BY_RELAY)
    assert sending(RECEIVED, UNASKED, missing) == (sent(missing), asked)
    assert sending(RECEIVED, UNASKED, missing, COMPLETED) == (sent(missing),)


def test_a_refusal_that_was_sent_closes_the_request() -> None:
    """POL-27."""
    refusal = letter("refusal")
    told = REFUSED_UNSENT.model_copy(update={"sent": BY_RELAY})
    assert sending(RECEIVED, REFUSED_UNSENT, refusal) == (
        sent(refusal),
        told,
        RequestClosed(reason=ClosingReason.REFUSED),
    )
    assert isinstance(told, RequestRefused)


def test_the_citizen_is_answered_when_the_answer_has_gone_out() -> None:
    """POL-27."""
    answered = RequestAnswered(delivery=BY_RELAY, answered_by="travaux_publics_voirie", sealed=SAID)
    assert sending(RECEIVED, ANSWER, answer=SAID) == (sent(ANSWER), answered)


def test_an_answer_that_closes_is_one_fact_with_its_sending() -> None:
    """POL-27: answered and closed in one commit with `letter.sent.v1`."""
    closing = letter("answer", closes=True)
    went, answered, closed = sending(RECEIVED, closing, answer=SAID)
    assert went == sent(closing)
    assert isinstance(answered, RequestAnswered)
    assert closed == RequestClosed(reason=ClosingReason.ANSWERED)


def test_an_answer_to_what_was_withdrawn_meanwhile_went_out_and_answers_nothing() -> None:
    assert sending(RECEIVED, ANSWER, WITHDRAWN, answer=SAID) == (sent(ANSWER),)


@pytest.mark.parametrize("kind", ["transfer", "closing", "merged", "reopened"])
def test_other_letters_prove_nothing_but_themselves(kind: str) -> None:
    one = letter(kind)
    assert sending(RECEIVED, ROUTED, one) == (sent(one),)


def test_a_letter_is_written_once() -> None:
    assert events(write(story(RECEIVED), ACKNOWLEDGEMENT, LATER)) == (ACKNOWLEDGEMENT,)
    assert write(story(RECEIVED, ACKNOWLEDGEMENT), ACKNOWLEDGEMENT, LATER) == ()


def test_sent_is_said_once() -> None:
    assert sending(RECEIVED, ACKNOWLEDGEMENT, sent(ACKNOWLEDGEMENT)) == ()


def test_a_failure_is_said_once_and_not_of_what_went_out() -> None:
    rejected = failed(ACKNOWLEDGEMENT, "rejected", "5.1.1")
    told = fail(story(RECEIVED, ACKNOWLEDGEMENT), ID, LetterFailure.REJECTED, "5.1.1", LATER)
    assert events(told) == (rejected,)
    assert fail(story(RECEIVED, ACKNOWLEDGEMENT, rejected), ID, LetterFailure.REJECTED, "5.1.1", LATER) == ()
    went = story(RECEIVED, ACKNOWLEDGEMENT, sent(ACKNOWLEDGEMENT))
    assert fail(went, ID, LetterFailure.DOUBTFUL, None, LATER) == ()


def test_what_went_out_can_come_back_once() -> None:
    """POL-18."""
    went = (RECEIVED, ACKNOWLEDGEMENT, sent(ACKNOWLEDGEMENT))
    back = failed(ACKNOWLEDGEMENT, "bounced", "5.1.1")
    assert events(fail(story(*went), ID, LetterFailure.BOUNCED, "5.1.1", LATER)) == (back,)
    assert fail(story(*went, back), ID, LetterFailure.BOUNCED, "5.1.1", LATER) == ()
    assert sending(RECEIVED, ACKNOWLEDGEMENT, back) == ()  # It came back before its sending was recorded.


def test_a_doubt_is_settled_by_a_person_who_found_out_that_it_went_out() -> None:
    """POL-27."""
    doubted = story(RECEIVED, ACKNOWLEDGEMENT, failed(ACKNOWLEDGEMENT, "doubtful"))
    went, acknowledged = events(settle_doubt(REQUESTS, doubted, ID, LATER, answer=None))
    assert went == sent(ACKNOWLEDGEMENT).model_copy(update={"delivery": BY_WORD})
    assert acknowledged == RequestAcknowledged(delivery=BY_WORD)


@pytest.mark.parametrize(
    "outcome", [(), (sent(ACKNOWLEDGEMENT),), (failed(ACKNOWLEDGEMENT, "rejected"),)], ids=["open", "sent", "rejected"]
)
def test_what_nobody_doubts_is_not_to_be_settled(outcome: tuple[Event, ...]) -> None:
    with pytest.raises(LetterSettledError):
        settle_doubt(REQUESTS, story(RECEIVED, ACKNOWLEDGEMENT, *outcome), ID, LATER, answer=None)


def test_a_letter_in_doubt_goes_out_again_as_it_is() -> None:
    """Under the same Message-ID, so that who got it already may know it again."""
    other = letter("acknowledgement", letter_id="0b1e1a54-0000-5000-8000-00000000000a")
    told = (RECEIVED, ACKNOWLEDGEMENT, failed(ACKNOWLEDGEMENT, "doubtful"))
    assert events(write_again(story(*told), ID, other, LATER)) == (ACKNOWLEDGEMENT,)
    again = posted(story(*told, ACKNOWLEDGEMENT))
    assert list(again) == [ID]
    assert again[ID].is_open


@pytest.mark.parametrize("reason", ["rejected", "bounced", "given_up", "no_address"])
def test_a_letter_that_did_not_arrive_is_written_anew_once(reason: str) -> None:
    other = letter("acknowledgement", letter_id="0b1e1a54-0000-5000-8000-00000000000a")
    told = (RECEIVED, ACKNOWLEDGEMENT, failed(ACKNOWLEDGEMENT, reason))
    assert events(write_again(story(*told), ID, other, LATER)) == (other,)
    with pytest.raises(LetterSettledError):
        write_again(story(*told, other), ID, other, LATER)


@pytest.mark.parametrize("outcome", [(), (sent(ACKNOWLEDGEMENT),)], ids=["open", "sent"])
def test_what_is_on_its_way_or_went_out_is_not_sent_again(outcome: tuple[Event, ...]) -> None:
    with pytest.raises(LetterSettledError):
        write_again(story(RECEIVED, ACKNOWLEDGEMENT, *outcome), ID, ACKNOWLEDGEMENT, LATER)


def test_a_letter_that_there_is_not_is_told() -> None:
    with pytest.raises(UnknownLetterError):
        sending(RECEIVED)


@pytest.mark.parametrize(
    ("told", "answer", "error"),
    [
        ((), ANSWER, UnknownRequestError),
        ((RECEIVED, ANSWER), letter("answer", letter_id="0b1e1a54-0000-5000-8000-00000000000a"), LetterUnderWayError),
        ((RECEIVED, ANSWERED, CLOSED), ANSWER, NotNowError),
        ((make(RequestReceived, kind="access_to_information", subject=None),), ANSWER, AccessDecisionError),
    ],
)
def test_an_answer_keeps_the_rules_before_it_goes_out(
    told: tuple[Event, ...], answer: LetterWritten, error: type[RefusedError]
) -> None:
    """POL-27, A-2.1 art. 47: it cannot be called back later."""
    with pytest.raises(error):
        write_answer(REQUESTS, story(*told), answer, LATER)


def test_a_refusal_of_access_by_letter_cites_the_provision() -> None:
    """A-2.1 art. 50, 51."""
    access = make(RequestReceived, kind="access_to_information", subject=None)
    without = letter("answer", access_outcome="refused")
    with pytest.raises(AccessDecisionError):
        write_answer(REQUESTS, story(access), without, LATER)
    citing = letter("answer", access_outcome="refused", provisions=["article 53"])
    assert events(write_answer(REQUESTS, story(access), citing, LATER)) == (citing,)

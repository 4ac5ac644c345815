"""What became of a request's letters, and which facts follow when one goes out or does not. Source: POL-18, POL-27."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from clic_chassis.decider import Decider, Fact
from clic_chassis.error import NotFoundError, RefusedError
from clic_contracts.envelope import Recorded
from clic_contracts.event import (
    Delivery,
    Event,
    LetterFailed,
    LetterSent,
    LetterWritten,
    RequestAcknowledged,
    RequestAnswered,
    RequestExtended,
    RequestIncomplete,
    RequestRefused,
    Sealed,
    ThirdPartyNotified,
)
from clic_contracts.lifecycle import may_happen
from clic_contracts.vocabulary import Channel, DeliveryProof, LetterFailure, LetterKind, Phase, RequestId

from .access_rule import ThirdPartyError
from .request import Command, Extend, Finish, Record, Refuse
from .state import Request, state_of

E = TypeVar("E", bound=Event)

BY_RELAY = Delivery(channel=Channel.EMAIL, proof=DeliveryProof.RELAY)
"""A mail server took the letter and answers for it."""
BY_WORD = Delivery(channel=Channel.EMAIL, proof=DeliveryProof.AGENT)
"""Nobody saw the mail server take it; an agent found out that it went out, and says so."""

Requests = Decider[Command, Request]


class UnknownLetterError(NotFoundError):
    """No such letter."""

    code = "unknown_letter"


class LetterUnderWayError(RefusedError):
    """Such a letter is on its way already: a second one at the same time would contradict it, or repeat it."""

    code = "letter_under_way"


class LetterSettledError(RefusedError):
    """What is to become of a letter is no longer to be decided."""

    code = "letter_settled"


@dataclass(frozen=True, slots=True)
class Posted:
    """A letter of a request."""

    written: LetterWritten
    event_id: str
    """Of the fact that it is to go out; another one where an agent had it sent again."""
    written_at: dt.datetime
    sent: Delivery | None = None
    failure: LetterFailure | None = None
    """Why it did not reach the citizen; a letter that was sent can come back."""
    failed_at: dt.datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is still to go out."""
        return self.sent is None and self.failure is None

    @property
    def is_in_doubt(self) -> bool:
        """Whether nobody knows if it went out."""
        return self.sent is None and self.failure is LetterFailure.DOUBTFUL


def posted(events: Iterable[Recorded]) -> dict[RequestId, Posted]:
    """The letters of a request by their id, in the order in which they were written."""
    letters: dict[RequestId, Posted] = {}
    for each in events:
        match each.data:
            case LetterWritten(letter_id=letter_id) as written:
                letters[letter_id] = Posted(written, each.event_id, each.occurred_at)
            case LetterSent(letter_id=letter_id, delivery=delivery) if letter_id in letters:
                letters[letter_id] = replace(letters[letter_id], sent=delivery, failure=None)
            case LetterFailed(letter_id=letter_id, reason=reason) if letter_id in letters:
                letters[letter_id] = replace(letters[letter_id], failure=reason, failed_at=each.occurred_at)
            case _:
                pass
    return letters


def letter_of(events: Iterable[Recorded], letter_id: RequestId) -> Posted:
    """One letter of a request.

    Raises:
        UnknownLetterError: the request has no such letter.
    """
    letter = posted(events).get(letter_id)
    if letter is None:
        raise UnknownLetterError("the request has no such letter: correct its id")
    return letter


# -- decisions --------------------------------------------------------------------------------------------------


def write(events: Sequence[Recorded], letter: LetterWritten, at: dt.datetime) -> tuple[Fact, ...]:
    """A letter is to go out, once."""
    return () if letter.letter_id in posted(events) else (Fact(letter, at),)


def write_answer(
    requests: Requests, events: Sequence[Recorded], letter: LetterWritten, at: dt.datetime
) -> tuple[Fact, ...]:
    """An answer is to go out; the rules of answering are kept now, since it cannot be called back later (POL-27).

    Raises:
        UnknownRequestError: there is no such request.
        LetterUnderWayError: another answer is on its way.
        AccessDecisionError, NotNowError: it may not be answered like this, or not now.
    """
    requests.decide(Record(_answer(letter, BY_WORD, letter.sealed), at), state_of(events))
    _none_under_way(events, letter, "an answer to this request is on its way: wait until it has gone out")
    return (Fact(letter, at),)


def write_extension(
    requests: Requests,
    events: Sequence[Recorded],
    letter: LetterWritten,
    at: dt.datetime,
    *,
    limit_at: dt.datetime | None = None,
) -> tuple[Fact, ...]:
    """A notice of extension is to go out; it holds once it has, where that is in time (POL-23, A-2.1 art. 47).

    `limit_at` as `Extend` has it.

    Raises:
        UnknownRequestError: there is no such request.
        LetterUnderWayError: another notice is on its way.
        ExtensionError, NotNowError: it may not be extended, or not now.
    """
    requests.decide(Extend(_extension(letter, BY_WORD, letter.sealed), at, limit_at=limit_at), state_of(events))
    _none_under_way(events, letter, "a notice of extension is on its way: wait until it has gone out")
    return (Fact(letter, at),)


def write_third_party(
    requests: Requests, events: Sequence[Recorded], letter: LetterWritten, at: dt.datetime
) -> tuple[Fact, ...]:
    """A third party is to be notified; they are once the notice has gone out (A-2.1 art. 25, 49).

    Raises:
        UnknownRequestError: there is no such request.
        LetterUnderWayError: a notice to them is on its way.
        ThirdPartyError: nobody is known by this id, or they were notified already.
        NotAccessError, NotNowError: it is no access request, or it was decided.
    """
    if not requests.decide(Record(_notified(letter, BY_WORD), at), state_of(events)):
        raise ThirdPartyError("the third party was notified already: wait for what they say")
    _none_under_way(events, letter, "a notice to this third party is on its way: wait until it has gone out")
    return (Fact(letter, at),)


def _none_under_way(events: Sequence[Recorded], letter: LetterWritten, otherwise: str) -> None:
    """No letter of this kind, and to the same third party, waits to go out."""
    alike = (
        each.is_open and each.written.letter is letter.letter and each.written.third_party_id == letter.third_party_id
        for each in posted(events).values()
    )
    if any(alike):
        raise LetterUnderWayError(otherwise)


def still_holds(requests: Requests, events: Sequence[Recorded], letter_id: RequestId, at: dt.datetime) -> bool:
    """Whether a letter would say what is so if it went out now: a notice of extension that is too late would not."""
    letter = letter_of(events, letter_id).written
    if letter.letter not in _TIMELY:
        return True
    return bool(_told(requests, events, letter, BY_RELAY, at, letter.sealed))


def send(
    requests: Requests,
    events: Sequence[Recorded],
    letter_id: RequestId,
    at: dt.datetime,
    *,
    delivery: Delivery = BY_RELAY,
    answer: Sealed | None = None,
) -> tuple[Fact, ...]:
    """A letter went out, and what the citizen was told by it; `answer` is what an answer said, sealed.

    Raises:
        UnknownLetterError: the request has no such letter.
    """
    letter = letter_of(events, letter_id)
    if not letter.is_open and not letter.is_in_doubt:
        return ()  # Said before; or it has come back already.
    if letter.is_in_doubt and letter.failed_at is not None and letter.written.letter in _TIMELY:
        at = letter.failed_at  # Where it went out, it had by then: what is too late today was not.
    went = LetterSent(letter_id=letter_id, letter=letter.written.letter, delivery=delivery)
    return (Fact(went, at), *_told(requests, events, letter.written, delivery, at, answer))


_TIMELY = frozenset({LetterKind.EXTENSION, LetterKind.THIRD_PARTY})
"""Letters that hold only where they go out in time."""


def settle_doubt(
    requests: Requests, events: Sequence[Recorded], letter_id: RequestId, at: dt.datetime, *, answer: Sealed | None
) -> tuple[Fact, ...]:
    """A person found out that a letter went out.

    Raises:
        LetterSettledError: nobody doubts it.
        UnknownLetterError: the request has no such letter.
    """
    if not letter_of(events, letter_id).is_in_doubt:
        raise LetterSettledError("nobody doubts what became of this letter: look at the request's story")
    return send(requests, events, letter_id, at, delivery=BY_WORD, answer=answer)


def fail(
    events: Sequence[Recorded], letter_id: RequestId, reason: LetterFailure, status: str | None, at: dt.datetime
) -> tuple[Fact, ...]:
    """A letter did not reach the citizen, or nobody can say whether it did.

    Raises:
        UnknownLetterError: the request has no such letter.
    """
    letter = letter_of(events, letter_id)
    came_back = reason is LetterFailure.BOUNCED and letter.failure is not LetterFailure.BOUNCED
    if not letter.is_open and not came_back:
        return ()
    return (Fact(LetterFailed(letter_id=letter_id, letter=letter.written.letter, reason=reason, status=status), at),)


def write_again(
    events: Sequence[Recorded], letter_id: RequestId, other: LetterWritten, at: dt.datetime
) -> tuple[Fact, ...]:
    """A person has a letter sent again that did not arrive, or may not have.

    One in doubt keeps its id, and so its Message-ID: whoever got it already may know it again. One that certainly did
    not arrive is written anew as `other`, to the address that is known today.

    Raises:
        LetterSettledError: it is on its way, or arrived as far as anybody knows, or was sent again already.
        UnknownLetterError: the request has no such letter.
    """
    letters = posted(events)
    letter = letter_of(events, letter_id)
    if letter.failure is None or other.letter_id in letters:
        raise LetterSettledError("the letter is on its way, or went out: look at the request's story")
    return (Fact(letter.written if letter.is_in_doubt else other, at),)


# -- what a letter proves ---------------------------------------------------------------------------------------


def _told(
    requests: Requests,
    events: Sequence[Recorded],
    letter: LetterWritten,
    delivery: Delivery,
    at: dt.datetime,
    answer: Sealed | None,
) -> tuple[Fact, ...]:
    """What the citizen was told by a letter; nothing that was told meanwhile, or that no longer fits."""
    request = state_of(events)
    match letter.letter:
        case LetterKind.ACKNOWLEDGEMENT if request.acknowledged_at is None:
            return _allowed(request, RequestAcknowledged(delivery=delivery), at)
        case LetterKind.MISSING:
            asked = _last(events, RequestIncomplete)
            if asked is None or asked.asked is not None or not request.missing:
                return ()
            return _allowed(request, RequestIncomplete(missing=request.missing, asked=delivery), at)
        case LetterKind.REFUSAL:
            refusal = _last(events, RequestRefused)
            if refusal is None or request.phase is not Phase.REFUSED or request.refusal_sent:
                return ()
            return requests.decide(Refuse(refusal.model_copy(update={"sent": delivery}), at), request)
        case LetterKind.ANSWER if may_happen(request.phase, RequestAnswered):
            said = _answer(letter, delivery, answer)
            return requests.decide(Finish(said, at) if letter.closes else Record(said, at), request)
        case LetterKind.EXTENSION:
            return _if_allowed(requests, Extend(_extension(letter, delivery, answer), at), request)
        case LetterKind.THIRD_PARTY:
            return _if_allowed(requests, Record(_notified(letter, delivery), at), request)
        case _:
            return ()


def _allowed(request: Request, event: RequestAcknowledged | RequestIncomplete, at: dt.datetime) -> tuple[Fact, ...]:
    return (Fact(event, at),) if may_happen(request.phase, type(event)) else ()


def _if_allowed(requests: Requests, command: Command, request: Request) -> tuple[Fact, ...]:
    """What a notice brings about; nothing where it came too late, or where it was so already."""
    try:
        return requests.decide(command, request)
    except RefusedError:
        return ()


def _extension(letter: LetterWritten, delivery: Delivery, sealed: Sealed | None) -> RequestExtended:
    assert letter.days is not None
    return RequestExtended(days=letter.days, notice=delivery, sealed=sealed)


def _notified(letter: LetterWritten, delivery: Delivery) -> ThirdPartyNotified:
    assert letter.third_party_id is not None
    return ThirdPartyNotified(third_party_id=letter.third_party_id, notice=delivery)


def _answer(letter: LetterWritten, delivery: Delivery, sealed: Sealed | None) -> RequestAnswered:
    return RequestAnswered(
        delivery=delivery,
        answered_by=letter.answered_by,
        access_outcome=letter.access_outcome,
        provisions=letter.provisions,
        body=letter.body,
        sealed=sealed,
    )


def _last(events: Sequence[Recorded], kind: type[E]) -> E | None:
    """The newest fact of a kind; None where there is none."""
    return next((each.data for each in reversed(events) if isinstance(each.data, kind)), None)

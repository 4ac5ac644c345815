"""The life of a request at the desk: what happened to it, what may be done, what then is true."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from clic_chassis.decider import Decider, Fact
from clic_chassis.error import NotFoundError, RefusedError
from clic_contracts.envelope import Recorded
from clic_contracts.event import (
    Event,
    PersonalDataErased,
    RequestAcknowledged,
    RequestAnswered,
    RequestClosed,
    RequestCompleted,
    RequestExtended,
    RequestIncomplete,
    RequestMerged,
    RequestReceived,
    RequestRefused,
    RequestReopened,
    RequestVoided,
)
from clic_contracts.lifecycle import CLOSES_UNANSWERED, may_happen, next_phase
from clic_contracts.vocabulary import (
    AccessOutcome,
    ClosingReason,
    Kind,
    Missing,
    Phase,
)

# -- errors -----------------------------------------------------------------------------------------------------


class UnknownRequestError(NotFoundError):
    """No such request."""

    code = "unknown_request"


class NotAnsweredError(RefusedError):
    """A request is closed only when the citizen was answered. Source: POL-27."""

    code = "not_answered"


class NotNowError(RefusedError):
    """The phase of the request does not allow it."""

    code = "not_now"


class AccessDecisionError(RefusedError):
    """A decision on an access request lacks what the law asks for. Source: A-2.1 art. 47, 50, 51."""

    code = "access_decision"


class ExtensionError(RefusedError):
    """An extension is granted once, to access requests, before the first limit ends. Source: POL-23, A-2.1 art. 47."""

    code = "extension"


# -- state ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Request:
    """What the desk knows of a request, from its own events."""

    phase: Phase = Phase.NEW
    kind: Kind = Kind.REQUEST
    reference: str = ""
    received_at: dt.datetime | None = None
    acknowledged: bool = False
    answered_since: bool = False
    """Answered, and not reopened since."""
    refusal_sent: bool = False
    merged: bool = False
    extended: bool = False
    erased: bool = False
    missing: tuple[Missing, ...] = ()
    closed_at: dt.datetime | None = None


def evolve(request: Request, recorded: Recorded) -> Request:
    """The request after one of its events."""
    event = recorded.data
    request = replace(request, phase=next_phase(request.phase, type(event)))
    match event:
        case RequestReceived():
            return replace(request, kind=event.kind, reference=event.reference, received_at=recorded.occurred_at)
        case RequestIncomplete():
            return replace(request, missing=event.missing)
        case RequestCompleted():
            return replace(request, missing=tuple(m for m in request.missing if m not in event.given))
        case RequestAcknowledged():
            return replace(request, acknowledged=True)
        case RequestRefused():
            return replace(request, refusal_sent=event.sent is not None)
        case RequestAnswered():
            return replace(request, answered_since=True)
        case RequestMerged():
            return replace(request, merged=True)
        case RequestExtended():
            return replace(request, extended=True)
        case RequestClosed():
            return replace(request, closed_at=recorded.occurred_at)
        case RequestReopened():
            return replace(request, answered_since=False, refusal_sent=False, closed_at=None)
        case PersonalDataErased():
            return replace(request, erased=True)
        case _:
            return request


# -- commands ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Register:
    """Put a new request in the register: received, and what the judgement adds."""

    events: tuple[tuple[Event, dt.datetime], ...]


@dataclass(frozen=True, slots=True)
class Record:
    """State a fact whose only rule is that the phase allows it."""

    event: Event
    at: dt.datetime
    assumed: bool = False


@dataclass(frozen=True, slots=True)
class Close:
    """Close a request. Source: POL-27."""

    reason: ClosingReason
    at: dt.datetime
    assumed: bool = False


@dataclass(frozen=True, slots=True)
class Finish:
    """Answer and close, as an outcome of somebody who did both."""

    answer: RequestAnswered
    at: dt.datetime
    assumed: bool = False


@dataclass(frozen=True, slots=True)
class Resume:
    """Reopen, from records that say only that a request was finished and is open again."""

    answer: RequestAnswered
    reopening: RequestReopened
    at: dt.datetime
    assumed: bool = False


@dataclass(frozen=True, slots=True)
class Refuse:
    """Judge a request inadmissible; where the citizen was told, it is closed too. Source: POL-07 to POL-09."""

    refusal: RequestRefused
    at: dt.datetime
    assumed: bool = False


Command = Register | Record | Close | Finish | Resume | Refuse


def decide(command: Command, request: Request) -> tuple[Fact, ...]:
    """The facts that a command makes.

    Raises:
        RefusedError: a rule forbids it; the error says which.
    """
    if isinstance(command, Register):
        if request.phase is not Phase.NEW:
            return ()  # Said twice, done once; whether with other content is compared by who asks.
        return tuple(Fact(event, at) for event, at in command.events)
    if request.phase is Phase.NEW:
        raise UnknownRequestError("no such request: send its submission first, or correct the reference")
    match command:
        case Record():
            return _record(command, request)
        case Close(reason=reason, at=at, assumed=assumed):
            return _close(request, reason, at, assumed=assumed)
        case Finish(answer=answer, at=at, assumed=assumed):
            if request.phase is Phase.CLOSED:
                return ()
            answered = Fact(_answer(answer, request), at, assumed)
            return (answered, *_close(_after(request, answered), ClosingReason.ANSWERED, at, assumed=assumed))
        case Resume(answer=answer, reopening=reopening, at=at, assumed=assumed):
            if request.phase is Phase.REOPENED:
                return ()
            finished = decide(Finish(answer, at, assumed), request)
            return (*finished, Fact(reopening, at, assumed))
        case Refuse(refusal=refusal, at=at, assumed=assumed):
            if request.phase is Phase.CLOSED or (request.phase is Phase.REFUSED and request.refusal_sent):
                return ()
            _must(request, RequestRefused)
            refused = Fact(refusal, at, assumed)
            if refusal.sent is None:
                return (refused,)
            return (refused, *_close(_after(request, refused), ClosingReason.REFUSED, at, assumed=assumed))


def _record(command: Record, request: Request) -> tuple[Fact, ...]:
    event = command.event
    match event:
        case RequestReopened() if request.phase in (Phase.REOPENED, Phase.RECEIVED, Phase.IN_TREATMENT):
            return ()
        case RequestAcknowledged() if request.acknowledged and request.phase is not Phase.REOPENED:
            return ()
        case RequestVoided() if request.phase is Phase.VOIDED:
            return ()
        case PersonalDataErased() if request.erased:
            return ()
        case RequestAnswered():
            event = _answer(event, request)
        case RequestExtended():
            _may_extend(request, command.at)
        case RequestMerged():
            _must(request, RequestMerged)
            merged = Fact(event, command.at, command.assumed)
            return (
                merged,
                *_close(_after(request, merged), ClosingReason.MERGED, command.at, assumed=command.assumed),
            )
        case RequestClosed(reason=reason):
            return _close(request, reason, command.at, assumed=command.assumed)
        case _:
            pass
    _must(request, type(event))
    return (Fact(event, command.at, command.assumed),)


def _close(request: Request, reason: ClosingReason, at: dt.datetime, *, assumed: bool) -> tuple[Fact, ...]:
    if request.phase is Phase.CLOSED:
        return ()
    _must(request, RequestClosed)
    allowed = {
        ClosingReason.ANSWERED: request.answered_since,
        ClosingReason.WITHDRAWN: True,
        ClosingReason.MERGED: request.merged,
        ClosingReason.REFUSED: request.phase is Phase.REFUSED and request.refusal_sent,
    }[reason]
    if not allowed:  # POL-27
        raise NotAnsweredError(
            f"cannot be closed as {reason}: answer the citizen first. Without an answer a request is closed only "
            f"when it is {', '.join(sorted(CLOSES_UNANSWERED))} (a refusal must have been sent)."
        )
    return (Fact(RequestClosed(reason=reason), at, assumed),)


def _answer(answer: RequestAnswered, request: Request) -> RequestAnswered:
    _must(request, RequestAnswered)
    if request.kind is Kind.ACCESS_TO_INFORMATION:
        if answer.access_outcome is None:
            raise AccessDecisionError("the answer to an access request is a decision: give access_outcome")
        if answer.access_outcome in (AccessOutcome.REFUSED, AccessOutcome.PARTIAL) and not (
            answer.provisions and answer.sealed
        ):
            raise AccessDecisionError("a refusal, also in part, cites the provision and explains it: give both")
    elif answer.access_outcome is not None:
        raise AccessDecisionError("access_outcome is for access requests alone")
    return answer


EXTENSION_LIMIT_DAYS = 20
"""Calendar days; the notice must go before they end. Source: A-2.1 art. 47."""


def _may_extend(request: Request, at: dt.datetime) -> None:
    if request.kind is not Kind.ACCESS_TO_INFORMATION:
        raise ExtensionError("only an access request can be extended")
    if request.extended:
        raise ExtensionError("it was extended once already; the law knows no second extension")
    assert request.received_at is not None
    if (at.date() - request.received_at.date()).days > EXTENSION_LIMIT_DAYS:
        raise ExtensionError(f"the first {EXTENSION_LIMIT_DAYS} days have ended; the notice would come too late")


def _must(request: Request, event: type[Event]) -> None:
    if not may_happen(request.phase, event):
        raise NotNowError(f"{event.TYPE} may not happen while the request is {request.phase.value}")


def _after(request: Request, fact: Fact) -> Request:
    """The request after a fact that is not recorded yet."""
    request = replace(request, phase=next_phase(request.phase, type(fact.event)))
    match fact.event:
        case RequestAnswered():
            return replace(request, answered_since=True)
        case RequestRefused(sent=sent):
            return replace(request, refusal_sent=sent is not None)
        case RequestMerged():
            return replace(request, merged=True)
        case _:
            return request


REQUEST: Decider[Command, Request] = Decider(initial=Request(), evolve=evolve, decide=decide)

"""The life of a request at the desk: what may be commanded, and which facts follow."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import partial

from clic_chassis.decider import Decider, Fact
from clic_contracts.event import (
    AccessClassified,
    Event,
    ExchangeAbusive,
    PersonalDataErased,
    RequestAcknowledged,
    RequestAdmitted,
    RequestAnswered,
    RequestClosed,
    RequestExtended,
    RequestHandedBack,
    RequestHandedOver,
    RequestMerged,
    RequestNoted,
    RequestPromised,
    RequestRefused,
    RequestReopened,
    RequestSplit,
    RequestVoided,
    ReviewRequested,
    Sealed,
    ThirdPartyAnswered,
    ThirdPartyNotified,
)
from clic_contracts.lifecycle import may_happen
from clic_contracts.vocabulary import ClosingReason, Phase, RequestId

from . import access_rule, extension, rule
from .rule import Rules
from .state import Request, after, evolve

# -- commands ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Register:
    """Put a new request in the register: received, and what the judgement adds."""

    facts: tuple[Fact, ...]


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
class Merge:
    """Join a duplicate to another request, which goes on for both, and close it. Source: POL-27."""

    into: RequestId
    other: Request
    """The other request as it is now."""
    joined: int
    """Duplicates that were joined to this one."""
    at: dt.datetime
    assumed: bool = False


@dataclass(frozen=True, slots=True)
class Split:
    """One contact is several requests: say which, with what they are to hold, in one decision.

    They are registered from that afterwards, so that a crash in between loses none of them.
    """

    into: tuple[RequestId, ...]
    parts: Sealed
    """What each new request is to hold, under this request's key."""
    at: dt.datetime
    assumed: bool = False


@dataclass(frozen=True, slots=True)
class Refuse:
    """Judge a request inadmissible; where the citizen was told, it is closed too. Source: POL-07 to POL-09."""

    refusal: RequestRefused
    at: dt.datetime
    assumed: bool = False
    by: str = ""
    """The actor, as events name it; the desk fills it in. Nobody: what only a person may judge is refused."""


@dataclass(frozen=True, slots=True)
class Extend:
    """Extend a delay, once, with the notice that says so. Source: POL-23, A-2.1 art. 47."""

    extension: RequestExtended
    at: dt.datetime
    assumed: bool = False
    limit_at: dt.datetime | None = None
    """Of a complaint, by when it was to be answered; None: that is not known."""


Statement = Record | Close | Finish | Resume | Refuse | Merge | Split | Extend
"""What is commanded about a request that is there."""
Command = Register | Statement


def stated(command: Statement) -> tuple[Event, dt.datetime]:
    """What a command says happened, and when; what it may add besides (an answer that is closed) follows from it."""
    match command:
        case Record(event=event):
            return event, command.at
        case Close(reason=reason):
            return RequestClosed(reason=reason), command.at
        case Finish(answer=answer):
            return answer, command.at
        case Resume(reopening=reopening):
            return reopening, command.at
        case Refuse(refusal=refusal):
            return refusal, command.at
        case Merge(into=into):
            return RequestMerged(into=into), command.at
        case Split(into=into):
            return RequestSplit(into=into), command.at
        case Extend(extension=extended):
            return extended, command.at


# -- decisions --------------------------------------------------------------------------------------------------


def request_decider(rules: Rules) -> Decider[Command, Request]:
    """The desk's decider of one town."""
    return Decider(initial=Request(), evolve=evolve, decide=partial(_decide, rules))


def _decide(rules: Rules, command: Command, request: Request) -> tuple[Fact, ...]:
    """The facts that a command makes.

    Raises:
        RefusedError: a rule forbids it; the error says which.
    """
    if isinstance(command, Register):
        if request.phase is not Phase.NEW:
            return ()  # Said twice, done once; whether with other content is compared by who asks.
        return command.facts
    if request.phase is Phase.NEW:
        raise rule.UnknownRequestError(
            "no such request: send its submission first, or correct the reference",
            fr="aucune demande de ce genre : déposez-la d’abord, ou corrigez la référence",
        )
    rule.not_before_reception(request, command.at, assumed=command.assumed)
    match command:
        case Record():
            return _record(rules, command, request)
        case Close(reason=reason):
            return _close(request, reason, command.at, assumed=command.assumed)
        case Finish():
            return _finish(rules, command, request)
        case Extend():
            return _extend(rules, command, request)
        case Resume():
            return _resume(rules, command, request)
        case Refuse():
            return _refuse(command, request)
        case Merge():
            return _merge(command, request)
        case Split(into=into, parts=parts):
            rule.must(request, RequestSplit)
            split, noted = RequestSplit(into=into), RequestNoted(sealed=parts)
            return (Fact(split, command.at, command.assumed), Fact(noted, command.at, command.assumed))


def _record(rules: Rules, command: Record, request: Request) -> tuple[Fact, ...]:
    event = command.event
    if _is_so_already(event, command.at, request):
        return ()
    match event:
        case RequestAnswered():
            access_rule.may_answer(rules, event, request, command.at)
        case RequestExtended():
            return _extend(rules, Extend(event, command.at, command.assumed), request)
        case _ if isinstance(event, access_rule.Step):
            access_rule.may_step(rules, event, request, command.at)
        case RequestAdmitted():
            rule.may_admit(event, request)
        case RequestHandedOver():
            rule.may_hand_over(rules, event, request, command.at)
        case RequestHandedBack():
            rule.may_hand_back(request)
        case RequestPromised(due_on=due_on):
            rule.may_promise(rules, due_on, command.at)
        case RequestReopened():
            rule.may_reopen(rules, request, event, command.at, assumed=command.assumed)
        case RequestMerged():
            raise rule.MergeError("whether the other request can go on for both is looked at first: merge it")
        case ExchangeAbusive():
            rule.may_mark_abusive(event, request)
        case RequestRefused():
            return _refuse(Refuse(event, command.at, command.assumed), request)
        case RequestClosed(reason=reason):
            return _close(request, reason, command.at, assumed=command.assumed)
        case _:
            pass
    rule.must(request, type(event))
    return (Fact(event, command.at, command.assumed),)


def _is_so_already(event: Event, at: dt.datetime, request: Request) -> bool:
    """Whether a fact would change nothing: said by two people, it is one fact."""
    match event:
        case RequestReopened():
            return request.phase in (Phase.REOPENED, Phase.RECEIVED, Phase.IN_TREATMENT)
        case RequestAcknowledged():
            # An earlier acknowledgement that is told later is news: it may have been in time.
            return request.acknowledged_at is not None and at >= request.acknowledged_at
        case RequestVoided():
            return request.phase is Phase.VOIDED
        case PersonalDataErased():
            return request.erased
        case RequestAdmitted():
            return request.admitted
        case _:
            return _is_known_of_access(event, request)


def _is_known_of_access(event: Event, request: Request) -> bool:
    """The same of a step on an access request's path."""
    path = request.path
    match event:
        case AccessClassified(nature=nature):
            return path.nature is nature
        case ThirdPartyNotified(third_party_id=which):
            known = path.third_party(which)
            return known is not None and known.notified_at is not None
        case ThirdPartyAnswered(third_party_id=which, position=said):
            known = path.third_party(which)
            return known is not None and known.position is said
        case ReviewRequested(requested_on=day):
            return path.is_contested and path.review_asked_on == day
        case _:
            return False


def _extend(rules: Rules, command: Extend, request: Request) -> tuple[Fact, ...]:
    extension.may_extend(rules, command.extension, request, command.at, command.limit_at)
    return (Fact(command.extension, command.at, command.assumed),)


def _finish(rules: Rules, command: Finish, request: Request) -> tuple[Fact, ...]:
    if request.phase is Phase.CLOSED:
        return _closed_already(request, ClosingReason.ANSWERED)
    access_rule.may_answer(rules, command.answer, request, command.at)
    answered = Fact(command.answer, command.at, command.assumed)
    closed = _close(after(request, answered), ClosingReason.ANSWERED, command.at, assumed=command.assumed)
    return (answered, *closed)


def _resume(rules: Rules, command: Resume, request: Request) -> tuple[Fact, ...]:
    """Reopen; what was not closed yet, as far as we know, was answered and closed before."""
    if request.phase is Phase.REOPENED:
        return ()
    reopened = Fact(command.reopening, command.at, command.assumed)
    if may_happen(request.phase, RequestReopened):
        rule.may_reopen(rules, request, command.reopening, command.at, assumed=command.assumed)
        return (reopened,)
    return (*_finish(rules, Finish(command.answer, command.at, command.assumed), request), reopened)


def _refuse(command: Refuse, request: Request) -> tuple[Fact, ...]:
    if request.phase is Phase.CLOSED:
        return _closed_already(request, ClosingReason.REFUSED)
    rule.may_refuse(command.refusal, request, command.by)
    if request.phase is Phase.REFUSED and request.refusal_sent:
        return _close(request, ClosingReason.REFUSED, command.at, assumed=command.assumed)
    refused = Fact(command.refusal, command.at, command.assumed)
    if command.refusal.sent is None:
        return (refused,)
    closed = _close(after(request, refused), ClosingReason.REFUSED, command.at, assumed=command.assumed)
    return (refused, *closed)


def _merge(command: Merge, request: Request) -> tuple[Fact, ...]:
    if request.phase is Phase.CLOSED and request.merged_into == command.into:
        return ()
    rule.may_merge(request, command.other, joined=command.joined)
    merged = Fact(RequestMerged(into=command.into), command.at, command.assumed)
    closed = _close(after(request, merged), ClosingReason.MERGED, command.at, assumed=command.assumed)
    return (merged, *closed)


def _close(request: Request, reason: ClosingReason, at: dt.datetime, *, assumed: bool) -> tuple[Fact, ...]:
    if request.phase is Phase.CLOSED:
        return _closed_already(request, reason)
    rule.may_close(request, reason)
    return (Fact(RequestClosed(reason=reason), at, assumed),)


def _closed_already(request: Request, reason: ClosingReason) -> tuple[Fact, ...]:
    """Closing it for the same reason again changes nothing; for another one it has to be reopened first."""
    if request.closed_as is not reason:
        raise rule.NotNowError(
            f"it is closed already, as {request.closed_as}: reopen it first",
            fr=f"elle est déjà fermée, comme {request.closed_as} : rouvrez-la d’abord",
        )
    return ()

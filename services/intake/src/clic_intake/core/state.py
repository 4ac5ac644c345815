"""What the desk knows of a request: the fold of its own events."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import reduce

from clic_chassis.decider import Fact
from clic_contracts.envelope import Recorded
from clic_contracts.event import (
    Event,
    PersonalDataErased,
    RequestAcknowledged,
    RequestAdmitted,
    RequestAnswered,
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
)
from clic_contracts.lifecycle import next_phase
from clic_contracts.vocabulary import BodyCode, ClosingReason, Criterion, Kind, Missing, Origin, Phase, RequestId

from .access import Path, walked


@dataclass(frozen=True, slots=True)
class Request:
    """What the desk knows of a request, from its own events."""

    phase: Phase = Phase.NEW
    kind: Kind = Kind.REQUEST
    reference: str = ""
    origin: Origin = Origin.LIVE
    received_at: dt.datetime | None = None
    acknowledged_at: dt.datetime | None = None
    """The first time that the citizen was told, since it was last reopened."""
    answered_since: bool = False
    """Answered, and not reopened since."""
    refusal_sent: bool = False
    refused_on: Criterion | None = None
    """On which criterion it was judged inadmissible, and not reopened since."""
    merged_into: RequestId | None = None
    extended: bool = False
    erased: bool = False
    urgent: bool = False
    confidential: bool = False
    missing: tuple[Missing, ...] = ()
    """What the citizen was asked for, or is to be, and has not given."""
    closed_at: dt.datetime | None = None
    closed_as: ClosingReason | None = None
    admitted: bool = False
    """A person judged that it is admissible, and it was not reopened since."""
    handed_to: BodyCode | None = None
    """The outside body that has part of the work."""
    path: Path = field(default_factory=Path)
    """Of an access request."""

    @property
    def waits_for_citizen(self) -> bool:
        """Whether it stands still until the citizen answers; a safety report never does (POL-06)."""
        return bool(self.missing) and not self.urgent and self.phase in AWAITING_ANSWER


AWAITING_ANSWER: frozenset[Phase] = frozenset({Phase.RECEIVED, Phase.IN_TREATMENT, Phase.REOPENED})
"""Phases in which the citizen is still to be answered."""


def evolve(request: Request, recorded: Recorded) -> Request:
    """The request after one of its events."""
    return after(request, Fact(recorded.data, recorded.occurred_at))


def state_of(events: Iterable[Recorded]) -> Request:
    """The request that these events tell of; its phase is `new` where they tell of none."""
    return reduce(evolve, events, Request())


def after(request: Request, fact: Fact) -> Request:
    """The request after a fact, recorded already or not yet."""
    event = fact.event
    request = _treated(replace(request, phase=next_phase(request.phase, type(event))), fact)
    if request.kind is Kind.ACCESS_TO_INFORMATION and (path := walked(request.path, fact)) is not request.path:
        return replace(request, path=path)
    return request


def _treated(request: Request, fact: Fact) -> Request:
    """What a fact changes of any request."""
    event, at = fact.event, fact.occurred_at
    match event:
        case RequestReceived():
            return replace(
                request,
                kind=event.kind,
                reference=event.reference,
                origin=event.origin,
                received_at=at,
                urgent=event.urgent,
                confidential=event.confidential,
            )
        case RequestIncomplete():
            return replace(request, missing=event.missing)
        case RequestCompleted():
            return replace(request, missing=tuple(m for m in request.missing if m not in event.given))
        case RequestAcknowledged():
            return replace(request, acknowledged_at=min(at, request.acknowledged_at or at))
        case RequestRefused():
            return replace(request, refusal_sent=event.sent is not None, refused_on=event.criterion)
        case RequestAnswered():
            return replace(request, answered_since=True)
        case RequestMerged():
            return replace(request, merged_into=event.into)
        case RequestExtended():
            return replace(request, extended=True)
        case RequestClosed():
            return replace(request, closed_at=at, closed_as=event.reason)
        case RequestReopened():
            return replace(
                request,
                acknowledged_at=None,
                answered_since=False,
                refusal_sent=False,
                refused_on=None,
                merged_into=None,
                closed_at=None,
                closed_as=None,
                admitted=False,
            )
        case _:
            return _beside(request, event)


def _beside(request: Request, event: Event) -> Request:
    """What is judged, given to others, or erased, beside the treatment."""
    match event:
        case RequestAdmitted():
            return replace(request, admitted=True)
        case RequestHandedOver(to=body):
            return replace(request, handed_to=body)
        case RequestHandedBack():
            return replace(request, handed_to=None)
        case PersonalDataErased():
            return replace(request, erased=True)
        case _:
            return request

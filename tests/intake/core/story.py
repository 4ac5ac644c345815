"""What stories of requests are told with: the catalogue's examples, and a decider of a town in Toronto's time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from clic_chassis.scenario import NOON, recorded
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
    RequestNoted,
    RequestPromised,
    RequestRated,
    RequestReceived,
    RequestRefused,
    RequestReopened,
    RequestVoided,
)
from clic_contracts.vocabulary import ClosingReason
from clic_intake.core.request import Merge, Record, Refuse, Statement, request_decider
from clic_intake.core.rule import Rules
from clic_intake.core.state import Request, state_of

TORONTO = ZoneInfo("America/Toronto")
REQUEST = request_decider(Rules(TORONTO, reopen_within_days=30))
OTHER = "0b1e1a54-0000-5000-8000-000000000001"


def make(event: type[Event], **changes: object) -> Any:
    """The catalogue's example, changed."""
    return event.model_validate({**event.EXAMPLE, **changes})


def town_time(text: str) -> dt.datetime:
    """An instant in the town's time."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=TORONTO)


RECEIVED = make(RequestReceived)
BACKLOG = make(RequestReceived, origin="backlog")
ACCESS = make(RequestReceived, kind="access_to_information", subject=None)
ACKNOWLEDGED = make(RequestAcknowledged)
INCOMPLETE = make(RequestIncomplete)
COMPLETED = make(RequestCompleted)
ANSWERED = make(RequestAnswered)
GRANTED = make(RequestAnswered, access_outcome="granted")
EXTENDED = make(RequestExtended)
PROMISED = make(RequestPromised)
REFUSED_UNSENT = make(RequestRefused, sent=None)
REFUSED_SENT = make(RequestRefused)
MERGED = make(RequestMerged, into=OTHER)
VOIDED = make(RequestVoided)
REOPENED = make(RequestReopened)
NOTED = make(RequestNoted)
RATED = make(RequestRated)
ERASED = make(PersonalDataErased)


def closed(reason: ClosingReason) -> RequestClosed:
    return RequestClosed(reason=reason)


AS_ANSWERED = closed(ClosingReason.ANSWERED)
AS_WITHDRAWN = closed(ClosingReason.WITHDRAWN)
AS_MERGED = closed(ClosingReason.MERGED)
AS_REFUSED = closed(ClosingReason.REFUSED)


def record(event: Event, at: dt.datetime = NOON, *, assumed: bool = False) -> Record:
    return Record(event, at, assumed)


def of(*story: Event) -> Request:
    """The request that a story tells of."""
    return state_of(recorded(each) for each in story)


PARENT = of(RECEIVED)
"""Another request, which still owes its answer."""


def merge(*, into: str = OTHER, other: Request = PARENT, joined: int = 0, at: dt.datetime = NOON) -> Merge:
    return Merge(into, other, joined, at)


def state_that(event: Event, at: dt.datetime = NOON, *, other: Request = PARENT) -> Statement:
    """What states a fact: merges and refusals have a command of their own."""
    match event:
        case RequestMerged(into=into):
            return merge(into=into, other=other, at=at)
        case RequestRefused():
            return Refuse(event, at, by=AGENT)
        case _:
            return record(event, at)


AGENT = "agent:alex.exemple"


def has_its_ground(story: Sequence[Event], reason: ClosingReason) -> bool:
    """By a slow look back to the last reopening: what the reason says happened."""
    since = max((n for n, each in enumerate(story) if isinstance(each, RequestReopened)), default=0)
    lately = story[since:]
    match reason:
        case ClosingReason.ANSWERED:
            return any(isinstance(each, RequestAnswered) for each in lately)
        case ClosingReason.MERGED:
            return any(isinstance(each, RequestMerged) for each in lately)
        case ClosingReason.REFUSED:
            return any(isinstance(each, RequestRefused) and each.sent is not None for each in lately)
        case ClosingReason.WITHDRAWN:
            return True

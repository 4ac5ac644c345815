"""What a what-if reads of the log's facts, and no more: narrow structs that skip texts, traces and what is sealed.

A fact of intake becomes `Happening` with an event of the catalogue that has what the fold of obligations looks at and
the example's values elsewhere; requests share these events. `tests/deadlines/core/test_what_if.py` proves that the fold
says of them what it says of the whole facts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Final, Union

import msgspec
from msgspec import Meta, Struct, field

from clic_chassis.error import UnreadableError
from clic_contracts import event as catalogue
from clic_contracts.event import EVENTS, Event
from clic_contracts.upcast import UPCASTERS, lift
from clic_contracts.vocabulary import AccessOutcome, ClosingReason, Kind, ObligationKind, RecountReason

EVENTS_SHARED_MAX: Final = 4_096
"""Events that requests share: each combination of values that the fold looks at, third parties left out."""

Instant = Annotated[dt.datetime, Meta(tz=True)]


class Part(Struct, gc=False):
    """A value inside a fact; what it does not name is skipped."""


class Happening(Struct, gc=False, frozen=True):
    """A fact of intake, as the fold of obligations reads it."""

    occurred_at: dt.datetime
    data: Event
    time_assumed: bool = False


class Fact(Struct, gc=False, kw_only=True, tag_field="type", tag=str):
    """A fact of no other account than that it was read."""

    EVENT: ClassVar[Event | None] = None
    """What the fold is told, where that says nothing but that it happened; None: it is not the fold's."""


class Told(Fact, kw_only=True):
    """A fact of intake that the fold reads."""

    occurred_at: Instant = field(name="time")
    assumed: bool = field(name="timeassumed", default=False)

    def event(self) -> Event:
        """What happened."""
        assert self.EVENT is not None
        return self.EVENT


class ReceivedData(Part):
    """Of `request.received.v1`."""

    kind: Kind
    subject: str | None = None
    written: bool | None = None
    confidential: bool = False
    urgent: bool = False


class Received(Told, tag=catalogue.RequestReceived.TYPE):
    """A request is registered."""

    data: ReceivedData

    def event(self) -> Event:
        """What is asked, and how urgently."""
        data = self.data
        return _shared(
            catalogue.RequestReceived, kind=data.kind, subject=data.subject, written=data.written, urgent=data.urgent
        )


class IncompleteData(Part):
    """Of `request.incomplete.v1`."""

    asked: Part | None = None


class Incomplete(Told, tag=catalogue.RequestIncomplete.TYPE):
    """Something is missing."""

    data: IncompleteData

    def event(self) -> Event:
        """Whether the citizen was asked."""
        return _ASKED if self.data.asked is not None else _NOT_ASKED


class RefusedData(Part):
    """Of `request.refused.v1`."""

    sent: Part | None = None


class Refused(Told, tag=catalogue.RequestRefused.TYPE):
    """It is not admissible."""

    data: RefusedData

    def event(self) -> Event:
        """Whether the citizen was told."""
        return _TOLD if self.data.sent is not None else _NOT_TOLD


class PromisedData(Part):
    """Of `request.promised.v1`."""

    due_on: dt.date


class Promised(Told, tag=catalogue.RequestPromised.TYPE):
    """A date was agreed."""

    data: PromisedData

    def event(self) -> Event:
        """Until when."""
        return _shared(catalogue.RequestPromised, due_on=self.data.due_on)


class ExtendedData(Part):
    """Of `request.extended.v1`."""

    days: int


class Extended(Told, tag=catalogue.RequestExtended.TYPE):
    """An access request or a complaint has some days more."""

    data: ExtendedData

    def event(self) -> Event:
        """By how many days."""
        return _shared(catalogue.RequestExtended, days=self.data.days)


class AnsweredData(Part):
    """Of `request.answered.v1`."""

    access_outcome: AccessOutcome | None = None


class Answered(Told, tag=catalogue.RequestAnswered.TYPE):
    """The citizen was answered."""

    data: AnsweredData

    def event(self) -> Event:
        """With which outcome."""
        outcome = self.data.access_outcome
        return _ANSWERED if outcome is None else _shared(catalogue.RequestAnswered, access_outcome=outcome)


class ClosedData(Part):
    """Of `request.closed.v1`."""

    reason: ClosingReason


class Closed(Told, tag=catalogue.RequestClosed.TYPE):
    """The desk is done with it."""

    data: ClosedData

    def event(self) -> Event:
        """For which reason."""
        return _CLOSED[self.data.reason]


class HandedOverData(Part):
    """Of `request.handed_over.v1`."""

    expected_on: dt.date | None = None


class HandedOver(Told, tag=catalogue.RequestHandedOver.TYPE):
    """Work was given to an outside body."""

    data: HandedOverData

    def event(self) -> Event:
        """Until when."""
        return _shared(catalogue.RequestHandedOver, expected_on=self.data.expected_on)


class ThirdPartyData(Part):
    """Of the facts about third parties."""

    third_party_id: str


class ThirdPartyIdentified(Told, tag=catalogue.ThirdPartyIdentified.TYPE):
    """A third party is to be heard."""

    data: ThirdPartyData

    def event(self) -> Event:
        """Which one."""
        return _made(catalogue.ThirdPartyIdentified, third_party_id=self.data.third_party_id)


class ThirdPartyNotified(Told, tag=catalogue.ThirdPartyNotified.TYPE):
    """A third party was told."""

    data: ThirdPartyData

    def event(self) -> Event:
        """Which one."""
        return _made(catalogue.ThirdPartyNotified, third_party_id=self.data.third_party_id)


class ThirdPartyAnswered(Told, tag=catalogue.ThirdPartyAnswered.TYPE):
    """A third party spoke."""

    data: ThirdPartyData

    def event(self) -> Event:
        """Which one."""
        return _made(catalogue.ThirdPartyAnswered, third_party_id=self.data.third_party_id)


class ReviewRequestedData(Part):
    """Of `access.review_requested.v1`."""

    requested_on: dt.date


class ReviewRequested(Told, tag=catalogue.ReviewRequested.TYPE):
    """The Commission was asked."""

    data: ReviewRequestedData

    def event(self) -> Event:
        """When."""
        return _shared(catalogue.ReviewRequested, requested_on=self.data.requested_on)


class RoutedData(Part):
    """Of `request.routed.v1`."""

    department: str


class Routed(Fact, tag=catalogue.RequestRouted.TYPE):
    """It was given to a department."""

    data: RoutedData


class SetData(Part):
    """Of `obligation.set.v1`; how it was computed is skipped."""

    obligation_id: str
    obligation: ObligationKind
    due_at: Instant
    calendar_version: str


class Set(Fact, tag=catalogue.ObligationSet.TYPE):
    """The town owes something."""

    town: str
    data: SetData


class RecountedData(Part):
    """Of `obligation.recounted.v1`."""

    obligation_id: str
    because: RecountReason
    due_at: Instant
    calendar_version: str


class Recounted(Fact, tag=catalogue.ObligationRecounted.TYPE):
    """Its limit is another."""

    data: RecountedData


class NamedData(Part):
    """Of the facts that name an obligation and say no more that is read here."""

    obligation_id: str


class Paused(Fact, tag=catalogue.ObligationPaused.TYPE):
    """It stands still."""

    data: NamedData


class MetData(Part):
    """Of `obligation.met.v1`."""

    obligation_id: str
    in_time: bool


class Met(Fact, tag=catalogue.ObligationMet.TYPE):
    """It was kept."""

    data: MetData


class Lifted(Fact, tag=catalogue.ObligationLifted.TYPE):
    """It no longer binds."""

    data: NamedData


def _example(event: type[Event]) -> Event:
    return event.model_validate(event.EXAMPLE)


def _made(event: type[Event], **values: object) -> Event:
    return event.model_validate({**event.EXAMPLE, **values})


_shared: Callable[..., Event] = lru_cache(EVENTS_SHARED_MAX)(_made)
_ASKED = _example(catalogue.RequestIncomplete)
_NOT_ASKED = _made(catalogue.RequestIncomplete, asked=None)
_TOLD = _example(catalogue.RequestRefused)
_NOT_TOLD = _made(catalogue.RequestRefused, sent=None)
_ANSWERED = _made(catalogue.RequestAnswered, access_outcome=None)
_CLOSED = {reason: _made(catalogue.RequestClosed, reason=reason) for reason in ClosingReason}

_READ: tuple[type[Fact], ...] = (
    Received, Incomplete, Refused, Promised, Extended, Answered, Closed, HandedOver, ThirdPartyIdentified,
    ThirdPartyNotified, ThirdPartyAnswered, ReviewRequested, Routed, Set, Recounted, Paused, Met, Lifted,
)  # fmt: skip
_HAPPENED: tuple[type[Event], ...] = (
    catalogue.RequestCompleted,
    catalogue.RequestAdmitted,
    catalogue.RequestAcknowledged,
    catalogue.RequestHandedBack,
    catalogue.RequestMerged,
    catalogue.RequestVoided,
    catalogue.RequestReopened,
)
"""Of which the fold asks only when they happened."""


def type_of(fact: type[Fact]) -> str:
    """The wire type of a struct of facts."""
    return str(fact.__struct_config__.tag)


def _defined(event: type[Event], base: type[Fact]) -> Any:
    made: Any = msgspec.defstruct(
        event.__name__, [], bases=(base,), tag=event.TYPE, tag_field="type", gc=False, kw_only=True, module=__name__
    )
    return made


def _happened(event: type[Event]) -> Any:
    made = _defined(event, Told)
    made.EVENT = _example(event)
    return made


FACTS: Final[tuple[type[Fact], ...]] = (
    *_READ,
    *(_happened(event) for event in _HAPPENED),
    *(_defined(each, Fact) for each in EVENTS if each not in _HAPPENED and each.TYPE not in set(map(type_of, _READ))),
)
"""One struct per type of the catalogue."""

_COMMIT: Any = list[Union[FACTS]]  # type: ignore[valid-type]  # noqa: UP007 - a union made at run time.
_DECODER: Final = msgspec.json.Decoder(_COMMIT)
_JSON: Final = msgspec.json.Decoder(list[dict[str, Any]])


def decode_narrow(sequence: int, body: bytes | memoryview) -> list[Fact]:
    """The facts of a commit of the log, each lifted to its newest version.

    Raises:
        UnreadableError: it is not a commit, or holds a type that this code does not know, or a value of a wrong type.
    """
    try:
        return _DECODER.decode(body)  # type: ignore[no-any-return]  # The type is made at run time.
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors.
        try:
            if not UPCASTERS:
                raise
            return msgspec.convert([lift(each) for each in _JSON.decode(body)], _COMMIT)  # type: ignore[no-any-return]  # The same.
        except (ValueError, RecursionError):
            raise UnreadableError(f"position {sequence} of the log: {error}") from error

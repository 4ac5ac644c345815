"""What reporting reads of the log's facts, and no more: narrow structs that skip what no figure needs.

A commit is decoded past everything sealed, past traces and past texts. What is named here is typed and checked, so
that a wrong value stops the reader at its position (`clic_reporting.core.narrow`).
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, ClassVar, Final
from uuid import UUID

from msgspec import Meta, Struct, field

from clic_contracts import event as catalogue
from clic_contracts.event import EVENTS
from clic_contracts.vocabulary import (
    AccessOutcome,
    Channel,
    ClosingReason,
    Criterion,
    Escalation,
    Kind,
    Language,
    LiftReason,
    ObligationKind,
    Origin,
    RecountReason,
    RequesterPresence,
)

Instant = Annotated[dt.datetime, Meta(tz=True)]

EVENT_KEYS: Final[dict[str, int]] = {event.TYPE: number for number, event in enumerate(EVENTS, 1)}
"""Wire type → its number in `dim_event`: its place in the catalogue, which only grows at its end."""


class Part(Struct, gc=False):
    """A value inside a fact; what it does not name is skipped."""


class Fact(Struct, gc=False, kw_only=True, tag_field="type", tag=str):
    """The envelope, as far as reporting needs it."""

    KEY: ClassVar[int]
    """See `EVENT_KEYS`."""

    request_id: str = field(name="subject")
    occurred_at: Instant = field(name="time")
    recorded_at: Instant = field(name="recordedat")
    actor: str
    town: str
    assumed: bool = field(name="timeassumed", default=False)


class RuleRef(Part):
    """Which rule decided."""

    code: str


class ReceivedData(Part):
    """Of `request.received.v1`."""

    reference: str
    kind: Kind
    channel: Channel
    language: Language
    requester: RequesterPresence
    publisher: str
    subject: str | None = None
    sector: str | None = None
    confidential: bool = False
    origin: Origin = Origin.LIVE


class Received(Fact, tag=catalogue.RequestReceived.TYPE):
    """A request is registered."""

    data: ReceivedData


class RefusedData(Part):
    """Of `request.refused.v1`."""

    criterion: Criterion


class Refused(Fact, tag=catalogue.RequestRefused.TYPE):
    """It is not admissible."""

    data: RefusedData


class ClosedData(Part):
    """Of `request.closed.v1`."""

    reason: ClosingReason


class Closed(Fact, tag=catalogue.RequestClosed.TYPE):
    """The desk is done with it."""

    data: ClosedData


class RatedData(Part):
    """Of `request.rated.v1`."""

    score: Annotated[int, Meta(ge=1, le=5)]


class Rated(Fact, tag=catalogue.RequestRated.TYPE):
    """The citizen said how satisfied they are."""

    data: RatedData


class RoutedData(Part):
    """Of `request.routed.v1`."""

    department: str
    first_line: bool
    rule: RuleRef | None = None
    unusual: bool = False


class Routed(Fact, tag=catalogue.RequestRouted.TYPE):
    """It was given to a department."""

    data: RoutedData


class SetData(Part):
    """Of `obligation.set.v1`; how it was computed is skipped."""

    obligation_id: str
    obligation: ObligationKind
    starts_at: Instant
    due_at: Instant
    rule: RuleRef


class Set(Fact, tag=catalogue.ObligationSet.TYPE):
    """The town owes something."""

    data: SetData


class MetData(Part):
    """Of `obligation.met.v1`."""

    obligation_id: str
    met_at: Instant
    assumed: bool = False


class Met(Fact, tag=catalogue.ObligationMet.TYPE):
    """It was kept."""

    data: MetData


class PausedData(Part):
    """Of `obligation.paused.v1`."""

    obligation_id: str


class Paused(Fact, tag=catalogue.ObligationPaused.TYPE):
    """It stands still: the request waits for the citizen."""

    data: PausedData


class RecountedData(Part):
    """Of `obligation.recounted.v1`; how it was computed is skipped."""

    obligation_id: str
    because: RecountReason
    due_at: Instant


class Recounted(Fact, tag=catalogue.ObligationRecounted.TYPE):
    """Its limit is another from now on."""

    data: RecountedData


class LimitData(Part):
    """Of `obligation.warned.v1`, `obligation.missed.v1` and `obligation.lapsed.v1`: what happened to which limit."""

    obligation_id: str
    due_at: Instant


class Warned(Fact, tag=catalogue.ObligationWarned.TYPE):
    """A share of its delay has passed."""

    data: LimitData


class Missed(Fact, tag=catalogue.ObligationMissed.TYPE):
    """Its limit passed."""

    data: LimitData


class EscalatedData(LimitData):
    """Of `obligation.escalated.v1`."""

    step: Annotated[int, Meta(ge=1)]
    to: Escalation


class Escalated(Fact, tag=catalogue.ObligationEscalated.TYPE):
    """Somebody further up was told that it is not kept."""

    data: EscalatedData


class Lapsed(Fact, tag=catalogue.ObligationLapsed.TYPE):
    """Somebody else's time is over and was not used."""

    data: LimitData


class LiftedData(Part):
    """Of `obligation.lifted.v1`."""

    obligation_id: str
    reason: LiftReason


class Lifted(Fact, tag=catalogue.ObligationLifted.TYPE):
    """It no longer binds."""

    data: LiftedData


class InteractionData(Part):
    """Of `interaction.recorded.v1`."""

    interaction_id: UUID
    channel: Channel
    publisher: str
    subject: str | None = None
    about: UUID | None = None
    answered_first_line: bool = False
    origin: Origin = Origin.LIVE


class Interaction(Fact, tag=catalogue.InteractionRecorded.TYPE):
    """One contact with a citizen."""

    data: InteractionData


class LearningData(Part):
    """Of `learning.published.v1`: a text that was reviewed and holds no personal data (POL-37)."""

    text: str
    period: str


class LearningPublished(Fact, tag=catalogue.LearningPublished.TYPE):
    """A learning was signed off."""

    data: LearningData


class WithdrawalData(Part):
    """Of `learning.withdrawn.v1`."""

    period: str


class LearningWithdrawn(Fact, tag=catalogue.LearningWithdrawn.TYPE):
    """A published learning is shown no more."""

    data: WithdrawalData


class Acknowledged(Fact, tag=catalogue.RequestAcknowledged.TYPE):
    """The citizen was told that it is registered."""


class AnsweredData(Part):
    """Of `request.answered.v1`: how an access request was decided, and on what that relies."""

    access_outcome: AccessOutcome | None = None
    provisions: tuple[str, ...] = ()


class Answered(Fact, tag=catalogue.RequestAnswered.TYPE):
    """The citizen was answered."""

    data: AnsweredData


class Promised(Fact, tag=catalogue.RequestPromised.TYPE):
    """A date was agreed."""


class ExtendedData(Part):
    """Of `request.extended.v1`."""

    days: int


class Extended(Fact, tag=catalogue.RequestExtended.TYPE):
    """An access request or a complaint has some days more."""

    data: ExtendedData


class HandedOver(Fact, tag=catalogue.RequestHandedOver.TYPE):
    """Work on it was given to an outside body."""


class Voided(Fact, tag=catalogue.RequestVoided.TYPE):
    """It proved to be no request."""


class Reopened(Fact, tag=catalogue.RequestReopened.TYPE):
    """It goes on."""


class Erased(Fact, tag=catalogue.PersonalDataErased.TYPE):
    """Its personal data can be read by nobody."""


class LearningRecorded(Fact, tag=catalogue.LearningRecorded.TYPE):
    """An exchange taught something; not reviewed, so that its text is never looked at."""


def type_of(fact: type[Fact]) -> str:
    """The wire type of a struct of facts."""
    return str(fact.__struct_config__.tag)

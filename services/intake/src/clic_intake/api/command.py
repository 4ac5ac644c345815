"""What agents command: one model a command, which says what it states."""

from typing import Annotated

from fastapi import HTTPException
from pydantic import Field, StringConstraints

from clic_chassis.agents import Agent
from clic_contracts.event import (
    Delivery,
    Event,
    ExchangeAbusive,
    RequestAcknowledged,
    RequestAnswered,
    RequestAssigned,
    RequestClosed,
    RequestCompleted,
    RequestDescribed,
    RequestExtended,
    RequestIncomplete,
    RequestMerged,
    RequestNoted,
    RequestPromised,
    RequestRated,
    RequestRefused,
    RequestReopened,
    RequestVoided,
    Sealed,
)
from clic_contracts.submission import Day, Requester, ShortText, Text
from clic_contracts.vocabulary import (
    AccessOutcome,
    BodyCode,
    Channel,
    ClosingReason,
    Criterion,
    DeliveryProof,
    DepartmentCode,
    Missing,
    ReopeningReason,
    RequestId,
    VoidingReason,
)
from clic_intake.core.admission import given_by

from .access_command import ACCESS_COMMANDS
from .stating import Command as Command
from .stating import Told

AGENT_PREFIX = "agent:"
"""How `actor` names people."""

AgentName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=190, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")
]


class Acknowledge(Told):
    """The citizen was told that the request is registered (POL-13 to POL-15)."""

    PATH = "acknowledge"

    def _event(self, sealed: Sealed | None) -> Event:
        del sealed
        return RequestAcknowledged(delivery=self.delivery)


class Ask(Told):
    """Something is missing, and the citizen was asked for it (POL-06, POL-21)."""

    PATH = "ask"

    missing: tuple[Missing, ...] = Field(min_length=1, max_length=len(Missing))

    def _event(self, sealed: Sealed | None) -> Event:
        del sealed
        return RequestIncomplete(missing=self.missing, asked=self.delivery)


class Complete(Command):
    """What was missing is given (POL-06, POL-21): at least a name, a contact or a text."""

    PATH = "complete"

    requester: Requester | None = None
    text: Text = ""

    def _event(self, sealed: Sealed | None) -> Event:
        given = given_by(self.requester, self.text)
        if not given:
            raise HTTPException(422, "it gives nothing that a request can lack: add a name, a contact or a text")
        return RequestCompleted(given=given, sealed=sealed)


class Answer(Told):
    """The citizen was answered (POL-17, POL-22).

    An access request needs its outcome; a refusal, also in part, its provisions, and a text that explains them and
    holds their wording (A-2.1 art. 50, 51); the outcome `other_body` names the body (art. 48).
    """

    PATH = "answer"

    text: Text = ""
    answered_by: DepartmentCode | None = None
    access_outcome: AccessOutcome | None = None
    provisions: tuple[ShortText, ...] = Field(default=(), max_length=50)
    body: BodyCode | None = Field(default=None, description="Of the outcome `other_body`: which one.")

    def _event(self, sealed: Sealed | None) -> Event:
        return RequestAnswered(
            delivery=self.delivery,
            answered_by=self.answered_by,
            access_outcome=self.access_outcome,
            provisions=self.provisions,
            body=self.body,
            sealed=sealed,
        )

    def bodies(self) -> dict[str, BodyCode]:
        """See `Command.bodies`."""
        return {"body": self.body} if self.body is not None else {}


class CloseRequest(Command):
    """It is done with; impossible before the citizen was answered (POL-27)."""

    PATH = "close"

    reason: ClosingReason = ClosingReason.ANSWERED

    def _event(self, sealed: Sealed | None) -> Event:
        del sealed
        return RequestClosed(reason=self.reason)


class RefuseRequest(Command):
    """It is not admissible (POL-07 to POL-09); with `channel`, the citizen was told and it is closed."""

    PATH = "refuse"

    criterion: Criterion
    text: Text = ""
    turn_to: BodyCode | None = None
    channel: Channel | None = None

    def _event(self, sealed: Sealed | None) -> Event:
        sent = Delivery(channel=self.channel, proof=DeliveryProof.AGENT) if self.channel else None
        return RequestRefused(criterion=self.criterion, turn_to=self.turn_to, sent=sent, sealed=sealed)

    def bodies(self) -> dict[str, BodyCode]:
        """See `Command.bodies`."""
        return {"turn_to": self.turn_to} if self.turn_to is not None else {}


class Note(Command):
    """A note is put in the file (POL-28)."""

    PATH = "note"

    text: Annotated[Text, Field(min_length=1)]

    def _event(self, sealed: Sealed | None) -> Event:
        return RequestNoted(sealed=sealed)


class Promise(Command):
    """A date was agreed with the citizen (POL-19)."""

    PATH = "promise"

    due_on: Day

    def _event(self, sealed: Sealed | None) -> Event:
        del sealed
        return RequestPromised(due_on=self.due_on)


class Extend(Told):
    """A delay is extended, once, and the citizen was notified (POL-23, A-2.1 art. 47).

    Of an access request, before the first twenty days end; of a complaint, before its limit, with the reason.
    """

    PATH = "extend"

    days: Annotated[int, Field(ge=1, le=10, description="Calendar days; of a complaint, business days.")] = 10
    text: Text = Field(default="", description="The reason; sealed.")

    def _event(self, sealed: Sealed | None) -> Event:
        return RequestExtended(days=self.days, notice=self.delivery, sealed=sealed)


class Merge(Command):
    """It is a duplicate: it is closed, and another request goes on for both."""

    PATH = "merge"

    into: RequestId

    def _event(self, sealed: Sealed | None) -> Event:
        del sealed
        return RequestMerged(into=self.into)

    def others(self) -> tuple[RequestId, ...]:
        """See `Command.others`."""
        return (self.into,)


class Void(Command):
    """It was entered by mistake and is no request."""

    PATH = "void"

    reason: VoidingReason

    def _event(self, sealed: Sealed | None) -> Event:
        del sealed
        return RequestVoided(reason=self.reason)


class Reopen(Command):
    """It goes on; within the town's number of days after it was closed (POL-39)."""

    PATH = "reopen"

    reason: ReopeningReason

    def _event(self, sealed: Sealed | None) -> Event:
        del sealed
        return RequestReopened(reason=self.reason)


class Rate(Command):
    """The citizen said how satisfied they are (POL-39)."""

    PATH = "rate"

    score: Annotated[int, Field(ge=1, le=5, description="1 (not at all) to 5 (entirely).")]

    def _event(self, sealed: Sealed | None) -> Event:
        del sealed
        return RequestRated(score=self.score)


class Assign(Command):
    """Somebody of the department in charge takes it on, whoever had it before (POL-28, POL-29)."""

    PATH = "assign"

    to: AgentName

    def _event(self, sealed: Sealed | None) -> Event:
        del sealed
        return RequestAssigned(to=f"{AGENT_PREFIX}{self.to}")


class Take(Command):
    """Who commands takes it on; impossible while somebody else has it (POL-28, POL-29)."""

    PATH = "take"

    def _event(self, sealed: Sealed | None) -> Event:
        del sealed
        raise AssertionError("who takes it is known where it is commanded: see `by`")

    def by(self, agent: Agent) -> Assign:
        """As whoever commands it."""
        return Assign(to=agent.agent, occurred_at=self.occurred_at)


class GiveBack(Command):
    """Nobody has it any more: it waits for somebody of the department (POL-28, POL-29)."""

    PATH = "give-back"

    def _event(self, sealed: Sealed | None) -> Event:
        del sealed
        return RequestAssigned(to=None)


class Describe(Command):
    """What the town publishes of it, in reviewed words that hold no personal data (POL-30, GeoReport v2).

    Both texts are looked through for what may tell who somebody is; what a person may judge harmless needs `reviewed`.
    """

    PATH = "describe"

    public_text: Annotated[Text, Field(max_length=4_000)] = ""
    public_notes: Annotated[Text, Field(max_length=4_000, description="Why it is as it is.")] = ""
    reviewed: bool = Field(default=False, description="What was found was looked at, and tells of nobody.")

    def _event(self, sealed: Sealed | None) -> Event:
        del sealed
        return RequestDescribed(text=self.public_text, status_notes=self.public_notes)


class MarkAbusive(Command):
    """The citizen's words or conduct were abusive; the request is treated all the same (POL-41)."""

    PATH = "abusive"

    channel: Channel
    text: Annotated[Text, Field(min_length=3, description="What was said or done; sealed.")]
    interaction_id: RequestId | None = Field(default=None, description="Which contact; the first, if left out.")

    def _event(self, sealed: Sealed | None) -> Event:
        return ExchangeAbusive(interaction_id=self.interaction_id, channel=self.channel, sealed=sealed)


class UndoMerge(Command):
    """It was no duplicate: it goes on by itself."""

    PATH = "undo-merge"

    def _event(self, sealed: Sealed | None) -> Event:
        del sealed
        return RequestReopened(reason=ReopeningReason.MERGED_IN_ERROR)


COMMANDS: tuple[type[Command], ...] = (
    Acknowledge,
    Ask,
    Complete,
    Answer,
    CloseRequest,
    RefuseRequest,
    Note,
    Promise,
    Extend,
    Merge,
    UndoMerge,
    Void,
    Reopen,
    Rate,
    Assign,
    Take,
    GiveBack,
    Describe,
    MarkAbusive,
    *ACCESS_COMMANDS,
)

"""What agents command over HTTP: one model a command, which says what it states."""

import datetime as dt
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable
from inspect import getdoc
from typing import Annotated, ClassVar

from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from clic_chassis.agents import Agent
from clic_chassis.clock import Clock
from clic_chassis.http import problems
from clic_contracts.event import (
    Delivery,
    Event,
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
    RequestRefused,
    RequestReopened,
    RequestSplit,
    RequestVoided,
    Sealed,
)
from clic_contracts.submission import Day, Instant, Requester, ShortText, Text
from clic_contracts.vocabulary import (
    AccessOutcome,
    BodyCode,
    Channel,
    ClosingReason,
    Criterion,
    DeliveryProof,
    DepartmentCode,
    Missing,
    Phase,
    ReopeningReason,
    RequestId,
    VoidingReason,
)
from clic_intake.core.admission import future_errors, given_by
from clic_intake.core.request import Record, Refuse, Statement
from clic_intake.core.state import state_of
from clic_intake.core.submitted import personal
from clic_intake.desk import Desk

from .story import RequestPath, Stories

MAX_OTHERS = 20
"""Requests that one was split into at most."""


class Command(BaseModel, ABC):
    """What an agent says was done, or is to be so. The docstring is the route's description."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    PATH: ClassVar[str]

    occurred_at: Instant | None = Field(default=None, description="When it happened; now, if left out.")

    def statement(self, at: dt.datetime, sealed: Sealed | None) -> Statement:
        """What it states; `sealed` holds what is personal of it."""
        event = self._event(sealed)
        return Refuse(event, at) if isinstance(event, RequestRefused) else Record(event, at)

    @abstractmethod
    def _event(self, sealed: Sealed | None) -> Event:
        """What happened."""

    def others(self) -> tuple[RequestId, ...]:
        """Other requests that it names."""
        return ()


class _Told(Command, ABC):
    channel: Channel = Field(description="By which the citizen was told.")

    @property
    def delivery(self) -> Delivery:
        """As an agent says."""
        return Delivery(channel=self.channel, proof=DeliveryProof.AGENT)


class Acknowledge(_Told):
    """The citizen was told that the request is registered (POL-13 to POL-15)."""

    PATH = "acknowledge"

    def _event(self, sealed: Sealed | None) -> Event:
        del sealed
        return RequestAcknowledged(delivery=self.delivery)


class Ask(_Told):
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


class Answer(_Told):
    """The citizen was answered (POL-17, POL-22).

    An access request needs its outcome; a refusal, also in part, its provisions and a text (A-2.1 art. 50, 51).
    """

    PATH = "answer"

    text: Text = ""
    answered_by: DepartmentCode | None = None
    access_outcome: AccessOutcome | None = None
    provisions: tuple[ShortText, ...] = Field(default=(), max_length=50)

    def _event(self, sealed: Sealed | None) -> Event:
        return RequestAnswered(
            delivery=self.delivery,
            answered_by=self.answered_by,
            access_outcome=self.access_outcome,
            provisions=self.provisions,
            sealed=sealed,
        )


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


class Extend(_Told):
    """An access request is extended, once, and the citizen was notified (POL-23, A-2.1 art. 47)."""

    PATH = "extend"

    days: Annotated[int, Field(ge=1, le=10)] = 10

    def _event(self, sealed: Sealed | None) -> Event:
        del sealed
        return RequestExtended(days=self.days, notice=self.delivery)


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


class Split(Command):
    """One contact was several requests; the others are registered already and go on beside this one."""

    PATH = "split"

    into: tuple[RequestId, ...] = Field(min_length=1, max_length=MAX_OTHERS)

    def _event(self, sealed: Sealed | None) -> Event:
        del sealed
        return RequestSplit(into=self.into)

    def others(self) -> tuple[RequestId, ...]:
        """See `Command.others`."""
        return self.into


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
    Split,
    Void,
    Reopen,
    Rate,
)


class Done(BaseModel):
    """What came of a command."""

    request_id: RequestId
    phase: Phase
    known: bool = Field(description="Nothing was left to do: it was said before, or is so already.")
    position: int = Field(description="The log's position after it.")
    events: list[str] = Field(description="Types of the facts that it made.")


def add_commands(api: FastAPI, desk: Desk, stories: Stories, clock: Clock, current: Callable[..., Agent]) -> None:
    """Add a route for each command."""
    who = Annotated[Agent, Depends(current)]
    key = Annotated[str | None, Header(alias="Idempotency-Key", max_length=200)]

    async def do(request_id: RequestId, command: Command, agent: Agent, idempotency_key: str | None) -> Done:
        now = clock.now()
        if command.occurred_at is not None and (wrong := future_errors("/occurred_at", command.occurred_at, now)):
            raise HTTPException(422, f"occurred_at: {wrong[0].detail}. {wrong[0].mend}")
        await stories.own(request_id, agent)
        await _check_others(request_id, command, agent)
        content = personal(command)
        sealed = await desk.seal(request_id, content) if content else None
        # The key is the agent's own: two agents with one key are two commands.
        cause = f"{agent.actor}\n{idempotency_key or uuid.uuid4()}"
        decided = await desk.command(
            request_id,
            command.statement(command.occurred_at or now, sealed),
            cause_id=cause,
            actor=agent.actor,
            timed=command.occurred_at is not None,
        )
        return Done(
            request_id=request_id,
            phase=state_of(decided.story.events).phase,
            known=decided.known,
            position=decided.story.last_sequence,
            events=[event.type for event in decided.events],
        )

    async def _check_others(request_id: RequestId, command: Command, agent: Agent) -> None:
        others = command.others()
        if request_id in others or len(set(others)) < len(others):
            raise HTTPException(422, "into: name other requests than this one, and each once")
        for each in others:
            phase = state_of(e for commit in await stories.own(each, agent) for e in commit.events).phase
            if phase is Phase.VOIDED:
                raise HTTPException(422, f"into: {each} is no request, it was voided")

    def add(command: type[Command]) -> None:
        async def endpoint(
            request_id: RequestPath,
            body: command,  # type: ignore[valid-type]  # FastAPI reads the model of each route here.
            agent: who,
            idempotency_key: key = None,
        ) -> Done:
            return await do(request_id, body, agent, idempotency_key)

        api.post(
            f"/requests/{{request_id}}/{command.PATH}",
            tags=["commands"],
            operation_id=command.PATH,
            summary=command.PATH.capitalize(),
            description=getdoc(command),
            responses=problems(401, 403, 404, 409, 422, 503),
        )(endpoint)

    for each in COMMANDS:
        add(each)

"""A request's story for agents: what happened to it over all services, and what is sealed, for a recorded reason."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Path, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from clic_chassis.agents import Agent
from clic_chassis.clock import Clock
from clic_chassis.http import problems
from clic_chassis.log import EventLog
from clic_contracts.envelope import Commit, Recorded
from clic_contracts.event import RequestReceived
from clic_contracts.lifecycle import LIFECYCLE
from clic_contracts.town import Town
from clic_contracts.vocabulary import Phase, Reference, RequestId, Service
from clic_intake.core.admission import confidential_to
from clic_intake.core.rule import UnknownRequestError
from clic_intake.core.state import Request, state_of
from clic_intake.register import Register

RequestPath = Annotated[RequestId, Path(description="The request's id.")]


class Told(BaseModel):
    """A fact of the story; what is sealed of it is left out."""

    position: int = Field(description="In the log.")
    type: str
    occurred_at: AwareDatetime
    recorded_at: AwareDatetime
    actor: str
    data: dict[str, Any]


class Story(BaseModel):
    """What happened to a request, and what may happen next."""

    request_id: RequestId
    reference: Reference
    phase: Phase
    next: list[str] = Field(description="Types of the events that the phase allows.")
    events: list[Told]


class Found(BaseModel):
    """The request of a reference."""

    reference: Reference
    request_id: RequestId


class Opening(BaseModel):
    """Why sealed data is opened; recorded with who asked (POL-30)."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, Field(min_length=3, max_length=500)]


class OpenedSeal(BaseModel):
    """What was sealed in one fact."""

    type: str
    occurred_at: AwareDatetime
    content: dict[str, Any]


class Opened(BaseModel):
    """What was sealed of a request."""

    request_id: RequestId
    opened: list[OpenedSeal]


def told(position: int, fact: Recorded) -> Told:
    """A fact as agents are told it."""
    return Told(
        position=position,
        type=fact.type,
        occurred_at=fact.occurred_at,
        recorded_at=fact.recorded_at,
        actor=fact.actor,
        data=fact.data.model_dump(mode="json", exclude={"sealed"}, exclude_none=True),
    )


class Stories:
    """Reads stories for agents who may see them."""

    def __init__(self, log: EventLog, town: Town) -> None:
        self._log = log
        self._town = town

    async def own(self, request_id: RequestId, agent: Agent) -> tuple[Commit, ...]:
        """Intake's part of a request's story.

        Raises:
            UnknownRequestError: there is no such request.
            HTTPException: 403, it is confidential and the agent lacks the role.
            RetryableError: the log is away.
        """
        commits = (await self._log.load(Service.INTAKE, request_id)).commits
        received = commits[0].events[0].data if commits else None
        if not isinstance(received, RequestReceived):
            raise UnknownRequestError("no such request: send its submission first, or correct the id")
        role = confidential_to(received.kind, received.subject, self._town) if received.confidential else None
        if role is not None and role not in agent.roles:  # POL-26
            raise HTTPException(
                403, f"the request is confidential: it needs the role {role!r}, which an operator gives"
            )
        return commits

    async def whole(self, request_id: RequestId, agent: Agent) -> tuple[Request, list[Commit]]:
        """The request, and every service's commits in the log's order. Raises as `own`."""
        own = await self.own(request_id, agent)
        others = [
            commit
            for each in Service
            if each is not Service.INTAKE
            for commit in (await self._log.load(each, request_id)).commits
        ]
        request = state_of(event for commit in own for event in commit.events)
        return request, sorted((*own, *others), key=lambda commit: commit.sequence)


def add_stories(
    api: FastAPI, stories: Stories, register: Register, clock: Clock, current: Callable[..., Agent]
) -> None:
    """Add the routes that read."""
    who = Annotated[Agent, Depends(current)]

    @api.get("/references/{reference}", tags=["requests"], summary="Find a request", responses=problems(401, 404, 503))
    async def by_reference(reference: Reference, _: who) -> Found:
        """The id of the request that a citizen names."""
        return Found(reference=reference, request_id=await register.find(reference))

    @api.get(
        "/requests/{request_id}",
        tags=["requests"],
        summary="Read a request's story",
        responses=problems(401, 403, 404, 503),
    )
    async def story(request_id: RequestPath, agent: who, answer: Response) -> Story:
        """The whole story of a request over all services, nothing opened, and what may happen next (POL-28).

        Its `ETag` is the position up to which it tells: with it as `If-Match`, a command meets nothing unseen.
        """
        request, commits = await stories.whole(request_id, agent)
        answer.headers["ETag"] = f'"{commits[-1].sequence}"'
        return Story(
            request_id=request_id,
            reference=request.reference,
            phase=request.phase,
            next=sorted(event.TYPE for event in LIFECYCLE[request.phase]),
            events=[told(commit.sequence, each) for commit in commits for each in commit.events],
        )

    @api.post(
        "/requests/{request_id}/open",
        tags=["requests"],
        summary="Open what is sealed",
        responses=problems(401, 403, 404, 410, 422, 503),
    )
    async def open_seals(request_id: RequestPath, body: Opening, agent: who) -> Opened:
        """Open what is sealed, for a reason that is recorded with who asked, before anything is opened (POL-30)."""
        commits = await stories.own(request_id, agent)
        await register.record_opening(clock.now(), agent.agent, request_id, body.reason)
        entry = await register.entry(request_id)
        if entry.erased:
            raise HTTPException(410, "the personal data of this request was erased")
        key = entry.key
        sealed = [
            OpenedSeal(type=each.type, occurred_at=each.occurred_at, content=key.open(seal))
            for commit in commits
            for each in commit.events
            if key is not None and (seal := getattr(each.data, "sealed", None)) is not None
        ]
        return Opened(request_id=request_id, opened=sealed)

"""A request's story for agents: what happened to it over all services, and what is sealed, for a recorded reason."""

import contextlib
import dataclasses
import datetime as dt
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Path, Response
from fastapi import Request as HttpRequest
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from clic_chassis.agents import Agent
from clic_chassis.clock import Clock
from clic_chassis.error import NotFoundError
from clic_chassis.http import answer_of, language_of, problem_of, problems
from clic_chassis.log import EventLog
from clic_contracts.envelope import Commit, Recorded, derive_id
from clic_contracts.event import RequestReceived, RequestRouted, RequestSplit
from clic_contracts.lifecycle import LIFECYCLE
from clic_contracts.permission import may_see, may_treat, role_needed
from clic_contracts.town import Town
from clic_contracts.vocabulary import Code, Phase, Reference, RequestId, Service
from clic_intake.core.rule import UnknownRequestError
from clic_intake.core.state import Request, state_of
from clic_intake.register import Register
from clic_intake.seal import KeyLostError, SealError

from .staff import must_be_staff

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
            UnknownRequestError: there is no such request, or none for this agent: nothing tells which (POL-26).
            HTTPException: 403, the agent works neither at the desk nor in a department.
            RetryableError: the log is away.
        """
        return (await self._seen(request_id, agent))[0]

    async def treated(self, request_id: RequestId, agent: Agent) -> tuple[Commit, ...]:
        """The same, of a request that the agent may command and whose seals they may open (POL-30).

        Raises:
            HTTPException: 403, also where another department is in charge. Otherwise as `own`.
        """
        commits, role = await self._seen(request_id, agent)
        if may_treat(agent.roles, role, None):
            return commits
        routed = (await self._log.load(Service.ROUTING, request_id)).events
        departments = [each.data.department for each in routed if isinstance(each.data, RequestRouted)]
        if not may_treat(agent.roles, role, departments[-1] if departments else None):
            raise HTTPException(403, "another department is in charge: the desk can route the request to yours")
        return commits

    async def _seen(self, request_id: RequestId, agent: Agent) -> tuple[tuple[Commit, ...], Code | None]:
        """Intake's part, and the role that the request is confidential to."""
        must_be_staff(agent, self._town)
        commits = (await self._log.load(Service.INTAKE, request_id)).commits
        received = commits[0].events[0].data if commits else None
        role = role_needed(received, self._town) if isinstance(received, RequestReceived) else None
        if not isinstance(received, RequestReceived) or not may_see(agent.roles, role):
            # One answer for both, from one place: same status, same words, same work (POL-26).
            raise UnknownRequestError("no such request: send its submission first, or correct the id")
        return commits, role

    async def sees(self, request_id: RequestId, agent: Agent) -> bool:
        """Whether a request is there for this agent (POL-26). Raises HTTPException and RetryableError as `own`."""
        with contextlib.suppress(UnknownRequestError):
            await self.own(request_id, agent)
            return True
        return False

    async def whole(self, request_id: RequestId, agent: Agent) -> tuple[Request, list[Commit]]:
        """The request, and every service's commits in the log's order. Raises as `own`.

        A split names those of the new requests alone that are there for the agent (POL-26).
        """
        own = await self.own(request_id, agent)
        others = [
            commit
            for each in Service
            if each is not Service.INTAKE
            for commit in (await self._log.load(each, request_id)).commits
        ]
        request = state_of(event for commit in own for event in commit.events)
        visible = [await self._visible(commit, agent) for commit in own]
        return request, sorted((*visible, *others), key=lambda commit: commit.sequence)

    async def _visible(self, commit: Commit, agent: Agent) -> Commit:
        if not any(isinstance(each.data, RequestSplit) for each in commit.events):
            return commit
        events = tuple([await self._visible_split(each, agent) for each in commit.events])
        return dataclasses.replace(commit, events=events)

    async def _visible_split(self, event: Recorded, agent: Agent) -> Recorded:
        if not isinstance(event.data, RequestSplit):
            return event
        seen = [each for each in event.data.into if await self.sees(each, agent)]
        return event.model_copy(update={"data": event.data.model_copy(update={"into": tuple(seen)})})


async def open_commits(
    register: Register, request_id: RequestId, commits: Sequence[Commit], agent: Agent, reason: str, at: dt.datetime
) -> list[tuple[Recorded, dict[str, Any]]] | None:
    """What is sealed in each fact, once who asked and why is recorded (POL-30); None: it was erased.

    What was sealed by a key that is lost is left out, where a later one opens the rest.

    Raises:
        KeyLostError: nothing opens, and nobody erased it.
        RetryableError: the database is away; nothing was opened.
    """
    await register.record_opening(at, agent.agent, request_id, reason)
    entry = await register.entry(request_id)
    if entry.erased:
        return None
    sealed = [
        (each, seal)
        for commit in commits
        for each in commit.events
        if (seal := getattr(each.data, "sealed", None)) is not None
    ]
    opened: list[tuple[Recorded, dict[str, Any]]] = []
    if entry.key is not None:
        for each, seal in sealed:
            with contextlib.suppress(SealError):
                opened.append((each, entry.key.open(seal)))
    if sealed and not opened:
        raise KeyLostError
    return opened


def add_stories(api: FastAPI, stories: Stories, register: Register, clock: Clock, current: Callable[..., Any]) -> None:
    """Add the routes that read, and say what a seal that does not open means, wherever it is met."""
    who = Annotated[Agent, Depends(current)]

    @api.exception_handler(SealError)
    async def lost(request: HttpRequest, _: SealError) -> JSONResponse:
        return answer_of(problem_of(KeyLostError(), language_of(request)))

    @api.get(
        "/references/{reference}",
        tags=["requests"],
        summary="Find a request",
        responses=problems(401, 403, 404, 503),
    )
    async def by_reference(reference: Reference, agent: who) -> Found:
        """The id of the request that a citizen names; what the caller may not see is not there (POL-26)."""
        try:
            request_id = await register.find(reference)
        except NotFoundError:
            request_id = derive_id("reference", reference)  # Nobody's: what follows is the same for both (POL-26).
        await stories.own(request_id, agent)
        return Found(reference=reference, request_id=request_id)

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
        """Open what is sealed, for a reason that is recorded with who asked, before anything is opened (POL-30).

        For the desk, the department in charge, and the role that a confidential request has (POL-26).
        """
        commits = await stories.treated(request_id, agent)
        opened = await open_commits(register, request_id, commits, agent, body.reason, clock.now())
        if opened is None:
            raise HTTPException(410, "the personal data of this request was erased")
        sealed = [OpenedSeal(type=each.type, occurred_at=each.occurred_at, content=said) for each, said in opened]
        return Opened(request_id=request_id, opened=sealed)

"""Doing what agents command: over HTTP here, and the same from the desk's pages."""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import replace
from inspect import getdoc
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from clic_chassis.agents import Agent
from clic_chassis.clock import Clock
from clic_chassis.http import PROBLEM_TYPE, problem_of, problems
from clic_contracts.envelope import Commit, derive_id
from clic_contracts.permission import confidential_to
from clic_contracts.town import Town
from clic_contracts.vocabulary import Kind, Phase, RequestId
from clic_intake.core.extension import complaint_limit
from clic_intake.core.fit import in_the_future
from clic_intake.core.learning import FindingError
from clic_intake.core.meanwhile import MovedError, TakenError, must_not_have_moved
from clic_intake.core.request import Extend
from clic_intake.core.state import state_of
from clic_intake.core.submitted import personal
from clic_intake.core.worklist import Row, fold
from clic_intake.desk import Desk
from clic_intake.scan import Scanner

from .access_command import IdentifyThirdParty
from .command import COMMANDS, Describe, Take
from .stating import Command
from .story import RequestPath, Stories, Told, told


class Done(BaseModel):
    """What came of a command."""

    request_id: RequestId
    phase: Phase
    known: bool = Field(description="Nothing was left to do: it was said before, or is so already.")
    position: int = Field(description="The log's position after it: the `If-Match` of the next command.")
    events: list[str] = Field(description="Types of the facts that it made.")


class Commands:
    """Checks a command against what whoever gives it has seen, and has the desk do it."""

    def __init__(self, desk: Desk, stories: Stories, scanner: Scanner, town: Town, clock: Clock) -> None:
        self._desk = desk
        self._stories = stories
        self._scanner = scanner
        self._town = town
        self._clock = clock

    async def do(
        self, request_id: RequestId, command: Command, agent: Agent, *, key: str | None, seen: int | None
    ) -> Done:
        """Do what an agent commands, once for each of the agent's keys.

        `seen` is the position up to which the agent knows what happened; None: whatever happened, it is to be done.

        Raises:
            MovedError: something happened since then that the agent has to know; nothing was recorded.
            TakenError: it is to be taken, and somebody else has it.
            FindingError: what is to be published may tell who somebody is.
            HTTPException: 422, it does not fit.
            RefusedError: a rule forbids it, or there is no such request for this agent.
            RetryableError: something is away; try again.
        """
        now = self._clock.now()
        if command.occurred_at is not None and (wrong := in_the_future("/occurred_at", command.occurred_at, now)):
            raise HTTPException(422, f"occurred_at: {wrong.detail.en}. {wrong.mend.en}")
        # The key is the agent's own: two agents with one key are two commands.
        key = key or str(uuid.uuid4())
        known = await self.must_be_unmoved(request_id, agent, key=key, seen=seen)
        if isinstance(command, Take):
            seen = seen if known else await self._free(request_id, agent)
            command = command.by(agent)
        if isinstance(command, IdentifyThirdParty):
            command = command.known_as(derive_id("third_party", request_id, _cause(agent, key)))
        await self._check(request_id, command, agent)
        content = personal(command)
        sealed = await self._desk.seal(request_id, content) if content else None
        statement = command.statement(command.occurred_at or now, sealed)
        if isinstance(statement, Extend):
            statement = await self._with_limit(request_id, statement, agent)
        decided = await self._desk.command(
            request_id,
            statement,
            cause_id=_cause(agent, key),
            actor=agent.actor,
            timed=command.occurred_at is not None,
            seen=seen,
        )
        return Done(
            request_id=request_id,
            phase=state_of(decided.story.events).phase,
            known=decided.known,
            position=decided.story.last_sequence,
            events=[event.type for event in decided.events],
        )

    async def must_be_unmoved(self, request_id: RequestId, agent: Agent, *, key: str, seen: int | None) -> bool:
        """The agent may command the request, and knows what happened to it; whether they commanded this before.

        Raises:
            MovedError, HTTPException, RefusedError, RetryableError: as `do`.
        """
        commits = await self._stories.treated(request_id, agent)
        cause = _cause(agent, key)
        known = any(event.cause_id == cause for commit in commits for event in commit.events)
        if seen is not None and not known:
            _, whole = await self._stories.whole(request_id, agent)
            must_not_have_moved(whole, seen, agent.actor)
        return known

    async def _free(self, request_id: RequestId, agent: Agent) -> int:
        """The position up to which nobody else has the request.

        Raises:
            TakenError: somebody has it.
        """
        _, commits = await self._stories.whole(request_id, agent)
        row = row_of(commits, self._town)
        if row is not None and row.assigned_to not in (None, agent.actor):
            raise TakenError(f"{row.assigned_to} has it: ask for it to be given back, or assign it by name")
        return commits[-1].sequence

    async def _with_limit(self, request_id: RequestId, extend: Extend, agent: Agent) -> Extend:
        """With the limit that it extends, of a complaint: deadlines count that one."""
        request, commits = await self._stories.whole(request_id, agent)
        if request.kind is not Kind.COMPLAINT:
            return extend
        return replace(extend, limit_at=complaint_limit(each for commit in commits for each in commit.events))

    async def _check(self, request_id: RequestId, command: Command, agent: Agent) -> None:
        self._check_town(command)
        if isinstance(command, Describe):
            await self._check_published(command)
        others = command.others()
        if request_id in others or len(set(others)) < len(others):
            raise HTTPException(422, "into: name other requests than this one, and each once")
        for each in others:
            phase = state_of(e for commit in await self._stories.own(each, agent) for e in commit.events).phase
            if phase is Phase.VOIDED:
                raise HTTPException(422, f"into: {each} is no request, it was voided")

    def _check_town(self, command: Command) -> None:
        """What it names, the town knows."""
        for field, code in command.bodies().items():
            if code not in self._town.body_by_code:
                known = ", ".join(self._town.body_by_code)
                raise HTTPException(422, f"{field}: {code!r} is no body that this town points to; use one of: {known}")
        for criterion in command.criteria():
            if criterion not in self._town.complaint_criteria:
                known = ", ".join(self._town.complaint_criteria)
                raise HTTPException(
                    422,
                    f"complaint_criteria: {criterion!r} is no criterion of the Direction générale's form; use: {known}",
                )

    async def _check_published(self, command: Describe) -> None:
        """POL-30, POL-38: nothing is published that tells who somebody is."""
        found = [
            finding
            for text in (command.public_text, command.public_notes)
            if text
            for finding in await self._scanner.scan(text)
            if not (finding.confirmable and command.reviewed)
        ]
        if found:
            raise FindingError(found)


def _cause(agent: Agent, key: str) -> str:
    return f"{agent.actor}\n{key}"


def row_of(commits: Iterable[Commit], town: Town) -> Row | None:
    """A request as worklists show it, from its story itself: never behind."""
    row: Row | None = None
    for each in commits:
        row = fold(row, each.events, each.sequence, lambda kind, subject: confidential_to(kind, subject, town))
    return row


class Moved(BaseModel):
    """What a 409 of the code `moved` tells besides the problem."""

    meanwhile: list[Told] = Field(description="What happened since the position that was seen, sealed data left out.")


def add_commands(api: FastAPI, commands: Commands, current: Callable[..., Any]) -> None:
    """Add a route for each command."""
    who = Annotated[Agent, Depends(current)]
    key = Annotated[str | None, Header(alias="Idempotency-Key", max_length=200)]
    match = Annotated[
        str | None,
        Header(
            alias="If-Match",
            max_length=40,
            description="The `ETag` with which the story was read. What happened since and has to be known is answered "
            "with 409 and `meanwhile`; nothing is recorded then.",
        ),
    ]

    @api.exception_handler(MovedError)
    async def moved(_: Request, error: MovedError) -> JSONResponse:
        problem = problem_of(error)
        meanwhile = Moved(meanwhile=[told(position, each) for position, each in error.meanwhile])
        body: dict[str, Any] = {**problem.model_dump(mode="json"), **meanwhile.model_dump(mode="json")}
        return JSONResponse(body, problem.status, media_type=PROBLEM_TYPE)

    def add(command: type[Command]) -> None:
        async def endpoint(
            request_id: RequestPath,
            body: command,  # type: ignore[valid-type]  # FastAPI reads the model of each route here.
            agent: who,
            idempotency_key: key = None,
            if_match: match = None,
        ) -> Done:
            return await commands.do(request_id, body, agent, key=idempotency_key, seen=position_of(if_match))

        api.post(
            f"/requests/{{request_id}}/{command.PATH}",
            tags=["commands"],
            operation_id=command.PATH,
            summary=command.PATH.capitalize().replace("-", " "),
            description=getdoc(command),
            responses=problems(401, 403, 404, 409, 422, 503),
        )(endpoint)

    for each in COMMANDS:
        add(each)


def position_of(etag: str | None) -> int | None:
    """The position that an entity tag of ours names (RFC 9110, 8.8.3); None: none is given, or `*`.

    Raises:
        HTTPException: 422, it is none of ours.
    """
    if etag is None or etag.strip() == "*":
        return None
    digits = etag.strip().removeprefix('"').removesuffix('"')
    if not (digits.isascii() and digits.isdigit()):
        raise HTTPException(422, 'If-Match: give the ETag of the story that you read, such as "4711"')
    return int(digits)

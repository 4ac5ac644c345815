"""Routing's HTTP API: a person gives a request to another department."""

import uuid
from typing import Annotated

from fastapi import Depends, FastAPI, Header, HTTPException, Path
from pydantic import BaseModel, ConfigDict

from clic_chassis.agents import Agent
from clic_chassis.clock import Clock
from clic_chassis.decision import Decisions
from clic_chassis.error import NotFoundError
from clic_chassis.http import add_error_handlers, new_api, problems
from clic_chassis.identity import Identity, current, protect
from clic_chassis.log import EventLog
from clic_contracts.event import RequestReceived
from clic_contracts.permission import is_staff, may_see, may_treat, role_needed
from clic_contracts.town import Town
from clic_contracts.vocabulary import Code, DepartmentCode, RequestId, Service

from .core.assignment import ASSIGNMENT, RouteTo


class Choice(BaseModel):
    """To which department."""

    model_config = ConfigDict(extra="forbid")

    department: DepartmentCode


class Assigned(BaseModel):
    """Where a request is now."""

    request_id: str
    department: str | None
    known: bool


def make_api(decisions: Decisions, log: EventLog, town: Town, clock: Clock, identity: Identity) -> FastAPI:
    """The FastAPI application; its OpenAPI pages are at /docs."""
    api = new_api(title="CLIC – routing", version="1", summary="Who answers.")
    add_error_handlers(api)
    protect(api, identity)
    who = Annotated[Agent, Depends(current)]
    rid = Annotated[RequestId, Path(description="The request's id.")]

    async def seen(request_id: RequestId, agent: Agent) -> Code | None:
        """The role that a request is confidential to; what is so is for others not there (POL-26)."""
        if not is_staff(agent.roles, town):
            raise HTTPException(403, "this needs the role agent or a department's code, which an operator gives")
        events = (await log.load(Service.INTAKE, request_id)).events
        received = events[0].data if events else None
        role = role_needed(received, town) if isinstance(received, RequestReceived) else None
        if not isinstance(received, RequestReceived) or not may_see(agent.roles, role):
            raise NotFoundError("no such request")
        return role

    @api.post("/requests/{request_id}/route", tags=["commands"], responses=problems(401, 403, 404, 409, 422, 503))
    async def route(
        request_id: rid,
        body: Choice,
        agent: who,
        idempotency_key: Annotated[str | None, Header(alias="Idempotency-Key", max_length=200)] = None,
    ) -> Assigned:
        """Give a request to a department, over what the rules chose: the desk, or the department in charge."""
        role = await seen(request_id, agent)
        now = ASSIGNMENT.fold((await log.load(Service.ROUTING, request_id)).events).department
        if not may_treat(agent.roles, role, now):
            raise HTTPException(403, "another department is in charge: it, or the desk, gives the request away")
        command = RouteTo(body.department, clock.now(), town)
        decided = await decisions.decide(
            request_id,
            lambda story: ASSIGNMENT.decide(command, ASSIGNMENT.fold(story.events)),
            cause_id=f"{agent.actor}\n{idempotency_key or uuid.uuid4()}",
            actor=agent.actor,
        )
        assignment = ASSIGNMENT.fold(decided.story.events)
        return Assigned(request_id=request_id, department=assignment.department, known=decided.known)

    @api.get("/requests/{request_id}/assignment", tags=["requests"], responses=problems(401, 403, 404, 503))
    async def assignment(request_id: rid, agent: who) -> Assigned:
        """Where a request is."""
        await seen(request_id, agent)
        story = await log.load(Service.ROUTING, request_id)
        return Assigned(
            request_id=request_id, department=ASSIGNMENT.fold(story.events).department, known=bool(story.commits)
        )

    return api

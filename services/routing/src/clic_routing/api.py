"""Routing's HTTP API: a person gives a request to another department."""

import uuid
from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, FastAPI, Header, Path
from pydantic import BaseModel, ConfigDict

from clic_chassis.agents import Agent, agent_dependency
from clic_chassis.clock import Clock
from clic_chassis.decision import Decisions
from clic_chassis.error import NotFoundError
from clic_chassis.http import add_error_handlers, new_api
from clic_chassis.log import EventLog
from clic_contracts.town import Town
from clic_contracts.vocabulary import DepartmentCode, RequestId, Service

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


def make_api(decisions: Decisions, log: EventLog, town: Town, clock: Clock, agents: Mapping[str, Agent]) -> FastAPI:
    """The FastAPI application; its OpenAPI pages are at /docs."""
    api = new_api(title="CLIC – routing", version="1", summary="Who answers.")
    add_error_handlers(api)
    who = Annotated[Agent, Depends(agent_dependency(dict(agents)))]
    rid = Annotated[RequestId, Path(description="The request's id.")]

    @api.post("/requests/{request_id}/route", tags=["commands"])
    async def route(
        request_id: rid,
        body: Choice,
        agent: who,
        idempotency_key: Annotated[str | None, Header(alias="Idempotency-Key", max_length=200)] = None,
    ) -> Assigned:
        """Give a request to a department, over what the rules chose."""
        if not (await log.load(Service.INTAKE, request_id)).commits:
            raise NotFoundError("no such request")
        command = RouteTo(body.department, clock.now(), town)
        decided = await decisions.decide(
            request_id,
            lambda story: ASSIGNMENT.decide(command, ASSIGNMENT.fold(story.events)),
            cause_id=f"{agent.actor}\n{idempotency_key or uuid.uuid4()}",
            actor=agent.actor,
        )
        assignment = ASSIGNMENT.fold(decided.story.events)
        return Assigned(request_id=request_id, department=assignment.department, known=decided.known)

    @api.get("/requests/{request_id}/assignment", tags=["requests"])
    async def assignment(request_id: rid, _: who) -> Assigned:
        """Where a request is."""
        story = await log.load(Service.ROUTING, request_id)
        return Assigned(
            request_id=request_id, department=ASSIGNMENT.fold(story.events).department, known=bool(story.commits)
        )

    return api

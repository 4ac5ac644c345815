"""Learnings over HTTP: an agent records one, a reviewer gathers a quarter's, the person responsible sees who read."""

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, Header, HTTPException, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from clic_chassis.agents import Agent
from clic_chassis.clock import Clock
from clic_chassis.http import problems
from clic_contracts.permission import ACCESS_ROLE
from clic_contracts.submission import Instant
from clic_contracts.town import Town
from clic_contracts.vocabulary import Code, Reference, RequestId, SubjectCode
from clic_intake.core.fit import in_the_future
from clic_intake.core.learning import REVIEWER
from clic_intake.learning import Learnings

from .story import RequestPath, Stories

READINGS_DAYS = 366
"""How far back readings are listed, if nothing else is said."""

Period = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-Q[1-4]$"), Field(description="A quarter: 2026-Q2.")]
LearningText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4_000, pattern=r"^[^\x00]*$")
]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500, pattern=r"^[^\x00]*$")]
IdempotencyKey = Annotated[str | None, Header(alias="Idempotency-Key", max_length=200)]


class Lesson(BaseModel):
    """What an exchange with a citizen taught the town."""

    model_config = ConfigDict(extra="forbid")

    text: LearningText = Field(description="Sealed at once; it is reviewed before anything of it is published.")
    subject: SubjectCode | None = Field(default=None, description="A subject of the town. It is not sealed.")
    occurred_at: Instant | None = Field(default=None, description="When it was learned; now, if left out.")


class RecordedLearning(BaseModel):
    """A learning is in the log."""

    learning_id: RequestId
    known: bool = Field(description="It was said before.")
    position: int = Field(description="The log's position after it.")


class GatherLearnings(BaseModel):
    """Which learnings are opened and why; recorded with who asked (POL-30)."""

    model_config = ConfigDict(extra="forbid")

    period: Period
    reason: Reason
    after: RequestId | None = Field(default=None, description="The `after` of the page before.")


class ReviewedLearning(BaseModel):
    """A learning as who reviews it sees it."""

    learning_id: RequestId
    request_id: RequestId | None = Field(description="The request that it is about; null: about none.")
    reference: Reference | None
    subject: SubjectCode | None
    occurred_at: AwareDatetime
    actor: str = Field(description="Who recorded it.")
    state: Literal["open", "erased"]
    text: str | None


class GatheredLearnings(BaseModel):
    """A page of a quarter's learnings, in the order in which they were learned."""

    period: Period
    learnings: list[ReviewedLearning]
    after: str | None = Field(description="Where the next page begins; null: this is the last one.")


class ReadLearnings(BaseModel):
    """Who read unreviewed learnings (`gather`) or a draft, when and why."""

    read_at: AwareDatetime
    agent: str
    what: Literal["gather", "draft"]
    period: str
    draft_id: str | None
    learnings: int = Field(description="How many were opened, or went into the draft.")
    reason: str


def needs_role(agent: Agent, role: Code) -> None:
    """Answer 403 to an agent without a role."""
    if role not in agent.roles:
        raise HTTPException(403, f"this needs the role {role!r}, which an operator gives in the agents' file")


def add_learnings(
    api: FastAPI, learnings: Learnings, stories: Stories, town: Town, clock: Clock, current: Callable[..., Any]
) -> None:
    """Add the routes."""
    who = Annotated[Agent, Depends(current)]

    async def record(body: Lesson, agent: Agent, key: str | None, about: RequestId | None) -> RecordedLearning:
        if body.subject is not None and body.subject not in town.subject_by_code:
            raise HTTPException(422, f"subject: {body.subject!r} is no subject of this town; see its subjects.yaml")
        if body.occurred_at is not None and (wrong := in_the_future("/occurred_at", body.occurred_at, clock.now())):
            raise HTTPException(422, f"occurred_at: {wrong.detail.en}. {wrong.mend.en}")
        cause = f"{agent.actor}\n{key or uuid.uuid4()}"
        learning_id, decided = await learnings.record(
            body.text, body.subject, about, at=body.occurred_at, cause_id=cause, actor=agent.actor
        )
        return RecordedLearning(learning_id=learning_id, known=decided.known, position=decided.story.last_sequence)

    @api.post(
        "/learnings",
        tags=["learnings"],
        summary="Record a learning",
        responses=problems(401, 409, 422, 503),
    )
    async def record_alone(body: Lesson, agent: who, idempotency_key: IdempotencyKey = None) -> RecordedLearning:
        """Record what exchanges taught, about no request in particular (POL-37)."""
        return await record(body, agent, idempotency_key, None)

    @api.post(
        "/requests/{request_id}/learnings",
        tags=["learnings"],
        summary="Record a learning about a request",
        responses=problems(401, 403, 404, 409, 422, 503),
    )
    async def record_about(
        request_id: RequestPath, body: Lesson, agent: who, idempotency_key: IdempotencyKey = None
    ) -> RecordedLearning:
        """Record what a request taught: sealed with its key, and forgotten with it (POL-37)."""
        await stories.own(request_id, agent)
        return await record(body, agent, idempotency_key, request_id)

    @api.post(
        "/learnings/gather",
        tags=["learnings"],
        summary="Gather a quarter's learnings",
        responses=problems(401, 403, 404, 409, 422, 503),
    )
    async def gather(body: GatherLearnings, agent: who) -> GatheredLearnings:
        """Open what was learned in a quarter, 100 at once, for a reason that is recorded first; role `reviewer`."""
        needs_role(agent, REVIEWER)
        found = await learnings.gather(body.period, agent, body.reason, body.after)
        return GatheredLearnings(
            period=body.period,
            learnings=[ReviewedLearning.model_validate(each, from_attributes=True) for each in found.learnings],
            after=found.after,
        )

    @api.get(
        "/learnings/readings",
        tags=["learnings"],
        summary="See who read learnings",
        responses=problems(401, 403, 422, 503),
    )
    async def readings(
        agent: who,
        since: Annotated[AwareDatetime | None, Query(description="A year ago, if left out.")] = None,
        until: Annotated[AwareDatetime | None, Query(description="Now, if left out.")] = None,
    ) -> list[ReadLearnings]:
        """Who read unreviewed learnings and drafts, newest first, 1,000 at most; role `greffe`.

        For the person responsible for the protection of personal information (A-2.1 art. 8).
        """
        needs_role(agent, ACCESS_ROLE)
        end = until or clock.now() + dt.timedelta(seconds=1)
        found = await learnings.readings(since or end - dt.timedelta(days=READINGS_DAYS), end)
        return [ReadLearnings.model_validate(each, from_attributes=True) for each in found]

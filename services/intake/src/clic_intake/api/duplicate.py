"""Duplicates and splits over HTTP: what may be the same matter and why, and one contact that is several requests."""

import uuid
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from clic_chassis.agents import Agent
from clic_chassis.clock import Clock
from clic_chassis.http import problems
from clic_contracts.event import RequestSplit
from clic_contracts.submission import Instant, Place, Text
from clic_contracts.vocabulary import Kind, Language, Phase, Reference, RequestId, SubjectCode
from clic_intake.core.fit import in_the_future
from clic_intake.core.near import Reason, said
from clic_intake.core.state import state_of
from clic_intake.duplicate.index import Duplicates, Near
from clic_intake.duplicate.splitting import PARTS_MAX, Part, Splits
from clic_intake.worklist.query import Worklists

from .story import RequestPath, Stories


class WhyNear(BaseModel):
    """One reason."""

    reason: Reason
    sentence: str


class NearRequest(BaseModel):
    """A request that may be about the same matter."""

    request_id: RequestId
    reference: Reference
    phase: Phase
    received_at: AwareDatetime
    reasons: list[WhyNear]


class Suggestions(BaseModel):
    """What may be duplicates of a request, and what was joined to it."""

    request_id: RequestId
    merged_into: RequestId | None
    joined: list[RequestId] = Field(description="Duplicates that it goes on for: what it is answered, they are told.")
    near: list[NearRequest] = Field(description="Likeliest first; suggested, never merged by a rule.")


class NewPart(BaseModel):
    """What one of the new requests is about."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind
    subject: SubjectCode | None = None
    text: Annotated[Text, Field(min_length=1)]
    place: Place | None = None


class SplitRequest(BaseModel):
    """One contact is several requests: what the others are about."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    parts: tuple[NewPart, ...] = Field(min_length=1, max_length=PARTS_MAX)
    occurred_at: Instant | None = Field(default=None, description="When it was found; now, if left out.")


class SplitDone(BaseModel):
    """What a request was split into."""

    request_id: RequestId
    phase: Phase
    known: bool = Field(description="It was said before.")
    position: int
    into: list[RequestId] = Field(description="The new requests, in the order of the parts; they are registered.")


def add_duplicates(
    api: FastAPI,
    stories: Stories,
    duplicates: Duplicates,
    splits: Splits,
    *,
    lists: Worklists,
    clock: Clock,
    current: Callable[..., Any],
) -> None:
    """Add the routes."""
    who = Annotated[Agent, Depends(current)]

    @api.get(
        "/requests/{request_id}/duplicates",
        tags=["requests"],
        summary="Read what may be duplicates",
        responses=problems(401, 403, 404, 503),
    )
    async def near(request_id: RequestPath, agent: who, lang: Language = Language.FR) -> Suggestions:
        """Pending requests of the same subject and days at the same place, near it or in the same sector, with why.

        Only those that the agent may see (POL-26). What was joined to the request stands beside them.
        """
        commits = await stories.own(request_id, agent)
        state = state_of(event for commit in commits for event in commit.events)
        found = await duplicates.near(request_id, lists.realms_of(agent))
        return Suggestions(
            request_id=request_id,
            merged_into=state.merged_into,
            joined=list(await duplicates.children(request_id)),
            near=[_shown(each, lang) for each in found],
        )

    @api.post(
        "/requests/{request_id}/split",
        tags=["commands"],
        operation_id="split",
        summary="Split",
        responses=problems(401, 403, 404, 409, 422, 503),
    )
    async def split(
        request_id: RequestPath,
        body: SplitRequest,
        agent: who,
        idempotency_key: Annotated[str | None, Header(alias="Idempotency-Key", max_length=200)] = None,
    ) -> SplitDone:
        """One contact was several requests: the others are registered, of the same citizen, and go on beside this one.

        They are received when this one was. That the citizen's data was opened for it is recorded (POL-30).
        """
        now = clock.now()
        if body.occurred_at is not None and (wrong := in_the_future("/occurred_at", body.occurred_at, now)):
            raise HTTPException(422, f"occurred_at: {wrong.detail.en}. {wrong.mend.en}")
        await stories.treated(request_id, agent)
        decided = await splits.split(
            request_id,
            [Part(each.kind, each.text, each.subject, each.place) for each in body.parts],
            cause_id=f"{agent.actor}\n{idempotency_key or uuid.uuid4()}",
            agent=agent.agent,
            at=body.occurred_at or now,
            timed=body.occurred_at is not None,
        )
        into = [each for event in decided.events if isinstance(event.data, RequestSplit) for each in event.data.into]
        return SplitDone(
            request_id=request_id,
            phase=state_of(decided.story.events).phase,
            known=decided.known,
            position=decided.story.last_sequence,
            into=into,
        )


def _shown(near: Near, language: Language) -> NearRequest:
    return NearRequest(
        request_id=near.request_id,
        reference=near.reference,
        phase=near.phase,
        received_at=near.received_at,
        reasons=[WhyNear(reason=each, sentence=said(each, near.apart, language)) for each in near.reasons],
    )

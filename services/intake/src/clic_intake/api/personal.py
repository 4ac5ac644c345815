"""Personal data over HTTP: finding a person, who opened what, export, correction, erasure, retention (POL-30).

What is looked for is sent in a body, never in an address: addresses stand in the logs of servers on the way.
"""

import asyncio
import datetime as dt
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, Header, HTTPException, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from clic_chassis.agents import Agent
from clic_chassis.clock import Clock
from clic_chassis.http import problems
from clic_contracts.permission import ACCESS_ROLE
from clic_contracts.submission import Requester, ShortText
from clic_contracts.town import Town
from clic_contracts.vocabulary import Code, Kind, Language, Reference, RequestId
from clic_intake.core.rule import UnknownRequestError
from clic_intake.personal.correction import Corrections
from clic_intake.personal.erasure import Erasures
from clic_intake.personal.export import REQUESTS_MAX, Exports
from clic_intake.personal.paper import pdf
from clic_intake.personal.person import Persons
from clic_intake.personal.retention import Retention

from .story import RequestPath, Stories

ADMINISTRATOR = "administrator"
LISTED_DAYS = 366
"""How far back is listed, if nothing else is said."""
EXPORTED: dict[int | str, dict[str, Any]] = {200: {"content": {"application/json": {}, "application/pdf": {}}}}
RESPONSIBLE = "This is for the person responsible for the protection of personal information (A-2.1 art. 8)"

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500, pattern=r"^[^\x00]*$")]
IdempotencyKey = Annotated[str | None, Header(alias="Idempotency-Key", max_length=200)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class FindPerson(_Body):
    """By what a person is looked for; one of them at least. Nothing of it is kept."""

    name: ShortText | None = None
    email: ShortText | None = None
    phone: ShortText | None = None


class FoundRequest(BaseModel):
    """A request that may be the person's."""

    request_id: RequestId
    reference: Reference | None = Field(description="null: a contact that opened no request.")
    by_name: bool = Field(description="A name alone proves nothing: others have it, too.")
    by_contact: bool


class ExportPerson(_Body):
    """Which requests are a person's, and why they are opened; recorded with who asked (POL-30)."""

    request_ids: tuple[RequestId, ...] = Field(min_length=1, max_length=REQUESTS_MAX)
    reason: Reason
    format: Literal["json", "pdf"] = "json"
    language: Language = Language.FR


class SealOpened(BaseModel):
    """Who opened what is sealed of a request, when and why."""

    opened_at: AwareDatetime
    agent: str
    request_id: RequestId
    reason: str


class Correct(_Body):
    """What is right, whole, and why it is other than was recorded (A-2.1 art. 89)."""

    requester: Requester
    ground: Code = Field(description="`person_asked`, `entered_wrongly`, `returned_letter`.")


class Corrected(BaseModel):
    """A correction is in the log."""

    request_id: RequestId
    known: bool = Field(description="It was said before.")
    position: int = Field(description="The log's position after it.")


class Erase(_Body):
    """On which ground personal data goes."""

    ground: Code = Field(description="`person_asked`, `court_order`, `entered_wrongly`.")


class ErasedRequest(BaseModel):
    """What was erased when, by whom and on which ground."""

    request_id: RequestId
    reference: Reference | None
    ground: Code
    actor: str
    asked_at: AwareDatetime
    erased_at: AwareDatetime | None = Field(description="Since when nobody can read it; null: it is being erased.")
    done_at: AwareDatetime | None = Field(description="Since when nothing is left to do.")


class DueRequest(BaseModel):
    """A request whose data goes soon, if nothing happens."""

    request_id: RequestId
    reference: Reference | None
    kind: Kind
    closed_on: dt.date
    due_on: dt.date
    goes_on: dt.date = Field(description="The first day on which it is erased.")


@dataclass(frozen=True, slots=True)
class Parts:
    """What the routes stand on."""

    persons: Persons
    exports: Exports
    corrections: Corrections
    erasures: Erasures
    retention: Retention
    stories: Stories
    town: Town
    clock: Clock


def needs_one_of(agent: Agent, *roles: Code) -> None:
    """Answer 403 to an agent with none of these roles."""
    if not set(roles) & set(agent.roles):
        raise HTTPException(403, f"{RESPONSIBLE}: it needs the role {' or '.join(map(repr, roles))}")


def add_personal_routes(api: FastAPI, parts: Parts, current: Callable[..., Any]) -> None:
    """Add the routes."""
    _add_finding(api, parts, current)
    _add_changing(api, parts, current)
    _add_registers(api, parts, current)


def _add_finding(api: FastAPI, parts: Parts, current: Callable[..., Any]) -> None:
    who = Annotated[Agent, Depends(current)]

    async def sees(agent: Agent, request_id: RequestId) -> bool:
        """POL-26: what is confidential is found by its own, and by the person responsible alone."""
        if ACCESS_ROLE in agent.roles:
            return True
        try:
            await parts.stories.own(request_id, agent)
        except (UnknownRequestError, HTTPException):
            return False
        return True

    @api.post("/persons/find", tags=["personal data"], summary="Find a person", responses=problems(401, 403, 422, 503))
    async def find(body: FindPerson, agent: who) -> list[FoundRequest]:
        """Find the requests of a person, those that most of what is given leads to first; 200 at most."""
        needs_one_of(agent, "agent", ACCESS_ROLE)
        if not (body.name or body.email or body.phone):
            raise HTTPException(422, "give a name, an e-mail address or a telephone")
        found = await parts.persons.find(name=body.name, email=body.email, phone=body.phone)
        return [
            FoundRequest.model_validate(each, from_attributes=True)
            for each in found
            if await sees(agent, each.request_id)
        ]

    @api.post(
        "/persons/export",
        tags=["personal data"],
        summary="Export a person's data",
        responses={**EXPORTED, **problems(401, 403, 404, 422, 503)},
        response_class=Response,
    )
    async def export(body: ExportPerson, agent: who) -> Response:
        """Everything of these requests, as JSON with files, or as a PDF (A-2.1 art. 83, 84); role `greffe`."""
        needs_one_of(agent, ACCESS_ROLE)
        as_pdf = body.format == "pdf"
        gathered = await parts.exports.gather(
            list(dict.fromkeys(body.request_ids)), agent=agent.agent, reason=body.reason, with_files=not as_pdf
        )
        # In a thread: with many files, or pages, it takes a second, in which others are to be answered.
        made = (
            await asyncio.to_thread(pdf, gathered, parts.town, body.language)
            if as_pdf
            else (await asyncio.to_thread(json.dumps, gathered, ensure_ascii=False))
        )
        return Response(
            made,
            media_type=f"application/{body.format}",
            headers={
                "Content-Disposition": f'attachment; filename="renseignements.{body.format}"',
                "Cache-Control": "no-store",
            },
        )


def _add_changing(api: FastAPI, parts: Parts, current: Callable[..., Any]) -> None:
    who = Annotated[Agent, Depends(current)]

    @api.post(
        "/requests/{request_id}/correct",
        tags=["personal data"],
        summary="Correct personal data",
        responses=problems(401, 403, 404, 409, 422, 503),
    )
    async def correct(
        request_id: RequestPath, body: Correct, agent: who, idempotency_key: IdempotencyKey = None
    ) -> Corrected:
        """The requester as they are now, whole: it holds wherever a requester is read (A-2.1 art. 89)."""
        if ACCESS_ROLE not in agent.roles:
            await parts.stories.treated(request_id, agent)
        if not body.requester.model_dump(exclude_none=True):
            raise HTTPException(422, "requester: give what is right, whole; to forget a person, erase the request")
        decided = await parts.corrections.correct(
            request_id,
            body.requester,
            body.ground,
            actor=agent.actor,
            cause_id=f"{agent.actor}\n{idempotency_key or uuid.uuid4()}",
            at=parts.clock.now(),
        )
        return Corrected(request_id=request_id, known=decided.known, position=decided.story.last_sequence)

    @api.post(
        "/requests/{request_id}/erase",
        tags=["personal data"],
        summary="Erase personal data",
        responses=problems(401, 403, 404, 409, 422, 503),
    )
    async def erase(request_id: RequestPath, body: Erase, agent: who) -> ErasedRequest:
        """Destroy the request's key, for ever: nobody can read it any more; what is counted stays; role `greffe`."""
        needs_one_of(agent, ACCESS_ROLE)
        erased = await parts.erasures.erase(
            request_id, body.ground, actor=agent.actor, cause_id=f"{agent.actor}\nerase\n{uuid.uuid4()}"
        )
        return ErasedRequest.model_validate(erased, from_attributes=True)


def _add_registers(api: FastAPI, parts: Parts, current: Callable[..., Any]) -> None:
    who = Annotated[Agent, Depends(current)]
    since_query = Annotated[AwareDatetime | None, Query(description="A year ago, if left out.")]

    def year_ago(since: dt.datetime | None) -> dt.datetime:
        return since or parts.clock.now() - dt.timedelta(days=LISTED_DAYS)

    @api.get(
        "/requests/{request_id}/openings",
        tags=["personal data"],
        summary="See who opened a request's seals",
        responses=problems(401, 403, 422, 503),
    )
    async def openings(request_id: RequestPath, agent: who) -> list[SealOpened]:
        """Who opened what is sealed, when and why, the newest first; roles `greffe` or `administrator`."""
        needs_one_of(agent, ACCESS_ROLE, ADMINISTRATOR)
        found = await parts.persons.openings([request_id])
        return [SealOpened.model_validate(each, from_attributes=True) for each in found]

    @api.get(
        "/openings",
        tags=["personal data"],
        summary="See what somebody opened",
        responses=problems(401, 403, 422, 503),
    )
    async def openings_by(
        agent: who,
        by: Annotated[str, Query(max_length=200, description="As agents are named.")],
        since: since_query = None,
    ) -> list[SealOpened]:
        """What an agent opened, the newest first, 1,000 at most; roles `greffe` or `administrator`."""
        needs_one_of(agent, ACCESS_ROLE, ADMINISTRATOR)
        found = await parts.persons.openings_by(by, year_ago(since))
        return [SealOpened.model_validate(each, from_attributes=True) for each in found]

    @api.get("/erasures", tags=["personal data"], summary="See what was erased", responses=problems(401, 403, 422, 503))
    async def erasures(agent: who, since: since_query = None) -> list[ErasedRequest]:
        """What was erased when and on which ground, the newest first, 1,000 at most (A-2.1 art. 73)."""
        needs_one_of(agent, ACCESS_ROLE, ADMINISTRATOR)
        found = await parts.erasures.between(year_ago(since), parts.clock.now() + dt.timedelta(seconds=1))
        return [ErasedRequest.model_validate(each, from_attributes=True) for each in found]

    @api.get(
        "/retention/plan",
        tags=["personal data"],
        summary="See whose data goes soon",
        responses=problems(401, 403, 503),
    )
    async def plan(agent: who) -> list[DueRequest]:
        """What is due to be erased, if nothing happens: a dry run, nothing is changed (A-2.1 art. 73)."""
        needs_one_of(agent, ACCESS_ROLE, ADMINISTRATOR)
        return [DueRequest.model_validate(each, from_attributes=True) for each in await parts.retention.plan()]

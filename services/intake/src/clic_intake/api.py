"""The desk's HTTP API: submissions as CloudEvents, agents' commands, and a request's story."""

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, HTTPException, Path, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic_core import from_json, to_json

from clic_chassis.agents import Agent, agent_dependency
from clic_chassis.clock import Clock
from clic_chassis.http import add_error_handlers
from clic_chassis.log import EventLog
from clic_contracts.event import (
    Delivery,
    Event,
    RequestAcknowledged,
    RequestAnswered,
    RequestCompleted,
    RequestExtended,
    RequestMerged,
    RequestNoted,
    RequestPromised,
    RequestRated,
    RequestRefused,
    RequestReopened,
    RequestSplit,
    RequestVoided,
)
from clic_contracts.lifecycle import LIFECYCLE
from clic_contracts.submission import MAX_SUBMISSION_BYTES, Receipt, Text
from clic_contracts.town import Town
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
    Service,
    VoidingReason,
)

from .core.request import REQUEST, Close, Command, Record, Refuse, UnknownRequestError
from .desk import Desk
from .register import Register

MAX_BATCH = 100
"""Submissions in one HTTP batch at most."""
STATUS = {"accepted": 201, "known": 200, "refused": 422, "quarantined": 202}


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")

    occurred_at: AwareDatetime | None = Field(default=None, description="When it happened; now, if left out.")


class Told(_Body):
    """That the citizen was told, by which channel."""

    channel: Channel


class Answer(Told):
    """What was answered. An access request needs its outcome, and a refusal its provisions (A-2.1 art. 50)."""

    text: Text = ""
    answered_by: DepartmentCode | None = None
    access_outcome: AccessOutcome | None = None
    provisions: tuple[str, ...] = ()


class Refusal(_Body):
    """On which criterion; `channel` once the citizen was told (POL-07 to POL-09)."""

    criterion: Criterion
    text: Text = ""
    turn_to: BodyCode | None = None
    channel: Channel | None = None


class Closing(_Body):
    """Why it is closed (POL-27)."""

    reason: ClosingReason = ClosingReason.ANSWERED


class Completion(_Body):
    """What was missing and is now given (POL-06, POL-21)."""

    given: tuple[Missing, ...] = Field(min_length=1)
    content: dict[str, str] = Field(default_factory=dict, description="Sealed: name, e-mail, telephone, text.")


class Note(_Body):
    """A note in the file (POL-28)."""

    text: Annotated[Text, Field(min_length=1)]


class Promise(_Body):
    """A date agreed with the citizen (POL-19)."""

    due_on: dt.date


class Extension(Told):
    """The one extension of an access request, with its notice (POL-23)."""

    days: Annotated[int, Field(ge=1, le=10)] = 10


class Merging(_Body):
    """Which request goes on for both."""

    into: RequestId


class Splitting(_Body):
    """Which requests go on beside this one."""

    into: tuple[RequestId, ...] = Field(min_length=1)


class Voiding(_Body):
    """Why it is no request at all."""

    reason: VoidingReason


class Reopening(_Body):
    """Why it goes on (POL-39)."""

    reason: ReopeningReason


class Rating(_Body):
    """How satisfied the citizen is (POL-39)."""

    score: Annotated[int, Field(ge=1, le=5)]


class Opening(_Body):
    """Why sealed data is opened; recorded with who asked (POL-30)."""

    reason: Annotated[str, Field(min_length=3, max_length=500)]


class Done(BaseModel):
    """What came of a command."""

    request_id: str
    phase: str
    known: bool = Field(description="Nothing was left to do: it was said before, or is so already.")
    position: int = Field(description="The log's position after it.")
    events: list[str]


def make_api(  # noqa: C901, PLR0915 - one short function a route, closed over what they need
    desk: Desk, register: Register, log: EventLog, town: Town, clock: Clock, agents: Mapping[str, Agent]
) -> FastAPI:
    """The FastAPI application; its OpenAPI pages are at /docs."""
    api = FastAPI(
        title="CLIC – intake",
        version="1",
        summary=f"The citizen-request desk of {town.name.en}.",
        description="Errors are problems (RFC 9457). Commands take an `Idempotency-Key`: said twice, done once.",
    )
    current = agent_dependency(dict(agents))
    who = Annotated[Agent, Depends(current)]
    key = Annotated[str | None, Header(alias="Idempotency-Key", max_length=200)]
    rid = Annotated[RequestId, Path(description="The request's id.")]
    add_error_handlers(api)
    _add_submissions(api, desk, who)

    async def do(request_id: str, command: Command, agent: Agent, idempotency_key: str | None) -> Done:
        # The key is the agent's own: two agents with one key are two commands.
        cause = f"{agent.actor}\n{idempotency_key or uuid.uuid4()}"
        decided = await desk.command(request_id, command, cause_id=cause, actor=agent.actor)
        phase = REQUEST.fold(decided.story.events).phase
        return Done(
            request_id=request_id,
            phase=phase.value,
            known=decided.known,
            position=decided.story.last_sequence,
            events=[event.type for event in decided.events],
        )

    def at(body: _Body) -> dt.datetime:
        return body.occurred_at or clock.now()

    def fact(event: Event, body: _Body) -> Record:
        return Record(event, at(body))

    def told(channel: Channel) -> Delivery:
        return Delivery(channel=channel, proof=DeliveryProof.AGENT)

    async def sealed(request_id: str, text: str) -> Any:
        return await desk.seal(request_id, {"text": text}) if text else None

    @api.post("/requests/{request_id}/acknowledge", tags=["commands"])
    async def acknowledge(request_id: rid, body: Told, agent: who, idempotency_key: key = None) -> Done:
        """The citizen was told that the request is registered (POL-13 to POL-15)."""
        return await do(
            request_id, fact(RequestAcknowledged(delivery=told(body.channel)), body), agent, idempotency_key
        )

    @api.post("/requests/{request_id}/answer", tags=["commands"])
    async def answer(request_id: rid, body: Answer, agent: who, idempotency_key: key = None) -> Done:
        """The citizen was answered (POL-17, POL-22)."""
        event = RequestAnswered(
            delivery=told(body.channel),
            answered_by=body.answered_by,
            access_outcome=body.access_outcome,
            provisions=body.provisions,
            sealed=await sealed(request_id, body.text),
        )
        return await do(request_id, fact(event, body), agent, idempotency_key)

    @api.post("/requests/{request_id}/close", tags=["commands"])
    async def close(request_id: rid, body: Closing, agent: who, idempotency_key: key = None) -> Done:
        """Close it; impossible before the citizen was answered (POL-27)."""
        return await do(request_id, Close(body.reason, at(body)), agent, idempotency_key)

    @api.post("/requests/{request_id}/refuse", tags=["commands"])
    async def refuse(request_id: rid, body: Refusal, agent: who, idempotency_key: key = None) -> Done:
        """It is not admissible (POL-07 to POL-09); with `channel`, the citizen was told and it is closed."""
        refusal = RequestRefused(
            criterion=body.criterion,
            turn_to=body.turn_to,
            sent=told(body.channel) if body.channel else None,
            sealed=await sealed(request_id, body.text),
        )
        return await do(request_id, Refuse(refusal, at(body)), agent, idempotency_key)

    @api.post("/requests/{request_id}/complete", tags=["commands"])
    async def complete(request_id: rid, body: Completion, agent: who, idempotency_key: key = None) -> Done:
        """What was missing is given (POL-06, POL-21)."""
        content = await desk.seal(request_id, body.content) if body.content else None
        return await do(
            request_id, fact(RequestCompleted(given=body.given, sealed=content), body), agent, idempotency_key
        )

    @api.post("/requests/{request_id}/note", tags=["commands"])
    async def note(request_id: rid, body: Note, agent: who, idempotency_key: key = None) -> Done:
        """Put a note in the file (POL-28)."""
        return await do(
            request_id, fact(RequestNoted(sealed=await sealed(request_id, body.text)), body), agent, idempotency_key
        )

    @api.post("/requests/{request_id}/promise", tags=["commands"])
    async def promise(request_id: rid, body: Promise, agent: who, idempotency_key: key = None) -> Done:
        """A date was agreed with the citizen (POL-19)."""
        return await do(request_id, fact(RequestPromised(due_on=body.due_on), body), agent, idempotency_key)

    @api.post("/requests/{request_id}/extend", tags=["commands"])
    async def extend(request_id: rid, body: Extension, agent: who, idempotency_key: key = None) -> Done:
        """Extend an access request, once, with notice (POL-23)."""
        event = RequestExtended(days=body.days, notice=told(body.channel))
        return await do(request_id, fact(event, body), agent, idempotency_key)

    @api.post("/requests/{request_id}/merge", tags=["commands"])
    async def merge(request_id: rid, body: Merging, agent: who, idempotency_key: key = None) -> Done:
        """It is a duplicate: close it to the request that goes on."""
        if body.into == request_id or not (await log.load(Service.INTAKE, body.into)).commits:
            raise UnknownRequestError("the request to merge into is not there, or is this one")
        return await do(request_id, fact(RequestMerged(into=body.into), body), agent, idempotency_key)

    @api.post("/requests/{request_id}/split", tags=["commands"])
    async def split(request_id: rid, body: Splitting, agent: who, idempotency_key: key = None) -> Done:
        """One contact was several requests; the others are registered already."""
        return await do(request_id, fact(RequestSplit(into=body.into), body), agent, idempotency_key)

    @api.post("/requests/{request_id}/void", tags=["commands"])
    async def void(request_id: rid, body: Voiding, agent: who, idempotency_key: key = None) -> Done:
        """It was entered by mistake and is no request."""
        return await do(request_id, fact(RequestVoided(reason=body.reason), body), agent, idempotency_key)

    @api.post("/requests/{request_id}/reopen", tags=["commands"])
    async def reopen(request_id: rid, body: Reopening, agent: who, idempotency_key: key = None) -> Done:
        """It goes on (POL-39)."""
        return await do(request_id, fact(RequestReopened(reason=body.reason), body), agent, idempotency_key)

    @api.post("/requests/{request_id}/rate", tags=["commands"])
    async def rate(request_id: rid, body: Rating, agent: who, idempotency_key: key = None) -> Done:
        """How satisfied the citizen is (POL-39)."""
        return await do(request_id, fact(RequestRated(score=body.score), body), agent, idempotency_key)

    @api.get("/references/{reference}", tags=["requests"])
    async def by_reference(reference: str, _: who) -> dict[str, str]:
        """The id of the request that a citizen names."""
        return {"reference": reference, "request_id": await register.find(reference)}

    @api.get("/requests/{request_id}", tags=["requests"])
    async def story(request_id: rid, _: who) -> dict[str, Any]:
        """The whole story of a request over all services, nothing opened, and what may happen next (POL-28)."""
        commits = [c for each in Service for c in (await log.load(each, request_id)).commits]
        own = [e for c in commits if c.service is Service.INTAKE for e in c.events]
        if not own:
            raise UnknownRequestError("no such request")
        request = REQUEST.fold(own)
        return {
            "request_id": request_id,
            "reference": request.reference,
            "phase": request.phase.value,
            "next": sorted(event.TYPE for event in LIFECYCLE[request.phase]),
            "events": [
                {
                    "position": c.sequence,
                    "type": e.type,
                    "occurred_at": e.occurred_at,
                    "recorded_at": e.recorded_at,
                    "actor": e.actor,
                    "data": e.data.model_dump(mode="json", exclude={"sealed"}, exclude_none=True),
                }
                for c in sorted(commits, key=lambda c: c.sequence)
                for e in c.events
            ],
        }

    @api.post("/requests/{request_id}/open", tags=["requests"])
    async def open_seals(request_id: rid, body: Opening, agent: who) -> dict[str, Any]:
        """Open what is sealed, for a reason that is recorded with who asked (POL-30)."""
        events = (await log.load(Service.INTAKE, request_id)).events
        if not events:
            raise UnknownRequestError("no such request")
        await register.record_opening(clock.now(), agent.agent, request_id, body.reason)
        entry = await register.entry(request_id)
        if entry.key is None:
            raise HTTPException(410, "the personal data of this request was erased")
        opened = [
            {"type": e.type, "occurred_at": e.occurred_at, "content": entry.key.open(seal)}
            for e in events
            if (seal := getattr(e.data, "sealed", None)) is not None
        ]
        return {"request_id": request_id, "opened": opened}

    return api


def _add_submissions(api: FastAPI, desk: Desk, who: Any) -> None:
    @api.post("/submissions", tags=["submissions"], response_model=Receipt | list[Receipt])
    async def submit(request: Request, agent: who, response: Response) -> Receipt | list[Receipt]:
        """A submission as a CloudEvent (structured), or up to 100 as a batch (`application/cloudevents-batch+json`).

        The token's role `publisher:<code>` says who publishes. The answer is the receipt.
        """
        publisher = next((r.removeprefix("publisher:") for r in agent.roles if r.startswith("publisher:")), None)
        if publisher is None:
            raise HTTPException(403, "this token is no publisher's: it needs the role publisher:<code>")
        body = await _bounded_body(request)
        if "batch" not in request.headers.get("content-type", ""):
            receipt = await desk.submit(publisher, body)
            response.status_code = STATUS[receipt.status]
            return receipt
        return [await desk.submit(publisher, each) for each in _parts(body)]


async def _bounded_body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BATCH * MAX_SUBMISSION_BYTES:
            raise HTTPException(413, f"at most {MAX_BATCH * MAX_SUBMISSION_BYTES} bytes are taken at once")
    return body


def _parts(body: bytes) -> list[bytes]:

    try:
        raw = from_json(body)
    except ValueError as error:
        raise HTTPException(400, f"the batch is not JSON: {error}") from error
    if not isinstance(raw, list) or len(raw) > MAX_BATCH:
        raise HTTPException(422, f"a batch is a JSON array of at most {MAX_BATCH} CloudEvents")
    return [to_json(each) for each in raw]

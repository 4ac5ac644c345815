"""The deadlines service over HTTP: what is owed, by when, and how that was counted. No personal data."""

import datetime as dt
from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import Depends, FastAPI, HTTPException, Query
from pydantic import AwareDatetime, BaseModel

from clic_chassis.agents import Agent
from clic_chassis.clock import Clock
from clic_chassis.error import NotFoundError
from clic_chassis.http import add_error_handlers, new_api, problems
from clic_chassis.identity import Identity, current, protect
from clic_chassis.log import EventLog, Story
from clic_contracts.event import ObligationSet, RequestReceived, TraceStep
from clic_contracts.permission import is_staff, may_see, role_needed
from clic_contracts.town import Town
from clic_contracts.vocabulary import (
    Code,
    DepartmentCode,
    Escalation,
    Kind,
    Language,
    LiftReason,
    ObligationKind,
    Reference,
    RequestId,
    Service,
    SubjectCode,
)

from .core.explain import Explanation, explain
from .core.obligation import DECIDER, Obligation, State, state_of
from .docket import Docket, DocketRow, Filters, Page

ROWS_MAX = 1_000
CURSOR_LENGTH_MAX = 300
Limit = Annotated[int, Query(ge=1, le=ROWS_MAX, description="Rows at most.")]
After = Annotated[str | None, Query(max_length=CURSOR_LENGTH_MAX, description="The `after` of the page before.")]
OpenState = Literal["running", "at_risk", "paused", "missed", "lapsed"]
"""`lapsed`: others' time, from its end until that is recorded."""
EARLIEST = dt.datetime(1900, 1, 1, tzinfo=dt.UTC)
Before = Annotated[AwareDatetime | None, Query(ge=EARLIEST, description="Limits before this instant.")]


class ObligationView(BaseModel):
    """One obligation: how it was set, by when it is due now, both with the day-by-day count, and how it stands."""

    state: State
    terms: ObligationSet
    due_at: AwareDatetime
    """Exclusive; while paused the limit as it was before."""
    due_strict_on: dt.date
    due_prudent_on: dt.date
    calendar_version: str
    trace: tuple[TraceStep, ...]
    paused_since: AwareDatetime | None = None
    met_at: AwareDatetime | None = None
    met_assumed: bool = False
    lifted: LiftReason | None = None
    warned_at: AwareDatetime | None = None
    missed_at: AwareDatetime | None = None
    escalated_to: Escalation | None = None


class RequestObligations(BaseModel):
    """Everything that was ever owed on a request, in the order it came about."""

    request_id: RequestId
    position: int
    obligations: tuple[ObligationView, ...]


class OpenObligation(BaseModel):
    """An obligation that has not ended, and what it is found by."""

    request_id: RequestId
    reference: Reference
    kind: Kind
    subject: SubjectCode | None
    department: DepartmentCode | None
    assignee: str | None
    confidential_to: Code | None
    obligation_id: str
    obligation: ObligationKind
    state: OpenState
    starts_at: AwareDatetime
    due_at: AwareDatetime
    due_strict_on: dt.date
    due_prudent_on: dt.date
    paused_since: AwareDatetime | None
    escalated_to: Escalation | None
    missed_at: AwareDatetime | None


class OpenObligations(BaseModel):
    """A page of open obligations, soonest limit first."""

    obligations: tuple[OpenObligation, ...]
    after: str | None
    """Where the next page begins; None: this is the last one."""


class FoundRequest(BaseModel):
    """The request of a reference."""

    request_id: RequestId
    reference: Reference


class ExplanationView(BaseModel):
    """A limit in words that a citizen understands, part by part and as one text."""

    language: Language
    title: str
    promise: str
    rule: str
    start: str
    counting: tuple[str, ...]
    dates: tuple[str, ...]
    since: tuple[str, ...]
    standing: str
    text: str


def make_api(log: EventLog, docket: Docket, town: Town, clock: Clock, identity: Identity) -> FastAPI:
    """The service's HTTP application, for who works at the desk or in a department."""
    api = new_api(title="CLIC deadlines", description="By when the town owes what, and how that was counted.")
    add_error_handlers(api)
    protect(api, identity)

    async def staff(agent: Annotated[Agent, Depends(current)]) -> Agent:
        if not is_staff(agent.roles, town):
            raise HTTPException(403, "this needs the role agent or a department's code, which an operator gives")
        return agent

    who = Annotated[Agent, Depends(staff)]

    async def stories(agent: Agent, request_id: RequestId) -> tuple[Story, Story]:
        """Intake's and our own; what is confidential is for others not there (POL-26)."""
        intake = await log.load(Service.INTAKE, request_id)
        own = await log.load(Service.DEADLINES, request_id)
        received = intake.events[0].data if intake.events else None
        may = not isinstance(received, RequestReceived) or may_see(agent.roles, role_needed(received, town))
        if not may or not own.commits:
            raise NotFoundError("nothing is owed on this request, or it is not known")
        return intake, own

    @api.get("/requests", tags=["obligations"], responses=problems(401, 403, 404, 422, 503))
    async def request_of_reference(reference: Reference, agent: who) -> FoundRequest:
        """Find a request by the reference that its citizen quotes."""
        request_id = await docket.request_of(reference, agent.roles)
        if request_id is None:
            raise NotFoundError("no request has this reference, or it is not known")
        return FoundRequest(request_id=request_id, reference=reference)

    @api.get("/requests/{request_id}/obligations", tags=["obligations"], responses=problems(401, 403, 404, 422, 503))
    async def request_obligations(request_id: RequestId, agent: who) -> RequestObligations:
        """Read the obligations of a request from the log, each with the trace of its count."""
        _, story = await stories(agent, request_id)
        state = DECIDER.fold(story.events)
        views = tuple(view_of(each, clock.now()) for each in state.by_id.values())
        return RequestObligations(request_id=request_id, position=story.last_sequence, obligations=views)

    @api.get(
        "/requests/{request_id}/obligations/{obligation_id}/explanation",
        tags=["obligations"],
        responses=problems(401, 403, 404, 422, 503),
    )
    async def explanation(
        request_id: RequestId, obligation_id: str, agent: who, language: Language = Language.FR
    ) -> ExplanationView:
        """Explain a limit to a citizen: the promise, the rule, which days counted and why others did not, and since."""
        intake, own = await stories(agent, request_id)
        told = explain(obligation_id, own.events, intake.events, town, language, clock.now())
        if told is None:
            raise NotFoundError("nothing is owed on this request, or it is not known")
        return _told(told, language)

    @api.get("/obligations", tags=["obligations"], responses=problems(401, 403, 422, 503))
    async def open_obligations(
        agent: who,
        *,
        department: DepartmentCode | None = None,
        subject: SubjectCode | None = None,
        state: OpenState | None = None,
        before: Before = None,
        limit: Limit = 100,
        after: After = None,
    ) -> OpenObligations:
        """List open obligations, soonest limit first: what is owed, what stands still, and the time of others (POL-29).

        A page narrowed by subject may hold fewer rows than asked for, or none, and still say where to go on.
        """
        filters = Filters(department, subject, State(state) if state else None, before)
        return _page(await docket.page(agent.roles, filters, limit=limit, after=after))

    @api.get("/due", tags=["obligations"], responses=problems(401, 403, 422, 503))
    async def due(
        agent: who,
        *,
        department: DepartmentCode | None = None,
        subject: SubjectCode | None = None,
        state: Literal["running", "at_risk", "missed"] | None = None,
        before: Before = None,
        limit: Limit = 100,
        after: After = None,
    ) -> OpenObligations:
        """List what the town owes by a limit before an instant (by default within a day), late things first (POL-29).

        Neither what stands still nor the time of others is among them.
        """
        until = before or clock.now() + dt.timedelta(days=1)
        filters = Filters(department, subject, State(state) if state else None, until, owed=True)
        return _page(await docket.page(agent.roles, filters, limit=limit, after=after))

    return api


def view_of(obligation: Obligation, now: dt.datetime) -> ObligationView:
    """How an obligation stands at an instant."""
    return ObligationView(
        state=state_of(obligation, now),
        terms=obligation.terms,
        due_at=obligation.due.due_at,
        due_strict_on=obligation.due.due_strict_on,
        due_prudent_on=obligation.due.due_prudent_on,
        calendar_version=obligation.due.calendar_version,
        trace=obligation.due.trace,
        paused_since=obligation.paused_since,
        met_at=obligation.met.met_at if obligation.met else None,
        met_assumed=obligation.met.assumed if obligation.met else False,
        lifted=obligation.lifted.reason if obligation.lifted else None,
        warned_at=obligation.warned_at,
        missed_at=obligation.missed_at,
        escalated_to=obligation.escalated_to,
    )


def _page(page: Page) -> OpenObligations:
    return OpenObligations(obligations=tuple(_open(row) for row in page.rows), after=page.after)


def _open(row: DocketRow) -> OpenObligation:
    return OpenObligation.model_validate(row, from_attributes=True)


def _told(told: Explanation, language: Language) -> ExplanationView:
    return ExplanationView(language=language, text=told.text, **asdict(told))

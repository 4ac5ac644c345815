"""The deadlines service over HTTP, to read: what is owed, by when, and how that was counted. No personal data."""

import datetime as dt
from typing import Annotated, Literal

from fastapi import Depends, FastAPI, HTTPException, Query
from pydantic import AwareDatetime, BaseModel

from clic_chassis.agents import Agent
from clic_chassis.clock import Clock
from clic_chassis.error import NotFoundError
from clic_chassis.http import add_error_handlers, new_api, problems
from clic_chassis.identity import Identity, current, protect
from clic_chassis.log import EventLog
from clic_contracts.event import ObligationSet, RequestReceived
from clic_contracts.permission import is_staff, may_see, role_needed
from clic_contracts.town import Town
from clic_contracts.vocabulary import LiftReason, RequestId, Service

from .core.obligation import DECIDER, Obligation
from .timer_table import TimerTable

ROWS_MAX = 1_000
Limit = Annotated[int, Query(ge=1, le=ROWS_MAX, description="Rows at most.")]
OpenState = Literal["open", "at_risk", "late"]


class ObligationView(BaseModel):
    """One obligation: its terms with the day-by-day count, and how it stands."""

    state: Literal["open", "at_risk", "late", "met", "met_late", "lifted"]
    terms: ObligationSet
    met_at: AwareDatetime | None = None
    met_assumed: bool = False
    lifted: LiftReason | None = None
    warned_at: AwareDatetime | None = None
    missed_at: AwareDatetime | None = None


class RequestObligations(BaseModel):
    """Everything that was ever owed on a request, in the order it came about."""

    request_id: RequestId
    position: int
    obligations: tuple[ObligationView, ...]


class OpenObligation(BaseModel):
    """An obligation that is neither met nor lifted."""

    request_id: RequestId
    obligation_id: str
    due_at: AwareDatetime
    state: OpenState


class DueObligation(BaseModel):
    """A limit of an open obligation; `late`: it has passed and was said to be missed."""

    request_id: RequestId
    obligation_id: str
    due_at: AwareDatetime
    late: bool


def make_api(log: EventLog, table: TimerTable, town: Town, clock: Clock, identity: Identity) -> FastAPI:
    """The service's HTTP application, for who works at the desk or in a department."""
    api = new_api(title="CLIC deadlines", description="By when the town owes what, and how that was counted.")
    add_error_handlers(api)
    protect(api, identity)

    async def staff(agent: Annotated[Agent, Depends(current)]) -> Agent:
        if not is_staff(agent.roles, town):
            raise HTTPException(403, "this needs the role agent or a department's code, which an operator gives")
        return agent

    who = Annotated[Agent, Depends(staff)]

    async def sees(agent: Agent, request_id: RequestId) -> bool:
        """What is confidential is for others not there (POL-26)."""
        events = (await log.load(Service.INTAKE, request_id)).events
        received = events[0].data if events else None
        return not isinstance(received, RequestReceived) or may_see(agent.roles, role_needed(received, town))

    @api.get("/requests/{request_id}/obligations", tags=["obligations"], responses=problems(401, 403, 404, 422, 503))
    async def request_obligations(request_id: RequestId, agent: who) -> RequestObligations:
        """Read the obligations of a request from the log, each with the trace of its count."""
        story = await log.load(Service.DEADLINES, request_id)
        if not await sees(agent, request_id) or not story.commits:
            raise NotFoundError("nothing is owed on this request, or it is not known")
        state = DECIDER.fold(story.events)
        views = tuple(view_of(each, clock.now()) for each in state.by_id.values())
        return RequestObligations(request_id=request_id, position=story.last_sequence, obligations=views)

    @api.get("/obligations", tags=["obligations"], responses=problems(401, 403, 422, 503))
    async def open_obligations(agent: who, state: OpenState | None = None, limit: Limit = 100) -> list[OpenObligation]:
        """List open obligations, soonest limit first; `state` picks those in time, at risk, or late (POL-29).

        Of the first `limit` those that the caller may see (POL-26).
        """
        rows = await table.open_obligations(state, limit)
        found = [OpenObligation(**{**row, "request_id": str(row["request_id"])}) for row in rows]
        return [each for each in found if await sees(agent, each.request_id)]

    @api.get("/due", tags=["obligations"], responses=problems(401, 403, 422, 503))
    async def due(agent: who, before: AwareDatetime | None = None, limit: Limit = 100) -> list[DueObligation]:
        """List limits of open obligations before an instant (by default within a day), soonest first.

        Of the first `limit` those that the caller may see (POL-26).
        """
        rows = await table.due_before(before or clock.now() + dt.timedelta(days=1), limit)
        found = [DueObligation(**{**row, "request_id": str(row["request_id"])}) for row in rows]
        return [each for each in found if await sees(agent, each.request_id)]

    return api


def view_of(obligation: Obligation, now: dt.datetime) -> ObligationView:
    """How an obligation stands at an instant; a limit that has passed makes it late, said or not."""
    state: Literal["open", "at_risk", "late", "met", "met_late", "lifted"]
    if obligation.met is not None:
        state = "met" if obligation.met.in_time else "met_late"
    elif obligation.lifted is not None:
        state = "lifted"
    elif obligation.terms.due_at <= now:
        state = "late"
    else:
        state = "at_risk" if obligation.warned_at is not None else "open"
    return ObligationView(
        state=state,
        terms=obligation.terms,
        met_at=obligation.met.met_at if obligation.met else None,
        met_assumed=obligation.met.assumed if obligation.met else False,
        lifted=obligation.lifted.reason if obligation.lifted else None,
        warned_at=obligation.warned_at,
        missed_at=obligation.missed_at,
    )

"""The calendar's application over HTTP, for administrators: previewed, in batches, and as often as one likes."""

import datetime as dt
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from clic_chassis.agents import Agent
from clic_chassis.http import problems
from clic_chassis.identity import current
from clic_contracts.permission import may_see
from clic_contracts.vocabulary import DepartmentCode, ObligationKind, Reference, RequestId, SubjectCode

from .applier import CalendarApplier, Moved

ADMINISTRATOR = "administrator"
REQUESTS_MAX = 500


class Application(BaseModel):
    """Apply the newest calendar to the next requests."""

    model_config = ConfigDict(extra="forbid")

    dry_run: bool = Field(default=False, description="Say what would move, and record nothing.")
    after: RequestId | None = Field(default=None, description="As the batch before answered; None: from the first.")
    limit: Annotated[int, Field(ge=1, le=REQUESTS_MAX, description="Requests at most.")] = 100


class MovedLimit(BaseModel):
    """An open obligation that the newest calendar counts otherwise, or confirms under its own version."""

    request_id: RequestId
    reference: Reference
    department: DepartmentCode | None
    subject: SubjectCode | None
    obligation_id: str
    obligation: ObligationKind
    before_due_at: AwareDatetime
    before_strict_on: dt.date
    before_calendar: str
    after_due_at: AwareDatetime
    after_strict_on: dt.date
    changed_in_place: bool
    """A calendar of the same version counted otherwise: it cannot be applied."""


class ApplicationBatch(BaseModel):
    """What came of a batch."""

    calendar: str
    """The version that is applied."""
    dry_run: bool
    requests: int
    """Requests that were looked at."""
    moved: tuple[MovedLimit, ...]
    confidential: int
    """Limits that moved and that the caller may not see (POL-26)."""
    changed_in_place: int
    after: RequestId | None
    """Where the next batch begins; None: this was the last one."""


def add_application_route(api: FastAPI, applier: CalendarApplier) -> None:
    """Let administrators apply the newest calendar."""

    async def administrator(agent: Annotated[Agent, Depends(current)]) -> Agent:
        if ADMINISTRATOR not in agent.roles:
            raise HTTPException(403, f"this needs the role {ADMINISTRATOR}, which an operator gives")
        return agent

    @api.post("/calendar/applications", tags=["calendar"], responses=problems(401, 403, 409, 422, 503))
    async def apply_calendar(
        application: Application, agent: Annotated[Agent, Depends(administrator)]
    ) -> ApplicationBatch:
        """Count open obligations by the newest calendar, and record it on each that this moves or confirms (POL-29).

        Ask for the batch `after` until it is null; after an error ask for the same batch again. What is recorded is
        not recorded twice. A limit that has passed is not moved.
        """
        batch = await applier.batch(
            application.after, application.limit, actor=agent.actor, dry_run=application.dry_run
        )
        moved = [each for applied in batch.applied for each in applied.moved]
        seen = [each for each in moved if may_see(agent.roles, each.found.confidential_to)]
        return ApplicationBatch(
            calendar=applier.version,
            dry_run=application.dry_run,
            requests=len(batch.applied),
            moved=tuple(_said(each) for each in seen),
            confidential=len(moved) - len(seen),
            changed_in_place=sum(each.is_changed_in_place for each in moved),
            after=batch.after,
        )


def _said(moved: Moved) -> MovedLimit:
    return MovedLimit(
        request_id=moved.found.request_id,
        reference=moved.found.reference,
        department=moved.found.department,
        subject=moved.found.subject,
        obligation_id=moved.obligation_id,
        obligation=moved.obligation,
        before_due_at=moved.before.due_at,
        before_strict_on=moved.before.due_strict_on,
        before_calendar=moved.before.calendar_version,
        after_due_at=moved.after.due_at,
        after_strict_on=moved.after.due_strict_on,
        changed_in_place=moved.is_changed_in_place,
    )

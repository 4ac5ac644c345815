"""The worklists over HTTP: pages of lists, how much stands in each, and what a search finds."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Query
from pydantic import AwareDatetime, BaseModel, Field

from clic_chassis.agents import Agent
from clic_chassis.http import problems
from clic_contracts.vocabulary import Channel, Code, Kind, Missing, ObligationKind, Phase, Reference, RequestId
from clic_intake.worklist.query import COUNTED_MAX, EXAMINED_MAX, PAGE_ROWS, Entry, Filters, ListName, Page, Worklists

After = Annotated[str | None, Query(max_length=80, description="The `after` of the page before.")]


class Listed(BaseModel):
    """A request in a list."""

    request_id: RequestId
    reference: Reference
    kind: Kind
    subject: Code | None
    sector: Code | None
    channel: Channel
    phase: Phase
    received_at: AwareDatetime
    closed_at: AwareDatetime | None
    department: Code | None
    first_line: bool
    unusual: bool = Field(description="No rule or subject foresaw it (POL-36).")
    urgent: bool = Field(description="A safety report (POL-06).")
    confidential: bool = Field(description="Few may see it (POL-26).")
    assigned_to: str | None = Field(description="Who has it, as `actor` names people; null: nobody.")
    missing: tuple[Missing, ...] = Field(description="What the citizen was asked for and has not given.")
    waiting_since: AwareDatetime | None
    next_obligation: ObligationKind | None = Field(description="What is due first of what the town owes.")
    due_at: AwareDatetime | None = Field(description="By when; exclusive.")
    warned: bool
    letters_failed: int
    answered: bool
    heard_since: AwareDatetime | None = Field(
        description="Since when a citizen's words wait on a request that is done with; null: none do."
    )
    merged_into: RequestId | None
    position: int = Field(description="Of the last thing that happened to it, in the log.")


class ListedPage(BaseModel):
    """A page of a list."""

    requests: list[Listed]
    after: str | None = Field(description="Where the next page begins; null: this is the last one.")


class Counts(BaseModel):
    """How many stand in each list."""

    counts: dict[ListName, int]
    counted_to: int = Field(default=COUNTED_MAX, description="A list that holds more is counted as one more than this.")


def add_worklists(api: FastAPI, lists: Worklists, current: Callable[..., Any]) -> None:
    """Add the routes."""
    who = Annotated[Agent, Depends(current)]

    @api.get("/worklists/counts", tags=["worklists"], summary="Count the lists", responses=problems(401, 403, 503))
    async def counts(agent: who) -> Counts:
        """How many stand in each of the caller's lists; of what they may not see, nothing is counted (POL-26)."""
        return Counts(counts=await lists.counts(agent))

    @api.get(
        "/worklists/search",
        tags=["worklists"],
        summary="Find a request by its reference",
        responses=problems(401, 403, 404, 422, 503),
    )
    async def search(agent: who, reference: Reference) -> Listed:
        """The request that a citizen names; what the caller may not see is not there (POL-26)."""
        found = await lists.by_reference(agent, reference)
        if found is None:
            raise HTTPException(404, "no request has this reference")
        return listed(found)

    @api.get(
        "/worklists/{name}",
        tags=["worklists"],
        summary="Read a list",
        description=f"""One of the lists that an agent works from (POL-29), {PAGE_ROWS} requests a page.

What is due first comes first; of `news`, what has waited longest; of `all`, the newest. With filters, a page looks at
{EXAMINED_MAX:,} requests at most and may hold none though `after` says that there are more to look at.""",
        responses=problems(401, 403, 409, 422, 503),
    )
    async def read(
        *,
        name: ListName,
        agent: who,
        department: Annotated[Code | None, Query()] = None,
        subject: Annotated[Code | None, Query()] = None,
        kind: Annotated[Kind | None, Query()] = None,
        sector: Annotated[Code | None, Query()] = None,
        phase: Annotated[Phase | None, Query()] = None,
        after: After = None,
    ) -> ListedPage:
        found: Page = await lists.page(agent, name, Filters(department, subject, kind, sector, phase), after)
        return ListedPage(requests=[listed(each) for each in found.entries], after=found.after)


def listed(entry: Entry) -> Listed:
    """A request in a list, as the API tells it."""
    values = {name: getattr(entry, name) for name in Listed.model_fields if name != "position"}
    return Listed.model_validate({**values, "position": entry.last_sequence})

"""Routing's wiring: reacts to requests that were received, and takes agents' choices over HTTP."""

from __future__ import annotations

from clic_chassis.agents import read_agents
from clic_chassis.decision import Decisions
from clic_chassis.delivery import Delivery
from clic_chassis.process import Process
from clic_chassis.service import Runtime, Wiring
from clic_chassis.settings import Settings
from clic_contracts.envelope import Commit, Recorded
from clic_contracts.event import RequestReceived
from clic_contracts.subject import log_subject
from clic_contracts.town import Town
from clic_contracts.vocabulary import Service

from .api import make_api
from .core.assignment import ASSIGNMENT, RouteByRules

DURABLE = "routing"


class Router:
    """Gives each received request to a department, once."""

    def __init__(self, decisions: Decisions, town: Town) -> None:
        self._decisions = decisions
        self._town = town

    async def handle(self, commit: Commit) -> None:
        """Route what a commit of intake received."""
        for event in commit.events:
            if isinstance(event.data, RequestReceived):
                await self._route(event, event.data)

    async def _route(self, event: Recorded, received: RequestReceived) -> None:
        command = RouteByRules(received, event.occurred_at, self._town)
        await self._decisions.decide(
            event.request_id,
            lambda story: ASSIGNMENT.decide(command, ASSIGNMENT.fold(story.events)),
            cause_id=event.event_id,
            actor=f"rule:{self._town.version}",
            expect_new=True,
        )


def nothing_received(delivery: Delivery) -> bool:
    """Whether a commit holds no request that was received, and need not be decoded."""
    return not delivery.may_hold([RequestReceived])


async def wire(runtime: Runtime[Settings]) -> Wiring:
    """Put routing together."""
    decisions = runtime.decisions(Service.ROUTING)
    router = Router(decisions, runtime.town)
    return Wiring(
        components=[
            Process(
                runtime,
                durable=DURABLE,
                filters=[log_subject(Service.INTAKE, "*")],
                handle=router.handle,
                skip=nothing_received,
            )
        ],
        http=make_api(decisions, runtime.log, runtime.town, runtime.clock, read_agents(runtime.settings.agents_file)),
    )

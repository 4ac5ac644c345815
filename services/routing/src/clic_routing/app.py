"""Routing's wiring: reacts to what is received or before the courts, and takes agents' choices over HTTP."""

from __future__ import annotations

from clic_chassis.decision import Decisions
from clic_chassis.delivery import Delivery
from clic_chassis.identity.configured import identity_of_settings
from clic_chassis.process import Process
from clic_chassis.service import Runtime, Wiring
from clic_chassis.settings import Settings
from clic_contracts.envelope import Commit, Recorded
from clic_contracts.event import RequestReceived, RequestRefused
from clic_contracts.subject import log_subject
from clic_contracts.town import Town
from clic_contracts.vocabulary import Criterion, Service

from .api import make_api
from .core.assignment import ASSIGNMENT, PassToLegal, RouteByRules

DURABLE = "routing"


class Router:
    """Gives each received request to a department, once, and passes on what is before the courts."""

    def __init__(self, decisions: Decisions, town: Town) -> None:
        self._decisions = decisions
        self._town = town

    async def handle(self, commit: Commit) -> None:
        """Route what a commit of intake received, or refused because of the courts."""
        for event in commit.events:
            match event.data:
                case RequestReceived() as received:
                    await self._route(event, RouteByRules(received, event.occurred_at, self._town), expect_new=True)
                case RequestRefused(criterion=Criterion.BEFORE_COURTS):
                    await self._route(event, PassToLegal(event.occurred_at, self._town), expect_new=False)
                case _:
                    pass

    async def _route(self, event: Recorded, command: RouteByRules | PassToLegal, *, expect_new: bool) -> None:
        await self._decisions.decide(
            event.request_id,
            lambda story: ASSIGNMENT.decide(command, ASSIGNMENT.fold(story.events)),
            cause_id=event.event_id,
            actor=f"rule:{self._town.version}",
            expect_new=expect_new,
        )


def nothing_to_route(delivery: Delivery) -> bool:
    """Whether a commit holds no request that was received or refused, and need not be decoded."""
    return not delivery.may_hold([RequestReceived, RequestRefused])


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
                skip=nothing_to_route,
            )
        ],
        http=make_api(
            decisions,
            runtime.log,
            runtime.town,
            runtime.clock,
            identity_of_settings(runtime.settings, runtime.clock),
        ),
    )

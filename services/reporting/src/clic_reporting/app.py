"""Reporting's wiring: the log in, tables out; the report over HTTP."""

from __future__ import annotations

from clic_chassis.agents import read_agents
from clic_chassis.projector import Projector
from clic_chassis.service import Runtime, Wiring

from .access import Access
from .api import make_api
from .page import Pages
from .projection import ReportingProjection
from .settings import Settings


async def wire(runtime: Runtime[Settings]) -> Wiring:
    """Put reporting together. Its projection makes its tables by itself: no migrations stand beside them."""
    projector = Projector(runtime.nats, runtime.pool, ReportingProjection())
    departments = [each.code for each in runtime.town.departments]
    access = Access(read_agents(runtime.settings.agents_file), departments, runtime.clock)
    api = make_api(
        runtime.pool,
        Pages(runtime.town),
        runtime.clock,
        links={title: str(url) for title, url in runtime.settings.links.items()},
        standing=projector.not_ready,
        access=access,
    )
    return Wiring(components=[projector], http=api)

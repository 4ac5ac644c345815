"""Reporting's wiring: the log in, tables out; the report over HTTP."""

from __future__ import annotations

from functools import partial

from clic_chassis.agents import read_agents
from clic_chassis.identity.configured import provider_of
from clic_chassis.projector import Projector
from clic_chassis.service import Runtime, Wiring

from .access import Access
from .api import connected, make_api
from .dashboard.entry import HOME
from .dashboard.live import Changes
from .dashboard.route import Dashboard, add_dashboard
from .open_data.route import OpenData, add_open_data
from .page import Pages
from .projection import ReportingProjection
from .settings import Settings

DASHBOARD = "Tableau de bord (personnel de la Ville)"


async def wire(runtime: Runtime[Settings]) -> Wiring:
    """Put reporting together. Its projection makes its tables by itself: no migrations stand beside them."""
    projector = Projector(runtime.nats, runtime.pool, ReportingProjection(town=runtime.town))
    departments = [each.code for each in runtime.town.departments]
    settings, clock = runtime.settings, runtime.clock
    access = Access(read_agents(settings.agents_file), departments, clock, provider_of(settings, clock))
    api = make_api(
        runtime.pool,
        Pages(runtime.town),
        runtime.clock,
        links={DASHBOARD: HOME, **{title: str(url) for title, url in runtime.settings.links.items()}},
        standing=projector.not_ready,
        access=access,
    )
    changes = Changes(runtime.pool)
    board = Dashboard(
        partial(connected, runtime.pool), runtime.town, runtime.clock, access, changes, projector.not_ready,
        runtime.settings.file_link,
    )  # fmt: skip
    add_dashboard(api, board)
    add_open_data(api, OpenData(partial(connected, runtime.pool), access, runtime.town))
    return Wiring(components=[projector, changes], http=api)

"""Reporting's wiring: the log in, tables out; the report over HTTP."""

from __future__ import annotations

from clic_chassis.projector import Projector
from clic_chassis.service import Runtime, Wiring

from .api import make_api
from .projection import ReportingProjection
from .settings import Settings


async def wire(runtime: Runtime[Settings]) -> Wiring:
    """Put reporting together. Its projection makes its tables by itself: no migrations stand beside them."""
    projector = Projector(runtime.nats, runtime.pool, ReportingProjection())
    return Wiring(components=[projector], http=make_api(runtime.pool))

"""The wiring of the deadlines service."""

from __future__ import annotations

from clic_chassis.identity.configured import identity_of_settings
from clic_chassis.process import Process
from clic_chassis.projector import Projector
from clic_chassis.service import Runtime, Wiring
from clic_contracts.subject import log_subject
from clic_contracts.vocabulary import Service

from .api import make_api
from .core.duty import READS
from .core.standard import Rules
from .docket import Docket, DocketProjection
from .progress import Progress
from .reconciler import Reconciler
from .settings import Settings
from .timer import Timers
from .timer_table import TimerTable

DURABLE = "deadlines"


async def wire(runtime: Runtime[Settings]) -> Wiring:
    """Intake's commits in, obligations out; timers and the docket beside."""
    rules = Rules(runtime.town)
    decisions = runtime.decisions(Service.DEADLINES)
    table = TimerTable(runtime.pool, runtime.clock)
    reconciler = Reconciler(runtime.log, decisions, rules, table)
    process = Process(
        runtime,
        durable=DURABLE,
        filters=[log_subject(Service.INTAKE, "*")],
        handle=reconciler.handle,
        skip=lambda delivery: not delivery.may_hold(READS),
    )
    timers = Timers(
        log=runtime.log,
        decisions=decisions,
        rules=rules,
        table=table,
        clock=runtime.clock,
        caught_up=Progress(runtime.nats, runtime.log, DURABLE).caught_up,
    )
    identity = identity_of_settings(runtime.settings, runtime.clock)
    docket = Projector(runtime.nats, runtime.pool, DocketProjection(runtime.town), is_vital=False)
    http = make_api(runtime.log, Docket(runtime.pool, runtime.clock), runtime.town, runtime.clock, identity)
    return Wiring(components=[process, timers, docket], http=http)

"""The wiring of the deadlines service."""

from __future__ import annotations

from clic_chassis.identity.configured import identity_of_settings
from clic_chassis.mail_relay import relay_of
from clic_chassis.measurement import Measurement
from clic_chassis.process import Process
from clic_chassis.projector import Projector
from clic_chassis.service import Runtime, Wiring
from clic_contracts.subject import log_subject
from clic_contracts.vocabulary import Service

from .api import make_api
from .core.duty import READS
from .core.standard import Rules
from .digest.informed import Informed
from .digest.sender import DigestSender
from .digest.table import DigestTable
from .docket import Docket, DocketProjection
from .docket.standing import Standings
from .due_feed import Feed, FeedTokens, add_feed_route
from .progress import Progress
from .reconciler import Reconciler
from .recount import CalendarApplier, add_application_route
from .settings import Settings
from .timer import Timers
from .timer_table import TimerTable

DURABLE = "deadlines"
DOCKET_FLUSH_EVERY_S = 0.2
"""As the agents' worklists: what people read may be a blink old, and a transaction takes several facts of a request."""


async def wire(runtime: Runtime[Settings]) -> Wiring:
    """Intake's commits in, obligations out; timers, the docket, and the digests made of it beside."""
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
    progress = Progress(runtime.nats, runtime.log, DURABLE)
    timers = Timers(
        log=runtime.log,
        decisions=decisions,
        rules=rules,
        table=table,
        clock=runtime.clock,
        caught_up=progress.caught_up,
    )
    identity = identity_of_settings(runtime.settings, runtime.clock)
    projector = Projector(
        runtime.nats, runtime.pool, DocketProjection(runtime.town), flush_every_s=DOCKET_FLUSH_EVERY_S, is_vital=False
    )
    docket = Docket(runtime.pool, runtime.clock)
    digests = DigestSender(
        town=runtime.town,
        docket=docket,
        table=DigestTable(runtime.pool),
        clock=runtime.clock,
        at=runtime.settings.digest_at,
        address=relay_of(runtime.settings),
        caught_up=Informed(progress, runtime.log, docket),
    )
    http = make_api(runtime.log, docket, runtime.town, runtime.clock, identity)
    add_feed_route(http, Feed(docket, runtime.town, runtime.clock), FeedTokens(runtime.pool))
    applier = CalendarApplier(
        log=runtime.log, decisions=decisions, rules=rules, docket=docket, timers=table, clock=runtime.clock
    )
    add_application_route(http, applier)
    standings = Measurement("standings", Standings(runtime.pool, runtime.clock).take)
    return Wiring(components=[process, timers, projector, digests], http=http, measurements=[standings])

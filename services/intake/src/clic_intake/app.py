"""Intake's wiring."""

from __future__ import annotations

from clic_chassis.agents import read_agents
from clic_chassis.process import Process
from clic_chassis.relay import Relay, not_for_outside
from clic_chassis.service import Runtime, Wiring
from clic_contracts.subject import INBOX_PREFIX, INBOX_STREAM, LOG_PREFIX
from clic_contracts.vocabulary import Service

from .api import make_api
from .desk import Desk
from .eraser import InboxEraser
from .inbox import Inbox, inbox_key
from .register import Register
from .seal import MasterKey
from .settings import IntakeSettings

INBOX_DURABLE = "intake"
RELAY_DURABLE = "relay"


async def wire(runtime: Runtime[IntakeSettings]) -> Wiring:
    """Put intake together."""
    register = Register(runtime.pool, MasterKey.read(runtime.settings.master_key_file))
    await register.check_master_key()
    desk = Desk(runtime.decisions(Service.INTAKE), register, runtime.town, runtime.clock)
    inbox = Inbox(desk, runtime.nats, runtime.clock)
    relay = Relay(runtime.nats, runtime.log)
    return Wiring(
        components=[
            Process(
                runtime,
                durable=INBOX_DURABLE,
                stream=INBOX_STREAM,
                filters=[f"{INBOX_PREFIX}.>"],
                handle_delivery=inbox.handle,
                key=inbox_key,
                on_parked=inbox.parked,
            ),
            InboxEraser(runtime.nats, runtime.quarantine, INBOX_DURABLE),
            Process(
                runtime,
                durable=RELAY_DURABLE,
                filters=[f"{LOG_PREFIX}.*.*"],
                handle=relay.handle,
                skip=not_for_outside,
            ),
        ],
        http=make_api(
            desk, register, runtime.log, runtime.town, runtime.clock, read_agents(runtime.settings.agents_file)
        ),
    )

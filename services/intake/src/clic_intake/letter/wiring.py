"""Puts the letters together: writer, queue, sender, and what agents command."""

from __future__ import annotations

from functools import partial
from zoneinfo import ZoneInfo

from fastapi import FastAPI

from clic_chassis.decision import Decisions
from clic_chassis.identity import current
from clic_chassis.process import Process
from clic_chassis.service import Component, Runtime
from clic_chassis.settings import SettingsError
from clic_contracts.subject import LOG_PREFIX
from clic_contracts.vocabulary import RequestId
from clic_intake.api.letter import add_letter_routes
from clic_intake.api.story import Stories
from clic_intake.core.request import request_decider
from clic_intake.core.rule import Rules
from clic_intake.personal.tracking import Tracking
from clic_intake.register import Register
from clic_intake.settings import IntakeSettings

from .command import LetterCommands
from .composer import Composer
from .queue import LetterQueue
from .relay import RelayAddress, relay_address
from .sender import Sender
from .story import Opener
from .template import Templates
from .writer import DURABLE, Wakes, Writer, nothing_to_write


async def add_letters(
    http: FastAPI, runtime: Runtime[IntakeSettings], decisions: Decisions, register: Register
) -> list[Component]:
    """Make what writes and sends letters, and add the agents' routes.

    The first time, the queue is made from the log: until then nothing is written or sent.

    Raises:
        LetterFaultError: the town's templates cannot be used.
        SettingsError: the mail server's address is none.
        RetryableError: the log or the database is away.
    """
    town, clock = runtime.town, runtime.clock
    queue = LetterQueue(runtime.pool, town)
    await queue.make(runtime.log)
    opener = Opener(register, clock)
    composer = Composer(Templates(town), town, partial(_follow, Tracking(register), runtime.settings.public_url))
    requests = request_decider(Rules(ZoneInfo(town.calendar.timezone), town.deadlines.reopen_within_days))
    writer = Writer(
        event_log=runtime.log, decisions=decisions, queue=queue, composer=composer, opener=opener, clock=clock
    )
    sender = Sender(
        event_log=runtime.log,
        decisions=decisions,
        queue=queue,
        opener=opener,
        requests=requests,
        town=town,
        clock=clock,
        address=_relay(runtime.settings),
    )
    commands = LetterCommands(
        event_log=runtime.log,
        decisions=decisions,
        composer=composer,
        opener=opener,
        requests=requests,
        clock=clock,
    )
    add_letter_routes(http, commands, queue, Stories(runtime.log, town), town, current)
    return [
        Process(
            runtime,
            durable=DURABLE,
            filters=[f"{LOG_PREFIX}.*.*"],
            handle=writer.handle,
            skip=nothing_to_write,
        ),
        Wakes(queue, writer, runtime.log, clock),
        sender,
    ]


def _relay(settings: IntakeSettings) -> RelayAddress | None:
    if settings.smtp_url is None:
        return None
    password = settings.smtp_password.get_secret_value() if settings.smtp_password is not None else None
    if (settings.smtp_user is None) != (password is None):
        raise SettingsError("CLIC_SMTP_USER, CLIC_SMTP_PASSWORD: give both, or neither")
    return relay_address(settings.smtp_url, settings.smtp_tls, settings.smtp_user, password)


async def _follow(tracking: Tracking, public_url: str | None, request_id: RequestId, reference: str) -> str:
    """Where the citizen follows a request; "" where the town publishes no pages."""
    if public_url is None:
        return ""
    return f"{public_url.rstrip('/')}/suivi/{reference}/{await tracking.secret(request_id)}"

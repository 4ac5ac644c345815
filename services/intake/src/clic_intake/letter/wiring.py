"""Puts the letters together: writer, queue, sender, and what agents command."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from fastapi import FastAPI

from clic_chassis.decision import Decisions
from clic_chassis.identity import current
from clic_chassis.mail_relay import relay_of
from clic_chassis.process import Process
from clic_chassis.service import Component, Runtime
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
from .queue import LEASE_S, LetterQueue
from .sender import Sender
from .story import Opener
from .template import Templates
from .writer import DURABLE, Wakes, Writer


@dataclass(frozen=True, slots=True)
class Letters:
    """What writes letters, sends them, and does what agents command."""

    queue: LetterQueue
    writer: Writer
    wakes: Wakes
    sender: Sender
    commands: LetterCommands


def make_letters(
    runtime: Runtime[IntakeSettings], decisions: Decisions, register: Register, *, lease_s: float = LEASE_S
) -> Letters:
    """Make the parts. `lease_s` as `LetterQueue` takes it.

    Raises:
        LetterFaultError: the town's templates cannot be used.
        SettingsError: the mail server's address is none.
    """
    town, clock, event_log = runtime.town, runtime.clock, runtime.log
    queue = LetterQueue(runtime.pool, town, lease_s=lease_s)
    opener = Opener(register, clock)
    composer = Composer(Templates(town), town, partial(_follow, Tracking(register), runtime.settings.public_url))
    requests = request_decider(Rules.of(town))
    writer = Writer(
        event_log=event_log, decisions=decisions, queue=queue, composer=composer, opener=opener, clock=clock
    )
    sender = Sender(
        event_log=event_log,
        decisions=decisions,
        queue=queue,
        opener=opener,
        requests=requests,
        town=town,
        clock=clock,
        address=relay_of(runtime.settings),
    )
    commands = LetterCommands(
        event_log=event_log, decisions=decisions, composer=composer, opener=opener, requests=requests, clock=clock
    )
    return Letters(queue, writer, Wakes(queue, writer, event_log, clock), sender, commands)


async def add_letters(
    http: FastAPI, runtime: Runtime[IntakeSettings], decisions: Decisions, register: Register
) -> list[Component]:
    """Add the agents' routes, and give what runs.

    The first time, the queue is made from the log: until then nothing is written or sent.

    Raises:
        LetterFaultError, SettingsError: as `make_letters`.
        RetryableError: the log or the database is away.
    """
    letters = make_letters(runtime, decisions, register)
    await letters.queue.make(runtime.log)
    add_letter_routes(http, letters.commands, letters.queue, Stories(runtime.log, runtime.town), runtime.town, current)
    return [following(runtime, letters.writer), letters.wakes, letters.sender]


def following(runtime: Runtime[IntakeSettings], writer: Writer) -> Process:
    """The process by which a writer follows the log, every service's part of it."""
    return Process(runtime, durable=DURABLE, filters=[f"{LOG_PREFIX}.*.*"], handle=writer.handle, skip=writer.skips)


async def _follow(tracking: Tracking, public_url: str | None, request_id: RequestId, reference: str) -> str:
    """Where the citizen follows a request; "" where the town publishes no pages."""
    if public_url is None:
        return ""
    return f"{public_url.rstrip('/')}/suivi/{reference}/{await tracking.secret(request_id)}"

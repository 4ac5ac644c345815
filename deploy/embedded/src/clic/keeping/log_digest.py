"""A log's digest, and what a restore needs to know of it: which requests there are, and which were erased."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from nats.aio.client import Client
from nats.aio.msg import Msg

from clic_chassis.error import RetryableError
from clic_chassis.jetstream_log import decode
from clic_chassis.log_tail import open_tail
from clic_contracts.envelope import TYPES_HEADER
from clic_contracts.event import PersonalDataErased, RequestReceived
from clic_contracts.subject import LOG_STREAM

TAKE_MAX = 1_000
SILENCE_MAX_S = 15.0
TOLD_EVERY = 20_000
BATCH_PREFIX = "Nats-Batch-"
"""How a message came, in company; nothing of what it says."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What the log says of an erasure."""

    request_id: str
    ground: str
    actor: str
    at: dt.datetime


@dataclass(slots=True)
class Reading:
    """What was read of a log up to a position."""

    position: int = 0
    facts: int = 0
    bytes: int = 0
    received: dict[str, tuple[str, dt.datetime]] = field(default_factory=dict)
    """Reference and instant of reception by request."""
    stories: set[str] = field(default_factory=set)
    erased: list[Erased] = field(default_factory=list)
    sha256: str = ""


async def messages(nats: Client, *, until: int, stream: str = LOG_STREAM) -> AsyncIterator[tuple[int, Msg]]:
    """Every message of the log up to a position, in order, also past a moment in which the server stood still.

    Raises:
        GapError: one is missing.
        RetryableError: the server did not answer, or gives nothing more.
    """
    loop = asyncio.get_running_loop()
    last, heard_at = 0, loop.time()
    while last < until:
        async with open_tail(nats, after=last, stream=stream) as tail:
            while last < until:
                try:
                    taken = await tail.take(min(TAKE_MAX, until - last), 1.0)
                except RetryableError:
                    if loop.time() - heard_at > SILENCE_MAX_S:
                        raise
                    break  # A server that stood still is soon taken for lost; another consumer goes on from there.
                for sequence, message in taken:
                    yield sequence, message
                    last, heard_at = sequence, loop.time()
                if loop.time() - heard_at > SILENCE_MAX_S:
                    raise RetryableError(f"{stream} gave nothing after {last} of {until} for {SILENCE_MAX_S:.0f} s")


async def read_log(nats: Client, *, until: int, told: Callable[[int], None] = lambda _: None) -> Reading:
    """Read the log up to a position, digest every message of it, and note who was received and who was erased.

    A message counts by position, subject, headers and body, so that a log is the same wherever it stands and however
    it came there. `told` hears the position now and then.

    Raises:
        GapError, RetryableError: as `messages`.
        UnreadableError: a commit that receives or erases cannot be read by this version of CLIC.
    """
    reading, digest = Reading(), hashlib.sha256()
    async for sequence, message in messages(nats, until=until):
        headers = message.headers or {}
        said = sorted(each for each in headers.items() if not each[0].startswith(BATCH_PREFIX))
        head = json.dumps([sequence, message.subject, said, len(message.data)])
        digest.update(head.encode() + b"\n" + message.data)
        types = headers.get(TYPES_HEADER, "")
        reading.position = sequence
        reading.facts += types.count(",") + 1
        reading.bytes += len(message.data)
        reading.stories.add(message.subject.rpartition(".")[2])
        if not types or RequestReceived.TYPE in types or PersonalDataErased.TYPE in types:
            _note(reading, sequence, message)
        if sequence % TOLD_EVERY == 0:
            told(sequence)
    reading.sha256 = digest.hexdigest()
    return reading


def _note(reading: Reading, sequence: int, message: Msg) -> None:
    commit = decode(message.subject, sequence, message.data, message.headers)
    for each in commit.events:
        if isinstance(each.data, RequestReceived):
            reading.received[commit.request_id] = (each.data.reference, each.occurred_at)
        elif isinstance(each.data, PersonalDataErased):
            reading.erased.append(Erased(commit.request_id, each.data.ground, each.actor, each.occurred_at))

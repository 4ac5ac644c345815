"""A process of the chassis under test: what it handles, and how it is told to fail."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from typing import Any

from nats.errors import Error as NatsError
from tests.place import TOWN_DIR

from clic_chassis.delivery import Delivery
from clic_chassis.jetstream_log import JetStreamLog
from clic_chassis.process import Process
from clic_chassis.quarantine import Entry
from clic_chassis.scenario import recorded
from clic_chassis.service import Runtime
from clic_chassis.settings import Settings
from clic_chassis.testing import at_work, left_to_do, wait_until
from clic_contracts.envelope import Commit, derive_id
from clic_contracts.event import RequestNoted
from clic_contracts.subject import LOG_STREAM
from clic_contracts.vocabulary import Service

FILTER = "clic.log.intake.*"
DURABLE = "test"


def settings(url: str, **more: Any) -> Settings:
    """Of a service on that server."""
    return Settings(nats_url=url, town_dir=TOWN_DIR, **more)


@contextlib.asynccontextmanager
async def running(
    runtime: Runtime[Settings], handle: Callable[[Commit], Any], durable: str = DURABLE, **more: Any
) -> AsyncIterator[Process]:
    """A process at work on intake's part of the log; stopped gracefully at the end."""
    each = Process(runtime, durable=durable, filters=[FILTER], handle=handle, **more)
    async with at_work(each):
        yield each


async def note(log: JetStreamLog, request: int, cause: str, expected: int = 0) -> int:
    """Append a note to a request; gives its position."""
    return await log.append(
        Service.INTAKE, derive_id("test", str(request)), [recorded(RequestNoted(), cause_id=cause)], expected=expected
    )


async def notes(log: JetStreamLog, request: int, causes: str) -> None:
    """Append notes to a request that has none, one per letter."""
    position = 0
    for cause in causes:
        position = await note(log, request, cause, position)


class Handler:
    """Remembers what it did per request, and fails as it is told."""

    def __init__(self) -> None:
        self.done: defaultdict[str, list[str]] = defaultdict(list)
        self.failing: dict[str, Exception] = {}
        self.failures: defaultdict[str, int] = defaultdict(int)

    async def __call__(self, commit: Commit) -> None:
        """Do it, or fail as told."""
        cause = commit.events[0].cause_id
        if (error := self.failing.get(cause)) is not None:
            self.failures[cause] += 1
            raise error
        self.done[commit.request_id].append(cause)

    def of(self, request: int) -> str:
        """What was done of a request, in order."""
        return "".join(self.done[derive_id("test", str(request))])


async def all_acknowledged(runtime: Runtime[Settings], durable: str = DURABLE) -> None:
    """Wait until a consumer has nothing left."""

    async def idle() -> bool:
        try:
            return not await left_to_do(runtime.nats, LOG_STREAM, durable)
        except (NatsError, OSError):
            return False  # The process has not made it yet, or the server takes its time.

    await wait_until(idle, what="the consumer to have nothing left")


async def quarantined(runtime: Runtime[Settings], *states: str) -> list[Entry]:
    """What is in quarantine, in order of the stream; of these states where any are named."""
    found = [entry async for entry in runtime.quarantine.entries(service=runtime.name)]
    return sorted((e for e in found if not states or e.state in states), key=lambda entry: entry.sequence)


async def held(runtime: Runtime[Settings], number: int) -> list[Entry]:
    """Wait until so many messages are in quarantine."""

    async def enough() -> list[Entry]:
        found = await quarantined(runtime)
        return found if len(found) == number else []

    return await wait_until(enough, what=f"{number} in quarantine")


async def none_held(runtime: Runtime[Settings]) -> None:
    """Wait until nothing is in quarantine."""

    async def none() -> bool:
        return not await quarantined(runtime)

    await wait_until(none, what="nothing in quarantine")


async def note_next(runtime: Runtime[Settings], cause: str) -> None:
    """Append a note to request 1, whatever it has."""
    story = await runtime.log.load(Service.INTAKE, derive_id("test", "1"))
    await note(runtime.log, 1, cause, story.last_sequence)


def entries_told() -> tuple[list[tuple[int, str]], Callable[[Delivery, str], Any]]:
    """A list, and an `on_parked` that writes sequence and reason into it."""
    told: list[tuple[int, str]] = []

    async def on_parked(delivery: Delivery, reason: str) -> None:
        told.append((delivery.sequence, reason))

    return told, on_parked

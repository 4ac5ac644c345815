"""Reads the log for a what-if: on two cores its earlier half here, its later half in a process beside.

A request whose facts stand in both halves is summed up here: the other process hands over what it read of requests that
were received before its half. Nothing is written anywhere, and nothing of a body leaves the two processes.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
import signal
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from time import monotonic
from typing import Final

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from natsrpy import Nats

from clic.connection import Connection
from clic_chassis.collector import no_collections
from clic_chassis.error import ClicError, RetryableError
from clic_chassis.jetstream_log import JetStreamLog
from clic_deadlines.core.what_if import Question, Sums, WhatIf
from clic_reporting.reader import Raw, open_reader, read_raw
from clic_reporting.rebuild.wire import open_wire, read_wire

COMMITS_OF_TWO: Final = 60_000
"""A shorter log is read here alone: starting a process takes longer."""
CLOCKS_APART: Final = dt.timedelta(days=1)
"""How far a publisher's clock may go ahead of the log's. The log takes a fact once it happened."""
CONSUMER_LASTS_S: Final = 5.0

ToldPosition = Callable[[int, int], None]
"""Hears how many commits were read, of how many."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found, and of how much."""

    sums: Sums
    commits: int
    position: int
    """Of the log, up to which it was read."""
    seconds: float


class NotFoldedError(ClicError):
    """The log cannot be folded; the message says where and why."""


async def ask(nats: Connection, question: Question, told: ToldPosition, *, processes: int | None = None) -> Answer:
    """Fold the log from the first position that can matter to its end, as it is now.

    Raises:
        ClicError: the log did not answer, has a gap, or holds what cannot be read.
    """
    began = monotonic()
    client = await nats.connect("clic what-if")
    try:
        identity = await JetStreamLog(client).identity()
        last = identity.last_sequence
        before = await _before(client, identity.stream, _midnight(question) - CLOCKS_APART, last)
    finally:
        await client.close()
    if processes is None:
        processes = 2 if last - before >= COMMITS_OF_TWO and _cores() > 1 else 1
    middle = last if processes == 1 else before + (last - before) // 2
    here = _Part(nats, identity.stream, question, before, middle, is_first=True)
    with no_collections():
        if processes == 1:
            sums = (await here.fold(lambda done: told(done, last - before))).sums()
        else:
            there = _Part(nats, identity.stream, question, middle, last, is_first=False)
            with _beside(there) as answering:
                earlier = await here.fold(lambda done: told(2 * done, last - before))
                later, strays = await asyncio.to_thread(_heard, answering)
            for request_id, body in strays:
                earlier.take(0, request_id, body)
            sums = earlier.sums()
            sums.add(later)
    return Answer(sums, last - before, last, monotonic() - began)


@dataclass(frozen=True, slots=True)
class _Part:
    """A run of the log, after a position and to another."""

    nats: Connection
    stream: str
    question: Question
    after: int
    until: int
    is_first: bool

    async def fold(self, told: Callable[[int], None]) -> WhatIf:
        """Gather it."""
        what_if = WhatIf(self.question, from_start=self.is_first)
        async with open_reader(self.nats.nats_url, self.nats.credential) as reader:
            commits = await self._read(reader)
            async with contextlib.aclosing(commits) as batches:
                done = 0
                async for batch in batches:
                    for sequence, request_id, body in batch:
                        what_if.take(sequence, request_id, body)
                    done += len(batch)
                    told(done)
        return what_if

    async def _read(self, reader: Nats) -> AsyncGenerator[list[Raw], None]:
        """Over a plain connection where there can be one: it takes half the processor time."""
        wire = await asyncio.to_thread(open_wire, self.nats.nats_url, self.nats.credential)
        if wire is None:
            return read_raw(reader, self.stream, after=self.after, until=self.until)
        return read_wire(wire, reader, self.stream, after=self.after, until=self.until)


@contextmanager
def _beside(part: _Part) -> Iterator[Pipe]:
    """A part in a process of its own, which ends with the block."""
    context = get_context("spawn")
    answering, saying = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(saying, part), daemon=True)
    process.start()
    saying.close()
    try:
        yield answering
    finally:
        process.kill()
        process.join()
        answering.close()


_Found = tuple[Sums, list[tuple[str, bytes]]]


def _work(saying: Pipe, part: _Part) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever started us.
    try:
        with no_collections():
            what_if = asyncio.run(part.fold(lambda _: None))
            saying.send((what_if.sums(), what_if.strays()))
    except ClicError as error:
        saying.send(str(error))


def _heard(answering: Pipe) -> _Found:
    try:
        said: _Found | str = answering.recv()
    except EOFError as error:
        raise RetryableError("the process beside ended before it was done") from error
    if isinstance(said, str):
        raise NotFoldedError(said)
    return said


async def _before(client: Client, stream: str, at: dt.datetime, last: int) -> int:
    """The last position that the log took before an instant; 0: there is none.

    A consumer that begins there knows it. A fact is taken after it happened, so that nothing of later is before.
    """
    wanted = ConsumerConfig(
        deliver_policy=DeliverPolicy.BY_START_TIME,
        opt_start_time=at.astimezone(dt.UTC),
        ack_policy=AckPolicy.NONE,
        inactive_threshold=CONSUMER_LASTS_S,
        mem_storage=True,
        num_replicas=1,
    )
    try:
        info = await client.jetstream().add_consumer(stream, wanted)
    except (NatsError, OSError) as error:
        raise RetryableError(f"{stream} cannot be read now: {type(error).__name__}") from error
    begun = info.delivered.stream_seq if info.delivered is not None else 0
    return min(begun, last)


def _midnight(question: Question) -> dt.datetime:
    return dt.datetime.combine(question.first_on, dt.time(), dt.UTC)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

"""Loading a generated town into a stream: atomic batches, made in a process beside the one that sends them."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg

from clic_chassis.collector import no_collections
from clic_chassis.embedded import NatsServer, free_port
from clic_chassis.streams import ensure_streams
from clic_chassis.town_file import read_town
from clic_contracts.envelope import TYPES_HEADER
from clic_contracts.subject import LOG_STREAM

from .generate import generate

BATCH_COMMITS = 1_000
"""As many as an atomic batch takes (nats-server 2.15)."""
BATCHES_UNDER_WAY = 3
"""Sent and not acknowledged yet: the server commits them in this order, since one connection sends them."""
ACK_TIMEOUT_S = 60.0

Batch = list[tuple[str, str, bytes, int]]
"""Subject, types, body and number of facts of each commit."""


class LoadError(Exception):
    """The server did not store a batch."""


class Source:
    """The commits of a town, made by a process of their own and handed over in batches, from where the last ended."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._left: Batch = []
        self.commits = self.events = 0
        """Handed over so far."""

    def batch(self, events: int) -> Batch:
        """The next commits, until so many facts in all were handed over; [] then."""
        if self.events >= events:
            return []
        found, self._left = self._left or self._connection.recv(), []
        for index, each in enumerate(found, 1):
            self.commits += 1
            self.events += each[3]
            if self.events >= events:
                found, self._left = found[:index], found[index:]
                break
        return found

    def batches(self, events: int) -> Iterator[Batch]:
        """All of them until so many facts."""
        while found := self.batch(events):
            yield found


@contextmanager
def opened(town_dir: Path, seed: int, first_on: dt.date) -> Iterator[Source]:
    """A source at the beginning of a town; its process ends with the block."""
    context = get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_make, args=(sending, town_dir, seed, first_on), daemon=True)
    process.start()
    sending.close()
    try:
        yield Source(receiving)
    finally:
        process.kill()
        process.join()
        receiving.close()


def _make(sending: Connection, town_dir: Path, seed: int, first_on: dt.date) -> None:
    """The process: it waits when nobody takes what it made, and is killed at the end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever started us.
    with no_collections():
        commits = generate(read_town(town_dir), seed=seed, first_on=first_on)
        while batch := [(c.subject, c.types, c.body.encode(), c.events) for c in islice(commits, BATCH_COMMITS)]:
            sending.send(batch)


async def load(
    client: Client, source: Source, events: int, *, stream: str = LOG_STREAM, told: Callable[[int], None] | None = None
) -> None:
    """Append commits until the stream holds so many facts in all. `told` hears how many there are.

    Raises:
        LoadError: the server refused a batch, or did not acknowledge it in time.
    """
    inbox = client.new_inbox()
    acknowledged: dict[str, asyncio.Future[Msg]] = {}

    async def hear(message: Msg) -> None:
        acknowledged.pop(message.subject).set_result(message)

    listening = await client.subscribe(f"{inbox}.*", cb=hear)
    under_way: list[tuple[asyncio.Future[Msg], int, int]] = []
    number = source.commits
    while batch := await asyncio.to_thread(source.batch, events):
        reply = f"{inbox}.{number}"
        future = acknowledged[reply] = asyncio.get_running_loop().create_future()
        await _send(client, batch, f"town-{number}", reply, stream)
        number += len(batch)
        under_way.append((future, len(batch), source.events))
        if len(under_way) == BATCHES_UNDER_WAY:
            await _stored(under_way.pop(0), told)
    for each in under_way:
        await _stored(each, told)
    await listening.unsubscribe()


async def _send(client: Client, batch: Batch, batch_id: str, reply: str, stream: str) -> None:
    last = len(batch)
    for index, (subject, types, body, _) in enumerate(batch, 1):
        # Expected sequences are left out: nobody else writes. Without them a commit is 40 bytes smaller than the
        # services', with the batch's headers as large again.
        headers = {TYPES_HEADER: types, "Nats-Batch-Id": batch_id, "Nats-Batch-Sequence": str(index)}
        if index == last:
            headers |= {"Nats-Batch-Commit": "1", "Nats-Expected-Stream": stream}
        await client.publish(subject, body, reply=reply if index == last else "", headers=headers)
    await client.flush()


async def _stored(under_way: tuple[asyncio.Future[Msg], int, int], told: Callable[[int], None] | None) -> None:
    future, commits, events = under_way
    answer = json.loads((await asyncio.wait_for(future, ACK_TIMEOUT_S)).data)
    if answer.get("count") != commits:
        raise LoadError(f"a batch of {commits} commits was not stored: {answer}")
    if told is not None:
        told(events)


class LoadingServer(NatsServer):
    """A NATS server that syncs its files every two minutes instead of with each write: three times as fast to fill."""

    def config(self) -> str:
        """Raises ValueError: the server's own configuration no longer has the line."""
        whole = super().config()
        if "sync_interval: always" not in whole:
            raise ValueError("the embedded server's configuration no longer says `sync_interval: always`")
        return whole.replace("sync_interval: always", "sync_interval: 2m")


def loading_server(folder: Path) -> LoadingServer:
    """A started server for loading; another one may open the folder after `stop`."""
    server = LoadingServer(folder, "clic", free_port(), free_port())
    server.start()
    return server


@contextmanager
def _started(folder: Path) -> Iterator[LoadingServer]:
    server = loading_server(folder)
    try:
        yield server
    finally:
        server.stop()


async def fill(
    folder: Path, town_dir: Path, events: int, seed: int, first_on: dt.date, told: Callable[[int], None]
) -> int:
    """Make a NATS folder that holds a town's log; gives its commits.

    Raises:
        LoadError: the log there is not empty, or the server refused.
    """
    with _started(folder) as server, opened(town_dir, seed, first_on) as source:
        client = await nats.connect(server.url)
        try:
            await ensure_streams(client)
            if (await client.jetstream().stream_info(LOG_STREAM)).state.messages:
                raise LoadError(f"{folder} holds a log already; name an empty folder")
            await load(client, source, events, told=told)
            return source.commits
        finally:
            await client.close()

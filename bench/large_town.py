"""Servers that hold a generated town: its log in NATS, which grows by steps, and PostgreSQL for what is made of it."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import asyncpg
import nats
from nats.aio.client import Client
from tests.place import TOWN_DIR

from clic_chassis.embedded import NatsServer, PostgresServer, start_nats, start_postgres
from clic_chassis.streams import ensure_streams
from clic_chassis.testing import open_folder
from clic_chassis.town_file import read_town
from clic_contracts.subject import LOG_STREAM
from clic_contracts.town import Town

from .generated_town.load import Source, load, loading_server, opened

S = TypeVar("S", NatsServer, PostgresServer)
SEED = 1
EVENTS_A_DAY = 3_225
"""Facts that the generated town's log takes on a mean day: the last one shall be some days old, whatever the size."""
BEGINNING_DAYS = 20
"""The first days have fewer; the live measure adds a week; nothing may be recorded in the future."""
BYTES_AN_EVENT = 1_600
"""Of disk, at the worst: the log 240 bytes, the tables 350 three times (old, live, new), the write-ahead log."""


class NoRoomError(Exception):
    """The disk is too full for a town of this size."""


@dataclass
class LargeTown:
    """A town whose log has `source.events` facts."""

    folder: Path
    first_on: dt.date
    source: Source
    town: Town
    nats: NatsServer
    postgres: PostgresServer

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        """A connection to NATS."""
        client = await nats.connect(self.nats.url)
        try:
            yield client
        finally:
            await client.close()

    @property
    def pids(self) -> dict[str, int]:
        """The servers' processes."""
        return {"nats": self.nats.pid, "postgres": self.postgres.pid}

    async def grow(self, events: int) -> None:
        """Load the log until it has so many facts: without syncing each write, which is on again at the end."""
        self.nats.stop()
        loading = loading_server(self.folder / "nats")
        try:
            client = await nats.connect(loading.url)
            await ensure_streams(client)
            await load(client, self.source, events)
            await client.close()
        finally:
            loading.stop()
        self.nats = start_nats(self.folder / "nats")

    async def database(self, name: str) -> str:
        """The URL of a database of this name, made anew and empty."""
        connection = await asyncpg.connect(self.postgres.url)
        try:
            await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            await connection.execute(f"CREATE DATABASE {name}")
        finally:
            await connection.close()
        return self.postgres.url_of(name)

    async def commits(self) -> int:
        """Messages in the log."""
        async with self.client() as client:
            return (await client.jetstream().stream_info(LOG_STREAM)).state.messages


@contextmanager
def open_large_town(events: int) -> Iterator[LargeTown]:
    """A town that will have so many facts, none of them loaded yet, in a folder of its own that is removed at the end.

    Raises:
        NoRoomError: the temporary folder's disk is too full; TMPDIR names another one.
    """
    first_on = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=BEGINNING_DAYS + events // EVENTS_A_DAY)
    with open_folder() as folder:
        free, needed = shutil.disk_usage(folder).free, events * BYTES_AN_EVENT
        if free < needed:
            raise NoRoomError(
                f"{events:,} facts need up to {needed / 1e9:.0f} GB in {folder.parent}, which has {free / 1e9:.0f}: "
                "name a roomier folder with TMPDIR, or a smaller town with BENCH_EVENTS"
            )
        with (
            opened(TOWN_DIR, SEED, first_on) as source,
            _stopped(start_nats(folder / "nats")) as log_server,
            _stopped(start_postgres(folder / "postgres")) as postgres,
        ):
            town = LargeTown(folder, first_on, source, read_town(TOWN_DIR), log_server, postgres)
            try:
                yield town
            finally:
                town.nats.stop()


@contextmanager
def _stopped(server: S) -> Iterator[S]:
    try:
        yield server
    finally:
        server.stop()

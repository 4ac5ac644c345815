"""A shard of a rebuild: the commits of its share of the requests, decoded, folded and written by COPY.

A rebuild of a long log runs one per core, each in a process of its own (`python -m clic_reporting.shard`) that hears
its work on standard input and answers on standard output; a short log is folded by one in the rebuild's own process.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import sys
import threading
from collections.abc import Sequence
from time import perf_counter, sleep
from typing import Any, BinaryIO, Final

import asyncpg
import msgspec
from msgspec import Struct

from clic_chassis.collector import no_collections
from clic_chassis.error import UnreadableError
from clic_chassis.nats_credential import CredentialError
from clic_chassis.postgres_credential import connect
from clic_chassis.projector import CannotFoldError

from .core.column import ACCESS, ESCALATION, INTERACTION, LEARNING, PARTS
from .core.narrow import decode_narrow
from .core.obligation import UnfoldableError
from .core.row import RequestRows
from .store import ROWS_OF, Store

KEPT_MAX = 30_000
"""Requests in memory at most, about 4 KB each: those of some weeks of a busy town, whose facts are still to come."""
KEPT_AFTER_EVICTION = 15_000
ROWS_MAX = 20_000
"""Rows of the timeline that wait to be written."""
PARENT_LOOK_S = 1.0
"""How soon a worker notices that the process that started it is no more."""


class Open(Struct, tag=True):
    """To a worker, first: where it writes."""

    postgres_url: str
    schema: str


class Batch(Struct, tag=True):
    """To a worker: commits in the log's order, see `clic_reporting.reader.Raw`. Their bodies are not copied there."""

    commits: Sequence[tuple[int, str, bytes | memoryview]]


class _Heard(Struct, tag="Batch"):
    commits: list[tuple[int, str, memoryview]]


class End(Struct, tag=True):
    """To a worker, last: nothing more comes."""


class Folded(Struct, tag=True):
    """From a worker: a batch is folded."""

    events: int


class Failed(Struct, tag=True):
    """From a worker, its last word: at which position it cannot go on, or why it cannot write."""

    why: str
    sequence: int | None = None


class Summary(Struct, tag=True):
    """From a worker, its last word: everything is written."""

    commits: int = 0
    events: int = 0
    requests: int = 0
    loaded: int = 0
    """Requests that were let go of too early and had to be loaded again."""
    last_sequence: int = 0
    town: str | None = None
    """Of the fact at `last_sequence`."""
    rule_versions: dict[str, int] = {}
    days: dict[dt.date, int] = {}
    seconds: dict[str, float] = {}
    """Part of the work → how long it took."""


ToWorker = Open | _Heard | End
FromWorker = Folded | Failed | Summary
_IN: Final = msgspec.msgpack.Decoder(ToWorker)
_OUT: Final = msgspec.msgpack.Decoder(FromWorker)
_ENCODER: Final = msgspec.msgpack.Encoder()
HEADER_BYTES: Final = 4
"""Of the length that stands before each message."""


def frame(message: Any) -> bytes:
    """A message as it goes through a pipe."""
    body = _ENCODER.encode(message)
    return len(body).to_bytes(HEADER_BYTES, "big") + body


def answer(body: bytes) -> FromWorker:
    """What a worker said."""
    said: FromWorker = _OUT.decode(body)
    return said


class Shard:
    """Folds commits into new tables, keeps requests in memory until they were not touched for a while."""

    def __init__(self, connection: asyncpg.Connection, schema: str) -> None:
        self._connection = connection
        self._store = Store(schema)
        self._interactions: list[Any] = []
        self._learnings: list[Any] = []
        self._escalations: list[Any] = []
        self._access: list[Any] = []
        self._events: list[Any] = []
        self.summary = Summary()
        self._seconds = {"decode": 0.0, "fold": 0.0, "write": 0.0}

    async def fold(self, commits: Sequence[tuple[int, str, bytes | memoryview]]) -> int:
        """Fold commits in the log's order; gives how many facts they held.

        Raises:
            CannotFoldError: one of them cannot be read or cannot be true.
        """
        began = perf_counter()
        decoded, sequence = [], 0
        failed: CannotFoldError | None = None
        try:
            for sequence, request_id, body in commits:
                decoded.append(decode_narrow(request_id, sequence, body))
        except UnreadableError as error:
            failed = CannotFoldError(sequence, str(error))  # What stands before it may not be true either.
        read = perf_counter()
        try:
            changes = await self._store.fold(self._connection, decoded)
        except UnfoldableError as error:
            raise CannotFoldError(error.sequence, str(error)) from error
        if failed is not None:
            raise failed
        self._interactions += changes.interactions
        self._learnings += changes.learnings
        self._escalations += changes.escalations
        self._access += changes.access
        self._events += changes.events
        self._tell(decoded, changes)
        folded = perf_counter()
        if len(self._events) > ROWS_MAX:
            await self._write_added()
        if self._store.kept > KEPT_MAX:
            await self._write(self._store.evict(KEPT_AFTER_EVICTION))
        for part, seconds in {"decode": read - began, "fold": folded - read, "write": perf_counter() - folded}.items():
            self._seconds[part] += seconds
        return len(changes.events)

    def _tell(self, decoded: list[Any], changes: Any) -> None:
        summary = self.summary
        summary.commits += len(decoded)
        summary.events += len(changes.events)
        summary.last_sequence, summary.town = decoded[-1].sequence, decoded[-1].events[-1].town
        for version, first in changes.rule_versions.items():
            summary.rule_versions.setdefault(version, first)
        for day, first in changes.days.items():
            summary.days.setdefault(day, first)

    async def finish(self) -> Summary:
        """Write everything that is still in memory."""
        began = perf_counter()
        await self._write_added()
        await self._write(self._store.evict(0))
        self._seconds["write"] += perf_counter() - began
        self.summary.loaded = self._store.loaded
        self.summary.seconds = self._seconds
        return self.summary

    async def _write_added(self) -> None:
        await self._store.copy(self._connection, INTERACTION, self._interactions)
        await self._store.copy(self._connection, LEARNING, self._learnings)
        await self._store.copy(self._connection, ESCALATION, self._escalations)
        await self._store.copy(self._connection, ACCESS, self._access)
        await self._store.copy_events(self._connection, self._events)
        for rows in (self._interactions, self._learnings, self._escalations, self._access, self._events):
            rows.clear()

    async def _write(self, requests: list[RequestRows]) -> None:
        """Write requests whole: by COPY where the tables have none of their rows, over them where they have."""
        fresh = [each for each in requests if not each.stored]
        for table in PARTS:
            await self._store.copy(self._connection, table, ROWS_OF[table.name](fresh))
        await self._store.upsert(self._connection, [each for each in requests if each.stored])
        self.summary.requests += len(fresh)


async def open_connection(postgres_url: str) -> asyncpg.Connection:
    """A connection that fills: its commits need not be on disk, the swap's commit waits for all before it."""
    connection = await connect(postgres_url, command_timeout=None)
    await connection.execute("SET synchronous_commit = off")
    return connection


async def work(said: BinaryIO, answers: BinaryIO) -> None:
    """A worker's life: open, batches, end. The end of its input, or of who started it, ends it as well."""
    opened = _heard(said)
    if not isinstance(opened, Open):
        return
    connection = await open_connection(opened.postgres_url)
    shard = Shard(connection, opened.schema)
    while True:
        match _heard(said):
            case _Heard(commits):
                _say(answers, Folded(await shard.fold(commits)))
            case End():
                _say(answers, await shard.finish())
                await connection.close()
                return
            case _:
                return


def _heard(said: BinaryIO) -> ToWorker | None:
    header = said.read(HEADER_BYTES)
    if len(header) < HEADER_BYTES:
        return None
    size = int.from_bytes(header, "big")
    body = said.read(size)
    return _IN.decode(body) if len(body) == size else None


def _say(answers: BinaryIO, message: FromWorker) -> None:
    answers.write(frame(message))
    answers.flush()


def _end_with(parent: int) -> None:
    """End this process as soon as the one that started it is no more, whatever it is waiting for."""
    while os.getppid() == parent:
        sleep(PARENT_LOOK_S)
    os._exit(1)


def main() -> None:
    """Work for the rebuild that started this process."""
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    said, answers = sys.stdin.buffer, sys.stdout.buffer
    try:
        with no_collections():
            asyncio.run(work(said, answers))
    except CannotFoldError as error:
        _say(answers, Failed(error.why, error.sequence))
    except CredentialError as error:
        _say(answers, Failed(str(error)))
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        _say(answers, Failed(f"PostgreSQL: {type(error).__name__}: {error}"))


if __name__ == "__main__":
    main()

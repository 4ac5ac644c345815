"""The rebuild: the same rows again from nothing, beside the live ones, then in their place.

It reads with natsrpy (decision 0007: twice as fast as nats-py's best way), folds with the live fold, keeps requests in
memory until they were not touched for a while, and then writes each once by COPY. Readers see the old tables until one
transaction renames the schemas, and no error at any time.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

import asyncpg
import structlog
from nats.aio.client import Client
from natsrpy import Nats

from clic_chassis.collector import no_collections
from clic_chassis.error import ClicError, RetryableError
from clic_chassis.jetstream_log import JetStreamLog
from clic_chassis.log import LogIdentity
from clic_chassis.projector import CannotFoldError
from clic_contracts.subject import LOG_STREAM

from .core.column import EVENT, INTERACTION, LEARNING, PARTS
from .core.effect import UnfoldableError
from .core.fact import NarrowCommit
from .projection import NAME, SWAP, create_tables
from .reader import FETCH_COMMITS, open_reader, read_commits
from .store import DEFINITION, LIVE_SCHEMA, ROWS_OF, Store, keys_sql

log = structlog.get_logger()

KEPT_MAX = 30_000
"""Requests in memory at most, about 3 KB each."""
KEPT_AFTER_EVICTION = 15_000
CATCH_UP_ROUNDS_MAX = 20
"""Rounds of catching up with a log that goes on; each is far shorter than the one before."""
LOCK_TIMEOUT_S = 5.0
DROP_TRIES_MAX = 12
"""Tries to drop the old tables, `LOCK_TIMEOUT_S` each, while somebody's long query still reads them."""


class RebuildError(ClicError):
    """The rebuild was given up; the live tables are as they were."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a rebuild is."""

    commits: int
    events: int
    last_sequence: int
    seconds: float

    @property
    def events_per_s(self) -> float:
        """Events per second so far."""
        return self.events / self.seconds if self.seconds else 0.0


Told = Callable[[Progress], None]


class _Build:
    """The tables under construction: what was folded and is still to be written, and what was counted."""

    def __init__(self, connection: asyncpg.Connection, schema: str) -> None:
        self.connection = connection
        self.schema = schema
        self._store = Store(schema)
        self.position = 0
        self.events = 0
        self.town: str | None = None

    async def fold(self, commits: list[NarrowCommit]) -> None:
        """Fold commits; write what was not needed for longest."""
        try:
            changes = await self._store.fold(self.connection, commits)
        except UnfoldableError as error:
            raise CannotFoldError(error.sequence, str(error)) from error
        self.position = commits[-1].sequence
        self.town = commits[-1].events[-1].town
        self.events += len(changes.events)
        await self._store.copy(self.connection, INTERACTION, changes.interactions)
        await self._store.copy(self.connection, LEARNING, changes.learnings)
        await self._store.copy(self.connection, EVENT, changes.events)
        await self._store.begin(self.connection, changes)
        if self._store.kept > KEPT_MAX:
            await self._flush(KEPT_AFTER_EVICTION)

    async def _flush(self, down_to: int) -> None:
        evicted = self._store.evict(down_to)
        fresh = [each for each in evicted if not each.stored]
        for table in PARTS:
            await self._store.copy(self.connection, table, ROWS_OF[table.name](fresh))
        await self._store.upsert(self.connection, [each for each in evicted if each.stored])

    async def finish(self) -> None:
        """Write everything that is still in memory."""
        await self._flush(0)


async def rebuild(
    *,
    nats: Client,
    nats_url: str,
    postgres_url: str,
    nats_user: str | None = None,
    nats_password: str | None = None,
    stream: str = LOG_STREAM,
    told: Told = lambda _: None,
) -> Progress:
    """Make the tables of reporting again from the log, and put them in the place of the live ones.

    The reporting service may run meanwhile: it goes on from the new tables' checkpoint. `told` hears of the progress
    about every batch.

    Raises:
        CannotFoldError: a commit cannot be read or folded; it says which. The live tables are as they were.
        RebuildError: another rebuild is under way, or the check of the new tables failed.
        GapError: a message of the log is missing.
        RetryableError: NATS or PostgreSQL did not answer.
    """
    try:
        with no_collections():
            return await _rebuild(_Source(nats, nats_url, nats_user, nats_password, stream), postgres_url, told)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        why = f"{type(error).__name__}: {error}"
        raise RetryableError(
            f"the rebuild was given up, the live tables are as they were; PostgreSQL: {why}"
        ) from error


@dataclass(frozen=True, slots=True)
class _Source:
    """The log: by a client, and as whom a faster one reads it."""

    nats: Client
    url: str
    user: str | None
    password: str | None
    stream: str


async def _rebuild(source: _Source, postgres_url: str, told: Told) -> Progress:
    began = monotonic()
    connection = await asyncpg.connect(postgres_url, command_timeout=None)
    try:
        if not await connection.fetchval("SELECT pg_try_advisory_lock(hashtext('clic rebuild'))"):
            raise RebuildError("another rebuild is under way on this database")
        schema = f"{LIVE_SCHEMA}_build"
        await connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
        async with connection.transaction():
            await create_tables(connection, schema)
        await connection.execute("SET synchronous_commit = off")  # The swap's commit waits for all before it.
        build = _Build(connection, schema)
        try:
            event_log = JetStreamLog(source.nats, stream=source.stream)
            identity = await event_log.identity()
            async with open_reader(source.url, source.user, source.password) as reader:
                done = await _fill(reader, event_log, build, identity, told, began)
            await _check(connection, build)
            await _swap(connection, build, identity)
        except BaseException:
            await _drop_build(connection, schema)
            raise
        await _drop_old(connection)
        return done
    finally:
        await connection.close(timeout=5)


async def _drop_build(connection: asyncpg.Connection, schema: str) -> None:
    """Drop the new tables of a rebuild that was given up; without a connection the next rebuild does."""
    try:
        await connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        log.warning("build_tables_kept", schema=schema, error=type(error).__name__, why="the next rebuild drops them")


async def _fill(
    reader: Nats, event_log: JetStreamLog, build: _Build, identity: LogIdentity, told: Told, began: float
) -> Progress:
    """Fold the whole log, then what came meanwhile, until nothing more came."""
    last = identity.last_sequence
    for _ in range(CATCH_UP_ROUNDS_MAX):
        async with contextlib.aclosing(
            read_commits(reader, identity.stream, after=build.position, until=last)
        ) as batches:
            async for commits in batches:
                await build.fold(commits)
                told(Progress(build.position, build.events, last, monotonic() - began))
        now = await event_log.identity()
        if now.created_at != identity.created_at:
            raise RebuildError("the log was replaced during the rebuild")
        if now.last_sequence - last < FETCH_COMMITS:
            break  # The service folds the rest from the new checkpoint.
        last = now.last_sequence
    await build.finish()
    await build.connection.execute(keys_sql(build.schema))
    return Progress(build.position, build.events, last, monotonic() - began)


async def _check(connection: asyncpg.Connection, build: _Build) -> None:
    """The new tables hold together: every row hangs on a request, every request has its first contact."""
    wrong = await connection.fetchrow(
        """
        SELECT (SELECT count(*) FROM {s}.fact_treatment t LEFT JOIN {s}.fact_request r USING (request_key)
                WHERE r.request_key IS NULL) AS treatments_of_nothing,
               (SELECT count(*) FROM {s}.fact_obligation o LEFT JOIN {s}.fact_request r USING (request_key)
                WHERE r.request_key IS NULL) AS obligations_of_nothing,
               (SELECT count(*) FROM {s}.fact_request)
             - (SELECT count(*) FROM {s}.fact_interaction WHERE first_contact) AS requests_without_contact,
               (SELECT count(*) FROM {s}.fact_request WHERE status IN ('open', 'reopened'))
             - (SELECT count(*) FROM {s}.fact_request)
             + (SELECT count(*) FILTER (WHERE reopened_at IS NULL) FROM {s}.fact_treatment) AS pending_off_balance
        """.replace("{s}", build.schema)
    )
    if wrong is None or any(wrong.values()):
        raise RebuildError(f"the new tables do not hold together: {dict(wrong or {})}. The live ones are as they were.")


async def _swap(connection: asyncpg.Connection, build: _Build, identity: LogIdentity) -> None:
    """Put the new tables in the place of the live ones, in one transaction."""
    old = f"{LIVE_SCHEMA}_old"
    await connection.execute(f"DROP SCHEMA IF EXISTS {old} CASCADE")
    await connection.execute("SET synchronous_commit = on")
    live = await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", f"{LIVE_SCHEMA}.checkpoint")
    before = await connection.fetchval(
        f"SELECT generation FROM {LIVE_SCHEMA}.checkpoint WHERE projection = $1", NAME  # noqa: S608 - our name
    ) if live else None  # fmt: skip
    # Before the swap and not in it: a report whose snapshot is taken during the swap must see this row.
    await connection.execute(
        f"INSERT INTO {build.schema}.checkpoint "  # noqa: S608 - our name
        "(projection, sequence, stream, stream_created_at, definition, generation, town) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7)",
        NAME,
        build.position,
        identity.stream,
        identity.created_at,
        DEFINITION,
        (before or 1) + 1,  # The service begins at 1, perhaps at this moment.
        build.town,
    )
    async with connection.transaction():
        await connection.execute(SWAP["swappers_lock"], LIVE_SCHEMA)
        if await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", f"{LIVE_SCHEMA}.checkpoint"):
            # The service's transaction begins at its checkpoint: one that is under way ends before the swap, and the
            # next one finds the new checkpoint. Without this its checkpoint could be an old table's and its rows new.
            await connection.execute(SWAP["hold_checkpoint"].replace("{schema}", LIVE_SCHEMA))
        if await connection.fetchval("SELECT to_regnamespace($1) IS NOT NULL", LIVE_SCHEMA):
            await connection.execute(f"ALTER SCHEMA {LIVE_SCHEMA} RENAME TO {old}")
        await connection.execute(f"ALTER SCHEMA {build.schema} RENAME TO {LIVE_SCHEMA}")


async def _drop_old(connection: asyncpg.Connection) -> None:
    """Drop the old tables once nobody reads them; a reader with a long query is waited for, with a bound."""
    await connection.execute(f"SET lock_timeout = {int(LOCK_TIMEOUT_S * 1000)}")
    for _ in range(DROP_TRIES_MAX):
        try:
            await connection.execute(f"DROP SCHEMA IF EXISTS {LIVE_SCHEMA}_old CASCADE")
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            continue
        return
    log.warning("old_tables_kept", schema=f"{LIVE_SCHEMA}_old", why="still read; the next rebuild drops them")

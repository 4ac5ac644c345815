"""A rebuild from its beginning to its end: fill, keys, sums, proofs, catching up, swap.

Readers see the old tables until one transaction renames the schemas, and no error at any time. Given up at any point,
by whatever, the live tables are as they were; the next rebuild, or the service, drops what was left.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from time import monotonic
from typing import Any, Final

import asyncpg
import structlog
from nats.aio.client import Client
from natsrpy import Nats

from clic_chassis.collector import no_collections
from clic_chassis.error import ClicError, RetryableError
from clic_chassis.jetstream_log import JetStreamLog
from clic_chassis.log import LogIdentity
from clic_chassis.nats_credential import ANONYMOUS, NatsCredential
from clic_chassis.postgres_credential import connect
from clic_contracts.subject import LOG_STREAM
from clic_contracts.town import Town
from clic_reporting import model, sums
from clic_reporting.core.column import LOG_DAY, RULE_VERSION
from clic_reporting.dimension import COLUMNS
from clic_reporting.projection import create_tables
from clic_reporting.reader import FETCH_COMMITS, Raw, open_reader, read_raw
from clic_reporting.shard import Summary, open_connection
from clic_reporting.store import DEFINITION, LIVE_SCHEMA, keys_sql

from .catch_up import CatchUp
from .check import check_counts, differences
from .progress import Progress, RebuildError, Told
from .swap import BUILD_SCHEMA, drop_schema, live_checkpoint, lock_rebuilds, swap_in, write_checkpoint
from .wire import Wire, open_wire, read_wire
from .worker import open_hands, workers_for

log = structlog.get_logger()

CATCH_UP_COMMITS_MAX: Final = 100_000
"""Further behind the log's end than this, the live tables are not compared: catching up from there would take long."""
CATCH_UP_ROUNDS_MAX: Final = 20
"""Rounds of catching up with a log that goes on; each is far shorter than the one before."""
MAINTENANCE: Final = "SET maintenance_work_mem = '256MB'; SET work_mem = '64MB'; SET synchronous_commit = off"
END_TIMEOUT_S: Final = 10.0


async def rebuild(
    *,
    nats: Client,
    nats_url: str,
    postgres_url: str,
    credential: NatsCredential = ANONYMOUS,
    stream: str = LOG_STREAM,
    told: Told = lambda _: None,
    town: Town | None = None,
    workers: int | None = None,
    accept_differences: bool = False,
) -> Progress:
    """Make the tables of reporting again from the log, and put them in the place of the live ones.

    The reporting service may run meanwhile: it goes on from the new tables' checkpoint. `told` hears of the progress
    about every batch. Without a `town` the dimensions are the live ones'. `workers` are processes that fold; None: as
    many as the log is worth. The replaced tables are kept as schema `reporting_old` until the next rebuild.

    Raises:
        CannotFoldError: a commit cannot be read or folded; it says which. The live tables are as they were.
        RebuildError: another rebuild is under way, or the new tables did not prove right: rows that hang on nothing,
            or, unless `accept_differences`, rows that differ from the live ones at the same position.
        GapError: a message of the log is missing.
        RetryableError: NATS or PostgreSQL did not answer.
    """
    try:
        with no_collections():
            async with (
                _connections(postgres_url) as (control, writer),
                open_reader(nats_url, credential) as reader,
            ):
                wire = await asyncio.to_thread(open_wire, nats_url, credential)
                run = _Run(control, writer, reader, wire, JetStreamLog(nats, stream=stream), told)
                try:
                    return await run.run(postgres_url, town, workers, accept_differences=accept_differences)
                finally:
                    if wire is not None:
                        wire.close()
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        why = f"{type(error).__name__}: {error}"
        raise RetryableError(
            f"the rebuild was given up, the live tables are as they were; PostgreSQL: {why}"
        ) from error


@contextlib.asynccontextmanager
async def _connections(postgres_url: str) -> AsyncIterator[tuple[asyncpg.Connection, asyncpg.Connection]]:
    """Two: what can be done side by side is; the first holds the rebuilds' lock until all is over."""
    control = await connect(postgres_url, command_timeout=None)
    try:
        await lock_rebuilds(control)
        writer = await open_connection(postgres_url)
        try:
            await control.execute(MAINTENANCE)
            await writer.execute(MAINTENANCE)
            yield control, writer
        finally:
            await writer.close(timeout=END_TIMEOUT_S)
    finally:
        await control.close(timeout=END_TIMEOUT_S)


class _Run:
    """One rebuild."""

    def __init__(
        self,
        control: asyncpg.Connection,
        writer: asyncpg.Connection,
        reader: Nats,
        wire: Wire | None,
        event_log: JetStreamLog,
        told: Told,
    ) -> None:
        self._control, self._writer, self._log, self._tell = control, writer, event_log, told
        self._reader, self._wire = reader, wire
        self._began = monotonic()
        self._parts: dict[str, float] = {}
        self._verified: tuple[str, ...] = ()
        self._last = self._position = self._events = 0

    async def run(
        self, postgres_url: str, town: Town | None, workers: int | None, *, accept_differences: bool
    ) -> Progress:
        """See `rebuild`."""
        identity = await self._log.identity()
        await drop_schema(self._control, BUILD_SCHEMA)
        await self._prepare(town)
        try:
            comparable = await self._comparable(identity)
            self._last = identity.last_sequence if comparable is None else comparable
            summaries = await self._fill(postgres_url, identity, workers)
            await self._complete(identity, summaries)
            with self._timed("verify"):
                self._say("verifying")
                self._verified = (*self._verified, *await check_counts(self._control, BUILD_SCHEMA, summaries))
            catching = CatchUp(self._writer, self._reader, identity, self._position)
            if comparable is not None:
                await self._compare(catching, postgres_url, accept_differences=accept_differences)
            await self._catch_up(catching, identity)
            self._say("swapping")
            with self._timed("swap"):
                await self._control.execute("SET synchronous_commit = on")  # And so for everything before it.
                await swap_in(self._control, identity, self._until_live(catching))
        except BaseException:
            await self._abandon()
            raise
        self._position, self._events = catching.position, self._events + catching.events
        return self._say("done")

    @contextlib.contextmanager
    def _timed(self, part: str) -> Any:
        began = monotonic()
        try:
            yield
        finally:
            self._parts[part] = self._parts.get(part, 0.0) + monotonic() - began

    def _say(self, doing: str) -> Progress:
        progress = Progress(
            self._position,
            self._events,
            max(self._last, self._position),
            monotonic() - self._began,
            doing,
            dict(self._parts),
            self._verified,
        )
        self._tell(progress)
        return progress

    async def _prepare(self, town: Town | None) -> None:
        """Tables, views and dimensions; nothing is in the facts yet, so that no delay is counted here."""
        async with self._control.transaction():
            await create_tables(self._control, BUILD_SCHEMA)
            if town is None:
                await _copy_dimensions(self._control)
            await model.create_views(self._control, BUILD_SCHEMA)
            if town is not None:
                await model.refresh_dimensions(self._control, BUILD_SCHEMA, town)

    async def _comparable(self, identity: LogIdentity) -> int | None:
        """The live tables' position, where they mean the same and hold this log nearly to its end."""
        live = await live_checkpoint(self._control)
        if live is None or live.sequence == 0:
            why = "there are no live tables yet"
        elif live.definition != DEFINITION:
            why = f"the live tables have another definition, {live.definition}"
        elif (live.stream, live.stream_created_at) != (identity.stream, identity.created_at):
            why = "the live tables were made from another log"
        elif not 0 <= identity.last_sequence - live.sequence <= CATCH_UP_COMMITS_MAX:
            why = f"the live tables stand at {live.sequence:,} of {identity.last_sequence:,}"
        else:
            return int(live.sequence)
        self._verified = (f"not compared with the live tables: {why}",)
        return None

    async def _fill(self, postgres_url: str, identity: LogIdentity, workers: int | None) -> list[Summary]:
        """Fold the log into the tables, without any key that the fill does not need."""
        workers = workers_for(self._last) if workers is None else workers
        began = monotonic()
        read_s = 0.0
        async with open_hands(postgres_url, BUILD_SCHEMA, workers) as hands:
            batches = self._batches(identity.stream)
            async with contextlib.aclosing(batches):
                try:
                    asked = monotonic()
                    async for commits in batches:
                        read_s += monotonic() - asked
                        await hands.fold(commits)
                        self._position, self._events = commits[-1][0], hands.events
                        self._say("folding")
                        asked = monotonic()
                except ClicError:
                    await hands.settled()  # What stands before it may be wrong too: the first one is told.
                    raise
            summaries = await hands.finish()
        self._events = sum(each.events for each in summaries)
        self._parts["read"] = read_s
        for part in ("decode", "fold", "write"):
            self._parts[part] = sum(each.seconds.get(part, 0.0) for each in summaries)
        self._parts["fill"] = monotonic() - began
        return summaries

    def _batches(self, stream: str) -> AsyncGenerator[list[Raw], None]:
        if self._wire is None:
            return read_raw(self._reader, stream, after=0, until=self._last)
        return read_wire(self._wire, self._reader, stream, after=0, until=self._last)

    async def _complete(self, identity: LogIdentity, summaries: list[Summary]) -> None:
        """Where things begin, keys and indexes, sums; two at a time."""
        self._say("keys")
        with self._timed("keys"):
            for table, firsts in (
                (RULE_VERSION, first_positions(each.rule_versions for each in summaries)),
                (LOG_DAY, first_positions(each.days for each in summaries)),
            ):
                await self._control.copy_records_to_table(
                    table.name, schema_name=BUILD_SCHEMA, columns=list(table.columns), records=list(firsts.items())
                )
            last = max(summaries, key=lambda each: each.last_sequence, default=Summary())
            await write_checkpoint(self._control, self._position, identity, last.town)
            statements = [each for each in keys_sql(BUILD_SCHEMA).split(";") if each.strip()]
            await self._side_by_side(statements)
            await self._control.execute(f"ANALYZE {', '.join(f'{BUILD_SCHEMA}.{each}' for each in _FACTS)}")
        self._say("sums")
        with self._timed("sums"):
            await self._side_by_side([sums.fill_sql(BUILD_SCHEMA, each) for each in sums.SUMS])

    async def _side_by_side(self, statements: list[str]) -> None:
        """Run statements by two connections, the last one first: those of the largest tables stand last."""

        async def lane(connection: asyncpg.Connection) -> None:
            while statements:
                await connection.execute(statements.pop())

        async with asyncio.TaskGroup() as lanes:
            lanes.create_task(lane(self._control))
            lanes.create_task(lane(self._writer))

    async def _compare(self, catching: CatchUp, postgres_url: str, *, accept_differences: bool) -> None:
        """Row for row the same as the live tables, at the position at which these are now."""
        self._say("verifying")
        live = await connect(postgres_url, command_timeout=None)
        try:
            async with live.transaction(isolation="repeatable_read", readonly=True):
                checkpoint = await live_checkpoint(live)
                assert checkpoint is not None  # They were there at the beginning, and only a rebuild takes them away.
                with self._timed("catch_up"):
                    await catching.until(checkpoint.sequence)
                with self._timed("verify"):
                    found = await differences(live, self._writer, LIVE_SCHEMA, BUILD_SCHEMA)
        finally:
            await live.close(timeout=END_TIMEOUT_S)
        if not found:
            same = f"every row is the same as in the live tables at position {checkpoint.sequence:,} (checksums)"
            self._verified = (*self._verified, same)
            return
        what = "; ".join(f"{table}: {how}" for table, how in found.items())
        if not accept_differences:
            raise RebuildError(
                f"the new tables differ from the live ones at position {checkpoint.sequence:,}: {what}. One of them "
                "is wrong: the live ones are as they were. Look why, then go on with --accept-differences."
            )
        self._verified = (*self._verified, f"accepted: different from the live tables, {what}")

    async def _catch_up(self, catching: CatchUp, identity: LogIdentity) -> None:
        """Fold what came meanwhile, until hardly anything more came; the swap and the service fold the rest."""
        self._say("catching up")
        with self._timed("catch_up"):
            for _ in range(CATCH_UP_ROUNDS_MAX):
                now = await self._log.identity()
                if now.created_at != identity.created_at:
                    raise RebuildError("the log was replaced during the rebuild")
                behind = now.last_sequence - catching.position
                await catching.until(now.last_sequence)
                if behind < FETCH_COMMITS:
                    return

    def _until_live(self, catching: CatchUp) -> Callable[[int], Awaitable[None]]:
        async def catch_up(position: int) -> None:
            last = (await self._log.identity()).last_sequence  # Tables beyond the log's end are of a log that was lost.
            await catching.until(min(position, last))

        return catch_up

    async def _abandon(self) -> None:
        """Drop the new tables of a rebuild that was given up; without a connection the next rebuild does."""
        try:
            await self._control.execute(f"DROP SCHEMA IF EXISTS {BUILD_SCHEMA} CASCADE")
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            why = "the next rebuild, or the service, drops them"
            log.warning("build_tables_kept", schema=BUILD_SCHEMA, error=type(error).__name__, why=why)


_FACTS: Final = (
    "fact_request", "fact_assignment", "fact_treatment", "fact_obligation", "fact_obligation_limit",
    "fact_interaction", "fact_escalation", "fact_access", "fact_event",
)  # fmt: skip


def first_positions(shards: Iterable[dict[Any, int]]) -> dict[Any, int]:
    """The lowest position of each thing, from what each shard found first."""
    merged: dict[Any, int] = {}
    for firsts in shards:
        for what, position in firsts.items():
            merged[what] = min(position, merged.get(what, position))
    return merged


async def _copy_dimensions(connection: asyncpg.Connection) -> None:
    """The live dimensions, where nobody says what the town is: the service writes them from its folder soon after."""
    for table in COLUMNS:
        if await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", f"{LIVE_SCHEMA}.{table}"):
            await connection.execute(f"INSERT INTO {BUILD_SCHEMA}.{table} SELECT * FROM {LIVE_SCHEMA}.{table}")  # noqa: S608 - our names

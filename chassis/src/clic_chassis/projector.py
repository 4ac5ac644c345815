"""The projector: folds the log into tables, in order, rows and checkpoint in one transaction.

It only folds: nothing here can append, so that a rebuild can never send a letter. What cannot be folded stops it at
its position with the reason, visibly, and is never skipped.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import dataclass
from time import monotonic
from typing import Any

import asyncpg
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg

from clic_contracts.subject import LOG_STREAM

from .error import ClicError, LogReplacedError, RetryableError, UnreadableError
from .failure import is_outage
from .jetstream_log import JetStreamLog
from .log import LogIdentity
from .log_tail import GapError, LogTail, open_tail
from .pause import pause
from .projection import Projection as Projection
from .telemetry import METRICS, continued

log = structlog.get_logger()

BATCH_COMMITS_MAX = 1_000
FLUSH_EVERY_S = 0.04
"""Transactions begin no closer than this to each other unless a batch is full. A lone message is written at once;
a steady stream costs 25 transactions a second instead of hundreds and becomes visible far below half a second."""
IDLE_WAIT_S = 0.5
"""How long one wait for messages lasts, and so how soon a stop is heard."""
END_EVERY_S = 5.0
"""How often a projector that hears of nothing asks where the log ends: its consumer stands on one server of a cluster,
which says nothing while its own copy of the log lags."""
STANDBY_EVERY_S = 1.0
BACKOFF_FIRST_S = 0.2
BACKOFF_MAX_S = 15.0
GAP_REREADS_MAX = 5
OUTAGE_QUIET_S = 10.0
"""An outage shorter than this is a reconnection and not yet a reason to be called not ready."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far a projection came, in which log, under which definition."""

    sequence: int
    stream: str
    stream_created_at: dt.datetime
    definition: str
    generation: int
    """Counts rebuilds: another generation means other tables, and so another position."""


CHECKPOINT_TABLE = """
CREATE TABLE {schema}.checkpoint (
  projection text PRIMARY KEY,
  sequence bigint NOT NULL,
  stream text NOT NULL,
  stream_created_at timestamptz NOT NULL,
  definition text NOT NULL,
  generation bigint NOT NULL,
  town text,
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE {schema}.checkpoint IS 'How far these tables hold the log: exactly its first `sequence` commits.';
COMMENT ON COLUMN {schema}.checkpoint.projection IS 'Which projection.';
COMMENT ON COLUMN {schema}.checkpoint.sequence IS 'Position in the log of the last commit that was folded.';
COMMENT ON COLUMN {schema}.checkpoint.stream IS 'The log''s stream.';
COMMENT ON COLUMN {schema}.checkpoint.stream_created_at IS 'When that stream was made: another one is another log.';
COMMENT ON COLUMN {schema}.checkpoint.definition IS 'Version of what the rows mean.';
COMMENT ON COLUMN {schema}.checkpoint.generation IS 'Counts rebuilds.';
COMMENT ON COLUMN {schema}.checkpoint.town IS 'Version of the town''s configuration that decided the last fact.';
COMMENT ON COLUMN {schema}.checkpoint.updated_at IS 'When it was written.';
"""


class FencedError(ClicError):
    """Another writer moved the checkpoint in spite of the lock: two writers, so this one stops."""


class DefinitionChangedError(ClicError):
    """The tables were made under another definition than this code has."""


class ReplacedError(RetryableError):
    """A rebuild put other tables in the place of these: go on from their checkpoint."""


class CannotFoldError(ClicError):
    """One commit cannot be decoded or applied; the projection stands before it."""

    def __init__(self, sequence: int, why: str) -> None:
        super().__init__(f"the commit at {sequence} cannot be folded: {why}")
        self.sequence = sequence
        self.why = why


class Projector:
    """A component that keeps one projection up to date. A second instance waits as a standby."""

    def __init__(
        self,
        nats: Client,
        pool: asyncpg.Pool,
        projection: Projection[Any],
        *,
        stream: str = LOG_STREAM,
        flush_every_s: float = FLUSH_EVERY_S,
        backoff_max_s: float = BACKOFF_MAX_S,
        is_vital: bool = True,
    ) -> None:
        """Without being `is_vital` it keeps nobody from asking the service for something else while it stands still."""
        self.name = f"projector-{projection.name}"
        self._nats = nats
        self._pool = pool
        self._projection = projection
        self._stream = stream
        self._log = JetStreamLog(nats, stream=stream)
        self._flush_every_s = flush_every_s
        self._backoff_max_s = backoff_max_s
        self._is_vital = is_vital
        self._state = "not started"
        self._stopped: str | None = None
        self._stopped_by_commit = False
        """What stopped it is in the log itself: only getting past that commit shows that it is mended."""
        self._failing_since: float | None = None
        self._careful_until = 0
        self._gaps = 0
        self.position = 0
        """Position of the last commit that was folded here."""

    def not_ready(self) -> str | None:
        """None, or why the projection stands still. A standby is ready: it serves what the other one writes.

        One that is not vital is ready once it has begun: afterwards the metric of stopped projections tells of it, and
        so does whoever reads it.
        """
        if not self._is_vital and self._state != "not started":
            return None
        if self._stopped is not None:
            return self._stopped
        if self._failing_since is not None and monotonic() - self._failing_since > OUTAGE_QUIET_S:
            return self._state
        return "not started" if self._state == "not started" else None

    async def run(self, stop: asyncio.Event) -> None:
        """Fold until told to stop. Outages are waited out, for ever but visibly.

        Raises:
            FencedError: another writer moved the checkpoint.
        """
        failures = 0
        while not stop.is_set():
            before = self.position
            try:
                await self._follow(stop)
            except FencedError:
                self._stand(f"{self._projection.name} has two writers")
                raise
            except ReplacedError as error:
                log.info("projection_replaced", projection=self._projection.name, detail=str(error))
                failures = 0
                continue
            except Exception as error:  # noqa: BLE001 - sorted and told below; nothing is swallowed
                failures = failures + 1 if self.position == before else 1
                self._failed(error)
            if not stop.is_set():
                await pause(stop, min(self._backoff_max_s, BACKOFF_FIRST_S * 2 ** min(failures, 10)))

    def _failed(self, error: Exception) -> None:
        """Sort an error: an outage is waited out, anything else stands visibly still and is tried again."""
        name = self._projection.name
        if is_outage(error):
            self._failing_since = self._failing_since or monotonic()
            self._state = f"{name}: {_told(error)}"
            log.warning("projection_waits", projection=name, position=self.position, why=_told(error))
            return
        if isinstance(error, GapError):
            self._gaps += 1
        self._stopped_by_commit = isinstance(error, CannotFoldError | GapError)
        self._stand(f"{name} stands at {self.position}: {_told(error)}")
        if not isinstance(error, ClicError):
            log.error("projection_failed", projection=name, error=type(error).__name__, exc_info=error)

    def _stand(self, why: str) -> None:
        if self._stopped != why:
            log.error("projection_stopped", projection=self._projection.name, position=self.position, why=why)
        self._stopped = why
        METRICS.projection_stopped.labels(self._projection.name).set(1)

    def _goes_on(self, state: str) -> None:
        self._state = state
        self._failing_since = None
        if self._stopped is not None:
            log.info("projection_goes_on", projection=self._projection.name, position=self.position)
        self._stopped = None
        self._stopped_by_commit = False
        METRICS.projection_stopped.labels(self._projection.name).set(0)

    async def _follow(self, stop: asyncio.Event) -> None:
        """One life of a connection: lock, checkpoint, then batch after batch."""
        if self._gaps > GAP_REREADS_MAX:
            await stop.wait()  # Standing visibly still, see not_ready: a person must look at the log.
            return
        async with self._locked(stop) as connection:
            if connection is None:
                return
            self._projection.forget()
            await self._projection.prepare(connection)
            identity = await self._log.identity()
            checkpoint = await open_checkpoint(connection, self._projection, identity)
            self.position = checkpoint.sequence
            async with open_tail(self._nats, after=checkpoint.sequence, stream=self._stream) as tail:
                if not self._stopped_by_commit:
                    self._goes_on("follows")
                await self._batches(stop, connection, checkpoint, tail)

    @contextlib.asynccontextmanager
    async def _locked(self, stop: asyncio.Event) -> AsyncIterator[Any]:
        """A connection that holds the projection's lock, or None when told to stop before it was had."""
        async with self._pool.acquire() as connection:
            while not await connection.fetchval(
                "SELECT pg_try_advisory_lock(hashtext('clic projection'), hashtext($1))", self._projection.name
            ):
                self._goes_on("standby")
                await pause(stop, STANDBY_EVERY_S)
                if stop.is_set():
                    yield None
                    return
            yield connection  # The pool's reset gives the lock back; a lost connection does so as well.

    async def _batches(
        self, stop: asyncio.Event, connection: asyncpg.Connection, checkpoint: Checkpoint, tail: LogTail
    ) -> None:
        lag = METRICS.projection_lag.labels(self._projection.name)
        position = METRICS.projection_position.labels(self._projection.name)
        end, looked_at = 0, monotonic()
        while not stop.is_set():
            began = monotonic()
            careful = self.position < self._careful_until
            messages = await tail.take(1 if careful else BATCH_COMMITS_MAX, IDLE_WAIT_S)
            lag.set(tail.lag)
            position.set(self.position)
            if not messages:
                if not self._nats.is_connected:
                    raise RetryableError("NATS is not connected")
                await self._still_mine(connection, checkpoint.generation)
                if began - looked_at > END_EVERY_S:
                    if self.position < end:
                        raise RetryableError(f"nothing was heard of the log from {self.position} to {end}")
                    end, looked_at = (await self._log.identity()).last_sequence, monotonic()
                continue
            commits, bad = _decoded(self._projection, messages)
            if commits:
                await self._commit(connection, checkpoint.generation, commits, messages)
            if bad is not None:
                raise bad
            if self._stopped is not None or self._failing_since is not None:
                self._goes_on("follows")
            self._gaps = 0
            lag.set(tail.lag)
            position.set(self.position)
            if len(messages) < BATCH_COMMITS_MAX and not careful:
                await asyncio.sleep(max(0.0, self._flush_every_s - (monotonic() - began)))

    async def _commit(
        self, connection: asyncpg.Connection, generation: int, commits: list[Any], messages: list[tuple[int, Msg]]
    ) -> None:
        """Rows and checkpoint in one transaction, fenced by the old checkpoint."""
        name, last = self._projection.name, commits[-1]
        try:
            async with connection.transaction():
                moved = await connection.fetchval(
                    f"UPDATE {self._projection.schema}.checkpoint SET sequence = $1, town = $2, "  # noqa: S608 - our name
                    "updated_at = clock_timestamp() WHERE projection = $3 AND sequence = $4 AND generation = $5 "
                    "RETURNING sequence",
                    last.sequence,
                    last.events[-1].town,
                    name,
                    self.position,
                    generation,
                )
                if moved is None:
                    await self._still_mine(connection, generation)
                    raise ReplacedError("the checkpoint moved and came back")  # noqa: TRY301 - it undoes the transaction
                await self._projection.apply(connection, commits)
        except (FencedError, ReplacedError):
            raise
        except Exception as error:
            self._projection.forget()
            if is_outage(error):
                raise
            if len(commits) > 1:
                # One of them cannot be folded: which one is found by going on one by one.
                self._careful_until = last.sequence
                raise RetryableError(f"a batch of {len(commits)} failed, going on one by one") from error
            raise CannotFoldError(last.sequence, _told(error)) from error
        self.position = last.sequence
        METRICS.events_in.labels(self.name).inc(len(commits))
        for commit, (_, message) in zip(commits, messages, strict=False):
            with continued(message.headers, f"project {name}", sequence=commit.sequence):
                pass  # The instant at which the facts became visible, in the trace of their request.

    async def _still_mine(self, connection: asyncpg.Connection, generation: int) -> None:
        """Check that the checkpoint is where this projector left it: in a quiet log nothing else would tell.

        Raises:
            ReplacedError: a rebuild put other tables there, which may end before the log does.
            FencedError: another writer moved it.
        """
        row = await connection.fetchrow(
            f"SELECT sequence, generation FROM {self._projection.schema}.checkpoint WHERE projection = $1",  # noqa: S608 - our name
            self._projection.name,
        )
        if row is not None and row["generation"] != generation:
            raise ReplacedError(f"generation {row['generation']} at {row['sequence']}")
        if row is None or row["sequence"] != self.position:
            there = "gone" if row is None else f"at {row['sequence']}"
            raise FencedError(
                f"the checkpoint of {self._projection.name} is {there}, not at {self.position}: two writers"
            )


async def open_checkpoint(
    connection: asyncpg.Connection, projection: Projection[Any], identity: LogIdentity
) -> Checkpoint:
    """The projection's checkpoint, made at 0 where there is none, and checked against the log and the code.

    Raises:
        LogReplacedError: the log is another one, or shorter than what was folded of it.
        DefinitionChangedError: the tables mean something else than this code does.
    """
    await connection.execute(
        f"INSERT INTO {projection.schema}.checkpoint "  # noqa: S608 - our name
        "(projection, sequence, stream, stream_created_at, definition, generation) VALUES ($1, 0, $2, $3, $4, 1) "
        "ON CONFLICT DO NOTHING",
        projection.name,
        identity.stream,
        identity.created_at,
        projection.definition,
    )
    row: Any = await connection.fetchrow(
        "SELECT sequence, stream, stream_created_at, definition, generation "  # noqa: S608 - our name
        f"FROM {projection.schema}.checkpoint WHERE projection = $1",
        projection.name,
    )
    checkpoint = Checkpoint(*row)
    check_log(projection.name, checkpoint, identity)
    if checkpoint.definition != projection.definition:
        raise DefinitionChangedError(
            f"the tables of {projection.name} were made under definition {checkpoint.definition}, this code has "
            f"{projection.definition}: run `clic rebuild`"
        )
    return checkpoint


def check_log(name: str, checkpoint: Checkpoint, identity: LogIdentity) -> None:
    """Refuse to go on with another log.

    Raises:
        LogReplacedError: it is another one, or shorter than the checkpoint.
    """
    mend = f"Check CLIC_NATS_URL. If the log was truly replaced or restored, run `clic rebuild` to make {name} from it."
    if (identity.stream, identity.created_at) != (checkpoint.stream, checkpoint.stream_created_at):
        raise LogReplacedError(
            f"{name} was made from {checkpoint.stream} of {checkpoint.stream_created_at.isoformat()}, this is "
            f"{identity.stream} of {identity.created_at.isoformat()}. {mend}"
        )
    if identity.last_sequence < checkpoint.sequence:
        raise LogReplacedError(
            f"{name} holds {checkpoint.sequence} commits, the log ends at {identity.last_sequence}: the server lost "
            f"what it had acknowledged. {mend}"
        )


def _decoded(projection: Projection[Any], messages: list[tuple[int, Msg]]) -> tuple[list[Any], CannotFoldError | None]:
    """The commits before the first one that cannot be read, and why that one cannot."""
    commits: list[Any] = []
    for sequence, message in messages:
        try:
            commits.append(projection.decode(message.subject, sequence, message.data, message.headers))
        except (UnreadableError, ValueError) as error:
            return commits, CannotFoldError(sequence, _told(error))
    return commits, None


def _told(error: Exception) -> str:
    """An error for people: our own messages hold no personal data, others might and are left out."""
    return str(error) if isinstance(error, ClicError) else type(error).__name__

"""Reporting as a projection: what the projector of the chassis keeps up to date, live."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Final

import asyncpg

from clic_chassis.projector import CHECKPOINT_TABLE
from clic_chassis.sql import load
from clic_contracts.event import EVENTS, Event
from clic_contracts.subject import parse_log_subject
from clic_contracts.town import Town

from . import model
from .core.fact import EVENT_KEYS
from .core.narrow import NarrowCommit, decode_narrow
from .store import DEFINITION, LIVE_SCHEMA, Store, keys_sql, tables_sql

NAME = "reporting"
LEFTOVER_LOCK_MS: Final = 500
SWAP: Final = load("clic_reporting", "swap.sql")


class ReportingProjection:
    """The tables of reporting, made where they are missing and folded from the log."""

    name = NAME
    definition = DEFINITION

    def __init__(self, schema: str = LIVE_SCHEMA, *, definition: str = DEFINITION, town: Town | None = None) -> None:
        self.schema = schema
        self.definition = definition
        self._town = town
        self._store = Store(schema)

    async def prepare(self, connection: asyncpg.Connection) -> None:
        """Make the schema where there is none; bring its views and the town's dimensions up to this code and town.

        Tables that mean something else than this code does are left as they are: see `open_checkpoint`.
        """
        await self._drop_leftover(connection)
        if not await self._is_there(connection):
            async with connection.transaction():
                await connection.execute(SWAP["swappers_lock"], self.schema)
                if not await self._is_there(connection):  # Else a rebuild has just put its own there.
                    await create_tables(connection, self.schema)
                    await connection.execute(keys_sql(self.schema))
        if await is_defined_anew(connection, self.schema):
            return
        await model.create_views(connection, self.schema)
        if self._town is not None:
            await model.refresh_dimensions(connection, self.schema, self._town)

    async def _drop_leftover(self, connection: asyncpg.Connection) -> None:
        """Drop what a rebuild that was killed had begun, unless another one is at it or something still reads it."""
        leftover = f"{self.schema}_build"
        if not await connection.fetchval("SELECT to_regnamespace($1) IS NOT NULL", leftover):
            return
        with contextlib.suppress(asyncpg.LockNotAvailableError):
            async with connection.transaction():
                if await connection.fetchval(SWAP["no_rebuilder"]):
                    await connection.execute(f"SET LOCAL lock_timeout = {LEFTOVER_LOCK_MS}")
                    await connection.execute(f"DROP SCHEMA IF EXISTS {leftover} CASCADE")

    async def _is_there(self, connection: asyncpg.Connection) -> bool:
        return bool(await connection.fetchval("SELECT to_regnamespace($1) IS NOT NULL", self.schema))

    def decode(self, subject: str, sequence: int, body: bytes, _: Mapping[str, str] | None) -> NarrowCommit:
        """A commit, as far as reporting reads it. See `Projection.decode`."""
        return decode(subject, sequence, body)

    async def apply(self, connection: asyncpg.Connection, commits: Sequence[NarrowCommit]) -> None:
        """Fold commits and write what changed."""
        await self._store.write(connection, await self._store.fold(connection, commits))

    def forget(self) -> None:
        """See `Projection.forget`."""
        self._store.forget()


def decode(subject: str, sequence: int, body: bytes) -> NarrowCommit:
    """A commit from a message of the log, read narrowly; live and in a rebuild alike.

    Raises:
        UnreadableError: it is not a commit, or holds what this code cannot read.
        ValueError: the subject is not the log's.
    """
    _, request_id = parse_log_subject(subject)
    return decode_narrow(request_id, sequence, body)


async def create_tables(connection: asyncpg.Connection, schema: str) -> None:
    """Make the schema with its tables and checkpoint, without the keys that a fill does not need."""
    await connection.execute(f"CREATE SCHEMA {schema}")
    await connection.execute(CHECKPOINT_TABLE.replace("{schema}", schema))
    await connection.execute(tables_sql(schema))
    await connection.executemany(
        f"INSERT INTO {schema}.dim_event (event_key, event, decided_by, meaning) VALUES ($1, $2, $3, $4)",  # noqa: S608 - our name
        [(EVENT_KEYS[event.TYPE], event.TYPE, event.BY, _meaning(event)) for event in EVENTS],
    )


def _meaning(event: type[Event]) -> str:
    """The first sentences of an event's docstring, without its source."""
    return (event.__doc__ or "").partition("\n")[0].partition(" Source:")[0]


async def is_defined_anew(connection: asyncpg.Connection, schema: str = LIVE_SCHEMA) -> bool:
    """Whether tables stand there that mean something else than this code does: the service waits for a rebuild."""
    if not await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", f"{schema}.checkpoint"):
        return False
    sql = f"SELECT definition FROM {schema}.checkpoint WHERE projection = $1"  # noqa: S608 - our name
    definition = await connection.fetchval(sql, NAME)
    return definition is not None and definition != DEFINITION

"""Reporting as a projection: what the projector of the chassis keeps up to date, live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import asyncpg

from clic_chassis.projector import CHECKPOINT_TABLE
from clic_chassis.sql import load
from clic_contracts.envelope import TYPES_HEADER
from clic_contracts.event import EVENTS, Event
from clic_contracts.subject import parse_log_subject

from .core.fact import EVENT_KEYS, NarrowCommit, decode_narrow
from .store import DEFINITION, LIVE_SCHEMA, Store, keys_sql, tables_sql

NAME = "reporting"
SWAP: Final = load("clic_reporting", "swap.sql")


class ReportingProjection:
    """The tables of reporting, made where they are missing and folded from the log."""

    name = NAME
    definition = DEFINITION

    def __init__(self, schema: str = LIVE_SCHEMA, *, definition: str = DEFINITION) -> None:
        self.schema = schema
        self.definition = definition
        self._store = Store(schema)

    async def prepare(self, connection: asyncpg.Connection) -> None:
        """Make the schema where there is none. What is there is checked by its checkpoint's definition."""
        if await self._is_there(connection):
            return
        async with connection.transaction():
            await connection.execute(SWAP["swappers_lock"], self.schema)
            if not await self._is_there(connection):  # Else a rebuild has just put its own there.
                await create_tables(connection, self.schema)
                await connection.execute(keys_sql(self.schema))

    async def _is_there(self, connection: asyncpg.Connection) -> bool:
        return bool(await connection.fetchval("SELECT to_regnamespace($1) IS NOT NULL", self.schema))

    def decode(self, subject: str, sequence: int, body: bytes, headers: Mapping[str, str] | None) -> NarrowCommit:
        """A commit, as far as reporting reads it. See `Projection.decode`."""
        return decode(subject, sequence, body, headers)

    async def apply(self, connection: asyncpg.Connection, commits: Sequence[NarrowCommit]) -> None:
        """Fold commits and write what changed."""
        await self._store.write(connection, await self._store.fold(connection, commits))

    def forget(self) -> None:
        """See `Projection.forget`."""
        self._store.forget()


def decode(subject: str, sequence: int, body: bytes, headers: Mapping[str, str] | None) -> NarrowCommit:
    """A commit from a message of the log, read narrowly; live and in a rebuild alike.

    Raises:
        UnreadableError: it is not a commit, or holds what this code cannot read.
        ValueError: the subject is not the log's.
    """
    _, request_id = parse_log_subject(subject)
    return decode_narrow(request_id, sequence, body, (headers or {}).get(TYPES_HEADER))


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

"""Reporting as a projection: what the projector of the chassis keeps up to date, live."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from clic_chassis.projector import CHECKPOINT_TABLE
from clic_contracts.envelope import Commit

from .report import query
from .store import DEFINITION, LIVE_SCHEMA, Store, indexes_sql, schema_sql

NAME = "reporting"


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
            await connection.execute(query("swappers_lock"), self.schema)
            if not await self._is_there(connection):  # Else a rebuild has just put its own there.
                await create_tables(connection, self.schema)
                await connection.execute(indexes_sql(self.schema))

    async def _is_there(self, connection: asyncpg.Connection) -> bool:
        return bool(await connection.fetchval("SELECT to_regnamespace($1) IS NOT NULL", self.schema))

    async def apply(self, connection: asyncpg.Connection, commits: Sequence[Commit]) -> None:
        """Fold commits and write what changed."""
        await self._store.write(connection, await self._store.fold(connection, commits))

    def forget(self) -> None:
        """See `Projection.forget`."""
        self._store.forget()


async def create_tables(connection: asyncpg.Connection, schema: str) -> None:
    """Make the schema with its tables, checkpoint and views, without indexes."""
    await connection.execute(f"CREATE SCHEMA {schema}")
    await connection.execute(CHECKPOINT_TABLE.replace("{schema}", schema))
    await connection.execute(schema_sql(schema))


async def is_defined_anew(connection: asyncpg.Connection, schema: str = LIVE_SCHEMA) -> bool:
    """Whether tables stand there that mean something else than this code does: the service waits for a rebuild."""
    if not await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", f"{schema}.checkpoint"):
        return False
    sql = f"SELECT definition FROM {schema}.checkpoint WHERE projection = $1"  # noqa: S608 - our name
    definition = await connection.fetchval(sql, NAME)
    return definition is not None and definition != DEFINITION

"""What the projections say at a position: checksums of their rows, to be compared with those that are made again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
from nats.aio.client import Client
from pydantic import BaseModel, ConfigDict

from clic_chassis.log import LogIdentity
from clic_chassis.postgres_credential import connect
from clic_chassis.projection import Projection
from clic_chassis.projector import open_checkpoint
from clic_contracts.town import Town
from clic_deadlines.docket import DocketProjection
from clic_intake.worklist.projection import WorklistProjection
from clic_reporting.core.column import TABLES
from clic_reporting.projection import ReportingProjection
from clic_reporting.store import LIVE_SCHEMA
from clic_reporting.sums import SUMS

from . import log_digest
from .table import SQL, checksum

BATCH: Final = 500


class Measured(BaseModel):
    """A projection's rows at a position: checksum and number by table."""

    model_config = ConfigDict(frozen=True)

    position: int
    definition: str
    tables: Mapping[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Projected:
    """A projection: in whose database it is, and what folds it under a town's rules."""

    service: str
    schema: str
    make: Callable[[Town], Projection[Any]]
    tables: tuple[str, ...] | None = None
    """What is compared; None: all of its tables."""


PROJECTIONS: Final[Mapping[str, Projected]] = {
    "reporting": Projected(
        "reporting",
        LIVE_SCHEMA,
        lambda town: ReportingProjection(town=town),
        (*TABLES, *(each.table for each in SUMS)),
    ),
    "worklists": Projected("intake", WorklistProjection.schema, WorklistProjection),
    "docket": Projected("deadlines", DocketProjection.schema, DocketProjection),
}


async def measure_all(databases: Mapping[str, str]) -> dict[str, Measured]:
    """What every projection says now, each at its own position."""
    found: dict[str, Measured] = {}
    for name, each in PROJECTIONS.items():
        connection = await connect(databases[each.service])
        try:
            if (measured := await measure(connection, each.schema, each.tables)) is not None:
                found[name] = measured
        finally:
            await connection.close()
    return found


async def measure(connection: asyncpg.Connection, schema: str, tables: Sequence[str] | None = None) -> Measured | None:
    """A schema's rows and position, of one instant; None where nothing was folded yet."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        if not await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", f"{schema}.checkpoint"):
            return None
        row: Any = await connection.fetchrow(f"SELECT sequence, definition FROM {schema}.checkpoint")  # noqa: S608 - ours
        if row is None:
            return None
        if tables is None:
            tables = [each["name"] for each in await connection.fetch(SQL["tables"], schema)]
        sums = {each: await checksum(connection, f"{schema}.{each}") for each in tables}
        return Measured(position=row["sequence"], definition=row["definition"], tables=sums)


async def fold(
    nats: Client, connection: asyncpg.Connection, projection: Projection[Any], identity: LogIdentity, until: int
) -> None:
    """Fold the log from its beginning to a position, into tables that are made anew.

    Raises:
        GapError, RetryableError: as `log_digest.messages`.
    """
    await projection.prepare(connection)
    await open_checkpoint(connection, projection, identity)
    batch: list[Any] = []

    async def flush() -> None:
        async with connection.transaction():
            await projection.apply(connection, batch)
        batch.clear()

    async for sequence, message in log_digest.messages(nats, until=until):
        batch.append(projection.decode(message.subject, sequence, message.data, message.headers))
        if len(batch) == BATCH:
            await flush()
    if batch:
        await flush()
    await connection.execute(f"UPDATE {projection.schema}.checkpoint SET sequence = $1", until)  # noqa: S608 - ours

"""What the rebuild is compared with makes the same tables: else its speed would say nothing."""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import Any

import asyncpg
from bench.generated_town.generate import generate
from bench.generated_town.telling import Stored
from nats.aio.client import Client
from tests.place import TOWN_DIR

from bench import library, plain_subscriber
from clic_chassis.town_file import read_town
from clic_contracts.envelope import TYPES_HEADER
from clic_reporting.core.column import ADDED, PARTS, TABLES, Table
from clic_reporting.projection import ReportingProjection, decode

COMMITS = 700
OTHER = "reporting_of_the_service"


def _town() -> list[Stored]:
    return list(islice(generate(read_town(TOWN_DIR), seed=5), COMMITS))


async def _rows(connection: asyncpg.Connection, schema: str, table: Table) -> list[tuple[Any, ...]]:
    columns = ", ".join(table.columns)
    found = await connection.fetch(f"SELECT {columns} FROM {schema}.{table.name} ORDER BY {', '.join(table.key)}")
    return [tuple(row) for row in found]


async def _fold_as_the_service(connection: asyncpg.Connection, commits: list[Stored]) -> None:
    projection = ReportingProjection(OTHER)
    await projection.prepare(connection)
    folded = [decode(each.subject, position, each.body.encode()) for position, each in enumerate(commits, 1)]
    async with connection.transaction():
        await projection.apply(connection, folded)


async def test_the_plain_subscriber_writes_the_rows_of_the_live_projection(
    nats: Client, nats_url: str, postgres_url: str
) -> None:
    commits = _town()
    for each in commits:
        await nats.jetstream().publish(each.subject, each.body.encode(), headers={TYPES_HEADER: each.types})

    rate = await plain_subscriber.events_per_s(nats_url, postgres_url, len(commits))

    connection = await asyncpg.connect(postgres_url)
    try:
        await _fold_as_the_service(connection, commits)
        for table in TABLES.values():
            assert await _rows(connection, OTHER, table) == await _rows(connection, "reporting", table), table.name
    finally:
        await connection.close()
    assert rate > 0


async def test_the_librarys_projection_holds_as_many_rows_as_the_live_one(postgres_url: str) -> None:
    """Its positions are others, one for each fact."""
    commits = _town()
    await library.prepare(postgres_url)

    rate = await asyncio.to_thread(library.events_per_s, postgres_url, commits)

    connection = await asyncpg.connect(postgres_url)
    try:
        await _fold_as_the_service(connection, commits)
        for table in (*PARTS, *ADDED):
            ours, theirs = [
                await connection.fetchval(f"SELECT count(*) FROM {schema}.{table.name}")
                for schema in (OTHER, "reporting")
            ]
            assert ours == theirs, table.name
        departments = "SELECT department, count(*) FROM {}.fact_request GROUP BY department ORDER BY department"
        assert await connection.fetch(departments.format(OTHER)) == await connection.fetch(
            departments.format("reporting")
        )
    finally:
        await connection.close()
    assert rate > 0

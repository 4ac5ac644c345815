"""Every row of reporting's tables, for tests that hold one way of making them against another."""

from __future__ import annotations

from typing import Any

import asyncpg

from clic_reporting.core.column import TABLES
from clic_reporting.sums import SUMS

KEYS: dict[str, tuple[str, ...]] = {
    **{name: table.key for name, table in TABLES.items()},
    **{each.table: each.columns for each in SUMS},
    "dim_date": ("day",),
    "dim_event": ("event_key",),
    "dim_department": ("department",),
}
Rows = dict[str, list[tuple[Any, ...]]]


async def every_row(connection: asyncpg.Connection, schema: str = "reporting") -> Rows:
    """Table → its rows, in the order of its key."""
    return {
        table: [
            tuple(row) for row in await connection.fetch(f"SELECT * FROM {schema}.{table} ORDER BY {', '.join(key)}")
        ]
        for table, key in KEYS.items()
    }


async def rows(postgres_url: str, schema: str = "reporting") -> Rows:
    """The same, by a connection of its own."""
    connection = await asyncpg.connect(postgres_url)
    try:
        return await every_row(connection, schema)
    finally:
        await connection.close()

"""What a hand-written projection would write for a commit: the rows that it changed, one upsert each.

Both rivals of the rebuild stand on this, in their favour: the fold and its narrow decoding are the project's, the rows
of requests are kept in memory instead of being read again, only what changed is written, and the sums are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import asyncpg

from clic_reporting.core.column import ADDED, PARTS, SMALL, Table
from clic_reporting.core.fold import fold
from clic_reporting.core.narrow import NarrowCommit
from clic_reporting.core.row import RequestRows
from clic_reporting.projection import ReportingProjection
from clic_reporting.store import LIVE_SCHEMA, ROWS_OF

Row = tuple[Any, ...]


class Upserts:
    """The rows of a sample: all its requests stay in memory, some 4 KB each."""

    def __init__(self) -> None:
        self._known: dict[str, RequestRows] = {}
        self._written: dict[tuple[str, Row], Row] = {}

    def of(self, commit: NarrowCommit) -> Iterator[tuple[Table, Row]]:
        """Fold a commit; each row that is new or another than before."""
        changes = fold(self._known, [commit])
        for table in PARTS:
            for row in ROWS_OF[table.name](changes.requests.values()):
                yield from self._changed(table, row)
        added: tuple[Iterable[Row], ...] = (
            changes.interactions, changes.learnings, changes.escalations, changes.access, changes.events,
        )  # fmt: skip
        for table, rows in zip(ADDED, added, strict=True):
            for row in rows:
                yield table, tuple(row)
        begun: tuple[dict[Any, int], ...] = (changes.rule_versions, changes.days)
        for table, firsts in zip(SMALL, begun, strict=True):
            for first in firsts.items():
                if (table.name, first[:1]) not in self._written:
                    yield from self._changed(table, first)

    def _changed(self, table: Table, row: Row) -> Iterator[tuple[Table, Row]]:
        key = table.name, row[: len(table.key)]
        if self._written.get(key) != row:
            self._written[key] = row
            yield table, row


def upsert_sql(table: Table, placeholders: list[str]) -> str:
    """One row in or over what is there."""
    rest = ", ".join(f"{name} = EXCLUDED.{name}" for name in table.columns if name not in table.key)
    return (
        f"INSERT INTO {LIVE_SCHEMA}.{table.name} ({', '.join(table.columns)}) VALUES ({', '.join(placeholders)}) "
        f"ON CONFLICT ({', '.join(table.key)}) DO UPDATE SET {rest}"
    )


async def make_tables(postgres_url: str) -> None:
    """The tables with their keys, as the live projection has them."""
    connection = await asyncpg.connect(postgres_url)
    try:
        await ReportingProjection().prepare(connection)
    finally:
        await connection.close()


async def written(postgres_url: str) -> int:
    """How many facts the tables hold."""
    connection = await asyncpg.connect(postgres_url)
    try:
        return int(await connection.fetchval(f"SELECT count(*) FROM {LIVE_SCHEMA}.fact_event"))
    finally:
        await connection.close()

"""The rows of reporting in PostgreSQL: loads what a fold needs, writes what it changed."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from importlib import resources
from operator import attrgetter
from typing import Any, Final

import asyncpg

from clic_contracts.vocabulary import Phase

from . import sums
from .core.column import (
    ACCESS,
    AMENDMENT,
    ASSIGNMENT,
    CORRECTION,
    ESCALATION,
    EVENT,
    INTERACTION,
    LEARNING,
    LIMIT,
    LOG_DAY,
    OBLIGATION,
    PARTS,
    REQUEST,
    RULE_VERSION,
    TREATMENT,
    Table,
)
from .core.fact import EVENT_KEYS
from .core.fold import fold, needed
from .core.narrow import NarrowCommit
from .core.row import (
    AmendmentRow,
    AssignmentRow,
    Changes,
    CorrectionRow,
    EventRow,
    LimitRow,
    ObligationRow,
    RequestRows,
    TreatmentRow,
)
from .core.timeline import encoded

LIVE_SCHEMA = "reporting"
REQUESTS_KEPT_MAX = 20_000
"""Requests kept in memory between batches, about 4 KB each: most facts are about requests of just now."""

PIECE_ROWS: Final = 4_000
"""Rows of the timeline that are sent at once, some 300 KB."""

Rows = Iterable[tuple[Any, ...]]

_FOLD: Final = tuple(
    f"core/{each}.py"
    for each in ("fact", "access_fact", "narrow", "fold", "effect", "obligation", "step", "row", "column")
)
_SCHEMA: Final = ("schema/tables.sql", "schema/keys.sql")


def text(file: str) -> str:
    """A file of this package."""
    return resources.files("clic_reporting").joinpath(file).read_text(encoding="utf-8")


def _definition() -> str:
    texts = [text(file) for file in (*_SCHEMA, *_FOLD, *sums.DEFINED_BY)]
    return hashlib.sha256("\0".join([*texts, *EVENT_KEYS]).encode()).hexdigest()[:12]


DEFINITION = _definition()
"""Version of what the rows mean: the digest of the fold and the tables, so that no change can be forgotten."""


def tables_sql(schema: str) -> str:
    """The statements that make the tables, those of sums too, with the keys that a fill needs."""
    return f"{text('schema/tables.sql')}\n{text('schema/sums.sql')}".replace("{schema}", schema)


def keys_sql(schema: str) -> str:
    """The statements that make the other keys and the indexes."""
    return text("schema/keys.sql").replace("{schema}", schema)


def _columns_of(children: str, table: Table) -> Callable[[Iterable[RequestRows]], Rows]:
    """The rows that requests have in a table, from their attribute that holds them."""
    values = attrgetter(*(name for name in table.columns if name != "request_key"))

    def rows(requests: Iterable[RequestRows]) -> Rows:
        for each in requests:
            held = getattr(each, children)
            for row in held.values() if isinstance(held, dict) else held:
                yield (each.request_key, *values(row))

    return rows


_request = attrgetter(*REQUEST.columns)

ROWS_OF: Final[dict[str, Callable[[Iterable[RequestRows]], Rows]]] = {
    REQUEST.name: lambda requests: map(_request, requests),
    ASSIGNMENT.name: _columns_of("routings", ASSIGNMENT),
    TREATMENT.name: _columns_of("treatments", TREATMENT),
    AMENDMENT.name: _columns_of("amendments", AMENDMENT),
    OBLIGATION.name: _columns_of("obligations", OBLIGATION),
    CORRECTION.name: _columns_of("corrections", CORRECTION),
    LIMIT.name: _columns_of("limits", LIMIT),
}
"""Table → the rows that requests have in it."""


def upsert_sql(schema: str, table: Table) -> str:
    """One statement that inserts or replaces rows by their key; its parameters are the columns, as arrays."""
    arrays = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(table.columns.values(), 1))
    rest = ", ".join(f"{name} = EXCLUDED.{name}" for name in table.columns if name not in table.key)
    return (
        f"INSERT INTO {schema}.{table.name} ({', '.join(table.columns)}) SELECT * FROM unnest({arrays}) "  # noqa: S608 - our names
        f"ON CONFLICT ({', '.join(table.key)}) DO UPDATE SET {rest}"
    )


async def _pieces(rows: Sequence[EventRow]) -> AsyncIterator[bytes]:
    for start in range(0, len(rows), PIECE_ROWS):
        yield encoded(rows[start : start + PIECE_ROWS], first=start == 0, last=start + PIECE_ROWS >= len(rows))


class Store:
    """The rows of one schema, with the requests of late kept in memory. One writer at a time."""

    def __init__(self, schema: str = LIVE_SCHEMA, *, kept_max: int = REQUESTS_KEPT_MAX) -> None:
        self.schema = schema
        self._kept_max = kept_max
        self._kept: OrderedDict[str, RequestRows] = OrderedDict()
        self._begun: set[str | dt.date] = set()
        """Rule versions and days that have their row: a few hundred a year."""
        self.loaded = 0
        """How many requests were loaded that had been let go of."""

    def forget(self) -> None:
        """Drop what is kept: after a transaction that did not commit it may be ahead of the tables."""
        self._kept.clear()
        self._begun.clear()

    async def fold(self, connection: asyncpg.Connection, commits: Sequence[NarrowCommit]) -> Changes:
        """Fold commits over the rows; what changed is kept in memory and given, to be written or gathered."""
        await self._load(connection, needed(self._kept, commits))
        changes = fold(self._kept, commits)
        for each in changes.requests.values():
            self._kept.move_to_end(each.request_id)
        return changes

    async def write(self, connection: asyncpg.Connection, changes: Changes) -> None:
        """Write changes over what is there, in the caller's transaction; let go of what was not needed for longest."""
        requests = list(changes.requests.values())
        await connection.execute(sums.BY_INDEX)
        await sums.subtract(connection, self.schema, [each.request_key for each in requests if each.stored])
        await self.upsert(connection, requests)
        await self.copy(connection, INTERACTION, changes.interactions)
        await self.copy(connection, LEARNING, changes.learnings)
        await self.copy(connection, ESCALATION, changes.escalations)
        await self.copy(connection, ACCESS, changes.access)
        await self.copy_events(connection, changes.events)
        await self.begin(connection, changes)
        await sums.add(connection, self.schema, list(changes.requests))
        if changes.interactions:
            await sums.add_interactions(
                connection, self.schema, changes.interactions[0][0], changes.interactions[-1][0]
            )
        while len(self._kept) > self._kept_max:
            self._kept.popitem(last=False)

    async def upsert(self, connection: asyncpg.Connection, requests: Sequence[RequestRows]) -> None:
        """Insert or replace all rows of requests, one statement per table."""
        for table in PARTS:
            columns = list(zip(*ROWS_OF[table.name](requests), strict=True))
            if columns:
                await connection.execute(upsert_sql(self.schema, table), *columns)
        for each in requests:
            each.stored = True

    async def copy_events(self, connection: asyncpg.Connection, rows: Sequence[EventRow]) -> None:
        """Add rows of the timeline, the most of all: encoded here, which costs half of what the driver's way does."""
        if rows:
            await connection.copy_to_table(
                EVENT.name, schema_name=self.schema, columns=list(EVENT.columns), source=_pieces(rows), format="binary"
            )

    async def copy(self, connection: asyncpg.Connection, table: Table, rows: Rows) -> None:
        """Add rows whose keys the table does not have."""
        records = list(rows)
        if records:
            await connection.copy_records_to_table(
                table.name, schema_name=self.schema, columns=list(table.columns), records=records
            )

    async def begin(self, connection: asyncpg.Connection, changes: Changes) -> None:
        """Write where rule versions and days begin, where that is new: the first position stands."""
        for table, firsts in ((RULE_VERSION, changes.rule_versions), (LOG_DAY, changes.days)):
            fresh = [(each, first) for each, first in firsts.items() if each not in self._begun]
            if fresh:
                columns = ", ".join(table.columns)
                sql = f"INSERT INTO {self.schema}.{table.name} ({columns}) VALUES ($1, $2) ON CONFLICT DO NOTHING"  # noqa: S608 - our names
                await connection.executemany(sql, fresh)
                self._begun.update(each for each, _ in fresh)

    def evict(self, down_to: int) -> list[RequestRows]:
        """Let go of the requests that were not needed for longest, and give them, so that they can be written."""
        return [self._kept.popitem(last=False)[1] for _ in range(max(0, len(self._kept) - down_to))]

    @property
    def kept(self) -> int:
        """How many requests are in memory."""
        return len(self._kept)

    async def _load(self, connection: asyncpg.Connection, ids: set[str]) -> None:
        if not ids:
            return
        columns = ", ".join(f"{name}::text" if kind == "uuid" else name for name, kind in REQUEST.columns.items())
        sql = f"SELECT {columns} FROM {self.schema}.fact_request WHERE request_id = ANY($1::uuid[])"  # noqa: S608 - our names
        found: dict[int, RequestRows] = {}
        for row in await connection.fetch(sql, list(ids)):
            values = dict(row)
            values["phase"] = Phase(values["phase"])
            rows = found[row["request_key"]] = RequestRows(**values, stored=True)
            self._kept[rows.request_id] = rows
        self.loaded += len(found)
        if not found:
            return
        for row in await self._children(connection, ASSIGNMENT, found):
            found[row[0]].routings.append(AssignmentRow(*row[1:]))
        for row in await self._children(connection, TREATMENT, found):
            found[row[0]].treatments.append(TreatmentRow(*row[1:]))
        for row in await self._children(connection, AMENDMENT, found):
            found[row[0]].amendments.append(AmendmentRow(*row[1:]))
        for row in await self._children(connection, OBLIGATION, found):
            found[row[0]].obligations[row[1]] = ObligationRow(*row[1:])
        for row in await self._children(connection, CORRECTION, found):
            found[row[0]].corrections.append(CorrectionRow(*row[1:]))
        for row in await self._children(connection, LIMIT, found):
            found[row[0]].limits.append(LimitRow(*row[1:]))

    async def _children(self, connection: asyncpg.Connection, table: Table, keys: Iterable[int]) -> list[Any]:
        sql = (
            f"SELECT {', '.join(table.columns)} FROM {self.schema}.{table.name} "  # noqa: S608 - our names
            f"WHERE request_key = ANY($1::bigint[]) ORDER BY {', '.join(table.key)}"
        )
        return [tuple(row) for row in await connection.fetch(sql, list(keys))]

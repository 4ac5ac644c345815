"""The rows of reporting in PostgreSQL: loads what a fold needs, writes what it changed."""

from __future__ import annotations

import hashlib
import itertools
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from importlib import resources
from operator import attrgetter
from typing import Any

import asyncpg

from clic_contracts.envelope import Commit
from clic_contracts.vocabulary import ObligationKind, Phase

from .core.fold import Changes, InteractionRow, ObligationRow, RequestRows, TreatmentRow, fold, needed

LIVE_SCHEMA = "reporting"
REQUESTS_KEPT_MAX = 20_000
"""Requests kept in memory between batches, about 2 KB each: most facts are about requests of just now."""

REQUEST = {
    "request_id": "uuid", "reference": "text", "kind": "text", "first_channel": "text", "language": "text",
    "subject": "text", "sector": "text", "requester": "text", "origin": "text", "publisher": "text",
    "confidential": "boolean", "unusual": "boolean", "received_at": "timestamptz", "recorded_at": "timestamptz",
    "department": "text", "first_line": "boolean", "acknowledged_at": "timestamptz", "routed_at": "timestamptz",
    "answered_at": "timestamptz", "closed_at": "timestamptz", "reopened_at": "timestamptz", "phase": "text",
    "status": "text", "criterion": "text", "closing_reason": "text", "outcome_assumed": "boolean",
    "first_sequence": "bigint", "last_sequence": "bigint",
}  # fmt: skip
TREATMENT = {
    "ordinal": "integer", "treated_at": "timestamptz", "how": "text", "assumed": "boolean",
    "reopened_at": "timestamptz", "reopening_assumed": "boolean",
}  # fmt: skip
OBLIGATION = {
    "obligation_id": "text", "obligation": "text", "starts_at": "timestamptz", "due_at": "timestamptz",
    "state": "text", "met_at": "timestamptz", "met_assumed": "boolean", "missed": "boolean", "lifted": "text",
}  # fmt: skip
INTERACTION = {
    "interaction_id": "uuid", "request_id": "uuid", "channel": "text", "subject": "text", "first_contact": "boolean",
    "answered_first_line": "boolean", "origin": "text", "publisher": "text", "occurred_at": "timestamptz",
    "recorded_at": "timestamptz", "sequence": "bigint",
}  # fmt: skip

TABLES: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "fact_request": (REQUEST, ("request_id",)),
    "fact_treatment": ({"request_id": "uuid", **TREATMENT}, ("request_id", "ordinal")),
    "fact_obligation": ({"request_id": "uuid", **OBLIGATION}, ("request_id", "obligation_id")),
    "fact_interaction": (INTERACTION, ("interaction_id",)),
}
"""Table → its columns with their types, and its key. `schema.sql` has the same; a test holds them together."""

_request = attrgetter(*REQUEST)
_treatment = attrgetter(*TREATMENT)
_obligation = attrgetter(*OBLIGATION)
_interaction = attrgetter(*INTERACTION)


def _text(file: str) -> str:
    return resources.files("clic_reporting").joinpath(file).read_text(encoding="utf-8")


def _definition() -> str:
    texts = (_text("schema.sql"), _text("indexes.sql"), _text("core/fold.py"))
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]


DEFINITION = _definition()
"""Version of what the rows mean: the digest of the fold and the schema, so that no change can be forgotten."""


def schema_sql(schema: str) -> str:
    """The statements that make the tables and views, without indexes."""
    return _text("schema.sql").replace("{schema}", schema)


def indexes_sql(schema: str) -> str:
    """The statements that make the indexes."""
    return _text("indexes.sql").replace("{schema}", schema)


def _upsert(schema: str, table: str) -> str:
    columns, key = TABLES[table]
    arrays = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(columns.values(), 1))
    rest = ", ".join(f"{name} = EXCLUDED.{name}" for name in columns if name not in key)
    return (
        f"INSERT INTO {schema}.{table} ({', '.join(columns)}) SELECT * FROM unnest({arrays}) "  # noqa: S608 - our names
        f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {rest}"
    )


class Store:
    """The rows of one schema, with the requests of late kept in memory. One writer at a time."""

    def __init__(self, schema: str = LIVE_SCHEMA, *, kept_max: int = REQUESTS_KEPT_MAX) -> None:
        self.schema = schema
        self._kept_max = kept_max
        self._kept: OrderedDict[str, RequestRows] = OrderedDict()
        self._upserts = {table: _upsert(schema, table) for table in TABLES}

    def forget(self) -> None:
        """Drop what is kept: after a transaction that did not commit it may be ahead of the tables."""
        self._kept.clear()

    async def fold(self, connection: asyncpg.Connection, commits: Sequence[Commit]) -> Changes:
        """Fold commits over the rows; what changed is kept in memory and given, to be written or gathered."""
        await self._load(connection, needed(commits) - self._kept.keys())
        changes = fold(self._kept, commits)
        for request_id in changes.requests:
            self._kept.move_to_end(request_id)
        return changes

    async def write(self, connection: asyncpg.Connection, changes: Changes) -> None:
        """Write changes, over what is there, then let go of what was not needed for longest."""
        requests = list(changes.requests.values())
        await self.upsert(connection, "fact_request", map(_request, requests))
        await self.upsert(connection, "fact_treatment", _treatments(requests))
        await self.upsert(connection, "fact_obligation", _obligations(requests))
        await self.upsert(connection, "fact_interaction", map(_interaction, changes.interactions.values()))
        for each in requests:
            each.stored = True
        while len(self._kept) > self._kept_max:
            self._kept.popitem(last=False)

    async def upsert(self, connection: asyncpg.Connection, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Insert or replace rows by their key, in one statement; a key may stand only once in `rows`."""
        columns = list(zip(*rows, strict=True))
        if columns:
            await connection.execute(self._upserts[table], *columns)

    async def copy(self, connection: asyncpg.Connection, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Add rows whose keys the table does not have."""
        await connection.copy_records_to_table(
            table, schema_name=self.schema, columns=list(TABLES[table][0]), records=rows
        )

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
        wanted = list(ids)

        async def rows(table: str, order: str) -> list[Any]:
            columns = ", ".join(f"{name}::text" if kind == "uuid" else name for name, kind in TABLES[table][0].items())
            sql = (
                f"SELECT {columns} FROM {self.schema}.{table} "  # noqa: S608 - our names
                f"WHERE request_id = ANY($1::uuid[]) ORDER BY {order}"
            )
            return list(await connection.fetch(sql, wanted))

        for row in await rows("fact_request", "request_id"):
            values = dict(row)
            values["phase"] = Phase(values["phase"])
            self._kept[row["request_id"]] = RequestRows(**values, stored=True)
        for row in await rows("fact_treatment", "request_id, ordinal"):
            self._kept[row[0]].treatments.append(TreatmentRow(*tuple(row)[1:]))
        for row in await rows("fact_obligation", "request_id, obligation_id"):
            values = dict(row)
            del values["state"]
            values["obligation"] = ObligationKind(values["obligation"])
            rows_of = self._kept[values.pop("request_id")]
            rows_of.obligations[row["obligation_id"]] = ObligationRow(**values)


def _treatments(requests: Iterable[RequestRows]) -> Iterable[tuple[Any, ...]]:
    return ((each.request_id, *_treatment(row)) for each in requests for row in each.treatments)


def _obligations(requests: Iterable[RequestRows]) -> Iterable[tuple[Any, ...]]:
    return ((each.request_id, *_obligation(row)) for each in requests for row in each.obligations.values())


PARTS: dict[str, Callable[[list[RequestRows]], Iterable[tuple[Any, ...]]]] = {
    "fact_request": lambda requests: map(_request, requests),
    "fact_treatment": _treatments,
    "fact_obligation": _obligations,
}
"""Table → the rows that requests have in it."""


def interaction_rows(interactions: Iterable[InteractionRow]) -> Iterable[tuple[Any, ...]]:
    """Interactions as rows."""
    return map(_interaction, interactions)


def batched(rows: Iterable[Any], size: int) -> Iterable[list[Any]]:
    """Rows in lists of a size at most."""
    iterator = iter(rows)
    while batch := list(itertools.islice(iterator, size)):
        yield batch

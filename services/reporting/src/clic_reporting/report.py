"""The report of a quarter: every figure from one snapshot of the tables."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from typing import Any

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from clic_chassis.error import ClicError
from clic_chassis.sql import load
from clic_contracts.vocabulary import Kind, ObligationKind

from .core.figure import (
    NONE,
    STATUSES,
    Assumed,
    Comparison,
    InteractionFigures,
    ObligationCounts,
    ObligationFigures,
    Overview,
    QuarterBalance,
    Report,
    RequestFigures,
    Versions,
)
from .core.period import Quarter
from .store import LIVE_SCHEMA

_SQL = load("clic_reporting")
NOT_YET = "the reporting service has not run on this database yet: start it, or run `clic rebuild`"
DIRECTION_GENERALE = "direction_generale"

Connection = asyncpg.Connection | PoolConnectionProxy
"""A connection, one's own or a pool's."""


class NotProjectedError(ClicError):
    """There are no tables to report from yet."""


def query(name: str, schema: str = LIVE_SCHEMA) -> str:
    """A statement of `queries.sql` for a schema."""
    return _SQL[name].replace("{schema}", schema)


async def quarter_report(connection: Connection, period: str, *, schema: str = LIVE_SCHEMA) -> Report:
    """The figures of a quarter such as `2022-Q1`, as the log stands. Source: POL-31 to POL-36.

    Raises:
        PeriodError: the text is not a quarter.
        NotProjectedError: reporting has not folded anything yet.
    """
    quarter = Quarter.parse(period)
    async with reading(connection, schema):
        return await _report(connection, quarter, schema)


async def quarter_comparison(connection: Connection, period: str, *, schema: str = LIVE_SCHEMA) -> Comparison:
    """A quarter's report with the one before and the line of every quarter. Source: POL-31 to POL-36.

    Raises: as `quarter_report`.
    """
    quarter = Quarter.parse(period)
    async with reading(connection, schema):
        quarters = await _quarters(connection, schema)
        known = {each.period for each in quarters}
        before = quarter.previous
        return Comparison(
            report=await _report(connection, quarter, schema),
            before=await _report(connection, before, schema) if str(before) in known else None,
            quarters=quarters,
        )


async def overview(connection: Connection, *, schema: str = LIVE_SCHEMA) -> Overview:
    """Every quarter with its balance, the newest first, and how far the log was read. Source: POL-32.

    Raises:
        NotProjectedError: reporting has not folded anything yet.
    """
    async with reading(connection, schema):
        checkpoint = await _checkpoint(connection, schema)
        return Overview(
            quarters=await _quarters(connection, schema),
            position=checkpoint["sequence"],
            updated_at=checkpoint["updated_at"],
            versions=_versions(checkpoint),
        )


@contextlib.asynccontextmanager
async def reading(connection: Connection, schema: str) -> AsyncIterator[None]:
    """A snapshot; tables that are not there, or not as this code expects them, are told as what they are."""
    try:
        async with snapshot(connection, schema):
            yield
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError) as error:
        raise NotProjectedError(NOT_YET) from error
    except asyncpg.UndefinedColumnError as error:
        raise NotProjectedError("the tables were made by another version of CLIC: run `clic rebuild`") from error


@contextlib.asynccontextmanager
async def snapshot(connection: Connection, schema: str = LIVE_SCHEMA) -> AsyncIterator[None]:
    """A transaction in which every statement sees the same rows of the same tables.

    The lock comes before the snapshot: a rebuild's swap then lies wholly before it, or after the end of it.
    """
    await connection.execute(query("readers_lock"), schema)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            yield
    finally:
        if not connection.is_closed():
            await connection.execute(query("readers_unlock"), schema)


async def _report(connection: Connection, quarter: Quarter, schema: str) -> Report:
    checkpoint = await _checkpoint(connection, schema)
    bounds: Any = await connection.fetchrow(query("bounds"), quarter.first_on, quarter.next_on)
    span = (bounds["starts_at"], bounds["ends_at"])
    received = await connection.fetch(query("received", schema), *span)
    balance: Any = await connection.fetchrow(query("balance", schema), *span)
    obligations = await connection.fetch(query("obligations", schema), *span)
    return Report(
        period=str(quarter),
        requests=_requests(received, balance),
        interactions=_interactions(await connection.fetch(query("interactions", schema), *span)),
        obligations=_obligations(obligations),
        assumed=Assumed(
            outcomes=_sum(received, "outcome_assumed"),
            treatments=balance["assumed"],
            obligations=sum(row["assumed"] for row in obligations),
        ),
        position=checkpoint["sequence"],
        versions=_versions(checkpoint),
    )


async def _checkpoint(connection: Connection, schema: str) -> Any:
    checkpoint = await connection.fetchrow(query("checkpoint", schema))
    if checkpoint is None:
        raise NotProjectedError(NOT_YET)
    return checkpoint


def _versions(checkpoint: Any) -> Versions:
    return Versions(
        definition=checkpoint["definition"],
        town=checkpoint["town"],
        log=f"{checkpoint['stream']} {checkpoint['stream_created_at'].isoformat()}",
    )


async def _quarters(connection: Connection, schema: str) -> tuple[QuarterBalance, ...]:
    return tuple(QuarterBalance(**dict(row)) for row in await connection.fetch(query("quarters", schema)))


def _requests(rows: list[Any], balance: Any) -> RequestFigures:
    return RequestFigures(
        received=sum(row["requests"] for row in rows),
        by_kind=_by(rows, "kind", all_of=Kind),
        by_status=_by(rows, "status", all_of=STATUSES),
        by_first_channel=_by(rows, "first_channel"),
        by_department=_by(rows, "department"),
        by_subject=_by(rows, "subject"),
        treated=balance["treatments"] - balance["reopenings"],
        reopenings=balance["reopenings"],
        pending_at_start=balance["pending_at_start"],
        pending_at_end=balance["pending_at_end"],
        first_line=_sum(rows, "first_line"),
        to_direction_generale=sum(
            row["requests"] for row in rows
            if row["department"] == DIRECTION_GENERALE and row["kind"] == Kind.COMPLAINT
        ),
        unusual=_sum(rows, "unusual"),
        unusual_by_kind=_by([row for row in rows if row["unusual"]], "kind"),
        backlog=sum(row["requests"] for row in rows if row["origin"] == "backlog"),
        confidential=_sum(rows, "confidential"),
    )  # fmt: skip


def _interactions(rows: list[Any]) -> InteractionFigures:
    return InteractionFigures(
        total=sum(row["interactions"] for row in rows),
        by_channel=_by(rows, "channel", count="interactions"),
        follow_ups=sum(row["follow_ups"] for row in rows),
        follow_ups_first_line=sum(row["follow_ups_first_line"] for row in rows),
    )


def _obligations(rows: list[Any]) -> ObligationFigures:
    kinds = {kind.value: _counts([row for row in rows if row["obligation"] == kind]) for kind in ObligationKind}
    return ObligationFigures(
        by_kind={kind: ObligationCounts(**counts) for kind, counts in kinds.items() if counts}, **_counts(rows)
    )


def _counts(rows: list[Any]) -> dict[str, int]:
    assumed = {
        f"{state}_assumed": sum(row["assumed"] for row in rows if row["state"] == state) for state in ("met", "late")
    }
    return {**_by(rows, "state", count="obligations"), **assumed} if rows else {}


def _sum(rows: list[Any], flag: str) -> int:
    return sum(row["requests"] for row in rows if row[flag])


def _by(rows: list[Any], column: str, *, count: str = "requests", all_of: Iterable[str] = ()) -> dict[str, int]:
    """Counts by a column, the most frequent first, then by name, so that the same rows give the same bytes."""
    counts: Counter[str] = Counter()
    for row in rows:
        counts[row[column] or NONE] += row[count]
    for each in all_of:
        counts[str(each)] += 0
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

"""The report of a period: every figure from one snapshot of the views, as of one position of the log."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from clic_chassis.error import ClicError, RefusedError
from clic_chassis.sql import load

from .core.counting import Counted, balances, report_of
from .core.figure import Change, Comparison, Differences, Overview, QuarterBalance, Report, Versions
from .core.period import Period, Quarter, parse_period
from .store import LIVE_SCHEMA

_SQL = load("clic_reporting")
NOT_YET = "the reporting service has not run on this database yet: start it, or run `clic rebuild`"
CHANGES_MAX = 2_000
"""Changes of a period that are listed one by one."""
_AS_OF = re.compile(r"^([0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,18})$")

Connection = asyncpg.Connection | PoolConnectionProxy
"""A connection, one's own or a pool's."""


class NotProjectedError(ClicError):
    """There are no tables to report from yet."""


class AsOfError(RefusedError):
    """A text names no day and no position that the figures can be told as of."""

    code = "invalid_as_of"


def query(name: str, schema: str = LIVE_SCHEMA) -> str:
    """A statement of `queries.sql` for a schema."""
    return _SQL[name].replace("{schema}", schema)


async def period_report(
    connection: Connection, period: str, *, as_of: str | None = None, schema: str = LIVE_SCHEMA
) -> Report:
    """The figures of a quarter such as `2022-Q1` or a year such as `2022`. Source: POL-29, POL-31 to POL-37, POL-39.

    `as_of`: as they were known at the end of a day (`2026-04-15`), or at a position of the log; None: now.

    Raises:
        PeriodError: the text is not a period.
        AsOfError: `as_of` is neither a day nor a position that the figures hold.
        NotProjectedError: reporting has not folded anything yet.
    """
    asked = parse_period(period)
    async with reading(connection, schema, as_of=as_of):
        return report_of(asked, await _counted(connection, [asked], schema, as_of))


async def period_comparison(
    connection: Connection,
    period: str,
    *,
    as_of: str | None = None,
    since: str | None = None,
    schema: str = LIVE_SCHEMA,
) -> Comparison:
    """A period's report with those beside it: the one before, that of last year, a year's quarters, every balance.

    `since`: also what is told otherwise than it was known then, request by request; as `as_of`, and before it.

    Raises: as `period_report`.
    """
    asked = parse_period(period)
    async with reading(connection, schema, as_of=as_of):
        beside = [asked.previous, asked.year_before, *asked.parts]
        counted = await _counted(connection, [asked, *beside], schema, as_of)
        quarters = balances(counted)
        known = {each.period for each in quarters}
        report = report_of(asked, counted)
        return Comparison(
            report=report,
            before=_if_known(asked.previous, counted, known),
            year_before=_if_known(asked.year_before, counted, known),
            parts=tuple(report_of(each, counted) for each in asked.parts),
            quarters=quarters,
            differences=None if since is None else await _differences(connection, asked, report, since, schema),
        )


def _if_known(period: Period, counted: Counted, known: set[str]) -> Report | None:
    told = {str(period)} | {str(each) for each in period.parts}
    return report_of(period, counted) if told & known else None


async def overview(connection: Connection, *, schema: str = LIVE_SCHEMA) -> Overview:
    """Every quarter with its balance, the newest first, and how far the log was read. Source: POL-32.

    Raises:
        NotProjectedError: reporting has not folded anything yet.
    """
    async with reading(connection, schema):
        standing = await _standing(connection, schema, None)
        return Overview(
            quarters=await _quarters(connection, schema),
            position=standing["position"],
            updated_at=standing["updated_at"],
            versions=_versions(standing),
        )


@contextlib.asynccontextmanager
async def reading(connection: Connection, schema: str, *, as_of: str | None = None) -> AsyncIterator[None]:
    """A snapshot; tables that are not there, or not as this code expects them, are told as what they are."""
    if as_of is not None and not _AS_OF.match(as_of):
        raise AsOfError(_no_as_of(as_of))
    try:
        async with snapshot(connection, schema):
            await connection.execute(query("as_of"), as_of or "")
            yield
    except asyncpg.InvalidParameterValueError as error:
        raise AsOfError(f"{error}. {error.hint or ''}".strip()) from error
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError) as error:
        raise NotProjectedError(NOT_YET) from error
    except (asyncpg.UndefinedColumnError, asyncpg.UndefinedFunctionError) as error:
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


async def _standing(connection: Connection, schema: str, as_of: str | None) -> Any:
    standing = await connection.fetchrow(query("standing", schema), as_of)
    if standing is None:
        raise NotProjectedError(NOT_YET)
    return standing


def _versions(standing: Any) -> Versions:
    return Versions(
        definition=standing["definition"],
        indicators=standing["indicators"],
        town=standing["town"],
        log=f"{standing['stream']} {standing['stream_created_at'].isoformat()}",
    )


async def _quarters(connection: Connection, schema: str) -> tuple[QuarterBalance, ...]:
    return balances(
        Counted(
            movements=_rows(await connection.fetch(query("movements", schema))),
            interactions=_rows(await connection.fetch(query("interactions", schema))),
        )
    )


def _rows(records: list[asyncpg.Record]) -> list[Any]:
    """Records as the mappings that they are, which their types do not say."""
    return list(records)


async def _counted(connection: Connection, periods: list[Period], schema: str, as_of: str | None) -> Counted:
    """All that the reports of some periods are counted from, each view read once."""
    standing = await _standing(connection, schema, as_of)
    quarters = sorted({quarter for period in periods for quarter in _quarters_of(period)})
    months = [month for quarter in quarters for month in quarter.months]
    span = (quarters[0].first_on, quarters[-1].next_on)

    async def rows(name: str, *arguments: Any) -> list[Any]:
        return _rows(await connection.fetch(query(name, schema), *arguments))

    return Counted(
        position=standing["position"],
        known_at=standing["instant"],
        as_of=standing["as_of"],
        versions=_versions(standing),
        received=await rows("received", months),
        movements=await rows("movements"),
        interactions=await rows("interactions"),
        obligations=await rows("obligations", months),
        delays=await rows("delays", months),
        transfers=await rows("transfers", *span),
        ratings=await rows("ratings", *span),
        learnings=await rows("learnings", [str(each) for each in {*quarters, *periods}]),
    )


def _quarters_of(period: Period) -> Iterator[Quarter]:
    if isinstance(period, Quarter):
        yield period
    else:
        yield from period.parts


async def _differences(connection: Connection, period: Period, report: Report, since: str, schema: str) -> Differences:
    """What of a period is told otherwise than at `since`; afterwards the views tell that."""
    if not _AS_OF.match(since):
        raise AsOfError(_no_as_of(since))
    later = report.as_of or str(report.position)
    span = (period.first_on, period.last_on)
    rows = await connection.fetch(query("differences", schema), *span, since, later, CHANGES_MAX + 1)
    await connection.execute(query("as_of"), since)
    earlier = report_of(period, await _counted(connection, [period], schema, since))
    if earlier.position > report.position:
        raise AsOfError(f"{since} comes after {later}: name the earlier knowledge as `since`, the later as `as_of`")
    return Differences(
        earlier=earlier,
        changes=tuple(Change(**dict(row)) for row in rows[:CHANGES_MAX]),
        more=len(rows) > CHANGES_MAX,
    )


def _no_as_of(text: str) -> str:
    return f"{text!r} is neither a day nor a position of the log: write a day, as in 2026-04-15, or digits"

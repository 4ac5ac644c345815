"""What is proved of new tables before they take the place of the live ones."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from clic_chassis.sql import load
from clic_reporting.core.column import ADDED, PARTS, TABLES
from clic_reporting.shard import Summary
from clic_reporting.sums import DELAY, SUMS

from .progress import RebuildError

SQL: Final = load("clic_reporting.rebuild", "check.sql")
POSITIONS_TOLD_MAX: Final = 3
CURSOR_ROWS: Final = 5_000
POSITION_OF: Final = {table.name: table.key[0] for table in (*PARTS, *ADDED)}
"""Table → the column that is a position in the log."""
_END: Final = (float("inf"), 0)

Connection = Any


async def check_counts(connection: Connection, schema: str, summaries: Sequence[Summary]) -> list[str]:
    """Rows hang together, and are as many as facts were folded. Gives what was found to agree, in sentences.

    Raises:
        RebuildError: they do not; it says what.
    """
    wrong = await connection.fetchrow(SQL["together"].replace("{schema}", schema))
    if any(wrong.values()):
        raise RebuildError(f"the new tables do not hold together: {dict(wrong)}. The live ones are as they were.")
    events, requests = sum(each.events for each in summaries), sum(each.requests for each in summaries)
    counts = await connection.fetchrow(SQL["counts"].replace("{schema}", schema))
    for what, folded, found in (
        ("facts", events, counts["events"]),
        ("receptions", requests, counts["requests"]),
        ("sums of requests", requests, counts["summed_requests"]),
        ("sums of contacts", counts["interactions"], counts["summed_interactions"]),
        ("sums of obligations", counts["obligations"], counts["summed_obligations"]),
    ):
        if folded != found:
            raise RebuildError(f"{folded:,} {what} are {found:,} in the new tables. The live ones are as they were.")
    return [
        f"{events:,} facts are {events:,} rows of the timeline, {requests:,} receptions {requests:,} requests",
        "every row hangs on a request, received less treated plus reopened is pending",
        "the sums count every request, contact and obligation once",
    ]


async def differences(live: Connection, build: Connection, live_schema: str, schema: str) -> dict[str, str]:
    """Table → how its rows differ from the live ones. Both must stand at the same position of the log."""
    told: dict[str, str] = {}
    days = await asyncio.gather(_checksum(live, f"{live_schema}.dim_date"), _checksum(build, f"{schema}.dim_date"))
    # Delays are counted in business days, which the town may have changed since.
    summed = [each.table for each in SUMS if each is not DELAY or days[0] == days[1]]
    for name in (*TABLES, *summed):
        tables = f"{live_schema}.{name}", f"{schema}.{name}"
        # Both at a time: they are two of the server's processes.
        there, here = await asyncio.gather(_checksum(live, tables[0]), _checksum(build, tables[1]))
        if there != here:
            told[name] = f"{there[0]:,} live rows, {here[0]:,} rebuilt"
            if positions := await _first_differing(live, build, name, tables):
                told[name] += f", different at {', '.join(map(str, positions))}"
    return told


async def _checksum(connection: Connection, table: str) -> tuple[int, int]:
    row = await connection.fetchrow(SQL["checksum"].replace("{table}", table))
    return row["rows"], row["checksum"]


async def _first_differing(live: Connection, build: Connection, name: str, tables: tuple[str, str]) -> list[int]:
    """The first positions of a table whose rows are not the same; none where its key is no position."""
    if name not in POSITION_OF:
        return []
    found: list[int] = []
    async with _hashes(live, name, tables[0]) as theirs, _hashes(build, name, tables[1]) as ours:
        there, here = await _next(theirs), await _next(ours)
        while (there, here) != (_END, _END) and len(found) < POSITIONS_TOLD_MAX:
            first = min(there[0], here[0])
            if there != here:
                found.append(int(first))
            there, here = (
                await _next(theirs) if there[0] == first else there,
                await _next(ours) if here[0] == first else here,
            )
    return found


async def _next(hashes: AsyncIterator[tuple[float, int]]) -> tuple[float, int]:
    """The next one, or the end: `anext` with a tuple for its default fails in Python 3.11."""
    async for each in hashes:
        return each
    return _END


@contextlib.asynccontextmanager
async def _hashes(connection: Connection, name: str, table: str) -> AsyncIterator[AsyncIterator[tuple[float, int]]]:
    sql = SQL["hashes"].replace("{table}", table).replace("{position}", POSITION_OF[name])

    async def rows() -> AsyncIterator[tuple[float, int]]:
        async for row in connection.cursor(sql, prefetch=CURSOR_ROWS):
            yield row["position"], row["checksum"]

    async with connection.transaction():  # A cursor needs one; the snapshot of the live tables is one already.
        yield rows()

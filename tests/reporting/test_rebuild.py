"""The rebuild makes the rows of the live projection again, on real servers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import asyncpg
import pytest
from nats.aio.client import Client

from clic_chassis.projector import CannotFoldError, Projector
from clic_chassis.testing import wait_until
from clic_contracts.envelope import Commit
from clic_reporting.projection import ReportingProjection
from clic_reporting.rebuild import rebuild
from clic_reporting.report import quarter_report
from clic_reporting.store import TABLES

History = Callable[[Random, int], list[Commit]]
Append = Callable[[Client, Sequence[Commit]], Awaitable[None]]


@asynccontextmanager
async def following(nats: Client, postgres_url: str) -> AsyncIterator[Projector]:
    """A live projector for as long as the block lasts."""
    async with asyncpg.create_pool(postgres_url, min_size=1, max_size=2) as pool:
        projector = Projector(nats, pool, ReportingProjection(), backoff_max_s=0.2)
        stop = asyncio.Event()
        task = asyncio.create_task(projector.run(stop))
        try:
            yield projector
        finally:
            stop.set()
            await task


async def rows(postgres_url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, in the order of its key."""
    connection = await asyncpg.connect(postgres_url)
    try:
        return {
            table: list(
                map(tuple, await connection.fetch(f"SELECT * FROM reporting.{table} ORDER BY {', '.join(key)}"))
            )
            for table, (_, key) in TABLES.items()
        }
    finally:
        await connection.close()


async def test_a_rebuild_makes_the_same_rows_as_the_live_projection(
    nats: Client, nats_url: str, postgres_url: str, history: History, append: Append
) -> None:
    """Row by row: what is read is derived from the log, and can be derived again."""
    commits = history(Random(5), 600)
    await append(nats, commits[:1000])
    async with following(nats, postgres_url) as live:
        await append(nats, commits[1000:])
        await wait_until(lambda: live.position == len(commits), what="the live projection has folded everything")
    before = await rows(postgres_url)

    done = await rebuild(nats=nats, nats_url=nats_url, postgres_url=postgres_url)

    assert all(before[table] for table in TABLES)
    for table in TABLES:
        assert before[table] == (await rows(postgres_url))[table], table
    assert (len(commits), sum(len(each.events) for each in commits)) == (done.commits, done.events)


async def test_a_rebuild_with_a_small_memory_makes_the_same_rows(
    nats: Client, nats_url: str, postgres_url: str, history: History, append: Append, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests that were let go of are loaded again when a later fact needs them."""
    commits = history(Random(6), 300)
    await append(nats, commits)
    await rebuild(nats=nats, nats_url=nats_url, postgres_url=postgres_url)
    before = await rows(postgres_url)
    for name, value in {"KEPT_MAX": 9, "KEPT_AFTER_EVICTION": 3, "FETCH_COMMITS": 7, "INTERACTIONS_MAX": 5}.items():
        monkeypatch.setattr(f"clic_reporting.rebuild.{name}", value)

    await rebuild(nats=nats, nats_url=nats_url, postgres_url=postgres_url)

    assert before == await rows(postgres_url)


async def test_the_live_projection_goes_on_from_the_rebuilt_tables(
    nats: Client, nats_url: str, postgres_url: str, history: History, append: Append
) -> None:
    """A rebuild needs no stop of the service, and loses nothing that came during it."""
    commits = history(Random(7), 200)
    await append(nats, commits[:300])
    async with following(nats, postgres_url) as live:
        await wait_until(lambda: live.position == 300, what="the live projection has caught up")
        await rebuild(nats=nats, nats_url=nats_url, postgres_url=postgres_url)
        await append(nats, commits[300:])
        await wait_until(lambda: live.position == len(commits), what="the live projection went on")
        assert live.not_ready() is None
    before = await rows(postgres_url)
    await rebuild(nats=nats, nats_url=nats_url, postgres_url=postgres_url)
    assert before == await rows(postgres_url)


async def test_readers_see_the_same_figures_and_no_error_while_tables_are_swapped(
    nats: Client, nats_url: str, postgres_url: str, history: History, append: Append
) -> None:
    """Readers with open connections never see a gap."""
    await append(nats, history(Random(8), 200))
    await rebuild(nats=nats, nats_url=nats_url, postgres_url=postgres_url)
    over = asyncio.Event()
    seen: list[str] = []

    async def read() -> None:
        connection = await asyncpg.connect(postgres_url)
        try:
            while not over.is_set():
                seen.append((await quarter_report(connection, "2024-Q3")).model_dump_json())
        finally:
            await connection.close()

    reader = asyncio.create_task(read())
    for _ in range(3):
        await rebuild(nats=nats, nats_url=nats_url, postgres_url=postgres_url)
    over.set()
    await reader

    assert len(seen) > 10
    assert len(set(seen)) == 1


async def test_a_commit_that_cannot_be_read_stops_the_rebuild_at_its_position(
    nats: Client, nats_url: str, postgres_url: str, history: History, append: Append
) -> None:
    """It says which and why, and the live tables stay as they were."""
    commits = history(Random(9), 30)
    await append(nats, commits)
    await rebuild(nats=nats, nats_url=nats_url, postgres_url=postgres_url)
    before = await rows(postgres_url)
    await nats.jetstream().publish(f"clic.log.intake.{commits[0].request_id}", b'[{"type": "request.unheard_of.v9"}]')

    with pytest.raises(CannotFoldError, match=f"the commit at {len(commits) + 1} cannot be folded"):
        await rebuild(nats=nats, nats_url=nats_url, postgres_url=postgres_url)

    assert before == await rows(postgres_url)

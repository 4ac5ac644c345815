"""The rebuild makes the rows of the live projection again, on real servers."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import asyncpg
import pytest
from nats.aio.client import Client
from pydantic import SecretStr
from tests.place import TOWN_DIR
from tests.reporting.history import append, history

from clic_chassis.error import RetryableError
from clic_chassis.projector import CannotFoldError, Projector
from clic_chassis.service import Component, Wiring, open_runtime
from clic_chassis.testing import at_work, wait_until
from clic_contracts.envelope import Commit
from clic_reporting.app import wire
from clic_reporting.core.column import TABLES
from clic_reporting.projection import SWAP, ReportingProjection
from clic_reporting.rebuild import Progress, RebuildError, rebuild
from clic_reporting.settings import Settings

PATIENCE_S = 60.0
"""For what must come: machines of tests are shared, and stand still at times."""
READ = (
    "SELECT count(*), sum(last_sequence) FROM reporting.fact_request",
    "SELECT * FROM reporting.indicator_pol32_balance ORDER BY period",
    "SELECT count(*) FROM reporting.event",
)


@asynccontextmanager
async def following(nats: Client, postgres_url: str) -> AsyncIterator[Projector]:
    """A live projector for as long as the block lasts."""
    async with asyncpg.create_pool(postgres_url, min_size=1, max_size=2) as pool:
        projector = Projector(nats, pool, ReportingProjection(), backoff_max_s=0.2)
        async with at_work(projector):
            yield projector


@asynccontextmanager
async def running(wiring: Wiring) -> AsyncIterator[Component]:
    """The service's projector at work, stopped gracefully at the end."""
    component = next(each for each in wiring.components if isinstance(each, Projector))
    async with at_work(component):
        yield component


async def _one_by_one(nats: Client, commits: Sequence[Commit]) -> None:
    for commit in commits:
        await append(nats, [commit])


async def _position(postgres_url: str, wanted: int) -> bool:
    connection = await asyncpg.connect(postgres_url)
    try:
        return bool(await connection.fetchval("SELECT sequence FROM reporting.checkpoint") == wanted)
    finally:
        await connection.close()


async def rows(postgres_url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, in the order of its key."""
    connection = await asyncpg.connect(postgres_url)
    try:
        return {
            name: list(
                map(tuple, await connection.fetch(f"SELECT * FROM reporting.{name} ORDER BY {', '.join(table.key)}"))
            )
            for name, table in TABLES.items()
        }
    finally:
        await connection.close()


@pytest.mark.slow
async def test_a_rebuild_makes_the_same_rows_as_the_live_projection(
    nats: Client, nats_url: str, postgres_url: str
) -> None:
    """Row by row: what is read is derived from the log, and can be derived again."""
    commits = history(Random(5), 600)
    await append(nats, commits[:1000])
    async with following(nats, postgres_url) as live:
        await append(nats, commits[1000:])
        await wait_until(
            lambda: live.position == len(commits), PATIENCE_S, what="the live projection has folded everything"
        )
    before = await rows(postgres_url)

    done = await rebuild(nats=nats, nats_url=nats_url, postgres_url=postgres_url)

    assert all(before[table] for table in TABLES)
    for table in TABLES:
        assert before[table] == (await rows(postgres_url))[table], table
    assert (len(commits), sum(len(each.events) for each in commits)) == (done.commits, done.events)


async def test_a_rebuild_with_a_small_memory_makes_the_same_rows(
    nats: Client, nats_url: str, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests that were let go of are loaded again when a later fact needs them."""
    commits = history(Random(6), 300)
    await append(nats, commits)
    await rebuild(nats=nats, nats_url=nats_url, postgres_url=postgres_url)
    before = await rows(postgres_url)
    monkeypatch.setattr("clic_reporting.reader.FETCH_COMMITS", 7)
    for name, value in {"KEPT_MAX": 9, "KEPT_AFTER_EVICTION": 3, "ROWS_MAX": 5}.items():
        monkeypatch.setattr(f"clic_reporting.shard.{name}", value)

    await rebuild(nats=nats, nats_url=nats_url, postgres_url=postgres_url)

    assert before == await rows(postgres_url)


async def test_the_live_projection_goes_on_from_the_rebuilt_tables(
    nats: Client, nats_url: str, postgres_url: str
) -> None:
    """A rebuild needs no stop of the service, and loses nothing that came during it."""
    commits = history(Random(7), 200)
    await append(nats, commits[:300])
    async with following(nats, postgres_url) as live:
        await wait_until(lambda: live.position == 300, PATIENCE_S, what="the live projection has caught up")
        await rebuild(nats=nats, nats_url=nats_url, postgres_url=postgres_url)
        await append(nats, commits[300:])
        await wait_until(lambda: live.position == len(commits), PATIENCE_S, what="the live projection went on")
        assert live.not_ready() is None
    before = await rows(postgres_url)
    await rebuild(nats=nats, nats_url=nats_url, postgres_url=postgres_url)
    assert before == await rows(postgres_url)


async def test_the_service_follows_the_log_while_it_is_rebuilt_again_and_again(
    nats: Client, nats_url: str, postgres_url: str
) -> None:
    """Nothing is folded twice and nothing is lost, wherever the swap falls between two of its transactions."""
    commits = history(Random(10), 250)
    await append(nats, commits[:200])
    settings = Settings(nats_url=nats_url, postgres_url=SecretStr(postgres_url), town_dir=TOWN_DIR)
    async with open_runtime("reporting", settings) as runtime, running(await wire(runtime)) as component:
        coming = asyncio.create_task(_one_by_one(nats, commits[200:]))
        while not coming.done():
            await rebuild(nats=nats, nats_url=nats_url, postgres_url=postgres_url)
        await coming
        await wait_until(lambda: _position(postgres_url, len(commits)), PATIENCE_S, what="the service has caught up")
        assert component.not_ready() is None
    live = await rows(postgres_url)

    await rebuild(nats=nats, nats_url=nats_url, postgres_url=postgres_url)

    assert live == await rows(postgres_url)


async def test_tables_that_end_before_a_quiet_log_are_noticed_without_a_new_fact(
    nats: Client, nats_url: str, postgres_url: str
) -> None:
    """A rebuild leaves the last facts to the service, which must not wait for the next request to fold them."""
    commits = history(Random(14), 40)
    await append(nats, commits)
    async with following(nats, postgres_url) as live:
        await wait_until(
            lambda: live.position == len(commits), PATIENCE_S, what="the live projection has folded everything"
        )
        before = await rows(postgres_url)
        connection = await asyncpg.connect(postgres_url)
        async with connection.transaction():
            await connection.execute("UPDATE reporting.checkpoint SET generation = generation + 1, sequence = 0")
            await connection.execute(f"TRUNCATE {', '.join(f'reporting.{table}' for table in TABLES)}")
        await connection.close()
        await wait_until(lambda: _position(postgres_url, len(commits)), PATIENCE_S, what="the live projection went on")

    assert before == await rows(postgres_url)


async def test_a_swap_waits_for_the_transaction_of_the_service_that_is_under_way(
    nats: Client, nats_url: str, postgres_url: str
) -> None:
    """Else the transaction's checkpoint would be an old table's and its rows a new one's, to be folded again."""
    await append(nats, history(Random(11), 20))
    await rebuild(nats=nats, nats_url=nats_url, postgres_url=postgres_url)
    service, onlooker = [await asyncpg.connect(postgres_url) for _ in range(2)]
    under_way = service.transaction()
    await under_way.start()
    await service.execute("UPDATE reporting.checkpoint SET updated_at = clock_timestamp()")

    rebuilding = asyncio.create_task(rebuild(nats=nats, nats_url=nats_url, postgres_url=postgres_url))
    await wait_until(
        lambda: onlooker.fetchval(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'reporting.checkpoint'::regclass"
        ),
        PATIENCE_S,
        what="the swap waits",
    )
    before = await service.fetchval("SELECT count(*) FROM reporting.fact_request")
    await service.execute("DELETE FROM reporting.fact_request")
    await under_way.commit()
    await rebuilding

    assert before == await service.fetchval("SELECT count(*) FROM reporting.fact_request") > 0
    await service.close()
    await onlooker.close()


async def test_a_rebuild_that_is_interrupted_leaves_the_live_tables_and_nothing_else(
    nats: Client, nats_url: str, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C costs nothing but the time."""
    monkeypatch.setattr("clic_reporting.reader.FETCH_COMMITS", 20)
    monkeypatch.setattr("clic_reporting.shard.KEPT_MAX", 9)
    await append(nats, history(Random(12), 100))
    await rebuild(nats=nats, nats_url=nats_url, postgres_url=postgres_url)
    before = await rows(postgres_url)

    def interrupt(_: Progress) -> None:
        rebuilding.cancel()

    rebuilding = asyncio.create_task(rebuild(nats=nats, nats_url=nats_url, postgres_url=postgres_url, told=interrupt))
    with pytest.raises(asyncio.CancelledError):
        await rebuilding

    assert before == await rows(postgres_url)
    connection = await asyncpg.connect(postgres_url)
    assert await connection.fetchval("SELECT array_agg(nspname) FROM pg_namespace WHERE nspname LIKE 'rep%'") == [
        "reporting"
    ]
    await connection.close()


async def test_a_rebuild_without_its_database_says_so_and_can_be_tried_again(nats: Client, nats_url: str) -> None:
    """Not a driver's error: whoever runs it is told that nothing changed."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # Nobody listens there, and nobody else gets it meanwhile.
        nowhere = f"postgresql://clic@127.0.0.1:{taken.getsockname()[1]}/clic"
        with pytest.raises(RetryableError, match="the live tables are as they were"):
            await rebuild(nats=nats, nats_url=nats_url, postgres_url=nowhere)


async def test_after_an_upgrade_the_service_stands_until_a_rebuild_and_then_goes_on_by_itself(
    nats: Client, nats_url: str, postgres_url: str
) -> None:
    """Tables of another definition are neither changed nor followed; the service stays up and says what to do."""
    commits = history(Random(13), 60)
    await append(nats, commits)
    await rebuild(nats=nats, nats_url=nats_url, postgres_url=postgres_url)
    connection = await asyncpg.connect(postgres_url)
    await connection.execute("UPDATE reporting.checkpoint SET definition = 'before', sequence = 7")
    async with following(nats, postgres_url) as live:
        said = await wait_until(lambda: "clic rebuild" in (live.not_ready() or "") and live.not_ready(), PATIENCE_S)
        assert "definition before" in str(said)
        assert await connection.fetchval("SELECT sequence FROM reporting.checkpoint") == 7

        await rebuild(nats=nats, nats_url=nats_url, postgres_url=postgres_url)

        await wait_until(lambda: live.not_ready() is None, PATIENCE_S, what="the service goes on")
        await wait_until(lambda: live.position == len(commits), PATIENCE_S, what="it has folded everything")
    await connection.close()


async def test_readers_see_the_same_figures_and_no_error_while_tables_are_swapped(
    nats: Client, nats_url: str, postgres_url: str
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
                seen.append(str([await connection.fetch(each) for each in READ]))
        finally:
            await connection.close()

    reader = asyncio.create_task(read())
    swaps = 0
    while (swaps < 3 or len(seen) <= 10) and not reader.done():  # Until it was read often enough beside them.
        await rebuild(nats=nats, nats_url=nats_url, postgres_url=postgres_url)
        swaps += 1
    over.set()
    await reader

    assert len(set(seen)) == 1


async def test_a_swap_waits_for_a_transaction_that_would_find_the_new_tables_empty(
    nats: Client, nats_url: str, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A REPEATABLE READ transaction sees new names with an old snapshot; one that never ends gives the rebuild up."""
    await append(nats, history(Random(8), 50))
    await rebuild(nats=nats, nats_url=nats_url, postgres_url=postgres_url)
    analyst, onlooker = [await asyncpg.connect(postgres_url) for _ in range(2)]
    before = await onlooker.fetchval(READ[2])
    reading = analyst.transaction(isolation="repeatable_read")
    await reading.start()
    await analyst.fetchval("SELECT 1")  # Takes the snapshot, and no lock on any table.

    steps: list[str] = []
    rebuilding = asyncio.create_task(
        rebuild(nats=nats, nats_url=nats_url, postgres_url=postgres_url, told=lambda each: steps.append(each.doing))
    )
    await wait_until(lambda: "swapping" in steps, PATIENCE_S, what="the new tables are ready")
    assert await analyst.fetchval(READ[2]) == before > 0
    assert not rebuilding.done()
    await reading.commit()
    await rebuilding
    assert await analyst.fetchval(READ[2]) == before

    monkeypatch.setattr("clic_reporting.rebuild.swap.OLDER_READERS_S", 0.5)
    async with analyst.transaction(isolation="repeatable_read"):
        await analyst.fetchval("SELECT 1")
        with pytest.raises(RebuildError, match=f"end the sessions \\[{analyst.get_server_pid()}\\]"):
            await rebuild(nats=nats, nats_url=nats_url, postgres_url=postgres_url)
    await analyst.close()
    await onlooker.close()


async def test_a_swap_does_not_wait_for_autovacuum(postgres_url: str) -> None:
    """It may be at a large table for longer than a rebuild waits, and nobody is to be told to end it."""
    connection = await asyncpg.connect(postgres_url)
    horizon = await connection.fetchval(SWAP["horizon"])
    await connection.execute(  # A temporary table stands before a view of the system's that is named alike.
        "CREATE TEMP TABLE pg_stat_activity AS "
        "SELECT n AS pid, current_database() AS datname, of AS backend_type, '3'::xid AS backend_xmin "
        "FROM (VALUES (1, 'client backend'), (2, 'autovacuum worker')) others (n, of)"
    )

    older = await connection.fetchval(SWAP["older_readers"], horizon)
    await connection.close()

    assert older == [1]


async def test_a_commit_that_cannot_be_read_stops_the_rebuild_at_its_position(
    nats: Client, nats_url: str, postgres_url: str
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

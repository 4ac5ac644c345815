"""Live and rebuilt tables are the same, row by row and sum by sum, whatever the log holds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from random import Random

import asyncpg
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.place import TOWN_DIR
from tests.reporting.history import OLD, history, lift_old, stored
from tests.reporting.rows import Rows, every_row

from clic_chassis.town_file import read_town
from clic_contracts.upcast import UPCASTERS
from clic_reporting import model, shard, sums
from clic_reporting.core.column import LOG_DAY, RULE_VERSION, TABLES
from clic_reporting.core.narrow import decode_narrow
from clic_reporting.projection import ReportingProjection, create_tables
from clic_reporting.rebuild.run import first_positions
from clic_reporting.shard import Shard

TOWN = read_town(TOWN_DIR)
BUILT = "reporting_tried"
EMPTIED = (*TABLES, *(each.table for each in sums.SUMS))

Log = list[tuple[int, str, bytes]]


@pytest_asyncio.fixture
async def database(postgres_url: str) -> AsyncIterator[asyncpg.Connection]:
    """The live tables and others beside them, empty."""
    connection = await asyncpg.connect(postgres_url)
    await connection.execute("SET synchronous_commit = off")
    await ReportingProjection(town=TOWN).prepare(connection)
    await create_tables(connection, BUILT)
    await model.create_views(connection, BUILT)
    await model.refresh_dimensions(connection, BUILT, TOWN)
    yield connection
    await connection.close()


async def live(connection: asyncpg.Connection, log: Log, chance: Random) -> Rows:
    """As the service folds it: in batches as they come, forgetting now and then, as after an outage."""
    projection = ReportingProjection(town=TOWN)
    left = [decode_narrow(request_id, sequence, body) for sequence, request_id, body in log]
    while left:
        size = chance.randint(1, 40)
        batch, left = left[:size], left[size:]
        async with connection.transaction():
            await projection.apply(connection, batch)
        if chance.random() < 0.2:
            projection.forget()
    return await every_row(connection)


async def rebuilt(connection: asyncpg.Connection, log: Log, chance: Random) -> Rows:
    """As a rebuild folds it: in shards that remember little."""
    shards = [Shard(connection, BUILT) for _ in range(chance.randint(1, 3))]
    left = log
    while left:
        size = chance.randint(1, 60)
        batch, left = left[:size], left[size:]
        for number, each in enumerate(shards):
            if share := [commit for commit in batch if int(commit[1][-1], 16) % len(shards) == number]:
                await each.fold(share)
    summaries = [await each.finish() for each in shards]
    for table, firsts in (
        (RULE_VERSION, first_positions(each.rule_versions for each in summaries)),
        (LOG_DAY, first_positions(each.days for each in summaries)),
    ):
        await connection.copy_records_to_table(
            table.name, schema_name=BUILT, columns=list(table.columns), records=list(firsts.items())
        )
    await sums.fill(connection, BUILT)
    return await every_row(connection, BUILT)


@pytest.mark.slow
@settings(max_examples=12, suppress_health_check=list(HealthCheck), derandomize=True)
@given(seed=st.integers(0, 2**32))
async def test_live_and_rebuilt_rows_are_the_same_whatever_the_log_holds(
    seed: int, database: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Facts said twice, dates out of order, corrections, erasures, contacts, learnings, other versions of facts."""
    chance = Random(seed)
    monkeypatch.setitem(UPCASTERS, OLD, lift_old)
    for name in ("KEPT_MAX", "KEPT_AFTER_EVICTION", "ROWS_MAX"):
        monkeypatch.setattr(shard, name, chance.randint(0, 12))
    log = stored(chance, history(chance, chance.randint(1, 40)))
    for schema in ("reporting", BUILT):
        await database.execute("; ".join(f"DELETE FROM {schema}.{table}" for table in EMPTIED))

    there, here = await live(database, log, chance), await rebuilt(database, log, chance)

    for table, rows in there.items():
        assert rows == here[table], table
    assert await sums.off_balance(database, "reporting") == {}

"""A second PostgreSQL takes the place of the first, with all that was acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import asyncpg
import pytest

from clic_chassis.embedded import PostgresServer, start_postgres
from clic_chassis.embedded.standby import either, promote, start_standby
from clic_chassis.failure import FAILED_OVER, MAX_TRIES_RETRYABLE, is_outage, tries_for
from clic_chassis.postgres_credential import open_pool
from clic_chassis.testing import open_folder, wait_until


@pytest.fixture
def pair() -> Iterator[tuple[PostgresServer, PostgresServer]]:
    """A primary and its standby."""
    with open_folder() as folder:
        primary = start_postgres(folder / "one")
        try:
            standby = start_standby(primary, folder / "two")
            try:
                yield primary, standby
            finally:
                standby.kill()
        finally:
            primary.kill()


@pytest.mark.parametrize("error", [*FAILED_OVER, asyncpg.DiskFullError, ConnectionRefusedError])
def test_what_is_heard_during_a_failover_is_an_outage(error: type[Exception]) -> None:
    """Tried again for minutes, and nothing is quarantined because of it."""
    assert tries_for(error("heard")) == MAX_TRIES_RETRYABLE


@pytest.mark.slow
async def test_a_pool_goes_on_at_the_standby_with_every_acknowledged_row(
    pair: tuple[PostgresServer, PostgresServer],
) -> None:
    """What fails meanwhile is an outage: waiting helps, and nothing is quarantined because of it."""
    primary, standby = pair
    pool = await open_pool(either(primary, standby, "postgres"), min_size=2, max_size=4)
    async with pool:
        await pool.execute("CREATE TABLE told (number integer PRIMARY KEY)")
        for number in range(100):
            await pool.execute("INSERT INTO told VALUES ($1)", number)
        primary.kill()
        failures: list[Exception] = []

        async def written() -> bool:
            try:
                await pool.execute("INSERT INTO told VALUES (100)")
            except Exception as error:  # noqa: BLE001 - judged below
                failures.append(error)
                return False
            return True

        assert not await written()
        promoting = asyncio.create_task(promote(standby))
        assert await wait_until(written, 60, what="a row at the standby")
        await promoting
        assert [each for each in failures if not is_outage(each)] == []
        assert await pool.fetchval("SELECT count(*) FROM told") == 101

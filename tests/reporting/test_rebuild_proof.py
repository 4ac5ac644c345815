"""What a rebuild proves before it swaps, and the way back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from random import Random

import asyncpg
import pytest
import pytest_asyncio
from nats.aio.client import Client
from tests.place import TOWN_DIR
from tests.reporting.history import append, history
from tests.reporting.rows import every_row
from tests.reporting.test_rebuild import following

from clic_chassis.error import LogReplacedError
from clic_chassis.jetstream_log import JetStreamLog
from clic_chassis.streams import ensure_streams, remove_streams
from clic_chassis.testing import wait_until, wait_until_done
from clic_chassis.town_file import read_town
from clic_reporting.rebuild import Progress, RebuildError, drop_old, go_back, rebuild

TOWN = read_town(TOWN_DIR)
COMMITS = history(Random(43), 60)
HALF = len(COMMITS) // 2


@pytest_asyncio.fixture
async def connection(nats: Client, nats_url: str, postgres_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A log and its tables."""
    await append(nats, COMMITS[:HALF])
    await rebuild(nats=nats, nats_url=nats_url, postgres_url=postgres_url, town=TOWN)
    connection = await asyncpg.connect(postgres_url)
    yield connection
    await connection.close()


async def made_again(nats: Client, nats_url: str, postgres_url: str, *, accept_differences: bool = False) -> Progress:
    return await rebuild(
        nats=nats, nats_url=nats_url, postgres_url=postgres_url, town=TOWN, accept_differences=accept_differences
    )


async def test_tables_that_differ_from_the_live_ones_are_not_swapped_in_unless_that_is_accepted(
    nats: Client, nats_url: str, postgres_url: str, connection: asyncpg.Connection
) -> None:
    """It says which rows differ: one of the two is wrong, and a person must look which."""
    key = await connection.fetchval("SELECT max(request_key) FROM reporting.fact_request")
    await connection.execute("UPDATE reporting.fact_request SET sector = 'nowhere' WHERE request_key = $1", key)
    await connection.execute("DELETE FROM reporting.fact_event WHERE sequence = 3")
    before = await every_row(connection)

    with pytest.raises(RebuildError) as refused:
        await made_again(nats, nats_url, postgres_url)

    told = str(refused.value)
    assert f"at position {HALF}" in told
    assert f"fact_request: {len(before['fact_request'])} live rows" in told
    assert f"different at {key}" in told
    assert "fact_event" in told
    assert "different at 3" in told
    assert "fact_obligation" not in told
    assert await every_row(connection) == before

    done = await made_again(nats, nats_url, postgres_url, accept_differences=True)

    assert any(said.startswith("accepted: different from the live tables") for said in done.verified)
    assert await connection.fetchval("SELECT count(*) FROM reporting.fact_request WHERE sector = 'nowhere'") == 0


async def test_it_is_said_why_there_is_nothing_to_compare_with(
    nats: Client, nats_url: str, postgres_url: str, connection: asyncpg.Connection
) -> None:
    """Another definition, or tables that were not made from this log."""
    await connection.execute("UPDATE reporting.checkpoint SET definition = 'before'")
    done = await made_again(nats, nats_url, postgres_url)
    assert "not compared with the live tables: the live tables have another definition, before" in done.verified

    await remove_streams(nats)
    await wait_until_done(lambda: ensure_streams(nats), 60, what="the streams are made anew")
    await append(nats, COMMITS[:9])
    done = await made_again(nats, nats_url, postgres_url)
    assert "not compared with the live tables: the live tables were made from another log" in done.verified
    assert done.commits == 9


async def test_the_live_tables_are_compared_where_they_stand_while_the_log_goes_on(
    nats: Client, nats_url: str, postgres_url: str, connection: asyncpg.Connection
) -> None:
    """The service is behind, or away: the new tables go further than it came."""
    await append(nats, COMMITS[HALF:])

    done = await made_again(nats, nats_url, postgres_url)

    assert f"every row is the same as in the live tables at position {HALF} (checksums)" in done.verified
    assert done.commits == len(COMMITS)
    assert await connection.fetchval("SELECT sequence FROM reporting.checkpoint") == len(COMMITS)
    assert done.events == await connection.fetchval("SELECT count(*) FROM reporting.fact_event")


async def test_the_tables_before_are_kept_and_can_be_put_back(
    nats: Client, nats_url: str, postgres_url: str, connection: asyncpg.Connection
) -> None:
    """The service goes on from where they stand; going back twice changes nothing."""
    await append(nats, COMMITS[HALF:])
    before = await every_row(connection)
    await made_again(nats, nats_url, postgres_url)
    after = await every_row(connection)
    assert await every_row(connection, "reporting_old") == before
    identity = await JetStreamLog(nats).identity()

    assert await go_back(postgres_url, identity) == HALF
    assert (await every_row(connection), await every_row(connection, "reporting_old")) == (before, after)
    assert await go_back(postgres_url, identity) == len(COMMITS)
    assert (await every_row(connection), await every_row(connection, "reporting_old")) == (after, before)

    async with following(nats, postgres_url) as live:
        await wait_until(lambda: live.position == len(COMMITS), 60, what="the service follows")
        assert await go_back(postgres_url, identity) == HALF
        # The tables are asked: that the service stands at HALF lasts no longer than it takes to fold the rest.
        await wait_until(
            lambda: connection.fetchval(f"SELECT sequence = {len(COMMITS)} FROM reporting.checkpoint"),
            60,
            what="the service has noticed and caught up",
        )
    assert await every_row(connection) == after


async def test_there_is_no_way_back_to_what_could_not_be_kept_up_to_date(
    nats: Client, nats_url: str, postgres_url: str, connection: asyncpg.Connection
) -> None:
    """Tables that were dropped, mean something else, or are of another log."""
    identity = await JetStreamLog(nats).identity()
    with pytest.raises(RebuildError, match="no tables of before are kept"):
        await go_back(postgres_url, identity)
    await made_again(nats, nats_url, postgres_url)
    await connection.execute("UPDATE reporting_old.checkpoint SET definition = 'before'")
    with pytest.raises(RebuildError, match="Go back to the version of CLIC that made them"):
        await go_back(postgres_url, identity)
    await made_again(nats, nats_url, postgres_url)
    await connection.execute("UPDATE reporting_old.checkpoint SET stream_created_at = now()")
    with pytest.raises(LogReplacedError):
        await go_back(postgres_url, identity)

    assert await drop_old(postgres_url)
    assert not await drop_old(postgres_url)
    with pytest.raises(RebuildError, match="no tables of before are kept"):
        await go_back(postgres_url, identity)


async def test_views_tell_the_past_in_tables_that_were_swapped_in(
    nats: Client, nats_url: str, postgres_url: str, connection: asyncpg.Connection
) -> None:
    """Views and functions move with their tables, and those of the tables before still read those."""
    await append(nats, COMMITS[HALF:])
    await made_again(nats, nats_url, postgres_url)
    counted = "SELECT (SELECT count(*) FROM {s}.request), (SELECT sum(requests) FROM {s}.request_count)"

    now = await connection.fetchrow(counted.format(s="reporting"))
    before = await connection.fetchrow(counted.format(s="reporting_old"))
    await connection.execute(f"SET clic.as_of = '{HALF}'")
    then = await connection.fetchrow(counted.format(s="reporting"))

    assert now is not None
    assert before is not None
    assert then is not None
    assert now[0] == now[1] > then[0] == then[1] == before[0] == before[1] > 0

"""The doctor on a real PostgreSQL: well where all is well, and a fault that was planted is found."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest
from tests.embedded.examined import NOW, a_place, all_well, said, told, wrong

from clic.connection import Connection
from clic.doctor import on_postgres
from clic.doctor.finding import Severity
from clic_chassis.embedded import free_port
from clic_chassis.migration import migrate
from clic_chassis.testing import MonitoredServer, Server, wait_until
from clic_intake.personal.keys import open_keys
from clic_intake.register import Register
from clic_intake.seal import MasterKey


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the test's own."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def test_a_database_that_is_away_is_found(postgres_url: str) -> None:
    assert all_well(await on_postgres.reachable(a_place(databases={"intake": postgres_url})))
    away = f"postgresql://nobody@127.0.0.1:{free_port()}/none"
    assert "intake's database does not answer" in wrong(
        await on_postgres.reachable(a_place(databases={"intake": away}))
    )


async def test_a_database_that_may_lose_what_it_committed_or_is_too_old_is_found(
    own_postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = a_place(databases={"intake": own_postgres.url})
    async with connected(own_postgres.url) as connection:
        await connection.execute("ALTER SYSTEM SET synchronous_commit = 'off'")
        await connection.execute("SELECT pg_reload_conf()")

    async def found() -> bool:
        return wrong(await on_postgres.reachable(place)) == "synchronous_commit is off at intake's PostgreSQL"

    await wait_until(found, what="the server took its configuration")
    monkeypatch.setattr(on_postgres, "OLDEST_VERSION", 990_000)  # No old server is at hand.
    assert "intake's PostgreSQL is 1" in wrong(await on_postgres.reachable(place))


async def test_tables_that_lack_migrations_are_found(postgres_url: str) -> None:
    place = a_place(databases={"intake": postgres_url})
    assert "intake's tables lack 0001" in wrong(await on_postgres.migrations(place))
    async with connected(postgres_url) as connection:
        await migrate(connection, "clic_intake")
    assert all_well(await on_postgres.migrations(place))
    async with connected(postgres_url) as connection:
        await connection.execute("UPDATE migration SET digest = 'other' WHERE name LIKE '0001%'")
    assert "was changed after it was applied" in wrong(await on_postgres.migrations(place))


async def test_a_projection_of_another_log_or_another_meaning_is_found(
    postgres_url: str, nats_server: MonitoredServer, nats_url: str
) -> None:
    place = a_place(ops=Connection(nats_url), databases={"reporting": postgres_url})
    async with connected(postgres_url) as connection:
        await connection.execute(
            "CREATE SCHEMA reporting; CREATE TABLE reporting.checkpoint (projection text, sequence bigint, "
            "definition text, stream_created_at timestamptz)"
        )
        await connection.execute(
            "INSERT INTO reporting.checkpoint VALUES ('reporting', 7, 'an older one', '2020-01-01T00:00:00Z')"
        )
    found = wrong(await on_postgres.projections(place))
    assert "mean something else" in found
    assert "of another log, or of a longer one (it holds 7, the log ends at 0)" in found


async def test_a_key_that_is_gone_or_does_not_fit_is_found(postgres_url: str, tmp_path: Path) -> None:
    right, other = tmp_path / "master.key", tmp_path / "other.key"
    right.write_text("QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=\n", encoding="ascii")
    other.write_text("QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=\n", encoding="ascii")
    async with connected(postgres_url) as connection:
        await migrate(connection, "clic_intake")
    async with asyncpg.create_pool(postgres_url, min_size=1, max_size=2) as pool:
        master = MasterKey.read(right)
        await open_keys(pool, master, NOW)
        await Register(pool, master).check_master_key()
    place = a_place(databases={"intake": postgres_url}, master_key=right)
    assert all_well(await on_postgres.keys(place))
    assert "does not open what is sealed" in wrong(await on_postgres.keys(replace(place, master_key=other)))
    assert "cannot be used" in wrong(await on_postgres.keys(replace(place, master_key=tmp_path / "none")))


async def test_clocks_that_do_not_agree_are_found(postgres_url: str) -> None:
    """No other machine is here: one that answers with another time is planted."""
    place = a_place(databases={"intake": postgres_url})
    place._told = [replace(told(), said_at=NOW, asked_at=NOW)]
    assert all_well(await on_postgres.clock(place))
    place._told = [replace(told(), said_at=NOW - dt.timedelta(minutes=5), asked_at=NOW)]
    assert wrong(await on_postgres.clock(place)) == "the clock of intake is 300 s behind"
    place._told = [replace(told(), said_at=NOW + dt.timedelta(seconds=10), asked_at=NOW)]
    assert said(await on_postgres.clock(place), Severity.WARNING) == "the clock of intake is 10 s ahead"

"""What PostgreSQL holds of record is named, copied as it was, and filled in again under newer code."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from pyrage import x25519

from clic.keeping.error import KeepingError
from clic.keeping.sealed_file import SealedFile, opened
from clic.keeping.table import (
    DERIVED,
    MIGRATION,
    PACKAGES,
    RECORD,
    SQL,
    checksum,
    clear_derived,
    copy_in,
    copy_out,
    is_empty,
    kept_tables,
    migrate_until,
    migrations,
)
from clic_chassis.migration import migrate
from clic_chassis.testing import Server
from clic_intake.register import Register, RegisterLostError
from clic_intake.seal import MasterKey

NOW = dt.datetime(2026, 3, 31, tzinfo=dt.UTC)
ONE, TWO = (f"00000000-0000-5000-8000-00000000000{n}" for n in (1, 2))
OWNER = x25519.Identity.generate()


@pytest_asyncio.fixture
async def other_url(postgres_server: Server) -> AsyncIterator[str]:
    """A second database, empty."""
    name = f"test_{secrets.token_hex(6)}"
    admin = await asyncpg.connect(postgres_server.url)
    await admin.execute(f"CREATE DATABASE {name}")
    yield f"{postgres_server.url.rsplit('/', 1)[0]}/{name}"
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest.mark.parametrize("service", sorted(PACKAGES))
async def test_every_table_is_of_record_or_derived(postgres_url: str, service: str) -> None:
    """A new one is in backups until somebody thinks of it; here they have to. None counts by a sequence."""
    connection = await asyncpg.connect(postgres_url)
    await migrate(connection, PACKAGES[service])
    tables = {row["table"] for row in await connection.fetch(SQL["columns"])}
    assert tables == RECORD[service] | DERIVED[service] | {MIGRATION}
    assert not RECORD[service] & DERIVED[service]
    assert {each.table for each in await kept_tables(connection, service)} == RECORD[service]
    assert await connection.fetch(SQL["sequences"]) == []
    assert await is_empty(connection, service)
    await connection.close()


async def test_an_older_copy_is_filled_in_and_brought_up_to_date(
    postgres_url: str, other_url: str, tmp_path: Path
) -> None:
    """Rows are the same to the byte, also of keys that a rotation left under a retired one."""
    source, target = await asyncpg.connect(postgres_url), await asyncpg.connect(other_url)
    older = [name for name in await _all_migrations(target) if name < "0012"]
    await migrate_until(source, "intake", older)
    master = MasterKey(bytes(range(32)))
    rows = [(ONE, "2026-000001", "old", master.new_wrapped(ONE)), (TWO, None, None, None)]
    await source.executemany(
        "INSERT INTO request (request_id, reference, key_id, wrapped_key) VALUES ($1, $2, $3, $4)", rows
    )
    await source.execute("INSERT INTO deployment_key (key_id, promoted_at, retired_at) VALUES ('old', $1, $1)", NOW)
    await source.execute("INSERT INTO opening VALUES ($1, 'agent', $2, $3)", NOW, ONE, "Tab\there\nNeu: é \\N")
    await migrate_until(target, "intake", await migrations(source))
    for each in await kept_tables(source, "intake"):
        file = SealedFile(tmp_path / each.table, [OWNER.to_public()])
        async with file.open() as sink:
            count = await copy_out(source, each, sink)
        async with opened(file.path, [OWNER]) as pieces:
            assert await copy_in(target, each, pieces) == count
        assert await checksum(target, each.table) == await checksum(source, each.table)
    assert await migrate(target, PACKAGES["intake"])
    assert not await is_empty(target, "intake")
    await source.close()
    await target.close()


async def _all_migrations(connection: asyncpg.Connection) -> list[str]:
    async with connection.transaction():
        names = await migrate(connection, PACKAGES["intake"])
        await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    return names


async def test_what_services_wrote_meanwhile_is_in_nobodys_way(postgres_url: str) -> None:
    """PostgreSQL came back empty, and deadlines went on: what it can make again makes room, an address does not."""
    connection = await asyncpg.connect(postgres_url)
    await migrate(connection, PACKAGES["deadlines"])
    await connection.execute(
        "INSERT INTO digest (day, notice, department, try_at) VALUES ('2026-03-31', 'head', 'works', $1)", NOW
    )
    assert await is_empty(connection, "deadlines")
    await clear_derived(connection, "deadlines")
    assert await connection.fetchval("SELECT count(*) FROM digest") == 0
    await connection.execute("INSERT INTO due_feed VALUES ('works', $1, $2)", bytes(32), NOW)
    assert not await is_empty(connection, "deadlines")
    await connection.close()


async def test_a_copy_of_a_newer_version_is_refused(postgres_url: str) -> None:
    """Columns that this code does not know would be lost."""
    connection = await asyncpg.connect(postgres_url)
    with pytest.raises(KeepingError, match=r"9999_later\.sql"):
        await migrate_until(connection, "deadlines", ["0001_timer.sql", "9999_later.sql"])
    await connection.close()


async def test_intake_does_not_begin_anew_beside_a_log(postgres_url: str) -> None:
    """Its database was lost: references would be given twice. It says what to do, and takes nothing."""
    async with asyncpg.create_pool(postgres_url, min_size=1, max_size=1) as pool:
        async with pool.acquire() as connection:
            await migrate(connection, PACKAGES["intake"])
        register = Register(pool, MasterKey(bytes(range(32))))
        await register.check_not_lost(0)
        with pytest.raises(RegisterLostError, match=r"the log holds 7 commits.*clic restore --keys"):
            await register.check_not_lost(7)
        await register.register(ONE, None, with_key=False)
        await register.check_not_lost(7)

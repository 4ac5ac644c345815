"""`clic publication` as an operator runs it, on a real PostgreSQL: the ledger that no rebuild brings back (POL-38)."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from tests.place import TOWN_DIR
from tests.reporting.counted import comparison, counted
from tests.reporting.projected import town
from typer.testing import CliRunner

from clic.publication import app
from clic_contracts.vocabulary import Language
from clic_reporting import ledger
from clic_reporting.core.label import Labels
from clic_reporting.document.edition import exact_tables
from clic_reporting.publication import publish

AT = dt.datetime(2026, 7, 15, 16, tzinfo=dt.UTC)
CLERK = "Une greffière"
PERIODS = ("2025-Q1", "2025-Q2")


@pytest.fixture(autouse=True)
def installation(postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database of the test, found by the environment."""
    monkeypatch.setenv("CLIC_DIR", str(tmp_path / "clic"))
    monkeypatch.setenv("CLIC_TOWN_DIR", str(TOWN_DIR))
    monkeypatch.setenv("CLIC_NATS_URL", "nats://127.0.0.1:1")
    monkeypatch.setenv("CLIC_POSTGRES_URL", postgres_url)
    monkeypatch.setenv("COLUMNS", "200")


@pytest_asyncio.fixture
async def connection(postgres_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Reporting's database."""
    found = await asyncpg.connect(postgres_url)
    yield found
    await found.close()


async def run(*arguments: str | Path, exit_code: int = 0) -> str:
    """What the command tells, in a thread: it has a loop of its own."""
    result = await asyncio.to_thread(CliRunner().invoke, app, list(map(str, arguments)))
    assert result.exit_code == exit_code, result.output
    return result.output


async def published(connection: asyncpg.Connection, period: str, *, requests: int = 60) -> ledger.Publication:
    of = comparison(period, counted(requests=requests))
    return await publish(connection, of, exact_tables(of, Labels(town(), Language.FR)), at=AT, by=CLERK)


async def lost(connection: asyncpg.Connection) -> None:
    await connection.execute("DROP SCHEMA reporting_published CASCADE")


async def test_what_was_published_is_listed_exported_and_restored(
    connection: asyncpg.Connection, tmp_path: Path
) -> None:
    """POL-38: on another server the same chain of checksums stands again, and only its owner reads the file."""
    assert "Nothing is published yet." in await run("list")
    every = [await published(connection, period) for period in PERIODS]
    listed = await run("list")
    for each in every:
        for told in (each.period, f"{each.position}", CLERK, each.checksum, "2026-07-15"):
            assert told in listed
    assert [json.loads(line)["checksum"] for line in (await run("list", "--json")).splitlines()] == [
        each.checksum for each in every
    ]
    file = tmp_path / "publications.json"
    assert "2 publications are in" in await run("export", file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "is there already" in await run("export", file, exit_code=1)

    await lost(connection)
    assert "2 publications are restored; the ledger has 2" in await run("restore", file)
    assert [each.entry for each in await ledger.publications(connection)] == [each.entry for each in every]
    assert "0 publications are restored" in await run("restore", file), "restored already"


async def test_a_broken_chain_is_not_restored(connection: asyncpg.Connection, tmp_path: Path) -> None:
    """POL-38: a missing or altered publication is named, and nothing is written."""
    for period in PERIODS:
        await published(connection, period)
    file = tmp_path / "publications.json"
    await run("export", file)
    await lost(connection)
    content = json.loads(file.read_text(encoding="utf-8"))
    first, second = content["publications"]
    altered = {**second, "entry": second["entry"].replace(CLERK, "Un greffier")}
    for rows, told in (
        ([second], "publication 1 of the ledger does not follow"),
        ([first, altered], "publication 2 of"),
    ):
        file.write_text(json.dumps({**content, "publications": rows}), encoding="utf-8")
        assert told in await run("restore", file, exit_code=1)
    for text, told in (("{}", "is no export"), ('{"export": "x", "format": 1}', "has another format")):
        file.write_text(text, encoding="utf-8")
        assert told in await run("restore", file, exit_code=1)
    assert "cannot be read: No such file" in await run("restore", tmp_path / "nothing.json", exit_code=1)
    assert await ledger.publications(connection) == ()


async def test_another_towns_ledger_is_not_written_over(connection: asyncpg.Connection, tmp_path: Path) -> None:
    """POL-38: the error says what stands there and what to do."""
    await published(connection, PERIODS[0])
    file = tmp_path / "publications.json"
    await run("export", file)
    await lost(connection)
    other = await published(connection, PERIODS[0], requests=70)
    told = await run("restore", file, exit_code=1)
    assert "holds other publications than these, or more of them (1, the last of 2025-Q1)" in told
    assert "restore into a database of its own" in told
    assert [each.checksum for each in await ledger.publications(connection)] == [other.checksum]

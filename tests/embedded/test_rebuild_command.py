"""`clic rebuild` as a person or a script runs it, on real servers."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random

import asyncpg
import pytest
import pytest_asyncio
import typer
from nats.aio.client import Client
from tests.place import TOWN_DIR
from tests.reporting.history import append, history
from typer.testing import CliRunner, Result

from clic.rebuild import rebuild
from clic_contracts.envelope import Commit

APP = typer.Typer()
APP.command()(rebuild)


@pytest.fixture(autouse=True)
def installation(nats_url: str, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The servers of the test, found by the environment, and the town of this checkout."""
    monkeypatch.setenv("CLIC_DIR", str(tmp_path / "clic"))
    monkeypatch.setenv("CLIC_TOWN_DIR", str(TOWN_DIR))
    monkeypatch.setenv("CLIC_NATS_URL", nats_url)
    monkeypatch.setenv("CLIC_POSTGRES_URL", postgres_url)


@pytest_asyncio.fixture
async def commits(nats: Client) -> list[Commit]:
    """Some history in the log."""
    every = history(Random(61), 30)
    await append(nats, every)
    return every


async def run(*arguments: str) -> Result:
    """The command in a thread: it has a loop of its own."""
    return await asyncio.to_thread(CliRunner().invoke, APP, list(arguments))


async def test_a_rebuild_tells_its_steps_in_plain_lines_and_what_it_verified(
    commits: list[Commit], postgres_url: str
) -> None:
    """Progress goes to standard error, the outcome to standard output; twice, so that there is something to compare."""
    first, again = await run(), await run()

    for step in ("folding", "keys", "sums", "verifying", "swapping", "done"):
        assert f"{step}: " in first.stderr
    assert "Verified: not compared with the live tables: there are no live tables yet." in first.stdout
    assert f"Verified: every row is the same as in the live tables at position {len(commits)}" in again.stdout
    assert "--drop-old" in again.stdout
    connection = await asyncpg.connect(postgres_url)
    assert await connection.fetchval("SELECT count(*) > 0 FROM reporting.department"), "the town's own"
    await connection.close()


async def test_the_tables_before_come_back_and_go(commits: list[Commit]) -> None:
    """Each answer says what is so now; what cannot be done says why."""
    assert "no tables of before are kept" in (await run("--back")).stderr
    await run()
    await run()

    back = await run("--back")
    assert f"from position {len(commits)} on" in back.stdout
    assert "The tables of before are dropped." in (await run("--drop-old")).stdout
    assert "There were no tables of before." in (await run("--drop-old")).stdout
    both = await run("--back", "--drop-old")
    assert (both.exit_code, "contradict" in both.stderr) == (1, True)


async def test_differences_are_told_and_can_be_accepted(commits: list[Commit], postgres_url: str) -> None:
    """The command says how."""
    await run()
    connection = await asyncpg.connect(postgres_url)
    await connection.execute("DELETE FROM reporting.fact_event WHERE sequence = 2")
    await connection.close()

    refused, accepted = await run(), await run("--accept-differences")

    assert refused.exit_code == 1
    assert "fact_event" in refused.stderr
    assert "--accept-differences" in refused.stderr
    assert accepted.exit_code == 0
    assert "Verified: accepted: different from the live tables" in accepted.stdout

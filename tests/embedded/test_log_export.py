"""`clic log` as a person or a script runs it, on a real server."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random

import pytest
from nats.aio.client import Client
from tests.reporting.export.test_log import recorded_in_order
from tests.reporting.history import append, history
from typer.testing import CliRunner, Result

from clic.log_export import app
from clic_chassis.embedded import free_port


async def run(*arguments: str | Path) -> Result:
    """The command in a thread: it has a loop of its own."""
    return await asyncio.to_thread(CliRunner().invoke, app, list(map(str, arguments)))


async def test_an_export_is_made_gone_on_with_and_verified(
    nats: Client, nats_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What each command prints is what an operator needs to know."""
    monkeypatch.setenv("CLIC_NATS_URL", nats_url)
    monkeypatch.setenv("COLUMNS", "140")
    commits = recorded_in_order(history(Random(14), 30))
    await append(nats, commits[:-10])
    facts = sum(len(each.events) for each in commits[:-10])

    made = await run("export", tmp_path)
    again = await run("export", tmp_path)
    await append(nats, commits[-10:])
    resumed = await run("export", tmp_path, "--resume")
    verified = await run("verify", tmp_path)

    assert made.exit_code == 0, made.output
    assert f"to position {len(commits) - 10:,} of the log: {facts:,} facts now" in made.stdout
    assert (again.exit_code, resumed.exit_code, verified.exit_code) == (1, 0, 0), resumed.output
    assert "add --resume to go on" in again.stderr
    assert f"Whole: positions 1 to {len(commits):,}" in verified.stdout
    assert (await run("verify", tmp_path / "nothing")).exit_code == 1


async def test_a_server_that_is_away_is_told_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No traceback, and nothing is begun in the folder."""
    monkeypatch.setenv("CLIC_NATS_URL", f"nats://127.0.0.1:{free_port()}")

    told = await run("export", tmp_path / "out")

    assert told.exit_code == 1
    assert "Is CLIC running?" in told.stderr
    assert not (tmp_path / "out").exists()

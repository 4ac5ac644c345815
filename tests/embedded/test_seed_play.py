"""The seed played through the inbox, once however often."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
import typer
from nats.aio.client import Client
from tests.embedded.double import FakeDesk
from tests.embedded.test_seed import stories
from typer.testing import CliRunner

from clic.connection import Connection
from clic.outbox import Outgoing
from clic.seed.command import seed as seed_command
from clic.seed.play import Played, SeedError, play
from clic_contracts.subject import INBOX_STREAM


def connections(url: str, submissions: list[Outgoing]) -> dict[str, Connection]:
    return {each.publisher: Connection(url) for each in submissions}


async def test_it_is_played_through_the_inbox_with_progress(nats: Client, nats_url: str, fake_desk: FakeDesk) -> None:
    submissions = stories(size=60)
    shown: list[Played] = []

    tally = await play(connections(nats_url, submissions), submissions, shown.append)

    assert dict(tally.by_status) == {"accepted": len(submissions)}
    assert shown[-1] == Played(len(submissions), len(submissions), len(submissions))
    assert [each.published for each in shown] == sorted(each.published for each in shown)
    stored = (await nats.jetstream().stream_info(INBOX_STREAM)).state.messages
    assert stored == len(submissions)


async def test_killed_in_the_middle_and_played_again_it_adds_nothing_twice(
    nats: Client, nats_url: str, fake_desk: FakeDesk
) -> None:
    submissions = stories(size=120)
    begun = asyncio.Event()
    killed = asyncio.create_task(play(connections(nats_url, submissions), submissions, lambda played: begun.set()))
    await begun.wait()
    killed.cancel()
    await asyncio.wait({killed})
    assert killed.cancelled()

    tally = await play(connections(nats_url, submissions), submissions)

    assert tally.by_status["known"] > 0
    assert tally.by_status.total() == len(submissions)
    assert len(fake_desk.order) == len(submissions)
    assert (await nats.jetstream().stream_info(INBOX_STREAM)).state.messages == len(submissions)


async def test_what_the_desk_refuses_is_an_error_that_says_what_to_do(nats_url: str, fake_desk: FakeDesk) -> None:
    submissions = stories(size=6)
    fake_desk.refuses = {submissions[0].event_id}

    with pytest.raises(SeedError, match=r"did not take 1 of \d+ .*because we say so.*another number with --seed"):
        await play(connections(nats_url, submissions), submissions)


def _command() -> typer.Typer:
    app = typer.Typer()
    app.command()(seed_command)
    return app


async def test_the_command_plays_it_and_says_so(
    nats_url: str, fake_desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLIC_NATS_URL", nats_url)

    result = await asyncio.to_thread(CliRunner().invoke, _command(), ["--size", "30"])

    assert result.exit_code == 0, result.output
    assert re.search(r"\d+ synthetic submissions from \d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d are in CLIC\.", result.output)


def test_without_a_running_clic_the_command_says_how_to_start_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLIC_DIR", str(tmp_path))

    result = CliRunner().invoke(_command(), [])

    assert result.exit_code == 1
    assert "start it with `clic up`" in result.output

"""The log read over a plain connection is the log that natsrpy reads."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random

import nats as nats_client
import pytest
from nats.aio.client import Client
from tests.reporting.history import append, history

from clic_chassis.embedded import start_nats
from clic_chassis.error import RetryableError
from clic_chassis.log_tail import GapError
from clic_chassis.nats_credential import ANONYMOUS
from clic_chassis.projector import CannotFoldError
from clic_chassis.streams import ensure_streams
from clic_contracts.subject import LOG_STREAM
from clic_reporting import reader
from clic_reporting.reader import Raw, open_reader, read_raw
from clic_reporting.rebuild import wire as wire_module
from clic_reporting.rebuild.wire import Wire, open_wire, read_wire


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rebuild reads by the library where a server is slow to greet; here it is waited for."""
    monkeypatch.setattr(wire_module, "CONNECT_TIMEOUT_S", 60.0)


async def by_wire(url: str, after: int, until: int) -> list[Raw]:
    """A part of the log over a plain connection."""
    wire = await asyncio.to_thread(open_wire, url, ANONYMOUS)
    assert wire is not None
    async with open_reader(url, ANONYMOUS) as client:
        return [raw async for batch in read_wire(wire, client, LOG_STREAM, after=after, until=until) for raw in batch]


async def by_natsrpy(url: str, after: int, until: int) -> list[Raw]:
    """The same part by the library."""
    async with open_reader(url, ANONYMOUS) as client:
        return [raw async for batch in read_raw(client, LOG_STREAM, after=after, until=until) for raw in batch]


@pytest.mark.parametrize("fetch", [1, 7, 5_000])
async def test_both_ways_read_the_same(
    nats: Client, nats_url: str, monkeypatch: pytest.MonkeyPatch, fetch: int
) -> None:
    """In pulls of any size, with messages longer than what is received at once, with headers and without."""
    monkeypatch.setattr(reader, "FETCH_COMMITS", fetch)
    monkeypatch.setattr(wire_module, "BUFFER_BYTES", 1_000)
    monkeypatch.setattr(wire_module, "RECEIVE_BYTES_MIN", 100)
    commits = history(Random(51), 12)
    await append(nats, commits)
    for size in (0, 1, 50_000):
        await nats.jetstream().publish(f"clic.log.intake.{commits[0].request_id}", b"\r\nMSG " * size)
    last = len(commits) + 3

    assert await by_wire(nats_url, 0, last) == await by_natsrpy(nats_url, 0, last)
    assert await by_wire(nats_url, 5, 17) == await by_natsrpy(nats_url, 5, 17)
    assert await by_wire(nats_url, 5, 5) == []


async def test_a_message_of_no_story_is_told_with_its_position(nats: Client, nats_url: str) -> None:
    """Nobody may write there, so that somebody should look."""
    await append(nats, history(Random(52), 2)[:2])
    await nats.jetstream().publish("clic.log.nobody.1", b"[]")

    for read in (by_wire, by_natsrpy):
        with pytest.raises(CannotFoldError, match="the commit at 3 cannot be folded: its subject is not"):
            await read(nats_url, 0, 3)


async def test_a_gap_is_an_alarm(nats: Client, nats_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that does not come is never skipped."""
    await append(nats, history(Random(53), 3)[:5])
    take = Wire.take

    def losing(self: Wire, messages: int) -> list[tuple[bytes, bytes, bytes]]:
        taken = take(self, messages)
        del taken[1]
        return taken

    monkeypatch.setattr(Wire, "take", losing)
    with pytest.raises(GapError, match="after position 1 came 3"):
        await by_wire(nats_url, 0, 5)


async def test_a_server_that_falls_silent_or_away_is_told_as_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rebuild can be tried again."""
    monkeypatch.setattr(wire_module, "FETCH_TIMEOUT_S", 0.5)
    server = await asyncio.to_thread(start_nats, tmp_path)
    client = await nats_client.connect(server.url)
    await ensure_streams(client)
    await append(client, history(Random(54), 3)[:5])
    await client.close()
    with pytest.raises(RetryableError, match=r"the log (gave nothing|says)"):
        await by_wire(server.url, 0, 6)  # One more than there are.

    wire = await asyncio.to_thread(open_wire, server.url, ANONYMOUS)
    assert wire is not None
    await asyncio.to_thread(server.stop)
    with pytest.raises(RetryableError, match="the log did not answer"):
        await asyncio.to_thread(wire.take, 1)
    assert await asyncio.to_thread(open_wire, server.url, ANONYMOUS) is None
    assert open_wire("tls://127.0.0.1:1", ANONYMOUS) is None

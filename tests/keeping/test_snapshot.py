"""Snapshots and their return on real servers: under load, damaged, over something, and up to a position."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio
from nats import connect
from nats.aio.client import Client
from tests.chassis.not_heard_yet import NotHeardYet

from clic.keeping import snapshot
from clic.keeping.cut import tell_again
from clic.keeping.error import KeepingError
from clic.keeping.log_digest import read_log
from clic.keeping.own_servers import own_nats
from clic.keeping.snapshot import StreamState
from clic_chassis.embedded import NatsCluster
from clic_chassis.streams import STREAMS, ensure_streams, remove_streams
from clic_chassis.testing import wait_until_done
from clic_contracts.envelope import TYPES_HEADER
from clic_contracts.subject import INBOX_STREAM, LOG_STREAM, log_subject
from clic_contracts.vocabulary import Service

COMMITS = 300
STORIES = 20
ANSWER_WAIT_S = 30.0
"""nats-py's own bound on an answer is half a second."""


class Pieces:
    """A sink in memory, which gives back what it took."""

    def __init__(self) -> None:
        self.held: list[bytes] = []

    async def write(self, piece: bytes) -> None:
        """Take a piece."""
        self.held.append(piece)

    async def given(self, held: Sequence[bytes] | None = None) -> AsyncIterator[bytes]:
        """What was taken, or something else."""
        for each in self.held if held is None else held:
            yield each


async def append(nats: Client, number: int, expected: int) -> None:
    """A commit as a service appends it."""
    headers = {"Nats-Expected-Last-Subject-Sequence": str(expected), TYPES_HEADER: "request.noted.v1"}
    body = json.dumps([{"number": number}]).encode()
    subject = log_subject(Service.INTAKE, f"r{number % STORIES}")
    answer = await nats.request(subject, body, timeout=ANSWER_WAIT_S, headers=headers)
    assert json.loads(answer.data)["seq"] == number


async def fill(nats: Client, first: int, last: int) -> None:
    for number in range(first, last + 1):
        await append(nats, number, max(0, number - STORIES))


@pytest_asyncio.fixture
async def empty(tmp_path: Path) -> AsyncIterator[Client]:
    """A server with nothing on it."""
    async with own_nats(tmp_path / "empty") as client:
        yield client


async def test_a_snapshot_under_load_ends_exactly_at_its_position(nats: Client, empty: Client) -> None:
    """What is appended while it is taken is not in it; what was before is, as it was."""
    await fill(nats, 1, COMMITS)
    stop = asyncio.Event()

    async def write() -> int:
        number = COMMITS
        while not stop.is_set():
            number += 1
            await append(nats, number, number - STORIES)
        return number

    writer = asyncio.create_task(write())
    await asyncio.sleep(0)
    pieces = Pieces()
    state = await snapshot.take(nats, LOG_STREAM, pieces)
    stop.set()
    written = await writer
    assert COMMITS <= state.last_sequence <= written
    await snapshot.give(empty, LOG_STREAM, state, pieces.given())
    there = await snapshot.info(empty, LOG_STREAM)
    assert there is not None
    assert there.state["last_seq"] == state.last_sequence
    assert there.state["first_ts"] == state.state["first_ts"]
    ours = await read_log(nats, until=state.last_sequence)
    theirs = await read_log(empty, until=state.last_sequence)
    assert theirs == ours
    assert ours.facts == state.last_sequence


async def test_a_restored_log_is_guarded_as_before(nats: Client, empty: Client) -> None:
    """Its settings come with it: no service finds a log that lets itself be purged."""
    await fill(nats, 1, 3)
    pieces = Pieces()
    state = await snapshot.take(nats, LOG_STREAM, pieces)
    await snapshot.give(empty, LOG_STREAM, state, pieces.given())
    await ensure_streams(empty)  # It compares the log's settings.


async def test_a_log_comes_back_on_three_replicas(nats: Client, nats_cluster: NatsCluster) -> None:
    """From one server to three, as a move to Kubernetes is; and from three it can be backed up."""
    await fill(nats, 1, STORIES)
    pieces, again = Pieces(), Pieces()
    state = await snapshot.take(nats, LOG_STREAM, pieces)
    cluster = await connect(nats_cluster.url.split(","))
    try:
        await snapshot.give(cluster, LOG_STREAM, state, pieces.given(), replicas=3)
        await wait_until_done(lambda: ensure_streams(cluster, replicas=3), what="the other streams are made")
        assert await read_log(cluster, until=STORIES) == await read_log(nats, until=STORIES)
        assert (await snapshot.take(cluster, LOG_STREAM, again)).last_sequence == STORIES
    finally:
        await remove_streams(cluster)
        await cluster.close()


async def test_a_cluster_that_was_just_started_is_waited_for(nats: Client, empty: Client) -> None:
    """It has not heard of the room on its servers yet, for a log and for a stream beside it."""
    await fill(nats, 1, 3)
    pieces = Pieces()
    state = await snapshot.take(nats, LOG_STREAM, pieces)
    await remove_streams(empty)
    await snapshot.give(NotHeardYet(empty, 2).client, LOG_STREAM, state, pieces.given())
    await snapshot.make(NotHeardYet(empty, 2).client, INBOX_STREAM, STREAMS[INBOX_STREAM], 1)
    await ensure_streams(empty)


async def test_nothing_is_restored_over_a_log(nats: Client) -> None:
    """The server refuses, and the log is as it was."""
    await fill(nats, 1, 3)
    pieces = Pieces()
    state = await snapshot.take(nats, LOG_STREAM, pieces)
    await fill(nats, 4, 5)
    with pytest.raises(KeepingError, match="already"):
        await snapshot.give(nats, LOG_STREAM, state, pieces.given())
    there = await snapshot.info(nats, LOG_STREAM)
    assert there is not None
    assert there.last_sequence == 5


async def test_a_snapshot_that_lacks_its_end_makes_no_log(nats: Client, empty: Client) -> None:
    """Beside our own digests the server looks, too."""
    await fill(nats, 1, COMMITS)
    pieces = Pieces()
    state = await snapshot.take(nats, LOG_STREAM, pieces)
    whole = b"".join(pieces.held)
    with pytest.raises(KeepingError, match="restore failed"):
        await snapshot.give(empty, LOG_STREAM, state, pieces.given([whole[: len(whole) // 2]]))
    assert await snapshot.info(empty, LOG_STREAM) is None


async def test_a_stream_that_is_not_there_has_no_snapshot(empty: Client) -> None:
    """It is an error, and no empty backup."""
    with pytest.raises(KeepingError, match="not found"):
        await snapshot.take(empty, LOG_STREAM, Pieces())


async def test_the_log_is_told_again_up_to_a_position(nats: Client, empty: Client) -> None:
    """Positions, subjects, headers and bodies are the same, and it goes on from there."""
    await fill(nats, 1, COMMITS)
    await ensure_streams(empty)
    until = COMMITS - 50
    await tell_again(nats, empty, until=until)
    assert await read_log(empty, until=until) == await read_log(nats, until=until)
    await append(empty, until + 1, until + 1 - STORIES)


async def test_the_log_is_told_again_into_an_empty_one_alone(nats: Client, empty: Client) -> None:
    """Each message expects what it expected: a story that differs is refused by the server itself, soon or late."""
    await fill(nats, 1, COMMITS)
    await ensure_streams(empty)
    await fill(empty, 1, 1)
    for until in (1, COMMITS):
        with pytest.raises(KeepingError, match="could not be told again"):
            await tell_again(nats, empty, until=until)


async def test_another_body_is_another_log(nats: Client, empty: Client) -> None:
    """The digest holds every byte of it."""
    await fill(nats, 1, 3)
    await ensure_streams(empty)
    await fill(empty, 1, 2)
    headers = {"Nats-Expected-Last-Subject-Sequence": "0", TYPES_HEADER: "request.noted.v1"}
    other = b'[{"number": 4}]'
    await empty.request(log_subject(Service.INTAKE, "r3"), other, timeout=ANSWER_WAIT_S, headers=headers)
    assert (await read_log(empty, until=2)).sha256 == (await read_log(nats, until=2)).sha256
    assert (await read_log(empty, until=3)).sha256 != (await read_log(nats, until=3)).sha256


def test_a_state_says_where_it_ends() -> None:
    """A purged stream holds less than it ever had."""
    state = StreamState({}, {"last_seq": 9, "messages": 2})
    assert (state.last_sequence, state.messages) == (9, 2)

"""The process runner on a real server: in order, acknowledged after done, tried again with a bound, nothing lost."""

from __future__ import annotations

import asyncio
from collections import Counter

import nats as nats_client
import pytest
from tests.chassis.workshop import (
    FILTER,
    Handler,
    all_acknowledged,
    note,
    note_next,
    notes,
    running,
    settings,
)

from clic_chassis import process, pull
from clic_chassis.delivery import Delivery
from clic_chassis.embedded.nats import NatsServer
from clic_chassis.error import RetryableError
from clic_chassis.process import Process
from clic_chassis.service import Runtime, open_runtime
from clic_chassis.settings import Settings
from clic_chassis.streams import ensure_streams, remove_streams
from clic_chassis.telemetry import METRICS
from clic_chassis.testing import wait_until, wait_until_done
from clic_contracts.envelope import Commit, derive_id
from clic_contracts.subject import INBOX_STREAM, LOG_STREAM

pytestmark = pytest.mark.usefixtures("quick")


async def test_every_commit_is_handled_once_and_in_the_order_of_its_request(runtime: Runtime[Settings]) -> None:
    """Forty requests of ten commits each, side by side, while they are being appended."""
    handle = Handler()
    async with running(runtime, handle):
        await asyncio.gather(*(notes(runtime.log, request, "abcdefghij") for request in range(40)))
        await wait_until(lambda: sum(map(len, handle.done.values())) == 400, what="400 commits")
        await all_acknowledged(runtime)
    assert [handle.of(request) for request in range(40)] == ["abcdefghij"] * 40


async def test_what_fails_for_a_while_is_tried_again_and_keeps_the_order(runtime: Runtime[Settings]) -> None:
    """Later commits of the request wait, those of others do not."""
    handle = Handler()
    handle.failing["b"] = RetryableError("away")
    async with running(runtime, handle):
        await notes(runtime.log, 1, "abc")
        await notes(runtime.log, 2, "xyz")
        await wait_until(lambda: handle.of(2) == "xyz" and handle.failures["b"] >= 3, what="three tries")
        assert handle.of(1) == "a"
        handle.failing.clear()
        await wait_until(lambda: handle.of(1) == "abc", what="the rest in order")
        await all_acknowledged(runtime)


async def test_how_long_the_oldest_message_waits_is_told_and_that_none_does(
    runtime: Runtime[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What alerts stand on: a lag alone does not say whether anything moves."""
    monkeypatch.setattr(process, "LAG_EVERY_S", 0.05)
    monkeypatch.setattr(process, "OLDEST_EVERY_S", 0.0)
    handle = Handler()
    handle.failing["a"] = RetryableError("away")
    oldest = METRICS.consumer_oldest.labels("test")._value
    async with running(runtime, handle):
        await notes(runtime.log, 1, "a")
        await notes(runtime.log, 2, "bcd")
        await wait_until(lambda: handle.of(2) == "bcd" and oldest.get() > 0.3, what="the first one waits")
        handle.failing.clear()
        await all_acknowledged(runtime)
        await wait_until(lambda: oldest.get() == 0, what="nothing waits")


@pytest.mark.slow
async def test_what_was_not_acknowledged_is_delivered_again_after_a_crash(
    nats_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first runner is cut off in the middle of a handler."""
    monkeypatch.setattr(process, "ACK_WAIT_S", 1.0)
    begun = asyncio.Event()

    async def hang(_: Commit) -> None:
        begun.set()
        await asyncio.Event().wait()

    async with open_runtime("routing", settings(nats_url)) as first:
        await notes(first.log, 1, "ab")
        task = asyncio.create_task(Process(first, durable="test", filters=[FILTER], handle=hang).run(asyncio.Event()))
        await asyncio.wait_for(begun.wait(), 30)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    handle = Handler()
    async with open_runtime("routing", settings(nats_url)) as second, running(second, handle):
        # At least once: this one may be too slow for so short a patience, too.
        await wait_until(lambda: list(dict.fromkeys(handle.of(1))) == list("ab"), what="both commits again")


async def test_a_stop_finishes_what_is_under_way_and_acknowledges_it(runtime: Runtime[Settings]) -> None:
    """Nothing is lost and nothing is done twice."""
    begun, release = asyncio.Event(), asyncio.Event()
    done: list[str] = []

    async def slow(commit: Commit) -> None:
        begun.set()
        await release.wait()
        done.append(commit.events[0].cause_id)

    stop = asyncio.Event()
    task = asyncio.create_task(Process(runtime, durable="test", filters=[FILTER], handle=slow).run(stop))
    await note(runtime.log, 1, "a")
    await asyncio.wait_for(begun.wait(), 30)
    stop.set()
    release.set()
    await asyncio.wait_for(task, 30)
    assert done == ["a"]
    await all_acknowledged(runtime)


@pytest.mark.slow
async def test_a_server_that_is_killed_and_comes_back_loses_nothing(own_nats: NatsServer) -> None:
    """The runner waits, reconnects, and goes on; what the server forgot to be acknowledged is handled again."""
    client = await nats_client.connect(own_nats.url)
    await ensure_streams(client)
    await client.close()
    handle = Handler()
    async with open_runtime("routing", settings(own_nats.url)) as runtime, running(runtime, handle):
        await notes(runtime.log, 1, "abc")
        await wait_until(lambda: handle.of(1) == "abc", what="the first three")
        own_nats.kill()
        own_nats.restart()
        await wait_until_done(lambda: note_next(runtime, "d"), 30, what="the log to answer again")
        await wait_until(lambda: "d" in handle.of(1), 30, what="the fourth")
        assert list("abcd") == list(dict.fromkeys(handle.of(1)))


async def test_what_comes_while_a_key_is_tried_again_keeps_its_order(runtime: Runtime[Settings]) -> None:
    """Twenty later commits, some of them appended meanwhile; other requests are not held up."""
    handle = Handler()
    handle.failing["a"] = RetryableError("away")
    async with running(runtime, handle):
        await notes(runtime.log, 1, "abcdefghij")
        await wait_until(lambda: handle.failures["a"] >= 2, what="two tries")
        for cause in "klmnopqrst":
            await note_next(runtime, cause)
        await notes(runtime.log, 2, "xyz")
        await wait_until(lambda: handle.of(2) == "xyz", what="the other request")
        handle.failing.clear()
        await all_acknowledged(runtime)
    assert handle.of(1) == "abcdefghijklmnopqrst"


async def test_a_slow_request_holds_up_no_other(nats_url: str) -> None:
    """Not even when more messages come than are taken at once: lanes of their own."""
    release = asyncio.Event()
    handle = Handler()

    async def slow(commit: Commit) -> None:
        if commit.request_id == derive_id("test", "0"):
            await release.wait()
        await handle(commit)

    async with (
        open_runtime("routing", settings(nats_url, batch_messages_max=8, concurrency_max=4)) as runtime,
        running(runtime, slow),
    ):
        await note(runtime.log, 0, "a")
        await asyncio.gather(*(notes(runtime.log, request, "ab") for request in range(1, 41)))
        await wait_until(lambda: sum(map(len, handle.done.values())) == 80, what="the forty others")
        assert handle.of(0) == ""
        release.set()
        await all_acknowledged(runtime)
        assert handle.of(0) == "a"


@pytest.mark.slow
async def test_what_takes_longer_than_the_servers_patience_is_not_delivered_twice(
    runtime: Runtime[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server is told that it is under way: what is handled, what waits behind it and what waits for a slot."""
    monkeypatch.setattr(process, "ACK_WAIT_S", 6.0)  # Told every 2 s: both may stand still for 4 s in between.
    monkeypatch.setattr(process, "LAG_EVERY_S", 0.1)
    seen: Counter[str] = Counter()
    release = asyncio.Event()

    async def patient(commit: Commit) -> None:
        seen[commit.events[0].cause_id] += 1
        await release.wait()

    async with running(runtime, patient):
        await notes(runtime.log, 1, "ab")
        await wait_until(lambda: seen["a"], what="the first to begin")
        began = asyncio.get_running_loop().time()
        await wait_until(lambda: asyncio.get_running_loop().time() - began > 9, what="the server's patience to end")
        info = await runtime.nats.jetstream().consumer_info(LOG_STREAM, "test")
        assert info.num_redelivered == 0
        release.set()
        await all_acknowledged(runtime)
    assert seen == Counter("ab")


async def test_nothing_is_remembered_of_what_is_done(runtime: Runtime[Settings]) -> None:
    """Bounded by what is under way: done, tried again, and parked messages leave no trace in memory."""
    handle = Handler()
    handle.failing["b"] = KeyError("a defect")
    handle.failing["x"] = RetryableError("away")
    async with running(runtime, handle) as each:
        await asyncio.gather(notes(runtime.log, 1, "abc"), notes(runtime.log, 2, "xyz"))
        await wait_until(lambda: handle.failures["x"] > 2, what="x to be tried again")
        handle.failing.pop("x")
        await all_acknowledged(runtime)
        assert (len(each._lanes), each._lanes._lanes, each._lanes._tasks) == (0, {}, set())
        assert (each._lanes._bytes, each._lanes._stalled) == (0, 0)
        assert len(each._parking._locks) == 0
        assert each._parking._parked == {derive_id("test", "1")}


async def test_what_waits_to_be_tried_again_is_given_back_at_a_stop(
    runtime: Runtime[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next instance has it at once, not after the server's patience."""
    monkeypatch.setattr(process, "ACK_WAIT_S", 90.0)
    handle = Handler()
    handle.failing["a"] = RetryableError("away")
    async with running(runtime, handle):
        await notes(runtime.log, 1, "abc")
        await wait_until(lambda: handle.failures["a"] >= 3, what="three tries")
    handle.failing.clear()
    async with running(runtime, handle):
        await wait_until(lambda: sorted(handle.of(1)) == list("abc"), process.ACK_WAIT_S / 3, what="all three")


async def test_a_consumer_that_somebody_deleted_is_made_again(
    runtime: Runtime[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It begins at the log's beginning; what was done is known by its cause."""
    monkeypatch.setattr(pull, "SILENCE_MAX_S", 2.0)
    handle = Handler()
    async with running(runtime, handle):
        await notes(runtime.log, 1, "ab")
        await wait_until(lambda: handle.of(1) == "ab", what="the first two")
        await runtime.nats.jetstream().delete_consumer(LOG_STREAM, "test")
        await note_next(runtime, "c")
        await wait_until(lambda: "c" in handle.of(1), what="the third")
    assert set(handle.of(1)) == set("abc")


async def test_a_stream_that_is_not_there_yet_is_waited_for_visibly(runtime: Runtime[Settings]) -> None:
    """Streams are made by who operates, perhaps later."""
    await remove_streams(runtime.nats)
    handle = Handler()
    async with running(runtime, handle) as each:
        await wait_until(lambda: "streams made" in (each.not_ready() or ""), what="the process to say what it lacks")
        await wait_until_done(lambda: ensure_streams(runtime.nats), what="the streams are made anew")
        await wait_until(lambda: each.not_ready() is None, what="the process to be ready")
        await notes(runtime.log, 1, "ab")
        await wait_until(lambda: handle.of(1) == "ab", what="both commits")


async def test_what_is_skipped_is_acknowledged_and_not_handled(runtime: Runtime[Settings]) -> None:
    """From its headers alone."""
    handle = Handler()
    async with running(runtime, handle, skip=lambda delivery: delivery.sequence % 2 == 0):
        await notes(runtime.log, 1, "abcd")
        await all_acknowledged(runtime)
    assert handle.of(1) == "ac"


async def test_large_messages_are_taken_within_the_bound_of_bytes(
    nats_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a body that gives no key, or one that is no good as a key, holds up nothing."""
    monkeypatch.setattr(process, "PULL_BYTES_MAX", 3 * 1024 * 1024)
    monkeypatch.setattr("clic_chassis.lane.HELD_BYTES_MAX", 2 * 1024 * 1024)
    seen: list[int] = []
    most = 0

    async def handle(delivery: Delivery) -> None:
        nonlocal most
        most = max(most, each._lanes._bytes)
        seen.append(delivery.sequence)

    def key(delivery: Delivery) -> str:
        if delivery.sequence % 3 == 0:
            raise TypeError("unhashable")
        return str(delivery.sequence) * (1 + 300 * (delivery.sequence % 2))

    async with open_runtime("routing", settings(nats_url)) as runtime:
        for _ in range(30):
            await runtime.nats.request("clic.inbox.somebody.large", bytes(900 * 1024), timeout=10)
        each = Process(
            runtime, durable="test", filters=["clic.inbox.>"], handle_delivery=handle, key=key, stream=INBOX_STREAM
        )
        stop = asyncio.Event()
        task = asyncio.create_task(each.run(stop))
        await wait_until(lambda: len(seen) == 30, what="all thirty")
        stop.set()
        await asyncio.wait_for(task, 30)
    assert sorted(seen) == list(range(1, 31))
    assert most < 2 * 1024 * 1024 + 3 * 1024 * 1024


async def test_two_instances_share_the_work_and_lose_nothing(nats_url: str) -> None:
    """One durable, two processes; each commit is handled at least once and nothing is left."""
    first, second = Handler(), Handler()
    async with (
        open_runtime("routing", settings(nats_url, batch_messages_max=4)) as one,
        open_runtime("routing", settings(nats_url, batch_messages_max=4)) as other,
        running(one, first) as one_at_it,
        running(other, second) as other_at_it,
    ):
        await wait_until(
            lambda: not any(each.not_ready() for each in (one_at_it, other_at_it)), what="both are at work"
        )
        await asyncio.gather(*(notes(one.log, request, "abcde") for request in range(30)))
        await all_acknowledged(one)
    for request in range(30):
        assert sorted(first.of(request) + second.of(request)) == sorted("abcde")
    assert first.done
    assert second.done


def test_a_process_has_exactly_one_kind_of_handler() -> None:
    """A mistake of wiring is told at once."""
    with pytest.raises(ValueError, match="either"):
        Process(None, durable="test", filters=[FILTER])  # type: ignore[arg-type]  # never looked at

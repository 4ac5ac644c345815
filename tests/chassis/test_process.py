"""The process runner on a real server: acknowledged after done, tried again with a bound, quarantined, resumed."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import nats as nats_client
import pytest
import pytest_asyncio

from clic_chassis import failure, process
from clic_chassis.embedded.nats import NatsServer
from clic_chassis.error import RetryableError, UnreadableError
from clic_chassis.jetstream_log import JetStreamLog
from clic_chassis.process import Process
from clic_chassis.quarantine import Entry
from clic_chassis.scenario import NOON, recorded
from clic_chassis.service import Runtime, open_runtime
from clic_chassis.settings import Settings
from clic_chassis.streams import ensure_streams
from clic_chassis.testing import wait_until
from clic_contracts.envelope import Commit, derive_id
from clic_contracts.event import RequestNoted
from clic_contracts.subject import LOG_STREAM
from clic_contracts.vocabulary import Service

TOWN = Path(__file__).parents[2] / "deploy" / "towns" / "mont-saint-hilaire"
FILTER = "clic.log.intake.*"


def settings(url: str, **more: Any) -> Settings:
    return Settings(nats_url=url, town_dir=TOWN, **more)


@pytest_asyncio.fixture
async def runtime(nats_url: str) -> AsyncIterator[Runtime[Settings]]:
    """A runtime of a service named routing, on fresh streams."""
    async with open_runtime("routing", settings(nats_url)) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failure, "BACKOFF_FIRST_S", 0.01)
    monkeypatch.setattr(failure, "BACKOFF_MAX_S", 0.05)


@contextlib.asynccontextmanager
async def running(
    runtime: Runtime[Settings], handle: Callable[[Commit], Any], durable: str = "test"
) -> AsyncIterator[Process]:
    each = Process(runtime, durable=durable, filters=[FILTER], handle=handle)
    stop = asyncio.Event()
    task = asyncio.create_task(each.run(stop))
    try:
        yield each
    finally:
        stop.set()
        await asyncio.wait_for(task, 10)


async def note(log: JetStreamLog, request: int, cause: str, expected: int = 0) -> int:
    return await log.append(
        Service.INTAKE, derive_id("test", str(request)), [recorded(RequestNoted(), cause_id=cause)], expected=expected
    )


async def notes(log: JetStreamLog, request: int, causes: str) -> None:
    position = 0
    for cause in causes:
        position = await note(log, request, cause, position)


class Handler:
    """Remembers what it did per request, and fails as it is told."""

    def __init__(self) -> None:
        self.done: defaultdict[str, list[str]] = defaultdict(list)
        self.failing: dict[str, Exception] = {}
        self.failures: defaultdict[str, int] = defaultdict(int)

    async def __call__(self, commit: Commit) -> None:
        """Do it, or fail as told."""
        cause = commit.events[0].cause_id
        if (error := self.failing.get(cause)) is not None:
            self.failures[cause] += 1
            raise error
        self.done[commit.request_id].append(cause)

    def of(self, request: int) -> str:
        """What was done of a request, in order."""
        return "".join(self.done[derive_id("test", str(request))])


async def lag(runtime: Runtime[Settings]) -> int:
    info = await runtime.nats.jetstream().consumer_info(LOG_STREAM, "test")
    return (info.num_pending or 0) + (info.num_ack_pending or 0)


async def all_acknowledged(runtime: Runtime[Settings]) -> None:
    async def idle() -> bool:
        return await lag(runtime) == 0

    await wait_until(idle, 15, what="the consumer to have nothing left")


async def test_every_commit_is_handled_once_and_in_the_order_of_its_request(runtime: Runtime[Settings]) -> None:
    """Forty requests of ten commits each, side by side, while they are being appended."""
    handle = Handler()
    async with running(runtime, handle):
        await asyncio.gather(*(notes(runtime.log, request, "abcdefghij") for request in range(40)))
        await wait_until(lambda: sum(map(len, handle.done.values())) == 400, 20, what="400 commits")
        await all_acknowledged(runtime)
    assert [handle.of(request) for request in range(40)] == ["abcdefghij"] * 40


async def test_what_fails_for_a_while_is_tried_again_and_keeps_the_order(runtime: Runtime[Settings]) -> None:
    """Later commits of the request wait, those of others do not."""
    handle = Handler()
    handle.failing["b"] = RetryableError("away")
    async with running(runtime, handle):
        await notes(runtime.log, 1, "abc")
        await notes(runtime.log, 2, "xyz")
        await wait_until(lambda: handle.of(2) == "xyz" and handle.failures["b"] >= 3, 10, what="three tries")
        assert handle.of(1) == "a"
        handle.failing.clear()
        await wait_until(lambda: handle.of(1) == "abc", 10, what="the rest in order")
        await all_acknowledged(runtime)


async def quarantined(runtime: Runtime[Settings]) -> list[Entry]:
    return [entry async for entry in runtime.quarantine.entries(service="routing")]


@pytest.mark.parametrize(("error", "tries"), [(UnreadableError("nobody can read it"), 1), (KeyError("a defect"), 5)])
async def test_what_fails_for_good_is_quarantined_with_its_reason_and_later_ones_wait(
    runtime: Runtime[Settings], error: Exception, tries: int
) -> None:
    """Nothing is dropped; other requests go on; then a retry brings everything in order."""
    handle = Handler()
    handle.failing["b"] = error
    async with running(runtime, handle):
        await notes(runtime.log, 1, "abcd")
        await notes(runtime.log, 2, "xyz")

        async def three_held() -> bool:
            return len(await quarantined(runtime)) == 3

        await wait_until(three_held, 15, what="b, c and d in quarantine")
        await all_acknowledged(runtime)
        entries = sorted(await quarantined(runtime), key=lambda entry: entry.sequence)
        assert [entry.state for entry in entries] == ["failed", "waiting", "waiting"]
        assert (tries, tries) == (handle.failures["b"], entries[0].tries)
        assert type(error).__name__ in entries[0].reason
        assert (handle.of(1), handle.of(2)) == ("a", "xyz")
        handle.failing.clear()
        await runtime.quarantine.retry(entries[0].entry_id, by="agent:exemple", now=NOON)
        await wait_until(lambda: handle.of(1) == "abcd", 10, what="the rest in order")
        await note_next(runtime, "e")
        await wait_until(lambda: handle.of(1) == "abcde", 10, what="the request to be free again")
    assert await quarantined(runtime) == []


async def note_next(runtime: Runtime[Settings], cause: str) -> None:
    story = await runtime.log.load(Service.INTAKE, derive_id("test", "1"))
    await note(runtime.log, 1, cause, story.last_sequence)


async def test_a_retry_that_fails_again_stays_in_quarantine(runtime: Runtime[Settings]) -> None:
    """With its new reason, and the rest goes on waiting."""
    handle = Handler()
    handle.failing["b"] = UnreadableError("first reason")
    async with running(runtime, handle):
        await notes(runtime.log, 1, "abc")

        async def held() -> list[Entry]:
            return [e for e in await quarantined(runtime) if e.state == "failed"]

        (entry,) = await wait_until(held, 10, what="b in quarantine")
        handle.failing["b"] = UnreadableError("second reason")
        await runtime.quarantine.retry(entry.entry_id, by="agent:exemple", now=NOON)

        async def failed_again() -> bool:
            return any("second reason" in e.reason for e in await held())

        await wait_until(failed_again, 10, what="the new reason")
        assert handle.of(1) == "a"


async def test_a_discarded_message_is_left_and_the_rest_goes_on(runtime: Runtime[Settings]) -> None:
    """By a person's decision, which is kept."""
    handle = Handler()
    handle.failing["b"] = UnreadableError("nobody can read it")
    async with running(runtime, handle):
        await notes(runtime.log, 1, "abc")

        async def held() -> bool:
            return len(await quarantined(runtime)) == 2

        await wait_until(held, 10, what="b and c in quarantine")
        failed = next(e for e in await quarantined(runtime) if e.state == "failed")
        await runtime.quarantine.discard(failed.entry_id, by="agent:exemple", reason="a test's", now=NOON)
        await wait_until(lambda: handle.of(1) == "ac", 10, what="c, without b")
    (left,) = [e async for e in runtime.quarantine.entries(service="routing", states=("discarded",))]
    assert (left.by, "a test's" in left.reason) == ("agent:exemple", True)


async def test_what_was_quarantined_before_a_restart_still_holds_its_request(runtime: Runtime[Settings]) -> None:
    """And a retry that was asked for while nobody was there is done at the start."""
    handle = Handler()
    handle.failing["b"] = UnreadableError("nobody can read it")
    async with running(runtime, handle):
        await notes(runtime.log, 1, "ab")

        async def held() -> bool:
            return len(await quarantined(runtime)) == 1

        await wait_until(held, 10, what="b in quarantine")
    (entry,) = await quarantined(runtime)
    await note_next(runtime, "c")
    handle.failing.clear()
    async with running(runtime, handle):

        async def waits() -> bool:
            return [e.state for e in await quarantined(runtime)] == ["failed", "waiting"]

        await wait_until(waits, 10, what="c behind b")
    await runtime.quarantine.retry(entry.entry_id, by="agent:exemple", now=NOON)
    async with running(runtime, handle):
        await wait_until(lambda: handle.of(1) == "abc", 10, what="both in order")


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
        await asyncio.wait_for(begun.wait(), 10)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    handle = Handler()
    async with open_runtime("routing", settings(nats_url)) as second, running(second, handle):
        await wait_until(lambda: handle.of(1) == "ab", 15, what="both commits again")


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
    await asyncio.wait_for(begun.wait(), 10)
    stop.set()
    release.set()
    await asyncio.wait_for(task, 10)
    assert done == ["a"]
    await all_acknowledged(runtime)


async def test_a_server_that_is_killed_and_comes_back_loses_nothing(own_nats: NatsServer) -> None:
    """The runner waits, reconnects, and goes on where it was."""
    client = await nats_client.connect(own_nats.url)
    await ensure_streams(client)
    await client.close()
    handle = Handler()
    async with open_runtime("routing", settings(own_nats.url)) as runtime, running(runtime, handle):
        await notes(runtime.log, 1, "abc")
        await wait_until(lambda: handle.of(1) == "abc", 10, what="the first three")
        own_nats.kill()
        own_nats.restart()

        async def goes_on() -> bool:
            try:
                await note_next(runtime, "d")
            except RetryableError:
                return False
            return True

        await wait_until(goes_on, 30, what="the log to answer again")
        await wait_until(lambda: handle.of(1) == "abcd", 30, what="the fourth")

"""A fact of a later version stands in the log while older code runs: it waits, it is told, and it harms no other."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from tests.chassis.tally import Tally, folded, position
from tests.chassis.workshop import Handler, held, none_held, note, running, settings

from clic_chassis import failure, projector
from clic_chassis.clock import SystemClock
from clic_chassis.error import UnreadableError
from clic_chassis.projector import Projector
from clic_chassis.scenario import NOON, recorded
from clic_chassis.service import Runtime, open_runtime
from clic_chassis.settings import Settings
from clic_chassis.testing import at_work, wait_until
from clic_contracts.envelope import TYPES_HEADER, derive_id, encode_commit
from clic_contracts.event import RequestNoted
from clic_contracts.subject import log_subject
from clic_contracts.upcast import UPCASTERS
from clic_contracts.vocabulary import Service

LATER_TYPE = "request.noted.v2"
FIRST, SECOND = derive_id("test", "1"), derive_id("test", "2")


@pytest_asyncio.fixture
async def runtime(nats_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Runtime[Settings]]:
    """What a service of today's code stands on."""
    monkeypatch.setattr(failure, "BACKOFF_FIRST_S", 0.01)
    monkeypatch.setattr(projector, "BACKOFF_FIRST_S", 0.05)
    async with open_runtime("test", settings(nats_url), clock=SystemClock()) as opened:
        yield opened


@pytest_asyncio.fixture
async def pool(postgres_url: str) -> AsyncIterator[Any]:
    """A pool of the projection's database."""
    async with asyncpg.create_pool(postgres_url, min_size=1, max_size=4) as opened:
        yield opened


async def told_later(runtime: Runtime[Settings], request_id: str, cause: str) -> None:
    """What a later version of intake would append: a note that says who may read it."""
    (fact,) = json.loads(encode_commit([recorded(RequestNoted(), cause_id=cause)]))
    fact |= {"type": LATER_TYPE, "data": {"for_whom": "greffe"}}
    await runtime.nats.jetstream().publish(
        log_subject(Service.INTAKE, request_id), json.dumps([fact]).encode(), headers={TYPES_HEADER: LATER_TYPE}
    )


def newer_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on this process is of a version that reads it."""

    def read(fact: dict[str, Any]) -> dict[str, Any]:
        return {**fact, "type": RequestNoted.TYPE, "data": {}}

    monkeypatch.setitem(UPCASTERS, LATER_TYPE, read)


async def test_a_process_holds_up_its_request_alone_until_newer_code_reads_it(
    runtime: Runtime[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In quarantine with its reason, later facts of the request behind it; then all of it, in order."""
    handle = Handler()
    async with running(runtime, handle):
        await note(runtime.log, 1, "a")
        await told_later(runtime, FIRST, "b")
        await note(runtime.log, 1, "c", 2)
        await note(runtime.log, 2, "x")
        entries = await held(runtime, 2)
        await wait_until(lambda: handle.of(2) == "x", what="the other request")
        assert handle.of(1) == "a"
        assert "UnreadableError" in entries[0].reason
        newer_code(monkeypatch)
        await runtime.quarantine.retry(entries[0].entry_id, by="agent:exemple", now=NOON)
        await wait_until(lambda: handle.of(1) == "abc", what="all of it, in order")
    await none_held(runtime)


async def test_a_projection_stands_before_it_and_goes_on_by_itself(
    runtime: Runtime[Settings], pool: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is skipped, and nobody need be asked."""
    projection = Projector(runtime.nats, pool, Tally(), backoff_max_s=0.2)
    async with at_work(projection):
        await note(runtime.log, 1, "a")
        await told_later(runtime, FIRST, "b")
        await note(runtime.log, 2, "c")

        def stands() -> bool:
            return "cannot be folded" in (projection.not_ready() or "")

        await wait_until(stands, what="the projection to stand")
        assert await position(pool) == 1
        newer_code(monkeypatch)
        await wait_until(lambda: folded_whole(pool), what="the rest")
    assert projection.not_ready() is None


async def folded_whole(pool: Any) -> bool:
    """Whether all three were folded, in their order."""
    return await folded(pool) == "abc"


async def test_a_decision_on_its_request_is_refused_for_now(runtime: Runtime[Settings]) -> None:
    """What cannot be read is not decided on; other requests are."""
    await told_later(runtime, FIRST, "b")
    decisions = runtime.decisions(Service.INTAKE)
    with pytest.raises(UnreadableError):
        await decisions.decide(FIRST, lambda _: (), cause_id="c", actor="agent:exemple")
    assert (await decisions.decide(SECOND, lambda _: (), cause_id="c", actor="agent:exemple")).known

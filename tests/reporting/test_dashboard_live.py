"""How soon the dashboard tells an event, and what bounds and ends that, on real servers."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from collections.abc import AsyncIterator, Iterator
from importlib import resources
from pathlib import Path
from time import monotonic

import asyncpg
import httpx
import pytest
import pytest_asyncio
from nats.aio.client import Client
from pydantic import SecretStr
from tests.place import TOWN_DIR
from tests.reporting.board import (
    Settled,
    agents,
    bearer,
    board_api,
    board_town,
    client_of,
    received,
    served,
    settled,
    text_of,
)
from tests.reporting.history import append

from clic_chassis.clock import SystemClock
from clic_chassis.service import open_runtime
from clic_chassis.testing import Server, at_work, wait_until
from clic_contracts.envelope import Commit
from clic_contracts.vocabulary import Service
from clic_reporting.app import wire
from clic_reporting.dashboard import live as live_module
from clic_reporting.dashboard.live import Changes, FullError
from clic_reporting.settings import Settings

PATIENCE_S = 60.0
"""For what must come: machines of tests are shared, and stand still at times."""
TOWN_COMMITS = len(board_town(dt.datetime.now(dt.UTC)))


@pytest.fixture(scope="module")
def small(postgres_server: Server) -> Iterator[Settled]:
    """The small town's tables."""
    yield from settled(postgres_server.url)


@pytest_asyncio.fixture
async def pool(small: Settled) -> AsyncIterator[asyncpg.Pool]:
    """Connections to the small town's tables, to read."""
    async with asyncpg.create_pool(small.url, min_size=1, max_size=3) as pool:
        yield pool


async def test_before_anything_is_folded_the_answer_is_not_yet(postgres_url: str) -> None:
    """Not an error of ours, and the live stream waits."""
    async with asyncpg.create_pool(postgres_url, min_size=1, max_size=2) as pool:
        api, changes = board_api(pool, SystemClock())
        async with client_of(api, **bearer("desk")) as client:
            answer = await client.get("/dashboard")
        with changes.seat("desk"):
            async with at_work(changes):
                await pool.fetchval("SELECT 1")

    assert answer.status_code == 503
    assert changes.position is None


async def test_viewers_are_bounded(pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """One reader's forgotten pages do not take the places of the others."""
    monkeypatch.setattr(live_module, "VIEWERS_MAX", 4)
    monkeypatch.setattr(live_module, "VIEWERS_EACH_MAX", 3)
    changes = Changes(pool)
    with contextlib.ExitStack() as seats:
        for _ in range(3):
            seats.enter_context(changes.seat("desk"))
        with pytest.raises(FullError), changes.seat("desk"):
            pass
        seats.enter_context(changes.seat("voirie"))
        with pytest.raises(FullError), changes.seat("greffe"):
            pass
        api, _ = board_api(pool, SystemClock())
    assert changes.viewers == 0
    async with client_of(api, **bearer("desk")) as client:
        monkeypatch.setattr(live_module, "VIEWERS_MAX", 0)
        answer = await client.get("/dashboard/live")
    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)


async def test_an_event_is_on_the_page_within_a_second(
    nats: Client, nats_url: str, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the log over the projection and the stream of changes to the page, wired as it runs.

    The limit is generous, as machines of tests are shared; the second itself is for the bench. By the heartbeat alone
    nothing is told here.
    """
    monkeypatch.setattr(live_module, "HEARTBEAT_S", 3_600.0)
    file = tmp_path / "agents.json"
    file.write_text(json.dumps({digest: each.model_dump() for digest, each in agents().items()}), encoding="utf-8")
    settings = Settings(nats_url=nats_url, postgres_url=SecretStr(postgres_url), town_dir=TOWN_DIR, agents_file=file)
    facts = [received(f"90000{n}", dt.datetime.now(dt.UTC), "clic") for n in range(2)]
    commits = [Commit(n, Service.INTAKE, of[0].request_id, (of[0],)) for n, of in enumerate(facts, 1)]
    async with open_runtime("reporting", settings) as runtime:
        wiring = await wire(runtime)
        assert wiring.http is not None
        async with (
            served(wiring.http) as url,
            httpx.AsyncClient(base_url=url, headers=bearer("desk"), timeout=PATIENCE_S) as client,
        ):
            async with at_work(*wiring.components):
                await append(nats, commits[:1])

                async def there() -> bool:
                    return "1 en attente" in text_of((await client.get("/dashboard")).text)

                await wait_until(there, PATIENCE_S, what="the first request is on the page")
                async with client.stream("GET", "/dashboard/live") as stream:
                    lines = stream.aiter_lines()
                    told = [line async for line in _data(lines, until="1")]
                    began = monotonic()
                    await append(nats, commits[1:])
                    told += [line async for line in _data(lines, until="2")]
                    text = text_of((await client.get("/dashboard", headers={"X-Clic-Live": "1"})).text)
                    took_s = monotonic() - began
            assert stream.headers["content-type"].startswith("text/event-stream")

    assert told == ["1", "2"]
    assert "2 en attente" in text
    assert took_s < 30


async def _data(lines: AsyncIterator[str], *, until: str) -> AsyncIterator[str]:
    """The data of a stream's events, to the one that is waited for."""
    async for line in lines:
        if line.startswith("data: "):
            yield line.removeprefix("data: ")
            if line == f"data: {until}":
                return


async def test_a_stop_ends_the_streams(pool: asyncpg.Pool) -> None:
    """A page that is open does not hold up the service's stop."""
    api, changes = board_api(pool, SystemClock())
    async with contextlib.AsyncExitStack() as stack:
        url = await stack.enter_async_context(served(api))
        client = await stack.enter_async_context(
            httpx.AsyncClient(base_url=url, headers=bearer("desk"), timeout=PATIENCE_S)
        )
        async with at_work(changes):
            stream = await stack.enter_async_context(client.stream("GET", "/dashboard/live"))
            lines = stream.aiter_lines()
            assert [each async for each in _data(lines, until=str(TOWN_COMMITS))]
        assert [line async for line in lines if line.startswith("data: ")] == []
    await wait_until(lambda: changes.viewers == 0, PATIENCE_S, what="nobody watches")


def test_the_script_is_small_and_by_itself() -> None:
    """It can be read in one sitting, and loads nothing."""
    script = resources.files("clic_reporting").joinpath("static/dashboard.js").read_text(encoding="utf-8")
    assert len(script.splitlines()) <= 100
    assert "import" not in script
    assert "innerHTML" not in script

"""What readers of the large tables wait for: a quarter's report, a page of the dashboard, a fact in a view."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import signal
import sys
from bisect import bisect_left
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape
from statistics import median
from time import perf_counter

import asyncpg
import httpx
from nats.js.api import PubAck
from tests.place import TOWN_DIR

from clic.servers import without_clic
from clic_chassis.embedded import free_port
from clic_chassis.embedded.server_process import start_process, tail
from clic_chassis.testing import wait_until
from clic_contracts.envelope import TYPES_HEADER
from clic_reporting.report import overview, period_comparison

from .large_town import LargeTown
from .measure import Measure, percentile

HOME = "/dashboard"
_DRAWING = re.compile(r'"(/dashboard/charts/[^"\s]+)[" ]')
QUARTERS = 8
"""The newest ones are reported."""
ROUNDS = 15
"""Each page of the dashboard is asked for so often, and once before, uncounted."""
LISTS = ("pending", "late", "risk", "due_today", "due_week", "today", "quarter")
EVENTS_PER_S = 500
LIVE_S = 30.0
WARM_UP_S = 5.0
LOOK_EVERY_S = 0.005
READY_S = 120.0
SEEN_S = 60.0
TOKEN = "bench-reads-everything"


async def report_s(postgres_url: str, size: str) -> list[Measure]:
    """A quarter with what it is compared with, as `clic report` computes it; then as it was known at its end."""
    connection = await asyncpg.connect(postgres_url)
    try:
        quarters = [each.period for each in (await overview(connection)).quarters[:QUARTERS]]
        now = [await _timed(connection, each) for each in quarters]
        before = [await _timed(connection, each, as_of=_last_day(each)) for each in quarters[1:3]]
    finally:
        await connection.close()
    return [
        Measure(f"report.quarter_s_{size}", median(now), "s", "< 1"),
        Measure(f"report.quarter_max_s_{size}", max(now), "s"),
        *([Measure(f"report.quarter_as_of_s_{size}", median(before), "s")] if before else []),
    ]


async def _timed(connection: asyncpg.Connection, quarter: str, *, as_of: str | None = None) -> float:
    began = perf_counter()
    await period_comparison(connection, quarter, as_of=as_of)
    return perf_counter() - began


def _last_day(quarter: str) -> str:
    """The last day of a quarter such as 2026-Q1."""
    return quarter[:5] + ("03-31", "06-30", "09-30", "12-31")[int(quarter[-1]) - 1]


@asynccontextmanager
async def reporting_service(town: LargeTown, postgres_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """The service on the large tables, in a process of its own as ever; gives a client of its HTTP, for the desk."""
    folder = town.folder / "reporting"
    folder.mkdir(exist_ok=True)
    digest = hashlib.sha256(TOKEN.encode()).hexdigest()
    (folder / "agents.json").write_text(json.dumps({digest: {"agent": "bench", "roles": ["desk"]}}), encoding="utf-8")
    port = free_port()
    environment = {
        **without_clic(os.environ),
        "CLIC_NATS_URL": town.nats.url,
        "CLIC_POSTGRES_URL": postgres_url,
        "CLIC_TOWN_DIR": str(TOWN_DIR),
        "CLIC_HTTP_PORT": str(port),
        "CLIC_AGENTS_FILE": str(folder / "agents.json"),
    }
    log_file = folder / "log.jsonl"
    process = start_process(folder, [sys.executable, "-m", "clic_reporting"], log_file, environment=environment)
    headers = {"Authorization": f"Bearer {TOKEN}", "Accept": "text/html"}
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60, trust_env=False
        ) as client:

            async def is_ready() -> bool:
                assert process.running, f"the reporting service ended:\n{tail(log_file, 12)}"
                try:
                    return (await client.get("/readyz")).is_success
                except httpx.HTTPError:
                    return False

            await wait_until(is_ready, READY_S, what="the reporting service is ready")
            yield client
    finally:
        process.stop(signal.SIGTERM)


async def dashboard_ms(client: httpx.AsyncClient, departments: list[str], size: str) -> list[Measure]:
    """Every sort of page: the whole town, departments, lists; and each drawing of the first, before it is kept."""
    pages = [HOME, *(f"{HOME}/departments/{each}" for each in departments)]
    lists = [f"{HOME}/requests?show={each}" for each in LISTS]
    took: dict[str, list[float]] = {}
    for number in range(ROUNDS + 1):
        for page in (*pages, *lists):
            asked_ms = await _asked_ms(client, page)
            if number:
                took.setdefault(page, []).append(asked_ms)
    drawn = [await _asked_ms(client, unescape(each)) for each in set(_DRAWING.findall((await client.get(HOME)).text))]
    everything = [each for times in took.values() for each in times]
    slowest = max(took, key=lambda page: median(took[page]))
    return [
        Measure(f"dashboard.p95_ms_{size}", percentile(everything, 0.95), "ms", "< 200"),
        Measure(f"dashboard.p50_ms_{size}", percentile(everything, 0.5), "ms"),
        Measure(f"dashboard.home_p95_ms_{size}", percentile(took[HOME], 0.95), "ms", "< 200"),
        Measure(f"dashboard.slowest_p50_ms_{size}", median(took[slowest]), "ms", f"it is {slowest}"),
        *([Measure(f"dashboard.drawing_max_ms_{size}", max(drawn), "ms")] if drawn else []),
    ]


async def _asked_ms(client: httpx.AsyncClient, address: str) -> float:
    began = perf_counter()
    (await client.get(address)).raise_for_status()
    return 1000 * (perf_counter() - began)


async def visible_ms(town: LargeTown, postgres_url: str) -> list[Measure]:
    """From a commit being appended, as a service appends, until its facts stand in the view `event`.

    The town goes on: the next facts of its log at a steady rate, to a server that syncs each write.
    """
    coming = town.source.batches(town.source.events + round(EVENTS_PER_S * (WARM_UP_S + LIVE_S)))
    commits = [each for batch in [*coming] for each in batch]
    looks = Looks()
    appended: list[tuple[float, asyncio.Future[PubAck]]] = []
    facts = 0
    async with town.client() as client, looks.at(postgres_url):
        stream = client.jetstream(timeout=SEEN_S)
        began = perf_counter()
        for subject, types, body, events in commits:
            await asyncio.sleep(max(0.0, began + facts / EVENTS_PER_S - perf_counter()))
            asked = perf_counter()
            # In this order on one connection: a request's facts reach the log as they were decided.
            acknowledged = await stream.publish_async(subject, body, headers={TYPES_HEADER: types})
            appended.append((asked, acknowledged))
            facts += events
        rate = facts / (perf_counter() - began)
        positions = [(await acknowledged).seq for _, acknowledged in appended]
        await wait_until(lambda: looks.position >= positions[-1], SEEN_S, what="the last fact is seen")
    delays_ms = [
        1000 * (looks.saw(position) - asked)
        for position, (asked, _) in zip(positions, appended, strict=True)
        if asked >= began + WARM_UP_S
    ]
    return [
        Measure("visible.load_per_s_500", rate, "facts/s"),
        Measure("visible.p50_ms_500", percentile(delays_ms, 0.5), "ms"),
        Measure("visible.p99_ms_500", percentile(delays_ms, 0.99), "ms", "< 250"),
        Measure("visible.max_ms_500", max(delays_ms), "ms"),
    ]


class Looks:
    """Who looks at the view `event` every few milliseconds, which is added to what is measured."""

    def __init__(self) -> None:
        self.position = 0
        self._positions: list[int] = []
        self._instants: list[float] = []

    @asynccontextmanager
    async def at(self, postgres_url: str) -> AsyncIterator[None]:
        """Look while the block lasts; from where the tables are now."""
        connection = await asyncpg.connect(postgres_url)
        try:
            self.position = await connection.fetchval("SELECT position FROM reporting.as_of")
            looking = asyncio.create_task(self._look(connection))
            try:
                yield
            finally:
                looking.cancel()
                await asyncio.wait({looking})
        finally:
            await connection.close()

    async def _look(self, connection: asyncpg.Connection) -> None:
        statement = await connection.prepare("SELECT max(sequence) FROM reporting.event WHERE sequence > $1")
        while True:
            last = await statement.fetchval(self.position)
            if last is not None:
                self.position = last
                self._positions.append(last)
                self._instants.append(perf_counter())
            await asyncio.sleep(LOOK_EVERY_S)

    def saw(self, position: int) -> float:
        """When a position, or a later one, was first seen."""
        return self._instants[bisect_left(self._positions, position)]

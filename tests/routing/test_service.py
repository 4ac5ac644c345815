"""A service as a process of the machine; routing, the smallest, stands for all: probes, settings, stops, outages."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import nats as nats_client
import psutil
import pytest
from nats.aio.client import Client
from tests.place import TOWN_DIR

from clic_chassis.embedded import NatsServer
from clic_chassis.jetstream_log import JetStreamLog
from clic_chassis.scenario import recorded
from clic_chassis.streams import ensure_streams
from clic_chassis.testing import wait_until, wait_until_done
from clic_contracts.envelope import derive_id
from clic_contracts.event import RequestReceived
from clic_contracts.subject import LOG_STREAM
from clic_contracts.vocabulary import Service

STOP_S = 20.0
"""Longer than a busy machine stands still, and much less than the minute that a start waits."""
START_S = 60.0
"""A process reads its libraries first."""


def environment(**settings: Any) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CLIC_")}
    return {**kept, "CLIC_TOWN_DIR": str(TOWN_DIR), **{name: str(value) for name, value in settings.items()}}


def lines_of(file: Path) -> list[dict[str, Any]]:
    """A file of JSON lines that is being written: those that are whole."""
    return [json.loads(line) for line in file.read_text().splitlines(keepends=True) if line.endswith("\n")]


class Running:
    """Routing, in a process of its own."""

    def __init__(self, url: str, folder: Path, **settings: Any) -> None:
        self.log_file = folder / f"{len(list(folder.iterdir()))}.jsonl"
        own = {"CLIC_NATS_URL": url, "CLIC_HTTP_PORT": 0, "CLIC_STOP_TIMEOUT_S": STOP_S, **settings}
        with self.log_file.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "clic_routing"], env=environment(**own), stdout=output, stderr=output
            )

    @property
    def port(self) -> int | None:
        """Where it listens; None while it does not."""
        return next((line["port"] for line in self.lines() if line["event"] == "service_started"), None)

    async def ask(self, path: str) -> httpx.Response | None:
        """What it answers; None while it does not."""
        if (port := self.port) is None:
            return None
        async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
            try:
                return await client.get(f"http://127.0.0.1:{port}{path}")
            except httpx.TransportError:
                return None

    async def answer(self, path: str) -> httpx.Response:
        """What it answers, waited for."""
        found = await wait_until(lambda: self.ask(path), START_S, what=f"an answer to {path}")
        assert found is not None
        return found

    async def ready(self, *, ready: bool = True) -> httpx.Response:
        """Wait until it is, or is not."""

        async def as_wished() -> httpx.Response | None:
            assert self.process.poll() is None, self.log_file.read_text()
            answer = await self.ask("/readyz")
            return answer if answer is not None and answer.is_success is ready else None

        found = await wait_until(as_wished, START_S, what=f"routing to be {'ready' if ready else 'not ready'}")
        assert found is not None
        return found

    async def stopped(self) -> int:
        """SIGTERM, and its exit code; within its bound."""
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.to_thread(self.process.wait, 2 * STOP_S + 2)

    def lines(self) -> list[dict[str, Any]]:
        """Its log; every line is JSON."""
        return lines_of(self.log_file)

    def events(self) -> list[str]:
        """The names in its log."""
        return [line["event"] for line in self.lines()]


@contextlib.asynccontextmanager
async def routing(url: str, folder: Path, **settings: Any) -> AsyncIterator[Running]:
    running = Running(url, folder, **settings)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.process.kill()
            await asyncio.to_thread(running.process.wait)


async def receive(log: JetStreamLog, name: str) -> None:
    request_id = derive_id("test", name)
    fact = recorded(
        RequestReceived.model_validate(RequestReceived.EXAMPLE), request_id=request_id, cause_id=f"cause-{name}"
    )
    await log.append(Service.INTAKE, request_id, [fact], expected=0)


async def routed(log: JetStreamLog) -> int:
    return len([commit async for commit in log.read(filters=["clic.log.routing.*"])])


async def test_a_service_answers_probes_and_tells_its_metrics(nats: Client, nats_url: str, tmp_path: Path) -> None:
    """Events in and out, lag, retries, conflicts, append latency, quarantine; POL-38: and no personal data."""
    log = JetStreamLog(nats)
    async with routing(nats_url, tmp_path) as running:
        await running.ready()
        assert (await running.answer("/livez")).json() == {"status": "alive"}
        for number in range(5):
            await receive(log, str(number))

        async def told() -> str | None:
            metrics = await running.answer("/metrics")
            done = 'clic_events_in_total{consumer="routing"} 5.0' in metrics.text
            return (
                metrics.text if done and 'clic_consumer_lag_messages{consumer="routing"} 0.0' in metrics.text else None
            )

        text = await wait_until(told, 30, what="the metrics to tell of five requests")
        assert text is not None
        assert 'clic_events_out_total{type="request.routed.v1"} 5.0' in text
        assert "clic_append_seconds_count 5.0" in text
        assert 'clic_handle_seconds_count{consumer="routing"} 5.0' in text
        assert 'clic_quarantined{service="routing"} 0.0' in text
        for name in ("clic_append_conflicts_total", "clic_retries_total", "clic_projection_lag_messages"):
            assert f"# TYPE {name.removesuffix('_total')}" in text
        assert await running.stopped() == 0
        assert running.events()[-1] == "service_stopped"


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"CLIC_HTTP_PORT": "many"}, "CLIC_HTTP_PORT"),
        ({"CLIC_LOG_LEVEL": "loud"}, "CLIC_LOG_LEVEL"),
        ({"CLIC_CONCURRENCY_MAX": "0", "CLIC_STOP_TIMEOUT_S": "-1"}, "CLIC_STOP_TIMEOUT_S"),
    ],
)
def test_an_environment_that_does_not_fit_ends_it_with_2_and_the_variables_name(
    settings: dict[str, str], named: str
) -> None:
    """On standard error, without a traceback."""
    ended = subprocess.run(
        [sys.executable, "-m", "clic_routing"],
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert named in ended.stderr
    assert "Traceback" not in ended.stderr


async def test_a_sigterm_in_the_middle_of_the_work_loses_nothing_and_ends_within_its_bound(
    nats: Client, nats_url: str, tmp_path: Path
) -> None:
    """What was given back is done by the next one; each request is routed once."""
    log = JetStreamLog(nats)
    for start in range(0, 400, 40):  # Each append waits five seconds at most, and all of them for one disk.
        await asyncio.gather(*(receive(log, str(number)) for number in range(start, start + 40)))
    async with routing(nats_url, tmp_path) as running:
        await wait_until(lambda: routed(log), START_S, what="the work to begin")
        began = monotonic()
        assert await running.stopped() == 0
        assert monotonic() - began < STOP_S + 2
    done = await routed(log)
    async with routing(nats_url, tmp_path) as running:
        await running.ready()

        async def all_done() -> bool:
            return await routed(log) == 400

        await wait_until(all_done, 60, what=f"the rest after {done}")
        info = await nats.jetstream().consumer_info(LOG_STREAM, "routing")
        assert info.num_pending == 0


async def test_a_server_that_is_not_there_yet_is_waited_for(tmp_path: Path, own_nats: NatsServer) -> None:
    """NATS first, then the streams; it begins by itself."""
    own_nats.stop()
    async with routing(own_nats.url, tmp_path) as running:
        await wait_until(lambda: "nats_error" in running.events(), START_S, what="it to say what it waits for")
        own_nats.restart()
        await wait_until(lambda: "log_not_there" in running.events(), START_S, what="it to miss the streams")
        client = await nats_client.connect(own_nats.url)
        await wait_until_done(lambda: ensure_streams(client), START_S, what="the streams are made")
        await client.close()
        await running.ready()


async def test_a_stop_while_it_waits_for_a_server_is_heard(tmp_path: Path, own_nats: NatsServer) -> None:
    """Not only after the minute that it would wait."""
    own_nats.stop()
    async with routing(own_nats.url, tmp_path) as running:
        await wait_until(lambda: "nats_error" in running.events(), START_S, what="it to say what it waits for")
        began = monotonic()
        assert await running.stopped() == 0
        assert monotonic() - began < STOP_S
    own_nats.restart()


async def test_a_port_that_is_taken_ends_it_and_names_the_variable(nats_url: str, tmp_path: Path) -> None:
    """In the log, with exit code 1."""
    async with routing(nats_url, tmp_path) as first:
        await first.ready()
        async with routing(nats_url, tmp_path, CLIC_HTTP_PORT=first.port) as second:
            assert await asyncio.to_thread(second.process.wait, START_S) == 1
        assert "CLIC_HTTP_PORT" in second.lines()[-1]["error"]


async def test_a_server_that_goes_away_makes_it_not_ready_and_it_goes_on_when_it_is_back(
    tmp_path: Path, own_nats: NatsServer
) -> None:
    """Alive all the while; nothing is lost."""
    client = await nats_client.connect(own_nats.url)
    await ensure_streams(client)
    log = JetStreamLog(client)
    async with routing(own_nats.url, tmp_path) as running:
        await running.ready()
        await receive(log, "before")
        own_nats.kill()
        answer = await running.ready(ready=False)
        assert answer.json()["why"]["nats"] == "not connected"
        assert (await running.answer("/livez")).is_success
        own_nats.restart()
        await running.ready()
        await wait_until_done(lambda: receive(log, "after"), 20, what="the log to answer again")

        async def both() -> bool:
            return await routed(log) == 2

        await wait_until(both, 60, what="both requests to be routed")
        assert await running.stopped() == 0
    await client.close()


INTAKE = """
import asyncio, sys
from pathlib import Path
import nats
from clic_chassis.jetstream_log import JetStreamLog
from clic_chassis.scenario import recorded
from clic_chassis.telemetry import span, start_tracing, stop_tracing
from clic_contracts.event import RequestReceived
from clic_contracts.vocabulary import Service

async def main(url, file):
    start_tracing("intake", otlp_endpoint=None, trace_file=Path(file))
    client = await nats.connect(url)
    with span("submit", request_id="exemple"):
        fact = recorded(RequestReceived.model_validate(RequestReceived.EXAMPLE))
        await JetStreamLog(client).append(Service.INTAKE, fact.request_id, [fact], expected=0)
    await client.close()
    stop_tracing()

asyncio.run(main(*sys.argv[1:]))
"""


async def test_one_trace_goes_through_two_processes_by_the_headers_of_their_messages(
    nats_url: str, tmp_path: Path
) -> None:
    """W3C `traceparent`: what routing does is a child of what intake did; spans carry ids and codes alone."""
    file = tmp_path / "routing.jsonl"
    async with routing(nats_url, tmp_path, CLIC_TRACE_FILE=file) as running:
        await running.ready()
        command = [sys.executable, "-c", INTAKE, nats_url, str(tmp_path / "intake.jsonl")]
        await asyncio.to_thread(subprocess.run, command, check=True, timeout=60)

        def spans() -> list[dict[str, Any]]:
            return lines_of(file) if file.exists() else []

        await wait_until(lambda: len(spans()) >= 2, 30, what="routing's spans")
        assert await running.stopped() == 0
    (submit,) = [json.loads(line) for line in (tmp_path / "intake.jsonl").read_text().splitlines()]
    handle, decide = (next(each for each in spans() if each["name"] == name) for name in ("handle routing", "decide"))
    assert {each["context"]["trace_id"] for each in (submit, handle, decide)} == {submit["context"]["trace_id"]}
    assert (handle["parent_id"], decide["parent_id"]) == (submit["context"]["span_id"], handle["context"]["span_id"])
    assert (submit["resource"]["attributes"]["service.name"], handle["resource"]["attributes"]["service.name"]) == (
        ("clic-intake", "clic-routing")
    )
    assert decide["attributes"]["clic.service"] == "routing"


async def test_a_service_at_rest_costs_next_to_nothing_and_is_awake_at_once(
    nats: Client, nats_url: str, tmp_path: Path
) -> None:
    """Standing requests: under 2 % of a core (0.3 % measured), where polling every 20 ms took 3.3 %."""
    log = JetStreamLog(nats)
    async with routing(nats_url, tmp_path) as running:
        await running.ready()
        process = psutil.Process(running.process.pid)
        await receive(log, "first")
        await wait_until(lambda: routed(log), 20, what="the first")

        async def rests() -> bool:
            before, began = sum(process.cpu_times()[:2]), monotonic()
            await asyncio.sleep(4)
            return (sum(process.cpu_times()[:2]) - before) / (monotonic() - began) < 0.02

        await wait_until(rests, 20, what="four seconds at rest, once the first is done with")

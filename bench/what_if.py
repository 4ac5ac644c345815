"""What would have been over 100,000 requests, beside a bare read of the same log."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from statistics import median

from tests.place import TOWN_DIR

from clic.connection import Connection
from clic.what_if.reading import ask
from clic_chassis.town_file import read_town
from clic_deadlines.core.what_if import Question

from .large_town import LargeTown, open_large_town
from .machine import cores, own_cpu_s, peak_of, server_cpu_s
from .measure import Measure
from .reading import bare_read_s

EVENTS = 1_180_000
"""Facts of a generated town's log with a little over 100,000 requests, and as many contacts that open none."""
RUNS = 3
"""What-ifs and bare reads in turns, of which the median counts."""
DONE_S = 900.0


class NotAnsweredError(Exception):
    """A what-if ended otherwise; the message says how."""


@dataclass(frozen=True)
class Run:
    """A what-if that went well."""

    requests: int
    commits: int
    seconds: float
    cpu_s: float
    """Processor seconds of its processes."""
    nats_cpu_s: float
    peak_mb: float


def measure() -> list[Measure]:
    """Requests a second folded under the town's own rules, from the question to the sums, and what it costs."""
    events = int(os.environ.get("BENCH_EVENTS", EVENTS))
    with open_large_town(events) as town:
        asyncio.run(town.grow(events))
        return list(_measure(town))


def _measure(town: LargeTown) -> Iterator[Measure]:
    runs: list[Run] = []
    reads_s: list[float] = []
    commits = asyncio.run(town.commits())
    for _ in range(RUNS):
        reads_s.append(asyncio.run(bare_read_s(town.nats.url, commits)))
        runs.append(_run(town))
    run, read_s = sorted(runs, key=lambda each: each.seconds)[len(runs) // 2], median(reads_s)
    assert run.commits == commits, "the what-if left commits out"
    yield Measure("what_if.requests_per_s", run.requests / run.seconds, "requests/s", "≥ 20,000")
    yield Measure("what_if.over_bare_read", read_s / run.seconds, "ratio")
    yield Measure("what_if.bare_read_requests_per_s", run.requests / read_s, "requests/s")
    yield Measure("what_if.requests", run.requests, "requests")
    yield Measure("what_if.commits", commits, "commits")
    yield Measure("what_if.s", run.seconds, "s")
    yield Measure("what_if.cpu_us_per_request.what_if", 1e6 * run.cpu_s / run.requests, "µs")
    yield Measure("what_if.cpu_us_per_request.nats", 1e6 * run.nats_cpu_s / run.requests, "µs")
    yield Measure("what_if.cores_busy", (run.cpu_s + run.nats_cpu_s) / run.seconds, f"of {cores()} cores")
    yield Measure("what_if.peak_mb", max(each.peak_mb for each in runs), "MB")


def _run(town: LargeTown) -> Run:
    """One what-if in a process of its own, as the command is one."""
    nats_before_s = server_cpu_s(town.nats.pid)
    context = get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_ask, args=(sending, town.nats.url, town.first_on))
    process.start()
    sending.close()
    assert process.pid is not None
    with peak_of(process.pid) as peak:
        try:
            said = receiving.recv() if receiving.poll(DONE_S) else f"it took longer than {DONE_S:.0f} s"
        except EOFError:
            said = "its process was ended by something else"
        finally:
            process.kill()
            process.join()
    if isinstance(said, str):
        raise NotAnsweredError(said)
    requests, commits, seconds, cpu_s = said
    return Run(requests, commits, seconds, cpu_s, server_cpu_s(town.nats.pid) - nats_before_s, peak.mb)


def _ask(sending: Pipe, nats_url: str, first_on: dt.date) -> None:
    try:
        town, now = read_town(TOWN_DIR), dt.datetime.now(dt.UTC)
        question = Question(town, town.version, first_on - dt.timedelta(days=1), now.date(), now)
        cpu_s = own_cpu_s()
        answer = asyncio.run(ask(Connection(nats_url), question, lambda *_: None))
        sending.send((answer.sums.requests, answer.commits, answer.seconds, own_cpu_s() - cpu_s))
    except Exception as error:  # noqa: BLE001 - it is told to who waits
        sending.send(f"{type(error).__name__}: {error}")

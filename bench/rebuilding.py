"""The rebuild of reporting's tables at a generated town's size, beside bare reads and two rivals; then its readers.

`BENCH_EVENTS=200000,500000` measures other sizes for a quick look, of which nothing is written to `results.json`.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from itertools import islice
from statistics import median

from rich.console import Console

from . import library, plain_subscriber
from .generated_town.generate import generate
from .large_town import SEED, LargeTown, open_large_town
from .machine import cores
from .measure import Measure
from .reading import bare_read_s
from .rebuild_run import Run, run_rebuild
from .served import dashboard_ms, report_s, reporting_service, visible_ms

SIZES = (1_000_000, 5_000_000, 10_000_000)
"""Facts at which the log is rebuilt: it is loaded in as many steps."""
RUNS = {1_000_000: 3, 5_000_000: 2, 10_000_000: 2}
"""Rebuilds and bare reads in turns, of which the median counts; of other sizes three."""
RIVAL_COMMITS = 20_000
"""What the rivals are measured on at most, a quarter of the log: its beginning. Later they would not be faster."""
DEPARTMENTS = 5
_console = Console(stderr=True, width=120)
"""It takes half an hour: what is done is told on the way."""


def sizes() -> tuple[int, ...]:
    """The sizes asked for by `BENCH_EVENTS`, or those of `SIZES`.

    Raises:
        ValueError: it is not positive whole numbers, separated by commas.
    """
    asked = os.environ.get("BENCH_EVENTS")
    if not asked:
        return SIZES
    found = sorted({int(each) for each in asked.replace("_", "").split(",")})
    if found[0] < 1:
        raise ValueError(f"BENCH_EVENTS={asked!r}: name positive numbers of facts, separated by commas")
    return tuple(found)


def measure() -> list[Measure]:
    """Load a town in steps; at each size rebuild and read in turns; at the end rivals, reports, dashboard, live."""
    wanted = sizes()
    with open_large_town(wanted[-1]) as town:
        return list(_measure(town, wanted))


def _measure(town: LargeTown, wanted: tuple[int, ...]) -> Iterator[Measure]:
    newest: tuple[Run, float] | None = None
    for events in wanted:
        _console.log(f"loading the log to {events:,} facts")
        asyncio.run(town.grow(events))
        runs, read_s = _in_turns(town, RUNS.get(events, 3))
        newest = _median(runs), read_s
        yield from _at_size(events, runs, read_s)
        if events == wanted[0]:
            yield from _beside_live(town, events)
    assert newest is not None  # There is at least one size.
    yield from _newest(*newest)
    yield from _rivals(town, newest[0])
    yield from asyncio.run(_served(town, label(wanted[-1])))


def label(events: int) -> str:
    """A size in a measure's name: 1m, 200k, 1500."""
    for unit, letter in ((1_000_000, "m"), (1_000, "k")):
        if events % unit == 0:
            return f"{events // unit}{letter}"
    return str(events)


def _in_turns(town: LargeTown, times: int) -> tuple[list[Run], float]:
    """Rebuilds into an empty database, and the median seconds of the bare reads between them."""
    commits = asyncio.run(town.commits())
    runs: list[Run] = []
    reads_s: list[float] = []
    for _ in range(times):
        reads_s.append(asyncio.run(bare_read_s(town.nats.url, commits)))
        runs.append(run_rebuild(town.nats.url, asyncio.run(town.database("reporting")), town.pids))
        _console.log(f"read in {reads_s[-1]:.1f} s, rebuilt in {runs[-1].seconds:.1f} s, {runs[-1].peak_mb:.0f} MB")
        assert runs[-1].progress.events >= town.source.events, "the rebuild left facts out"
    return runs, median(reads_s)


def _median(runs: list[Run]) -> Run:
    """The run in the middle by its seconds; of two the slower."""
    return sorted(runs, key=lambda run: run.seconds)[len(runs) // 2]


def _at_size(events: int, runs: list[Run], read_s: float) -> Iterator[Measure]:
    size, run = label(events), _median(runs)
    yield Measure(f"rebuild.events_per_s_{size}", run.events_per_s, "facts/s", "≥ 100,000")
    yield Measure(f"rebuild.over_bare_read_{size}", read_s / run.seconds, "ratio", "≥ 0.5")
    yield Measure(f"rebuild.peak_mb_{size}", max(each.peak_mb for each in runs), "MB", "flat")
    yield Measure(f"rebuild.s_{size}", run.seconds, "s")
    if fill_s := run.progress.parts.get("fill"):
        yield Measure(f"rebuild.fill_events_per_s_{size}", run.progress.events / fill_s, "facts/s")


def _beside_live(town: LargeTown, events: int) -> Iterator[Measure]:
    """A rebuild beside live tables of the same definition compares every row with them."""
    run = run_rebuild(town.nats.url, town.postgres.url_of("reporting"), town.pids)
    yield Measure(f"rebuild.compared_events_per_s_{label(events)}", run.events_per_s, "facts/s")


def _newest(run: Run, read_s: float) -> Iterator[Measure]:
    """The largest size under the names that stay, and what its parts cost."""
    yield Measure("rebuild.events", run.progress.events, "facts")
    yield Measure("rebuild.commits", run.progress.commits, "commits")
    yield Measure("rebuild.events_per_s", run.events_per_s, "facts/s", "≥ 100,000")
    yield Measure("rebuild.bare_read_events_per_s", run.progress.events / read_s, "facts/s")
    yield Measure("rebuild.over_bare_read", read_s / run.seconds, "ratio", "≥ 0.5")
    for part, seconds in run.progress.parts.items():
        yield Measure(f"rebuild.part_{part}_s", seconds, "s")
    for process, seconds in run.cpu_s.items():
        yield Measure(f"rebuild.cpu_us_per_fact.{process}", 1e6 * seconds / run.progress.events, "µs")
    yield Measure("rebuild.cores_busy", sum(run.cpu_s.values()) / run.seconds, f"of {cores()} cores")


def _rivals(town: LargeTown, run: Run) -> Iterator[Measure]:
    """The same projection, one transaction a commit or an event, on the same servers."""
    _console.log("the rivals")
    commits = min(RIVAL_COMMITS, run.progress.commits // 4)
    url = asyncio.run(town.database("plain"))
    plain = asyncio.run(plain_subscriber.events_per_s(town.nats.url, url, commits))
    url = asyncio.run(town.database("library"))
    asyncio.run(library.prepare(url))
    beginning = islice(generate(town.town, seed=SEED, first_on=town.first_on), commits)
    theirs = library.events_per_s(url, beginning)
    yield Measure("rebuild.plain_subscriber_events_per_s", plain, "facts/s")
    yield Measure("rebuild.eventsourcing_library_events_per_s", theirs, "facts/s")
    yield Measure("rebuild.over_plain_subscriber", run.events_per_s / plain, "ratio", "≥ 20")
    yield Measure("rebuild.over_eventsourcing_library", run.events_per_s / theirs, "ratio", "≥ 10")


async def _served(town: LargeTown, size: str) -> list[Measure]:
    """What readers of the largest tables wait for."""
    _console.log("reports, dashboard, live")
    url = town.postgres.url_of("reporting")
    found = await report_s(url, size)
    async with reporting_service(town, url) as client:
        departments = [each.code for each in town.town.departments[:DEPARTMENTS]]
        found += await dashboard_ms(client, departments, size)
        found += await visible_ms(town, url)
    return found

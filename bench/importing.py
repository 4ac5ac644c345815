"""An import through all four services until reporting has caught up, and what each process took for it."""

from __future__ import annotations

import asyncio
import subprocess
from dataclasses import dataclass, field
from time import perf_counter

import psutil
from tests.system.house import House, finished, open_house
from tests.system.plateau import write_slice

from clic_chassis.testing import wait_until
from clic_contracts.subject import INBOX_STREAM

from .measure import Measure

ROWS = 5_000
IMPORT_S = 600.0
SAMPLE_EVERY_S = 0.25


def measure() -> list[Measure]:
    """From the first submission stored until every consumer and reporting have caught up."""
    with open_house() as house:
        run = asyncio.run(_measure(house))
    return [
        Measure("import.submissions_per_s", run.submissions / run.seconds, "submissions/s", "≥ 300"),
        Measure("import.submissions", run.submissions, "submissions"),
        Measure("import.commits", run.commits, "commits"),
        *(Measure(f"import.cpu_ms_per_submission.{n}", 1000 * s / run.submissions, "ms") for n, s in run.cpu_s.items()),
        Measure("import.cpu_ms_per_submission", 1000 * sum(run.cpu_s.values()) / run.submissions, "ms", "≤ 6.67"),
        *(Measure(f"import.peak_rss_mb.{n}", max(run.rss_mb(n)), "MB") for n in house.services),
        *(Measure(f"import.rss_growth_mb.{n}", run.growth_mb(n), "MB", "flat") for n in house.services),
    ]


@dataclass
class Run:
    """What was seen of one import."""

    seconds: float = 0.0
    submissions: int = 0
    commits: int = 0
    cpu_s: dict[str, float] = field(default_factory=dict)
    samples: list[tuple[float, dict[str, float]]] = field(default_factory=list)
    """Instant and resident memory of each service, in MB."""

    def rss_mb(self, service: str) -> list[float]:
        """A service's memory over time."""
        return [rss[service] for _, rss in self.samples if service in rss]

    def growth_mb(self, service: str) -> float:
        """How much more memory a service held at the end than after a third of the import."""
        rss = self.rss_mb(service)
        return rss[-1] - rss[len(rss) // 3]


async def _measure(house: House) -> Run:
    run = Run()
    before = house.cpu_s()
    importing = house.spawn_clic("import", "montreal-311", str(write_slice(house.folder, ROWS)))
    sampling = asyncio.create_task(_sample(house, run, importing))
    try:
        async with house.client() as client:
            stream = client.jetstream()

            async def stored() -> int:
                return (await stream.stream_info(INBOX_STREAM)).state.last_seq

            await wait_until(stored, IMPORT_S, what="the first submission is stored")
            began = perf_counter()
            await finished(importing, IMPORT_S)
            run.commits = await house.settled(IMPORT_S, timers_too=False)
            run.seconds = perf_counter() - began
            run.submissions = await stored()
    finally:
        sampling.cancel()
        importing.kill()
    after = house.cpu_s()
    run.cpu_s |= {name: after[name] - before[name] for name in after}
    return run


async def _sample(house: House, run: Run, importing: subprocess.Popen[str]) -> None:
    """Look at memory, and at the importer's processor time while it lives."""
    process = psutil.Process(importing.pid)
    while True:
        run.samples.append((perf_counter(), house.rss_mb()))
        if importing.poll() is None:
            times = process.cpu_times()
            run.cpu_s["importer"] = times.user + times.system
        await asyncio.sleep(SAMPLE_EVERY_S)

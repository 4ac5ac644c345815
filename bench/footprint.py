"""Memory of each service at rest and under a steady load, and what the images weigh where `BENCH_IMAGES` names them."""

from __future__ import annotations

import asyncio
import gzip
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import psutil
from tests.system.house import House, open_house
from tests.system.submitting import SOURCE, now, publisher, request

from .measure import Measure

PER_S = 50
LOAD_S = 60.0
PUBLISHER = "portail_web"
CHUNK_BYTES = 1 << 20


def measure(load_s: float = LOAD_S) -> list[Measure]:
    """Memory is PSS, in MB of 10⁶ bytes: what services share counts once, as on a node that runs them all."""
    with open_house() as house:
        at_rest = _memory_mb(house)
        under_load = asyncio.run(_loaded(house, load_s))
    return [
        *(Measure(f"footprint.{name}_at_rest_mb", value, "MB") for name, value in at_rest.items()),
        *(Measure(f"footprint.{name}_loaded_max_mb", value, f"MB at {PER_S}/s") for name, value in under_load.items()),
        *_images(),
    ]


def _memory_mb(house: House) -> dict[str, float]:
    """Of each service and its children, and of the servers."""
    pids = {name: each.pid for name, each in house.services.items()}
    found: dict[str, float] = {}
    for name, pid in {**pids, "nats": house.nats.pid, "postgres": house.postgres.pid}.items():
        process = psutil.Process(pid)
        found[name] = sum(_pss_bytes(each) for each in [process, *process.children(recursive=True)]) / 1e6
    return found


def _pss_bytes(process: psutil.Process) -> int:
    """0 of one that has ended since it was listed, as PostgreSQL's come and go."""
    try:
        found: int = process.memory_full_info().pss
    except psutil.NoSuchProcess:
        return 0
    return found


async def _loaded(house: House, load_s: float) -> dict[str, float]:
    """The most that each had while submissions came in steadily."""
    most = _memory_mb(house)
    async with publisher(house, PUBLISHER) as connected:
        began, number = perf_counter(), 0
        while perf_counter() - began < load_s:
            event_id = f"memoire-{number}"
            await connected.publish(request(), source=SOURCE, event_id=event_id, occurred_at=now())
            number += 1
            if number % PER_S == 0:
                most = {name: max(value, most[name]) for name, value in _memory_mb(house).items()}
            await asyncio.sleep(max(0.0, began + number / PER_S - perf_counter()))
    return most


def _images() -> Iterator[Measure]:
    """What images weigh, unpacked and as a registry keeps them: `BENCH_IMAGES` is a folder of their roots by name."""
    folder = os.environ.get("BENCH_IMAGES")
    for root in sorted(Path(folder).iterdir()) if folder else ():
        files = {each.st_ino: each.st_size for each in (path.lstat() for path in root.rglob("*"))}
        yield Measure(f"footprint.image_{root.name}_mb", sum(files.values()) / 1e6, "MB", "< 200")
        yield Measure(f"footprint.image_{root.name}_compressed_mb", compressed_bytes(root) / 1e6, "MB", "< 200")


def compressed_bytes(root: Path) -> int:
    """What a folder takes as a compressed archive, which is how a registry keeps a layer."""
    counted = _Counted()
    with subprocess.Popen(["tar", "-C", str(root), "-cf", "-", "."], stdout=subprocess.PIPE) as tar:
        assert tar.stdout is not None
        with gzip.GzipFile(fileobj=counted, mode="wb", compresslevel=6) as archive:  # As registries do.
            while chunk := tar.stdout.read(CHUNK_BYTES):
                archive.write(chunk)
    return counted.size_bytes


class _Counted:
    """A file that only counts."""

    size_bytes = 0

    def write(self, data: bytes) -> int:
        self.size_bytes += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing waits."""

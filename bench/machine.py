"""What processes take of the machine: memory at its highest, and processor time."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

import psutil

SAMPLE_EVERY_S = 0.2


class Peak:
    """The highest sum that was seen, in MB of 10⁶ bytes."""

    mb = 0.0


@contextmanager
def peak_of(pid: int) -> Iterator[Peak]:
    """Sample while the block lasts. What processes share is counted once where the kernel tells (PSS), else in each."""
    peak, over = Peak(), threading.Event()

    def sample() -> None:
        while not over.wait(SAMPLE_EVERY_S):
            peak.mb = max(peak.mb, _held_mb(pid))

    sampling = threading.Thread(target=sample, daemon=True)
    sampling.start()
    try:
        yield peak
    finally:
        over.set()
        sampling.join()


def _held_mb(pid: int) -> float:
    held = 0
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    for each in family:
        try:
            memory = each.memory_full_info()
        except psutil.Error:
            continue  # It ended meanwhile.
        held += getattr(memory, "pss", 0) or memory.rss
    return held / 1e6


def server_cpu_s(pid: int) -> float:
    """Processor time of a server so far, with its children that live and those that ended."""
    server = psutil.Process(pid)
    own = server.cpu_times()
    found = own.user + own.system + own.children_user + own.children_system
    for each in server.children(recursive=True):
        try:
            times = each.cpu_times()
        except psutil.NoSuchProcess:
            continue  # It ended meanwhile: its time is among its parent's.
        found += times.user + times.system
    return found


def own_cpu_s() -> float:
    """Processor time of this process so far, with its children that ended."""
    return sum(used.ru_utime + used.ru_stime for used in map(getrusage, (RUSAGE_SELF, RUSAGE_CHILDREN)))


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

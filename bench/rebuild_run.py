"""One rebuild in a process of its own, as `clic rebuild` is one: its seconds, its parts and its memory."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from time import perf_counter

import nats
from tests.place import TOWN_DIR

from clic_chassis.town_file import read_town
from clic_reporting.rebuild import Progress, rebuild

from .machine import own_cpu_s, peak_of, server_cpu_s

DONE_S = 1_800.0
END_S = 10.0


@dataclass(frozen=True)
class Run:
    """A rebuild that went well."""

    seconds: float
    progress: Progress
    peak_mb: float
    """Of the rebuild's processes, servers not counted."""
    cpu_s: dict[str, float]
    """Processor seconds: `rebuild` for its processes, and each server's."""

    @property
    def events_per_s(self) -> float:
        """Facts per second, from the start to the swap."""
        return self.progress.events / self.seconds


class RebuildFailedError(Exception):
    """It ended otherwise; the message says how."""


def run_rebuild(nats_url: str, postgres_url: str, servers: Mapping[str, int]) -> Run:
    """Rebuild the tables of a database from the log. `servers` are the pids of those that work for it, by name.

    Raises:
        RebuildFailedError: it failed, or took longer than `DONE_S`.
    """
    before = {name: server_cpu_s(pid) for name, pid in servers.items()}
    context = get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_rebuild, args=(sending, nats_url, postgres_url))
    process.start()
    sending.close()
    assert process.pid is not None
    late = f"the rebuild took longer than {DONE_S:.0f} s"
    with peak_of(process.pid) as peak:
        try:
            said = receiving.recv() if receiving.poll(DONE_S) else late
        except EOFError:
            said = "the rebuild's process was ended by something else"
        finally:
            process.terminate()  # It has said all it has to say, or nobody waits for it any more.
            process.join(END_S)
            process.kill()
    if isinstance(said, str):
        raise RebuildFailedError(said)
    seconds, progress, cpu_s = said
    used = {name: server_cpu_s(pid) - before[name] for name, pid in servers.items()}
    return Run(seconds, progress, peak.mb, {"rebuild": cpu_s, **used})


def _rebuild(sending: Connection, nats_url: str, postgres_url: str) -> None:
    async def run() -> tuple[float, Progress, float]:
        client = await nats.connect(nats_url)
        try:
            began, cpu_s = perf_counter(), own_cpu_s()
            progress = await rebuild(
                nats=client, nats_url=nats_url, postgres_url=postgres_url, town=read_town(TOWN_DIR)
            )
            return perf_counter() - began, progress, own_cpu_s() - cpu_s
        finally:
            await client.close()

    try:
        sending.send(asyncio.run(run()))
    except Exception as error:
        sending.send(f"{type(error).__name__}: {error}")
        raise

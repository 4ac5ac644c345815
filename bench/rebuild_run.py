"""One rebuild in a process of its own, as `clic rebuild` is one: its seconds, its parts and its memory."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from time import perf_counter

import nats
from tests.place import TOWN_DIR

from clic_chassis.town_file import read_town
from clic_reporting.rebuild import Progress, rebuild

from .memory import peak_of

DONE_S = 1_800.0


@dataclass(frozen=True)
class Run:
    """A rebuild that went well."""

    seconds: float
    progress: Progress
    peak_mb: float
    """Of the rebuild's processes, servers not counted."""

    @property
    def events_per_s(self) -> float:
        """Facts per second, from the start to the swap."""
        return self.progress.events / self.seconds


class RebuildFailedError(Exception):
    """It ended otherwise; the message says how."""


def run_rebuild(nats_url: str, postgres_url: str) -> Run:
    """Rebuild the tables of a database from the log.

    Raises:
        RebuildFailedError: it failed, or took longer than `DONE_S`.
    """
    context = get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_rebuild, args=(sending, nats_url, postgres_url))
    process.start()
    sending.close()
    assert process.pid is not None
    try:
        with peak_of(process.pid) as peak:
            if not receiving.poll(DONE_S):
                raise RebuildFailedError(f"the rebuild took longer than {DONE_S:.0f} s")
            seconds, progress = receiving.recv()
    except EOFError:
        raise RebuildFailedError("the rebuild's process ended without a word; its error stands above") from None
    finally:
        process.join(10)
        process.kill()
    return Run(seconds, progress, peak.mb)


def _rebuild(sending: Connection, nats_url: str, postgres_url: str) -> None:
    async def run() -> tuple[float, Progress]:
        client = await nats.connect(nats_url)
        try:
            began = perf_counter()
            progress = await rebuild(
                nats=client, nats_url=nats_url, postgres_url=postgres_url, town=read_town(TOWN_DIR)
            )
            return perf_counter() - began, progress
        finally:
            await client.close()

    sending.send(asyncio.run(run()))

"""What may be lost, and how it comes back."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.chaos.town import INSTANCES, Town

from clic.nats_config import SERVICES
from clic_chassis.embedded.cluster import ClusterServer
from clic_contracts.subject import LOG_STREAM

DISK_MB = 64
"""Of each server, where disks are small enough to be filled."""
PULSE_S = 0.15
BETWEEN_PULSES_S = 0.1
BALLAST = "ballast"

Harm = Callable[[Town, Random], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is lost as long as the block lasts; afterwards it is back, or never was needed again."""

    name: str
    harm: Harm
    is_once: bool = False
    """It cannot be done twice: there is one standby."""
    needs_mount: bool = False
    silences: bool = False
    """Nobody can be answered as long as it lasts."""


async def leader(town: Town) -> ClusterServer:
    """The server that leads the log; publishers and the mail server, in this loop, go on while it is asked for."""
    return await asyncio.to_thread(town.cluster.wait_led, LOG_STREAM)


@contextlib.asynccontextmanager
async def leader_killed(town: Town, random: Random) -> AsyncIterator[None]:
    """The server that leads the log loses its power."""
    del random
    async with _killed(await leader(town)):
        yield


@contextlib.asynccontextmanager
async def follower_killed(town: Town, random: Random) -> AsyncIterator[None]:
    """Another server does."""
    async with _killed(random.choice(town.cluster.others(await leader(town)))):
        yield


@contextlib.asynccontextmanager
async def majority_killed(town: Town, random: Random) -> AsyncIterator[None]:
    """The server that leads and one more: what is left can agree on nothing."""
    first = await leader(town)
    lost = [first, random.choice(town.cluster.others(first))]
    for each in lost:
        await asyncio.to_thread(each.kill)
    try:
        yield
    finally:
        for each in lost:
            each.start(wait=False)  # One alone is never ready.
        await asyncio.to_thread(town.cluster.wait_ready)


@contextlib.asynccontextmanager
async def _killed(server: ClusterServer) -> AsyncIterator[None]:
    await asyncio.to_thread(server.kill)
    try:
        yield
    finally:
        await asyncio.to_thread(server.restart)


@contextlib.asynccontextmanager
async def leader_cut_off(town: Town, random: Random) -> AsyncIterator[None]:
    """No other server is reached by the one that leads, nor reaches it; clients reach all three."""
    del random
    with _mended(town):
        town.cluster.isolate(await leader(town))
        yield


@contextlib.asynccontextmanager
async def follower_cut_off(town: Town, random: Random) -> AsyncIterator[None]:
    """The same of one that follows."""
    with _mended(town):
        town.cluster.isolate(random.choice(town.cluster.others(await leader(town))))
        yield


@contextlib.asynccontextmanager
async def leader_mute(town: Town, random: Random) -> AsyncIterator[None]:
    """The one that leads hears the others, who do not hear it."""
    del random
    with _mended(town):
        town.cluster.mute(await leader(town))
        yield


@contextlib.asynccontextmanager
async def leader_deaf(town: Town, random: Random) -> AsyncIterator[None]:
    """The others hear the one that leads, which does not hear them."""
    del random
    with _mended(town):
        town.cluster.deafen(await leader(town))
        yield


@contextlib.asynccontextmanager
async def leader_hangs(town: Town, random: Random) -> AsyncIterator[None]:
    """The one that leads stops in the middle of what it does; its connections stand."""
    del random
    with _mended(town):
        (await leader(town)).pause()
        yield


@contextlib.asynccontextmanager
async def leader_slow(town: Town, random: Random) -> AsyncIterator[None]:
    """The one that leads stands still for 150 ms of every 250: a disk that does not keep up, as far as it can be had.

    A disk alone cannot be slowed here: the server opens its files to be synced with each write, without a call that
    could be held up, and a device that delays needs a kernel's module.
    """
    del random
    server = await leader(town)

    async def pulse() -> None:
        while True:
            server.pause()
            await asyncio.sleep(PULSE_S)
            server.resume()
            await asyncio.sleep(BETWEEN_PULSES_S)

    with _mended(town):
        pulsing = asyncio.create_task(pulse())
        try:
            yield
        finally:
            pulsing.cancel()
            await asyncio.gather(pulsing, return_exceptions=True)


@contextlib.asynccontextmanager
async def disk_full(town: Town, random: Random) -> AsyncIterator[None]:
    """The disk of the server that leads has no room; then somebody makes room and starts the server again."""
    del random
    server = await leader(town)
    ballast = server.store / BALLAST
    await asyncio.to_thread(_fill, ballast)
    try:
        yield
    finally:
        ballast.unlink()
        await asyncio.to_thread(server.restart)


@contextlib.asynccontextmanager
async def postgres_failed_over(town: Town, random: Random) -> AsyncIterator[None]:
    """The primary is lost for good, and its standby takes its place."""
    del random
    await town.fail_over()
    yield


@contextlib.asynccontextmanager
async def instances_killed(town: Town, random: Random) -> AsyncIterator[None]:
    """One of the two processes of every service is killed."""
    for service in SERVICES:
        town.kill((service, random.randint(1, INSTANCES)))
    yield


@contextlib.contextmanager
def _mended(town: Town) -> Iterator[None]:
    try:
        yield
    finally:
        town.cluster.mend()


def _fill(file: Path) -> None:
    """Leave no byte: blocks first, then whatever is left."""
    with file.open("wb", buffering=0) as opened:
        for size in (1024 * 1024, 4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    opened.write(b"\0" * size)


def why_no_mount() -> str | None:
    """None where file systems may be mounted, as root of a machine or of a container that may; else why not."""
    if os.geteuid() != 0:
        return "a file system of its own needs root"
    with tempfile.TemporaryDirectory() as folder:
        command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=10)
        if done.returncode:
            return f"a file system of its own cannot be mounted: {done.stderr.strip()}"
        subprocess.run(["umount", folder], check=True, timeout=10)
    return None


FAULTS = (
    Fault("the leader killed", leader_killed),
    Fault("the leader cut off", leader_cut_off),
    Fault("the leader mute", leader_mute),
    Fault("PostgreSQL failed over", postgres_failed_over, is_once=True),
    Fault("instances killed", instances_killed),
    Fault("a disk full", disk_full, needs_mount=True),
    Fault("the leader deaf", leader_deaf),
    Fault("the leader hangs", leader_hangs),
    Fault("the leader slow", leader_slow),
    Fault("a follower killed", follower_killed),
    Fault("a follower cut off", follower_cut_off),
    Fault("two servers killed", majority_killed, silences=True),
)
"""All there are. The first six are tried on every change, the others by `make chaos`."""
IN_CI = 6

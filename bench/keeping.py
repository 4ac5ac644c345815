"""What a backup and its restore take on a generated town: taken, restored, up to half of it, and proved.

`BENCH_EVENTS=20000` measures another size for a quick look, of which nothing is written to `results.json`.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import resource
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final

import asyncpg
from nats.aio.client import Client
from pyrage import x25519
from tests.place import TOWN_DIR

from clic.keeping.artefact import Artefact
from clic.keeping.backup import Source, Taken, take_backup
from clic.keeping.erasure_register import ErasureRegister
from clic.keeping.log_digest import Reading, read_log
from clic.keeping.own_servers import SYNC_KEPT, SYNC_RESTORED, own_nats, own_servers
from clic.keeping.place import Places
from clic.keeping.restore import Target, restore_inbox, restore_log, restore_publications, restore_registers
from clic.keeping.table import PACKAGES
from clic.keeping.verify import verify
from clic_chassis.migration import migrate
from clic_intake.seal import MasterKey

from .large_town import LargeTown, open_large_town
from .measure import Measure

EVENTS: Final = 500_000
MASTER: Final = MasterKey(bytes(range(32)))
SERVICES: Final = ("intake", "deadlines", "reporting")


@dataclass(frozen=True, slots=True)
class Held:
    """Two artefacts, and what opens each."""

    taken: Taken
    log_identity: x25519.Identity
    keys_identity: x25519.Identity

    @property
    def log(self) -> Artefact:
        """The log."""
        return Artefact(self.taken.log, self.taken.log_manifest, [self.log_identity])

    @property
    def keys(self) -> Artefact:
        """The keys."""
        return Artefact(self.taken.keys, self.taken.keys_manifest, [self.keys_identity])


def measure() -> list[Measure]:
    """Take a backup beside nothing else, then make all of it again: on a machine's own servers, and as a cluster's."""
    events = int(os.environ.get("BENCH_EVENTS") or EVENTS)
    with open_large_town(events) as town:
        return asyncio.run(_measure(town, events))


async def _measure(town: LargeTown, events: int) -> list[Measure]:
    await town.grow(events)
    urls = {service: await town.database(f"clic_{service}") for service in SERVICES}
    async with town.client() as client:
        reading = await read_log(client, until=await town.commits())
        await _register(urls, reading)
        before_mb = _peak_mb()
        held, backup_s = await _timed(lambda: _taken(town, client, urls))
        peak_mb = _peak_mb()
    manifest, keys = held.taken.log_manifest, held.taken.keys_manifest
    facts, bodies_mb = manifest.told["facts"], manifest.told["bodies_bytes"] / 1e6
    _, restore_s = await _timed(lambda: _restored(town, held, SYNC_RESTORED))
    _, synced_s = await _timed(lambda: _restored(town, held, SYNC_KEPT))
    _, half_s = await _timed(lambda: _restored(town, held, SYNC_RESTORED, at=manifest.position // 2))
    _, verify_s = await _timed(lambda: verify(held.log, held.keys, None))
    return [
        Measure("keeping.facts", facts, "facts"),
        Measure("keeping.backup_s", backup_s, "s"),
        Measure("keeping.backup_facts_per_s", facts / backup_s, "facts/s"),
        Measure("keeping.backup_mb_per_s", bodies_mb / backup_s, "MB/s"),
        Measure("keeping.backup_log_mb", manifest.bytes / 1e6, "MB"),
        Measure("keeping.backup_keys_mb", keys.bytes / 1e6, "MB"),
        Measure("keeping.backup_peak_more_mb", peak_mb - before_mb, "MB", "flat"),
        Measure("keeping.restore_s", restore_s, "s"),
        Measure("keeping.restore_facts_per_s", facts / restore_s, "facts/s"),
        Measure("keeping.restore_mb_per_s", bodies_mb / restore_s, "MB/s"),
        Measure("keeping.restore_synced_facts_per_s", facts / synced_s, "facts/s"),
        Measure("keeping.restore_half_s", half_s, "s"),
        Measure("keeping.verify_s", verify_s, "s"),
    ]


async def _register(urls: dict[str, str], reading: Reading) -> None:
    """A key for each request, as intake would have it."""
    for service, package in PACKAGES.items():
        connection = await asyncpg.connect(urls[service])
        await migrate(connection, package)
        if service == "intake":
            rows = [
                (each, reference, MASTER.key_id, MASTER.new_wrapped(each))
                for each, (reference, _) in reading.received.items()
            ]
            await connection.copy_records_to_table(
                "request", records=rows, columns=["request_id", "reference", "key_id", "wrapped_key"]
            )
        await connection.close()


async def _taken(town: LargeTown, client: Client, urls: dict[str, str]) -> Held:
    log, keys = x25519.Identity.generate(), x25519.Identity.generate()
    places = Places(town.folder / "log", town.folder / "keys", town.folder / "erasures.json")
    taken = await take_backup(
        Source(client, urls, TOWN_DIR),
        places,
        log_recipients=[str(log.to_public())],
        keys_recipients=[str(keys.to_public())],
        now=dt.datetime.now(dt.UTC),
        backup_id="bench",
    )
    return Held(taken, log, keys)


async def _restored(town: LargeTown, held: Held, sync_interval: str, *, at: int | None = None) -> None:
    folder = town.folder / "restored"
    folder.mkdir(mode=0o711)
    nothing = ErasureRegister(written_at=dt.datetime.now(dt.UTC))

    @asynccontextmanager
    async def scratch() -> AsyncIterator[Client]:
        async with own_nats(folder / "scratch") as client:
            yield client

    try:
        async with own_servers(folder, sync_interval=sync_interval) as servers:
            target = Target(servers.nats, servers.databases)
            reading = await restore_log(target, held.log, at=at, scratch=scratch)
            await restore_inbox(target, held.keys)
            await restore_publications(target, held.log)
            await restore_registers(target, held.keys, reading, nothing, deployment_key=MASTER)
    finally:
        shutil.rmtree(folder)


async def _timed(do: Callable[[], Awaitable[Any]]) -> tuple[Any, float]:
    began = perf_counter()
    done = await do()
    return done, perf_counter() - began


def _peak_mb() -> float:
    """The largest this process has been, in MB of 10⁶ bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6

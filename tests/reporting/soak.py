"""Kills at random points, again and again, while the log is written: at the end the rows are what they should be.

    python -m tests.reporting.soak --kills 100 --seed 1

The reporting service, NATS, PostgreSQL and a rebuild are killed (`kill -9`) in an order out of the seed and started
again. At the end the live rows are those of a fold that nothing ever disturbed, and a rebuild makes them again.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random
from time import perf_counter

import asyncpg
import nats
from nats.errors import Error as NatsError
from nats.js.errors import Error as JetStreamError
from tests.place import ROOT, TOWN_DIR
from tests.reporting.history import history
from tests.reporting.rows import every_row

from clic_chassis.embedded import NatsServer, PostgresServer, start_nats, start_postgres
from clic_chassis.embedded.server_process import ServerProcess, start_process, tail
from clic_chassis.streams import ensure_streams
from clic_chassis.testing import wait_until
from clic_chassis.town_file import read_town
from clic_contracts.envelope import TYPES_HEADER, Commit, encode_commit
from clic_contracts.subject import LOG_STREAM, log_subject
from clic_reporting import model, sums
from clic_reporting.core.column import LOG_DAY, RULE_VERSION
from clic_reporting.projection import create_tables
from clic_reporting.rebuild import rebuild
from clic_reporting.rebuild.run import first_positions
from clic_reporting.shard import Shard

TOWN = read_town(TOWN_DIR)
STORIES_PER_KILL = 6
PAUSE_S = 0.6
"""Between two kills at most: what was killed is at work again by then, or not yet."""
SETTLE_S = 120.0
REBUILD = (
    "import asyncio, sys, nats\n"
    "from clic_reporting import reader\n"
    "from clic_reporting.rebuild import rebuild\n"
    "reader.FETCH_COMMITS = 50\n"
    "async def main():\n"
    "    client = await nats.connect(sys.argv[1])\n"
    "    await rebuild(nats=client, nats_url=sys.argv[1], postgres_url=sys.argv[2], workers=2)\n"
    "asyncio.run(main())\n"
)
VICTIMS = ("service", "nats", "postgres", "rebuild")


class Site:
    """Two servers and the service, which can be killed."""

    def __init__(self, folder: Path, log_server: NatsServer, database: PostgresServer) -> None:
        self.nats, self.postgres = log_server, database
        self._folder = folder
        self.service = self._start_service()
        self._rebuild: ServerProcess | None = None

    def _start_service(self) -> ServerProcess:
        (self._folder / "service").mkdir(exist_ok=True)
        environment = {
            **os.environ,
            "CLIC_NATS_URL": self.nats.url,
            "CLIC_POSTGRES_URL": self.postgres.url,
            "CLIC_TOWN_DIR": str(TOWN_DIR),
            "CLIC_HTTP_PORT": "0",  # Any: nobody asks it, and one that is chosen before may be taken by then.
        }
        return start_process(
            self._folder / "service",
            [sys.executable, "-m", "clic_reporting"],
            self.log_file,
            environment=environment,
        )

    @property
    def log_file(self) -> Path:
        """What the service says."""
        return self._folder / "service" / "log.jsonl"

    def kill(self, victim: str) -> None:
        """`kill -9`, and at work again. The rebuild that is killed is the one that the kill before began."""
        if victim == "service":
            self.service.kill()
            self.service = self._start_service()
        elif victim == "rebuild":
            self.end_rebuild()
            (self._folder / "rebuild").mkdir(exist_ok=True)
            self._rebuild = start_process(
                self._folder / "rebuild",
                [sys.executable, "-c", REBUILD, self.nats.url, self.postgres.url],
                self._folder / "rebuild" / "out.txt",
                environment={**os.environ, "PYTHONPATH": str(ROOT)},
            )
        else:
            server = self.nats if victim == "nats" else self.postgres
            server.kill()
            server.start()

    def end_rebuild(self) -> None:
        """Kill the rebuild, at whatever it is."""
        if self._rebuild is not None:
            self._rebuild.kill()

    def stop(self) -> None:
        """Stop everything."""
        self.end_rebuild()
        self.service.kill()
        self.nats.stop()
        self.postgres.stop()


@asynccontextmanager
async def open_site(folder: Path) -> AsyncIterator[Site]:
    """Servers with an empty log, and the service."""
    log_server = await asyncio.to_thread(start_nats, folder / "nats")
    database = await asyncio.to_thread(start_postgres, folder / "postgres")
    client = await nats.connect(log_server.url)
    await ensure_streams(client)
    await client.close()
    site = Site(folder, log_server, database)
    try:
        yield site
    finally:
        await asyncio.to_thread(site.stop)


async def write(url: str, commits: list[Commit], pace: asyncio.Event) -> None:
    """Put commits into the log, each once and in order, whatever happens to the server."""

    async def told(_: Exception) -> None:
        """Disconnections are what this is about."""

    client = await nats.connect(url, max_reconnect_attempts=-1, reconnect_time_wait=0.05, error_cb=told)
    stream = client.jetstream(timeout=1)
    number = 0
    while number < len(commits):
        commit = commits[number]
        headers = {
            TYPES_HEADER: ",".join(event.type for event in commit.events),
            "Nats-Expected-Last-Sequence": str(number),
        }
        with suppress(NatsError, JetStreamError, OSError, TimeoutError):
            subject = log_subject(commit.service, commit.request_id)
            await stream.publish(subject, encode_commit(commit.events), headers=headers)
            number += 1
            if not pace.is_set():
                await asyncio.sleep(0.01)
            continue
        with suppress(NatsError, JetStreamError, OSError, TimeoutError):  # It may have been stored.
            number = (await stream.stream_info(LOG_STREAM)).state.last_seq
    await client.close()


async def undisturbed(connection: asyncpg.Connection, commits: list[Commit]) -> None:
    """The same rows by a fold that nothing disturbs, in schema `undisturbed`."""
    await create_tables(connection, "undisturbed")
    await model.create_views(connection, "undisturbed")
    await model.refresh_dimensions(connection, "undisturbed", TOWN)
    shard = Shard(connection, "undisturbed")
    await shard.fold([(each.sequence, each.request_id, encode_commit(each.events)) for each in commits])
    summary = await shard.finish()
    for table, found in ((RULE_VERSION, summary.rule_versions), (LOG_DAY, summary.days)):
        await connection.copy_records_to_table(
            table.name,
            schema_name="undisturbed",
            columns=list(table.columns),
            records=list(first_positions([found]).items()),
        )
    await sums.fill(connection, "undisturbed")


async def soak(folder: Path, kills: int, seed: int, pause_s: float = PAUSE_S) -> Counter[str]:
    """Kill so often; gives how often each was.

    Raises:
        AssertionError: the rows are not what they should be.
    """
    chance = Random(seed)
    commits = history(chance, kills * STORIES_PER_KILL)
    killed: Counter[str] = Counter()
    async with open_site(folder) as site:
        over = asyncio.Event()
        writing = asyncio.create_task(write(site.nats.url, commits, over))
        order = [victim for _ in range(kills // len(VICTIMS) + 1) for victim in chance.sample(VICTIMS, len(VICTIMS))]
        for victim in order[:kills]:
            await asyncio.sleep(chance.uniform(0, pause_s))
            await asyncio.to_thread(site.kill, victim)
            killed[victim] += 1
        over.set()
        await writing
        await asyncio.to_thread(site.end_rebuild)
        await _settled(site, len(commits))
        await _compare(site, commits)
    return killed


async def _settled(site: Site, sequence: int) -> None:
    async def there() -> bool:
        with suppress(OSError, asyncpg.PostgresError):
            connection = await asyncpg.connect(site.postgres.url, timeout=5)
            try:
                return bool(await connection.fetchval("SELECT sequence FROM reporting.checkpoint") == sequence)
            finally:
                await connection.close()
        return False

    try:
        await wait_until(there, SETTLE_S, what=f"the service has folded {sequence} commits")
    except AssertionError as error:
        raise AssertionError(f"{error}\n{tail(site.log_file)}") from error


async def _compare(site: Site, commits: list[Commit]) -> None:
    connection = await asyncpg.connect(site.postgres.url)
    await undisturbed(connection, commits)
    expected = await every_row(connection, "undisturbed")
    assert await every_row(connection) == expected, "the live rows are not those of an undisturbed fold"
    assert await sums.off_balance(connection, "reporting") == {}
    client = await nats.connect(site.nats.url)
    done = await rebuild(nats=client, nats_url=site.nats.url, postgres_url=site.postgres.url, town=TOWN)
    await client.close()
    assert any(said.startswith("every row is the same") for said in done.verified), done.verified
    assert await every_row(connection) == expected, "the rebuilt rows are not those of an undisturbed fold"
    found = await connection.fetch("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'reporting%' ORDER BY 1")
    assert [row[0] for row in found] == ["reporting", "reporting_old"]
    await connection.close()


def main() -> None:
    """Say what was killed and what came of it."""
    parser = argparse.ArgumentParser(description="Kill reporting and its servers at random points.")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pause-s", type=float, default=3.0, help="between two kills at most")
    asked = parser.parse_args()
    began = perf_counter()
    with tempfile.TemporaryDirectory(prefix="clic-soak-") as folder:
        killed = asyncio.run(soak(Path(folder), asked.kills, asked.seed, asked.pause_s))
    told = ", ".join(f"{name} {times}" for name, times in sorted(killed.items()))
    seconds = perf_counter() - began
    sys.stdout.write(f"{asked.kills} kills ({told}), seed {asked.seed}, {seconds:.0f} s: the same rows at the end\n")


if __name__ == "__main__":
    main()

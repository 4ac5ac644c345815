"""A town that can be harmed: three NATS servers, two PostgreSQL, two processes of each service, a mail server."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import nats
from nats.aio.client import Client
from nats.errors import Error as NatsError
from tests.place import TOWN_DIR

from clic.admission import AUTHORIZATION, admit
from clic.folder import Folder
from clic.nats_config import DURABLES, OPS, SERVICES, inbox_prefix, users
from clic.servers import WITH_DATABASE, without_clic
from clic_chassis.embedded import PostgresServer, start_postgres
from clic_chassis.embedded.cluster import Cluster, start_cluster
from clic_chassis.embedded.server_process import ServerProcess, start_process, tail
from clic_chassis.embedded.standby import either, promote, start_standby
from clic_chassis.error import RetryableError
from clic_chassis.jetstream_log import JetStreamLog
from clic_chassis.remainder import left_to_do
from clic_chassis.streams import ensure_streams
from clic_chassis.testing import open_folder, wait_until, wait_until_done
from clic_chassis.town_file import read_town

SERVERS = 3
INSTANCES = 2
READY_S = 180.0
SETTLED_S = 600.0
ASK_TIMEOUT_S = 20.0
SUPERVISED_EVERY_S = 0.2

Instance = tuple[str, int]
"""A service and its number."""


@dataclass
class Town:
    """What runs. Made by `open_town`."""

    folder: Path
    cluster: Cluster
    primary: PostgresServer
    standby: PostgresServer | None
    seeds: dict[str, Path]
    ports: dict[Instance, int]
    mail_url: str
    code: dict[Instance, dict[str, str]] = field(default_factory=dict)
    """What is set further in an instance's environment, where another code is to run there."""
    processes: dict[Instance, ServerProcess] = field(default_factory=dict)
    held_back: set[Instance] = field(default_factory=set)
    """Instances that the supervisor leaves as they are."""
    _secondary: PostgresServer | None = None

    # -- processes ----------------------------------------------------------------------------------------------------

    @property
    def instances(self) -> list[Instance]:
        """All there are."""
        return list(self.ports)

    def start(self, instance: Instance) -> None:
        """Start one process of a service."""
        home = self.home(instance)
        home.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", f"clic_{instance[0]}"]
        self.processes[instance] = start_process(home, command, home / "log.jsonl", environment=self.settings(instance))

    def settings(self, instance: Instance) -> dict[str, str]:
        """The environment of an instance."""
        service, _ = instance
        folder = Folder(self.folder)
        own = {
            "CLIC_NATS_URL": self.cluster.url,
            "CLIC_NATS_USER": service,
            "CLIC_NATS_NKEY_SEED_FILE": str(self.seeds[service]),
            "CLIC_NATS_MONITORING_URL": ",".join(each.monitoring_url for each in self.cluster.servers),
            "CLIC_TOWN_DIR": str(TOWN_DIR),
            "CLIC_HTTP_PORT": str(self.ports[instance]),
            "CLIC_AGENTS_FILE": str(folder.agents),
            "CLIC_PUBLIC_URL": "http://127.0.0.1",
        }
        if service in WITH_DATABASE:
            own["CLIC_POSTGRES_URL"] = self.database_url(service)
        if service == "intake":
            own["CLIC_MASTER_KEY_FILE"] = str(folder.master_key)
            own["CLIC_ADMISSION_FILE"] = str(folder.admission)
            own["CLIC_SMTP_URL"] = self.mail_url
            own["CLIC_SMTP_TLS"] = "none"
        return {**without_clic(os.environ), **own, **self.code.get(instance, {})}

    def home(self, instance: Instance) -> Path:
        """Where an instance writes."""
        return self.folder / f"{instance[0]}-{instance[1]}"

    def kill(self, instance: Instance) -> None:
        """SIGKILL; the supervisor starts it again."""
        self.processes[instance].kill()

    @contextlib.asynccontextmanager
    async def supervised(self) -> AsyncIterator[None]:
        """Instances that end are started again, as any supervisor does."""

        async def supervise() -> None:
            while True:
                for instance, process in list(self.processes.items()):
                    if instance not in self.held_back and not process.running:
                        self.start(instance)
                await asyncio.sleep(SUPERVISED_EVERY_S)

        task = asyncio.create_task(supervise())
        try:
            yield
        finally:
            if task.done():
                task.result()  # It never ends by itself: what ended it is told.
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def ready(self, instances: Iterable[Instance] | None = None, timeout_s: float = READY_S) -> None:
        """Wait until every instance says that it is, or each of these."""
        asked = list(instances or self.processes)
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:

            async def whose_not() -> list[str]:
                told = await asyncio.gather(*(self._why_not(client, each) for each in asked))
                return [each for each in told if each]

            async def all_ready() -> bool:
                said[:] = await whose_not()
                return not said

            said: list[str] = []
            try:
                await wait_until(all_ready, timeout_s, what="every instance is ready")
            except AssertionError as error:
                raise AssertionError(f"{error}: {said}") from error

    async def _why_not(self, client: httpx.AsyncClient, instance: Instance) -> str | None:
        try:
            answer = await client.get(f"{self.url(instance)}/readyz")
        except httpx.HTTPError as error:
            process = self.processes[instance]
            state = "runs" if process.running else f"ended with {process.popen and process.popen.returncode}"
            return f"{instance} {state}: {type(error).__name__}: {tail(self.home(instance) / 'log.jsonl', 3)}"
        return None if answer.is_success else f"{instance}: {answer.text}"

    def url(self, instance: Instance) -> str:
        """An instance's HTTP."""
        return f"http://127.0.0.1:{self.ports[instance]}"

    @contextlib.asynccontextmanager
    async def http(self, service: str, number: int) -> AsyncIterator[httpx.AsyncClient]:
        """A client of an instance's HTTP, as the agent."""
        token = Folder(self.folder).agent_token.read_text(encoding="utf-8").strip()
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(
            base_url=self.url((service, number)), headers=headers, timeout=20, trust_env=False
        ) as client:
            yield client

    def said(self, instance: Instance) -> str:
        """What an instance wrote, all of it."""
        return (self.home(instance) / "log.jsonl").read_text(encoding="utf-8")

    # -- servers ------------------------------------------------------------------------------------------------------

    def database_url(self, name: str) -> str:
        """A service's database, on whichever PostgreSQL takes writes."""
        database = name if name == "postgres" else f"clic_{name}"
        if self._secondary is None:
            return self.primary.url_of(database)
        return either(self.primary, self._secondary, database)

    async def fail_over(self) -> None:
        """The primary is lost for good, and its standby takes its place."""
        assert self.standby is not None, "there is no standby any more"
        await asyncio.to_thread(self.primary.kill)
        await promote(self.standby)
        self.standby = None

    @contextlib.asynccontextmanager
    async def database(self, service: str) -> AsyncIterator[Any]:
        """A connection to a service's database."""
        connection = await asyncpg.connect(self.database_url(service))
        try:
            yield connection
        finally:
            await connection.close()

    @contextlib.asynccontextmanager
    async def client(self, user: str = OPS) -> AsyncIterator[Client]:
        """A connection to NATS."""
        client = await nats.connect(
            self.cluster.url.split(","),
            nkeys_seed=str(self.seeds[user]),
            inbox_prefix=inbox_prefix(user).encode(),
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.2,
        )
        try:
            yield client
        finally:
            await client.close()

    async def settled(self, timeout_s: float = SETTLED_S) -> int:
        """Wait until every consumer and projection has caught up; gives the log's position."""
        async with (
            self.client() as client,
            self.database("reporting") as facts,
            self.database("intake") as lists,
            self.database("deadlines") as docket,
        ):
            event_log = JetStreamLog(client)
            checkpoints = ((facts, "reporting"), (lists, "desk"), (docket, "docket"))

            async def waiting() -> dict[str, int]:
                last = (await event_log.identity()).last_sequence
                found = {
                    schema: last - (await database.fetchval(f"SELECT max(sequence) FROM {schema}.checkpoint") or 0)
                    for database, schema in checkpoints
                }
                for stream, durable in (pair for pairs in DURABLES.values() for pair in pairs):
                    info = await client.jetstream(timeout=ASK_TIMEOUT_S).consumer_info(stream, durable)
                    found[durable] = await left_to_do(client, stream, info)
                found["timers"] = await docket.fetchval("SELECT count(*) FROM timer WHERE at <= now()")
                found["mail"] = await lists.fetchval(
                    "SELECT count(*) FROM letter WHERE state IN ('waiting', 'handing_over', 'handed_over') "
                    "AND taken_until < now()"  # What a killed sender had taken stays its own for minutes.
                )
                found["wakes"] = await lists.fetchval("SELECT count(*) FROM letter_wake WHERE wake_at <= now()")
                return found

            async def nothing_waits() -> int | None:
                said.clear()
                try:
                    before = (await event_log.identity()).last_sequence
                    said.update(await waiting())
                    is_so = not any(said.values()) and before == (await event_log.identity()).last_sequence
                except (NatsError, RetryableError) as error:
                    said[type(error).__name__] = 1
                    return None
                return before if is_so else None

            said: dict[str, int] = {}
            try:
                found = await wait_until(nothing_waits, timeout_s, what="everything has caught up")
            except AssertionError as error:
                raise AssertionError(f"{error}; still waiting: {said}") from error
            assert found is not None
            return found

    async def _prepare(self) -> None:
        async with self.client() as client:
            replicas = len(self.cluster.servers)
            await wait_until_done(lambda: ensure_streams(client, replicas=replicas), READY_S, what="streams are made")
        async with self.database("postgres") as connection:
            for service in WITH_DATABASE:
                await connection.execute(f"CREATE DATABASE clic_{service}")


@contextlib.contextmanager
def open_town(
    mail_url: str, *, servers: int = SERVERS, disk_mb: int | None = None, standby: bool = True
) -> Iterator[Town]:
    """A town whose servers run and whose services do not yet."""
    with open_folder() as path:
        folder = Folder(path)
        folder.make_keys()
        seeds = admit(folder, users(each.code for each in read_town(TOWN_DIR).publishers))
        guard = (folder.of("nats") / AUTHORIZATION).read_text(encoding="utf-8")
        names = [(service, number) for service in SERVICES for number in range(1, INSTANCES + 1)]
        chosen = folder.ports(f"{service}-{number}" for service, number in names)
        ports = {each: chosen[f"{each[0]}-{each[1]}"] for each in names}
        with contextlib.ExitStack() as stack:
            cluster = stack.enter_context(
                contextlib.closing(start_cluster(path / "cluster", size=servers, extra_config=guard, disk_mb=disk_mb))
            )
            primary = start_postgres(path / "postgres-1")
            stack.callback(primary.kill)
            second = start_standby(primary, path / "postgres-2") if standby else None
            if second is not None:
                stack.callback(second.kill)
            town = Town(path, cluster, primary, second, dict(seeds), ports, mail_url, _secondary=second)
            asyncio.run(town._prepare())
            try:
                yield town
            finally:
                for process in town.processes.values():
                    process.signal(signal.SIGTERM)
                for process in town.processes.values():
                    process.stop(signal.SIGTERM, 5.0)


@contextlib.asynccontextmanager
async def running_town(
    mail_url: str, *, servers: int = SERVERS, disk_mb: int | None = None, standby: bool = True
) -> AsyncIterator[Town]:
    """A town whose services run, are ready, and are started again when they end."""
    with contextlib.ExitStack() as stack:
        # It waits for processes and runs loops of its own: not in this one.
        opened = open_town(mail_url, servers=servers, disk_mb=disk_mb, standby=standby)
        town = await asyncio.to_thread(stack.enter_context, opened)
        try:
            for each in town.instances:
                town.start(each)
            async with town.supervised():
                await town.ready()
                yield town
        finally:
            await asyncio.to_thread(stack.close)

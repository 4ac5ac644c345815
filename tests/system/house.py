"""The whole house for system tests and benchmarks: real NATS with its users, real PostgreSQL, four real processes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from types import MappingProxyType
from typing import Any

import asyncpg
import httpx
import nats
import psutil
from nats.aio.client import Client
from nats.errors import Error as NatsError
from tests.place import TOWN_DIR

from clic.connection import FILE, Installation
from clic.folder import Folder
from clic.nats_config import DURABLES, OPS, SERVICES, NatsUser, users
from clic.servers import PORTS, Servers, start_servers, without_clic
from clic_chassis.embedded import NatsServer, PostgresServer
from clic_chassis.embedded.server_process import ServerProcess, start_process, tail
from clic_chassis.error import RetryableError
from clic_chassis.jetstream_log import JetStreamLog
from clic_chassis.nats_credential import NatsCredential
from clic_chassis.testing import left_to_do, open_folder, wait_until
from clic_chassis.town_file import read_town

READY_S = 120.0
SETTLED_S = 120.0
STOP_BOUND_S = 40.0
"""A service's own bound on stopping is 10 s for its components and as much for its HTTP; then Python ends."""


@dataclass
class House:
    """A town that runs. Made by `open_house`; its methods open connections of their own, in any event loop."""

    folder: Path
    servers: Servers
    ports: Mapping[str, int]
    traced: bool
    settings: Mapping[str, str] = field(default_factory=dict)
    """More of the environment of every service."""
    services: dict[str, ServerProcess] = field(default_factory=dict)

    @property
    def nats(self) -> NatsServer:
        """The log's server."""
        server = self.servers.ours["nats"]
        assert isinstance(server, NatsServer)
        return server

    @property
    def postgres(self) -> PostgresServer:
        """The databases' server."""
        server = self.servers.ours["postgres"]
        assert isinstance(server, PostgresServer)
        return server

    # -- processes ----------------------------------------------------------------------------------------------------

    def start(self, service: str) -> None:
        """Start a service as `clic up` does: a process of its own, told everything by its environment."""
        home = self.folder / service
        home.mkdir(exist_ok=True)
        self.services[service] = start_process(
            home, [sys.executable, "-m", f"clic_{service}"], home / "log.jsonl", environment=self.environment(service)
        )

    def environment(self, service: str) -> dict[str, str]:
        """The settings of a service."""
        folder = Folder(self.folder)
        environment = self.servers.environment(
            service,
            town_dir=TOWN_DIR,
            http_port=self.ports[service],
            agents=folder.agents,
            master_key=folder.master_key,
        )
        traced = {"CLIC_TRACE_FILE": str(self.folder / service / "trace.jsonl")} if self.traced else {}
        return {**environment, **traced, **self.settings}

    def stop(self, service: str) -> float:
        """SIGTERM; gives the seconds until it ended by itself.

        Raises:
            AssertionError: it did not end within its bound, or not well.
        """
        process = self.services[service]
        began = monotonic()
        process.signal(signal.SIGTERM)
        assert process.wait(STOP_BOUND_S), f"{service} did not end within {STOP_BOUND_S:.0f} s of SIGTERM"
        assert process.popen is not None
        assert process.popen.returncode == 0, f"{service} ended with {process.popen.returncode}:\n{self.tail(service)}"
        return monotonic() - began

    def kill(self, name: str) -> None:
        """SIGKILL to a service, to `nats` or to `postgres`."""
        match name:
            case "nats":
                self.nats.kill()
            case "postgres":
                self.postgres.kill()
            case _:
                self.services[name].kill()

    def restart(self, name: str) -> None:
        """Start again what was killed or stopped. A service that ended because of it is started by `revive`."""
        match name:
            case "nats":
                self.nats.restart()
            case "postgres":
                self.postgres.restart()
            case _:
                self.start(name)

    def revive(self) -> None:
        """What a supervisor does: start every service that ended."""
        for service, process in list(self.services.items()):
            if not process.running:
                self.start(service)

    def rss_mb(self) -> dict[str, float]:
        """Resident memory of each service now, in MB of 10⁶ bytes."""
        found: dict[str, float] = {}
        for service, process in self.services.items():
            with contextlib.suppress(psutil.NoSuchProcess):
                found[service] = process.process.memory_info().rss / 1e6
        return found

    def cpu_s(self) -> dict[str, float]:
        """Processor time of each service and server so far, in seconds."""
        pids = {name: each.pid for name, each in self.services.items()}
        found: dict[str, float] = {}
        for name, pid in {**pids, "nats": self.nats.pid, "postgres": self.postgres.pid}.items():
            process = psutil.Process(pid)
            family = [process, *process.children(recursive=True)]
            found[name] = sum(each.cpu_times().user + each.cpu_times().system for each in family)
        return found

    # -- what they say ------------------------------------------------------------------------------------------------

    def url(self, service: str) -> str:
        """A service's HTTP."""
        return f"http://127.0.0.1:{self.ports[service]}"

    def tail(self, service: str) -> str:
        """The end of a service's log."""
        return tail(self.folder / service / "log.jsonl", 12)

    def log(self, service: str) -> list[dict[str, Any]]:
        """A service's log. Every line is JSON: anything else fails here."""
        return _json_lines(self.folder / service / "log.jsonl")

    def spans(self, service: str) -> list[dict[str, Any]]:
        """The spans that a service wrote so far."""
        path = self.folder / service / "trace.jsonl"
        return _json_lines(path) if path.exists() else []

    @contextlib.asynccontextmanager
    async def http(self, service: str) -> AsyncIterator[httpx.AsyncClient]:
        """A client of a service's HTTP, as the agent."""
        token = Folder(self.folder).agent_token.read_text(encoding="utf-8").strip()
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(
            base_url=self.url(service), headers=headers, timeout=20, trust_env=False
        ) as client:
            yield client

    async def metrics(self, service: str) -> str:
        """The page of a service's metrics."""
        async with self.http(service) as client:
            return (await client.get("/metrics")).raise_for_status().text

    # -- servers ------------------------------------------------------------------------------------------------------

    def database_url(self, service: str) -> str:
        """The URL of a service's database."""
        return self.servers.databases[service]

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
        client = await nats.connect(self.nats.url, **NatsCredential(user, self.servers.users[user]).options())
        try:
            yield client
        finally:
            await client.close()

    async def ready(self) -> None:
        """Wait until every service says that it is ready."""
        async with httpx.AsyncClient(timeout=20, trust_env=False) as client:
            for service, process in self.services.items():

                async def is_ready(service: str = service, process: ServerProcess = process) -> bool:
                    assert process.running, f"{service} ended:\n{self.tail(service)}"
                    try:
                        return (await client.get(f"{self.url(service)}/readyz")).is_success
                    except httpx.HTTPError:
                        return False

                await wait_until(is_ready, READY_S, what=f"{service} is ready")

    async def settled(self, timeout_s: float = SETTLED_S, *, timers_too: bool = True) -> int:
        """Wait until every consumer and the projection have caught up and no timer is due; gives the log's position.

        A limit that had passed before it was known is looked at ten seconds later: `timers_too=False` waits for none.
        """
        async with self.client() as client, self.database("reporting") as facts, self.database("deadlines") as timers:
            event_log = JetStreamLog(client)

            async def lag() -> dict[str, int]:
                last = (await event_log.identity()).last_sequence
                waiting = {"reporting": last - await facts.fetchval("SELECT max(sequence) FROM reporting.checkpoint")}
                for stream, durable in (pair for pairs in DURABLES.values() for pair in pairs):
                    waiting[durable] = await left_to_do(client, stream, durable)
                if timers_too:
                    waiting["timers"] = await timers.fetchval("SELECT count(*) FROM timer WHERE at <= now()")
                return waiting

            async def nothing_waits() -> bool:
                try:
                    before = (await event_log.identity()).last_sequence
                    said.update(await lag())
                    return not any(said.values()) and before == (await event_log.identity()).last_sequence
                except (RetryableError, NatsError):
                    return False  # NATS did not answer within its five seconds.

            said: dict[str, int] = {}
            try:
                await wait_until(nothing_waits, timeout_s, what="everything has caught up")
            except AssertionError as error:
                raise AssertionError(f"{error}; still waiting: {said}") from error
            return (await event_log.identity()).last_sequence

    # -- commands -----------------------------------------------------------------------------------------------------

    def clic_environment(self) -> dict[str, str]:
        """The environment in which `clic` finds this house."""
        return {
            **without_clic(os.environ),
            "CLIC_DIR": str(self.folder),
            "CLIC_TOWN_DIR": str(TOWN_DIR),
            "COLUMNS": "200",
        }

    def spawn_clic(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a `clic` command beside us; whoever starts it waits for it."""
        return subprocess.Popen(
            [sys.executable, "-m", "clic", *arguments],
            env=self.clic_environment(),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    async def clic(self, *arguments: str, timeout_s: float = 100.0) -> str:
        """Run a `clic` command and give what it printed.

        Raises:
            AssertionError: it failed, or did not end in time.
        """
        return await finished(self.spawn_clic(*arguments), timeout_s)


def _json_lines(path: Path) -> list[dict[str, Any]]:
    """The lines of a file that is being written: the last one may not be whole yet."""
    body = path.read_bytes()
    return [json.loads(line) for line in body[: body.rfind(b"\n") + 1].splitlines() if line]


def files_below(folder: Path) -> Iterator[Path]:
    """Every file below a folder in which servers make and remove some: `rglob` fails where a folder goes meanwhile."""
    for parent, _, names in os.walk(folder):
        yield from (Path(parent, name) for name in names)


async def finished(process: subprocess.Popen[str], timeout_s: float) -> str:
    """What a command printed, once it ended well. Raises as `House.clic`."""
    try:
        output, _ = await asyncio.to_thread(process.communicate, timeout=timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        output, _ = process.communicate()
        raise AssertionError(f"{process.args!r} did not end within {timeout_s:.0f} s:\n{output}") from None
    assert process.returncode == 0, f"{process.args!r} ended with {process.returncode}:\n{output}"
    return output


@contextlib.contextmanager
def open_house(
    *,
    traced: bool = False,
    guests: Sequence[NatsUser] = (),
    settings: Mapping[str, str] = MappingProxyType({}),
    services: Sequence[str] = SERVICES,
) -> Iterator[House]:
    """A town with every server and these services running and ready, in a folder of its own, removed at the end.

    `guests` are users of NATS beside those of the town; `settings` are more of every service's environment.
    """
    with (
        open_folder() as path,
        house_in(path, traced=traced, guests=guests, settings=settings, services=services) as house,
    ):
        yield house


@contextlib.contextmanager
def house_in(
    path: Path,
    *,
    traced: bool = False,
    guests: Sequence[NatsUser] = (),
    settings: Mapping[str, str] = MappingProxyType({}),
    services: Sequence[str] = SERVICES,
) -> Iterator[House]:
    """The same in a folder that stays, with what is in it."""
    folder = Folder(path)
    folder.make_keys()
    ports = folder.ports((*PORTS, *SERVICES))
    town_users = users(each.code for each in read_town(TOWN_DIR).publishers)
    servers = start_servers(folder, ports, [*town_users, *guests])
    house = House(path, servers, ports, traced, settings)
    try:
        installation = Installation(
            nats_url=servers.nats_url, users=dict(servers.users), databases=dict(servers.databases)
        )
        folder.write(FILE, installation.model_dump_json())
        for service in services:
            house.start(service)
        asyncio.run(house.ready())
        yield house
    finally:
        for process in house.services.values():
            process.signal(signal.SIGTERM)
        for process in house.services.values():
            process.stop(signal.SIGTERM)
        for server in servers.ours.values():
            server.stop()

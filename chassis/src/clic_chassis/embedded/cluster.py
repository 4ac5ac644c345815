"""A cluster of NATS servers on the loopback that can be harmed: for tests of what is lost when something is lost.

    cluster = start_cluster(folder)
    with contextlib.closing(cluster):
        leader = cluster.leads("CLIC_LOG")
        cluster.isolate(leader)     # or leader.kill(), leader.pause(), cluster.cut(one, other)
        cluster.mend()

The links are carried by the Python that started it and end with it: not for running a town.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .link import Links
from .nats import NatsCluster, NatsServer, dialled, routing
from .port import ask, free_port
from .server_process import START_TIMEOUT_S, ServerError, start_with_free_ports, wait_for

MOUNT_TIMEOUT_S = 10.0


@dataclass
class ClusterServer(NatsServer):
    """One server of a cluster that can be harmed."""

    disk_mb: int | None = None
    """None: the machine's. Else its store is a file system of its own of this size."""
    is_paused: bool = False
    _is_mounted: bool = False

    @property
    def answers(self) -> bool:
        """Whether it runs and is not paused."""
        return self.running and not self.is_paused

    @property
    def store(self) -> Path:
        """Where its streams are."""
        return self.folder / "jetstream"

    def start(self, *, wait: bool = True) -> None:
        """See `NatsServer.start`."""
        if self.disk_mb is not None and not self._is_mounted:
            self._mount(self.disk_mb)
        super().start(wait=wait)

    def pause(self) -> None:
        """See `OwnServer.pause`."""
        super().pause()
        self.is_paused = self.running

    def resume(self) -> None:
        """See `OwnServer.resume`."""
        super().resume()
        self.is_paused = False

    def stop(self) -> None:
        """End it gracefully, within a bound."""
        self.resume()  # A process that is stopped hears no SIGTERM.
        super().stop()

    def unmount(self) -> None:
        """Give back its own file system, with what is in it; the server must have ended."""
        if self._is_mounted:
            subprocess.run(["umount", self.store], check=True, capture_output=True, timeout=MOUNT_TIMEOUT_S)  # noqa: S603, S607 - ours
            self._is_mounted = False

    def _mount(self, size_mb: int) -> None:
        self.store.mkdir(parents=True, exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={size_mb}m,mode=700", "tmpfs", str(self.store)]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=MOUNT_TIMEOUT_S)  # noqa: S603 - ours
        if done.returncode:
            raise ServerError(f"no file system of its own for {self.name}: {done.stderr.strip()}")
        self._is_mounted = True


@dataclass
class Cluster(NatsCluster):
    """Servers of ours that hold one JetStream together, and the links between them. Made by `start_cluster`."""

    servers: list[ClusterServer]  # type: ignore[assignment]  # Nobody puts others in.
    links: Links

    def leader(self) -> NatsServer | None:
        """See `NatsCluster.leader`; one alone leads."""
        return self.servers[0] if len(self.servers) == 1 else super().leader()

    def others(self, *servers: ClusterServer) -> list[ClusterServer]:
        """All but these."""
        return [each for each in self.servers if each not in servers]

    def leads(self, stream: str) -> ClusterServer:
        """The server that leads a stream, as a majority sees it: who was cut off may believe that it still leads.

        Raises:
            ServerError: nobody leads it.
        """
        if len(self.servers) == 1:
            return self.servers[0]
        seen = [_leader_of(server, stream) for server in self.servers if server.answers]
        for server in self.servers:
            if 2 * seen.count(server.name) > len(self.servers):
                return server
        raise ServerError(f"nobody leads {stream}: the servers say {seen}")

    def wait_led(self, stream: str, timeout_s: float = START_TIMEOUT_S) -> ClusterServer:
        """The server that leads a stream, once one does. Raises as `leads`, not in time."""
        found: list[ClusterServer] = []

        def is_led() -> bool:
            try:
                found.append(self.leads(stream))
            except ServerError:
                return False
            return True

        return found[0] if wait_for(is_led, timeout_s) else self.leads(stream)

    def cut(self, source: ClusterServer, target: ClusterServer, *, one_way: bool = False) -> None:
        """Let nothing through from one server to another; back as well unless `one_way`."""
        self.links.cut(source.name, target.name)
        if not one_way:
            self.links.cut(target.name, source.name)

    def isolate(self, server: ClusterServer) -> None:
        """Cut one server off from all others; clients still reach each of them."""
        for other in self.others(server):
            self.cut(server, other)

    def mute(self, server: ClusterServer) -> None:
        """What one server says reaches no other; it hears them."""
        for other in self.others(server):
            self.cut(server, other, one_way=True)

    def deafen(self, server: ClusterServer) -> None:
        """What others say does not reach one server; they hear it."""
        for other in self.others(server):
            self.cut(other, server, one_way=True)

    def hang(self, server: ClusterServer) -> None:
        """One server stops in the middle of what it does; its connections stand."""
        server.pause()

    def mend(self) -> None:
        """Mend every link, and let every server that was paused go on."""
        self.links.mend_all()
        for each in self.servers:
            each.resume()

    def close(self) -> None:
        """End the servers, each within a bound, and the links; as `stop`."""
        self.stop()

    def stop(self) -> None:
        """End the servers, each within a bound, and the links."""
        for each in self.servers:
            each.kill()  # Two that are left would wait for the third.
            each.unmount()
        self.links.close()


def start_cluster(
    folder: Path,
    *,
    size: int = 3,
    name: str = "clic",
    extra_config: str | Callable[[int], str] = "",
    disk_mb: int | None = None,
) -> Cluster:
    """Start a cluster in the folder and wait until it is ready.

    One server alone (`size=1`) is no cluster. `extra_config` is more of each server's configuration, told its number
    from 1 where it differs. `disk_mb` is the size of each server's own file system (a tmpfs: root alone may have one).

    Raises:
        ServerError: a server does not start, or they are not ready in time.
    """
    return start_with_free_ports(lambda: _made(folder, size, name, extra_config, disk_mb))


def _made(folder: Path, size: int, name: str, extra_config: str | Callable[[int], str], disk_mb: int | None) -> Cluster:
    links = Links()
    names = [f"{name}-n{number}" for number in range(1, size + 1)]
    routes = [free_port() for _ in names]
    servers: list[ClusterServer] = []
    for number, (own, route_port) in enumerate(zip(names, routes, strict=True)):
        ways = [links.open(own, names[other], routes[other]) for other in dialled(number)]
        more = extra_config if isinstance(extra_config, str) else extra_config(number + 1)
        servers.append(
            ClusterServer(
                folder / f"n{number + 1}",
                own,
                free_port(),
                free_port(),
                "\n".join((routing(name, route_port, ways, "no_advertise: true, ") if size > 1 else "", more)),
                route_port=route_port,
                disk_mb=disk_mb,
            )
        )
    return Cluster(servers, links)


def _leader_of(server: NatsServer, stream: str) -> str | None:
    """Who leads a stream, as one server sees it; None where it does not know."""
    _, said = ask(f"{server.monitoring_url}/jsz?streams=1")
    for account in (said or {}).get("account_details", []):
        for each in account.get("stream_detail", []):
            if each["name"] == stream:
                leader: str | None = each.get("cluster", {}).get("leader")
                return leader
    return None

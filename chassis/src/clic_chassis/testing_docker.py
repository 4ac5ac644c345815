"""Servers for tests in containers, where a Docker engine answers; see `clic_chassis.testing`."""

from __future__ import annotations

import gc
import secrets
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import docker  # type: ignore[import-untyped] # It ships no types.
import docker.errors  # type: ignore[import-untyped] # The same.
from testcontainers.core.container import DockerContainer

from .embedded import free_port
from .embedded.port import well
from .embedded.server_process import START_TIMEOUT_S, ServerError, wait_for

NATS_IMAGE = "nats:2.15.1"
POSTGRES_IMAGE = "postgres:18"
PING_TIMEOUT_S = 2
STOP_TIMEOUT_S = 10
NATS_CONFIG = b"""http: "0.0.0.0:8222"
max_payload: 4194304
jetstream { store_dir: "/data", sync_interval: always, max_file_store: 256GB }
"""


def docker_answers() -> bool:
    """Whether a Docker engine answers within two seconds."""
    answers = False
    try:
        client = docker.from_env(timeout=PING_TIMEOUT_S)
        answers = bool(client.ping())
        client.close()
    except (docker.errors.DockerException, OSError):
        answers = False
    # Where no engine is, its client leaves a socket unclosed, which would fail whichever test runs at the next
    # collection; after the `except`, so that the error's traceback holds it no more.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    return answers


@dataclass
class Container:
    """A server in a container, on host ports that stay the same when it restarts."""

    container: DockerContainer
    url: str
    ready: Callable[[], bool]
    monitoring_url: str = ""
    _stopped: bool = field(default=False, repr=False)

    def wait_ready(self) -> None:
        """Wait until it answers.

        Raises:
            ServerError: not in time.
        """
        if not wait_for(self.ready, START_TIMEOUT_S):
            out, err = self.container.get_logs()
            raise ServerError(f"{self.container.image} did not answer in time:\n{(out + err).decode()[-2000:]}")

    def stop(self) -> None:
        """End it gracefully."""
        self.container.get_wrapped_container().stop(timeout=STOP_TIMEOUT_S)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.container.get_wrapped_container().kill()

    def restart(self) -> None:
        """Start it again on the same port with the same data."""
        self.container.get_wrapped_container().restart(timeout=STOP_TIMEOUT_S)
        self.wait_ready()


class DockerServers:
    """Servers in containers; testcontainers' own reaper removes them when the tests have ended."""

    name = f"Docker, by testcontainers ({NATS_IMAGE}, {POSTGRES_IMAGE})"

    def nats(self, folder: Path) -> Container:  # noqa: ARG002 - the protocol's; a container keeps its own files
        """See `clic_chassis.testing.Servers.nats`."""
        port, monitoring_port = free_port(), free_port()
        container = (
            DockerContainer(NATS_IMAGE)
            .with_copy_into_container(NATS_CONFIG, "/clic.conf")
            .with_command(["--config", "/clic.conf"])
            .with_bind_ports(4222, port)
            .with_bind_ports(8222, monitoring_port)
        )
        host = container.start().get_container_host_ip()
        monitoring_url = f"http://{host}:{monitoring_port}"
        server = Container(
            container, f"nats://{host}:{port}", lambda: well(f"{monitoring_url}/healthz"), monitoring_url
        )
        server.wait_ready()
        return server

    def postgres(self, folder: Path) -> Container:  # noqa: ARG002 - the protocol's; a container keeps its own files
        """See `clic_chassis.testing.Servers.postgres`."""
        port, password = free_port(), secrets.token_urlsafe(24)
        container = DockerContainer(POSTGRES_IMAGE).with_env("POSTGRES_PASSWORD", password).with_bind_ports(5432, port)
        host = container.start().get_container_host_ip()

        def ready() -> bool:
            # Over TCP: while the image initialises its data, its server listens on a socket alone.
            asked = container.exec(["pg_isready", "-q", "-h", "127.0.0.1", "-U", "postgres"])
            return asked.exit_code == 0

        server = Container(container, f"postgresql://postgres:{password}@{host}:{port}/postgres", ready)
        server.wait_ready()
        return server

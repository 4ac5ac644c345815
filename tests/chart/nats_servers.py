"""Three NATS servers of the wheel on the loopback, run by what the official chart makes of our values."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import trustme
from tests.chart import nats_chart

from clic.admission import new_seed
from clic.nats_config import OPS, SERVICES, authorization, users
from clic_chassis.embedded.nats import nats_binary
from clic_chassis.embedded.port import LOOPBACK, free_port, well
from clic_chassis.embedded.server_process import ServerProcess, start_process, wait_for
from clic_chassis.nats_credential import public_key_of

START_S = 60.0


@dataclass
class Servers:
    """Three of them, as the chart starts them, on the loopback."""

    folder: Path
    ports: list[int]
    monitoring_ports: list[int]

    @property
    def url(self) -> str:
        """As a client is told."""
        return f"tls://{LOOPBACK}:{self.ports[0]}"

    def seed_file(self, user: str) -> Path:
        """Of the Secret of a user."""
        return self.folder / f"{user}.nk"


def place(folder: Path, text: str, number: int, ports: list[int], routes: list[int], monitoring: int) -> Path:
    """A server's configuration where its files are here: folders and ports are all that is changed."""
    home = folder / f"nats-{number}"
    config = home / "etc" / "nats-config" / "nats.conf"
    config.parent.mkdir(parents=True)
    users_folder = home / "etc" / "nats-users"
    users_folder.symlink_to(folder / "users")
    for before, after in (
        (nats_chart.CA, folder / "ca"),
        (nats_chart.CERTIFICATES["nats"], folder / "certificates"),
        (nats_chart.CERTIFICATES["cluster"], folder / "certificates"),
        ("/data", home / "data"),
        ("/var/run/nats", home),
        ("$SERVER_NAME", f'"nats-{number}"'),
    ):
        assert before in text, f"the chart says nothing of {before}"
        text = text.replace(before, str(after))
    for each, port in enumerate(routes):
        text = text.replace(f"nats-{each}.nats-headless:6222", f"{LOOPBACK}:{port}")
    text = text.replace('"port": 6222', f'"port": {routes[number]}').replace('"port": 4222', f'"port": {ports[number]}')
    config.write_text(text.replace('"http_port": 8222', f'"http_port": {monitoring}'), encoding="utf-8")
    return config


def lay_out(folder: Path) -> None:
    """The Secrets that the values name: certificates of one authority, users with their keys."""
    authority = trustme.CA()
    certificate = authority.issue_cert(LOOPBACK)
    for name in ("ca", "certificates", "users"):
        (folder / name).mkdir()
    authority.cert_pem.write_to_path(folder / "ca" / "ca.crt")
    certificate.cert_chain_pems[0].write_to_path(folder / "certificates" / "tls.crt")
    certificate.private_key_pem.write_to_path(folder / "certificates" / "tls.key")
    seeds = {user: new_seed() for user in (OPS, *SERVICES)}
    for user, seed in seeds.items():
        (folder / f"{user}.nk").write_text(f"{seed}\n", encoding="utf-8")
    text = authorization(users(()), {user: (public_key_of(seed),) for user, seed in seeds.items()})
    (folder / "users" / "users.conf").write_text(f"{text}\n", encoding="utf-8")


@contextlib.contextmanager
def running(folder: Path, text: str) -> Iterator[Servers]:
    """Three servers with this configuration."""
    lay_out(folder)
    ports, routes, monitoring = ([free_port() for _ in range(3)] for _ in range(3))
    started: list[ServerProcess] = []
    try:
        for number in range(3):
            config = place(folder, text, number, ports, routes, monitoring[number])
            home = folder / f"nats-{number}"
            checked = subprocess.run([nats_binary(), "-t", "-c", config], capture_output=True, text=True, check=False)
            assert checked.returncode == 0, checked.stderr
            started.append(start_process(home, [nats_binary(), "--config", config], home / "nats.out"))
        urls = [f"http://{LOOPBACK}:{port}/healthz" for port in monitoring]
        said = wait_for(lambda: all(map(well, urls)), START_S)
        assert said, (folder / "nats-0" / "nats.out").read_text(encoding="utf-8")[-3000:]
        yield Servers(folder, ports, monitoring)
    finally:
        for process in started:
            process.kill()

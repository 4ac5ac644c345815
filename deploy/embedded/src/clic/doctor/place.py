"""What is examined: an installation of `clic up` by its folder, or one elsewhere by the environment."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
from nats.aio.client import Client

from clic.admission import nkeys_by_user
from clic.connection import (
    Connection,
    ConnectionUnknownError,
    Installation,
    checked_nats_url,
    checked_postgres_url,
    clic_dir,
    nats_connection,
    read_installation,
)
from clic.folder import Folder
from clic.nats_config import OPS, SERVICES
from clic.scrape import Told, ask_services
from clic_chassis.nats_monitor import MonitoringError, ServerStanding, ask_servers
from clic_chassis.postgres_credential import connect
from clic_intake.publisher_admission import read_admission

CONNECT_TIMEOUT_S = 5.0


@dataclass
class Place:
    """Where everything is. What nobody named is None or left out, and is told as unknown."""

    now: dt.datetime
    ops: Connection | None
    users: Mapping[str, Connection] = field(default_factory=dict)
    """NATS as each service, where its key is at hand."""
    monitoring_url: str | None = None
    databases: Mapping[str, str] = field(default_factory=dict)
    services: Mapping[str, str] = field(default_factory=dict)
    town_dir: Path | None = None
    master_key: Path | None = None
    secrets: Sequence[Path] = ()
    """Files that their owner alone may read."""
    certificates: Mapping[str, Path] = field(default_factory=dict)
    folder: Path | None = None
    smtp_url: str | None = None
    _told: list[Told] | None = field(default=None, init=False)
    _standing: tuple[list[ServerStanding], dict[str, MonitoringError]] | None = field(default=None, init=False)

    async def told(self) -> list[Told]:
        """What the services say, asked once."""
        if self._told is None:
            self._told = await ask_services(self.services)
        return self._told

    async def standing(self) -> tuple[list[ServerStanding], dict[str, MonitoringError]]:
        """What the monitoring pages of NATS say, asked once; nothing where they are not known."""
        if self._standing is None:
            tls = self.ops.credential.tls() if self.ops is not None else None
            self._standing = await ask_servers(self.monitoring_url, tls) if self.monitoring_url else ([], {})
        return self._standing

    @asynccontextmanager
    async def nats(self, connection: Connection | None = None) -> AsyncIterator[Client]:
        """NATS as ops, or as another. Raises as `Connection.connect`."""
        whom = connection or self.ops
        if whom is None:
            raise ConnectionUnknownError("nothing says where NATS is")
        client = await whom.connect("clic doctor")
        try:
            yield client
        finally:
            await client.close()

    @asynccontextmanager
    async def database(self, service: str) -> AsyncIterator[asyncpg.Connection]:
        """A service's database. Raises what asyncpg does."""
        connection = await connect(self.databases[service], timeout=CONNECT_TIMEOUT_S)
        try:
            yield connection
        finally:
            await connection.close()


def place_of(
    now: dt.datetime,
    services: Mapping[str, str],
    databases: Mapping[str, str],
    environment: Mapping[str, str] = os.environ,
) -> Place:
    """What is to be examined. What is named by hand goes before what the folder says.

    Raises:
        ConnectionUnknownError: nothing says where anything is.
    """
    smtp_url = environment.get("CLIC_SMTP_URL")
    if url := environment.get("CLIC_NATS_URL"):
        checked_nats_url("CLIC_NATS_URL", url)
        named = ("CLIC_NATS_NKEY_SEED_FILE", "CLIC_NATS_KEY_FILE", "CLIC_MASTER_KEY_FILE", "CLIC_HTTP_KEY_FILE")
        seeds = Path(environment.get("CLIC_NATS_NKEY_SEED_FILE", ""))
        return Place(
            now,
            nats_connection(OPS),
            monitoring_url=environment.get("CLIC_NATS_MONITORING_URL"),
            databases=databases,
            services=services,
            town_dir=_path(environment, "CLIC_TOWN_DIR"),
            master_key=_path(environment, "CLIC_MASTER_KEY_FILE"),
            secrets=[path for name in named if (path := _path(environment, name)) is not None],
            certificates={
                name: path
                for name, variable in {
                    "http": "CLIC_HTTP_CERTIFICATE_FILE",
                    "nats_client": "CLIC_NATS_CERTIFICATE_FILE",
                    "nats_authority": "CLIC_NATS_CA_FILE",
                }.items()
                if (path := _path(environment, variable)) is not None
            },
            smtp_url=smtp_url,
            users=_beside(nats_connection(OPS), seeds),
        )
    folder = Folder(clic_dir())
    installation = read_installation(folder.path)
    users = {service: installation.connection(service) for service in SERVICES if service in installation.users}
    return Place(
        now,
        installation.connection(OPS),
        users=users,
        monitoring_url=_monitoring_of(folder),
        databases={**installation.databases, **databases},
        services={**installation.services, **services},
        town_dir=installation.town_dir,
        master_key=folder.master_key,
        secrets=[
            folder.master_key,
            folder.agent_token,
            folder.reviewer_token,
            folder.administrator_token,
            folder.path / "connection.json",
            folder.path / "secrets.json",
            *_seeds(folder, installation),
        ],
        folder=folder.path,
        smtp_url=smtp_url,
    )


def _seeds(folder: Folder, installation: Installation) -> list[Path]:
    """The seeds' files of whoever is let in: a publisher that was shown out has none."""
    keys = nkeys_by_user(read_admission(folder.admission))
    return [file for user, file in installation.users.items() if keys.get(user) != ()]


def named_addresses(option: str, said: Sequence[str]) -> dict[str, str]:
    """`intake=http://…` as a mapping.

    Raises:
        ConnectionUnknownError: one of them is not of this form, or no service's.
    """
    found: dict[str, str] = {}
    for each in said:
        service, _, url = each.partition("=")
        if service not in SERVICES or "://" not in url:
            raise ConnectionUnknownError(
                f"{option} {service}: write SERVICE=ADDRESS, with one of {', '.join(SERVICES)}"
            )
        found[service] = checked_postgres_url(option, url) if url.startswith("postgres") else url.rstrip("/")
    return found


def _path(environment: Mapping[str, str], name: str) -> Path | None:
    said = environment.get(name)
    return Path(said) if said else None


def _beside(ops: Connection, seed: Path) -> dict[str, Connection]:
    """Keys of services that lie beside ops' own as `<service>.nk`; elsewhere than on one machine they seldom do."""
    return {
        service: Connection(ops.nats_url, type(ops.credential)(service, path, ops.credential.ca_file))
        for service in SERVICES
        if seed.name and (path := seed.with_name(f"{service}.nk")).is_file()
    }


def _monitoring_of(folder: Folder) -> str | None:
    """Of a server of ours."""
    if not (folder.of("nats") / "nats.conf").exists():
        return None
    try:
        port = json.loads((folder.path / "ports.json").read_text(encoding="utf-8"))["nats_monitoring"]
    except (OSError, ValueError, KeyError):
        return None
    return f"http://127.0.0.1:{port}"

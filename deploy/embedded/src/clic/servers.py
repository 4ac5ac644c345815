"""NATS and PostgreSQL under an installation: ours from wheels, or what a user names by URL, made ready for services."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from nats.errors import Error as NatsError

from clic_chassis.embedded import NatsServer, PostgresServer, start_nats, start_postgres
from clic_chassis.embedded.server_process import end_leftover
from clic_chassis.error import ClicError
from clic_chassis.nats_credential import ANONYMOUS, NatsCredential
from clic_chassis.postgres_credential import connect
from clic_chassis.streams import ensure_streams
from clic_reporting.model import ANALYST as ANALYST_ROLE
from clic_reporting.model import analyst_sql

from .admission import INCLUDED, admit
from .connection import Connection, without_password
from .folder import Folder
from .nats_config import ACCOUNT, OPS, NatsUser

WITH_DATABASE = ("intake", "deadlines", "reporting")
ANALYST = "analyst"
"""No service, but somebody with a role of their own in reporting's database, see `docs/analysts.md`."""
CONNECT_TIMEOUT_S = 10
PORTS = ("nats", "nats_monitoring", "postgres")
HANDED_ON = (
    "CLIC_DIGEST_", "CLIC_IMAP_", "CLIC_LMTP_", "CLIC_MAIL_", "CLIC_OIDC_", "CLIC_OPEN311_", "CLIC_PUBLIC_URL",
    "CLIC_SMTP_", "CLIC_TRUSTED_PROXIES",
)  # fmt: skip
"""Settings of the shell that services get: where mail goes and when, who signs people in, what the outside calls us.
No other, so that one that is left over from another installation changes nothing."""


class ServersError(ClicError):
    """A server cannot be used; the message says what to do."""


class Server(Protocol):
    """A server that we started."""

    @property
    def running(self) -> bool:
        """Whether its process lives."""
        ...

    def restart(self) -> None:
        """Start it again on the same port with the same data."""
        ...

    def stop(self) -> None:
        """End it gracefully, within a bound."""
        ...


@dataclass(frozen=True)
class Servers:
    """What services connect to."""

    nats_url: str
    monitoring_url: str | None
    users: Mapping[str, Path]
    """The file of its nkey's seed by NATS user; none where the server is somebody else's and its URL says all."""
    databases: Mapping[str, str]
    """URL by service."""
    ours: Mapping[str, Server]
    """Those that we started, by name."""

    def environment(
        self, service: str, *, town_dir: Path, http_port: int, agents: Path, master_key: Path
    ) -> dict[str, str]:
        """A service's settings, over the shell's, which may set of ours what is `HANDED_ON` alone."""
        own = {
            "CLIC_NATS_URL": self.nats_url,
            "CLIC_TOWN_DIR": str(town_dir.resolve()),
            "CLIC_HTTP_PORT": str(http_port),
            "CLIC_AGENTS_FILE": str(agents),
        }
        if self.monitoring_url is not None:
            own["CLIC_NATS_MONITORING_URL"] = self.monitoring_url
        if service in self.users:
            own |= {"CLIC_NATS_USER": service, "CLIC_NATS_NKEY_SEED_FILE": str(self.users[service])}
        if service in self.databases:
            own["CLIC_POSTGRES_URL"] = self.databases[service]
        if service == "intake":
            own["CLIC_MASTER_KEY_FILE"] = str(master_key)
            own["CLIC_ADMISSION_FILE"] = str(agents.with_name("admission.json"))
        handed_on = {name: value for name, value in os.environ.items() if name.startswith(HANDED_ON)}
        if service == "intake":
            handed_on.setdefault("CLIC_PUBLIC_URL", f"http://127.0.0.1:{http_port}")
        return {**without_clic(os.environ), **handed_on, **own}


def without_clic(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment without settings of ours that somebody's shell may hold."""
    return {name: value for name, value in environment.items() if not name.startswith("CLIC_")}


def end_leftovers(folder: Folder) -> None:
    """End the servers that a killed supervisor left running, so that their ports are free again."""
    end_leftover(folder.of("nats"), str(folder.of("nats") / "nats.conf"), NatsServer.STOP)
    end_leftover(folder.of("postgres"), str(folder.of("postgres") / "data"), PostgresServer.STOP)


async def make_streams(servers_url: str, seed_files: Mapping[str, Path]) -> None:
    """Make the streams that are missing.

    Raises:
        NotReachedError: NATS does not answer.
        ServersError: it answers without JetStream.
        StreamError: the log stands there with other settings, or the server refused.
    """
    credential = NatsCredential(OPS, seed_files[OPS]) if seed_files else ANONYMOUS
    connection = Connection(servers_url, credential)
    client = await connection.connect("clic up")
    try:
        await ensure_streams(client)
    except NatsError as error:
        raise ServersError(
            f"NATS at {without_password(servers_url)} answers without JetStream ({type(error).__name__}): enable it, "
            "with `sync_interval: always`"
        ) from error
    finally:
        await client.close()


async def make_databases(admin_url: str, passwords: Mapping[str, str]) -> dict[str, str]:
    """A database for each service that has one, and its URL. With passwords each has a role of its own, which owns it.

    Analysts have a role as well then, and its URL is among them as `analyst`.

    Raises:
        ServersError: PostgreSQL does not answer, or does not let us.
    """
    where = without_password(admin_url)
    try:
        connection = await connect(admin_url, timeout=CONNECT_TIMEOUT_S)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise ServersError(f"PostgreSQL at {where} does not answer: {str(error) or type(error).__name__}") from error
    try:
        urls = {service: await _database(connection, admin_url, service, passwords) for service in WITH_DATABASE}
        if password := passwords.get(ANALYST):
            urls[ANALYST] = await _analyst(connection, admin_url, password)
        return urls  # noqa: TRY300 - an `else` would stand far from what it is of
    except asyncpg.InsufficientPrivilegeError as error:
        raise ServersError(
            f"PostgreSQL at {where} does not let us make databases: {error}. Name another user."
        ) from error
    finally:
        await connection.close()


async def _database(connection: asyncpg.Connection, admin_url: str, service: str, passwords: Mapping[str, str]) -> str:
    name = f"clic_{service}"
    owner = ""
    if password := passwords.get(service):
        # A password of ours is letters, digits, - and _: it needs no quoting, which these statements do not allow.
        verb = "ALTER" if await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", name) else "CREATE"
        await connection.execute(f"{verb} ROLE {name} LOGIN PASSWORD '{password}'")
        owner = f" OWNER {name}"
    if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
        await connection.execute(f"CREATE DATABASE {name}{owner}")
        if owner:
            await connection.execute(f"REVOKE CONNECT ON DATABASE {name} FROM PUBLIC")
    return database_url(admin_url, name, user=name if password else None, password=password)


async def _analyst(connection: asyncpg.Connection, admin_url: str, password: str) -> str:
    """The role that sees the views of reporting alone, on a server of ours."""
    await connection.execute("REVOKE CONNECT, TEMPORARY ON DATABASE postgres, template1 FROM PUBLIC")
    name = "clic_reporting"
    inside = await connect(database_url(admin_url, name), timeout=CONNECT_TIMEOUT_S)
    try:
        await inside.execute(analyst_sql(name, password))
    finally:
        await inside.close()
    return database_url(admin_url, name, user=ANALYST_ROLE, password=password)


def database_url(admin_url: str, database: str, *, user: str | None = None, password: str | None = None) -> str:
    """Another database of the same server, for its administrator or for a role with its password."""
    parts = urlsplit(admin_url)
    place = parts.netloc.rpartition("@")[2]
    netloc = f"{user}:{password}@{place}" if user else parts.netloc
    return urlunsplit(parts._replace(netloc=netloc, path=f"/{database}"))


def move_streams(folder: Folder) -> None:
    """Take the streams of a server without accounts, as versions before 0.2 had it, into the account that has them."""
    store = folder.of("nats") / "jetstream" / "jetstream"
    if (store / "$G").is_dir() and not (store / ACCOUNT).exists():
        (store / "$G").rename(store / ACCOUNT)


def start_servers(
    folder: Folder,
    ports: Mapping[str, int],
    nats_users: Sequence[NatsUser],
    *,
    nats_url: str | None = None,
    postgres_url: str | None = None,
) -> Servers:
    """NATS and PostgreSQL, ours where no URL names another one, with streams and databases made.

    Raises:
        ServerError: one of ours does not start.
        ServersError, StreamError: one cannot be used as it is.
    """
    secrets = folder.secrets((*WITH_DATABASE, ANALYST))
    ours: dict[str, Server] = {}
    seed_files: Mapping[str, Path] = {}
    monitoring_url: str | None = None
    try:
        if nats_url is None:
            move_streams(folder)
            seed_files = admit(folder, nats_users)
            server = start_nats(
                folder.of("nats"),
                port=ports["nats"],
                monitoring_port=ports["nats_monitoring"],
                extra_config=INCLUDED,
            )
            ours["nats"], nats_url, monitoring_url = server, server.url, server.monitoring_url
        admin_url = postgres_url
        if admin_url is None:
            database = start_postgres(folder.of("postgres"), port=ports["postgres"])
            ours["postgres"], admin_url = database, database.url
        asyncio.run(make_streams(nats_url, seed_files))
        databases = asyncio.run(make_databases(admin_url, secrets.databases if "postgres" in ours else {}))
    except BaseException:
        for each in ours.values():
            each.stop()
        raise
    return Servers(nats_url, monitoring_url, seed_files, databases, ours)

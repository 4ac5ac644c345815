"""How a `clic` command reaches a running CLIC: by the environment, or by what `clic up` wrote into its folder."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import nats
from nats.aio.client import Client
from pydantic import BaseModel, ConfigDict, ValidationError

from clic_chassis.error import ClicError
from clic_chassis.nats_credential import ANONYMOUS, NatsCredential
from clic_chassis.nats_header import withstand
from clic_chassis.postgres_credential import with_password_file

from .nats_config import PUBLISHER_PREFIX, publisher_user

CONNECT_TIMEOUT_S = 5
FILE = "connection.json"
USUAL = Path(".clic")
"""Where an installation is kept if nothing else is said."""


class ConnectionUnknownError(ClicError):
    """Nothing says where CLIC is, or as whom to speak to it; the message says how to mend it."""


class NotReachedError(ClicError):
    """NATS does not answer where it should be; the message says what to do."""


class Installation(BaseModel):
    """`connection.json`: where everything of an installation is. Holds passwords of databases: for its owner alone."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    nats_url: str
    users: dict[str, Path] = {}
    """The file of its nkey's seed by NATS user; none where the server asks for none."""
    databases: dict[str, str] = {}
    """PostgreSQL URL by service."""
    services: dict[str, str] = {}
    """HTTP address by service."""
    town_dir: Path | None = None
    """The town's folder that it was started with."""

    def connection(self, user: str) -> Connection:
        """NATS as one of the users.

        Raises:
            ConnectionUnknownError: there is no such user.
        """
        if self.users and user not in self.users:
            raise ConnectionUnknownError(f"NATS has no user {user}; it has {', '.join(sorted(self.users))}")
        return Connection(self.nats_url, NatsCredential(user, self.users[user]) if self.users else ANONYMOUS)

    def publisher(self, code: str) -> Connection:
        """NATS as a publisher.

        Raises:
            ConnectionUnknownError: the town had no such publisher when CLIC was started.
        """
        if self.users and publisher_user(code) not in self.users:
            known = sorted(u.removeprefix(PUBLISHER_PREFIX) for u in self.users if u.startswith(PUBLISHER_PREFIX))
            raise ConnectionUnknownError(
                f"no publisher {code}; known: {', '.join(known)}. `clic up` takes up new ones."
            )
        return self.connection(publisher_user(code))


@dataclass(frozen=True, slots=True)
class Connection:
    """Where NATS is, and as whom we speak to it."""

    nats_url: str
    credential: NatsCredential = ANONYMOUS

    async def connect(self, name: str) -> Client:
        """A connection that reconnects by itself for as long as it lives.

        Raises:
            NotReachedError: the server was not there, or did not let us in.
            CredentialError: a key or certificate cannot be used, or the server speaks without TLS.
        """
        heard: list[Exception] = []

        async def hear(error: Exception) -> None:  # Without one nats-py writes a traceback for every try.
            heard[:] = [error]

        connecting = nats.connect(
            self.nats_url.split(","),
            name=name,
            error_cb=hear,
            max_reconnect_attempts=-1,  # And so the first connection is tried without end: bounded here.
            reconnect_time_wait=0.5,
            **self.credential.options(),
        )
        try:
            client = await asyncio.wait_for(connecting, CONNECT_TIMEOUT_S)
        except TimeoutError as error:
            why = f": {heard[0]}" if heard else ""
            raise NotReachedError(
                f"NATS at {without_password(self.nats_url)} did not let us in within {CONNECT_TIMEOUT_S} s{why}. "
                "Is CLIC running? `clic up` starts it."
            ) from error
        self.credential.follow(client)
        withstand(client)
        return client


def without_password(url: str) -> str:
    """A URL that may be shown."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=""))


def checked_nats_url(said_by: str, url: str) -> str:
    """The address of NATS, or several with commas between, if it can be one.

    Raises:
        ConnectionUnknownError: it cannot; the message names who said it, and shows no password.
    """
    every = [each if "://" in each else f"nats://{each}" for each in url.split(",")]
    return _checked(said_by, url, every, ("nats", "tls", "ws", "wss"), "nats://host:4222")


def checked_postgres_url(said_by: str, url: str) -> str:
    """The address of PostgreSQL, if it can be one. Raises as `checked_nats_url`."""
    example = "postgresql://user:password@host:5432/postgres"
    return _checked(said_by, url, [url], ("postgresql", "postgres"), example)


def _checked(said_by: str, url: str, every: Sequence[str], schemes: Sequence[str], example: str) -> str:
    for each in every:
        try:
            parts = urlsplit(each)
            fits = parts.scheme in schemes and parts.port != 0
        except ValueError:
            fits = False  # Brackets without their like, or a port that is no number.
        if not fits:
            raise ConnectionUnknownError(f"{said_by} is no address such as {example}")
    return url


def clic_dir() -> Path:
    """The folder of this installation: `CLIC_DIR`, or `.clic` where one stands."""
    return Path(os.environ.get("CLIC_DIR") or USUAL)


def read_installation(folder: Path | None = None) -> Installation:
    """What `clic up` wrote into its folder.

    Raises:
        ConnectionUnknownError: it wrote nothing there, or it cannot be read.
    """
    path = (folder or clic_dir()) / FILE
    try:
        return Installation.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise ConnectionUnknownError(
            f"CLIC does not run from {path.parent}: start it with `clic up`, or name its folder in CLIC_DIR"
        ) from error
    except (OSError, ValidationError) as error:
        raise ConnectionUnknownError(f"{path}: cannot be read ({error}); `clic up` writes it anew") from error


def _from_environment() -> Connection | None:
    """`CLIC_NATS_URL`, `CLIC_NATS_USER` and the files of its keys: for a CLIC that `clic up` did not start."""
    if url := os.environ.get("CLIC_NATS_URL"):
        files = ("NKEY_SEED_FILE", "CA_FILE", "CERTIFICATE_FILE", "KEY_FILE")
        named = (os.environ.get(f"CLIC_NATS_{each}") for each in files)
        return Connection(
            checked_nats_url("CLIC_NATS_URL", url),
            NatsCredential(os.environ.get("CLIC_NATS_USER"), *(Path(each) if each else None for each in named)),
        )
    return None


def nats_connection(user: str) -> Connection:
    """NATS as a user, by the environment or the folder.

    Raises:
        ConnectionUnknownError: neither says how.
    """
    return _from_environment() or read_installation().connection(user)


def publisher_connection(publisher: str) -> Connection:
    """NATS as a publisher, by the environment or the folder.

    Raises:
        ConnectionUnknownError: neither says how.
    """
    return _from_environment() or read_installation().publisher(publisher)


def database_url(service: str) -> str:
    """A service's database, for `clic_chassis.postgres_credential`: said by the environment, or by the folder.

    Raises:
        ConnectionUnknownError: neither says where it is.
    """
    if (url := database_said("")) is not None:
        return url
    try:
        return read_installation().databases[service]
    except KeyError as error:
        raise ConnectionUnknownError(
            f"{clic_dir() / FILE} names no database of {service}: run `clic up` again"
        ) from error


def database_said(of: str) -> str | None:
    """`CLIC_POSTGRES_URL` and beside it `CLIC_POSTGRES_PASSWORD_FILE`, or those that end in `_INTAKE` and so on.

    Raises:
        ConnectionUnknownError: it cannot be an address.
    """
    name = f"CLIC_POSTGRES_URL{of}"
    if not (url := os.environ.get(name)):
        return None
    file = os.environ.get(f"CLIC_POSTGRES_PASSWORD_FILE{of}")
    return with_password_file(checked_postgres_url(name, url), Path(file) if file else None)

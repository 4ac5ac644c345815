"""NATS and PostgreSQL that this machine starts for a restore, with nobody else on them, and ends again."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import nats
from nats.aio.client import Client

from clic.nats_config import ACCOUNT
from clic.servers import make_databases
from clic_chassis.embedded import NatsServer, start_nats, start_postgres

SYNC_RESTORED: Final = "1m"
"""What a power cut takes of a restore is restored again; message by message to the disk it would take thirty times as
long. Everything is written when the server is stopped."""
SYNC_KEPT: Final = "always"
USER: Final = "restore"


@dataclass(frozen=True, slots=True)
class OwnServers:
    """Servers of ours: a client that may do anything, and each service's database."""

    nats: Client
    databases: Mapping[str, str]


@contextlib.contextmanager
def throwaway_folder(beside: Path | None = None) -> Iterator[Path]:
    """A folder that PostgreSQL's own user can pass through, removed at the end."""
    with tempfile.TemporaryDirectory(prefix="clic-restore-", dir=beside) as folder:
        path = Path(folder)
        path.chmod(0o711)
        yield path


@contextlib.asynccontextmanager
async def own_nats(folder: Path, *, sync_interval: str = SYNC_RESTORED) -> AsyncIterator[Client]:
    """A NATS server on the files of a folder, for this process alone: nobody else knows its one user's password."""
    password = secrets.token_urlsafe(24)
    account = {"jetstream": "enabled", "users": [{"user": USER, "password": password}]}
    server: NatsServer = start_nats(
        folder, extra_config=f"accounts {json.dumps({ACCOUNT: account})}", sync_interval=sync_interval
    )
    try:
        client = await nats.connect(server.url, user=USER, password=password, max_reconnect_attempts=-1)
        try:
            yield client
        finally:
            await client.close()
    finally:
        server.stop()
        server.config_file.unlink(missing_ok=True)
        os.sync()


@contextlib.asynccontextmanager
async def own_servers(
    folder: Path, passwords: Mapping[str, str] | None = None, *, sync_interval: str = SYNC_RESTORED
) -> AsyncIterator[OwnServers]:
    """Both, on the files of an installation's folder, or of a throwaway one; with passwords services own their tables.

    Raises:
        ServerError: one does not start.
    """
    postgres = start_postgres(folder / "postgres")
    try:
        databases = await make_databases(postgres.url, passwords or {})
        async with own_nats(folder / "nats", sync_interval=sync_interval) as client:
            yield OwnServers(client, databases)
    finally:
        postgres.stop()

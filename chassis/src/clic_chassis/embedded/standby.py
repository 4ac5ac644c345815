"""A second PostgreSQL that follows the first by streaming replication, to take its place: for tests of a failover.

primary = start_postgres(folder / "one")
standby = start_standby(primary, folder / "two")
primary.kill()
promote(standby)
"""

from __future__ import annotations

import asyncio
import os
import subprocess
from pathlib import Path
from time import monotonic

from clic_chassis.postgres_credential import connect

from .account import allow_search
from .port import LOOPBACK, free_port
from .postgres import SUPERUSER, TOOL_TIMEOUT_S, PostgresServer, postgres_binaries
from .server_process import POLL_S, ServerError, start_with_free_ports

PROMOTE_TIMEOUT_S = 60
FOLLOW_TIMEOUT_S = 60.0
NAME = "standby"


def start_standby(primary: PostgresServer, folder: Path) -> PostgresServer:
    """Copy the primary and follow it; from now on it acknowledges nothing that the standby does not hold.

    Raises:
        ServerError: the copy failed, or the standby does not start.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    account = primary.account
    if account is not None:
        allow_search(folder, account)
        os.chown(folder, account.uid, account.gid)
    source = f"host={LOOPBACK} port={primary.port} user={SUPERUSER} application_name={NAME}"
    done = subprocess.run(  # noqa: S603 - a fixed command
        [
            postgres_binaries() / "pg_basebackup", "--dbname", source, "--pgdata", folder / "data",
            "--write-recovery-conf", "--wal-method", "stream", "--checkpoint", "fast",
        ],
        capture_output=True, text=True, check=False, timeout=TOOL_TIMEOUT_S, cwd=folder,
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC", "PGPASSWORD": primary.password},
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )  # fmt: skip
    if done.returncode:
        raise ServerError(f"pg_basebackup could not copy {primary.data_folder}:\n{done.stderr}")
    standby = start_with_free_ports(lambda: PostgresServer(folder, free_port(), primary.password, account))
    asyncio.run(_wait_for_standby(primary.url, NAME))
    return standby


async def _wait_for_standby(url: str, name: str) -> None:
    """What a commit acknowledges is on both from here on: a key that only one had would be lost with it."""
    connection = await connect(url)
    try:
        await connection.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{name}'")
        await connection.execute("SELECT pg_reload_conf()")
        asked = "SELECT count(*) FROM pg_stat_replication WHERE application_name = $1 AND sync_state = 'sync'"
        end = monotonic() + FOLLOW_TIMEOUT_S
        while not await connection.fetchval(asked, name):
            if monotonic() > end:
                raise ServerError(f"the standby did not follow within {FOLLOW_TIMEOUT_S:.0f} s")
            await asyncio.sleep(POLL_S)
    finally:
        await connection.close()


async def promote(standby: PostgresServer) -> None:
    """Make the standby the primary; it waits for no standby of its own.

    Raises:
        ServerError: it did not become one in time.
    """
    connection = await connect(standby.url)
    try:
        if not await connection.fetchval("SELECT pg_promote(true, $1)", PROMOTE_TIMEOUT_S):
            raise ServerError(f"the standby was not promoted within {PROMOTE_TIMEOUT_S} s")
        await connection.execute("ALTER SYSTEM RESET synchronous_standby_names")
        await connection.execute("SELECT pg_reload_conf()")
    finally:
        await connection.close()


def either(one: PostgresServer, other: PostgresServer, database: str, user: str = SUPERUSER) -> str:
    """The URL of a database on whichever of two takes writes."""
    return (
        f"postgresql://{user}:{one.password}@{LOOPBACK}:{one.port},{LOOPBACK}:{other.port}/{database}"
        "?target_session_attrs=read-write"
    )

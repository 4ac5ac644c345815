"""Tables in the place of others: in one transaction, the old ones kept, and back again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final

import asyncpg

from clic_chassis.log import LogIdentity
from clic_chassis.postgres_credential import connect
from clic_chassis.projector import Checkpoint, check_log
from clic_reporting.projection import NAME, SWAP
from clic_reporting.store import DEFINITION, LIVE_SCHEMA

from .progress import RebuildError

BUILD_SCHEMA: Final = f"{LIVE_SCHEMA}_build"
OLD_SCHEMA: Final = f"{LIVE_SCHEMA}_old"
LOCK_TIMEOUT_S: Final = 5.0
DROP_TRIES_MAX: Final = 12
"""Tries to drop the old tables, `LOCK_TIMEOUT_S` each, while somebody's long query still reads them."""
OLDER_READERS_S: Final = 360.0
"""How long transactions are waited for that would see new tables as they were before they were filled; an analyst's is
ended by the server after five minutes of idleness."""
OLDER_READERS_POLL_S: Final = 0.1

Connection = asyncpg.Connection


async def live_checkpoint(connection: Connection, schema: str = LIVE_SCHEMA) -> Checkpoint | None:
    """The checkpoint of a schema; None where there is none."""
    if not await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", f"{schema}.checkpoint"):
        return None
    row = await connection.fetchrow(
        "SELECT sequence, stream, stream_created_at, definition, generation "  # noqa: S608 - our name
        f"FROM {schema}.checkpoint WHERE projection = $1",
        NAME,
    )
    return None if row is None else Checkpoint(*row)


async def write_checkpoint(connection: Connection, position: int, identity: LogIdentity, town: str | None) -> None:
    """Say in the new tables how far they hold the log.

    Before the swap and not in it: a report whose snapshot is taken during the swap must see this row.
    """
    await connection.execute(
        f"INSERT INTO {BUILD_SCHEMA}.checkpoint "  # noqa: S608 - our name
        "(projection, sequence, stream, stream_created_at, definition, generation, town) "
        "VALUES ($1, $2, $3, $4, $5, 1, $6)",
        NAME,
        position,
        identity.stream,
        identity.created_at,
        DEFINITION,
        town,
    )


async def swap_in(connection: Connection, identity: LogIdentity, catch_up: Callable[[int], Awaitable[None]]) -> None:
    """Put the new tables in the place of the live ones, in one transaction; the live ones are the old ones then.

    `catch_up` takes the new tables to the position of the live ones, where that is further: nobody sees time go back.
    """
    await drop_schema(connection, OLD_SCHEMA)
    await _until_seen_by_all(connection)
    async with connection.transaction():
        before = await _hold(connection)
        if before is not None and (before.stream, before.stream_created_at) == (
            identity.stream,
            identity.created_at,
        ):
            await catch_up(before.sequence)
        await connection.execute(
            f"UPDATE {BUILD_SCHEMA}.checkpoint SET generation = $1",  # noqa: S608 - our name
            (before.generation if before is not None else 1) + 1,  # The service begins at 1, perhaps at this moment.
        )
        if await connection.fetchval("SELECT to_regnamespace($1) IS NOT NULL", LIVE_SCHEMA):
            await connection.execute(f"ALTER SCHEMA {LIVE_SCHEMA} RENAME TO {OLD_SCHEMA}")
        await connection.execute(f"ALTER SCHEMA {BUILD_SCHEMA} RENAME TO {LIVE_SCHEMA}")


async def _until_seen_by_all(connection: Connection) -> None:
    """Wait until every open transaction sees the new rows.

    Names are looked up as they are now, rows as they were when a transaction took its snapshot: one that is
    REPEATABLE READ and older than the new rows would find the new tables empty.

    Raises:
        RebuildError: some are still open after `OLDER_READERS_S`; it says which.
    """
    horizon = await connection.fetchval(SWAP["horizon"])
    began = monotonic()
    while (older := await connection.fetchval(SWAP["older_readers"], horizon)) is not None:
        if monotonic() - began > OLDER_READERS_S:
            raise RebuildError(
                f"transactions that began before the new tables were filled are still open after {OLDER_READERS_S:.0f} "
                f"s, and would find them empty: end the sessions {older}, see pg_stat_activity, and rebuild again"
            )
        await asyncio.sleep(OLDER_READERS_POLL_S)


async def _hold(connection: Connection) -> Checkpoint | None:
    """Keep reports and the service from beginning anything on the live tables until this transaction ends.

    The service's transaction begins at its checkpoint: one that is under way ends before the swap, and the next one
    finds the new checkpoint. Without this its checkpoint could be an old table's and its rows new.
    """
    await connection.execute(SWAP["swappers_lock"], LIVE_SCHEMA)
    if not await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", f"{LIVE_SCHEMA}.checkpoint"):
        return None
    await connection.execute(SWAP["hold_checkpoint"].replace("{schema}", LIVE_SCHEMA))
    return await live_checkpoint(connection)


async def lock_rebuilds(connection: Connection) -> None:
    """Hold the rebuilds' lock as long as the connection lasts.

    Raises:
        RebuildError: another one holds it.
    """
    if not await connection.fetchval(SWAP["rebuilders_lock"]):
        raise RebuildError("another rebuild is under way on this database")


async def drop_schema(connection: Connection, schema: str) -> bool:
    """Drop tables once nobody reads them; a reader with a long query is waited for. Gives whether there were any.

    Raises:
        RebuildError: they are still read after `DROP_TRIES_MAX` tries.
    """
    if not await connection.fetchval("SELECT to_regnamespace($1) IS NOT NULL", schema):
        return False
    for _ in range(DROP_TRIES_MAX):
        try:
            async with connection.transaction():
                await connection.execute(f"SET LOCAL lock_timeout = {int(LOCK_TIMEOUT_S * 1000)}")
                await connection.execute(f"DROP SCHEMA {schema} CASCADE")
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            continue
        return True
    seconds = LOCK_TIMEOUT_S * DROP_TRIES_MAX
    raise RebuildError(
        f"the tables of {schema} are still read after {seconds:.0f} s: see pg_stat_activity for who does"
    )


async def drop_old(postgres_url: str) -> bool:
    """Drop the tables that the last rebuild replaced. Gives whether there were any.

    Raises:
        RebuildError: a rebuild is under way, or they are still read.
    """
    connection = await connect(postgres_url)
    try:
        await lock_rebuilds(connection)
        return await drop_schema(connection, OLD_SCHEMA)
    finally:
        await connection.close()


async def go_back(postgres_url: str, identity: LogIdentity) -> int:
    """Put the tables that the last rebuild replaced back in their place; gives their position in the log.

    The service goes on from there. The tables that the rebuild made are the old ones then, so that going back twice
    changes nothing.

    Raises:
        RebuildError: there are none, or they mean something else than this code does; a rebuild is under way.
        LogReplacedError: they were made from another log.
    """
    connection = await connect(postgres_url)
    try:
        await lock_rebuilds(connection)
        await drop_schema(connection, BUILD_SCHEMA)  # Of a rebuild that was killed.
        old = await live_checkpoint(connection, OLD_SCHEMA)
        if old is None:
            raise RebuildError("no tables of before are kept: the last rebuild found none, or they were dropped")
        if old.definition != DEFINITION:
            raise RebuildError(
                f"the tables of before were made under definition {old.definition}, this code has {DEFINITION}: "
                "it could not keep them up to date. Go back to the version of CLIC that made them."
            )
        check_log(NAME, old, identity)
        async with connection.transaction():
            live = await _hold(connection)
            await connection.execute(
                f"UPDATE {OLD_SCHEMA}.checkpoint SET generation = $1",  # noqa: S608 - our name
                max(old.generation, live.generation if live is not None else 0) + 1,
            )
            await connection.execute(f"ALTER SCHEMA {OLD_SCHEMA} RENAME TO {BUILD_SCHEMA}")
            await connection.execute(f"ALTER SCHEMA {LIVE_SCHEMA} RENAME TO {OLD_SCHEMA}")
            await connection.execute(f"ALTER SCHEMA {BUILD_SCHEMA} RENAME TO {LIVE_SCHEMA}")
        return int(old.sequence)
    finally:
        await connection.close()

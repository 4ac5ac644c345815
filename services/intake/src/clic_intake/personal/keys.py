"""The deployment's key in use: which one wraps, wrapping all requests' keys anew after a rotation, the indexes' keys.

What was erased is gone from tables at once, but a wrapped key may stand in dead rows, write-ahead log and backups.
Rotating ends that: once everything is wrapped anew and the old key is destroyed, those copies open nothing any more.
See `docs/decisions/0024-personal-data.md`.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from dataclasses import dataclass

import asyncpg
import structlog

from clic_chassis import sql
from clic_chassis.clock import Clock
from clic_chassis.error import ClicError, RetryableError
from clic_chassis.pause import pause
from clic_chassis.settings import SettingsError
from clic_intake.register import Register, connected
from clic_intake.seal import INDEX_PURPOSES, MasterKey, SealError

log = structlog.get_logger()

_SQL = sql.load("clic_intake.personal")

BATCH_KEYS = 500
"""Keys that are wrapped anew in one transaction: some 20 ms, for which registrations of those alone wait."""
LOOK_EVERY_S = 5.0
FIRST = str(uuid.UUID(int=0))


class RotationError(ClicError):
    """The old key must be kept: something is still wrapped by it. The message says what to do."""


async def open_keys(pool: asyncpg.Pool, master: MasterKey, now: dt.datetime) -> None:
    """At a start: the key that wraps takes its place, and the indexes' keys are opened.

    Raises:
        SettingsError: the file lacks a key that is needed, or begins with one that another has replaced.
        RetryableError: the database is away.
    """
    await Register(pool, master).check_master_key()
    if not await promote(pool, master, now):
        raise SettingsError(
            f"CLIC_MASTER_KEY_FILE: it begins with the key {master.key_id}, which another one has replaced: put the "
            "newest key first"
        )
    for purpose in INDEX_PURPOSES:
        wrapped = master.wrap(purpose, master.first_index_key(purpose))
        key_id = master.key_id
        async with connected(pool) as connection:
            stored = await connection.fetchval(_SQL["index_key"], purpose)
            if stored is None:
                await connection.execute(_SQL["add_index_key"], purpose, key_id, wrapped)
                stored = await connection.fetchval(_SQL["index_key"], purpose)  # Another instance may have been first.
        master.adopt_index_key(purpose, master.unwrap_raw(purpose, stored))


async def promote(pool: asyncpg.Pool, master: MasterKey, now: dt.datetime) -> bool:
    """Let the first key of the ring wrap from now on, and no other; False: another one has replaced it already.

    Raises:
        RetryableError: the database is away.
    """
    async with connected(pool) as connection, connection.transaction():
        known = {row["key_id"]: row for row in await connection.fetch(_SQL["deployment_keys"])}
        if master.key_id not in known:
            await connection.execute(_SQL["lock_keys"])
            known = {row["key_id"]: row for row in await connection.fetch(_SQL["deployment_keys"])}
        if master.key_id in known:
            return known[master.key_id]["retired_at"] is None
        await connection.execute(_SQL["promote_key"], master.key_id, now)
        await connection.execute(_SQL["retire_keys"], sorted({*known, *master.previous_ids}), now)
    log.info("deployment_key_promoted", key_id=master.key_id)
    return True


async def rewrap(pool: asyncpg.Pool, master: MasterKey, now: dt.datetime, stop: asyncio.Event | None = None) -> int:
    """Wrap by the ring's first key what is still wrapped by its others; gives how many keys are left after it.

    In batches, beside whatever else is going on; several may do it at once, and what is cut off is resumed.

    Raises:
        SealError: a key cannot be unwrapped by any of the ring.
        RetryableError: the database is away; what was done stays.
    """
    if not master.previous_ids:
        return 0
    after: str | None = FIRST
    while after is not None and not (stop is not None and stop.is_set()):
        async with connected(pool) as connection, connection.transaction():
            rows = await connection.fetch(_SQL["wrapped_requests"], master.previous_ids, after, BATCH_KEYS)
            await _put(connection, master, rows, "rewrap_requests")
            after = rows[-1]["name"] if rows else None
    async with connected(pool) as connection, connection.transaction():
        for kind in ("drafts", "indexes"):
            rows = await connection.fetch(_SQL[f"wrapped_{kind}"], master.previous_ids)
            await _put(connection, master, rows, f"rewrap_{kind}")
    async with connected(pool) as connection:
        left = int(await connection.fetchval(_SQL["count_wrapped"], master.previous_ids))
        if not left:
            await connection.execute(_SQL["mark_rewrapped"], master.previous_ids, now)
    return left


async def _put(
    connection: asyncpg.Connection | asyncpg.pool.PoolConnectionProxy,
    master: MasterKey,
    rows: list[asyncpg.Record],
    statement: str,
) -> None:
    if rows:
        wrapped = [master.rewrap(row["name"], row["wrapped_key"]) for row in rows]
        await connection.execute(_SQL[statement], master.key_id, [row["name"] for row in rows], wrapped)


async def verify(pool: asyncpg.Pool, master: MasterKey, *, at_most: int | None = None) -> int:
    """Make sure that every key there is unwraps by this ring alone; gives how many were looked at.

    Raises:
        RotationError: one does not: the key that wraps it must not be destroyed.
        RetryableError: the database is away.
    """
    async with connected(pool) as connection:
        few = await connection.fetch(_SQL["few_wrapped"])
        _check(master, few)
        count, after = len(few), FIRST
        while rows := await connection.fetch(_SQL["all_wrapped"], after, BATCH_KEYS):
            _check(master, rows)
            count, after = count + len(rows), rows[-1]["name"]
            if at_most is not None and count >= at_most:
                break
    return count


def _check(master: MasterKey, rows: list[asyncpg.Record]) -> None:
    for row in rows:
        try:
            master.unwrap_raw(row["name"], row["wrapped_key"])
        except SealError as error:
            raise RotationError(
                f"the key of {row['name']} is not wrapped by {master.key_id}: keep every older key in "
                "CLIC_MASTER_KEY_FILE, and rotate again"
            ) from error


@dataclass(frozen=True, slots=True)
class KeyState:
    """What is known of the deployment's keys."""

    key_id: str
    promoted_at: dt.datetime
    others: int
    """Keys that are still wrapped by another one than the newest."""
    not_final: int
    """Erasures since: until the next rotation a backup of the register from before them, with its key, undoes them."""


async def state(pool: asyncpg.Pool) -> KeyState | None:
    """The newest key; None: none was ever used.

    Raises:
        RetryableError: the database is away.
    """
    async with connected(pool) as connection:
        rows = await connection.fetch(_SQL["deployment_keys"])
        if not rows:
            return None
        others = await connection.fetchval(_SQL["count_wrapped"], [row["key_id"] for row in rows[1:]])
        not_final = await connection.fetchval(_SQL["not_final"])
    return KeyState(rows[0]["key_id"], rows[0]["promoted_at"], int(others), int(not_final))


class KeyRotation:
    """Takes up a new key from the ring's file, and wraps anew what is wrapped by older ones. On every instance."""

    name = "key-rotation"

    def __init__(self, pool: asyncpg.Pool, master: MasterKey, clock: Clock) -> None:
        self._pool = pool
        self._master = master
        self._clock = clock
        self._done: list[str] = []
        """Older keys by which nothing is wrapped any more."""

    async def run(self, stop: asyncio.Event) -> None:
        """Look until told to stop."""
        while not stop.is_set():
            try:
                await self.look(stop)
            except (RetryableError, SealError) as error:
                log.warning("keys_not_rewrapped", error=type(error).__name__)  # The next look goes on.
            await pause(stop, LOOK_EVERY_S)

    async def look(self, stop: asyncio.Event | None = None) -> None:
        """Do what there is to do.

        Raises:
            SealError: a key cannot be unwrapped by any of the ring.
            RetryableError: the database is away.
        """
        async with connected(self._pool) as connection:
            newest = await connection.fetchval(_SQL["newest_key"])
        self._master.refresh(newest)
        if self._master.previous_ids == self._done or not await promote(self._pool, self._master, self._clock.now()):
            return
        before = list(self._master.previous_ids)
        if not await rewrap(self._pool, self._master, self._clock.now(), stop):
            self._done = before
            log.info("keys_rewrapped", key_id=self._master.key_id)

    def not_ready(self) -> str | None:
        """Always ready: older keys unwrap meanwhile."""
        return None

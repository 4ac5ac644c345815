"""The desk's register in PostgreSQL: references and wrapped keys, many requests in one transaction."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import dataclass

import asyncpg

from clic_chassis import sql
from clic_chassis.error import ClicError, NotFoundError

from .seal import MasterKey, RequestKey

_SQL = sql.load("clic_intake")

BATCH_MAX = 256
WAITING_MAX = 4_096
"""Registrations that wait for a transaction at most; beyond, whoever submits waits."""


class ErasedError(ClicError):
    """The request's personal data was erased: nothing can be sealed or opened for it again."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What the register holds of a request."""

    reference: str
    key: RequestKey | None
    erased: bool


@dataclass(slots=True)
class _Wanted:
    request_id: str
    year: int
    with_key: bool
    entry: asyncio.Future[Entry]


class Register:
    """Gives references and keys. Registering the same request again gives what it has."""

    def __init__(self, pool: asyncpg.Pool, master: MasterKey) -> None:
        self._pool = pool
        self._master = master
        self._queue: asyncio.Queue[_Wanted] = asyncio.Queue(maxsize=WAITING_MAX)
        self.name = "register"

    async def run(self, stop: asyncio.Event) -> None:
        """Write what waits, as much as there is in one transaction, until told to stop."""
        stopping = asyncio.create_task(stop.wait())
        while not stop.is_set() or not self._queue.empty():
            getting = asyncio.create_task(self._queue.get())
            await asyncio.wait({getting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not getting.done():
                getting.cancel()
                continue
            batch = [getting.result()]
            while len(batch) < BATCH_MAX and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            try:
                entries = await self._write(batch)
            except Exception as error:  # noqa: BLE001 - whoever waits hears it; the register goes on
                for each in batch:
                    if not each.entry.done():
                        each.entry.set_exception(error)
                continue
            for each in batch:
                if not each.entry.done():
                    each.entry.set_result(entries[each.request_id])

    def not_ready(self) -> str | None:
        """None, or that too many wait."""
        return "registrations wait for PostgreSQL" if self._queue.full() else None

    async def register(self, request_id: str, year: int, *, with_key: bool) -> Entry:
        """Reference and key of a request, given now if it has none.

        Raises:
            asyncpg.PostgresError, OSError: the database is away; try again.
        """
        wanted = _Wanted(request_id, year, with_key, asyncio.get_running_loop().create_future())
        await self._queue.put(wanted)
        entry = await wanted.entry
        return await self.entry(request_id) if with_key and entry.key is None and not entry.erased else entry

    async def _write(self, batch: list[_Wanted]) -> dict[str, Entry]:
        wanted = list({each.request_id: each for each in batch}.values())
        ids = [each.request_id for each in wanted]
        async with self._pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(_SQL["registered"], ids)
            known = {str(row["request_id"]) for row in rows}
            new = [each for each in wanted if each.request_id not in known]
            if new:
                await connection.execute(_SQL["lock_counters"], [each.year for each in new])
                await connection.execute(
                    _SQL["register"],
                    [each.request_id for each in new],
                    [each.year for each in new],
                    [self._master.key_id if each.with_key else None for each in new],
                    [self._master.new_wrapped(each.request_id) if each.with_key else None for each in new],
                )
                rows += await connection.fetch(_SQL["registered"], [each.request_id for each in new])
        return {str(row["request_id"]): self._entry(row) for row in rows}

    def _entry(self, row: asyncpg.Record) -> Entry:
        wrapped = row["wrapped_key"]
        key = self._master.unwrap(str(row["request_id"]), wrapped) if wrapped is not None else None
        return Entry(row["reference"], key, row["erased_at"] is not None)

    async def entry(self, request_id: str) -> Entry:
        """What the register holds, with a key from now on.

        Raises:
            NotFoundError: it does not know the request.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(
                _SQL["add_key"], request_id, self._master.key_id, self._master.new_wrapped(request_id)
            )
            row = await connection.fetchrow(_SQL["registered"], [request_id])
        if row is None:
            raise NotFoundError("no such request: send its submission first, or correct the reference")
        return self._entry(row)

    async def find(self, reference: str) -> str:
        """The request of a reference.

        Raises:
            NotFoundError: there is none.
        """
        request_id = await self._pool.fetchval(_SQL["by_reference"], reference)
        if request_id is None:
            raise NotFoundError(f"no request has the reference {reference}")
        return str(request_id)

    async def record_opening(self, at: dt.datetime, agent: str, request_id: str, reason: str) -> None:
        """Remember who opened sealed data and why (POL-30)."""
        await self._pool.execute(_SQL["record_opening"], at, agent, request_id, reason)

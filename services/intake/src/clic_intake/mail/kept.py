"""Mails that are kept as they came, sealed: what was set aside, and originals that a request does not hold whole."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import dataclass

import asyncpg
import structlog

from clic_chassis import sql
from clic_chassis.clock import Clock
from clic_chassis.error import NotFoundError, RetryableError
from clic_chassis.pause import pause
from clic_contracts.envelope import derive_id
from clic_contracts.vocabulary import RequestId
from clic_intake.core.mail_nature import Aside
from clic_intake.register import Register, connected

log = structlog.get_logger()

ASIDE_KEPT_DAYS = 30
"""How long somebody can find a mail that was taken for an automatic one and was none."""
NOT_WHOLE = "not_whole"
THIRD_PARTY = "third_party"
"""What a third party answered to a notice of ours: no word of the requester's (A-2.1 art. 49, 53)."""
LIST_MAX = 100
FORGET_EVERY_S = 3600.0
FORGET_BATCH = 500

_SQL = sql.load("clic_intake.mail")
NOT_KEPT = "no such mail is kept: it was never set aside, its time is over, or it was erased"


@dataclass(frozen=True, slots=True)
class KeptMail:
    """What may be listed of a mail: nothing that stands in it."""

    mail_id: str
    story_id: str
    reason: str
    arrived_at: dt.datetime
    size_bytes: int
    kept_until: dt.datetime | None


class KeptMails:
    """Keeps, lists and reads mails; as a component it forgets those whose time is over."""

    name = "mails-kept"

    def __init__(self, pool: asyncpg.Pool, register: Register, clock: Clock) -> None:
        self._pool = pool
        self._register = register
        self._clock = clock

    async def set_aside(self, mail_id: str, raw: bytes, *, reason: Aside, arrived_at: dt.datetime) -> None:
        """Keep a mail that opens no request, for `ASIDE_KEPT_DAYS`, under a key of its own.

        Raises:
            RetryableError: the database is away; try again.
        """
        story_id = derive_id("mail set aside", mail_id)
        await self._register.register(story_id, None, with_key=True)
        until = self._clock.now() + dt.timedelta(days=ASIDE_KEPT_DAYS)
        await self._keep(mail_id, story_id, raw, reason.value, arrived_at, until)

    async def keep_original(
        self, mail_id: str, request_id: RequestId, raw: bytes, *, arrived_at: dt.datetime, reason: str = NOT_WHOLE
    ) -> None:
        """Keep a mail that its request does not hold, or not whole, under its key: erasing the one erases both.

        Raises:
            RetryableError: the database is away; try again.
        """
        await self._keep(mail_id, request_id, raw, reason, arrived_at, None)

    async def _keep(
        self, mail_id: str, story_id: str, raw: bytes, reason: str, at: dt.datetime, until: dt.datetime | None
    ) -> None:
        key = (await self._register.entry(story_id, with_key=True)).key
        if key is None:  # Erased since: nothing personal of it is kept any more.
            return
        sealed = await asyncio.to_thread(key.seal_bytes, raw, _place(mail_id))
        async with connected(self._pool) as connection:
            await connection.execute(_SQL["keep"], mail_id, story_id, reason, at, len(raw), sealed, until)

    async def aside(self, *, before: KeptMail | None = None) -> list[KeptMail]:
        """Mails that were set aside, newest first, `LIST_MAX` at most; `before` is the last one of the page before.

        Raises:
            RetryableError: the database is away; try again.
        """
        at, mail_id = (before.arrived_at, before.mail_id) if before else (None, None)
        async with connected(self._pool) as connection:
            return [_kept(row) for row in await connection.fetch(_SQL["aside"], at, mail_id, LIST_MAX)]

    async def of_request(self, request_id: RequestId) -> list[KeptMail]:
        """Originals of a request, oldest first. Raises as `aside`."""
        async with connected(self._pool) as connection:
            return [_kept(row) for row in await connection.fetch(_SQL["of_request"], request_id)]

    async def of_third_parties(self) -> list[KeptMail]:
        """What third parties answered, newest first, `LIST_MAX` at most. Raises as `aside`."""
        async with connected(self._pool) as connection:
            return [_kept(row) for row in await connection.fetch(_SQL["of_third_parties"], THIRD_PARTY, LIST_MAX)]

    async def find(self, mail_id: str) -> KeptMail:
        """What may be listed of a mail.

        Raises:
            NotFoundError: it is not kept.
            RetryableError: the database is away; try again.
        """
        async with connected(self._pool) as connection:
            row = await connection.fetchrow(_SQL["kept"], mail_id)
        if row is None:
            raise NotFoundError(NOT_KEPT)
        return _kept(row)

    async def read(self, mail_id: str) -> bytes:
        """A mail as it came. Who reads it and why is recorded by the caller (`Register.record_opening`).

        Raises:
            NotFoundError: it is not kept, or its request was erased.
            RetryableError: the database is away; try again.
        """
        async with connected(self._pool) as connection:
            row = await connection.fetchrow(_SQL["sealed"], mail_id)
        key = None if row is None else (await self._register.entry(str(row["story_id"]))).key
        if row is None or key is None:
            raise NotFoundError(NOT_KEPT)
        return await asyncio.to_thread(key.open_bytes, row["sealed"], _place(mail_id))

    async def forget(self, mail_id: str) -> None:
        """Let a mail go that was set aside, and its key. Raises as `aside`."""
        await self._forget("forget", mail_id)

    async def forget_expired(self) -> int:
        """Let go what was set aside and whose time is over, `FORGET_BATCH` at once; how many. Raises as `aside`."""
        return await self._forget("forget_expired", self._clock.now(), FORGET_BATCH)

    async def _forget(self, statement: str, *arguments: object) -> int:
        async with connected(self._pool) as connection, connection.transaction():
            gone = [row["story_id"] for row in await connection.fetch(_SQL[statement], *arguments)]
            await connection.execute(_SQL["forget_keys"], gone)
        return len(gone)

    async def run(self, stop: asyncio.Event) -> None:
        """Forget what is over, at once and every hour, until told to stop."""
        while not stop.is_set():
            try:
                while await self.forget_expired() == FORGET_BATCH and not stop.is_set():
                    continue
            except RetryableError as error:
                log.warning("mails_not_forgotten", error=str(error))  # The next hour does it.
            await pause(stop, FORGET_EVERY_S)

    def not_ready(self) -> str | None:
        """Always ready: what is over and still there goes an hour later."""
        return None


def _place(mail_id: str) -> str:
    return f"mail\n{mail_id}"


def _kept(row: asyncpg.Record) -> KeptMail:
    return KeptMail(
        str(row["mail_id"]),
        str(row["story_id"]),
        row["reason"],
        row["arrived_at"],
        row["size_bytes"],
        row["kept_until"],
    )

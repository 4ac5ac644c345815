"""The keyed index of requesters' names: whether a text names one, and the requesters older than the indexes.

It holds digests, never a name. See `docs/decisions/0016-learnings-are-scanned-before-they-are-published.md`.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Collection

import asyncpg
import structlog

from clic_chassis import sql
from clic_chassis.clock import Clock
from clic_chassis.error import RetryableError, UnreadableError
from clic_chassis.log import EventLog
from clic_chassis.pause import pause
from clic_contracts.vocabulary import Service

from .core.requester import Requester, named
from .register import Register, connected, name_digester
from .seal import MasterKey, SealError

log = structlog.get_logger()

_SQL = sql.load("clic_intake")

AT_ONCE = 100
"""Older requests that are indexed before the next ones are looked for."""
TRY_AGAIN_S = 5.0
INDEXER = "service:intake"
"""Who opens seals to index names, as the record of openings has it."""
REASON = "requester for the keyed indexes (POL-30, POL-38)"


class NameIndex:
    """Looks names up."""

    def __init__(self, pool: asyncpg.Pool, master: MasterKey) -> None:
        self._pool = pool
        self._digest = name_digester(master)

    async def known(self, keys: Collection[str]) -> frozenset[str]:
        """Those keys of `name.candidates` that belong to a requester of ours.

        Raises:
            RetryableError: the database is away.
        """
        by_digest = {self._digest(key): key for key in keys}
        async with connected(self._pool) as connection:
            rows = await connection.fetch(_SQL["known_names"], list(by_digest))
        return frozenset(by_digest[row["digest"]] for row in rows)

    async def is_whole(self) -> bool:
        """Whether it holds the names of every request, those older than the index too.

        Raises:
            RetryableError: the database is away.
        """
        async with connected(self._pool) as connection:
            return not await connection.fetchval(_SQL["any_not_named"])


class OlderNames:
    """Indexes requesters of requests that were registered before there were indexes; then it has nothing to do.

    Several instances may do it at once. It opens seals, and each opening is recorded as anybody's (POL-30).
    """

    name = "older-names"

    def __init__(self, pool: asyncpg.Pool, register: Register, log: EventLog, clock: Clock) -> None:
        self._pool = pool
        self._register = register
        self._log = log
        self._clock = clock

    async def run(self, stop: asyncio.Event) -> None:
        """Index until nothing is left, then wait until told to stop."""
        while not stop.is_set():
            try:
                count = await self.index(stop)
            except RetryableError as error:
                log.warning("names_not_indexed", error=type(error).__name__)
                await pause(stop, TRY_AGAIN_S)
                continue
            if count:
                log.info("older_names_indexed", requests=count)
            await stop.wait()

    async def index(self, stop: asyncio.Event) -> int:
        """Index what there is; how many requests were looked at.

        Raises:
            RetryableError: log or database is away; it goes on from there the next time.
        """
        count, last = 0, str(uuid.UUID(int=0))
        while not stop.is_set():
            async with connected(self._pool) as connection:
                rows = await connection.fetch(_SQL["not_named"], last, AT_ONCE)
            if not rows:
                break
            for row in rows:
                last = str(row["request_id"])
                await self._index(last)
                count += 1
                if stop.is_set():
                    break
        return count

    async def _index(self, request_id: str) -> None:
        try:
            requesters = await self._requesters(request_id)
        except (SealError, UnreadableError) as error:
            # It stays unmarked: nothing is published until somebody has looked.
            log.error("name_not_indexed", request_id=request_id, error=type(error).__name__)  # noqa: TRY400 - no traceback: it may hold what was sealed
            return
        for each in requesters:
            await self._register.add_person(request_id, each)
        async with connected(self._pool) as connection:
            await connection.execute(_SQL["mark_named"], request_id)

    async def _requesters(self, request_id: str) -> tuple[Requester, ...]:
        events = (await self._log.load(Service.INTAKE, request_id)).events
        if not any(getattr(each.data, "sealed", None) is not None for each in events):
            return ()
        await self._register.record_opening(self._clock.now(), INDEXER, request_id, REASON)
        key = (await self._register.entry(request_id)).key
        return () if key is None else named(events, key.open)  # None: erased meanwhile.

    def not_ready(self) -> str | None:
        """Always ready: only publications wait for it."""
        return None

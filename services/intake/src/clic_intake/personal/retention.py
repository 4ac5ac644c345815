"""Keeping personal data no longer than the town says: looked after once a day, announced before it goes (art. 73).

Each request is looked at when its delay may have ended, not every day: a look reads its story and says when the next
one is. What is due is announced for `NOTICE_DAYS`, then erased, unless it goes on again by then.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import asyncpg
import structlog

from clic_chassis import sql
from clic_chassis.clock import Clock
from clic_chassis.error import ClicError, RefusedError, RetryableError, UnreadableError
from clic_chassis.log import EventLog, Story
from clic_chassis.pause import pause
from clic_contracts.town import Town
from clic_contracts.vocabulary import Kind, RequestId, Service
from clic_intake.core.retention import GROUND, NOTICE_DAYS, Keeping, keeping, months_by_kind
from clic_intake.register import connected

from .erasure import Erasures

log = structlog.get_logger()

_SQL = sql.load("clic_intake.personal")

ACTOR = "clock:retention"
FIRST_HOUR = 3
"""In the town: not while people work."""
LOOK_EVERY_S = 300.0
BATCH_REQUESTS = 200
FORGET_BATCH = 10_000
PLAN_MAX = 10_000
"""Requests that a plan lists at most."""
LOCK = 0x434C_5245
""""CLRE": one run at a time, whatever the number of instances."""


class NotDueError(RefusedError):
    """Its delay has not ended, or begins anew: something happened since it was announced."""

    code = "not_due"


@dataclass(frozen=True, slots=True)
class Due:
    """A request whose data is to go."""

    request_id: RequestId
    reference: str | None
    kind: Kind
    closed_on: dt.date
    due_on: dt.date
    goes_on: dt.date
    """The first day on which it is erased."""


@dataclass(slots=True)
class Run:
    """What came of a day."""

    looked: int = 0
    announced: int = 0
    erased: int = 0


class Retention:
    """Looks after it, and says what would go."""

    def __init__(self, pool: asyncpg.Pool, log_: EventLog, erasures: Erasures, town: Town, clock: Clock) -> None:
        self._pool = pool
        self._log = log_
        self._erasures = erasures
        self._months = months_by_kind(town)
        self._timezone = ZoneInfo(town.calendar.timezone)
        self._clock = clock

    @property
    def _now(self) -> dt.datetime:
        return self._clock.now().astimezone(self._timezone)

    # -- dry run ----------------------------------------------------------------------------------------------------

    async def plan(self) -> tuple[Due, ...]:
        """What goes within `NOTICE_DAYS` if nothing happens, at most `PLAN_MAX`; nothing is changed.

        Raises:
            RetryableError: log or database is away.
        """
        today = self._now.date()
        found: list[Due] = []
        async for row in self._candidates(today):
            kept = await self._keeping(row["request_id"], today)
            if kept is not None and kept.is_due(today):
                announced = row["due_since"] or today
                goes_on = announced + dt.timedelta(days=NOTICE_DAYS)
                found.append(Due(row["request_id"], row["reference"], kept.kind, kept.since, kept.until, goes_on))
                if len(found) == PLAN_MAX:
                    break
        return tuple(sorted(found, key=lambda due: (due.kind, due.closed_on, due.reference or "")))

    async def _candidates(self, today: dt.date) -> AsyncIterator[asyncpg.Record]:
        after = str(uuid.UUID(int=0))
        while True:
            async with connected(self._pool) as connection:
                rows = await connection.fetch(_SQL["due_or_to_look_at"], today, after, BATCH_REQUESTS)
            for row in rows:
                yield row
            if len(rows) < BATCH_REQUESTS:
                return
            after = rows[-1]["request_id"]

    # -- the day's run ----------------------------------------------------------------------------------------------

    async def run_today(self, stop: asyncio.Event | None = None) -> Run | None:
        """Look after today's, once; None: it is done, or under way elsewhere, or not yet its hour.

        Raises:
            RetryableError: log or database is away; the next call goes on.
        """
        if self._now.hour < FIRST_HOUR:
            return None
        today = self._now.date()
        async with connected(self._pool) as connection:
            # The lock is this connection's: who dies lets go of it.
            if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):
                return None
            try:
                if await connection.fetchrow(_SQL["retention_run"], today) is not None:
                    return None
                return await self._run(connection, today, stop or asyncio.Event())
            finally:
                await connection.execute("SELECT pg_advisory_unlock($1)", LOCK)

    async def _run(
        self, connection: asyncpg.Connection | asyncpg.pool.PoolConnectionProxy, today: dt.date, stop: asyncio.Event
    ) -> Run | None:
        delays = json.dumps({kind.value: months for kind, months in sorted(self._months.items())}, sort_keys=True)
        before = await connection.fetchval(_SQL["last_delays"])
        if before is not None and json.loads(before) != json.loads(delays):
            after: str | None = str(uuid.UUID(int=0))
            while after is not None:
                after = await connection.fetchval(_SQL["forget_looks"], after, FORGET_BATCH)
        run = Run()
        while rows := await connection.fetch(_SQL["to_look_at"], today, BATCH_REQUESTS):
            for row in rows:
                if stop.is_set():
                    return None
                await self._look(row, today, run)
        await connection.execute(
            _SQL["add_run"], today, delays, run.looked, run.announced, run.erased, self._clock.now()
        )
        log.info("retention_looked_after", looked=run.looked, announced=run.announced, erased=run.erased)
        return run

    async def _look(self, row: asyncpg.Record, today: dt.date, run: Run) -> None:
        """Look at one request. It is never looked at twice on one day."""
        request_id, announced = row["request_id"], row["due_since"]
        run.looked += 1
        kept = await self._keeping(request_id, today)
        if kept is None:
            await self._again(request_id, today + dt.timedelta(days=1), None)
        elif not kept.is_due(today):
            await self._again(request_id, max(kept.until, today + dt.timedelta(days=1)), None)
        elif announced is None:
            run.announced += 1
            await self._again(request_id, today + dt.timedelta(days=NOTICE_DAYS), today)
        else:
            await self._again(request_id, today + dt.timedelta(days=1), announced)
            run.erased += await self._erased(request_id, today)

    async def _erased(self, request_id: RequestId, today: dt.date) -> bool:
        def check(story: Story) -> None:
            if not keeping(story.events, self._months, today, self._timezone).is_due(today):
                raise NotDueError("its delay has not ended")

        try:
            await self._erasures.erase(
                request_id, GROUND, actor=ACTOR, cause_id=f"retention\n{request_id}", check=check
            )
        except RefusedError as error:
            log.info("retention_refused", request_id=request_id, error=type(error).__name__)
            return False
        return True

    async def _again(self, request_id: RequestId, look_on: dt.date, due_since: dt.date | None) -> None:
        async with connected(self._pool) as connection:
            await connection.execute(_SQL["look_again"], request_id, look_on, due_since)

    async def _keeping(self, request_id: RequestId, today: dt.date) -> Keeping | None:
        """None: nothing is in the log yet, or it cannot be read."""
        try:
            events = (await self._log.load(Service.INTAKE, request_id)).events
        except UnreadableError as error:
            log.warning("retention_not_looked_at", request_id=request_id, error=type(error).__name__)
            return None
        return keeping(events, self._months, today, self._timezone) if events else None


class DailyRetention:
    """Runs it, once a day whatever the number of instances."""

    name = "retention"

    def __init__(self, retention: Retention) -> None:
        self._retention = retention

    async def run(self, stop: asyncio.Event) -> None:
        """Look whether it is time until told to stop."""
        while not stop.is_set():
            try:
                await self._retention.run_today(stop)
            except RetryableError as error:
                log.warning("retention_cut_off", error=type(error).__name__)  # The next look goes on.
            except ClicError as error:
                log.error("retention_failed", error=type(error).__name__)  # noqa: TRY400 - no traceback: it may hold what was sealed
            await pause(stop, LOOK_EVERY_S)

    def not_ready(self) -> str | None:
        """Always ready: nothing waits for it."""
        return None

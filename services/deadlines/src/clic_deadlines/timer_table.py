"""The timers in PostgreSQL: written in batches by those who reconcile, taken under lock by those who fire."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clic_chassis.clock import Clock
from clic_chassis.sql import load
from clic_chassis.together import Together

from .core.alarm import Alarm

if TYPE_CHECKING:
    import asyncpg

SQL = load("clic_deadlines")
BATCH_REQUESTS_MAX = 500
"""Requests whose timers are written in one transaction; more wait for the next."""
PAST_GRACE_S = 10.0
"""How long what had passed before it was known waits: older records tell what kept it right after.

A limit still to come is not held up: it is looked at when it comes, though its warning had passed."""


@dataclass(frozen=True, slots=True)
class Written:
    """The alarms of one request, and the log position of the decision that they follow from."""

    request_id: str
    position: int
    alarms: tuple[Alarm, ...]


@dataclass(frozen=True, slots=True)
class Due:
    """A timer that is due: an obligation that is to be looked at."""

    request_id: str
    obligation_id: str
    at: dt.datetime
    """The instant that it was set to, whenever it is looked at."""
    position: int
    tries: int


@dataclass(frozen=True, slots=True)
class Looked:
    """A timer that was decided on, and the alarms then of what was decided: its obligation, and what came about."""

    timer: Due
    position: int
    alarms: tuple[Alarm, ...]

    @property
    def next_at(self) -> dt.datetime | None:
        """When its obligation is looked at next; None: nothing is to be said of it any more."""
        return next((each.at for each in self.alarms if each.obligation_id == self.timer.obligation_id), None)


class TimerTable:
    """Reads and writes timers.

    Those who write wait until theirs are committed; what piles up meanwhile goes in the next transaction together.
    The queue is bounded by those who wait (`CLIC_CONCURRENCY_MAX`).
    """

    def __init__(self, pool: asyncpg.Pool, clock: Clock, *, past_grace_s: float = PAST_GRACE_S) -> None:
        self._pool = pool
        self._clock = clock
        self._past_grace = dt.timedelta(seconds=past_grace_s)
        self._writes = Together(self._write_newest, most=BATCH_REQUESTS_MAX)

    async def write(self, written: Written) -> None:
        """Make a request's timers those of a decision, unless a later one wrote already.

        Raises:
            asyncpg.PostgresError, OSError, RetryableError: it is not known to be written.
        """
        await self._writes.write(written)

    async def _write_newest(self, batch: Sequence[Written]) -> None:
        newest = {each.request_id: each for each in sorted(batch, key=lambda one: one.position)}
        # In one order everywhere, so that two instances never wait for each other.
        await self._write_batch(sorted(newest.values(), key=lambda each: each.request_id))

    async def _write_batch(self, batch: Sequence[Written]) -> None:
        wanted = [(each, alarm) for each in batch for alarm in each.alarms]
        keys = [
            [each.request_id for each, _ in wanted],
            [alarm.obligation_id for _, alarm in wanted],
        ]
        now = self._clock.now()
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(
                SQL["remove_timers"], [each.request_id for each in batch], [each.position for each in batch], *keys
            )
            if wanted:
                await connection.execute(
                    SQL["set_timers"],
                    *keys,
                    [alarm.at for _, alarm in wanted],
                    [alarm.limit_at for _, alarm in wanted],
                    [each.position for each, _ in wanted],
                    now,
                    now + self._past_grace,
                )

    async def any_due(self, now: dt.datetime) -> bool:
        """Whether there is anything to fire."""
        return bool(await self._pool.fetchval(SQL["any_due"], now))

    async def next_due(self) -> dt.datetime | None:
        """When a timer is looked at next, which may have passed; None: there is none."""
        found: dt.datetime | None = await self._pool.fetchval(SQL["next_due"])
        return found

    @contextlib.asynccontextmanager
    async def taken(self, now: dt.datetime, most: int) -> AsyncIterator[Taken]:
        """Due timers, oldest first, held by this transaction alone until the end of the block."""
        async with self._pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(SQL["take_due"], now, most)
            yield Taken(connection, tuple(Due(**{**row, "request_id": str(row["request_id"])}) for row in rows))


class Taken:
    """Timers under lock, and what may become of them."""

    def __init__(self, connection: Any, due: tuple[Due, ...]) -> None:
        self._connection = connection
        self.due = due

    async def settle(self, looked: Sequence[Looked]) -> None:
        """Set each to its next instant, or drop it; and set what came about beside it."""
        moved = [(each.timer, each.next_at, each.position) for each in looked if each.next_at is not None]
        dropped = [each for each in looked if each.next_at is None]
        # In one order everywhere, so that two instances never wait for each other.
        beside = sorted(
            (each.timer.request_id, alarm.obligation_id, alarm.at, each.position)
            for each in looked
            for alarm in each.alarms
            if alarm.obligation_id != each.timer.obligation_id
        )
        if moved:
            at, position = [at for _, at, _ in moved], [position for _, _, position in moved]
            await self._connection.execute(SQL["move_timers"], *_keys([timer for timer, _, _ in moved]), at, position)
        if dropped:
            keys = _keys([each.timer for each in dropped])
            await self._connection.execute(SQL["drop_timers"], *keys, [each.position for each in dropped])
        if beside:
            await self._connection.execute(SQL["add_timers"], *map(list, zip(*beside, strict=True)))

    async def postpone(self, timer: Due, until: dt.datetime) -> None:
        """It could not be decided now."""
        await self._connection.execute(SQL["postpone_timer"], timer.request_id, timer.obligation_id, until)


def _keys(timers: Sequence[Due]) -> tuple[list[str], list[str]]:
    return [each.request_id for each in timers], [each.obligation_id for each in timers]

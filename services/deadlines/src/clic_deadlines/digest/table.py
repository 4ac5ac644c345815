"""The digests in PostgreSQL: one row for each day, notice and department, shared by several instances."""

from __future__ import annotations

import contextlib
import datetime as dt
import uuid
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

import asyncpg

from clic_chassis import sql
from clic_chassis.error import RetryableError
from clic_chassis.failure import is_outage
from clic_contracts.envelope import derive_id
from clic_contracts.vocabulary import DepartmentCode
from clic_deadlines.core.digest import Notice

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy

_SQL = sql.load("clic_deadlines.digest")

LEASE_S = 300.0
"""How long an instance has a digest to itself; longer than handing one over may take (`mail_relay.DATA_TIMEOUT_S`)."""


class Outcome(StrEnum):
    """Where a digest is."""

    WAITING = "waiting"
    SENT = "sent"
    NOTHING = "nothing"  # there was nothing to tell
    REFUSED = "refused"  # its address, for good
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True)
class Taken:
    """A digest that this instance has under way."""

    day: dt.date
    notice: Notice
    department: DepartmentCode
    tries: int
    """How often it was tried in vain."""

    @property
    def name(self) -> str:
        """What it is known by, always the same; short enough that no header of it is folded."""
        return f"digest.{derive_id('digest', self.day.isoformat(), self.notice, self.department)}"


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a digest."""

    day: dt.date
    notice: Notice
    department: DepartmentCode
    outcome: Outcome
    tries: int
    why: str | None
    settled_at: dt.datetime | None


class DigestTable:
    """Plans, takes and settles digests. A digest that was taken and not settled is another's after the lease."""

    def __init__(self, pool: asyncpg.Pool, *, lease_s: float = LEASE_S) -> None:
        self._pool = pool
        self._lease_s = lease_s
        self._own = uuid.uuid4()

    async def plan(self, day: dt.date, wanted: Collection[tuple[Notice, DepartmentCode]], now: dt.datetime) -> int:
        """The digests of a day, made once; how many were not planned yet. Raises as `take`."""
        notices, departments = [notice for notice, _ in wanted], [code for _, code in wanted]
        async with self._connected() as connection:
            return len(await connection.fetch(_SQL["plan"], day, notices, departments, now))

    async def expire(self, today: dt.date, now: dt.datetime) -> list[Taken]:
        """Give up what is of a day before, and say what it was. Raises as `take`."""
        async with self._connected() as connection:
            rows = await connection.fetch(_SQL["expire"], today, now)
        return [Taken(row["day"], Notice(row["notice"]), row["department"], 0) for row in rows]

    async def take(self, day: dt.date, now: dt.datetime, most: int) -> list[Taken]:
        """Digests that are due, for this instance alone until the lease ends.

        Raises:
            RetryableError: the database is away.
        """
        async with self._connected() as connection:
            rows = await connection.fetch(_SQL["take"], day, now, most, self._own, self._lease_s)
        return [Taken(row["day"], Notice(row["notice"]), row["department"], row["tries"]) for row in rows]

    async def begin(self, taken: Taken) -> bool:
        """Whether it is still this instance's to hand over. Raises as `take`."""
        async with self._connected() as connection:
            return bool(await connection.fetchval(_SQL["begin"], *_key(taken), self._own, self._lease_s))

    async def settle(self, taken: Taken, outcome: Outcome, now: dt.datetime, why: str | None = None) -> None:
        """What became of it, for good. Raises as `take`."""
        async with self._connected() as connection:
            await connection.execute(_SQL["settle"], *_key(taken), self._own, outcome, why, now)

    async def postpone(self, taken: Taken, until: dt.datetime, why: str) -> None:
        """It is tried again. Raises as `take`."""
        async with self._connected() as connection:
            await connection.execute(_SQL["postpone"], *_key(taken), self._own, taken.tries + 1, why, until)

    async def release(self) -> None:
        """Give back what was taken and not tried. Raises as `take`."""
        async with self._connected() as connection:
            await connection.execute(_SQL["release"], self._own)

    async def count(self, day: dt.date) -> dict[Outcome, int]:
        """How many of a day are where. Raises as `take`."""
        async with self._connected() as connection:
            rows = await connection.fetch(_SQL["count"], day)
        return {Outcome(row["state"]): row["number"] for row in rows}

    async def newest(self, until: dt.date) -> list[Sent]:
        """What became of the digests of the newest day that had some. Raises as `take`."""
        async with self._connected() as connection:
            rows = await connection.fetch(_SQL["newest"], until)
        return [
            Sent(
                row["day"], Notice(row["notice"]), row["department"], Outcome(row["state"]), row["tries"], row["why"],
                row["settled_at"],
            )
            for row in rows
        ]  # fmt: skip

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[Connection]:
        try:
            async with self._pool.acquire() as connection:
                yield connection
        except Exception as error:
            if is_outage(error):
                raise RetryableError(f"the database did not do it ({type(error).__name__})") from error
            raise


def _key(taken: Taken) -> tuple[dt.date, Notice, DepartmentCode]:
    return taken.day, taken.notice, taken.department

"""Erasing personal data for good: the key goes, and with it every copy of what it sealed (POL-30, A-2.1 art. 73).

In this order, each step said twice is done once: it is asked for (a row), told (a fact of the log, which no rule may
refuse any more from there on), the key is destroyed with what is indexed, the files are purged, and the row is done.
What is cut off in between is ended by `Erasures.finish`, so that whatever was told ends erased.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import asyncpg
import structlog

from clic_chassis import sql
from clic_chassis.clock import Clock
from clic_chassis.decider import Fact
from clic_chassis.decision import Decisions
from clic_chassis.error import RefusedError, RetryableError
from clic_chassis.log import Story
from clic_chassis.pause import pause
from clic_contracts.event import PersonalDataErased
from clic_contracts.lifecycle import PENDING
from clic_contracts.vocabulary import Code, RequestId
from clic_intake.core.rule import UnknownRequestError
from clic_intake.core.state import state_of
from clic_intake.register import connected

from .attachments import Attachments

log = structlog.get_logger()

_SQL = sql.load("clic_intake.personal")

CUT_OFF_AFTER_S = 60.0
"""After so long an erasure that is not done is taken as cut off; each takes less than a second."""
FINISH_EVERY_S = 30.0
FINISHED_AT_ONCE = 100
LOOK_BACK_EVERY = 120
"""Looks of the finisher, one hour, between two at what came back: that reads the whole of the worklists' table."""
RESTORED = "restored"
"""The ground of what is erased again: the first one is in the log."""
ACTOR = "clock:erasure"
LISTED_MAX = 1_000


class PendingError(RefusedError):
    """The request goes on: without its data nobody could be answered."""

    code = "pending"


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was erased when, by whom and on which ground."""

    request_id: RequestId
    reference: str | None
    ground: Code
    actor: str
    asked_at: dt.datetime
    erased_at: dt.datetime | None
    done_at: dt.datetime | None


class Erasures:
    """Erases, and keeps the register of what was erased."""

    def __init__(self, pool: asyncpg.Pool, decisions: Decisions, attachments: Attachments, clock: Clock) -> None:
        self._pool = pool
        self._decisions = decisions
        self._attachments = attachments
        self._clock = clock

    async def erase(
        self,
        request_id: RequestId,
        ground: Code,
        *,
        actor: str,
        cause_id: str,
        check: Callable[[Story], None] | None = None,
    ) -> Erasure:
        """Erase a request, or a contact that opened none; `check` may refuse by what the story says at that instant.

        Raises:
            UnknownRequestError: there is no such request.
            PendingError: the request goes on: close it first.
            RefusedError: from `check`.
            RetryableError: something is away; what was told is ended later, by itself.
        """
        async with connected(self._pool) as connection:
            await connection.execute(_SQL["ask_erasure"], request_id, ground, actor, cause_id, self._clock.now())
            asked = await connection.fetchrow(_SQL["erasure"], request_id)
        if asked is None:
            raise UnknownRequestError("no such request: send its submission first, or correct the reference")
        if asked["done_at"] is None:
            own = asked["cause_id"] == cause_id  # Else somebody else asked for it first, and it is theirs.
            await self._go_on(request_id, asked["ground"], asked["actor"], asked["cause_id"], check if own else None)
            async with connected(self._pool) as connection:
                asked = await connection.fetchrow(_SQL["erasure"], request_id)
        assert asked is not None
        return _erasure(asked)

    async def _go_on(
        self, request_id: RequestId, ground: Code, actor: str, cause_id: str, check: Callable[[Story], None] | None
    ) -> None:
        def decide(story: Story) -> tuple[Fact, ...]:
            if not story.commits:
                raise UnknownRequestError("no such request: its registration was cut off, and nothing was recorded")
            if any(isinstance(each.data, PersonalDataErased) for each in story.events):
                return ()
            if state_of(story.events).phase in PENDING:
                raise PendingError("the request goes on: close it first, as withdrawn if the citizen wishes so")
            if check is not None:
                check(story)
            return (Fact(PersonalDataErased(ground=ground), self._clock.now()),)

        try:
            await self._decisions.decide(request_id, decide, cause_id=cause_id, actor=actor)
        except RefusedError:
            async with connected(self._pool) as connection:
                await connection.execute(_SQL["drop_erasure"], request_id, cause_id)
            raise
        async with connected(self._pool) as connection, connection.transaction():
            await connection.execute(_SQL["destroy_key"], request_id, self._clock.now())
            await connection.execute(_SQL["mark_erased"], request_id, self._clock.now())
        await self._attachments.purge(request_id)
        async with connected(self._pool) as connection:
            await connection.execute(_SQL["mark_done"], request_id, self._clock.now())
        log.info("request_erased", request_id=request_id, ground=ground)

    async def finish(self) -> int:
        """End what was cut off; gives how many.

        Raises:
            RetryableError: something is away.
        """
        before = self._clock.now() - dt.timedelta(seconds=CUT_OFF_AFTER_S)
        async with connected(self._pool) as connection:
            rows = await connection.fetch(_SQL["unfinished"], before, FINISHED_AT_ONCE)
        for row in rows:
            try:
                await self._go_on(row["request_id"], row["ground"], row["actor"], row["cause_id"], None)
            except RefusedError as error:  # It was never told, and the request goes on: it was not erased.
                log.warning("erasure_dropped", request_id=row["request_id"], error=type(error).__name__)
        return len(rows)

    async def erase_again(self) -> int:
        """Erase what the log has as erased and came back with a backup of the register; gives how many.

        Raises:
            RetryableError: something is away.
        """
        async with connected(self._pool) as connection:
            try:
                rows = await connection.fetch(_SQL["come_back"], FINISHED_AT_ONCE)
            except asyncpg.UndefinedTableError:
                return 0  # The worklists are being made; the next look finds them.
        for row in rows:
            request_id = row["request_id"]
            await self.erase(request_id, RESTORED, actor=ACTOR, cause_id=f"restored\n{request_id}")
        return len(rows)

    async def between(self, since: dt.datetime, until: dt.datetime) -> tuple[Erasure, ...]:
        """What was erased in a span of time, the newest first, at most `LISTED_MAX`.

        Raises:
            RetryableError: the database is away.
        """
        async with connected(self._pool) as connection:
            rows: Sequence[asyncpg.Record] = await connection.fetch(_SQL["erasures"], since, until, LISTED_MAX)
        return tuple(_erasure(row) for row in rows)


class ErasureFinisher:
    """Ends erasures that were cut off. Several instances may: each step said twice is done once."""

    name = "erasure-finisher"

    def __init__(self, erasures: Erasures) -> None:
        self._erasures = erasures

    async def run(self, stop: asyncio.Event) -> None:
        """Look until told to stop."""
        looks = 0
        while not stop.is_set():
            try:
                await self._erasures.finish()
                if looks % LOOK_BACK_EVERY == 0 and (count := await self._erasures.erase_again()):
                    log.warning("erased_again", requests=count)
                looks += 1
            except RetryableError as error:
                log.warning("erasures_not_finished", error=type(error).__name__)  # The next look does it.
            await pause(stop, FINISH_EVERY_S)

    def not_ready(self) -> str | None:
        """Always ready."""
        return None


def _erasure(row: asyncpg.Record) -> Erasure:
    return Erasure(
        str(row["request_id"]),
        row["reference"],
        row["ground"],
        row["actor"],
        row["asked_at"],
        row["erased_at"],
        row["done_at"],
    )

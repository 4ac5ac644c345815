"""The docket in a test's own database, a log in memory, and the facts of intake, routing and deadlines told to both."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg

from clic_chassis.clock import ManualClock
from clic_chassis.memory_log import MemoryLog
from clic_contracts.envelope import RECORDED, Commit, Recorded, request_id_for
from clic_contracts.event import Event, RequestReceived
from clic_contracts.town import Town
from clic_contracts.vocabulary import Service
from clic_deadlines.core.obligation import DECIDER, Reconcile
from clic_deadlines.core.standard import Rules
from clic_deadlines.docket import Docket, DocketProjection

TORONTO = ZoneInfo("America/Toronto")
FRIDAY = "2026-05-15T16:20"
"""A pothole of then is to be acknowledged by the end of Tuesday 19 May and answered by that of Monday 25 May."""


def ids(count: int) -> list[str]:
    """Invented requests."""
    return [request_id_for("/telephonie", f"appel-imaginaire-{n}") for n in range(count)]


def at(text: str) -> dt.datetime:
    """An instant in the town's time."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=TORONTO)


def make(event: type[Event], **changes: object) -> Event:
    """The catalogue's example, changed."""
    return event.model_validate({**event.EXAMPLE, **changes})


@dataclass
class Book:
    """What was recorded, and the docket that is folded from it."""

    pool: asyncpg.Pool
    town: Town
    clock: ManualClock = field(default_factory=lambda: ManualClock(at("2026-05-15T17:00")))
    log: MemoryLog = field(default_factory=MemoryLog)
    folded: int = 0
    received: int = 0

    def __post_init__(self) -> None:
        self.rules = Rules(self.town)
        self.projection = DocketProjection(self.town)
        self.docket = Docket(self.pool, self.clock)

    async def prepare(self) -> None:
        """As the projector does at its start."""
        async with self.pool.acquire() as connection:
            await self.projection.prepare(connection)  # type: ignore[arg-type]  # The pool's proxy does as well.

    async def receives(self, request_id: str, when: str = FRIDAY, **changes: object) -> None:
        """A request comes in, and deadlines says what is owed on it."""
        self.received += 1
        reference = f"2026-{self.received:06}"
        await self.says(request_id, (make(RequestReceived, **{"reference": reference, **changes}), when))

    async def says(self, request_id: str, *facts: tuple[Event, str]) -> None:
        """A service decides; after intake deadlines does so too. Then the docket is folded."""
        await self.record(request_id, *facts)
        if facts[0][0].BY is Service.INTAKE:
            intake = await self.log.load(Service.INTAKE, request_id)
            own = await self.log.load(Service.DEADLINES, request_id)
            decided = DECIDER.decide(Reconcile(intake.events, self.rules), DECIDER.fold(own.events))
            if decided:
                events = [(each.event, each.occurred_at.astimezone(TORONTO)) for each in decided]
                await self._append(request_id, events)
        await self.fold()

    async def record(self, request_id: str, *facts: tuple[Event, str]) -> None:
        """A service decides, and nobody hears of it yet."""
        await self._append(request_id, [(event, at(when)) for event, when in facts])

    async def fold(self, batch: int = 1_000) -> None:
        """Fold what is not folded yet, as the projector does."""
        commits = await self.commits(self.folded)
        async with self.pool.acquire() as connection:
            for start in range(0, len(commits), batch):
                async with connection.transaction():
                    some = commits[start : start + batch]
                    await self.projection.apply(connection, some)  # type: ignore[arg-type]  # As above.
        self.folded += len(commits)

    async def commits(self, after: int = 0) -> Sequence[Commit]:
        """The log."""
        return [commit async for commit in self.log.read(after=after)]

    async def rows(self) -> dict[tuple[str, str], dict[str, Any]]:
        """All that stands in the docket."""
        found = await self.pool.fetch("SELECT * FROM docket.obligation")
        return {(str(each["request_id"]), each["obligation_id"]): dict(each) for each in found}

    async def _append(self, request_id: str, facts: Sequence[tuple[Event, dt.datetime]]) -> None:
        service = facts[0][0].BY
        before = (await self.log.load(service, request_id)).last_sequence
        events: list[Recorded] = [
            RECORDED[type(event)](
                event_id=f"{service}-{before}-{index}-{request_id}",
                source=f"/clic/{service}",
                type=event.TYPE,
                request_id=request_id,
                occurred_at=when,
                recorded_at=when,
                cause_id=f"cause-{before}",
                actor="publisher:telephonie",
                town="town-test",
                data=event,
            )
            for index, (event, when) in enumerate(facts)
        ]
        await self.log.append(service, request_id, events, expected=before)

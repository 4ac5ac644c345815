"""A deadlines service with a log in memory, a database of its own and a clock that is told, for tests of its timers."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import asyncpg

from clic_chassis.clock import ManualClock
from clic_chassis.decision import Decisions
from clic_chassis.error import RetryableError
from clic_chassis.log import Story
from clic_chassis.memory_log import MemoryLog
from clic_contracts.envelope import Commit, Recorded, request_id_for
from clic_contracts.event import Event, RequestReceived
from clic_contracts.vocabulary import Service
from clic_deadlines.core.standard import Rules
from clic_deadlines.reconciler import Reconciler
from clic_deadlines.timer import Timers
from clic_deadlines.timer_table import TimerTable

Tell = Callable[..., tuple[Recorded, ...]]

RECEIVED_AT = dt.datetime(2026, 5, 15, 20, 20, tzinfo=dt.UTC)  # 16:20 in the town
WARN_AT = dt.datetime(2026, 5, 24, 12, 0, tzinfo=dt.UTC)  # past the warning of the answer, not its limit
ANSWER_WARN = dt.datetime(2026, 5, 23, 14, 5, tzinfo=dt.UTC)
ANSWER_DUE = dt.datetime(2026, 5, 26, 4, 0, tzinfo=dt.UTC)
PAST = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)  # past every limit


class ShakyLog(MemoryLog):
    """A log that cannot be read for one request."""

    unreadable: str | None = None
    unreadable_because: Exception = RetryableError("no answer to a load")
    unwritable: bool = False
    lags: bool = False
    """The nearest replica has not the last commit of intake's stories."""

    async def append(self, service: Service, request_id: str, events: Sequence[Recorded], *, expected: int) -> int:
        """See `EventLog.append`."""
        if self.unwritable:
            raise RetryableError("no answer to an append")
        return await super().append(service, request_id, events, expected=expected)

    async def load(self, service: Service, request_id: str, *, fresh: bool = False) -> Story:
        """See `EventLog.load`."""
        if request_id == self.unreadable:
            raise self.unreadable_because
        story = await super().load(service, request_id)
        is_behind = self.lags and service is Service.INTAKE and not fresh
        return Story(story.commits[:-1]) if is_behind else story


@dataclass
class House:
    """Deadlines with a log in memory, a database of its own, and a clock that is told."""

    rules: Rules
    pool: asyncpg.Pool
    tell: Tell
    clock: ManualClock = field(default_factory=lambda: ManualClock(RECEIVED_AT))
    log: ShakyLog = field(default_factory=ShakyLog)
    behind: bool = False

    def __post_init__(self) -> None:
        self.table = TimerTable(self.pool, self.clock)
        self.decisions = Decisions(self.log, Service.DEADLINES, self.clock, "town-test")
        self.reconciler = Reconciler(self.log, self.decisions, self.rules, self.table)

    def timers(self) -> Timers:
        """One instance."""

        async def caught_up() -> bool:
            return not self.behind

        return Timers(
            log=self.log,
            decisions=self.decisions,
            rules=self.rules,
            table=TimerTable(self.pool, self.clock),
            clock=self.clock,
            caught_up=caught_up,
        )

    async def intake(self, request_id: str, event: Event, at: str) -> Commit:
        """Intake decides; deadlines is not told yet."""
        before = (await MemoryLog.load(self.log, Service.INTAKE, request_id)).last_sequence
        events = self.tell((event, at), request_id=request_id)
        events = tuple(each.model_copy(update={"event_id": f"event-{before}-{request_id}"}) for each in events)
        sequence = await self.log.append(Service.INTAKE, request_id, events, expected=before)
        return Commit(sequence, Service.INTAKE, request_id, events)

    async def receive(self, *request_ids: str, **changes: object) -> None:
        """Requests come in, and deadlines hears of them."""
        for request_id in request_ids:
            received = RequestReceived.model_validate({**RequestReceived.EXAMPLE, **changes})
            await self.reconciler.handle(await self.intake(request_id, received, "2026-05-15T16:20"))

    async def said(self) -> Counter[tuple[str, str, str]]:
        """What deadlines said, how often: (request, obligation, type)."""
        commits = [commit async for commit in self.log.read(filters=["clic.log.deadlines.*"])]
        return Counter(
            (commit.request_id, str(event.data.model_dump()["obligation_id"]), event.type)
            for commit in commits
            for event in commit.events
        )

    async def rows(self) -> set[tuple[str, dt.datetime]]:
        """The timers that stand: which obligation is looked at, and when."""
        return {tuple(row) for row in await self.pool.fetch("SELECT obligation_id, at FROM timer")}


def ids(count: int) -> list[str]:
    """Invented requests."""
    return [request_id_for("/telephonie", f"appel-imaginaire-{n}") for n in range(count)]


async def fire_all(timers: Timers) -> int:
    """Fire until nothing is due; bounded."""
    total = 0
    for _ in range(200):
        fired = await timers.fire_due()
        if not fired:
            return total
        total += fired
    raise AssertionError("timers stay due")

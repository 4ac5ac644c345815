"""One instance of the deadlines service: the real reconciler, timers and decisions, on servers that fail.

It dies at any of the points at which it waits for a server, and forgets all that is in memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from random import Random
from typing import Any

from tests.simulation.weather import LAG_MAX, SKEW_MAX_S, Weather

from clic_chassis.decision import Decisions
from clic_chassis.error import AppendUnknownError, RetryableError
from clic_chassis.log import LogIdentity, Story
from clic_chassis.memory_log import MemoryLog
from clic_contracts.envelope import Commit, Recorded
from clic_contracts.vocabulary import RequestId, Service
from clic_deadlines.core.standard import Rules
from clic_deadlines.memory_timer_table import MemoryTaken, MemoryTimers, MemoryTimerTable, Row
from clic_deadlines.reconciler import Reconciler
from clic_deadlines.timer import Timers
from clic_deadlines.timer_table import Written

AWAY = (RetryableError, OSError, TimeoutError)
RETRY_MAX_S = 1800.0


class KeptLog(MemoryLog):
    """Holds each commit decoded, too, as it came out of its stored bytes; and knows when each was appended."""

    def __init__(self, now: Callable[[], dt.datetime]) -> None:
        super().__init__()
        self._now = now
        self._decoded: dict[int, Commit] = {}
        self.appended_at: list[dt.datetime] = []

    async def append(
        self, service: Service, request_id: RequestId, events: Sequence[Recorded], *, expected: int
    ) -> int:
        """See `EventLog.append`."""
        sequence = await super().append(service, request_id, events, expected=expected)
        self.appended_at.append(self._now())
        return sequence

    def commits(self) -> list[Commit]:
        """All of them, in order."""
        return [self._commit(sequence) for sequence in range(1, len(self.appended_at) + 1)]

    def _commit(self, sequence: int) -> Commit:
        if sequence not in self._decoded:
            self._decoded[sequence] = super()._commit(sequence)
        return self._decoded[sequence]


class WatchedTimers(MemoryTimers):
    """Tells whoever waits when something is to be done sooner than was known."""

    def __init__(self) -> None:
        super().__init__()
        self.watchers: dict[str, tuple[dt.datetime, asyncio.Event]] = {}

    def put(self, key: tuple[str, str], row: Row) -> None:
        """See `MemoryTimers.put`."""
        super().put(key, row)
        for until, event in self.watchers.values():
            if row.try_at < until:
                event.set()


class Clock:
    """The town's time, a little off."""

    def __init__(self, now: Callable[[], dt.datetime]) -> None:
        self._now = now
        self.skew = dt.timedelta()

    def now(self) -> dt.datetime:
        """As this machine has it."""
        return self._now() + self.skew


class Instance:
    """A process that is started, killed, and started again."""

    def __init__(
        self,
        name: str,
        *,
        rules: Rules,
        weather: Weather,
        log: KeptLog,
        timers: WatchedTimers,
        now: Callable[[], dt.datetime],
        caught_up: Callable[[], bool],
        failed: Callable[[BaseException], None],
    ) -> None:
        self.name = name
        self.weather = weather
        self.log = log
        self.crashes = 0
        self._rules = rules
        self._timers = timers
        self._caught_up = caught_up
        self._failed = failed
        self._tasks: set[asyncio.Task[None]] = set()
        self.clock = Clock(now)
        self.is_up = False
        self._down_until = 0.0

    # -- life ---------------------------------------------------------------------------------------------------------

    def boot(self) -> None:
        """A new process, with nothing in memory."""
        if self.is_up:
            return
        self.is_up = True
        life = _Life(self)
        decisions = Decisions(
            life.log, Service.DEADLINES, self.clock, "town-simulated", jitter=Random(self.weather.chance.random())
        )
        table = _Table(self._timers, self.clock, life)
        self.reconciler = Reconciler(life.log, decisions, self._rules, table)

        async def caught_up() -> bool:
            await life.call(log=True)
            return self._caught_up()

        firing = Timers(
            log=life.log, decisions=decisions, rules=self._rules, table=table, clock=self.clock, caught_up=caught_up
        )
        self._firing = self.spawn(self._fire(firing))

    def kill(self, down_s: float = 0.0) -> None:
        """SIGKILL: whatever is under way ends where it stands; somebody starts it again a little later."""
        self._down_until = max(self._down_until, asyncio.get_running_loop().time() + down_s)
        if not self.is_up:
            return
        self.crashes += 1
        self.is_up = False
        self._start_again(self.weather.chance.uniform(1.0, 120.0))
        self._timers.watchers.pop(self.name, None)
        for task in self._tasks:
            task.cancel()

    def _start_again(self, after_s: float) -> None:
        loop = asyncio.get_running_loop()
        left_s = self._down_until - loop.time()
        if left_s > 0:
            loop.call_later(max(left_s, after_s), self._start_again, 0.0)
        else:
            loop.call_later(after_s, self.boot)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Something that ends with the process."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None and not isinstance(error, AWAY):
            self._failed(error)

    def jump(self) -> None:
        """The machine's clock is set."""
        self.clock.skew = dt.timedelta(seconds=self.weather.chance.uniform(-SKEW_MAX_S, SKEW_MAX_S))

    # -- firing -------------------------------------------------------------------------------------------------------

    async def _fire(self, timers: Timers) -> None:
        """As `Timers.run`, but for looking each second at what is not due."""
        tries = 0
        while True:
            await self._until_due(tries)
            try:
                fired = await timers.fire_due()
            except AWAY:
                fired = 0
            tries = 0 if fired else tries + 1

    async def _until_due(self, tries: int) -> None:
        soonest = self._timers.next_try_at()
        now = self.clock.now()
        if soonest is not None and soonest <= now:
            if tries:
                await asyncio.sleep(min(RETRY_MAX_S, 2.0 ** min(tries, 20)) * self.weather.chance.uniform(0.5, 1.0))
            return
        until = soonest or dt.datetime.max.replace(tzinfo=dt.UTC)
        event = asyncio.Event()
        self._timers.watchers[self.name] = (until, event)
        loop = asyncio.get_running_loop()
        wait_s = (until - now).total_seconds() + self.weather.chance.uniform(0.0, 1.0)
        handle = loop.call_later(wait_s, event.set) if soonest is not None else None
        await event.wait()
        self._timers.watchers.pop(self.name, None)
        if handle is not None:
            handle.cancel()


class _Life:
    """One life of an instance, and its ways to the servers."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self.log = _Log(instance.log, self)
        self.weather = instance.weather

    async def call(self, *, log: bool = False, database: bool = False) -> None:
        """A way to a server, and maybe the death of whoever goes it. Raises where the server is away."""
        weather = self.weather
        if weather.happens(weather.crashes):
            self._instance.kill()
            await asyncio.sleep(0.0)
        if (latency_s := weather.latency_s()) is not None:
            await asyncio.sleep(latency_s)
        if (log and weather.log_away is not None) or (log and weather.happens(weather.fails)):
            raise RetryableError("no answer of the log")
        if (database and weather.database_is_away) or (database and weather.happens(weather.fails)):
            raise ConnectionResetError("no answer of the database")


class _Log:
    """The log as an instance reaches it: by a replica that may lag, over connections that break."""

    def __init__(self, log: KeptLog, life: _Life) -> None:
        self._log = log
        self._life = life

    async def append(
        self, service: Service, request_id: RequestId, events: Sequence[Recorded], *, expected: int
    ) -> int:
        """See `EventLog.append`: what failed may be stored or not."""
        try:
            await self._life.call(log=True)
        except RetryableError as error:
            raise AppendUnknownError("cut off before it was stored") from error
        sequence = await self._log.append(service, request_id, events, expected=expected)
        try:
            await self._life.call(log=True)
        except RetryableError as error:
            raise AppendUnknownError("cut off after it was stored") from error
        return sequence

    async def load(self, service: Service, request_id: RequestId, *, fresh: bool = False) -> Story:
        """See `EventLog.load`."""
        await self._life.call(log=True)
        story = await self._log.load(service, request_id)
        await self._life.call()
        if fresh or not self._life.weather.happens(0.02):
            return story
        seen = self._log._now() - LAG_MAX
        return Story(tuple(each for each in story.commits if self._log.appended_at[each.sequence - 1] <= seen))

    def read(self, *, after: int = 0, filters: Sequence[str] = ()) -> AsyncIterator[Commit]:
        """See `EventLog.read`."""
        return self._log.read(after=after, filters=filters)

    async def identity(self) -> LogIdentity:
        """See `EventLog.identity`."""
        return await self._log.identity()


class _Table(MemoryTimerTable):
    """The timers as an instance reaches them."""

    def __init__(self, timers: MemoryTimers, clock: Clock, life: _Life) -> None:
        super().__init__(timers, clock)
        self._life = life

    async def write(self, written: Written) -> None:
        """See `TimerTable.write`: what failed may be written or not."""
        await self._life.call(database=True)
        await super().write(written)
        await self._life.call(database=True)

    async def any_due(self, now: dt.datetime) -> bool:
        """See `TimerTable.any_due`."""
        await self._life.call(database=True)
        return await super().any_due(now)

    @contextlib.asynccontextmanager
    async def taken(self, now: dt.datetime, most: int) -> AsyncIterator[MemoryTaken]:
        """See `TimerTable.taken`: killed or cut off between the append and the commit, or after it."""
        await self._life.call(database=True)
        async with super().taken(now, most) as taken:
            yield taken
            await self._life.call(database=True)
        await self._life.call(database=True)

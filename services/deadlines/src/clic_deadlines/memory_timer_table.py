"""The timer table's in-memory twin, for fast tests and simulation; it passes the same contract tests."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import heapq
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

from clic_chassis.clock import Clock

from .core.alarm import Alarm
from .timer_table import PAST_GRACE_S, Due, Looked, Written

Key = tuple[str, str]
"""Request and obligation."""


@dataclass(frozen=True, slots=True)
class Row:
    """One timer as the table has it."""

    at: dt.datetime
    position: int
    try_at: dt.datetime
    tries: int = 0


@dataclass
class MemoryTimers:
    """What every instance's table shows: the rows, and which of them somebody holds."""

    rows: dict[Key, Row] = field(default_factory=dict)
    of_request: dict[str, set[str]] = field(default_factory=dict)
    """Obligations that have a row, by request."""
    held: set[Key] = field(default_factory=set)
    _order: list[tuple[dt.datetime, Key]] = field(default_factory=list)
    """A heap of what may be due; an entry whose row is another by now counts for nothing."""
    _freed: list[asyncio.Future[None]] = field(default_factory=list)

    def put(self, key: Key, row: Row) -> None:
        """Set one row."""
        self.rows[key] = row
        self.of_request.setdefault(key[0], set()).add(key[1])
        heapq.heappush(self._order, (row.try_at, key))

    def drop(self, key: Key) -> None:
        """Remove one row, if it is there."""
        if self.rows.pop(key, None) is not None:
            self.of_request[key[0]].discard(key[1])

    def next_try_at(self) -> dt.datetime | None:
        """When the soonest timer is to be tried, held or not; None: there is none."""
        while self._order and not self._stands(*self._order[0]):
            heapq.heappop(self._order)
        return self._order[0][0] if self._order else None

    def due(self, now: dt.datetime, most: int) -> list[Key]:
        """What is due and held by nobody, oldest first."""
        found: list[Key] = []
        passed: list[tuple[dt.datetime, Key]] = []
        while len(found) < most and (soonest := self.next_try_at()) is not None and soonest <= now:
            passed.append(heapq.heappop(self._order))
            key = passed[-1][1]
            if key not in self.held and key not in found:
                found.append(key)
        for each in passed:
            heapq.heappush(self._order, each)
        return found

    async def free(self, keys: Callable[[], Collection[Key]]) -> None:
        """Wait until nobody holds any of these rows, as a statement waits for the locks of others."""
        while not self.held.isdisjoint(keys()):
            freed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._freed.append(freed)
            await freed

    def release(self, keys: Collection[Key]) -> None:
        """Hold these no more."""
        self.held.difference_update(keys)
        waiting, self._freed = self._freed, []
        for each in waiting:
            if not each.done():
                each.set_result(None)

    def _stands(self, try_at: dt.datetime, key: Key) -> bool:
        row = self.rows.get(key)
        return row is not None and row.try_at == try_at


class MemoryTimerTable:
    """One instance's way to the rows. See `TimerTable`."""

    def __init__(self, timers: MemoryTimers, clock: Clock, *, past_grace_s: float = PAST_GRACE_S) -> None:
        self._timers = timers
        self._clock = clock
        self._past_grace = dt.timedelta(seconds=past_grace_s)

    async def write(self, written: Written) -> None:
        """See `TimerTable.write`."""
        timers, request_id = self._timers, written.request_id
        now = self._clock.now()
        wanted = {each.obligation_id: each for each in written.alarms}
        await timers.free(lambda: [(request_id, each) for each in {*timers.of_request.get(request_id, ()), *wanted}])
        for obligation_id in sorted(timers.of_request.get(request_id, set()) - wanted.keys()):
            if timers.rows[request_id, obligation_id].position <= written.position:
                timers.drop((request_id, obligation_id))
        for obligation_id, alarm in wanted.items():
            known = timers.rows.get((request_id, obligation_id))
            row = Row(alarm.at, written.position, self._try_at(alarm, now))
            if known is not None and known.position > written.position:
                continue
            if known is not None and known.at == alarm.at:
                row = replace(known, position=written.position)
            timers.put((request_id, obligation_id), row)

    def _try_at(self, alarm: Alarm, now: dt.datetime) -> dt.datetime:
        if alarm.at > now:
            return alarm.at
        grace_at = now + self._past_grace
        return grace_at if alarm.limit_at is None or alarm.limit_at <= now else min(grace_at, alarm.limit_at)

    async def any_due(self, now: dt.datetime) -> bool:
        """See `TimerTable.any_due`."""
        soonest = self._timers.next_try_at()
        return soonest is not None and soonest <= now

    async def next_due(self) -> dt.datetime | None:
        """See `TimerTable.next_due`."""
        return self._timers.next_try_at()

    @contextlib.asynccontextmanager
    async def taken(self, now: dt.datetime, most: int) -> AsyncIterator[MemoryTaken]:
        """See `TimerTable.taken`."""
        keys = self._timers.due(now, most)
        self._timers.held.update(keys)
        due = [(key, self._timers.rows[key]) for key in keys]
        taken = MemoryTaken(tuple(Due(*key, row.at, row.position, row.tries) for key, row in due))
        try:
            yield taken
            taken.commit(self._timers)
        finally:
            self._timers.release(keys)


class MemoryTaken:
    """See `Taken`. Nothing is done until the end of the block."""

    def __init__(self, due: tuple[Due, ...]) -> None:
        self.due = due
        self._looked: list[Looked] = []
        self._postponed: list[tuple[Due, dt.datetime]] = []

    async def settle(self, looked: Sequence[Looked]) -> None:
        """See `Taken.settle`."""
        self._looked += looked

    async def postpone(self, timer: Due, until: dt.datetime) -> None:
        """See `Taken.postpone`."""
        self._postponed.append((timer, until))

    def commit(self, timers: MemoryTimers) -> None:
        """Do what was said."""
        for each in self._looked:
            key = (each.timer.request_id, each.timer.obligation_id)
            row = timers.rows.get(key)
            if row is not None and row.position <= each.position:
                if each.next_at is None:
                    timers.drop(key)
                else:
                    timers.put(key, Row(each.next_at, each.position, each.next_at))
        for each in self._looked:
            for alarm in each.alarms:
                beside = (each.timer.request_id, alarm.obligation_id)
                if alarm.obligation_id != each.timer.obligation_id and beside not in timers.rows:
                    timers.put(beside, Row(alarm.at, each.position, alarm.at))
        for timer, until in self._postponed:
            key = (timer.request_id, timer.obligation_id)
            if (row := timers.rows.get(key)) is not None:
                timers.put(key, replace(row, tries=row.tries + 1, try_at=until))

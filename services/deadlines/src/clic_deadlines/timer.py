"""The component that fires timers: says what time brought to obligations, never while behind the log."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import asyncpg
import structlog
from nats.errors import Error as NatsError

from clic_chassis.clock import Clock
from clic_chassis.decision import Decisions
from clic_chassis.error import ClicError, RetryableError
from clic_chassis.failure import FAILED_OVER
from clic_chassis.log import EventLog
from clic_chassis.pause import pause

from .core.alarm import alarms
from .core.duty import is_backlog
from .core.obligation import DECIDER, Look, Reconcile
from .core.standard import Rules
from .intake_story import IntakeStory, on_intake
from .timer_table import Due, Looked

log = structlog.get_logger()

ACTOR = "clock:deadlines"
EVERY_S = 1.0
"""How soon a timer is noticed that was set meanwhile."""
SOONEST_S = 0.01
DUE_STILL_S = 0.1
"""What is due and was not fired waits for the log to be seen, or another instance holds it."""
BATCH_MAX = 200
SIDE_BY_SIDE_MAX = 16
"""Decisions under way at once: the log syncs each, and the Process needs its share."""
BACKOFF_FIRST_S = 1.0
BACKOFF_MAX_S = 3600.0
"""A timer that fails is tried at most once an hour in the end, and never dropped: the town owes it."""
STUCK_AFTER_S = 120.0

_AWAY = (*FAILED_OVER, RetryableError, NatsError, OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


class TakenTimers(Protocol):
    """Timers that nobody else holds meanwhile; see `Taken`."""

    due: tuple[Due, ...]

    async def settle(self, looked: Sequence[Looked]) -> None:
        """Set each to its next instant, or drop it; and set what came about beside it."""
        ...

    async def postpone(self, timer: Due, until: dt.datetime) -> None:
        """It could not be decided now."""
        ...


class TimerSource(Protocol):
    """Where due timers are taken from; `TimerTable` is the real one, `MemoryTimerTable` its twin."""

    async def any_due(self, now: dt.datetime) -> bool:
        """Whether there is anything to fire."""
        ...

    async def next_due(self) -> dt.datetime | None:
        """When the next timer is looked at; None: there is none."""
        ...

    def taken(self, now: dt.datetime, most: int) -> AbstractAsyncContextManager[TakenTimers]:
        """Due timers, oldest first, held until the end of the block."""
        ...


class Timers:
    """Fires due timers. Several instances may run: each takes what no other holds."""

    name = "timers"

    def __init__(
        self,
        *,
        log: EventLog,
        decisions: Decisions,
        rules: Rules,
        table: TimerSource,
        clock: Clock,
        caught_up: Callable[[], Awaitable[bool]],
    ) -> None:
        """`caught_up` tells whether all that the log held when it was called has been handled."""
        self._log = log
        self._decisions = decisions
        self._rules = rules
        self._table = table
        self._clock = clock
        self._caught_up = caught_up
        self._side_by_side = asyncio.Semaphore(SIDE_BY_SIDE_MAX)
        self._failing_since: dt.datetime | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Look every second, at the next instant of a timer if that is sooner, and at once while batches are full."""
        while not stop.is_set():
            fired, wait_s = 0, EVERY_S
            try:
                fired = await self.fire_due()
                wait_s = await self._until_next_s()
                self._failing_since = None
            except _AWAY as error:
                self._failing_since = self._failing_since or self._clock.now()
                log.warning("timers_wait", error=type(error).__name__)
            if fired < BATCH_MAX:
                await pause(stop, wait_s)

    async def _until_next_s(self) -> float:
        """How long nothing is to be done."""
        next_at = await self._table.next_due()
        ahead_s = (next_at - self._clock.now()).total_seconds() if next_at is not None else EVERY_S
        return DUE_STILL_S if ahead_s <= 0 else min(EVERY_S, max(ahead_s, SOONEST_S))

    def not_ready(self) -> str | None:
        """None, or since when nothing could be fired."""
        since = self._failing_since
        if since is not None and (self._clock.now() - since).total_seconds() > STUCK_AFTER_S:
            return f"no timer could be fired since {since.isoformat()}"
        return None

    async def fire_due(self) -> int:
        """Decide on the timers that are due, a batch at most; gives how many were taken.

        What was due is asked as of `now`, and only then whether the service has seen all that the log held: whatever
        kept an obligation before `now` and reached the log is in the stories that are decided on.
        """
        now = self._clock.now()
        if not await self._table.any_due(now) or not await self._caught_up():
            return 0
        async with self._table.taken(now, BATCH_MAX) as taken:
            found = await asyncio.gather(*(self._fire(timer, now) for timer in taken.due))
            await taken.settle([looked for looked in found if looked is not None])
            for timer, looked in zip(taken.due, found, strict=True):
                if looked is None:
                    wait_s = min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2.0 ** min(timer.tries, 32))
                    await taken.postpone(timer, now + dt.timedelta(seconds=wait_s))
        return len(found)

    async def _fire(self, timer: Due, now: dt.datetime) -> Looked | None:
        """Decide on one timer; None where that could not be done, or left it due."""
        try:
            async with self._side_by_side:
                looked = await self._decided(timer, now)
        except (*_AWAY, ClicError) as error:
            self._failed(timer, type(error).__name__)
            return None
        except Exception as error:  # Of one request's story: it is told, tried again, and holds up no other.
            log.exception("timer_broken", request_id=timer.request_id)
            self._failed(timer, type(error).__name__)
            return None
        if looked.next_at is not None and looked.next_at <= now:
            self._failed(timer, "still due")
            return None
        return looked

    def _failed(self, timer: Due, error: str) -> None:
        log.warning(
            "timer_failed",
            request_id=timer.request_id,
            obligation_id=timer.obligation_id,
            tries=timer.tries + 1,
            error=error,
        )

    async def _decided(self, timer: Due, now: dt.datetime) -> Looked:
        # Intake's story is read again: a commit of this request may stand in quarantine, and what it says was kept
        # in time must not be called missed.
        return await on_intake(self._log, timer.request_id, lambda intake: self._look(timer, now, intake))

    async def _look(self, timer: Due, now: dt.datetime, intake: IntakeStory) -> Looked:
        look = Look(Reconcile(intake.events, self._rules), timer.obligation_id, now)
        decided = await self._decisions.decide(
            timer.request_id,
            lambda own: intake.decide(look, own),
            # The instant that it was set to, and by which decision: a firing that is repeated after a crash is one.
            cause_id=f"timer/{timer.obligation_id}/{timer.at.astimezone(dt.UTC).isoformat()}/{timer.position}",
            actor=ACTOR,
        )
        wanted = alarms(DECIDER.fold(decided.story.events), self._rules, warns=not is_backlog(intake.events))
        touched = {getattr(event.data, "obligation_id", None) for event in decided.events} | {timer.obligation_id}
        return Looked(
            timer, decided.story.last_sequence, tuple(each for each in wanted if each.obligation_id in touched)
        )

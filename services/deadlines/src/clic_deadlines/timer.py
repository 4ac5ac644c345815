"""The component that fires timers: warns of what is at risk and says what was missed, never while behind the log."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable

import asyncpg
import structlog
from nats.errors import Error as NatsError

from clic_chassis.clock import Clock
from clic_chassis.decision import Decisions
from clic_chassis.error import ClicError, RetryableError
from clic_chassis.log import EventLog
from clic_chassis.pause import pause
from clic_contracts.vocabulary import Service

from .core.obligation import DECIDER, Command, Miss, Reconcile, Warn
from .core.standard import Rules
from .timer_table import Due, TimerTable

log = structlog.get_logger()

ACTOR = "clock:deadlines"
EVERY_S = 1.0
BATCH_MAX = 200
SIDE_BY_SIDE_MAX = 16
"""Decisions under way at once: the log syncs each, and the Process needs its share."""
BACKOFF_FIRST_S = 1.0
BACKOFF_MAX_S = 3600.0
"""A timer that fails is tried at most once an hour in the end, and never dropped: the town owes it."""
STUCK_AFTER_S = 120.0

_AWAY = (RetryableError, NatsError, OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


class Timers:
    """Fires due timers. Several instances may run: each takes what no other holds."""

    name = "timers"

    def __init__(
        self,
        *,
        log: EventLog,
        decisions: Decisions,
        rules: Rules,
        table: TimerTable,
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
        """Look every second, and at once again while batches are full."""
        while not stop.is_set():
            fired = 0
            try:
                fired = await self.fire_due()
                self._failing_since = None
            except _AWAY as error:
                self._failing_since = self._failing_since or self._clock.now()
                log.warning("timers_wait", error=type(error).__name__)
            if fired < BATCH_MAX:
                await pause(stop, EVERY_S)

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
            open_after = await asyncio.gather(*(self._fire(timer, now) for timer in taken.due))
            outcomes = list(zip(taken.due, open_after, strict=True))
            await taken.finish([timer for timer, still in outcomes if still is True], now)
            await taken.drop([timer for timer, still in outcomes if still is False])
            for timer, still in outcomes:
                if still is None:
                    wait_s = min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2.0 ** min(timer.tries, 32))
                    await taken.postpone(timer, now + dt.timedelta(seconds=wait_s))
        return len(outcomes)

    async def _fire(self, timer: Due, now: dt.datetime) -> bool | None:
        """Decide on one timer; whether its obligation is still open, or None where that could not be decided."""
        try:
            async with self._side_by_side:
                return await self._decided(timer, now)
        except (*_AWAY, ClicError, LookupError, ValueError) as error:
            log.warning(
                "timer_failed",
                request_id=timer.request_id,
                obligation_id=timer.obligation_id,
                what=timer.what,
                tries=timer.tries + 1,
                error=type(error).__name__,
            )
            return None

    async def _decided(self, timer: Due, now: dt.datetime) -> bool:
        # Intake's story is read again: a commit of this request may stand in quarantine, and what it says was kept
        # in time must not be called missed.
        intake = await self._log.load(Service.INTAKE, timer.request_id)
        reconcile = Reconcile(intake.events, self._rules)
        command: Command = (Warn if timer.what == "warn" else Miss)(reconcile, timer.obligation_id, now)
        decided = await self._decisions.decide(
            timer.request_id,
            lambda own: DECIDER.decide(command, DECIDER.fold(own.events)),
            cause_id=f"timer/{timer.obligation_id}/{timer.what}",
            actor=ACTOR,
        )
        obligation = DECIDER.fold(decided.story.events).by_id.get(timer.obligation_id)
        return obligation is not None and obligation.is_open

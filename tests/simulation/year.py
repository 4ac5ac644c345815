"""A year of a town, run from a seed: intake records, two instances of deadlines listen, and everything fails."""

from __future__ import annotations

import asyncio
import datetime as dt
import heapq
import logging
from collections.abc import Coroutine
from random import Random
from typing import Any

import structlog
from tests.simulation.citizen import History, Step, histories
from tests.simulation.instance import AWAY, Instance, KeptLog, WatchedTimers
from tests.simulation.loop import SimulatedLoop
from tests.simulation.place import YEARS, begins_at, rules_of
from tests.simulation.weather import (
    CRASHES_ALWAYS,
    CRASHES_IN_A_STORM,
    FAILS_ALWAYS,
    FAILS_IN_A_STORM,
    SPELL_EVERY_S,
    SPELLS,
    Weather,
)

from clic_contracts.envelope import RECORDED, Commit, Recorded, derive_id
from clic_contracts.event import Event, RequestRouted
from clic_contracts.vocabulary import RequestId, Service

ACK_WAIT_S = 30.0
NAK_MAX_S = 600.0
CALM = dt.timedelta(days=2, hours=11)
"""At the end nothing goes wrong any more, and nothing more is told: time to catch up."""
ROUTING_LATE_MAX_S = 3 * 86400.0


ROUTED = RequestRouted.model_validate(RequestRouted.EXAMPLE)


class Year:
    """One simulated year. `run` it, then look at its log."""

    def __init__(self, seed: int, requests: int) -> None:
        chance = Random(f"a simulated year {seed}")
        self.number = chance.choice(YEARS)
        self.rules = rules_of(self.number)
        self.began_at = begins_at(self.number)
        self.calm_at = begins_at(self.number + 1)
        self.ended_at = self.calm_at + CALM
        self.histories = histories(Random(chance.random()), self.number, requests)
        self.timers = WatchedTimers()
        self.log = KeptLog(self.now)
        self._chance = Random(chance.random())
        self._weather = Weather(Random(chance.random()))
        self._loop: SimulatedLoop
        self._unheard: set[int] = set()
        """Positions of intake's commits that were delivered to nobody who took them."""
        self._failed: asyncio.Future[None] | None = None
        self._under_way: set[asyncio.Task[None]] = set()
        self.instances = [
            Instance(
                name,
                rules=self.rules,
                weather=self._weather,
                log=self.log,
                timers=self.timers,
                now=self.now,
                caught_up=lambda: not self._unheard,
                failed=self._fail,
            )
            for name in ("a", "b")
        ]

    def now(self) -> dt.datetime:
        """The town's time."""
        return self.began_at + dt.timedelta(seconds=self._loop.time())

    def run(self) -> None:
        """From New Year to the third day of the next."""
        self._loop = SimulatedLoop()
        logged = structlog.get_config()
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
        try:
            self._loop.run_until_complete(self._run())
        finally:
            structlog.configure(**logged)
            self._loop.close()

    def commits(self) -> list[Commit]:
        """The whole log."""
        return self.log.commits()

    async def _run(self) -> None:
        self._failed = self._loop.create_future()
        for each in self.instances:
            each.jump()
            each.boot()
        self._loop.call_later((self.calm_at - self.began_at).total_seconds(), self._weather.calm)
        self._later(self._intake())
        self._later(self._misfortune())
        ended = self._loop.create_task(asyncio.sleep((self.ended_at - self.began_at).total_seconds()))
        try:
            await asyncio.wait([ended, self._failed], return_when=asyncio.FIRST_COMPLETED)
            if self._failed.done():
                self._failed.result()
        finally:
            for instance in self.instances:
                instance.kill()
            for task in (*self._under_way, ended):
                task.cancel()
            await asyncio.gather(*self._under_way, ended, return_exceptions=True)

    def _fail(self, error: BaseException) -> None:
        assert self._failed is not None
        if not self._failed.done():
            self._failed.set_exception(error)

    # -- intake and routing -------------------------------------------------------------------------------------------

    async def _intake(self) -> None:
        """Everything is entered when it is; while the log is away, once it is back."""
        queue = [(each.steps[0].entered_at, number, 0, each) for number, each in enumerate(self.histories)]
        heapq.heapify(queue)
        while queue:
            entered_at, number, index, history = heapq.heappop(queue)
            if entered_at >= self.calm_at:
                return
            await asyncio.sleep(max(0.0, (entered_at - self.now()).total_seconds()))
            await self._weather.log_is_back()
            await self._record(history, index, history.steps[index])
            if index == 0:
                self._later(self._route(history.request_id))
            if index + 1 < len(history.steps):
                heapq.heappush(queue, (history.steps[index + 1].entered_at, number, index + 1, history))

    async def _record(self, history: History, index: int, step: Step) -> None:
        request_id = history.request_id
        events = tuple(
            self._recorded(event, request_id, f"{index}-{n}", at, assumed=assumed)
            for n, (event, at, assumed) in enumerate(step.facts)
        )
        before = (await self.log.load(Service.INTAKE, request_id)).last_sequence
        sequence = await self.log.append(Service.INTAKE, request_id, events, expected=before)
        self._unheard.add(sequence)
        self._later(self._deliver(Commit(sequence, Service.INTAKE, request_id, events)))

    async def _route(self, request_id: RequestId) -> None:
        """Routing is late; nothing that is owed waits for it."""
        await asyncio.sleep(self._chance.uniform(0.0, ROUTING_LATE_MAX_S))
        routed = self._recorded(ROUTED, request_id, "routed", self.now(), assumed=False)
        await self.log.append(Service.ROUTING, request_id, (routed,), expected=0)

    def _recorded(self, event: Event, request_id: RequestId, cause: str, at: dt.datetime, *, assumed: bool) -> Recorded:
        return RECORDED[type(event)](
            event_id=derive_id("simulated", request_id, cause),
            source=f"/clic/{event.BY}",
            type=event.TYPE,
            request_id=request_id,
            occurred_at=at,
            time_assumed=assumed,
            recorded_at=self.now(),
            cause_id=cause,
            actor="publisher:simulation",
            town="town-simulated",
            data=event,
        )

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._delivered)

    def _delivered(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fail(error)

    # -- deliveries ---------------------------------------------------------------------------------------------------

    async def _deliver(self, commit: Commit) -> None:
        """To any instance that runs, until one took it and its acknowledgement arrived; now and then once more."""
        tries = 0
        while True:
            await asyncio.sleep(self._latency_s())
            running = [each for each in self.instances if each.is_up]
            if not running:
                await asyncio.sleep(self._chance.uniform(1.0, ACK_WAIT_S))
                continue
            instance = self._chance.choice(running)
            handling = instance.spawn(instance.reconciler.handle(commit))
            await asyncio.wait([handling])
            tries += 1
            if handling.cancelled():  # Nobody says anything: it is delivered again.
                await asyncio.sleep(ACK_WAIT_S)
            elif isinstance(handling.exception(), AWAY):
                await asyncio.sleep(min(NAK_MAX_S, 2.0 ** min(tries, 20)))
            elif handling.exception() is not None:
                return  # The year has failed.
            elif self._weather.happens(0.03):
                await asyncio.sleep(ACK_WAIT_S)
            else:
                break
        self._unheard.discard(commit.sequence)
        if self._weather.happens(0.03):  # A consumer that is made anew begins from the beginning.
            await asyncio.sleep(self._chance.uniform(0.0, 20 * 86400.0))
            await self._deliver(commit)

    def _latency_s(self) -> float:
        die = self._chance.random()
        if die < 0.9 or self._weather.is_calm:
            return self._chance.uniform(0.0, 0.05)
        return self._chance.uniform(0.0, 10.0) if die < 0.99 else self._chance.uniform(0.0, 3600.0)

    # -- misfortune ---------------------------------------------------------------------------------------------------

    async def _misfortune(self) -> None:
        """Spells of every kind, one after the other."""
        weather = self._weather
        while True:
            await asyncio.sleep(self._chance.expovariate(1 / SPELL_EVERY_S))
            if self.now() >= self.calm_at:
                return
            spell = self._chance.choice(SPELLS)
            lasts_s = weather.outage_s()
            if spell == "clock":
                self._chance.choice(self.instances).jump()
                continue
            if spell == "storm":
                weather.fails, weather.crashes = FAILS_IN_A_STORM, CRASHES_IN_A_STORM
            weather.log_away = self._loop.create_future() if spell == "log" else None
            weather.database_is_away = spell == "database"
            for each in {"one": [self._chance.choice(self.instances)], "both": self.instances}.get(spell, []):
                each.kill(lasts_s)
            await asyncio.sleep(lasts_s)
            weather.end_log_outage()
            weather.database_is_away = False
            weather.fails, weather.crashes = FAILS_ALWAYS, CRASHES_ALWAYS

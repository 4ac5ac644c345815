"""Deciding on a story: load, decide, append; on a conflict load and decide again, with a bound."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from weakref import WeakValueDictionary

import structlog

from clic_contracts.envelope import MAX_COMMIT_EVENTS, RECORDED, Commit, Recorded, derive_id
from clic_contracts.vocabulary import RequestId, Service

from .clock import Clock
from .decider import Fact
from .error import AppendUnknownError, ConflictError
from .log import EventLog, Story
from .logging import bound
from .telemetry import METRICS, span

log = structlog.get_logger()

MAX_TRIES = 12
"""Tries to append one decision. With jittered backoff 12 tries last about 3 s, longer than any burst we saw."""
BACKOFF_FIRST_S = 0.005
BACKOFF_MAX_S = 0.5


@dataclass(frozen=True, slots=True)
class Decided:
    """What came of a decision."""

    story: Story
    """The story including what was decided."""
    events: tuple[Recorded, ...]
    """The facts that this cause made: now, or when it was first said."""
    known: bool
    """True: the cause was known already, or nothing was to be done."""


class Decisions:
    """Takes decisions for one service on the log. The only caller of `EventLog.append`."""

    def __init__(
        self, log: EventLog, service: Service, clock: Clock, town_version: str, *, jitter: random.Random | None = None
    ) -> None:
        self._log = log
        self._service = service
        self._clock = clock
        self._town_version = town_version
        self._jitter = jitter or random.Random()
        # Entries die with the last task that waits: bounded by the tasks under way.
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def decide(
        self,
        request_id: RequestId,
        decide: Callable[[Story], tuple[Fact, ...]],
        *,
        cause_id: str,
        actor: str,
        expect_new: bool = False,
    ) -> Decided:
        """Decide on the story of a request and append the facts.

        `decide` is called with the story, again after each conflict; the same cause is done once. With `expect_new`
        the first try does not load: it expects an empty story and finds out by the append itself.

        Raises:
            RefusedError: from `decide`; nothing was appended.
            RetryableError: the log did not answer, or the bound of tries was reached.
        """
        # One decision at a time per request and process: without this, 100 racing writers on one
        # request came down to 57 decisions/s.
        lock = self._locks.setdefault(request_id, asyncio.Lock())
        async with lock:
            with (
                bound(request_id=request_id),
                span("decide", request_id=request_id, service=self._service.value),
            ):
                return await self._decide(request_id, decide, cause_id, actor, expect_new=expect_new)

    async def _decide(
        self,
        request_id: RequestId,
        decide: Callable[[Story], tuple[Fact, ...]],
        cause_id: str,
        actor: str,
        *,
        expect_new: bool,
    ) -> Decided:
        failure: ConflictError | AppendUnknownError | None = None
        for attempt in range(MAX_TRIES):
            if attempt == 0 and expect_new:
                story = Story(())
            else:
                story = await self._log.load(self._service, request_id, fresh=failure is not None)
            if before := story.caused_by(cause_id):
                return Decided(story, before, known=True)
            facts = decide(story)
            if not facts:
                return Decided(story, (), known=True)
            events = self._record(request_id, facts, cause_id, actor)
            try:
                sequence = await self._log.append(self._service, request_id, events, expected=story.last_sequence)
            except (ConflictError, AppendUnknownError) as error:
                failure = error
                METRICS.conflicts.labels(type(error).__name__).inc()
                log.debug("decision_conflict", error=type(error).__name__, tries=attempt + 1)
                if attempt or not expect_new:
                    await asyncio.sleep(self._backoff_s(attempt))
                continue
            # At `debug`: at 300 submissions a second a line each would be the largest thing that a service writes.
            log.debug("decided", types=[event.type for event in events], sequence=sequence, tries=attempt + 1)
            commit = Commit(sequence, self._service, request_id, events)
            return Decided(Story((*story.commits, commit)), events, known=False)
        assert failure is not None
        raise failure

    def _backoff_s(self, attempt: int) -> float:
        longest = min(BACKOFF_MAX_S, BACKOFF_FIRST_S * float(2**attempt))
        return self._jitter.uniform(longest / 2, longest)

    def _record(
        self, request_id: RequestId, facts: tuple[Fact, ...], cause_id: str, actor: str
    ) -> tuple[Recorded, ...]:
        if len(facts) > MAX_COMMIT_EVENTS:
            raise ValueError(f"one decision made {len(facts)} facts, more than {MAX_COMMIT_EVENTS}")
        now = self._clock.now()
        for fact in facts:
            if fact.event.BY is not self._service:
                raise ValueError(f"{self._service} may not decide {fact.event.TYPE}: it is {fact.event.BY}'s")
        return tuple(
            RECORDED[type(fact.event)](
                type=fact.event.TYPE,
                event_id=derive_id("event", self._service, request_id, cause_id, str(index)),
                source=f"/clic/{self._service}",
                request_id=request_id,
                occurred_at=fact.occurred_at,
                time_assumed=fact.time_assumed,
                recorded_at=now,
                cause_id=cause_id,
                actor=actor,
                town=self._town_version,
                data=fact.event,
            )
            for index, fact in enumerate(facts)
        )

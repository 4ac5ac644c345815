"""Goes through the open obligations request by request, in bounded batches, and counts each by the newest calendar."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from clic_chassis.clock import Clock
from clic_chassis.decider import Fact
from clic_chassis.decision import Decisions
from clic_chassis.error import RefusedError
from clic_chassis.log import EventLog
from clic_contracts.event import ObligationRecounted
from clic_contracts.vocabulary import ObligationKind, RecountReason, RequestId, Service
from clic_deadlines.core.alarm import alarms
from clic_deadlines.core.duty import is_backlog
from clic_deadlines.core.limit import Limit, limit_of
from clic_deadlines.core.obligation import DECIDER, Obligations, Reconcile, Recount
from clic_deadlines.core.standard import Rules
from clic_deadlines.docket import Docket
from clic_deadlines.docket.query import FoundRequest
from clic_deadlines.reconciler import TimerWriter
from clic_deadlines.timer_table import Written

SIDE_BY_SIDE_MAX: Final = 16
"""Decisions under way at once: the log syncs each, and others need their share."""


class ChangedInPlaceError(RefusedError):
    """A calendar that had counted was changed and kept its version: what was recorded could not be explained."""

    code = "calendar-changed-in-place"


@dataclass(frozen=True, slots=True)
class Moved:
    """An obligation that the newest calendar counts otherwise, or confirms under its own version."""

    found: FoundRequest
    obligation_id: str
    obligation: ObligationKind
    before: Limit
    after: Limit

    @property
    def is_changed_in_place(self) -> bool:
        """Whether a calendar of the same version counted otherwise."""
        same = self.before.calendar_version == self.after.calendar_version
        return same and _counted(self.before) != _counted(self.after)


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of one request."""

    found: FoundRequest
    moved: tuple[Moved, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """Some requests in the order of their ids, and where to go on."""

    applied: tuple[Applied, ...]
    after: RequestId | None
    """None: these were the last."""


class CalendarApplier:
    """Previews and applies the newest calendar.

    A batch that was cut off is asked for again: what was recorded is not recorded twice, and timers are set anew.
    """

    def __init__(
        self, *, log: EventLog, decisions: Decisions, rules: Rules, docket: Docket, timers: TimerWriter, clock: Clock
    ) -> None:
        self._log = log
        self._decisions = decisions
        self._rules = rules
        self._docket = docket
        self._timers = timers
        self._clock = clock
        self.version = rules.calendar.version
        self._digest = hashlib.sha256(rules.town.calendar.model_dump_json().encode()).hexdigest()[:16]

    async def batch(self, after: RequestId | None, limit: int, *, actor: str, dry_run: bool) -> Batch:
        """The next requests that something is open of; with `dry_run` nothing is recorded.

        Raises:
            ChangedInPlaceError: see there; requests before that one may be recorded.
            RetryableError: the log, or the docket, is away.
        """
        found = await self._docket.requests_after(after, limit)
        slots = asyncio.Semaphore(SIDE_BY_SIDE_MAX)

        async def one(each: FoundRequest) -> Applied:
            async with slots:
                return await self._one(each, actor=actor, dry_run=dry_run)

        applied = await asyncio.gather(*(one(each) for each in found))
        return Batch(tuple(applied), found[-1].request_id if len(found) == limit else None)

    async def _one(self, found: FoundRequest, *, actor: str, dry_run: bool) -> Applied:
        intake = (await self._log.load(Service.INTAKE, found.request_id)).events
        own = await self._log.load(Service.DEADLINES, found.request_id)
        recount = Recount(Reconcile(intake, self._rules), self._rules.calendar, self._clock.now())
        state = DECIDER.fold(own.events)
        moved = _moved(found, state, DECIDER.decide(recount, state))
        if dry_run:
            return Applied(found, moved)
        if any(each.is_changed_in_place for each in moved):
            raise ChangedInPlaceError(
                f"calendar {self.version} counted otherwise before. One that has counted is never changed: restore it, "
                "move it to earlier_calendars, and write the new one with a version of its own"
            )
        decided = await self._decisions.decide(
            found.request_id,
            lambda story: DECIDER.decide(recount, DECIDER.fold(story.events)),
            # By where the story stood: the same calendar is applied again to what came about since.
            cause_id=f"calendar/{self.version}/{self._digest}/{own.last_sequence}",
            actor=actor,
        )
        wanted = alarms(DECIDER.fold(decided.story.events), self._rules, warns=not is_backlog(intake))
        await self._timers.write(Written(found.request_id, decided.story.last_sequence, wanted))
        return Applied(found, moved)


def _moved(found: FoundRequest, state: Obligations, facts: Sequence[Fact]) -> tuple[Moved, ...]:
    """What the calendar moves, beside what the story asks for anyway."""
    limits = {obligation_id: each.due for obligation_id, each in state.by_id.items()}
    moved: list[Moved] = []
    for fact in facts:
        event = fact.event
        if not isinstance(event, ObligationRecounted):
            continue
        before = limits.get(event.obligation_id)
        limits[event.obligation_id] = limit_of(event)
        if event.because is RecountReason.CALENDAR and before is not None:
            moved.append(Moved(found, event.obligation_id, event.obligation, before, limit_of(event)))
    return tuple(moved)


def _counted(limit: Limit) -> tuple[object, ...]:
    """What a calendar says; when to warn is the town's own rule beside it."""
    return limit.due_at, limit.due_strict_on, limit.due_prudent_on, limit.trace

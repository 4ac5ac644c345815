"""What follows from a commit of intake: loads both stories, has the missing facts decided, sets the timers."""

from __future__ import annotations

from typing import Protocol

from clic_chassis.decision import Decisions
from clic_chassis.error import RetryableError
from clic_chassis.log import EventLog, Story
from clic_contracts.envelope import Commit
from clic_contracts.event import RequestReceived
from clic_contracts.vocabulary import Service

from .core.alarm import alarms
from .core.duty import READS, is_backlog
from .core.obligation import DECIDER, Reconcile
from .core.standard import Rules
from .timer_table import Written

ACTOR = "rule:deadlines"


class TimerWriter(Protocol):
    """Where timers are kept; `TimerTable` is the real one."""

    async def write(self, written: Written) -> None:
        """Make a request's timers those of a decision, unless a later one wrote already."""
        ...


class Reconciler:
    """Handles commits of intake, in any order and any number of times, to the same end."""

    def __init__(self, log: EventLog, decisions: Decisions, rules: Rules, timers: TimerWriter) -> None:
        self._log = log
        self._decisions = decisions
        self._rules = rules
        self._timers = timers

    async def handle(self, commit: Commit) -> None:
        """Record what follows from intake's story, this commit included, and set the timers of what is open.

        Raises:
            RetryableError: a server is away, or a replica lags.
        """
        if not any(isinstance(event.data, READS) for event in commit.events):
            return
        intake = (await self._intake(commit)).events
        reconcile = Reconcile(intake, self._rules)
        decided = await self._decisions.decide(
            commit.request_id,
            lambda own: DECIDER.decide(reconcile, DECIDER.fold(own.events)),
            cause_id=commit.events[0].event_id,
            actor=ACTOR,
            expect_new=any(isinstance(event.data, RequestReceived) for event in commit.events),
        )
        if not decided.events:
            return  # Whatever commit the last facts came from has set, or will set, the timers that they ask for.
        wanted = alarms(DECIDER.fold(decided.story.events), self._rules, warns=not is_backlog(intake))
        if wanted or len(decided.story.commits) > 1:  # else: closed from the start, no timer was ever set
            await self._timers.write(Written(commit.request_id, decided.story.last_sequence, wanted))

    async def _intake(self, commit: Commit) -> Story:
        for fresh in (False, True):  # A direct get may come from a replica that lags behind the delivery.
            story = await self._log.load(Service.INTAKE, commit.request_id, fresh=fresh)
            if story.last_sequence >= commit.sequence:
                return story
        raise RetryableError(f"intake's story of {commit.request_id} does not reach {commit.sequence} yet")

"""What follows from a commit of intake: loads both stories, has the missing facts decided, sets the timers."""

from __future__ import annotations

from typing import Protocol

from clic_chassis.decision import Decisions
from clic_chassis.log import EventLog
from clic_contracts.envelope import Commit
from clic_contracts.event import RequestReceived

from .core.alarm import alarms
from .core.duty import READS, is_backlog
from .core.obligation import DECIDER, Reconcile
from .core.standard import Rules
from .intake_story import IntakeStory, LaggingError, on_intake
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
        await on_intake(self._log, commit.request_id, lambda intake: self._reconcile(commit, intake))

    async def _reconcile(self, commit: Commit, intake: IntakeStory) -> None:
        if intake.last_sequence < commit.sequence:
            raise LaggingError(f"intake's story of {commit.request_id} does not reach {commit.sequence} yet")
        reconcile = Reconcile(intake.events, self._rules)
        decided = await self._decisions.decide(
            commit.request_id,
            lambda own: intake.decide(reconcile, own),
            cause_id=commit.events[0].event_id,
            actor=ACTOR,
            expect_new=any(isinstance(event.data, RequestReceived) for event in commit.events),
        )
        if not decided.events:
            return  # Whatever commit the last facts came from has set, or will set, the timers that they ask for.
        wanted = alarms(DECIDER.fold(decided.story.events), self._rules, warns=not is_backlog(intake.events))
        if wanted or len(decided.story.commits) > 1:  # else: closed from the start, no timer was ever set
            await self._timers.write(Written(commit.request_id, decided.story.last_sequence, wanted))

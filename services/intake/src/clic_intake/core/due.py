"""By when a citizen is answered, and has to reply, as deadlines' facts say: set, recounted, paused, ended.

Source: POL-06, POL-18, POL-19.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from clic_contracts.envelope import Recorded
from clic_contracts.event import (
    Event,
    ObligationLapsed,
    ObligationLifted,
    ObligationMet,
    ObligationMissed,
    ObligationPaused,
    ObligationRecounted,
    ObligationSet,
)
from clic_contracts.vocabulary import ANSWERED_BY, ObligationKind, RecountReason


@dataclass(frozen=True, slots=True)
class Due:
    """An open obligation, or the open delay of somebody else."""

    obligation: ObligationKind
    due_at: dt.datetime
    """Exclusive."""
    due_prudent_on: dt.date
    """The last day that the citizen is told."""
    is_late: bool = False
    is_paused: bool = False
    """It stands still while the request waits for the citizen: its limit is none at the moment."""


@dataclass(slots=True)
class Dues:
    """The open ones of a request, by obligation."""

    open: dict[str, Due] = field(default_factory=dict)

    def apply(self, event: Event) -> None:
        """Go on with a fact of deadlines; other facts change nothing."""
        match event:
            case ObligationSet():
                self.open[event.obligation_id] = Due(event.obligation, event.due_at, event.due_prudent_on)
            case ObligationMet() | ObligationLifted() | ObligationLapsed():
                self.open.pop(event.obligation_id, None)
            case ObligationPaused() | ObligationRecounted() | ObligationMissed() if event.obligation_id in self.open:
                self.open[event.obligation_id] = _changed(self.open[event.obligation_id], event)
            case _:
                pass

    @property
    def answer(self) -> Due | None:
        """The answer that is owed; a date that was agreed comes before the standard (POL-18, POL-19)."""
        answers = self.answers
        agreed = [each for each in answers if each.obligation is ObligationKind.PROMISE]
        return min(agreed or answers, key=lambda each: each.due_prudent_on, default=None)

    @property
    def answers(self) -> list[Due]:
        """Everything that an answer keeps."""
        return [each for each in self.open.values() if each.obligation in ANSWERED_BY]

    @property
    def answer_on(self) -> dt.date | None:
        """The last day for the answer; None while it stands still."""
        due = self.answer
        return due.due_prudent_on if due is not None and not due.is_paused else None

    @property
    def reply_on(self) -> dt.date | None:
        """The last day that a request waits for the citizen (POL-06, POL-21)."""
        replies = (each for each in self.open.values() if each.obligation is ObligationKind.CITIZEN_REPLY)
        return max((each.due_prudent_on for each in replies), default=None)


def dues_of(story: Iterable[Recorded]) -> Dues:
    """What is open after the facts of all services, in the log's order."""
    dues = Dues()
    for each in story:
        dues.apply(each.data)
    return dues


def _changed(due: Due, event: ObligationPaused | ObligationRecounted | ObligationMissed) -> Due:
    match event:
        case ObligationPaused():
            return replace(due, is_paused=True)
        case ObligationMissed():
            return replace(due, is_late=True)
        case ObligationRecounted(because=because):
            goes_on = because is RecountReason.RESUMED
            return Due(due.obligation, event.due_at, event.due_prudent_on, is_paused=due.is_paused and not goes_on)

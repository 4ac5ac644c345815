"""What a citizen sees of their request: its steps, by when it is answered, what they may do. Source: POL-18, POL-39.

Nothing sealed, no name of an agent, nothing of other requests.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from clic_contracts.envelope import Recorded
from clic_contracts.event import (
    InteractionRecorded,
    LetterSent,
    RequestAnswered,
    RequestAttached,
    RequestIncomplete,
    RequestRated,
    RequestReceived,
    RequestRefused,
    RequestReopened,
    RequestRouted,
)
from clic_contracts.vocabulary import (
    BodyCode,
    Channel,
    ClosingReason,
    DepartmentCode,
    LetterKind,
    Phase,
)

from .due import Dues
from .rule import Rules, last_day_to_reopen
from .state import AWAITING_ANSWER, Request, evolve


class Stage(StrEnum):
    """What has happened, happens or is to come."""

    RECEIVED = "received"
    ACKNOWLEDGED = "acknowledged"
    ROUTED = "routed"
    REOPENED = "reopened"
    WAITING = "waiting"  # for the citizen
    TREATED = "treated"  # somebody works on it
    ANSWERED = "answered"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"
    VOIDED = "voided"
    CLOSED = "closed"


class When(StrEnum):
    """Where a step stands."""

    PAST = "past"
    NOW = "now"
    TO_COME = "to_come"


class Act(StrEnum):
    """What the citizen may do."""

    ADD = "add"
    COMPLETE = "complete"
    WITHDRAW = "withdraw"
    REOPEN = "reopen"
    RATE = "rate"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the treatment."""

    stage: Stage
    when: When
    at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Posted:
    """A letter that went out."""

    letter: LetterKind
    channel: Channel
    at: dt.datetime


@dataclass(slots=True)
class Tracked:
    """What is shown of a request."""

    request: Request = field(default_factory=Request)
    received: RequestReceived | None = None
    department: DepartmentCode | None = None
    routed_at: dt.datetime | None = None
    turn_to: BodyCode | None = None
    """Who can help instead, of a refusal (POL-07)."""
    asked_at: dt.datetime | None = None
    answered_at: dt.datetime | None = None
    refused_at: dt.datetime | None = None
    reopened_at: dt.datetime | None = None
    score: int | None = None
    """What the citizen said of the last closing."""
    letters: list[Posted] = field(default_factory=list)
    contacts: list[dt.datetime] = field(default_factory=list)
    """When the citizen added something."""
    files: int = 0
    dues: Dues = field(default_factory=Dues)

    @property
    def due_on(self) -> dt.date | None:
        """The last day for the answer; None while the delay stands still (POL-18, POL-19)."""
        return self.dues.answer_on if self.request.phase in AWAITING_ANSWER else None

    @property
    def is_paused(self) -> bool:
        """Whether the delay of the answer stands still until the citizen replies (POL-06, POL-21)."""
        due = self.dues.answer
        return due is not None and due.is_paused and self.request.phase in AWAITING_ANSWER

    @property
    def is_late(self) -> bool:
        """Whether the day for the answer has passed."""
        return self.due_on is not None and any(each.is_late for each in self.dues.answers)


def tracked(story: Iterable[Recorded]) -> Tracked:
    """What the facts of all services, in the log's order, tell a citizen."""
    seen = Tracked()
    for recorded in story:
        seen.request = evolve(seen.request, recorded)
        _apply_own(seen, recorded)
        _apply_beside(seen, recorded)
    return seen


def _apply_own(seen: Tracked, recorded: Recorded) -> None:
    """One fact of the request's own life."""
    at = recorded.occurred_at
    match recorded.data:
        case RequestReceived() as received:
            seen.received = received
        case RequestIncomplete():
            seen.asked_at = at
        case RequestRefused(turn_to=turn_to):
            seen.refused_at, seen.turn_to = at, turn_to
        case RequestAnswered():
            seen.answered_at = at
        case RequestReopened():
            seen.reopened_at, seen.answered_at, seen.refused_at, seen.turn_to, seen.score = at, None, None, None, None
        case RequestRated(score=score):
            seen.score = score
        case _:
            pass


def _apply_beside(seen: Tracked, recorded: Recorded) -> None:
    """One fact of what was said and sent, or of another service."""
    match recorded.data:
        case RequestRouted(department=department):
            seen.department, seen.routed_at = department, recorded.occurred_at
        case LetterSent(letter=LetterKind.THIRD_PARTY):
            pass  # It went to somebody else.
        case LetterSent(letter=letter, delivery=delivery):
            seen.letters.append(Posted(letter, delivery.channel, recorded.occurred_at))
        case InteractionRecorded():
            seen.contacts.append(recorded.occurred_at)
        case RequestAttached():
            seen.files += 1
        case _:
            seen.dues.apply(recorded.data)


def steps(seen: Tracked) -> tuple[Step, ...]:
    """The steps in order: what happened, what happens now, what is to come. Source: POL-18."""
    request = seen.request
    begun = [Step(Stage.RECEIVED, When.PAST, request.received_at)]
    if request.acknowledged_at is not None and seen.reopened_at is None:
        begun.append(Step(Stage.ACKNOWLEDGED, When.PAST, request.acknowledged_at))
    if seen.department is not None:
        begun.append(Step(Stage.ROUTED, When.PAST, seen.routed_at))
    if seen.reopened_at is not None:
        begun.append(Step(Stage.REOPENED, When.PAST, seen.reopened_at))
    return (*begun, *_rest(seen))


def _rest(seen: Tracked) -> tuple[Step, ...]:
    """What comes after a request was received and routed."""
    request, closed_at = seen.request, seen.request.closed_at
    to_come = Step(Stage.ANSWERED, When.TO_COME), Step(Stage.CLOSED, When.TO_COME)
    answered = Step(Stage.ANSWERED, When.PAST, seen.answered_at)
    match request.phase, request.closed_as:
        case Phase.VOIDED, _:
            return (Step(Stage.VOIDED, When.PAST),)
        case Phase.CLOSED, ClosingReason.WITHDRAWN:
            return (Step(Stage.WITHDRAWN, When.PAST, closed_at),)
        case Phase.CLOSED, ClosingReason.MERGED:
            return (Step(Stage.MERGED, When.PAST, closed_at),)
        case (Phase.REFUSED, _) | (Phase.CLOSED, ClosingReason.REFUSED):
            return (Step(Stage.REFUSED, When.PAST, seen.refused_at),)
        case Phase.CLOSED, _:
            return answered, Step(Stage.CLOSED, When.PAST, closed_at)
        case Phase.ANSWERED, _:
            return answered, Step(Stage.CLOSED, When.TO_COME)
        case _ if request.waits_for_citizen:
            return (Step(Stage.WAITING, When.NOW, seen.asked_at), *to_come)
        case _:
            return (Step(Stage.TREATED, When.NOW), *to_come)


def allowed(seen: Tracked, rules: Rules, today: dt.date) -> frozenset[Act]:
    """What the citizen may do today; the desk's rules judge again when they do it. Source: POL-06, POL-27, POL-39."""
    request = seen.request
    acts: set[Act] = set()
    if request.erased or request.phase is Phase.VOIDED:
        return frozenset()
    if request.phase in AWAITING_ANSWER:
        acts |= {Act.ADD, Act.WITHDRAW}
        if request.missing:
            acts.add(Act.COMPLETE)
    if request.phase is Phase.ANSWERED:
        acts.add(Act.ADD)
    if request.phase is Phase.CLOSED:
        assert request.closed_at is not None
        if request.closed_as is not ClosingReason.MERGED and today <= last_day_to_reopen(rules, request.closed_at):
            acts.add(Act.REOPEN)
        if request.closed_as is ClosingReason.ANSWERED and seen.score is None:
            acts.add(Act.RATE)
    return frozenset(acts)

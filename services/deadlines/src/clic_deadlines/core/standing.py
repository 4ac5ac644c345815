"""The obligations of one request as deadlines has recorded them, and how each stands."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

from clic_chassis.decider import Fact
from clic_contracts.envelope import Recorded
from clic_contracts.event import (
    AccessDeemedRefused,
    Event,
    ObligationEscalated,
    ObligationLapsed,
    ObligationLifted,
    ObligationMet,
    ObligationMissed,
    ObligationPaused,
    ObligationRecounted,
    ObligationSet,
    ObligationWarned,
)
from clic_contracts.vocabulary import WINDOWS, Escalation, LiftReason, RecountReason

from .calendar import Pause
from .limit import Limit, limit_of
from .outcome import Settled

READS: tuple[type[Event], ...] = (
    ObligationSet,
    ObligationPaused,
    ObligationRecounted,
    ObligationMet,
    ObligationWarned,
    ObligationMissed,
    ObligationEscalated,
    ObligationLapsed,
    ObligationLifted,
    AccessDeemedRefused,
)


class State(StrEnum):
    """How an obligation stands."""

    RUNNING = "running"
    AT_RISK = "at_risk"  # running, and warned of
    PAUSED = "paused"
    MISSED = "missed"  # open and late
    MET = "met"
    MET_LATE = "met_late"
    LIFTED = "lifted"
    LAPSED = "lapsed"  # somebody else's time, unused


@dataclass(frozen=True, slots=True)
class Told:
    """What was said of one limit of an obligation: each once."""

    warned_at: dt.datetime | None = None
    missed_at: dt.datetime | None = None
    step: int = 0
    """How far up it went."""
    to: Escalation | None = None


@dataclass(frozen=True, slots=True)
class Obligation:
    """One obligation as recorded."""

    terms: ObligationSet
    """As it was set."""
    due: Limit
    """As it stands."""
    paused_since: dt.datetime | None = None
    met: ObligationMet | None = None
    lifted: ObligationLifted | None = None
    lapsed: ObligationLapsed | None = None
    deemed_refused: bool = False
    told: Mapping[dt.datetime, Told] = field(default_factory=lambda: MappingProxyType({}))
    """By limit, of each that it had."""
    pauses: tuple[Pause, ...] = field(default=(), compare=False)
    """As they were recorded, which a later known fact may have corrected."""

    @property
    def is_open(self) -> bool:
        """Neither kept nor lifted nor lapsed; it may be late."""
        return self.met is None and self.lifted is None and self.lapsed is None

    @property
    def is_window(self) -> bool:
        """Whether it is somebody else's time, by the end of which the town owes nothing."""
        return self.terms.obligation in WINDOWS

    @property
    def was_decided(self) -> bool:
        """Whether the citizen got what was owed, or the request was refused."""
        is_refused = self.lifted is not None and self.lifted.reason is LiftReason.REFUSED
        return self.met is not None or is_refused

    @property
    def told_now(self) -> Told:
        """What was said of the limit that stands."""
        return self.told.get(self.due.due_at, _UNTOLD)

    @property
    def warned_at(self) -> dt.datetime | None:
        """When it was warned of, as its limit stands."""
        return self.told_now.warned_at

    @property
    def missed_at(self) -> dt.datetime | None:
        """When it was missed, as its limit stands."""
        return self.told_now.missed_at

    @property
    def escalated_to(self) -> Escalation | None:
        """Who was told last that the limit that stands is not kept."""
        return self.told_now.to


_UNTOLD = Told()


@dataclass(frozen=True, slots=True)
class Obligations:
    """Every obligation of a request, by id, in the order they were set."""

    by_id: Mapping[str, Obligation] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def settled(self) -> dict[str, Settled]:
        """What stands of each, whatever the rules say today."""
        return {
            obligation_id: Settled(each.terms, each.due.calendar_version, each.deemed_refused, each.was_decided)
            for obligation_id, each in self.by_id.items()
        }

    def having(self, obligation_id: str, obligation: Obligation) -> Obligations:
        """These, with one set anew."""
        return Obligations(MappingProxyType({**self.by_id, obligation_id: obligation}))

    def after(self, facts: Iterable[Fact]) -> Obligations:
        """These, once facts are recorded that were just decided."""
        state = self
        for fact in facts:
            state = _after(state, fact.event, fact.occurred_at)
        return state


def evolve(state: Obligations, recorded: Recorded) -> Obligations:
    """Fold one fact. An obligation that is met again was kept earlier than was known: the last fact holds."""
    return _after(state, recorded.data, recorded.occurred_at)


def state_of(obligation: Obligation, now: dt.datetime) -> State:
    """How an obligation stands at an instant; a limit that has passed makes it late, or a window over, said or not."""
    if obligation.met is not None:
        return State.MET if obligation.met.in_time else State.MET_LATE
    if obligation.lifted is not None:
        return State.LIFTED
    is_over = obligation.due.due_at <= now
    if obligation.lapsed is not None or (obligation.is_window and is_over):
        return State.LAPSED
    if obligation.paused_since is not None:
        return State.PAUSED
    if is_over:
        return State.MISSED
    is_at_risk = (
        obligation.warned_at is not None and not obligation.is_window
    )  # A citizen is reminded, and risks nothing.
    return State.AT_RISK if is_at_risk else State.RUNNING


def _after(state: Obligations, event: Event, at: dt.datetime) -> Obligations:
    if not isinstance(event, READS):
        return state
    if isinstance(event, ObligationSet):
        return state.having(event.obligation_id, Obligation(event, limit_of(event)))
    obligation_id = str(getattr(event, "obligation_id", ""))
    return state.having(obligation_id, _changed(state.by_id[obligation_id], event, at))


def _changed(known: Obligation, event: Event, at: dt.datetime) -> Obligation:
    match event:
        case ObligationPaused():
            return replace(known, paused_since=at, pauses=(*known.pauses, Pause(at, None)))
        case ObligationRecounted(because=RecountReason.CALENDAR):
            return replace(known, due=limit_of(event))
        case ObligationRecounted():
            return replace(known, due=limit_of(event), paused_since=None, pauses=_ended(known.pauses, at))
        case ObligationMet():
            return replace(known, met=event, lapsed=None, paused_since=None)
        case ObligationLifted():
            return replace(known, lifted=event, paused_since=None)
        case ObligationLapsed():
            return replace(known, lapsed=event)
        case AccessDeemedRefused():
            return replace(known, deemed_refused=True)
        case _:
            return _told(known, event, at)


def _told(known: Obligation, event: Event, at: dt.datetime) -> Obligation:
    match event:
        case ObligationWarned(due_at=due_at):
            told = replace(known.told.get(due_at, _UNTOLD), warned_at=at)
        case ObligationMissed(due_at=due_at):
            told = replace(known.told.get(due_at, _UNTOLD), missed_at=at)
        case ObligationEscalated(due_at=due_at, step=step, to=to):
            told = replace(known.told.get(due_at, _UNTOLD), step=step, to=to)
        case _:
            return known
    return replace(known, told=MappingProxyType({**known.told, due_at: told}))


def _ended(pauses: tuple[Pause, ...], at: dt.datetime) -> tuple[Pause, ...]:
    """The pauses, the last of which ended now if it lasted."""
    if pauses and pauses[-1].until is None:
        return (*pauses[:-1], Pause(pauses[-1].since, at))
    return pauses

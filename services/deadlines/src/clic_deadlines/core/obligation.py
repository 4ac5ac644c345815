"""The obligations of one request as deadlines has recorded them, and what is to be recorded next."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

from clic_chassis.decider import Decider, Fact
from clic_contracts.envelope import Recorded
from clic_contracts.event import (
    Event,
    ObligationLifted,
    ObligationMet,
    ObligationMissed,
    ObligationSet,
    ObligationWarned,
)

from .duty import Duty, Kept, Released, duties
from .standard import Rules

READS: tuple[type[Event], ...] = (ObligationSet, ObligationMet, ObligationWarned, ObligationMissed, ObligationLifted)


class State(StrEnum):
    """How an obligation stands at an instant."""

    RUNNING = "running"
    AT_RISK = "at_risk"  # running, and warned of
    PAUSED = "paused"
    MET = "met"
    MET_LATE = "met_late"
    MISSED = "missed"  # open and late
    LIFTED = "lifted"
    LAPSED = "lapsed"  # the time of somebody else ended unused


@dataclass(frozen=True, slots=True)
class Obligation:
    """One obligation as recorded."""

    terms: ObligationSet
    met: ObligationMet | None = None
    lifted: ObligationLifted | None = None
    warned_at: dt.datetime | None = None
    missed_at: dt.datetime | None = None

    @property
    def is_open(self) -> bool:
        """Neither kept nor lifted; it may be late."""
        return self.met is None and self.lifted is None


@dataclass(frozen=True, slots=True)
class Obligations:
    """Every obligation of a request, by id, in the order they were set."""

    by_id: Mapping[str, Obligation] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def settled(self) -> dict[str, ObligationSet]:
        """The terms that stand."""
        return {obligation_id: each.terms for obligation_id, each in self.by_id.items()}

    def having(self, obligation_id: str, obligation: Obligation) -> Obligations:
        """These, with one set anew."""
        return Obligations(MappingProxyType({**self.by_id, obligation_id: obligation}))


def evolve(state: Obligations, recorded: Recorded) -> Obligations:
    """Fold one fact. An obligation that is met again was kept earlier than was known: the last fact holds."""
    match recorded.data:
        case ObligationSet(obligation_id=obligation_id) as terms:
            return state.having(obligation_id, Obligation(terms))
        case ObligationMet(obligation_id=obligation_id) as met:
            return state.having(obligation_id, replace(state.by_id[obligation_id], met=met))
        case ObligationLifted(obligation_id=obligation_id) as lifted:
            return state.having(obligation_id, replace(state.by_id[obligation_id], lifted=lifted))
        case ObligationWarned(obligation_id=obligation_id):
            return state.having(obligation_id, replace(state.by_id[obligation_id], warned_at=recorded.occurred_at))
        case ObligationMissed(obligation_id=obligation_id):
            return state.having(obligation_id, replace(state.by_id[obligation_id], missed_at=recorded.occurred_at))
        case _:
            return state


@dataclass(frozen=True, slots=True)
class Reconcile:
    """Intake's story went on: record what follows from it and is not recorded yet."""

    intake: tuple[Recorded, ...]
    rules: Rules


@dataclass(frozen=True, slots=True)
class Warn:
    """The instant of a warning came. Reconciles first: what was kept meanwhile needs none (POL-29)."""

    reconcile: Reconcile
    obligation_id: str
    now: dt.datetime


@dataclass(frozen=True, slots=True)
class Miss:
    """A limit passed. Reconciles first: what was kept in time is never called missed."""

    reconcile: Reconcile
    obligation_id: str
    now: dt.datetime


Command = Reconcile | Warn | Miss


def decide(command: Command, state: Obligations) -> tuple[Fact, ...]:
    """The facts that are missing; () where the record is complete. Never refuses."""
    match command:
        case Reconcile(intake=intake, rules=rules):
            owed = duties(intake, rules, state.settled)
            return tuple(fact for duty in owed for fact in _missing(duty, state.by_id.get(duty.terms.obligation_id)))
        case Warn(reconcile=reconcile, obligation_id=obligation_id, now=now):
            facts, still = _reconciled(reconcile, state, obligation_id)
            if still is None or still.warned_at is not None or not still.terms.warn_at <= now < still.terms.due_at:
                return facts  # Past the limit too: it is missed, and a warning would come too late.
            return (*facts, Fact(_named(ObligationWarned, still.terms), still.terms.warn_at))
        case Miss(reconcile=reconcile, obligation_id=obligation_id, now=now):
            facts, still = _reconciled(reconcile, state, obligation_id)
            if still is None or still.missed_at is not None or now < still.terms.due_at:
                return facts
            return (*facts, Fact(_named(ObligationMissed, still.terms), still.terms.due_at))


DECIDER: Decider[Command, Obligations] = Decider(Obligations(), evolve, decide)


def _missing(duty: Duty, known: Obligation | None) -> list[Fact]:
    """What is to be recorded so that the record says what the duty says."""
    facts: list[Fact] = []
    terms = duty.terms
    if known is None:
        facts.append(Fact(terms, terms.starts_at, duty.assumed))
    match duty.outcome:
        case Kept(at=at, assumed=assumed) if known is None or known.lifted is None:
            if known is None or known.met is None or at < known.met.met_at:
                met = ObligationMet(
                    obligation_id=terms.obligation_id,
                    obligation=terms.obligation,
                    met_at=at,
                    in_time=at < terms.due_at,
                    assumed=assumed,
                )
                facts.append(Fact(met, at, assumed))
        case Released(at=at, assumed=assumed, reason=reason) if known is None or known.is_open:
            lifted = ObligationLifted(obligation_id=terms.obligation_id, obligation=terms.obligation, reason=reason)
            facts.append(Fact(lifted, at, assumed))
        case _:
            pass
    return facts


def _reconciled(
    command: Reconcile, state: Obligations, obligation_id: str
) -> tuple[tuple[Fact, ...], Obligation | None]:
    """The facts of a reconciliation, and one obligation if it is open after them."""
    facts = decide(command, state)
    closed = any(
        isinstance(fact.event, ObligationMet | ObligationLifted) and fact.event.obligation_id == obligation_id
        for fact in facts
    )
    known = state.by_id.get(obligation_id)
    return facts, known if known is not None and known.is_open and not closed else None


def _named(event: type[ObligationWarned | ObligationMissed], terms: ObligationSet) -> Event:
    return event(obligation_id=terms.obligation_id, obligation=terms.obligation, due_at=terms.due_at)

"""What deadlines records next of one request: what its story asks for, and what time brought."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from clic_chassis.decider import Decider, Fact
from clic_contracts.envelope import Recorded
from clic_contracts.event import ObligationSet, RequestReceived, Within
from clic_contracts.vocabulary import RecountReason

from .calendar import Calendar
from .duty import Duty, duties, is_backlog
from .limit import counted_anew
from .look import due_facts
from .missing import missing, recount
from .standard import Rules
from .standing import Obligation as Obligation
from .standing import Obligations as Obligations
from .standing import State as State
from .standing import evolve
from .standing import state_of as state_of


@dataclass(frozen=True, slots=True)
class Reconcile:
    """Intake's story went on: record what follows from it and is not recorded yet."""

    intake: tuple[Recorded, ...]
    rules: Rules


@dataclass(frozen=True, slots=True)
class Look:
    """An instant came: record all that is due of one obligation. Reconciles first: what was kept in time is kept."""

    reconcile: Reconcile
    obligation_id: str
    now: dt.datetime


@dataclass(frozen=True, slots=True)
class Recount:
    """Somebody applies a version of the calendar to every open obligation whose limit has not passed. Twice is once."""

    reconcile: Reconcile
    calendar: Calendar
    now: dt.datetime


Command = Reconcile | Look | Recount


def decide(command: Command, state: Obligations) -> tuple[Fact, ...]:
    """The facts that are missing; () where the record is complete. Never refuses."""
    match command:
        case Reconcile():
            return _reconciled(command, state)[0]
        case Look(reconcile=reconcile):
            facts, _ = _reconciled(reconcile, state)
            after = state.after(facts)
            looked_at = after.by_id.get(command.obligation_id)
            warns = not is_backlog(reconcile.intake)
            due = due_facts(looked_at, command.now, reconcile.rules, warns=warns) if looked_at is not None else ()
            if not due:
                return facts
            consequences, _ = _reconciled(reconcile, after.after(due))
            return (*facts, *due, *consequences)
        case Recount(reconcile=reconcile):
            facts, owed = _reconciled(reconcile, state)
            return (*facts, *_recounted(command, owed, state.after(facts)))


DECIDER: Decider[Command, Obligations] = Decider(Obligations(), evolve, decide)


def _reconciled(command: Reconcile, state: Obligations) -> tuple[tuple[Fact, ...], tuple[Duty, ...]]:
    owed = duties(command.intake, command.rules, state.settled)
    facts = (fact for duty in owed for fact in missing(duty, state.by_id.get(duty.terms.obligation_id), command.rules))
    return tuple(facts), owed


def _recounted(command: Recount, owed: tuple[Duty, ...], state: Obligations) -> tuple[Fact, ...]:
    """Each limit that the calendar moves, or that it confirms under its own version."""
    facts: list[Fact] = []
    for duty in owed:
        known = state.by_id[duty.terms.obligation_id]
        is_late = known.paused_since is None and known.due.due_at <= command.now
        if not known.is_open or is_late:
            continue
        ended = [pause for pause in duty.pauses if pause.until is not None]
        terms = _with_delay(duty.terms, command.reconcile)
        limit = counted_anew(terms, command.calendar, command.reconcile.rules.town.deadlines, ended)
        if limit is not None and limit != known.due:
            facts.append(Fact(recount(duty.terms, limit, RecountReason.CALENDAR), command.now))
    return tuple(facts)


def _with_delay(terms: ObligationSet, reconcile: Reconcile) -> ObligationSet:
    """Terms with how long the delay is; of an older release's, where the rule still counts to the limit that stands."""
    rules = reconcile.rules
    received = next((each.data for each in reconcile.intake if isinstance(each.data, RequestReceived)), None)
    if terms.within is not None or received is None:
        return terms
    calendar = rules.calendar_named(terms.calendar_version, terms)
    for standard in (rules.acknowledge, rules.answer(received)):
        if (standard.obligation, standard.rule) == (terms.obligation, terms.rule.code):
            within = Within(amount=standard.within.amount, unit=standard.within.unit)
            whole = terms.model_copy(update={"within": within})
            limit = counted_anew(whole, calendar, rules.town.deadlines, ())
            if limit is not None and limit.due_at == terms.due_at:
                return whole
    return terms

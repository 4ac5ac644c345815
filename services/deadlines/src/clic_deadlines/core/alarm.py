"""At which instants somebody has to look at the obligations of a request."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from clic_contracts.town_time import Delay
from clic_contracts.vocabulary import Escalation, ObligationKind

from .limit import last_instant
from .standard import Rules
from .standing import Obligation, Obligations


@dataclass(frozen=True, slots=True)
class Alarm:
    """The next instant at which an open obligation is to be looked at."""

    obligation_id: str
    at: dt.datetime
    limit_at: dt.datetime | None = None
    """Of a warning the limit after it, which is looked at when it comes whatever holds up the warning."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the town's chain, for one limit."""

    number: int
    """From 1."""
    to: Escalation
    at: dt.datetime


def alarms(state: Obligations, rules: Rules, *, warns: bool) -> tuple[Alarm, ...]:
    """One for each open obligation that something is still to be said of; none while it stands still.

    `warns` is False for a backlog request: it is judged, not chased (POL-29).
    """
    found = (_next_look(each, rules, warns=warns) for each in state.by_id.values())
    return tuple(each for each in found if each is not None)


def _next_look(obligation: Obligation, rules: Rules, *, warns: bool) -> Alarm | None:
    """Of one obligation: its warning, its limit, then each step further up. None: there is none."""
    if not obligation.is_open or obligation.paused_since is not None:
        return None
    due, told, obligation_id = obligation.due, obligation.told_now, obligation.terms.obligation_id
    if warns and is_warned_of(obligation) and told.warned_at is None and told.missed_at is None:
        return Alarm(obligation_id, due.warn_at, due.due_at)
    if told.missed_at is None:
        return Alarm(obligation_id, due.due_at)
    step = next(steps_left(obligation, rules), None) if warns else None
    return Alarm(obligation_id, step.at) if step is not None else None


def is_warned_of(obligation: Obligation) -> bool:
    """Whether a warning comes before its limit; of others' time only of the citizen's own, which is a reminder."""
    reminded = not obligation.is_window or obligation.terms.obligation is ObligationKind.CITIZEN_REPLY
    return reminded and obligation.due.warn_at < obligation.due.due_at


def steps_left(obligation: Obligation, rules: Rules) -> Iterator[Step]:
    """Who is still to be told that a limit is not kept, in order, none before the one below (POL-29, C-19 art. 113)."""
    if obligation.is_window:
        return
    at = obligation.due.due_at
    for number, step in enumerate(rules.town.deadlines.escalation, 1):
        if step.after is not None:
            at = max(at, _after(obligation.due.due_at, step.after, rules))
        if number > obligation.told_now.step:
            yield Step(number, step.to, at)


def _after(due_at: dt.datetime, delay: Delay, rules: Rules) -> dt.datetime:
    """Days are counted from the last day of the limit, hours from its instant."""
    in_days = delay.hours is None and delay.business_hours is None
    starts_at = last_instant(due_at) if in_days else due_at
    return rules.calendar_at(starts_at).term(starts_at, delay).due_at

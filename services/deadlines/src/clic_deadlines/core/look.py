"""What time brings to one obligation: warned, missed, escalated or lapsed, each at the instant it was due."""

from __future__ import annotations

import datetime as dt

from clic_chassis.decider import Fact
from clic_contracts.event import (
    AccessDeemedRefused,
    ObligationEscalated,
    ObligationLapsed,
    ObligationMissed,
    ObligationWarned,
)
from clic_contracts.vocabulary import ObligationKind

from .alarm import is_warned_of, steps_left
from .standard import Rules
from .standing import Obligation


def due_facts(obligation: Obligation, now: dt.datetime, rules: Rules, *, warns: bool) -> tuple[Fact, ...]:
    """All that is due of an open obligation by an instant and was not said yet, in order.

    After an outage several are due at once: what is past its limit is not warned of any more (POL-29).
    """
    if not obligation.is_open or obligation.paused_since is not None:
        return ()
    due_at, told = obligation.due.due_at, obligation.told_now
    named = {
        "obligation_id": obligation.terms.obligation_id,
        "obligation": obligation.terms.obligation,
        "due_at": due_at,
    }
    if now < due_at:
        is_time = warns and is_warned_of(obligation) and obligation.due.warn_at <= now
        if not is_time or told.warned_at is not None or told.missed_at is not None:
            return ()
        return (Fact(ObligationWarned(**named), obligation.due.warn_at),)
    if obligation.is_window:
        return (Fact(ObligationLapsed(**named), due_at),)
    facts: list[Fact] = []
    if told.missed_at is None:
        facts.append(Fact(ObligationMissed(**named), due_at))
    if obligation.terms.obligation is ObligationKind.DECIDE_ACCESS and not obligation.deemed_refused:
        refused = AccessDeemedRefused(obligation_id=obligation.terms.obligation_id, due_at=due_at)
        facts.append(Fact(refused, due_at))
    steps = [step for step in steps_left(obligation, rules) if step.at <= now] if warns else []
    facts += [Fact(ObligationEscalated(**named, step=step.number, to=step.to), step.at) for step in steps]
    return tuple(facts)

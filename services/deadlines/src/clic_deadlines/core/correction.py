"""Facts that take back what was recorded: what happened before was recorded later, or a story is not whole yet."""

from __future__ import annotations

from collections.abc import Iterable

from clic_chassis.decider import Fact
from clic_contracts.event import ObligationMet, ObligationPaused, ObligationRecounted
from clic_contracts.vocabulary import RecountReason

from .standing import Obligations


def corrects(facts: Iterable[Fact], state: Obligations) -> bool:
    """Whether one of these says otherwise what is recorded already."""
    return any(_corrects(fact, state) for fact in facts)


def _corrects(fact: Fact, state: Obligations) -> bool:
    match fact.event:
        case ObligationRecounted(because=RecountReason.LATER_KNOWN):
            return True
        case ObligationMet(obligation_id=obligation_id):
            known = state.by_id.get(obligation_id)
            return known is not None and known.met is not None
        case ObligationPaused(obligation_id=obligation_id):
            known = state.by_id.get(obligation_id)
            return known is not None and any(fact.occurred_at <= each.since for each in known.pauses)
        case _:
            return False

"""What tests of explanations speak in: stories of intake, what deadlines recorded of them, and an explanation."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from tests.deadlines.desk import at

from clic_chassis.scenario import recorded
from clic_contracts.envelope import Recorded
from clic_contracts.event import Event, ObligationSet
from clic_contracts.town import Town
from clic_contracts.vocabulary import Language
from clic_deadlines.core.explain import Explanation, explain
from clic_deadlines.core.obligation import DECIDER, Reconcile
from clic_deadlines.core.standard import Rules

Told = tuple[Event, str]
NBSP = "\u00a0"


def set_by(rules: Rules, *story: Told) -> list[Told]:
    """What deadlines records of a story of intake."""
    facts = DECIDER.decide(Reconcile(heard(story), rules), DECIDER.fold(()))
    return [(with_length(fact.event), local(fact.occurred_at)) for fact in facts]


def with_length(event: Event) -> Event:
    """The terms with the length of their delay, where the record lacks it as older ones do."""
    lengths = {
        "acknowledge": (1, "business_days"),
        "answer": (5, "business_days"),
        "decide_access": (20, "calendar_days"),
    }
    if not isinstance(event, ObligationSet) or event.within is not None or event.obligation not in lengths:
        return event
    amount, unit = lengths[event.obligation]
    return ObligationSet.model_validate({**event.model_dump(), "within": {"amount": amount, "unit": unit}})


def local(instant: dt.datetime) -> str:
    """As stories are written."""
    return instant.astimezone(at("2026-05-15").tzinfo).replace(tzinfo=None).isoformat()


def heard(story: Sequence[Told]) -> tuple[Recorded, ...]:
    """Facts as the log holds them."""
    return tuple(recorded(event, at=at(when)) for event, when in story)


def told(
    town: Town,
    obligation_id: str,
    own: Sequence[Told],
    *story: Told,
    now: str = "2026-05-18T10:00",
    language: Language = Language.FR,
) -> Explanation:
    """An explanation."""
    found = explain(obligation_id, heard(own), heard(story), town, language, at(now))
    assert found is not None
    return found


def plain(text: str) -> str:
    """With ordinary spaces: where they may not break is tested apart."""
    return text.replace(NBSP, " ")

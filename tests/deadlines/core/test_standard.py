"""Which delay holds for which request."""

from __future__ import annotations

import pytest

from clic_contracts.event import RequestReceived
from clic_contracts.town import Town
from clic_contracts.town_time import Delay
from clic_contracts.vocabulary import ObligationKind
from clic_deadlines.core.standard import Rules


def received(**changes: object) -> RequestReceived:
    """A reception, changed."""
    return RequestReceived.model_validate({**RequestReceived.EXAMPLE, **changes})


@pytest.mark.parametrize(
    ("kind", "subject", "within", "rule"),
    [
        ("report", "pothole", Delay(business_days=5), "subject_pothole"),
        ("complaint", "pothole", Delay(business_days=5), "subject_pothole"),
        ("complaint", "other", Delay(business_days=20), "kind_complaint"),
        ("complaint", None, Delay(business_days=20), "kind_complaint"),
        ("report", "other", Delay(business_days=10), "default"),
        ("report", None, Delay(business_days=10), "default"),
        ("report", "a_subject_of_last_year", Delay(business_days=10), "default"),
    ],
)
def test_the_subjects_standard_comes_before_the_kinds_and_the_default(
    rules: Rules, kind: str, subject: str | None, within: Delay, rule: str
) -> None:
    """POL-29."""
    standard = rules.answer(received(kind=kind, subject=subject))
    assert (ObligationKind.ANSWER, within, rule) == (standard.obligation, standard.within, standard.rule)


def test_an_access_request_follows_the_law_whatever_its_subject(rules: Rules) -> None:
    """POL-22, A-2.1 art. 47."""
    standard = rules.answer(received(kind="access_to_information", subject="pothole"))
    assert ObligationKind.DECIDE_ACCESS is standard.obligation
    assert Delay(calendar_days=20) == standard.within


@pytest.mark.parametrize(
    ("configured", "holds"),
    [({"calendar_days": 45}, 20), ({"business_days": 20}, 20), ({"calendar_days": 15}, 15)],
)
def test_a_town_may_be_stricter_than_the_law_and_never_laxer(
    town: Town, configured: dict[str, int], holds: int
) -> None:
    """A-2.1 art. 47."""
    deadlines = town.deadlines.model_copy(update={"decide_access_within": Delay.model_validate(configured)})
    rules = Rules(town.model_copy(update={"deadlines": deadlines}))
    assert Delay(calendar_days=holds) == rules.access.within
    assert Delay(calendar_days=holds + 10) == rules.extended_access(10).within

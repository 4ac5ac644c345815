"""Every word that an explanation may need is there, in both languages, and French is set as it ought to be."""

from __future__ import annotations

import datetime as dt

import pytest
from tests.deadlines.desk import RECEIVED, make
from tests.deadlines.explaining import Told, set_by, told

from clic_contracts.event import (
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
from clic_contracts.holiday import is_legal_holiday
from clic_contracts.town import Town
from clic_contracts.vocabulary import (
    WINDOWS,
    Escalation,
    Language,
    LiftReason,
    ObligationKind,
    RecountReason,
)
from clic_deadlines.core.holiday_name import holiday_name
from clic_deadlines.core.standard import Rules


def test_dates_hours_and_colons_do_not_break(town: Town, rules: Rules) -> None:
    """OQLF: the parts of a date and of an hour, the colon, the quotes."""
    text = told(town, "answer-1", set_by(rules, RECEIVED), RECEIVED).text
    for unbroken in (
        "lundi 25\u00a0mai\u00a02026",
        "16\u00a0h\u00a020",
        "«\u00a0Ville imaginaire\u00a0»",
        "\u00a0: 5\u00a0jours",
    ):
        assert unbroken in text
    assert " :" not in text
    assert "'" not in text


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("kind", ObligationKind)
def test_every_kind_and_every_end_has_its_words(town: Town, kind: ObligationKind, language: Language) -> None:
    """Nothing of the code shows through: no template's braces, no bare code of the vocabulary."""
    name = {"obligation_id": f"{kind}-1", "obligation": kind}
    terms = make(ObligationSet, **name, rule={"code": kind.value}, within={"amount": 2, "unit": "business_days"})
    facts: list[Event] = [
        make(ObligationPaused, **name),
        make(ObligationWarned, **name),
        make(ObligationMissed, **name),
    ]
    facts += [make(ObligationRecounted, **name, because=each) for each in RecountReason]
    facts += [make(ObligationEscalated, **name, to=each) for each in Escalation]
    ends = [make(ObligationMet, **name), *(make(ObligationLifted, **name, reason=each) for each in LiftReason)]
    if kind in WINDOWS:
        ends.append(make(ObligationLapsed, **name))
    for end in ends:
        story: list[Told] = [(each, "2026-05-15T16:20") for each in (terms, *facts, end)]
        for now in ("2026-05-16T00:00", "2027-01-01T00:00"):
            for own in (story[:1], story[:-1], story):
                text = told(town, f"{kind}-1", own, RECEIVED, now=now, language=language).text
                assert not set("{}_") & set(text)
                assert "None" not in text


def test_every_legal_holiday_has_a_name() -> None:
    """I-16 art. 61: and no other day has one."""
    names: set[str] = set()
    for year in range(2015, 2051):
        for number in range(366):
            day = dt.date(year, 1, 1) + dt.timedelta(days=number)
            name = holiday_name(day)
            assert (name is not None) == is_legal_holiday(day), day
            if name is not None:
                names.add(name.fr)
    assert len(names) == 10
    for written, said in (
        ("2026-04-03", "Vendredi saint"),
        ("2026-04-06", "lundi de Pâques"),
        ("2029-07-02", "fête du Canada"),
    ):
        name = holiday_name(dt.date.fromisoformat(written))
        assert name is not None
        assert name.fr == said

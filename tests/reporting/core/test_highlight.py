"""The sentences: computed, honest, and right for none, one and many, in French and English."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.reporting.counted import comparison, counted, internal
from tests.reporting.projected import town

from clic_contracts.vocabulary import Language
from clic_reporting.core.content import sections
from clic_reporting.core.figure import (
    Assumed,
    Comparison,
    DueFigures,
    InteractionFigures,
    ObligationFigures,
    QuarterBalance,
    Report,
    RequestFigures,
    Versions,
)
from clic_reporting.core.highlight import highlights
from clic_reporting.core.highlight_french import changed
from clic_reporting.core.label import Labels
from clic_reporting.core.language import words
from clic_reporting.core.table import figures

NOTHING = {
    "received": 0, "by_kind": {}, "by_status": {}, "by_first_channel": {}, "by_department": {}, "by_subject": {},
    "treated": 0, "reopenings": 0, "pending_at_start": 0, "pending_at_end": 0, "first_line": 0,
    "to_direction_generale": 0, "unusual": 0, "unusual_by_kind": {}, "backlog": 0, "confidential": 0,
}  # fmt: skip


def report(period: str = "2023-Q2", obligations: dict[str, int] | None = None, **requests: Any) -> Report:
    """A report of zeros but for what is given."""
    return Report(
        period=period,
        requests=RequestFigures(**{**NOTHING, **requests}),
        interactions=InteractionFigures(total=0, by_channel={}, follow_ups=0, follow_ups_first_line=0),
        obligations=ObligationFigures(by_kind={}, **(obligations or {})),
        assumed=Assumed(outcomes=0, treatments=0, obligations=0),
        position=1,
        versions=Versions(definition="d", town=None, log="l"),
    )


def told(
    now: Report,
    before: Report | None = None,
    *quarters: QuarterBalance,
    complete: bool = True,
    language: Language = Language.FR,
    without: frozenset[str] = frozenset(),
) -> list[str]:
    """The sentences, with ordinary spaces; `without` some figures."""
    labels = Labels(town(), language)
    of = Comparison(report=now, before=before, quarters=quarters)
    known = figures(table for part in sections(of, labels, words(language)) for table in part.tables)
    known |= {f"{each.period}/requests.received": each.received for each in quarters}
    sentences = highlights(of, {**known, **dict.fromkeys(without)}, labels, complete=complete)
    return [each.replace("\u00a0", " ").replace("\u202f", " ") for each in sentences]


def test_a_quarter_without_anything_says_so() -> None:
    """POL-31 to POL-36."""
    assert told(report()) == [
        "La Ville n’a reçu aucune demande.",
        "Elle n’en a traité aucune; aucune demande n’était en attente à la fin du trimestre, ni à son début.",
        "Aucune plainte n’a été dirigée vers la Direction générale.",
        "Aucune demande n’était inusitée.",
    ]


def test_one_of_each_is_told_in_the_singular() -> None:
    """POL-32 to POL-36."""
    one = report(
        received=1, treated=1, pending_at_start=1, pending_at_end=1, first_line=1, to_direction_generale=1, unusual=1,
        by_subject={"pothole": 1},
    )  # fmt: skip

    assert told(one) == [
        "La Ville a reçu 1 demande.",
        "Elle en a traité 1; 1 demande était en attente à la fin du trimestre, autant qu’à son début.",
        "Le sujet le plus fréquent : Nid-de-poule, 1 demande (100,0 % du total).",
        "Le CLIC s’est chargé lui-même de 1 demande (100,0 % de celles qui ont été reçues).",
        "1 plainte a été dirigée vers la Direction générale.",
        "1 demande était inusitée : aucune règle ni aucun sujet ne l’avait prévue.",
    ]


def test_a_quarter_is_compared_with_the_one_before_and_with_the_same_of_the_year_before() -> None:
    """POL-32."""
    year_ago = QuarterBalance(period="2022-Q2", received=1200, treated=0, pending_at_end=0)

    sentence = told(report(received=900), report("2023-Q1", received=800), year_ago)[0]

    assert sentence == (
        "La Ville a reçu 900 demandes, 12,5 % de plus qu’au trimestre précédent (800) "
        "et 25,0 % de moins qu’au même trimestre de 2022 (1 200)."
    )


def test_a_quarter_that_is_not_over_is_compared_with_nothing() -> None:
    """A part of a quarter is always less than a whole one: to say so would mislead."""
    assert told(report(received=9), report("2023-Q1", received=800), complete=False)[0] == "La Ville a reçu 9 demandes."


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        (5, 5, "autant"),
        (7, 4, "3 de plus"),
        (0, 300, "300 de moins"),
        (1004, 1000, "à peu près autant"),
        (1100, 1000, "10,0 % de plus"),
        (30, 0, "30 de plus"),
    ],
)
def test_changes_among_few_are_told_in_numbers(now: int, before: int, expected: str) -> None:
    assert expected == changed(now, before).replace("\u00a0", " ")


def test_more_reopened_than_treated_is_told_as_that() -> None:
    """POL-32: treated is net of reopenings, and can be negative."""
    assert (
        "Plus de demandes ont été rouvertes que traitées (écart : 3)" in told(report(treated=-3, pending_at_end=3))[1]
    )


def test_what_was_kept_at_an_assumed_instant_measures_no_delay() -> None:
    """POL-29: on time are those kept, of all whose outcome is measured; the ones late and still open count against."""
    due = DueFigures(met=104, met_assumed=100, late=1, missed=3, open=2, overdue=2, by_kind={}, by_department={})

    sentences = told(report().model_copy(update={"due": due}))

    (delays,) = (each for each in sentences if each.startswith("Obligations"))
    assert delays == "Obligations échues et tenues à temps : 4 sur 10 (40,0 %); échues sans être tenues : 5."
    assert any(each.startswith("Pour 100 obligations, la date de l’issue n’a pas été consignée") for each in sentences)


def test_a_year_is_compared_with_the_year_before_alone() -> None:
    """POL-31."""
    this = report("2023", received=4000)

    assert told(this, report("2022", received=3000))[0] == (
        "La Ville a reçu 4 000 demandes, 33,3 % de plus que l’année précédente (3 000)."
    )
    assert "à la fin de l’année" in told(this)[1]


def test_what_the_tables_withhold_no_sentence_says() -> None:
    """POL-38."""
    now = report(received=50, to_direction_generale=2, unusual=1, by_subject={"pothole": 50}, first_line=3)
    hidden = frozenset(
        f"2023-Q2/requests.{each}" for each in ("to_direction_generale", "unusual", "by_subject.pothole", "first_line")
    )

    everything, rest = told(now), told(now, without=hidden)

    assert len(rest) == len(everything) - 4
    assert set(rest) < set(everything)


def test_the_english_says_the_same() -> None:
    """English second, for whoever asks."""
    sample = comparison("2026-Q2", counted())
    french, english = (internal(sample, language).highlights for language in Language)

    assert len(english) == len(french)
    for one, other in zip(french, english, strict=True):
        assert _numbers(one) == _numbers(other)
    assert told(report(received=1, first_line=1), language=Language.EN) == [
        "The town received 1 request.",
        "It treated none; no request was pending at the end of the quarter, as at its start.",
        "CLIC itself took care of 1 request (100.0% of those received).",
        "No complaint was directed to the Direction générale.",
        "No request was unusual.",
    ]


def _numbers(sentence: str) -> list[str]:
    plain = sentence.replace("\u202f", "").replace(",", "").replace(".", "")
    return sorted(re.findall(r"[0-9]+", plain))

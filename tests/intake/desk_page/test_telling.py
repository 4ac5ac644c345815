"""Every fact of a request's story has words, in both languages, and what stands still or is others' time is told so."""

from __future__ import annotations

from typing import Any

import pytest
from tests.intake.core.story import TORONTO, make
from tests.place import TOWN_DIR

from clic_chassis.scenario import recorded
from clic_chassis.town_file import read_town
from clic_contracts.event import (
    EVENTS,
    AccessDeemedRefused,
    Event,
    LearningPublished,
    LearningWithdrawn,
    LetterWritten,
    ObligationEscalated,
    ObligationLapsed,
    ObligationPaused,
    ObligationRecounted,
    ObligationSet,
    RequestAdmitted,
    RequestAnswered,
    RequestHandedBack,
    RequestHandedOver,
    ReviewDecided,
    ThirdPartyAnswered,
)
from clic_contracts.town import Town
from clic_contracts.vocabulary import WINDOWS, Language, LetterKind, ObligationKind
from clic_intake.desk_page.telling import Line, Teller
from clic_intake.web import Words

FRENCH, ENGLISH = Words(Language.FR, TORONTO), Words(Language.EN, TORONTO)
OF_NO_REQUEST = (LearningPublished, LearningWithdrawn)
"""They have a story of their own."""
MANY: list[tuple[type[Event], dict[str, Any]]] = [
    *((each, {}) for each in EVENTS if each not in OF_NO_REQUEST),
    *((LetterWritten, {"letter": each}) for each in LetterKind),
    *((ObligationSet, {"obligation": each, "obligation_id": f"{each}-1"}) for each in ObligationKind),
    *((ObligationLapsed, {"obligation": each, "obligation_id": f"{each}-1"}) for each in WINDOWS),
]


@pytest.fixture(scope="module")
def town() -> Town:
    """The one of this repository: its outside bodies have names."""
    return read_town(TOWN_DIR)


def line(town: Town, event: Event, words: Words = FRENCH) -> Line:
    return Teller(words, town).line(1, recorded(event), {})


@pytest.mark.parametrize(("event", "changes"), MANY, ids=lambda each: getattr(each, "TYPE", ""))
def test_every_fact_has_words_in_both_languages(town: Town, event: type[Event], changes: dict[str, Any]) -> None:
    """POL-28: nothing of the catalogue is shown by its wire type."""
    french, english = (line(town, make(event, **changes), words) for words in (FRENCH, ENGLISH))

    assert event.TYPE not in (french.title, english.title)
    assert french.title != english.title


RECOUNTED = {"obligation": "answer", "because": "resumed", "due_prudent_on": "2026-05-21"}


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (make(ObligationPaused), "Délai suspendu\u00a0: Répondre|en attendant la réponse de la personne"),
        (
            make(ObligationRecounted, **RECOUNTED),
            "Échéance recomptée\u00a0: Répondre|la personne a répondu|au plus tard le 21\u00a0mai\u00a02026",
        ),
        (
            make(ObligationSet, obligation="review_window", due_strict_on="2026-07-04", due_prudent_on="2026-07-06"),
            "Délai ouvert\u00a0: Délai pour demander une révision|jusqu’au 6\u00a0juillet\u00a02026",
        ),
        (make(ObligationEscalated, to="general_management"), "Retard signalé\u00a0: Répondre|à la Direction générale"),
        (
            make(ObligationLapsed, obligation="third_party_response"),
            "Délai écoulé\u00a0: Réponse d’un tiers|le tiers n’a rien dit\u00a0: il est réputé consentir (art. 49)",
        ),
        (make(ThirdPartyAnswered), "Réponse d’un tiers|Le tiers s’y oppose"),
        (make(ReviewDecided), "Révision terminée|Décision de la Ville maintenue"),
        (
            make(RequestHandedOver, to="hydro_quebec"),
            "Travail confié à\u00a0: Hydro-Québec|attendu le 5\u00a0juin\u00a02026",
        ),
        (make(RequestHandedBack, done=False), "L’organisme ne le fera pas"),
        (make(RequestAdmitted, complaint_criteria=["repeated"]), "Jugée recevable|L’insatisfaction s’est répétée"),
    ],
    ids=lambda each: getattr(each, "TYPE", ""),
)
def test_what_a_fact_says_can_be_read(town: Town, event: Event, words: str) -> None:
    """Title and details, set as type."""
    told = line(town, event)

    assert "|".join((told.title, *told.details)) == words


def test_a_decision_names_the_body_that_holds_the_document(town: Town) -> None:
    """A-2.1 art. 48."""
    told = line(town, make(RequestAnswered, access_outcome="other_body", body="hydro_quebec"))

    assert "Hydro-Québec" in told.details


def test_bookkeeping_is_quiet_and_what_went_wrong_is_not(town: Town) -> None:
    """A deemed refusal and a delay that was passed on have to be seen."""
    quiet = [line(town, make(each)) for each in (ObligationPaused, ObligationRecounted, ObligationLapsed)]
    grave = [line(town, make(each)) for each in (AccessDeemedRefused, ObligationEscalated)]

    assert [(each.quiet, each.grave) for each in quiet] == [(True, False)] * 3
    assert [(each.quiet, each.grave) for each in grave] == [(False, True)] * 2

"""The letters that go out with a receipt, read as a citizen would."""

from __future__ import annotations

import re

import pytest

from clic_contracts.event import Event, RequestAcknowledged, RequestIncomplete, RequestReceived, RequestRefused
from clic_contracts.town import Town
from clic_contracts.vocabulary import DeliveryProof, Language
from clic_intake.core.letter import at_once

RECEIVED = RequestReceived.model_validate({**RequestReceived.EXAMPLE, "channel": "web_form"})
ENGLISH = RECEIVED.model_copy(update={"language": Language.EN})
TOLD = {"channel": "web_form", "proof": "receipt"}
ACKNOWLEDGED = RequestAcknowledged.model_validate({"delivery": TOLD})
LACKING = RequestIncomplete.model_validate({"missing": ["name", "contact"], "asked": TOLD})
OUTSIDE = RequestRefused.model_validate(
    {"criterion": "out_of_competence", "rule": {"code": "provincial_road"}, "turn_to": "ministere", "sent": TOLD}
)


def access(**changes: object) -> RequestReceived:
    """An access request."""
    return RECEIVED.model_validate(
        {**RequestReceived.EXAMPLE, "kind": "access_to_information", "subject": None, "written": True, **changes}
    )


def letter(town: Town, *facts: Event) -> str:
    text = at_once(town, facts)
    assert text is not None
    return text


def test_the_acknowledgement_states_reference_and_steps(town: Town) -> None:
    """POL-18."""
    text = letter(town, RECEIVED, ACKNOWLEDGED)
    assert text == (
        "Votre demande est enregistrée sous le numéro 2026-004217. Le CLIC l’analyse, la transmet au service concerné, "
        "puis une réponse vous est donnée. Mentionnez le numéro 2026-004217 pour en suivre le traitement."
    )


def test_the_citizen_is_answered_in_english_on_wish(town: Town) -> None:
    """POL-18."""
    text = letter(town, ENGLISH, ACKNOWLEDGED)
    assert text.startswith("Your request is registered under number 2026-004217. The desk will assess it")


def test_what_is_missing_is_asked_for(town: Town) -> None:
    """POL-06."""
    expected = "il nous manque votre nom et une adresse courriel ou un numéro de téléphone pour la traiter."
    assert letter(town, RECEIVED, LACKING).endswith(expected)
    assert "we need your name and an e-mail address or a telephone number" in letter(town, ENGLISH, LACKING)


def test_wording_of_damage_is_answered_with_the_notice_about_claims(town: Town) -> None:
    """POL-18, C-19 art. 585: with the acknowledgement, and with what is asked for."""
    damage = {"terms": ("damage",)}
    hurt, english = RECEIVED.model_copy(update=damage), ENGLISH.model_copy(update=damage)
    assert letter(town, hurt, ACKNOWLEDGED).endswith("Un signalement n’est pas une réclamation.")
    assert letter(town, hurt, LACKING).endswith("Un signalement n’est pas une réclamation.")
    assert letter(town, english, ACKNOWLEDGED).endswith("A report is not a claim.")
    assert "réclamation" not in letter(town, RECEIVED, ACKNOWLEDGED)


def test_a_safety_report_is_acknowledged_and_asked_for_what_it_lacks_at_once(town: Town) -> None:
    """POL-06, POL-18."""
    text = letter(town, RECEIVED, LACKING, ACKNOWLEDGED)
    assert text.startswith("Votre demande est enregistrée sous le numéro 2026-004217.")
    assert text.endswith(
        "Elle est traitée sans attendre\u00a0; donnez-nous votre nom et une adresse courriel ou un numéro de téléphone "
        "pour recevoir une réponse."
    )
    assert letter(town, ENGLISH, LACKING, ACKNOWLEDGED).endswith("so that we can answer you.")


def test_a_matter_of_somebody_else_is_pointed_there(town: Town) -> None:
    """POL-07; French puts a space that does not break before a colon."""
    assert letter(town, RECEIVED, OUTSIDE).endswith(
        "Le ministère imaginaire peut vous aider\u00a0: composez le 450 555-0199."
    )
    assert letter(town, ENGLISH, OUTSIDE).endswith("The imaginary ministry can help you: call 450 555-0199.")


def test_the_acknowledgement_of_an_access_request_states_delays_silence_and_the_right_of_review(town: Town) -> None:
    """POL-25, A-2.1 art. 46."""
    text = letter(town, access(), ACKNOWLEDGED)
    for promise in (
        "dans les 20\u00a0jours suivant sa réception",
        "prolongé de 10\u00a0jours",
        "L’absence de réponse dans ce délai équivaut à un refus",
        "Commission d’accès à l’information",
        "dans les 30\u00a0jours suivant la décision",
    ):
        assert promise in text
    english = letter(town, access(language="en"), ACKNOWLEDGED)
    assert "review a refusal within 30 days" in english


def test_who_asked_for_access_orally_is_told_that_only_a_written_request_can_be_reviewed(town: Town) -> None:
    """POL-20, A-2.1 art. 45."""
    text = letter(town, access(written=False), ACKNOWLEDGED)
    assert "Seule une demande faite par écrit peut faire l’objet d’une révision." in text
    assert "Only a request made in writing can be reviewed." in letter(
        town, access(written=False, language="en"), ACKNOWLEDGED
    )


@pytest.mark.parametrize(
    "facts",
    [
        (RECEIVED,),
        (RECEIVED, LACKING.model_copy(update={"asked": None})),
        (RECEIVED, OUTSIDE.model_copy(update={"sent": None})),
        (
            RECEIVED,
            RequestAcknowledged(delivery=ACKNOWLEDGED.delivery.model_copy(update={"proof": DeliveryProof.PUBLISHER})),
        ),
    ],
)
def test_no_letter_goes_out_where_nobody_is_told_by_the_receipt(town: Town, facts: tuple[Event, ...]) -> None:
    """POL-14: who telephones is told by whoever picks up."""
    assert at_once(town, facts) is None


def test_a_body_that_the_town_no_longer_knows_leaves_no_letter_and_breaks_nothing(town: Town) -> None:
    assert at_once(town, (RECEIVED, OUTSIDE.model_copy(update={"turn_to": "autrefois"}))) is None


@pytest.mark.parametrize("received", [RECEIVED, access(), access(written=False)])
@pytest.mark.parametrize("said", [ACKNOWLEDGED, LACKING, OUTSIDE])
def test_letters_are_set_in_french_typography(town: Town, received: Event, said: Event) -> None:
    """Typographic apostrophes; no space that breaks before a colon or a unit."""
    text = letter(town, received, said)
    assert "'" not in text
    assert not re.search(r" [:;?!»]|« |\d jours", text)
    assert not re.search(r"\s{2}|\s$", text)

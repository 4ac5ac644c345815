"""What the citizen is told at once: the text of the acknowledgement. Source: POL-06, POL-07, POL-18."""

from __future__ import annotations

from clic_contracts.town import Body, Town
from clic_contracts.vocabulary import Language, Missing

_MISSING = {
    Language.FR: {
        Missing.NAME: "votre nom",
        Missing.CONTACT: "une adresse courriel ou un numéro de téléphone",
        Missing.PRECISION: "des précisions sur votre demande",
    },
    Language.EN: {
        Missing.NAME: "your name",
        Missing.CONTACT: "an e-mail address or a telephone number",
        Missing.PRECISION: "more details about your request",
    },
}


def acknowledgement(town: Town, language: Language, reference: str) -> str:
    """That the request is registered, what comes next, and how to follow it."""
    if language is Language.EN:
        return (
            f"Your request is registered under number {reference}. "
            f"{town.desk.en} will assess it, send it to the department concerned and answer you. "
            f"Quote number {reference} to follow your request."
        )
    return (
        f"Votre demande est enregistrée sous le numéro {reference}. "
        f"{town.desk.fr} l’analyse, la transmet au service concerné, puis une réponse vous est donnée. "
        f"Mentionnez le numéro {reference} pour en suivre le traitement."
    )


def incomplete(language: Language, reference: str, missing: tuple[Missing, ...]) -> str:
    """What is missing."""
    what = [_MISSING[language][each] for each in missing]
    if language is Language.EN:
        return f"Your request {reference} is registered, but we need {' and '.join(what)} to treat it."
    return f"Votre demande {reference} est enregistrée, mais il nous manque {' et '.join(what)} pour la traiter."


def outside(language: Language, reference: str, body: Body) -> str:
    """Where to turn instead."""
    if language is Language.EN:
        return (
            f"Your request {reference} is about a matter outside the town's competence. "
            f"{body.name.en} can help you: {body.contact.en}"
        )
    return (
        f"Votre demande {reference} porte sur un sujet qui ne relève pas de la Ville. "
        f"{body.name.fr} peut vous aider : {body.contact.fr}"
    )

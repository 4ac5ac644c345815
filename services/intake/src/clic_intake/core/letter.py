"""What the citizen is told at once: the text of the acknowledgement. Source: POL-06, POL-07, POL-18, POL-25."""

from __future__ import annotations

from collections.abc import Iterable

from clic_contracts.event import (
    Event,
    RequestAcknowledged,
    RequestIncomplete,
    RequestReceived,
    RequestRefused,
)
from clic_contracts.town import Body, Town
from clic_contracts.vocabulary import DeliveryProof, Kind, Language, Missing

from .access import DECISION_DAYS
from .admission import shows_claims

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


def at_once(town: Town, registration: Iterable[Event]) -> str | None:
    """The letter that goes out with the receipt of a registration; None where nobody is told by it.

    It is made from the facts that were recorded, so that the same registration always has the same letter.
    """
    received: RequestReceived | None = None
    missing: tuple[Missing, ...] = ()
    for event in registration:
        match event:
            case RequestReceived():
                received = event
            case RequestIncomplete(asked=told) if told and received:
                missing = event.missing
            case RequestRefused(turn_to=code, sent=told) if told and received:
                body = town.body_by_code.get(code or "")
                return outside(received.language, received.reference, body) if body else None
            case RequestAcknowledged(delivery=told) if told.proof is DeliveryProof.RECEIPT and received:
                return " ".join((acknowledgement(town, received), *_more(received, missing), *_claims(town, received)))
            case _:
                pass
    if received is None or not missing:
        return None
    return " ".join((incomplete(received.language, received.reference, missing), *_claims(town, received)))


def _claims(town: Town, received: RequestReceived) -> tuple[str, ...]:
    """The notice about claims, where the words tell of damage. Source: C-19 art. 585."""
    if not shows_claims(received.terms, town):
        return ()
    claims = town.correspondence.claims
    return (claims.en if received.language is Language.EN else claims.fr,)


def _more(received: RequestReceived, missing: tuple[Missing, ...]) -> tuple[str, ...]:
    """What a safety report, which is acted on as it is, still lacks. Source: POL-06."""
    if not missing:
        return ()
    what = [_MISSING[received.language][each] for each in missing]
    if received.language is Language.EN:
        return (f"We act on it at once; please give us {' and '.join(what)} so that we can answer you.",)
    return (f"Elle est traitée sans attendre ; donnez-nous {' et '.join(what)} pour recevoir une réponse.",)


def acknowledgement(town: Town, received: RequestReceived) -> str:
    """That the request is registered, what comes next, and how to follow it. Source: POL-18, POL-25."""
    reference, desk = received.reference, town.desk
    access = received.kind is Kind.ACCESS_TO_INFORMATION
    written = received.written is not False
    if received.language is Language.EN:
        steps = (
            _access_steps_en(written=written)
            if access
            else f"{desk.en} will assess it, send it to the department concerned and answer you."
        )
        return (
            f"Your request is registered under number {reference}. {steps} "
            f"Quote number {reference} to follow your request."
        )
    steps = (
        _access_steps_fr(written=written)
        if access
        else f"{desk.fr} l’analyse, la transmet au service concerné, puis une réponse vous est donnée."
    )
    return (
        f"Votre demande est enregistrée sous le numéro {reference}. {steps} "
        f"Mentionnez le numéro {reference} pour en suivre le traitement."
    )


def _access_steps_fr(*, written: bool) -> str:
    """The delays, the effect of silence and the recourse. Source: A-2.1 art. 45, 46, 47, 52, 135."""
    if not written:
        return (
            f"La personne responsable de l’accès aux documents vous répond dans les {DECISION_DAYS} jours "
            "suivant sa réception. Seule une demande faite par écrit peut faire l’objet d’une révision."
        )
    return (
        f"La personne responsable de l’accès aux documents vous répond dans les {DECISION_DAYS} jours "
        "suivant sa réception, délai qui peut être prolongé de 10 jours par un avis. "
        "L’absence de réponse dans ce délai équivaut à un refus. Vous pouvez demander à la Commission d’accès "
        "à l’information de réviser un refus dans les 30 jours suivant la décision ou la fin du délai."
    )


def _access_steps_en(*, written: bool) -> str:
    """The same, for who wishes English."""
    if not written:
        return (
            f"The person in charge of access to documents will answer you within {DECISION_DAYS} days "
            "of its receipt. Only a request made in writing can be reviewed."
        )
    return (
        f"The person in charge of access to documents will answer you within {DECISION_DAYS} days of its "
        "receipt; a notice may extend this by 10 days. No answer within that time is a refusal. You may ask the "
        "Commission d’accès à l’information to review a refusal within 30 days of the decision or of the end of "
        "that time."
    )


def incomplete(language: Language, reference: str, missing: tuple[Missing, ...]) -> str:
    """What is missing. Source: POL-06."""
    what = [_MISSING[language][each] for each in missing]
    if language is Language.EN:
        return f"Your request {reference} is registered, but we need {' and '.join(what)} to treat it."
    return f"Votre demande {reference} est enregistrée, mais il nous manque {' et '.join(what)} pour la traiter."


def outside(language: Language, reference: str, body: Body) -> str:
    """Where to turn instead. Source: POL-07."""
    if language is Language.EN:
        return (
            f"Your request {reference} is about a matter outside the town’s competence. "
            f"{body.name.en} can help you: {body.contact.en}"
        )
    return (
        f"Votre demande {reference} porte sur un sujet qui ne relève pas de la Ville. "
        f"{body.name.fr} peut vous aider : {body.contact.fr}"
    )

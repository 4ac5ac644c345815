"""What happens on an access request's path, in words, and what is judged or handed over: nothing of what is sealed."""

from __future__ import annotations

from collections.abc import Callable

from clic_contracts.event import (
    AccessClassified,
    Delivery,
    Event,
    RequestAdmitted,
    RequestHandedBack,
    RequestHandedOver,
    ReviewDecided,
    ReviewRequested,
    ThirdPartyAnswered,
    ThirdPartyIdentified,
    ThirdPartyNotified,
)
from clic_contracts.town import Town
from clic_intake.web import Words

from . import label
from .label import said


def access_said(t: Words, town: Town, event: Event, delivered: Callable[[Delivery], str]) -> tuple[str, ...] | None:
    """A title, and what there is to say besides; None: it is another fact."""
    match event:
        case AccessClassified(nature=nature):
            return (
                t("Nature de la demande", "Nature of the request") + t.colon + " " + said(t, label.NATURES[nature]),
            )
        case ThirdPartyIdentified():
            return (
                t("Un tiers est visé", "A third party is concerned"),
                t("A-2.1, art. 23 à 25", "A-2.1, s. 23 to 25"),
            )
        case ThirdPartyNotified(notice=notice):
            return (t("Tiers avisé", "Third party notified"), delivered(notice))
        case ThirdPartyAnswered(position=position):
            return (t("Réponse d'un tiers", "Answer of a third party"), said(t, label.POSITIONS[position]))
        case ReviewRequested(requested_on=requested_on):
            return (
                t("Révision demandée à la Commission", "Review asked of the Commission"),
                t("le", "on") + f" {t.day(requested_on)}",
            )
        case ReviewDecided(outcome=outcome):
            return (t("Révision terminée", "Review ended"), said(t, label.REVIEWS[outcome]))
        case RequestAdmitted(complaint_criteria=criteria):
            found = ", ".join(said(t, label.criterion(each)) for each in criteria)
            return (t("Jugée recevable", "Judged admissible"), found)
        case RequestHandedOver(to=to, expected_on=expected_on):
            return (
                t("Travail confié à", "Work given to") + t.colon + " " + body(t, town, to),
                t("attendu le", "expected on") + f" {t.day(expected_on)}" if expected_on else "",
            )
        case RequestHandedBack(done=done):
            return (said(t, label.HANDED_BACK[done]),)
        case _:
            return None


def body(t: Words, town: Town, code: str) -> str:
    """An outside body's name; its code where the town has none of that code any more."""
    found = town.body_by_code.get(code)
    return t.name(found.name) if found is not None else code

"""Facts of a request in words, for a person who asks what the town holds of them (A-2.1 art. 83 and 84)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from clic_contracts import event
from clic_contracts.vocabulary import Language

_FACTS: dict[str, tuple[str, str]] = {
    event.RequestReceived.TYPE: ("Demande reçue", "Request received"),
    event.RequestIncomplete.TYPE: ("Renseignements demandés", "Information asked for"),
    event.RequestCompleted.TYPE: ("Renseignements fournis", "Information given"),
    event.RequestRefused.TYPE: ("Demande jugée irrecevable", "Request found inadmissible"),
    event.RequestAcknowledged.TYPE: ("Accusé de réception", "Acknowledgement"),
    event.RequestNoted.TYPE: ("Note au dossier", "Note on file"),
    event.RequestMerged.TYPE: ("Jointe à une autre demande", "Joined to another request"),
    event.RequestSplit.TYPE: ("Partagée en plusieurs demandes", "Split into several requests"),
    event.RequestPromised.TYPE: ("Échéance convenue", "Date agreed"),
    event.RequestExtended.TYPE: ("Délai prolongé", "Time limit extended"),
    event.RequestAnswered.TYPE: ("Réponse donnée", "Answer given"),
    event.RequestClosed.TYPE: ("Demande fermée", "Request closed"),
    event.RequestVoided.TYPE: ("Fiche annulée", "Record voided"),
    event.RequestReopened.TYPE: ("Demande rouverte", "Request reopened"),
    event.RequestAssigned.TYPE: ("Demande confiée à une personne", "Request assigned"),
    event.RequestAttached.TYPE: ("Fichier joint", "File attached"),
    event.RequestDescribed.TYPE: ("Description publique", "Public description"),
    event.PersonalDataCorrected.TYPE: ("Renseignements rectifiés", "Information corrected"),
    event.RequestRated.TYPE: ("Satisfaction", "Satisfaction"),
    event.InteractionRecorded.TYPE: ("Échange", "Contact"),
    event.ExchangeAbusive.TYPE: ("Échange signalé comme abusif", "Contact marked as abusive"),
    event.LetterWritten.TYPE: ("Lettre rédigée", "Letter written"),
    event.LetterSent.TYPE: ("Lettre envoyée", "Letter sent"),
    event.LetterFailed.TYPE: ("Lettre non remise", "Letter not delivered"),
    event.LearningRecorded.TYPE: ("Apprentissage consigné", "Learning recorded"),
    event.RequestRouted.TYPE: ("Confiée à un service", "Given to a department"),
    event.ObligationSet.TYPE: ("Échéance fixée", "Due date set"),
    event.ObligationMet.TYPE: ("Engagement tenu", "Obligation met"),
    event.ObligationWarned.TYPE: ("Échéance proche", "Due date near"),
    event.ObligationMissed.TYPE: ("Échéance dépassée", "Due date missed"),
    event.ObligationLifted.TYPE: ("Échéance levée", "Obligation lifted"),
    event.RequestAdmitted.TYPE: ("Demande jugée recevable", "Request found admissible"),
    event.RequestHandedOver.TYPE: ("Travail confié à un autre organisme", "Work handed to another body"),
    event.RequestHandedBack.TYPE: ("Retour de l’autre organisme", "Other body is done"),
    event.AccessClassified.TYPE: ("Nature de la demande d’accès", "Nature of the access request"),
    event.ThirdPartyIdentified.TYPE: ("Tiers concerné", "Third party concerned"),
    event.ThirdPartyNotified.TYPE: ("Tiers avisé", "Third party notified"),
    event.ThirdPartyAnswered.TYPE: ("Réponse du tiers", "Answer of the third party"),
    event.ReviewRequested.TYPE: ("Révision demandée", "Review requested"),
    event.ReviewDecided.TYPE: ("Révision terminée", "Review ended"),
    event.ObligationPaused.TYPE: ("Délai suspendu", "Delay paused"),
    event.ObligationRecounted.TYPE: ("Échéance recalculée", "Due date counted anew"),
    event.ObligationEscalated.TYPE: ("Retard signalé plus haut", "Delay escalated"),
    event.ObligationLapsed.TYPE: ("Délai écoulé sans suite", "Delay lapsed"),
    event.AccessDeemedRefused.TYPE: ("Réputée refusée (silence)", "Deemed refused (silence)"),
}
_FIELDS: dict[str, tuple[str, str]] = {
    "name": ("Nom", "Name"),
    "email": ("Courriel", "E-mail"),
    "phone": ("Téléphone", "Telephone"),
    "address": ("Adresse", "Address"),
    "latitude": ("Latitude", "Latitude"),
    "longitude": ("Longitude", "Longitude"),
    "text": ("Texte", "Text"),
    "to": ("Destinataire", "To"),
    "subject": ("Objet", "Subject"),
}
_GROUPS = {"requester", "place", "attributes"}
_UNTOLD = {"html"}
"""Of a letter: the same words again, as mail programs set them."""


def fact_words(type_: str, language: Language) -> str:
    """What a fact is called; its wire type where it has no words yet."""
    return _words(_FACTS, type_, language)


def content_lines(content: Mapping[str, Any], language: Language) -> Iterator[tuple[str, str]]:
    """What was sealed, as pairs of a label and a text."""
    for name, value in content.items():
        if name in _GROUPS and isinstance(value, Mapping):
            yield from content_lines(value, language)
        elif name not in _UNTOLD and value not in (None, ""):
            yield _words(_FIELDS, name, language), str(value)


def _words(table: Mapping[str, tuple[str, str]], key: str, language: Language) -> str:
    french, english = table.get(key, (key, key))
    return english if language is Language.EN else french

"""What codes are called in French: those of CLIC here, those of a town by its folder."""

from __future__ import annotations

from clic_contracts.town import Town
from clic_contracts.vocabulary import Channel, Kind, ObligationKind

from .figure import NONE
from .french import apostrophes

KINDS: dict[str, str] = {
    Kind.REQUEST: "Requêtes",
    Kind.REPORT: "Signalements",
    Kind.COMPLAINT: "Plaintes",
    Kind.COMMENT: "Commentaires",
    Kind.SUGGESTION: "Suggestions",
    Kind.ACCESS_TO_INFORMATION: "Demandes d’accès à l’information",
}
STATUSES: dict[str, str] = {
    "closed": "Fermées",
    "refused": "Refusées (non admissibles)",
    "withdrawn": "Retirées par la personne",
    "voided": "Annulées (saisies par erreur)",
    "open": "En traitement",
    "reopened": "Rouvertes",
}
CHANNELS: dict[str, str] = {
    Channel.PHONE: "Téléphone",
    Channel.VOICEMAIL: "Boîte vocale",
    Channel.EMAIL: "Courriel",
    Channel.MESSENGER: "Messenger",
    Channel.SOCIAL_MEDIA: "Médias sociaux",
    Channel.COUNTER: "Visite au comptoir",
    Channel.LETTER: "Courrier",
    Channel.FAX: "Télécopieur",
    Channel.WEB_FORM: "Formulaire Web",
    Channel.MOBILE_APP: "Application mobile",
    Channel.COUNCIL: "Séance du conseil",
    Channel.ELECTED_OFFICIAL: "Personne élue",
    Channel.UNKNOWN: "Non précisé",
}
OBLIGATIONS: dict[str, str] = {
    ObligationKind.ACKNOWLEDGE: "Accuser réception",
    ObligationKind.ANSWER: "Répondre",
    ObligationKind.PROMISE: "Respecter la date convenue",
    ObligationKind.DECIDE_ACCESS: "Décider d’une demande d’accès",
}
NO_DEPARTMENT = "Pas encore dirigées"
NO_SUBJECT = "Sujet non prévu"


class Labels:
    """The names of a town's departments and subjects. A code that the town no longer has stands for itself."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self.town = apostrophes(town.name.fr)
        self.desk = apostrophes(town.desk.fr)

    def department(self, code: str) -> str:
        """A department's name."""
        found = self._town.department_by_code.get(code)
        return apostrophes(found.name.fr) if found else NO_DEPARTMENT if code == NONE else code

    def subject(self, code: str) -> str:
        """A subject's name."""
        found = self._town.subject_by_code.get(code)
        return apostrophes(found.name.fr) if found else NO_SUBJECT if code == NONE else code


def label(names: dict[str, str], code: str) -> str:
    """A code's name; one that a newer release wrote stands for itself."""
    return names.get(code, code)

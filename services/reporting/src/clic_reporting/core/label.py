"""What codes are called in French and in English: those of CLIC here, those of a town by its folder."""

from __future__ import annotations

from collections.abc import Mapping

from clic_contracts.town import Town
from clic_contracts.town_text import Names
from clic_contracts.vocabulary import Channel, Kind, Language, ObligationKind

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
    ObligationKind.JUDGE: "Juger de la recevabilité",
    ObligationKind.OUTSIDE_WORK: "Suivre le travail confié ailleurs",
    ObligationKind.NOTIFY_THIRD_PARTY: "Aviser un tiers",
    ObligationKind.THIRD_PARTY_RESPONSE: "Réponse d’un tiers",
    ObligationKind.REVIEW_WINDOW: "Délai pour demander une révision",
    ObligationKind.CITIZEN_REPLY: "Réponse du citoyen",
}
KINDS_EN: dict[str, str] = {
    Kind.REQUEST: "Requests",
    Kind.REPORT: "Reports",
    Kind.COMPLAINT: "Complaints",
    Kind.COMMENT: "Comments",
    Kind.SUGGESTION: "Suggestions",
    Kind.ACCESS_TO_INFORMATION: "Access to information requests",
}
STATUSES_EN: dict[str, str] = {
    "closed": "Closed",
    "refused": "Refused (not admissible)",
    "withdrawn": "Withdrawn by the person",
    "voided": "Voided (entered by mistake)",
    "open": "In progress",
    "reopened": "Reopened",
}
CHANNELS_EN: dict[str, str] = {
    Channel.PHONE: "Telephone",
    Channel.VOICEMAIL: "Voice mail",
    Channel.EMAIL: "Email",
    Channel.MESSENGER: "Messenger",
    Channel.SOCIAL_MEDIA: "Social media",
    Channel.COUNTER: "Visit to the counter",
    Channel.LETTER: "Letter",
    Channel.FAX: "Fax",
    Channel.WEB_FORM: "Web form",
    Channel.MOBILE_APP: "Mobile app",
    Channel.COUNCIL: "Council meeting",
    Channel.ELECTED_OFFICIAL: "Elected official",
    Channel.UNKNOWN: "Not stated",
}
OBLIGATIONS_EN: dict[str, str] = {
    ObligationKind.ACKNOWLEDGE: "Acknowledge receipt",
    ObligationKind.ANSWER: "Answer",
    ObligationKind.PROMISE: "Keep an agreed date",
    ObligationKind.DECIDE_ACCESS: "Decide on an access request",
    ObligationKind.JUDGE: "Judge whether it is admissible",
    ObligationKind.OUTSIDE_WORK: "Follow up work done elsewhere",
    ObligationKind.NOTIFY_THIRD_PARTY: "Notify a third party",
    ObligationKind.THIRD_PARTY_RESPONSE: "Answer of a third party",
    ObligationKind.REVIEW_WINDOW: "Time to ask for a review",
    ObligationKind.CITIZEN_REPLY: "Answer of the citizen",
}
MEASURES = {"acknowledged": "Accusé de réception", "answered": "Réponse", "treated": "Traitement"}
MEASURES_EN = {"acknowledged": "Acknowledgement", "answered": "Answer", "treated": "Treatment"}
AGE_NAMES = {
    "m0": "Dernier mois de la période",
    "m1_2": "1 ou 2 mois plus tôt",
    "m3_5": "3 à 5 mois plus tôt",
    "m6_11": "6 à 11 mois plus tôt",
    "m12": "12 mois plus tôt ou davantage",
}
AGE_NAMES_EN = {
    "m0": "Last month of the period",
    "m1_2": "1 or 2 months earlier",
    "m3_5": "3 to 5 months earlier",
    "m6_11": "6 to 11 months earlier",
    "m12": "12 months earlier or more",
}
NO_DEPARTMENT = "Pas encore dirigées"
NO_SUBJECT = "Sujet non prévu"
NO_DEPARTMENT_EN = "Not routed yet"
NO_SUBJECT_EN = "No foreseen subject"


class Labels:
    """The names of a town's departments and subjects. A code that the town no longer has stands for itself."""

    def __init__(self, town: Town, language: Language = Language.FR) -> None:
        self._town = town
        self.language = language
        english = language is Language.EN
        self.kinds, self.statuses, self.channels, self.obligations, self.measures, self.ages = (
            (KINDS_EN, STATUSES_EN, CHANNELS_EN, OBLIGATIONS_EN, MEASURES_EN, AGE_NAMES_EN)
            if english
            else (KINDS, STATUSES, CHANNELS, OBLIGATIONS, MEASURES, AGE_NAMES)
        )
        self.no_department = NO_DEPARTMENT_EN if english else NO_DEPARTMENT
        self.no_subject = NO_SUBJECT_EN if english else NO_SUBJECT
        self.town = self._named(town.name)
        self.desk = self._named(town.desk)

    def _named(self, name: Names) -> str:
        return apostrophes(name.en if self.language is Language.EN else name.fr)

    def department(self, code: str) -> str:
        """A department's name."""
        found = self._town.department_by_code.get(code)
        return self._named(found.name) if found else self.no_department if code == NONE else code

    def subject(self, code: str) -> str:
        """A subject's name."""
        found = self._town.subject_by_code.get(code)
        return self._named(found.name) if found else self.no_subject if code == NONE else code


def label(names: Mapping[str, str], code: str) -> str:
    """A code's name; one that a newer release wrote stands for itself."""
    return names.get(code, code)

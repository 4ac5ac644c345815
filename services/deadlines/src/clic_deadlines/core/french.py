"""What departments read in French: dates, numbers with their noun, and what each obligation is called.

Rules of the Office québécois de la langue française: « 1er » for the first of a month, an unbreakable space between
the parts of a date and of an hour, and before the colon.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from clic_contracts.vocabulary import Escalation, Kind, ObligationKind

NBSP = "\u00a0"
_DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
_MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin",
    "juillet", "août", "septembre", "octobre", "novembre", "décembre",
)  # fmt: skip

TO_DO: Mapping[ObligationKind, str] = {
    ObligationKind.ACKNOWLEDGE: "Accuser réception",
    ObligationKind.ANSWER: "Répondre",
    ObligationKind.PROMISE: "Respecter la date convenue",
    ObligationKind.DECIDE_ACCESS: "Décider de la demande d’accès",
    ObligationKind.JUDGE: "Juger de la recevabilité",
    ObligationKind.OUTSIDE_WORK: "Suivre le travail confié ailleurs",
    ObligationKind.NOTIFY_THIRD_PARTY: "Aviser un tiers",
    ObligationKind.THIRD_PARTY_RESPONSE: "Réponse d’un tiers",
    ObligationKind.REVIEW_WINDOW: "Délai pour demander une révision",
    ObligationKind.CITIZEN_REPLY: "Réponse du citoyen",
}
"""What somebody has to do; of a delay that is somebody else's, what is waited for."""

KINDS: Mapping[Kind, str] = {
    Kind.REQUEST: "Requête",
    Kind.REPORT: "Signalement",
    Kind.COMPLAINT: "Plainte",
    Kind.COMMENT: "Commentaire",
    Kind.SUGGESTION: "Suggestion",
    Kind.ACCESS_TO_INFORMATION: "Demande d’accès",
}
TOLD: Mapping[Escalation, str] = {
    Escalation.PERSON: "la personne responsable",
    Escalation.HEAD: "la direction du service",
    Escalation.GENERAL_MANAGEMENT: "la Direction générale",
}
"""Who was told of a delay that is not kept."""


def day(value: dt.date) -> str:
    """« 1er avril »."""
    return f"{'1er' if value.day == 1 else value.day}{NBSP}{_MONTHS[value.month - 1]}"


def weekday(value: dt.date) -> str:
    """« jeudi 26 novembre »."""
    return f"{_DAYS[value.weekday()]} {day(value)}"


def full_day(value: dt.date) -> str:
    """« jeudi 26 novembre 2026 »."""
    return f"{weekday(value)}{NBSP}{value.year}"


def clock(value: dt.time) -> str:
    """« 9 h 05 », « 16 h »."""
    minutes = f"{NBSP}{value.minute:02d}" if value.minute else ""
    return f"{value.hour}{NBSP}h{minutes}"


def counted(value: int, one: str, many: str) -> str:
    """A number with its noun, which is singular below two, as French has it: « 0 demande », « 2 demandes »."""
    return f"{value}{NBSP}{many if value > 1 else one}"

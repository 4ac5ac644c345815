"""What the register's closed lists are called, French first."""

from __future__ import annotations

from clic_contracts.vocabulary import AccessNature, ReviewOutcome
from clic_intake.core.access_register import DelayClass, Outcome

Both = tuple[str, str]

NATURES: dict[AccessNature, Both] = {
    AccessNature.ADMINISTRATIVE_DOCUMENTS: ("Documents administratifs", "Administrative documents"),
    AccessNature.PERSONAL_INFORMATION: ("Renseignements personnels", "Personal information"),
    AccessNature.RECTIFICATION: ("Rectification", "Rectification"),
}
NO_NATURE: Both = ("Nature à préciser", "Nature not given yet")
DELAYS: dict[DelayClass, Both] = {
    DelayClass.LAW: ("De 0 à 20 jours", "0 to 20 days"),
    DelayClass.EXTENDED: ("De 21 à 30 jours", "21 to 30 days"),
    DelayClass.LONGER: ("31 jours et plus", "31 days and more"),
}
OUTCOMES: dict[Outcome, Both] = {
    Outcome.GRANTED: ("Acceptée", "Granted"),
    Outcome.PARTIAL: ("Partiellement acceptée", "Granted in part"),
    Outcome.REFUSED: ("Refusée", "Refused"),
    Outcome.NO_DOCUMENT: ("Aucun document détenu", "No document held"),
    Outcome.OTHER_BODY: ("Autre organisme (art. 48)", "Other body (s. 48)"),
    Outcome.UNSPECIFIED: ("Décidée, résultat non consigné", "Decided, outcome not recorded"),
    Outcome.NOT_ADMISSIBLE: ("Non recevable", "Not admissible"),
    Outcome.WITHDRAWN: ("Retirée", "Withdrawn"),
    Outcome.DEEMED_REFUSED: ("Réputée refusée, sans réponse (art. 52)", "Deemed refused, unanswered (s. 52)"),
    Outcome.PENDING: ("En cours", "Pending"),
}
REVIEWS: dict[ReviewOutcome, Both] = {
    ReviewOutcome.UPHELD: ("Décision de la Ville maintenue", "Town’s decision upheld"),
    ReviewOutcome.REVERSED: ("Décision de la Ville infirmée", "Town’s decision reversed"),
    ReviewOutcome.PARTLY_REVERSED: ("Décision infirmée en partie", "Decision reversed in part"),
    ReviewOutcome.SETTLED: ("Entente entre les parties", "Settled by agreement"),
    ReviewOutcome.WITHDRAWN: ("Demande de révision retirée", "Review withdrawn"),
}
REVIEW_PENDING: Both = ("Pas encore décidée", "Not decided yet")
UNREADABLE_PROVISION: Both = ("Autre disposition (voir le dossier)", "Other provision (see the file)")

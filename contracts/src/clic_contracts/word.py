"""What the types that others send and hear are called, and what they say, for people, in both languages."""

from __future__ import annotations

from dataclasses import dataclass

from .problem import Wording


@dataclass(frozen=True, slots=True)
class Word:
    """A type's name, and what it says in a sentence."""

    name: Wording
    says: Wording


def _word(fr: str, en: str, says_fr: str, says_en: str) -> Word:
    return Word(Wording(fr=fr, en=en), Wording(fr=says_fr, en=says_en))


SUBMISSION_WORDS: dict[str, Word] = {
    "submission.request.v1": _word(
        "Demande",
        "Request",
        "Une personne a adressé à la Ville une demande, un signalement, une plainte, un commentaire ou une suggestion.",
        "Somebody addressed a request, report, complaint, comment or suggestion to the town.",
    ),
    "submission.interaction.v1": _word(
        "Contact",
        "Interaction",
        "Un contact qui n’ouvre pas de demande, ou qui en suit une.",
        "A contact that opens no request, or follows one up.",
    ),
    "submission.acknowledgement.v1": _word(
        "Accusé de réception",
        "Acknowledgement",
        "Vous avez dit à la personne que sa demande est inscrite.",
        "You told the citizen that the request is registered.",
    ),
    "submission.completion.v1": _word(
        "Complément",
        "Completion",
        "Ce qui manquait à une demande.",
        "What was missing from a request.",
    ),
    "submission.progress.v1": _word(
        "Suivi",
        "Progress",
        "Une note de qui fait le travail, ou une date convenue avec la personne.",
        "A note from whoever does the work, or a date agreed with the citizen.",
    ),
    "submission.outcome.v1": _word(
        "Issue",
        "Outcome",
        "Comment une demande s’est terminée, selon qui l’a traitée.",
        "How a request ended, from whoever treated it.",
    ),
}

FEED_WORDS: dict[str, Word] = {
    "request.received.v1": _word(
        "Reçue", "Received", "Une demande est inscrite au bureau.", "A request is registered at the desk."
    ),
    "request.incomplete.v1": _word(
        "Incomplète",
        "Incomplete",
        "Il manque quelque chose à une demande ; la personne en a été informée.",
        "Something is missing from a request, and was asked for.",
    ),
    "request.completed.v1": _word(
        "Complétée", "Completed", "Ce qui manquait a été fourni.", "What was missing was given."
    ),
    "request.refused.v1": _word(
        "Refusée",
        "Refused",
        "Une demande n’est pas recevable : selon quel critère, et où s’adresser.",
        "A request is not admissible, on which criterion, and where to turn.",
    ),
    "request.acknowledged.v1": _word(
        "Accusée",
        "Acknowledged",
        "La personne a été informée que sa demande est inscrite.",
        "The citizen was told that the request is registered.",
    ),
    "request.merged.v1": _word(
        "Jointe",
        "Merged",
        "Un doublon a été joint à une autre demande, qui vaut pour les deux.",
        "A duplicate was joined to another request, which goes on for both.",
    ),
    "request.split.v1": _word(
        "Scindée",
        "Split",
        "Un contact contenait plusieurs demandes ; celle-ci se poursuit à côté des nouvelles.",
        "One contact turned out to be several requests; this one goes on beside the new ones.",
    ),
    "request.promised.v1": _word(
        "Date convenue", "Promised", "Une date a été convenue avec la personne.", "A date was agreed with the citizen."
    ),
    "request.extended.v1": _word(
        "Prolongée",
        "Extended",
        "Le délai de réponse est prolongé, une seule fois.",
        "The delay to answer is extended, once.",
    ),
    "request.answered.v1": _word(
        "Répondue", "Answered", "La personne a reçu une réponse.", "The citizen was answered."
    ),
    "request.closed.v1": _word(
        "Close", "Closed", "Le bureau en a terminé avec une demande.", "The desk is done with a request."
    ),
    "request.voided.v1": _word(
        "Annulée",
        "Voided",
        "L’inscription n’était pas une demande : elle avait été saisie par erreur.",
        "A record proved to be no request: it was entered by mistake.",
    ),
    "request.reopened.v1": _word(
        "Rouverte", "Reopened", "Une demande close ou refusée se poursuit.", "A closed or refused request goes on."
    ),
    "request.rated.v1": _word(
        "Évaluée",
        "Rated",
        "La personne a dit à quel point elle est satisfaite.",
        "The citizen said how satisfied they are.",
    ),
    "request.erased.v1": _word(
        "Effacée",
        "Erased",
        "Les renseignements personnels ne peuvent plus être lus ; les faits demeurent.",
        "Personal data can no longer be read; the facts stay.",
    ),
    "interaction.recorded.v1": _word(
        "Contact consigné",
        "Interaction recorded",
        "Un contact qui n’a pas ouvert de demande.",
        "A contact that opened no request.",
    ),
    "learning.published.v1": _word(
        "Leçon publiée",
        "Learning published",
        "Ce que les échanges ont appris, relu et approuvé.",
        "What exchanges taught, reviewed and signed off.",
    ),
    "learning.withdrawn.v1": _word(
        "Leçon retirée",
        "Learning withdrawn",
        "Une leçon publiée n’est plus affichée.",
        "A published learning is shown no more.",
    ),
    "request.routed.v1": _word(
        "Confiée",
        "Routed",
        "Une demande a été confiée au service qui y répondra.",
        "A request was given to the department that will answer it.",
    ),
    "request.described.v1": _word(
        "Décrite",
        "Described",
        "Ce que la Ville publie d’une demande : ses mots relus, jamais ceux de la personne.",
        "What the town publishes of a request: reviewed words, never the citizen's own.",
    ),
    "request.admitted.v1": _word(
        "Admise", "Admitted", "Une personne a jugé la demande recevable.", "A person judged the request admissible."
    ),
    "request.handed_over.v1": _word(
        "Transmise",
        "Handed over",
        "Un organisme externe fait une partie du travail.",
        "An outside body does part of the work.",
    ),
    "request.handed_back.v1": _word(
        "Rendue",
        "Handed back",
        "Le travail d’un organisme externe est terminé, ou a été rendu.",
        "An outside body's work is done, or was given back.",
    ),
}

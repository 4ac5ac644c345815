"""Why something was not done, for the agent who asked for it."""

from __future__ import annotations

from clic_chassis.error import NotFoundError, RefusedError
from clic_intake.core.learning import FindingError
from clic_intake.web import Words

from .label import Both

REASON_LEAST = 3
"""Characters of a reason for opening what is sealed."""
REASON_MOST = 500
SAY_WHY: Both = ("Dites pourquoi, en quelques mots : c'est noté.", "Say why in a few words: it is recorded.")
_SAID: dict[str, Both] = {
    "not_answered": (
        "La personne n'a pas encore eu sa réponse : répondez d'abord, puis fermez (POL-27).",
        "The citizen was not answered yet: answer first, then close (POL-27).",
    ),
    "not_now": (
        "La demande n'en est pas là : ce n'est pas possible maintenant.",
        "The request is not at that point: this is not possible now.",
    ),
    "access_decision": (
        (
            "Une décision sur l'accès dit son résultat. Un refus, même partiel, cite la disposition et l'explique "
            "(A-2.1, art. 50 et 51) ; si un autre organisme détient le document, nommez-le (art. 48) ; rien n'est "
            "donné tant qu'un tiers avisé peut encore répondre (art. 49)."
        ),
        (
            "A decision on access says its outcome. A refusal, also in part, cites the provision and explains it "
            "(A-2.1, s. 50 and 51); where another body holds the document, name it (s. 48); nothing is given while a "
            "third party who was notified may still answer (s. 49)."
        ),
    ),
    "extension": (
        (
            "Le délai ne peut pas être prolongé ainsi : une seule fois, avant sa fin ; pour l'accès dans les vingt "
            "premiers jours (A-2.1, art. 47), pour une plainte avec son motif."
        ),
        (
            "The delay cannot be extended like this: once, before it ends; access within the first twenty days "
            "(A-2.1, s. 47), a complaint with its reason."
        ),
    ),
    "not_access": (
        "Ce n'est pas une demande d'accès à l'information.",
        "This is no access to information request.",
    ),
    "third_party": (
        (
            "Un tiers est d'abord désigné, puis avisé, puis entendu une fois, dans ses vingt jours (A-2.1, art. 25 "
            "et 49) : vérifiez lequel, et quand."
        ),
        (
            "A third party is identified, then notified, then heard once, within their twenty days (A-2.1, s. 25 and "
            "49): check which, and when."
        ),
    ),
    "review": (
        (
            "La Commission révise une décision, ou le silence après l'échéance, d'une demande faite par écrit (A-2.1, "
            "art. 52 et 135) : vérifiez la date, et si une révision est en cours."
        ),
        (
            "The Commission reviews a decision, or silence after the limit, of a request made in writing (A-2.1, s. 52 "
            "and 135): check the date, and whether a review is under way."
        ),
    ),
    "admission": (
        "Elle ne se juge pas ainsi : une demande d'accès se décide, et les critères sont ceux des plaintes.",
        "It is not judged like this: an access request is decided, and the criteria are for complaints.",
    ),
    "handing": (
        (
            "Le travail ne peut pas être confié ou rendu ainsi : à un organisme à la fois, pour un jour à venir, "
            "jamais ce qui est confidentiel."
        ),
        "Work cannot be given or taken back like this: to one body at a time, for a day to come, nothing confidential.",
    ),
    "reopening": (
        "Elle est fermée depuis trop longtemps pour être rouverte : inscrivez une nouvelle demande qui la nomme.",
        "It was closed too long ago to be reopened: register a new request that names it.",
    ),
    "promise": ("Cette date est déjà passée.", "This date has passed."),
    "before_reception": (
        "C'est avant la réception de la demande : corrigez la date.",
        "This is before the request was received: correct the date.",
    ),
    "judgement": (
        "La demande ne peut pas être jugée ainsi : vérifiez le critère.",
        "The request may not be judged like this: check the criterion.",
    ),
    "merge": (
        "Ces deux demandes ne peuvent pas être réunies : l'autre doit être en cours et de même nature.",
        "These two cannot be joined: the other must be pending and of the same nature.",
    ),
    "abuse": ("Dites ce qui a été dit ou fait.", "Say what was said or done."),
    "taken": (
        "Quelqu'un d'autre l'a prise en charge : demandez-lui de la rendre, ou confiez-la par son nom.",
        "Somebody else has it: ask them to give it back, or assign it by name.",
    ),
    "other_content": (
        "Ce formulaire a déjà servi : ouvrez-le de nouveau.",
        "This form was used already: open it again.",
    ),
    "letter_under_way": (
        "Une réponse est déjà en route : attendez qu'elle soit partie.",
        "An answer is on its way already: wait until it has gone out.",
    ),
    "letter_settled": ("Cette lettre est déjà réglée.", "This letter is settled already."),
    "address": (
        "Aucune adresse courriel n'est connue : répondez de vive voix, puis notez-le.",
        "No e-mail address is known: answer by voice, then record it.",
    ),
    "split": (
        "L'autre demande ne convient pas : vérifiez sa nature et son sujet.",
        "The other request does not fit: check its kind and subject.",
    ),
    "unfit_file": (
        (
            "Ce fichier ne peut pas être joint : une image, un PDF, un texte ou un document de bureau, de 10 Mo au "
            "plus, et 10 fichiers par demande."
        ),
        (
            "This file cannot be attached: a picture, a PDF, a text or an office document, of 10 MB at most, and 10 "
            "files a request."
        ),
    ),
    "key_lost": (
        "La clé de ces renseignements est perdue : on ne peut plus les lire. Demandez-les de nouveau à la personne.",
        "The key of this data is lost: it cannot be read any more. Ask the citizen again.",
    ),
    "erased": (
        "Les renseignements personnels de cette demande ont été effacés.",
        "The personal data of this request was erased.",
    ),
}
_MISSING: Both = (
    "Cette demande n'existe pas, ou elle ne vous est pas ouverte.",
    "There is no such request, or it is not open to you.",
)
_OTHER: Both = ("Une règle de la Ville ne le permet pas.", "A rule of the town does not allow it.")


def is_reason(text: str) -> bool:
    """Whether somebody says why they open what is sealed (POL-30)."""
    return REASON_LEAST <= len(text) <= REASON_MOST


def why(t: Words, error: RefusedError) -> str:
    """A refusal in the language of the page."""
    if isinstance(error, FindingError):
        return _found(t, error)
    if isinstance(error, NotFoundError):
        return t(*_MISSING)
    return t(*_SAID.get(error.code, _OTHER))


def _found(t: Words, error: FindingError) -> str:
    """Which passages tell who somebody is (POL-38)."""
    excerpts = ", ".join(t(f"« {each.excerpt} »", f"“{each.excerpt}”") for each in error.findings)
    if all(each.confirmable for each in error.findings):
        return t(
            f"Ces passages pourraient identifier quelqu'un : {excerpts}. Changez-les, ou confirmez que vous les avez "
            "relus.",
            f"These passages may tell who somebody is: {excerpts}. Change them, or confirm that you looked at them.",
        )
    return t(
        f"Ces passages identifient quelqu'un et ne peuvent pas être publiés : {excerpts}. Retirez-les.",
        f"These passages tell who somebody is and cannot be published: {excerpts}. Take them out.",
    )

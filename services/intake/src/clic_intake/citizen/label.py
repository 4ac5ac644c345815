"""What things are called on the citizens' pages, French first."""

from __future__ import annotations

from clic_contracts.vocabulary import Channel, Kind, LetterKind, Missing
from clic_intake.core.tracking import Stage

Both = tuple[str, str]

KINDS: dict[Kind, tuple[Both, Both]] = {
    Kind.REPORT: (
        ("Signaler un problème", "Report a problem"),
        ("Un nid-de-poule, un lampadaire éteint, une fuite d'eau…", "A pothole, a street light, a water leak…"),
    ),
    Kind.REQUEST: (
        ("Demander un service ou un renseignement", "Ask for a service or information"),
        ("Une inscription, un permis, une question…", "A registration, a permit, a question…"),
    ),
    Kind.COMPLAINT: (
        ("Porter plainte", "Make a complaint"),
        (
            "Une insatisfaction qui se répète, à l'égard d'un service ou de votre milieu de vie",
            "A repeated dissatisfaction with a service or your surroundings",
        ),
    ),
    Kind.COMMENT: (("Faire un commentaire", "Make a comment"), ("Bon ou moins bon, il sera lu", "It will be read")),
    Kind.SUGGESTION: (
        ("Proposer une idée", "Make a suggestion"),
        ("Pour améliorer la vie ici", "To improve life here"),
    ),
    Kind.ACCESS_TO_INFORMATION: (
        ("Demander l'accès à un document", "Ask for access to a document"),
        (
            "Par la Loi sur l'accès aux documents des organismes publics",
            "Under the Act respecting access to documents held by public bodies",
        ),
    ),
}
"""In the order of the form; what each is, and by which examples one knows it. Source: POL-01 to POL-04."""

KIND_NAMES: dict[Kind, Both] = {
    Kind.REPORT: ("Signalement", "Report"),
    Kind.REQUEST: ("Demande", "Request"),
    Kind.COMPLAINT: ("Plainte", "Complaint"),
    Kind.COMMENT: ("Commentaire", "Comment"),
    Kind.SUGGESTION: ("Suggestion", "Suggestion"),
    Kind.ACCESS_TO_INFORMATION: ("Demande d'accès à l'information", "Access to information request"),
}

CRITERIA: dict[str, Both] = {
    "about_town": (
        "Elle vise la Ville, un de ses services ou une de ses infrastructures",
        "It is about the town, one of its departments or infrastructures",
    ),
    "repeated": ("L'insatisfaction s'est répétée", "The dissatisfaction is repeated"),
    "steps_taken": (
        "J'en ai déjà parlé au CLIC ou au service concerné",
        "I have already told the desk or the department concerned",
    ),
    "facts_documented": ("Elle repose sur des faits que j'ai constatés", "It rests on facts that I witnessed"),
    "not_before_courts": (
        "Il n'y a ni mise en demeure ni démarche devant les tribunaux",
        "There is no formal notice and nothing before the courts",
    ),
    "within_one_year": ("Les faits datent de moins d'un an", "The facts are less than a year old"),
}
"""Criteria of the Direction générale's form (POL-12); a town's further ones are shown by their code."""

STAGES: dict[Stage, Both] = {
    Stage.RECEIVED: ("Demande reçue", "Request received"),
    Stage.ACKNOWLEDGED: ("Accusé de réception donné", "Receipt acknowledged"),
    Stage.ROUTED: ("Transmise au service qui répond", "Sent to the department that answers"),
    Stage.REOPENED: ("Demande rouverte", "Request reopened"),
    Stage.WAITING: ("Nous attendons votre réponse", "We are waiting for your reply"),
    Stage.TREATED: ("En traitement", "Being treated"),
    Stage.ANSWERED: ("Réponse", "Answer"),
    Stage.REFUSED: ("Demande non retenue", "Request not admissible"),
    Stage.WITHDRAWN: ("Demande retirée, comme vous l'avez voulu", "Request withdrawn, as you wished"),
    Stage.MERGED: (
        "Jointe à une autre demande sur le même sujet, qui se poursuit pour les deux",
        "Joined to another request about the same matter, which goes on for both",
    ),
    Stage.VOIDED: ("Inscription annulée : il n'y avait pas de demande", "Record voided: there was no request"),
    Stage.CLOSED: ("Demande fermée", "Request closed"),
}

LETTERS: dict[LetterKind, Both] = {
    LetterKind.ACKNOWLEDGEMENT: ("Accusé de réception", "Acknowledgement of receipt"),
    LetterKind.MISSING: ("Demande de précisions", "Request for details"),
    LetterKind.REFUSAL: ("Avis de non-recevabilité", "Notice that it is not admissible"),
    LetterKind.TRANSFER: ("Avis de transfert", "Notice of transfer"),
    LetterKind.ANSWER: ("Réponse", "Answer"),
    LetterKind.CLOSING: ("Avis de fermeture", "Notice of closing"),
    LetterKind.MERGED: ("Avis de regroupement", "Notice of joining"),
    LetterKind.REOPENED: ("Avis de réouverture", "Notice of reopening"),
    LetterKind.EXTENSION: ("Avis de prolongation", "Notice of extension"),
    LetterKind.REMINDER: ("Rappel", "Reminder"),
}

CHANNELS: dict[Channel, Both] = {
    Channel.EMAIL: ("par courriel", "by e-mail"),
    Channel.LETTER: ("par la poste", "by mail"),
    Channel.PHONE: ("par téléphone", "by telephone"),
}
"""By which a letter goes; by others nothing is said."""

MISSING: dict[Missing, Both] = {
    Missing.NAME: ("votre nom", "your name"),
    Missing.CONTACT: ("une adresse courriel ou un numéro de téléphone", "an e-mail address or a telephone number"),
    Missing.PRECISION: ("des précisions sur votre demande", "more details about your request"),
}

SECTORS: dict[str, Both] = {
    "centre": ("Centre-ville", "Town centre"),
    "gare": ("Secteur de la gare", "Station area"),
    "montagne": ("Montagne", "Mountain"),
    "plateau": ("Plateau", "Plateau"),
    "riviere": ("Bord de la rivière", "Riverside"),
    "vergers": ("Vergers", "Orchards"),
}
"""Names of sectors; of one that is not here, its code (the town's file has no names for them)."""

SCORES: tuple[tuple[str, Both], ...] = (
    ("5", ("Tout à fait", "Entirely")),
    ("4", ("Plutôt", "Mostly")),
    ("3", ("Plus ou moins", "More or less")),
    ("2", ("Peu", "Not much")),
    ("1", ("Pas du tout", "Not at all")),
)
"""How satisfied (POL-39)."""

DONE: dict[str, Both] = {
    "recue": (
        "Merci. Votre demande est enregistrée.",
        "Thank you. Your request is registered.",
    ),
    "fichier": (
        "Votre demande est enregistrée, sauf un fichier qui n'a pas pu y être joint. Ajoutez-en un autre plus bas.",
        "Your request is registered, but a file could not be added to it. You can add another below.",
    ),
    "refuse": (
        "Un fichier n'a pas pu être joint, pour son genre, sa taille ou le nombre. Le reste est ajouté.",
        "A file could not be added, for its kind, its size or the number. The rest is added.",
    ),
    "ajoutee": ("C'est ajouté à votre demande.", "It is added to your request."),
    "completee": ("Merci, c'est ajouté. Le traitement se poursuit.", "Thank you, it is added. Treatment goes on."),
    "retiree": ("Votre demande est retirée.", "Your request is withdrawn."),
    "rouverte": ("Votre demande est rouverte. Nous la reprenons.", "Your request is reopened. We take it up again."),
    "evaluee": ("Merci de votre avis.", "Thank you for your opinion."),
}
"""What was done, as the address of the page says; nothing of it is personal."""


def readable(code: str) -> Both:
    """A code that has no name, as words."""
    words = code.replace("_", " ").capitalize()
    return words, words

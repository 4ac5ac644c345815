"""A form for each command."""

from __future__ import annotations

from clic_contracts.event import (
    ExchangeAbusive,
    RequestAcknowledged,
    RequestAnswered,
    RequestAssigned,
    RequestClosed,
    RequestCompleted,
    RequestDescribed,
    RequestIncomplete,
    RequestMerged,
    RequestNoted,
    RequestPromised,
    RequestRated,
    RequestRefused,
    RequestReopened,
    RequestSplit,
    RequestVoided,
)
from clic_intake.api.command import (
    Acknowledge,
    Answer,
    Ask,
    Assign,
    CloseRequest,
    Complete,
    Describe,
    GiveBack,
    MarkAbusive,
    Merge,
    Note,
    Promise,
    Rate,
    RefuseRequest,
    Reopen,
    Take,
    UndoMerge,
    Void,
)
from clic_intake.api.letter import AnswerByLetter

from .access_catalogue import ACCESS_FORMS
from .form import ACCESS, CHANNEL, WHEN, Field, Form, SplitOff

FORMS: tuple[Form, ...] = (
    Form(
        Take,
        RequestAssigned,
        ("Prendre en charge", "Take it on"),
        ("La demande sera dans vos listes jusqu’à ce que vous la rendiez.", "It will be in your lists."),
        "who",
    ),
    Form(
        GiveBack,
        RequestAssigned,
        ("Rendre", "Give it back"),
        ("Une autre personne de votre service pourra la prendre.", "Somebody else of your department can take it."),
        "who",
    ),
    Form(
        Assign,
        RequestAssigned,
        ("Confier à quelqu’un", "Assign to somebody"),
        ("La personne la trouvera dans « Les miennes ».", "They will find it in their list."),
        "who",
        (
            Field(
                "to",
                "text",
                ("À qui", "To whom"),
                (
                    "Son identifiant, tel qu’il paraît dans l’histoire des demandes.",
                    "Their name as it stands in stories.",
                ),
                most=190,
            ),
        ),
    ),
    Form(
        AnswerByLetter,
        RequestAnswered,
        ("Répondre par courriel", "Answer by e-mail"),
        (
            "La lettre de la Ville entoure votre texte. La réponse est donnée quand le courriel est parti.",
            "The town's letter is around your text. It is answered once the e-mail has gone out.",
        ),
        "answer",
        (
            Field(
                "text",
                "area",
                ("Votre réponse", "Your answer"),
                ("Dans la langue de la personne.", "In the citizen's language."),
            ),
            Field("access_outcome", "radio", ("Décision", "Decision"), choices="outcome", kinds=ACCESS),
            Field(
                "body",
                "select",
                ("Organisme qui détient le document", "Body that holds the document"),
                ("Si un autre organisme le détient (A-2.1, art. 48).", "Where another body holds it (A-2.1, s. 48)."),
                required=False,
                choices="body",
                kinds=ACCESS,
            ),
            Field(
                "provisions",
                "area",
                ("Dispositions invoquées", "Provisions relied on"),
                (
                    "Une par ligne. Un refus, même en partie, les cite, et votre texte les explique (A-2.1, art. 50).",
                    "One a line. A refusal, also in part, cites them, and your text explains them (A-2.1, s. 50).",
                ),
                required=False,
                kinds=ACCESS,
                lines=True,
            ),
            Field(
                "closes",
                "tick",
                ("Fermer la demande dès que la réponse est partie", "Close the request once the answer has gone out"),
                required=False,
            ),
        ),
        own_path="letter",
    ),
    Form(
        Answer,
        RequestAnswered,
        ("Noter la réponse donnée", "Record the answer given"),
        (
            "Vous avez répondu de vive voix, au comptoir ou autrement : notez ce qui a été dit.",
            "You answered by telephone, at the counter or otherwise: record what was said.",
        ),
        "answer",
        (
            CHANNEL,
            Field("text", "area", ("Ce qui a été répondu", "What was answered"), required=False),
            Field(
                "answered_by",
                "select",
                ("Service qui répond", "Department that answers"),
                ("Laissez vide si c’est le service responsable.", "Leave empty if it is the one in charge."),
                required=False,
                choices="department",
            ),
            Field("access_outcome", "radio", ("Décision", "Decision"), choices="outcome", kinds=ACCESS),
            Field(
                "body",
                "select",
                ("Organisme qui détient le document", "Body that holds the document"),
                ("Si un autre organisme le détient (A-2.1, art. 48).", "Where another body holds it (A-2.1, s. 48)."),
                required=False,
                choices="body",
                kinds=ACCESS,
            ),
            Field(
                "provisions",
                "area",
                ("Dispositions invoquées", "Provisions relied on"),
                (
                    "Une par ligne. Obligatoires si l’accès est refusé, même en partie (A-2.1, art. 50).",
                    "One a line. Needed where access is refused, also in part (A-2.1, s. 50).",
                ),
                required=False,
                kinds=ACCESS,
                lines=True,
            ),
            WHEN,
        ),
    ),
    Form(
        Acknowledge,
        RequestAcknowledged,
        ("Noter l’accusé de réception", "Record the acknowledgement"),
        ("La personne sait que sa demande est enregistrée.", "The citizen knows that it is registered."),
        "answer",
        (CHANNEL, WHEN),
    ),
    Form(
        Ask,
        RequestIncomplete,
        ("Demander ce qui manque", "Ask for what is missing"),
        (
            (
                "Vous l’avez demandé à la personne. Le délai s’arrête jusqu’à sa réponse, sauf celui que la loi fixe "
                "pour l’accès."
            ),
            "You asked the citizen for it. The clock stops until they answer, but for the law's in matters of access.",
        ),
        "follow",
        (
            Field("missing", "checks", ("Ce qui manque", "What is missing"), choices="missing"),
            CHANNEL,
            WHEN,
        ),
    ),
    Form(
        Complete,
        RequestCompleted,
        ("Noter ce qui manquait", "Record what was missing"),
        ("Au moins un nom, un courriel, un téléphone ou un texte.", "At least a name, a contact or a text."),
        "follow",
        (
            Field("requester.name", "text", ("Nom", "Name"), required=False, most=200),
            Field("requester.email", "text", ("Courriel", "E-mail"), required=False, most=254),
            Field("requester.phone", "text", ("Téléphone", "Telephone"), required=False, most=40),
            Field("text", "area", ("Précisions", "Details"), required=False),
            WHEN,
        ),
    ),
    Form(
        Note,
        RequestNoted,
        ("Ajouter une note", "Add a note"),
        ("Elle est scellée\u00a0: qui l’ouvre le dit, et pourquoi.", "It is sealed: who opens it says why."),
        "follow",
        (Field("text", "area", ("Note", "Note")),),
    ),
    Form(
        Promise,
        RequestPromised,
        ("Convenir d’une date", "Agree on a date"),
        (
            "Cette date remplace le délai habituel, et la Ville la doit.",
            "It replaces the standard, and the town owes it.",
        ),
        "follow",
        (Field("due_on", "date", ("Date convenue", "Date agreed on")),),
    ),
    Form(
        Describe,
        RequestDescribed,
        ("Décrire pour le public", "Describe for the public"),
        (
            "Ces mots sont publiés. Ils ne disent rien de personne : ni nom, ni coordonnées, ni adresse exacte.",
            "These words are published. They tell of nobody: no name, no contact, no exact address.",
        ),
        "follow",
        (
            Field(
                "public_text",
                "area",
                ("Texte publié", "Published text"),
                ("Vide\u00a0: rien n’est publié.", "Empty: nothing is published."),
                required=False,
                most=4_000,
            ),
            Field(
                "public_notes", "area", ("Pourquoi elle en est là", "Why it is as it is"), required=False, most=4_000
            ),
            Field(
                "reviewed",
                "tick",
                (
                    "J’ai relu les passages signalés\u00a0: ils n’identifient personne.",
                    "I have looked at what was found: it tells of nobody.",
                ),
                required=False,
            ),
        ),
    ),
    Form(
        MarkAbusive,
        ExchangeAbusive,
        ("Signaler un échange irrespectueux", "Mark an exchange as abusive"),
        ("La demande est traitée tout de même.", "The request is treated all the same."),
        "follow",
        (CHANNEL, Field("text", "area", ("Ce qui a été dit ou fait", "What was said or done"))),
    ),
    Form(
        CloseRequest,
        RequestClosed,
        ("Fermer", "Close"),
        ("Possible une fois que la personne a eu sa réponse.", "Possible once the citizen was answered."),
        "end",
        (Field("reason", "radio", ("Motif", "Reason"), choices="closing"),),
        grave=True,
    ),
    Form(
        RefuseRequest,
        RequestRefused,
        ("Juger non recevable", "Judge not admissible"),
        (
            (
                "Dites pourquoi, et vers qui la personne peut se tourner. Avec un canal, elle l’a appris et la demande "
                "est fermée."
            ),
            "Say why, and where the citizen can turn. With a channel, they were told and it is closed.",
        ),
        "end",
        (
            Field("criterion", "radio", ("Critère", "Criterion"), choices="criterion"),
            Field("text", "area", ("Explication", "Explanation"), required=False),
            Field("turn_to", "select", ("À qui s’adresser", "Where to turn"), required=False, choices="body"),
            Field(
                "channel",
                "select",
                ("La personne l’a appris par", "The citizen was told by"),
                ("Laissez vide si elle ne le sait pas encore.", "Leave empty if they do not know yet."),
                required=False,
                choices="channel",
            ),
        ),
        grave=True,
    ),
    Form(
        Merge,
        RequestMerged,
        ("Réunir à une autre demande", "Join to another request"),
        ("C’est un doublon : l’autre se poursuit pour les deux.", "It is a duplicate: the other goes on for both."),
        "end",
        (
            Field(
                "into",
                "reference",
                ("Numéro de l’autre demande", "Reference of the other request"),
                ("Par exemple 2026-004217.", "For example 2026-004217."),
                most=20,
            ),
        ),
        grave=True,
    ),
    Form(
        SplitOff,
        RequestSplit,
        ("Diviser en deux demandes", "Split into two requests"),
        (
            (
                "Ce contact en contient deux : dites l'autre. Elle est inscrite au nom de la même personne, reçue "
                "quand celle-ci l'a été."
            ),
            "This contact holds two: say what the other is. It is of the same citizen, received when this one was.",
        ),
        "end",
        (
            Field("kind", "radio", ("Nature de l'autre", "Kind of the other"), choices="kind"),
            Field("subject", "select", ("Sujet", "Subject"), required=False, choices="subject"),
            Field("text", "area", ("Ce qui est demandé", "What is asked for")),
        ),
        own_path="split",
    ),
    Form(
        UndoMerge,
        RequestReopened,
        ("Défaire la réunion", "Undo the joining"),
        ("Ce n’était pas un doublon : la demande reprend.", "It was no duplicate: it goes on by itself."),
        "end",
    ),
    Form(
        Reopen,
        RequestReopened,
        ("Rouvrir", "Reopen"),
        ("Possible pendant le délai que la Ville accorde.", "Possible within the town’s number of days."),
        "end",
        (Field("reason", "radio", ("Motif", "Reason"), choices="reopening"),),
    ),
    Form(
        Rate,
        RequestRated,
        ("Noter la satisfaction", "Record the satisfaction"),
        ("La personne l’a dite.", "The citizen said it."),
        "answer",
        (Field("score", "radio", ("Satisfaction", "Satisfaction"), choices="score"),),
    ),
    Form(
        Void,
        RequestVoided,
        ("Annuler la saisie", "Void the record"),
        ("Elle a été saisie par erreur : ce n’est pas une demande.", "It was entered by mistake and is no request."),
        "end",
        (Field("reason", "radio", ("Motif", "Reason"), choices="voiding"),),
        grave=True,
    ),
    *ACCESS_FORMS,
)
FORM_BY_PATH: dict[str, Form] = {each.path: each for each in FORMS}

"""A form for each step on an access request's path, and for what a person judges or gives to an outside body."""

from __future__ import annotations

from clic_contracts.event import (
    AccessClassified,
    RequestAdmitted,
    RequestExtended,
    RequestHandedBack,
    RequestHandedOver,
    ReviewDecided,
    ReviewRequested,
    ThirdPartyAnswered,
    ThirdPartyIdentified,
    ThirdPartyNotified,
)
from clic_intake.api.access_command import (
    Admit,
    Classify,
    HandBack,
    HandOver,
    IdentifyThirdParty,
    NotifyThirdParty,
    ReportReviewDecided,
    ReportReviewRequested,
    TakeThirdPartyAnswer,
)
from clic_intake.api.command import Extend
from clic_intake.api.letter import ExtendByLetter, NotifyByLetter

from .form import CHANNEL, WHEN, Field, Form

EXTEND_BY_LETTER, NOTIFY_BY_LETTER = "extend-letter", "notify-third-party-letter"

_DAYS = Field(
    "days",
    "text",
    ("Nombre de jours", "Days"),
    (
        "Jours civils pour une demande d’accès, dix au plus\u00a0; jours ouvrables pour une plainte.",
        "Calendar days for an access request, ten at most; business days for a complaint.",
    ),
    most=2,
)
_REASON = Field(
    "text",
    "area",
    ("Motif", "Reason"),
    ("Obligatoire pour une plainte.", "Needed for a complaint."),
    required=False,
)
_EXTENSION = (
    (
        "Une seule fois, avant la fin du délai, et la personne en est avisée. L’accès\u00a0: de dix jours au plus, "
        "avant la fin des vingt premiers (A-2.1, art. 47)."
    ),
    (
        "Once, before the delay ends, and the citizen is notified. Access: by ten days at most, before the first "
        "twenty end (A-2.1, s. 47)."
    ),
)

ACCESS_FORMS: tuple[Form, ...] = (
    Form(
        Classify,
        AccessClassified,
        ("Préciser la nature", "Give the nature"),
        (
            "Le bilan annuel à la Commission les distingue. Une nature précisée de nouveau corrige la première.",
            "The yearly account to the Commission tells them apart. Given again, it corrects the first one.",
        ),
        "access",
        (Field("nature", "radio", ("Nature de la demande", "Nature of the request"), choices="nature"),),
    ),
    Form(
        IdentifyThirdParty,
        ThirdPartyIdentified,
        ("Désigner un tiers", "Identify a third party"),
        (
            "Un document demandé le concerne\u00a0: il doit être avisé avant qu’il soit donné (A-2.1, art. 23 à 25).",
            "A document that is asked for concerns them: they are notified before it is given (A-2.1, s. 23 to 25).",
        ),
        "access",
        (
            Field(
                "third_party.name",
                "text",
                ("Nom du tiers", "Name of the third party"),
                (
                    "Scellé\u00a0: ni le demandeur ni le registre ne le voient.",
                    "Sealed: neither the requester nor the register shows it.",
                ),
                most=200,
            ),
            Field("third_party.email", "text", ("Courriel", "E-mail"), required=False, most=254),
            Field("third_party.phone", "text", ("Téléphone", "Telephone"), required=False, most=40),
        ),
    ),
    Form(
        NotifyByLetter,
        ThirdPartyNotified,
        ("Aviser le tiers par courriel", "Notify the third party by e-mail"),
        (
            (
                "La lettre de la Ville dit jusqu’à quand le tiers peut être entendu\u00a0; son silence vaut "
                "consentement (A-2.1, art. 25 et 49)."
            ),
            "The town's letter says by when they are heard; silence is consent (A-2.1, s. 25 and 49).",
        ),
        "access",
        (
            Field("third_party_id", "select", ("Quel tiers", "Which third party"), choices="third_party_to_notify"),
            Field(
                "text",
                "area",
                ("De quel document il s’agit", "Which document it is about"),
                ("Sans dire qui le demande.", "Without telling who asks for it."),
                required=False,
            ),
            Field("language", "radio", ("Langue de l’avis", "Language of the notice"), choices="language"),
        ),
        own_path=NOTIFY_BY_LETTER,
    ),
    Form(
        NotifyThirdParty,
        ThirdPartyNotified,
        ("Noter l’avis donné au tiers", "Record the notice to the third party"),
        (
            "Vous l’avez avisé par la poste ou autrement. Il a vingt jours pour répondre (A-2.1, art. 49).",
            "You notified them by post or otherwise. They have twenty days to answer (A-2.1, s. 49).",
        ),
        "access",
        (
            Field("third_party_id", "select", ("Quel tiers", "Which third party"), choices="third_party_to_notify"),
            CHANNEL,
            WHEN,
        ),
    ),
    Form(
        TakeThirdPartyAnswer,
        ThirdPartyAnswered,
        ("Noter la réponse du tiers", "Record the third party's answer"),
        (
            "Elle fixe l’échéance\u00a0: quinze jours après, si c’est plus tard que la première (A-2.1, art. 49).",
            "It sets the limit: fifteen days after, where that is later than the first (A-2.1, s. 49).",
        ),
        "access",
        (
            Field("third_party_id", "select", ("Quel tiers", "Which third party"), choices="third_party_to_answer"),
            Field("position", "radio", ("Sa position", "Their position"), choices="position"),
            Field("text", "area", ("Ce qu’il a dit", "What they said"), ("Scellé.", "Sealed."), required=False),
            WHEN,
        ),
    ),
    Form(
        ExtendByLetter,
        RequestExtended,
        ("Prolonger le délai par courriel", "Extend the delay by e-mail"),
        _EXTENSION,
        "follow",
        (_DAYS, _REASON),
        own_path=EXTEND_BY_LETTER,
    ),
    Form(
        Extend,
        RequestExtended,
        ("Noter la prolongation du délai", "Record the extension of the delay"),
        _EXTENSION,
        "follow",
        (_DAYS, _REASON, CHANNEL, WHEN),
    ),
    Form(
        ReportReviewRequested,
        ReviewRequested,
        ("Noter une demande de révision", "Record that a review was asked for"),
        (
            "La Commission d’accès à l’information l’a fait savoir (A-2.1, art. 135).",
            "The Commission d’accès à l’information let it be known (A-2.1, s. 135).",
        ),
        "access",
        (
            Field(
                "requested_on",
                "date",
                ("Demandée à la Commission le", "Asked of the Commission on"),
            ),
            Field(
                "text",
                "area",
                ("Numéro de dossier de la Commission, et ce qui est demandé", "The Commission's file, what is asked"),
                ("Scellé.", "Sealed."),
                required=False,
            ),
        ),
    ),
    Form(
        ReportReviewDecided,
        ReviewDecided,
        ("Noter l’issue de la révision", "Record how the review ended"),
        ("Par décision, entente ou retrait.", "By decision, agreement or withdrawal."),
        "access",
        (
            Field("outcome", "radio", ("Issue", "Outcome"), choices="review"),
            Field("text", "area", ("Ce qui a été décidé", "What was decided"), ("Scellé.", "Sealed."), required=False),
            WHEN,
        ),
    ),
    Form(
        Admit,
        RequestAdmitted,
        ("Juger recevable", "Judge admissible"),
        (
            "Elle relève de la Ville, repose sur des faits et n’est pas devant les tribunaux (POL-05 à POL-09).",
            "It is the town's, rests on facts and is not before the courts (POL-05 to POL-09).",
        ),
        "follow",
        (
            Field(
                "complaint_criteria",
                "checks",
                ("Critères de la plainte qui sont remplis", "Criteria of the complaint that hold"),
                required=False,
                choices="complaint_criteria",
                kinds=("complaint",),
            ),
            Field(
                "text", "area", ("Sur quoi vous vous fondez", "On what ground"), ("Scellé.", "Sealed."), required=False
            ),
            WHEN,
        ),
    ),
    Form(
        HandOver,
        RequestHandedOver,
        ("Confier à un organisme externe", "Give work to an outside body"),
        (
            "Une part du travail est à faire ailleurs. La Ville en répond toujours, et en fait le suivi.",
            "Part of the work is done elsewhere. The town still answers for it, and follows it up.",
        ),
        "follow",
        (
            Field("to", "select", ("À quel organisme", "To which body"), choices="body"),
            Field(
                "expected_on",
                "date",
                ("Attendu le", "Expected on"),
                ("Comme convenu\u00a0; vide\u00a0: le délai habituel.", "As agreed; empty: the standard."),
                required=False,
            ),
            WHEN,
        ),
    ),
    Form(
        HandBack,
        RequestHandedBack,
        ("Noter le retour de l’organisme externe", "Record what the outside body did"),
        ("Il a fait sa part, ou ne la fera pas.", "It has done its part, or will not do it."),
        "follow",
        (Field("done", "radio", ("Ce qu’il en est", "What came of it"), choices="handed_back"), WHEN),
    ),
)

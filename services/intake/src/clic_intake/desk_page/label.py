"""What things are called on the agents' pages, French first."""

from __future__ import annotations

from clic_contracts.town import Town
from clic_contracts.vocabulary import (
    AccessOutcome,
    Channel,
    ClosingReason,
    Code,
    Criterion,
    DeliveryProof,
    Escalation,
    Language,
    LetterFailure,
    LetterKind,
    LiftReason,
    Missing,
    ObligationKind,
    PauseReason,
    Phase,
    RecountReason,
    ReopeningReason,
    RequesterPresence,
    ThirdPartyPosition,
    VoidingReason,
)
from clic_intake.access_register.label import NATURES as NATURES
from clic_intake.access_register.label import REVIEWS as REVIEWS
from clic_intake.citizen.label import CRITERIA as COMPLAINT_CRITERIA
from clic_intake.citizen.label import KIND_NAMES as KIND_NAMES
from clic_intake.citizen.label import LETTERS as _LETTERS
from clic_intake.citizen.label import SECTORS as SECTORS
from clic_intake.core.mail_nature import Aside
from clic_intake.web import Words
from clic_intake.worklist.query import ListName

Both = tuple[str, str]

LISTS: dict[ListName, Both] = {
    ListName.MINE: ("Les miennes", "Mine"),
    ListName.DEPARTMENT: ("Mon service", "My department"),
    ListName.UNASSIGNED: ("Sans responsable", "Unassigned"),
    ListName.RISK: ("À risque", "At risk"),
    ListName.LATE: ("En retard", "Late"),
    ListName.WAITING: ("En attente du citoyen", "Waiting for the citizen"),
    ListName.UNUSUAL: ("Inhabituelles", "Unusual"),
    ListName.LETTERS: ("Lettres à vérifier", "Letters to check"),
    ListName.NEWS: ("Nouvelles d’une demande fermée", "News on a closed request"),
    ListName.PENDING: ("Toutes celles en cours", "All pending"),
    ListName.ALL: ("Toutes", "All"),
}
LEADS: dict[ListName, Both] = {
    ListName.MINE: ("Celles que vous avez prises.", "Those that you have taken on."),
    ListName.DEPARTMENT: ("Celles que votre service doit traiter.", "Those that your department is to treat."),
    ListName.UNASSIGNED: ("Personne ne les a encore prises.", "Nobody has taken them on yet."),
    ListName.RISK: (
        "Une grande part du délai est écoulée, et l’échéance n’est pas passée.",
        "A large share of the delay has passed, and the limit has not.",
    ),
    ListName.LATE: ("L’échéance est passée.", "The limit has passed."),
    ListName.WAITING: (
        "Quelque chose manque, et la personne doit le donner.",
        "Something is missing, and the citizen is to give it.",
    ),
    ListName.UNUSUAL: (
        "Aucune règle ni aucun sujet ne les prévoyait\u00a0: décidez qui répond.",
        "No rule or subject foresaw them: decide who answers.",
    ),
    ListName.LETTERS: (
        "Une lettre n’est pas arrivée, ou on ne peut pas le savoir.",
        "A letter did not arrive, or nobody can tell.",
    ),
    ListName.NEWS: (
        "La personne a écrit après la fin\u00a0: rouvrez la demande, ou notez ce que vous en faites.",
        "The citizen wrote after the end: reopen the request, or note what you do about it.",
    ),
    ListName.PENDING: ("Toutes celles qui ne sont pas terminées.", "All that are not done with."),
    ListName.ALL: ("Les plus récentes d’abord, terminées ou non.", "Newest first, done with or not."),
}
PHASES: dict[Phase, Both] = {
    Phase.NEW: ("Nouvelle", "New"),
    Phase.RECEIVED: ("Reçue", "Received"),
    Phase.IN_TREATMENT: ("En traitement", "In treatment"),
    Phase.ANSWERED: ("Réponse donnée", "Answered"),
    Phase.REFUSED: ("Non recevable", "Not admissible"),
    Phase.CLOSED: ("Fermée", "Closed"),
    Phase.VOIDED: ("Annulée", "Voided"),
    Phase.REOPENED: ("Rouverte", "Reopened"),
}
CHANNELS: dict[Channel, Both] = {
    Channel.PHONE: ("Téléphone", "Telephone"),
    Channel.VOICEMAIL: ("Boîte vocale", "Voice mail"),
    Channel.EMAIL: ("Courriel", "E-mail"),
    Channel.MESSENGER: ("Messenger", "Messenger"),
    Channel.SOCIAL_MEDIA: ("Réseaux sociaux", "Social media"),
    Channel.COUNTER: ("Comptoir", "Counter"),
    Channel.LETTER: ("Lettre", "Letter"),
    Channel.FAX: ("Télécopieur", "Fax"),
    Channel.WEB_FORM: ("Formulaire web", "Web form"),
    Channel.MOBILE_APP: ("Application mobile", "Mobile application"),
    Channel.COUNCIL: ("Conseil municipal", "Council meeting"),
    Channel.ELECTED_OFFICIAL: ("Élu ou élue", "Elected official"),
    Channel.UNKNOWN: ("Canal inconnu", "Unknown channel"),
}
OBLIGATIONS: dict[ObligationKind, Both] = {
    ObligationKind.ACKNOWLEDGE: ("Accuser réception", "Acknowledge"),
    ObligationKind.ANSWER: ("Répondre", "Answer"),
    ObligationKind.PROMISE: ("Tenir l’engagement pris", "Keep the date agreed on"),
    ObligationKind.DECIDE_ACCESS: ("Décider de l’accès", "Decide on access"),
    ObligationKind.JUDGE: ("Juger de la recevabilité", "Judge whether it is admissible"),
    ObligationKind.OUTSIDE_WORK: ("Suivre le travail confié ailleurs", "Follow up work done elsewhere"),
    ObligationKind.NOTIFY_THIRD_PARTY: ("Aviser un tiers", "Notify a third party"),
    ObligationKind.THIRD_PARTY_RESPONSE: ("Réponse d’un tiers", "Answer of a third party"),
    ObligationKind.REVIEW_WINDOW: ("Délai pour demander une révision", "Time to ask for a review"),
    ObligationKind.CITIZEN_REPLY: ("Réponse du citoyen", "Answer of the citizen"),
}
MISSING: dict[Missing, Both] = {
    Missing.NAME: ("le nom", "the name"),
    Missing.CONTACT: ("un courriel ou un téléphone", "an e-mail address or a telephone number"),
    Missing.PRECISION: ("des précisions", "more detail"),
}
CRITERIA: dict[Criterion, Both] = {
    Criterion.NOT_OFFICIAL: ("Pas adressée officiellement à la Ville", "Not addressed officially to the town"),
    Criterion.INCOMPLETE: ("Incomplète, malgré la demande", "Incomplete, though it was asked for"),
    Criterion.OUT_OF_COMPETENCE: ("Hors de la compétence de la Ville", "Outside the town’s competence"),
    Criterion.UNFOUNDED: ("Sans faits suffisants", "Without sufficient facts"),
    Criterion.BEFORE_COURTS: ("Devant les tribunaux", "Before the courts"),
    Criterion.UNSPECIFIED: ("Motif non précisé", "Ground not given"),
}
CLOSINGS: dict[ClosingReason, Both] = {
    ClosingReason.ANSWERED: ("La personne a eu sa réponse", "The citizen was answered"),
    ClosingReason.WITHDRAWN: ("La personne l’a retirée", "The citizen withdrew it"),
    ClosingReason.MERGED: ("Réunie à une autre demande", "Joined to another request"),
    ClosingReason.REFUSED: ("Non recevable, la personne le sait", "Not admissible, and the citizen knows"),
}
VOIDINGS: dict[VoidingReason, Both] = {
    VoidingReason.ENTERED_TWICE: ("Saisie deux fois", "Entered twice"),
    VoidingReason.ENTERED_IN_ERROR: ("Saisie par erreur", "Entered in error"),
    VoidingReason.UNSPECIFIED: ("Motif non précisé", "Ground not given"),
}
REOPENINGS: dict[ReopeningReason, Both] = {
    ReopeningReason.NOT_SATISFIED: ("La personne n’est pas satisfaite", "The citizen is not satisfied"),
    ReopeningReason.NEW_FACTS: ("Il y a des faits nouveaux", "There are new facts"),
    ReopeningReason.CLOSED_IN_ERROR: ("Fermée par erreur", "Closed in error"),
    ReopeningReason.MERGED_IN_ERROR: ("Réunie à une autre par erreur", "Joined to another in error"),
    ReopeningReason.UNSPECIFIED: ("Motif non précisé", "Ground not given"),
}
OUTCOMES: dict[AccessOutcome, Both] = {
    AccessOutcome.GRANTED: ("Accès donné", "Access granted"),
    AccessOutcome.PARTIAL: ("Accès donné en partie", "Access granted in part"),
    AccessOutcome.REFUSED: ("Accès refusé", "Access refused"),
    AccessOutcome.NO_DOCUMENT: ("Aucun document", "No document"),
    AccessOutcome.OTHER_BODY: ("Un autre organisme le détient", "Another body holds it"),
}
LETTERS: dict[LetterKind, Both] = {
    **_LETTERS,
    LetterKind.THIRD_PARTY: ("Avis à un tiers", "Notice to a third party"),
}
POSITIONS: dict[ThirdPartyPosition, Both] = {
    ThirdPartyPosition.CONSENTS: ("Le tiers consent à la communication", "The third party consents"),
    ThirdPartyPosition.OBJECTS: ("Le tiers s’y oppose", "The third party objects"),
}
PAUSES: dict[PauseReason, Both] = {
    PauseReason.WAITS_FOR_CITIZEN: ("en attendant la réponse de la personne", "until the citizen replies"),
}
RECOUNTS: dict[RecountReason, Both] = {
    RecountReason.RESUMED: ("la personne a répondu", "the citizen replied"),
    RecountReason.CALENDAR: ("le calendrier de la Ville a changé", "the town’s calendar changed"),
    RecountReason.LATER_KNOWN: ("un fait antérieur a été consigné", "something earlier was recorded"),
}
ESCALATIONS: dict[Escalation, Both] = {
    Escalation.PERSON: ("à qui s’en occupe", "to whoever has it"),
    Escalation.HEAD: ("à la direction du service", "to the head of the department"),
    Escalation.GENERAL_MANAGEMENT: ("à la Direction générale", "to the Direction générale"),
}
LAPSES: dict[ObligationKind, Both] = {
    ObligationKind.THIRD_PARTY_RESPONSE: (
        "le tiers n’a rien dit : il est réputé consentir (art. 49)",
        "the third party said nothing: they are deemed to consent (s. 49)",
    ),
    ObligationKind.REVIEW_WINDOW: ("aucune révision n’a été demandée", "no review was asked for"),
    ObligationKind.CITIZEN_REPLY: ("la personne n’a pas répondu", "the citizen did not reply"),
}
HANDED_BACK: dict[bool, Both] = {
    True: ("L’organisme a fait sa part", "The outside body has done its part"),
    False: ("L’organisme ne le fera pas", "The outside body will not do it"),
}
LANGUAGES: dict[Language, Both] = {Language.FR: ("français", "French"), Language.EN: ("anglais", "English")}
PROOFS: dict[DeliveryProof, Both] = {
    DeliveryProof.RECEIPT: ("remis avec l’accusé de dépôt", "handed over with the receipt"),
    DeliveryProof.AGENT: ("une personne du bureau l’atteste", "an agent says so"),
    DeliveryProof.PUBLISHER: ("le système qui l’a transmise l’atteste", "the sending system says so"),
    DeliveryProof.ASSUMED: ("supposé d’après un dossier plus ancien", "assumed from an older record"),
    DeliveryProof.RELAY: ("le serveur de courriel l’a accepté", "a mail server took it"),
}
FAILURES: dict[LetterFailure, Both] = {
    LetterFailure.NO_ADDRESS: ("aucune adresse", "no address"),
    LetterFailure.REJECTED: ("refusée par le serveur du destinataire", "rejected by the recipient’s server"),
    LetterFailure.BOUNCED: ("revenue à l’expéditeur", "it came back"),
    LetterFailure.GIVEN_UP: ("abandonnée après plusieurs essais", "given up after several tries"),
    LetterFailure.DOUBTFUL: ("peut-être partie\u00a0: vérifiez avec la personne", "perhaps gone out: ask the citizen"),
}
LIFTINGS: dict[LiftReason, Both] = {
    LiftReason.REFUSED: ("la demande n’est pas recevable", "the request is not admissible"),
    LiftReason.WITHDRAWN: ("la demande est retirée", "the request was withdrawn"),
    LiftReason.MERGED: ("la demande est réunie à une autre", "the request was joined to another"),
    LiftReason.VOIDED: ("la demande est annulée", "the request was voided"),
    LiftReason.REPLACED: ("une autre échéance la remplace", "another date replaced it"),
}
PRESENCES: dict[RequesterPresence, Both] = {
    RequesterPresence.IDENTIFIED: ("Nom et coordonnées connus", "Name and contact known"),
    RequesterPresence.PARTIAL: ("Nom ou coordonnées incomplets", "Name or contact incomplete"),
    RequesterPresence.WITHHELD: ("Gardés par le système qui l’a transmise", "Held by the sending system"),
}
FILE_ADDED: Both = ("Fichier ajouté", "File added")
ASIDES: dict[Aside, Both] = {
    Aside.LOOP: ("Un de nos propres courriels, revenu", "A mail of our own that came back"),
    Aside.BOUNCE: ("Avis de non-livraison", "Notice that a mail was not delivered"),
    Aside.AUTO_REPLY: ("Réponse automatique", "Automatic reply"),
    Aside.LIST: ("Envoi à plusieurs personnes", "Sent to many"),
}
THIRD_PARTY_ANSWER: Both = ("Réponse d’un tiers avisé", "Answer of a third party who was notified")
SEALED: dict[str, Both] = {
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
"""Of what is sealed, by the name under which it stands there."""


def criterion(code: Code) -> Both:
    """What a criterion of the Direction générale's form is called; a town's further ones by their code (POL-12)."""
    return COMPLAINT_CRITERIA.get(code, (code, code))


def said(t: Words, both: Both) -> str:
    """In the language of the page."""
    return t(*both)


def person(t: Words, actor: str, town: Town) -> str:
    """Who did something, as an agent reads it."""
    who, _, name = actor.partition(":")
    match who:
        case "agent":
            return name
        case "citizen":
            return t("la personne", "the citizen")
        case "publisher":
            found = town.publisher_by_code.get(name)
            return t.name(found.name) if found is not None else name
        case "rule" | "clock":
            return t("règle de la Ville", "a rule of the town")
        case _:
            return actor

"""What a citizen filled in, as a submission; and what is wrong with it. Source: POL-06, POL-12, POL-20."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from clic_contracts.submission import Place, Requester, RequestSubmission, ShortText, Text
from clic_contracts.town import Subject, Town
from clic_contracts.vocabulary import Channel, Kind, Language
from clic_intake.core.admission import shows_claims
from clic_intake.core.question import answers
from clic_intake.core.term import term_picker
from clic_intake.web import Filled, Words

ACCESS_SUBJECT = "document_access"
"""What a request for access is about, where the town has a subject for it."""
FIRST_STEP = ("form_id", "kind", "subject", "text")
"""The fields of the form's first step, kept by the others."""

_FORM_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_REQUESTER = TypeAdapter(Requester)
_TEXT = TypeAdapter(Text)
_SHORT = TypeAdapter(ShortText)
_LONG = ("text", "words")


@dataclass(frozen=True, slots=True)
class Topic:
    """What the form is about, as far as the first step says."""

    kind: Kind
    subject: Subject | None
    is_urgent: bool
    """A safety report: a name is asked for and not needed (POL-06)."""
    shows_claims: bool
    """Its words tell of damage (C-19 art. 585)."""


def is_form_id(value: str) -> bool:
    """Whether it can be the id that a form of ours was given."""
    return _FORM_ID.fullmatch(value) is not None


def first_faults(filled: Filled, town: Town, t: Words) -> dict[str, str]:
    """What is wrong with the first step."""
    faults: dict[str, str] = {}
    if filled.value("kind") not in set(Kind):
        faults["kind"] = t("Choisissez ce que vous voulez faire.", "Choose what you want to do.")
    subject = filled.value("subject")
    if subject and subject not in {each.code for each in offered(town)}:
        faults["subject"] = t("Choisissez un sujet de la liste, ou aucun.", "Choose a subject of the list, or none.")
    if not filled.value("text"):
        faults["text"] = t("Décrivez votre demande en quelques mots.", "Describe your request in a few words.")
    return faults | length_faults(filled, t, ("text",))


def length_faults(filled: Filled, t: Words, fields: Collection[str]) -> dict[str, str]:
    """Which of these fields are longer than a form of ours lets anybody write, or hold what nobody writes."""
    faults: dict[str, str] = {}
    for name in fields:
        value = filled.value(name)
        if name in _LONG and not _fits(_TEXT, value):
            faults[name] = t("Raccourcissez le texte à 10 000 caractères.", "Shorten the text to 10,000 characters.")
        elif name not in _LONG and value and not _fits(_SHORT, value):
            faults[name] = t("Raccourcissez-le à 200 caractères.", "Shorten it to 200 characters.")
    return faults


def offered(town: Town) -> Iterator[Subject]:
    """The subjects that citizens may choose."""
    return (each for each in town.subjects if each.on_forms)


def topic_of(filled: Filled, town: Town) -> Topic:
    """What a first step without faults is about."""
    kind = Kind(filled.value("kind"))
    code = ACCESS_SUBJECT if kind is Kind.ACCESS_TO_INFORMATION else filled.value("subject")
    subject = town.subject_by_code.get(code)
    terms = term_picker(town)(filled.value("text"))
    return Topic(kind, subject, subject is not None and subject.urgent, shows_claims(terms, town))


def second_faults(filled: Filled, topic: Topic, town: Town, t: Words) -> dict[str, str]:
    """What is wrong with the second step."""
    faults: dict[str, str] = {}
    for question in topic.subject.questions if topic.subject else ():
        _, wrong = answers([question], {question.code: filled.all(f"q_{question.code}")})
        if wrong:
            faults[f"q_{question.code}"] = t(
                "Répondez à cette question, d'une façon qu'elle permet.", "Answer this question, in a way it allows."
            )
    if filled.value("sector") and filled.value("sector") not in town.sectors:
        faults["sector"] = t("Choisissez un secteur de la liste, ou aucun.", "Choose an area of the list, or none.")
    if not filled.value("name") and not topic.is_urgent:
        faults["name"] = t("Écrivez votre nom.", "Write your name.")
    return (
        faults
        | contact_faults(filled, t, is_needed=not topic.is_urgent)
        | length_faults(filled, t, ("name", "address"))
    )


def contact_faults(filled: Filled, t: Words, *, is_needed: bool) -> dict[str, str]:
    """What is wrong with how somebody can be reached. Source: POL-06."""
    faults: dict[str, str] = {}
    if filled.value("email") and not _fits(_REQUESTER, {"email": filled.value("email")}):
        faults["email"] = t(
            "Écrivez une adresse complète, comme nom@exemple.ca.", "Write a whole address, such as name@example.ca."
        )
    if filled.value("phone") and not _fits(_REQUESTER, {"phone": filled.value("phone")}):
        faults["phone"] = t(
            "Écrivez un numéro avec l'indicatif régional, comme 450 555-0134.",
            "Write a number with its area code, such as 450 555-0134.",
        )
    if is_needed and not filled.value("email") and not filled.value("phone"):
        faults["email"] = t(
            "Donnez une adresse courriel ou un numéro de téléphone : nous devons pouvoir vous répondre.",
            "Give an e-mail address or a telephone number: we must be able to answer you.",
        )
    return faults


def requester_of(filled: Filled) -> Requester | None:
    """Who asks; None: nothing is said of them. What does not fit was told by `contact_faults`."""
    said = {name: value for name in ("name", "email", "phone") if (value := filled.value(name))}
    return Requester.model_validate(said) if said else None


def submission_of(filled: Filled, topic: Topic, town: Town) -> RequestSubmission:
    """A form without faults as a submission."""
    place = {name: value for name in ("sector", "address") if (value := filled.value(name))}
    asked = topic.subject.questions if topic.subject else ()
    attributes, _ = answers(asked, {each.code: filled.all(f"q_{each.code}") for each in asked})
    english = filled.value("in_english") == "yes"
    criteria = [each for each in town.complaint_criteria if filled.has("criteria", each)]
    return RequestSubmission(
        kind=topic.kind,
        channel=Channel.WEB_FORM,
        language=Language.EN if english else Language.FR,
        language_ground=town.correspondence.language_grounds[0] if english else None,
        subject=topic.subject.code if topic.subject else None,
        text=filled.value("text"),
        requester=requester_of(filled),
        place=Place.model_validate(place) if place else None,
        written=True if topic.kind is Kind.ACCESS_TO_INFORMATION else None,
        complaint_criteria=tuple(criteria) if topic.kind is Kind.COMPLAINT else (),
        attributes=attributes,
    )


def _fits(adapter: TypeAdapter[Any], value: object) -> bool:
    try:
        adapter.validate_python(value)
    except ValidationError:
        return False
    return True

"""What a letter can say: the variables of its template, from the facts of a request and the town.

Every letter has every variable; what does not apply is "" (or false, or nothing in a list).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace

from clic_contracts.envelope import Recorded
from clic_contracts.event import (
    RequestClosed,
    RequestDescribed,
    RequestIncomplete,
    RequestReceived,
    RequestRefused,
    RequestReopened,
    RequestRouted,
)
from clic_contracts.town import Town
from clic_contracts.town_text import Names, Paragraphs
from clic_contracts.vocabulary import AccessOutcome, BodyCode, ClosingReason, Kind, Language, LetterKind, Missing

from .access import third_party_limit_on
from .admission import shows_claims
from .due import dues_of
from .month import MONTHS

_WEEKDAYS = {
    Language.FR: "lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche",
    Language.EN: "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday",
}
_KINDS = {
    Kind.REQUEST: ("demande", "request"),
    Kind.REPORT: ("signalement", "report"),
    Kind.COMPLAINT: ("plainte", "complaint"),
    Kind.COMMENT: ("commentaire", "comment"),
    Kind.SUGGESTION: ("suggestion", "suggestion"),
    Kind.ACCESS_TO_INFORMATION: ("demande d’accès à l’information", "access to information request"),
}
_MISSING = {
    Missing.NAME: ("votre nom", "your name"),
    Missing.CONTACT: (
        "une adresse courriel ou un numéro de téléphone où vous joindre",
        "an e-mail address or telephone number where we can reach you",
    ),
    Missing.PRECISION: ("des précisions sur votre demande", "more details about your request"),
}


@dataclass(frozen=True, slots=True)
class Content:
    """The variables that a template may use."""

    town: str = ""
    desk: str = ""
    """The desk's name."""
    sender: str = ""
    further: str = ""
    """How to complain further (POL-12, POL-18)."""
    claims: str = ""
    """The notice about claims, where the request speaks of damage or injury (C-19 art. 585)."""
    follow: str = ""
    """The address of the tracking page."""
    name: str = ""
    """Of the citizen."""
    reference: str = ""
    kind: str = ""
    """In words that stand after “votre”: `signalement`."""
    subject: str = ""
    received_on: str = ""
    """In words: `vendredi 15 mai 2026`."""
    access: bool = False
    """An access request: the law says what its letters state (POL-25)."""
    written: bool = True
    """An access request that came in writing: only then can it be reviewed (POL-20, A-2.1 art. 45)."""
    department: str = ""
    due_on: str = ""
    """By when the citizen is answered; of a reminder and of a notice to a third party, by when they reply."""
    missing: tuple[str, ...] = ()
    criterion: str = ""
    """Of a refusal: a code of the contracts, such as `out_of_competence`."""
    turn_to: str = ""
    turn_to_contact: str = ""
    access_officer: str = ""
    """Of a decision that another body holds the document better: who is responsible there (A-2.1 art. 48)."""
    text: str = ""
    """What a person wrote: the answer, or why it is refused; of a joined request, what is published of the other."""
    outcome: str = ""
    """Of a decision on access: a code of the contracts, such as `partial`."""
    provisions: tuple[str, ...] = ()
    closes: bool = False
    """An answer with which the request is closed: it asks how satisfied the citizen is (POL-39)."""
    joined: bool = False
    """The request was joined to another, which goes on for it; not so in a letter to who asked first."""
    reopened_because: str = ""
    """A code of the contracts, such as `new_facts`."""
    reopen_days: int = 0


VARIABLES = frozenset(each.name for each in fields(Content))
"""What a template may name."""


def variables(content: Content) -> dict[str, object]:
    """As a template takes them."""
    return asdict(content)


def language_of(received: RequestReceived, town: Town) -> Language:
    """French, unless another language was asked for on a ground that the town knows and that is recorded."""
    known = received.language_ground in town.correspondence.language_grounds
    return received.language if known else Language.FR


def content_of(story: Iterable[Recorded], town: Town, zone: dt.tzinfo, *, name: str, follow: str) -> Content:
    """The variables of a letter that are known from a request's facts, over all services.

    Raises:
        ValueError: it is no request's story.
    """
    facts = tuple(story)
    received = next((each for each in facts if isinstance(each.data, RequestReceived)), None)
    if received is None or not isinstance(received.data, RequestReceived):
        raise ValueError("a letter is about a request: its story begins with its reception")
    words = _Words(language_of(received.data, town), town)
    content = replace(
        _of_reception(received.data, words),
        received_on=words.day(received.occurred_at.astimezone(zone).date()),
        name=name,
        follow=follow,
    )
    for each in facts:
        content = _told(content, each, words)
    return with_due(content, dues_of(facts).answer_on, words.language, town)


def with_due(content: Content, due_on: dt.date | None, language: Language, town: Town) -> Content:
    """The same, with another due date; None: there is none to tell."""
    return replace(content, due_on=_Words(language, town).day(due_on) if due_on is not None else "")


def with_body(content: Content, code: BodyCode | None, language: Language, town: Town) -> Content:
    """The same, with the body that holds the document better, and who is responsible there (A-2.1 art. 48)."""
    body = town.body_by_code.get(code or "")
    if body is None:
        return content
    words = _Words(language, town)
    return replace(
        content,
        turn_to=words.of(body.name),
        turn_to_contact=words.of(body.contact).rstrip("."),
        access_officer=words.of(body.access_officer).rstrip(".") if body.access_officer is not None else "",
    )


def for_reminder(content: Content, story: Iterable[Recorded], town: Town) -> Content:
    """The same for a reminder: it tells by when the citizen has to reply (POL-06, POL-21)."""
    facts = tuple(story)
    received = next(each.data for each in facts if isinstance(each.data, RequestReceived))
    return with_due(content, dues_of(facts).reply_on, language_of(received, town), town)


def for_third_party(
    received: RequestReceived, town: Town, language: Language, on: dt.date, *, name: str, text: str
) -> Content:
    """Of a notice that is written on a day: who they are and by when they are heard, nothing of who asks, or what for.

    Source: A-2.1 art. 25, 49.
    """
    words = _Words(language, town)
    return Content(
        town=words.of(town.name),
        desk=words.of(town.desk),
        sender=words.of(town.correspondence.sender),
        further=words.of(town.correspondence.further),
        name=name,
        reference=received.reference,
        access=True,
        due_on=words.day(third_party_limit_on(on)),
        text=text,
    )


def _of_reception(received: RequestReceived, words: _Words) -> Content:
    town = words.town
    correspondence = town.correspondence
    subject = town.subject_by_code.get(received.subject or "")
    return Content(
        town=words.of(town.name),
        desk=words.of(town.desk),
        sender=words.of(correspondence.sender),
        further=words.of(correspondence.further),
        claims=words.of(correspondence.claims) if shows_claims(received.terms, town) else "",
        reference=received.reference,
        kind=words.one(_KINDS[received.kind]),
        subject=words.of(subject.name) if subject is not None else "",
        access=received.kind is Kind.ACCESS_TO_INFORMATION,
        written=received.written is not False,
        reopen_days=town.deadlines.reopen_within_days,
    )


def _told(content: Content, recorded: Recorded, words: _Words) -> Content:
    """What one fact adds."""
    match recorded.data:
        case RequestRouted(department=code):
            department = words.town.department_by_code.get(code)
            return replace(content, department=words.of(department.name) if department is not None else "")
        case RequestIncomplete(missing=missing):
            return replace(content, missing=tuple(words.one(_MISSING[each]) for each in missing))
        case RequestRefused(criterion=criterion, turn_to=code):
            body = words.town.body_by_code.get(code or "")
            contact = words.of(body.contact) if body is not None else ""
            return replace(
                content,
                criterion=criterion.value,
                turn_to=words.of(body.name) if body is not None else "",
                turn_to_contact=contact.rstrip("."),
            )
        case RequestClosed(reason=reason):
            return replace(content, joined=reason is ClosingReason.MERGED)
        case RequestReopened(reason=reason):
            return replace(content, reopened_because=reason.value, joined=False)
        case _:
            return content


def published(story: Iterable[Recorded]) -> str:
    """What the town publishes of how a request stands: reviewed words, which may be told to others (POL-30)."""
    described = [each.data for each in story if isinstance(each.data, RequestDescribed)]
    return described[-1].status_notes if described else ""


class _Words:
    """Finds words in the letter's language."""

    def __init__(self, language: Language, town: Town) -> None:
        self.language = language
        self.town = town

    def one(self, both: tuple[str, str]) -> str:
        return both[self.language is Language.EN]

    def of(self, names: Names | Paragraphs) -> str:
        return names.en if self.language is Language.EN else names.fr

    def day(self, day: dt.date) -> str:
        """`vendredi 15 mai 2026`, `1er mai`; `Friday, May 15, 2026`."""
        weekday = _WEEKDAYS[self.language].split("|")[day.weekday()]
        month = MONTHS[self.language][day.month - 1]
        if self.language is Language.EN:
            return f"{weekday}, {month} {day.day}, {day.year}"
        number = "1er" if day.day == 1 else str(day.day)
        return f"{weekday} {number} {month} {day.year}"


# -- invented ones ----------------------------------------------------------------------------------------------

SAMPLE_DAY = dt.date(2026, 5, 15)
_ASKS = frozenset({LetterKind.MISSING, LetterKind.REMINDER})


def samples(letter: LetterKind, language: Language, town: Town) -> tuple[Content, ...]:
    """Invented contents by which a template is tried, the most usual first: everything known, and nothing known."""
    words = _Words(language, town)
    usual = Content(
        town=words.of(town.name),
        desk=words.of(town.desk),
        sender=words.of(town.correspondence.sender),
        further=words.of(town.correspondence.further),
        claims=words.of(town.correspondence.claims),
        follow="https://clic.exemple.invalid/suivi/2026-004217/exemple",
        name="Camille Exemple",
        reference="2026-004217",
        kind=words.one(_KINDS[Kind.REPORT]),
        subject=words.of(town.subjects[0].name),
        received_on=words.day(SAMPLE_DAY),
        department=words.of(town.departments[0].name),
        due_on=words.day(SAMPLE_DAY + dt.timedelta(days=14)),
        missing=tuple(words.one(each) for each in _MISSING.values()) if letter in _ASKS else (),
        text=words.one(("Le trou devant le 1, rue Inventée est comblé.", "The hole at 1, rue Inventée is filled.")),
        reopen_days=town.deadlines.reopen_within_days,
    )
    bare = replace(
        usual, claims="", follow="", name="", subject="", department="", due_on="", missing=usual.missing[:1], text=""
    )
    if letter is LetterKind.REFUSAL:
        return (*_sample_refusals(usual, words), bare)
    if letter is LetterKind.ANSWER:
        return (replace(usual, closes=True), *_sample_decisions(usual, words), bare)
    if letter in (LetterKind.MERGED, LetterKind.CLOSING):
        return (usual, replace(usual, joined=True), bare)
    if letter is LetterKind.THIRD_PARTY:
        return _sample_notices(usual, words)
    if letter is LetterKind.REOPENED:
        reasons = ("merged_in_error", "new_facts", "not_satisfied")
        return (usual, *(replace(usual, reopened_because=each) for each in reasons), bare)
    access = replace(usual, kind=words.one(_KINDS[Kind.ACCESS_TO_INFORMATION]), access=True, subject="")
    if letter is LetterKind.EXTENSION:
        return _sample_extensions(usual, access, words)
    return (usual, access, replace(access, written=False), bare)


def _sample_extensions(usual: Content, access: Content, words: _Words) -> tuple[Content, ...]:
    """Of an access request first, which the law extends; then of a complaint, with its reason."""
    due_on = words.day(SAMPLE_DAY + dt.timedelta(days=31))
    why = words.one(
        (
            "Les plans demandés sont aux archives, et leur recherche prend plus de temps que prévu.",
            "The plans are in the archives, and searching for them takes longer than planned.",
        )
    )
    by_law = replace(access, due_on=due_on, text=why)
    complaint = replace(usual, kind=words.one(_KINDS[Kind.COMPLAINT]), due_on=due_on, text=why)
    return (by_law, replace(by_law, written=False, text=""), complaint, replace(complaint, name="", due_on=""))


def _sample_notices(usual: Content, words: _Words) -> tuple[Content, ...]:
    about = words.one(("Il s’agit de votre soumission du 12 mars 2025.", "It is your tender of March 12, 2025."))
    due_on = words.day(third_party_limit_on(SAMPLE_DAY))
    known = replace(usual, kind="", subject="", department="", received_on="", claims="", follow="", access=True)
    notice = replace(known, text=about, due_on=due_on)
    return (notice, replace(notice, name="", due_on=""))


def _sample_refusals(usual: Content, words: _Words) -> tuple[Content, ...]:
    body = next(iter(words.town.bodies), None)
    outside = replace(
        usual,
        criterion="out_of_competence",
        turn_to=words.of(body.name) if body is not None else "",
        turn_to_contact=words.of(body.contact).rstrip(".") if body is not None else "",
    )
    others = ("not_official", "incomplete", "unfounded", "before_courts", "unspecified")
    return (outside, *(replace(usual, criterion=each) for each in others))


def _sample_decisions(usual: Content, words: _Words) -> tuple[Content, ...]:
    access = replace(
        usual,
        kind=words.one(_KINDS[Kind.ACCESS_TO_INFORMATION]),
        access=True,
        provisions=(words.one(("article 53", "section 53")), words.one(("article 54", "section 54"))),
    )
    body = next(iter(words.town.bodies), None)
    elsewhere = with_body(replace(access, provisions=()), body.code if body else None, words.language, words.town)
    decided = (
        replace(
            elsewhere if each is AccessOutcome.OTHER_BODY else access,
            outcome=each.value,
            provisions=access.provisions if each in (AccessOutcome.REFUSED, AccessOutcome.PARTIAL) else (),
        )
        for each in AccessOutcome
    )
    named = words.one(("Camille Exemple, 450 555-0134", "Camille Exemple, 450 555-0134"))
    return (
        *decided,
        replace(elsewhere, outcome=AccessOutcome.OTHER_BODY.value, access_officer=named),
        replace(access, outcome=AccessOutcome.REFUSED.value, written=False),
    )

"""What Open311 shows of the town and of its requests: services, definitions and requests as anybody may read them.

Source: GeoReport v2 (wiki.open311.org/GeoReport_v2). Lists, records and texts are as its JSON has them; the XML is the
same by the Spark convention. What it leaves open, and what was chosen, is in docs/open311.md.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal
from zoneinfo import ZoneInfo

from clic_chassis.error import NotFoundError
from clic_contracts.lifecycle import PENDING
from clic_contracts.town import Question, Subject, Town
from clic_contracts.town_text import Names
from clic_contracts.town_time import Delay
from clic_contracts.vocabulary import Kind, Language, Phase

from .question import Told

Value = str | bool | int | None | list["Value"] | dict[str, "Value"]
"""JSON, as GeoReport's answers are made of it."""
Record = dict[str, Value]

Status = Literal["open", "closed"]

SPECIFICATION: Final = "http://wiki.open311.org/GeoReport_v2"
"""As service discovery names it."""


PUBLIC_KINDS: Final = frozenset({Kind.REPORT, Kind.REQUEST})
"""What GeoReport is made for (POL-01). Who complains, comments or asks for a document has not asked to be listed."""


class UnknownServiceError(NotFoundError):
    """No such service is offered; one that is not for everybody looks the same (POL-26)."""

    code = "unknown_service"


# -- services -----------------------------------------------------------------------------------------------------


def offered(town: Town) -> dict[str, Subject]:
    """The subjects that anybody may choose and read about, by code: those on forms and not confidential (POL-26)."""
    return {each.code: each for each in town.subjects if each.on_forms and not each.confidential}


def service_of(town: Town, code: str) -> Subject:
    """The subject behind a service code.

    Raises:
        UnknownServiceError: none is offered under it.
    """
    subject = offered(town).get(code)
    if subject is None:
        raise UnknownServiceError("service_code")
    return subject


def services(town: Town, language: Language) -> list[Value]:
    """The service list, in the order of the town's file."""
    return [_service(town, each, language) for each in offered(town).values()]


def _service(town: Town, subject: Subject, language: Language) -> Record:
    return {
        "service_code": subject.code,
        "service_name": _in(language, subject.name),
        "description": _service_description(town, subject, language),
        "metadata": bool(subject.questions),
        "type": "realtime",
        "keywords": ", ".join(_keywords(town, subject)) or None,
        "group": _group(town, subject, language),
    }


def _keywords(town: Town, subject: Subject) -> Iterable[str]:
    """Words that people use for it, from the articles about it, each once."""
    words = (word for article in town.articles if subject.code in article.subjects for word in article.words)
    return dict.fromkeys(word.replace(",", " ") for word in words)


def _group(town: Town, subject: Subject, language: Language) -> str | None:
    """Who answers: the department, or the other body that the citizen is pointed to (POL-07)."""
    if subject.department is not None:
        return _in(language, town.department_by_code[subject.department].name)
    return _in(language, town.body_by_code[subject.turn_to].name) if subject.turn_to is not None else None


def _service_description(town: Town, subject: Subject, language: Language) -> str | None:
    """By when it is answered (POL-29), or where to turn instead (POL-07); None where the town says neither."""
    if subject.turn_to is not None:
        body = town.body_by_code[subject.turn_to]
        return (
            f"Outside the town’s competence. {body.name.en} can help you: {body.contact.en}"
            if language is Language.EN
            else f"Ne relève pas de la Ville. {body.name.fr} peut vous aider\u00a0: {body.contact.fr}"
        )
    if subject.answer_within is None:
        return None
    return _within(subject.answer_within, language)


def _within(delay: Delay, language: Language) -> str:
    english = language is Language.EN
    if delay.business_days == 0:
        return "Answered the same day." if english else "Réponse le jour même."
    for number, one, many, word, words in (
        (delay.business_days, "jour ouvrable", "jours ouvrables", "business day", "business days"),
        (delay.calendar_days, "jour", "jours", "day", "days"),
        (delay.hours, "heure", "heures", "hour", "hours"),
    ):
        if number is not None:
            unit = (word if number == 1 else words) if english else (one if number == 1 else many)
            return f"Answered within {number} {unit}." if english else f"Réponse d’ici {number}\u00a0{unit}."
    raise AssertionError("a delay has exactly one unit")


def definition(subject: Subject, language: Language) -> Record:
    """What a service asks; a service without metadata asks nothing."""
    return {
        "service_code": subject.code,
        "attributes": [_attribute(order, each, language) for order, each in enumerate(subject.questions, start=1)],
    }


def _attribute(order: int, question: Question, language: Language) -> Record:
    asked: Record = {
        "variable": True,
        "code": question.code,
        "datatype": question.datatype,
        "required": question.required,
        "datatype_description": None,
        "order": order,
        "description": _in(language, question.text),
    }
    if question.values:
        asked["values"] = [{"key": each.code, "name": _in(language, each.name)} for each in question.values]
    return asked


# -- requests -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What the worklists' table knows of a request and Open311 looks at; nothing of it is personal data."""

    request_id: str
    request_key: int
    reference: str
    kind: Kind
    subject: str | None
    sector: str | None
    phase: Phase
    received_at: dt.datetime
    updated_at: dt.datetime
    closed_at: dt.datetime | None
    department: str | None
    expected_at: dt.datetime | None
    """By when what it asks for is due: an answer, a promise. That it is acknowledged is not what anybody waits for."""
    confidential_to: str | None
    public_text: str
    public_notes: str
    erased: bool

    @property
    def status(self) -> Status:
        """`open` while the town has something to do (POL-32), `closed` after."""
        return "open" if self.phase in PENDING else "closed"

    @property
    def changed_at(self) -> dt.datetime:
        """`updated_datetime`: of a closed request the instant when it was closed."""
        if self.status == "closed" and self.closed_at is not None:
            return self.closed_at
        return self.updated_at


def is_public(request: Listed, services: Mapping[str, Subject]) -> bool:
    """Whether anybody may read of it: neither confidential (POL-26), nor erased (POL-30), nor entered by mistake."""
    return (
        request.kind in PUBLIC_KINDS
        and request.confidential_to is None
        and not request.erased
        and request.phase is not Phase.VOIDED
        and request.subject in services
    )


def shown(request: Listed, town: Town, language: Language) -> Record:
    """A request as anybody may read it: what the town chose to publish, never the citizen's words or exact place.

    `lat`, `long`, `address_id`, `zipcode` and `media_url` are always null: the exact place is sealed (POL-30), and
    pictures are not published.
    """
    zone = ZoneInfo(town.calendar.timezone)
    subject = town.subject_by_code[request.subject or ""]
    department = town.department_by_code.get(request.department or "")
    is_open = request.status == "open"
    return {
        "service_request_id": request.reference,
        "status": request.status,
        "status_notes": request.public_notes or None,
        "service_name": _in(language, subject.name),
        "service_code": subject.code,
        "description": request.public_text or None,
        "agency_responsible": _in(language, department.name) if department is not None else None,
        "service_notice": None,
        "requested_datetime": w3c(request.received_at, zone),
        "updated_datetime": w3c(request.changed_at, zone),
        "expected_datetime": w3c(request.expected_at, zone) if request.expected_at is not None and is_open else None,
        "address": _address(request.sector, town, language),
        "address_id": None,
        "zipcode": None,
        "lat": None,
        "long": None,
        "media_url": None,
    }


def _address(sector: str | None, town: Town, language: Language) -> str | None:
    """As finely as the town publishes a place: its sector, then the town (most specific first)."""
    if sector is None:
        return None
    name = sector.replace("_", " ").capitalize()
    return f"{name} sector, {town.name.en}" if language is Language.EN else f"Secteur {name}, {town.name.fr}"


def w3c(at: dt.datetime, zone: ZoneInfo) -> str:
    """An instant in the town's time, with its offset from UTC, to the second (W3C NOTE-datetime)."""
    return at.astimezone(zone).isoformat(timespec="seconds")


# -- discovery, answers, errors -----------------------------------------------------------------------------------


def discovery(town: Town, url: str, changed_at: dt.datetime) -> Record:
    """The service discovery document; `url` is the endpoint's, `changed_at` since when it offers what it offers."""
    changeset = changed_at.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S")
    address = town.correspondence.address
    return {
        "changeset": changeset,
        "contact": f"{town.desk.fr}\u00a0: {address} – {town.desk.en}: {address}",
        "key_service": (
            f"Pour obtenir une clé, écrivez à {address} en nommant votre application. – "
            f"To get a key, write to {address} and name your application."
        ),
        "endpoints": [
            {
                "specification": SPECIFICATION,
                "url": url,
                "changeset": changeset,
                "type": "production",
                "formats": ["text/xml", "application/json"],
            }
        ],
    }


def created(reference: str, notice: str | None) -> list[Value]:
    """The answer to a post: the notice is what the citizen is to be shown at once (POL-18)."""
    return [{"service_request_id": reference, "service_notice": notice, "account_id": None}]


def redeemed(request: Listed, token: str) -> list[Value]:
    """The answer to a token."""
    return [{"service_request_id": request.reference, "token": token}]


def errors(code: int, told: Iterable[Told], language: Language) -> list[Value]:
    """GeoReport's errors, written to be shown to whoever uses the application."""
    return [{"code": str(int(code)), "description": _in(language, each)} for each in told]


def _in(language: Language, names: Names | Told) -> str:
    return names.en if language is Language.EN else names.fr

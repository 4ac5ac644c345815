"""What publishers may send: the public submission types, and the receipt that each one gets.

Unlike stored events, submissions are strict: an unknown field is an error that names it, so that a
misspelt field is not lost in silence.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError, from_json, to_json

from .problem import DOES_NOT_FIT_SCHEMA, Finding, Problem, Wording, problem, problem_from, problem_with
from .vocabulary import (
    AccessOutcome,
    BodyCode,
    Channel,
    Code,
    Criterion,
    DepartmentCode,
    Kind,
    Language,
    Reference,
    ReopeningReason,
    SubjectCode,
    VoidingReason,
)

MAX_SUBMISSION_BYTES = 256 * 1024
"""A submission's size at most, envelope included; larger ones are refused with a receipt."""

MAX_IDENTITY_CHARS = 200
"""Of a submission's `source`, and of its `id`."""

MAX_BATCH = 100
"""Submissions in one HTTP batch at most."""

_EARLIEST, _LATEST = dt.date(1900, 1, 1), dt.date(2199, 12, 31)
"""Outside of these, dates overflow when zones are converted. What is too far ahead, intake judges."""

_Dated = TypeVar("_Dated", bound=dt.date)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def _written_as_instant(value: object) -> object:
    """Numbers would be read as seconds since 1970; no publisher means that."""
    if isinstance(value, dt.datetime) or (isinstance(value, str) and _INSTANT.match(value)):
        return value
    raise PydanticCustomError("instant", "Input should be an RFC 3339 instant with its offset from UTC")


def _written_as_day(value: object) -> object:
    if isinstance(value, dt.date) or (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    raise PydanticCustomError("day", "Input should be a date, year-month-day")


def _in_range(value: _Dated) -> _Dated:
    if not _EARLIEST.year <= value.year <= _LATEST.year:
        raise PydanticCustomError("instant_range", "Input should be between the years 1900 and 2199")
    return value


Instant = Annotated[AwareDatetime, BeforeValidator(_written_as_instant), AfterValidator(_in_range)]
"""RFC 3339, with its offset from UTC, between the years 1900 and 2199."""
Day = Annotated[dt.date, BeforeValidator(_written_as_day), AfterValidator(_in_range)]
"""RFC 3339 full-date, between the years 1900 and 2199."""
Text = Annotated[str, StringConstraints(max_length=10_000, pattern=r"^[^\x00]*$")]
"""Free text. PostgreSQL cannot hold the character NUL, nor does any person write it."""
ShortText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00]*$")
]
Identity = Annotated[
    str, StringConstraints(min_length=1, max_length=MAX_IDENTITY_CHARS, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")
]
"""A CloudEvents `source` or `id`: no control characters (CloudEvents 1.0, type String)."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Requester(_Strict):
    """Who asks. Source: POL-06. Sealed at once; nothing of it leaves intake."""

    name: ShortText | None = None
    email: Annotated[str, StringConstraints(max_length=254, pattern=r"^[^@\s\x00]+@[^@\s\x00]+$")] | None = None
    phone: Annotated[str, StringConstraints(max_length=40, pattern=r"^[0-9+(). x-]{7,}$")] | None = None
    address: ShortText | None = None


class Place(_Strict):
    """Where. The exact place is sealed; the sector alone is published."""

    sector: Code | None = None
    address: ShortText | None = None
    latitude: Annotated[float, Field(ge=-90, le=90, description="Degrees, WGS 84.")] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180, description="Degrees, WGS 84.")] | None = None


class Told(_Strict):
    """That the citizen was told something, as the publisher says."""

    channel: Channel
    at: Instant


class RequestPointer(_Strict):
    """Which request is meant: by its reference, or by the submission that it came from."""

    reference: Reference | None = None
    source: Identity | None = None
    id: Identity | None = None

    @model_validator(mode="after")
    def _one_way(self) -> RequestPointer:
        by_submission = self.source is not None and self.id is not None
        if (self.reference is not None) == by_submission:
            raise PydanticCustomError(
                "request_pointer",
                "Name the request either by `reference`, or by `source` and `id` of its submission",
            )
        return self


class Submission(_Strict):
    """What a publisher sends. `TYPE` is its wire type."""

    TYPE: ClassVar[str]
    EXAMPLE: ClassVar[dict[str, Any]]


class RequestSubmission(Submission):
    """Somebody addressed a request, report, complaint, comment or suggestion to the town. Source: POL-01 to POL-06."""

    TYPE: ClassVar = "submission.request.v1"
    EXAMPLE: ClassVar = {
        "kind": "report",
        "channel": "phone",
        "subject": "pothole",
        "text": "Un nid-de-poule profond devant l'école imaginaire des Pommiers.",
        "requester": {"name": "Camille Exemple", "phone": "450 555-0134"},
        "place": {"sector": "centre", "address": "1, rue Inventée"},
    }

    kind: Kind
    channel: Channel
    language: Language = Language.FR
    subject: SubjectCode | None = Field(
        default=None, description="A subject of the town, where the publisher knows it."
    )
    text: Text = ""
    requester: Requester | None = None
    requester_withheld: bool = Field(
        default=False,
        description="The publisher knows the requester and keeps the name; for publishers that the town allows it.",
    )
    place: Place | None = None
    also_by: tuple[Channel, ...] = Field(
        default=(), max_length=20, description="Further channels by which the same thing was asked for again."
    )
    written: bool | None = Field(default=None, description="Access requests: in writing or not (POL-20).")
    complaint_criteria: tuple[Code, ...] = Field(default=(), max_length=20, description="Source: POL-12.")
    acknowledged: Told | None = Field(default=None, description="The publisher has told the citizen already.")
    backlog: bool = Field(default=False, description="Out of an older system's records, not as it happens.")
    language_ground: Code | None = Field(
        default=None, description="Why another language than French: a code of the town, such as `citizen_wish`."
    )
    attributes: dict[Code, Annotated[str, StringConstraints(max_length=1_000, pattern=r"^[^\x00]*$")]] = Field(
        default_factory=dict,
        max_length=50,
        description="Answers to the questions that the town asks about the subject, by their code.",
    )


class InteractionSubmission(Submission):
    """A contact that opens no request, or follows one up. Source: POL-10, POL-31."""

    TYPE: ClassVar = "submission.interaction.v1"
    EXAMPLE: ClassVar = {"channel": "phone", "subject": "library", "answered": True}

    channel: Channel
    language: Language = Language.FR
    subject: SubjectCode | None = None
    text: Text = ""
    about: RequestPointer | None = None
    answered: bool = Field(default=False, description="Answered on the spot by the first line (POL-34).")
    articles: tuple[Code, ...] = Field(
        default=(), max_length=20, description="Articles of the town's knowledge base that answered (POL-16)."
    )
    backlog: bool = False


class AcknowledgementSubmission(Submission):
    """The publisher told the citizen that the request is registered. Source: POL-13 to POL-15."""

    TYPE: ClassVar = "submission.acknowledgement.v1"
    EXAMPLE: ClassVar = {"about": {"reference": "2026-004217"}, "channel": "email"}

    about: RequestPointer
    channel: Channel


class CompletionSubmission(Submission):
    """What was missing from a request. Source: POL-06, POL-21."""

    TYPE: ClassVar = "submission.completion.v1"
    EXAMPLE: ClassVar = {"about": {"reference": "2026-004217"}, "requester": {"email": "camille@exemple.invalid"}}

    about: RequestPointer
    requester: Requester | None = None
    text: Text = ""


class ProgressSubmission(Submission):
    """A note or an agreed date from whoever does the work. Source: POL-19, POL-28."""

    TYPE: ClassVar = "submission.progress.v1"
    EXAMPLE: ClassVar = {
        "about": {"reference": "2026-004217"},
        "text": "Équipe prévue mardi.",
        "promised_on": "2026-05-19",
    }

    about: RequestPointer
    text: Text = ""
    promised_on: Day | None = Field(default=None, description="A date that was agreed with the citizen.")


Outcome = Literal["answered", "closed", "refused", "withdrawn", "voided", "reopened"]


class OutcomeSubmission(Submission):
    """How a request ended, from whoever treated it. Source: POL-17, POL-27.

    `closed` says that the citizen was answered and the request is done with: it records both facts.
    """

    TYPE: ClassVar = "submission.outcome.v1"
    EXAMPLE: ClassVar = {
        "about": {"source": "/telephonie", "id": "appel-17"},
        "outcome": "closed",
        "channel": "phone",
        "text": "Réparé.",
    }

    about: RequestPointer
    outcome: Outcome
    channel: Channel = Field(default=Channel.UNKNOWN, description="By which the citizen was told.")
    text: Text = ""
    answered_by: DepartmentCode | None = None
    access_outcome: AccessOutcome | None = None
    provisions: tuple[ShortText, ...] = Field(default=(), max_length=50)
    criterion: Criterion | None = Field(default=None, description="Of a refusal.")
    turn_to: BodyCode | None = Field(
        default=None,
        description="Of a refusal: who can help instead. Of the access outcome `other_body`: who holds the document.",
    )
    voiding: VoidingReason = VoidingReason.UNSPECIFIED
    reopening: ReopeningReason = ReopeningReason.UNSPECIFIED
    time_assumed: bool = Field(
        default=False, description="The event's `time` is assumed: the publisher's records do not say when."
    )


SUBMISSIONS: tuple[type[Submission], ...] = (
    RequestSubmission,
    InteractionSubmission,
    AcknowledgementSubmission,
    CompletionSubmission,
    ProgressSubmission,
    OutcomeSubmission,
)
SUBMISSION_BY_TYPE: dict[str, type[Submission]] = {s.TYPE: s for s in SUBMISSIONS}


ReceiptStatus = Literal["accepted", "known", "refused", "quarantined"]


class Receipt(BaseModel):
    """The one answer to a submission, on `clic.receipt.<publisher>.<event id>`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    status: ReceiptStatus
    source: str | None = None
    id: str | None = None
    request_id: str | None = None
    reference: Reference | None = None
    acknowledgement: str | None = Field(default=None, description="Text for the citizen (POL-18), where one is due.")
    problem: Problem | None = None
    at: AwareDatetime


class SubmissionEvent(BaseModel):
    """A submission in its CloudEvents 1.0 envelope, JSON, structured mode."""

    model_config = ConfigDict(frozen=True, extra="allow")

    specversion: Literal["1.0"]
    id: Identity
    source: Identity
    type: str
    time: Instant = Field(description="When it happened in the town.")
    datacontenttype: Literal["application/json"] = "application/json"
    data: Submission


class SubmissionRefusedError(Exception):
    """A submission cannot be taken as it is; `problem` says what is wrong and how to mend it."""

    def __init__(self, problem: Problem, *, source: str | None = None, event_id: str | None = None) -> None:
        super().__init__(problem.detail)
        self.problem = problem
        self.source = source
        self.event_id = event_id


_ANY: TypeAdapter[Any] = TypeAdapter(Any)


def parse_submission(body: bytes, language: Language = Language.EN) -> SubmissionEvent:
    """Read a submission as it came in; `language` is that of the problem, where there is one.

    Raises:
        SubmissionRefusedError: it is too large, not JSON, not a CloudEvent, of an unknown type, or does not fit
            its schema. The error carries `source` and `id` where they could be read.
    """
    if len(body) > MAX_SUBMISSION_BYTES:
        raise SubmissionRefusedError(_too_large(len(body), language), **_identity(body))
    try:
        raw = _ANY.validate_json(body)
    except ValidationError as error:
        raise SubmissionRefusedError(_not_json(error, language)) from error
    if not isinstance(raw, dict):
        raise SubmissionRefusedError(problem("not-a-cloudevent", *_NOT_A_CLOUDEVENT, language=language))
    identity = _identity_of(raw)
    kind = SUBMISSION_BY_TYPE.get(raw["type"]) if isinstance(raw.get("type"), str) else None
    if kind is None:
        raise SubmissionRefusedError(_unknown_type(language), **identity)
    if "data" not in raw:
        raise SubmissionRefusedError(
            problem_with("invalid-submission", DOES_NOT_FIT_SCHEMA, [_without_data(kind)], language), **identity
        )
    try:
        data = kind.model_validate(raw["data"])
    except ValidationError as error:
        raise SubmissionRefusedError(problem_from(error, "/data", language=language), **identity) from error
    try:
        return SubmissionEvent.model_validate({**raw, "data": data})
    except ValidationError as error:
        raise SubmissionRefusedError(problem_from(error, language=language), **identity) from error


def split_batch(body: bytes, language: Language = Language.EN) -> list[bytes]:
    """The submissions of a batch, each to be judged by itself.

    Raises:
        SubmissionRefusedError: it is none, or holds too many.
    """
    try:
        raw = from_json(body)
    except ValueError as error:
        unreadable = Wording(fr=f"Le lot n’est pas du JSON en UTF-8 : {error}", en=f"It is not JSON in UTF-8: {error}")
        raise SubmissionRefusedError(problem("not-json", _NOT_A_BATCH, 400, unreadable, language=language)) from error
    if not isinstance(raw, list) or len(raw) > MAX_BATCH:
        held = Wording(
            fr=f"Un lot est un tableau JSON d’au plus {MAX_BATCH} CloudEvents.",
            en=f"A batch is a JSON array of at most {MAX_BATCH} CloudEvents.",
        )
        raise SubmissionRefusedError(problem("not-a-batch", _NOT_A_BATCH, 422, held, language=language))
    return [to_json(each) for each in raw]


_NOT_A_BATCH = Wording(fr="Ce n’est pas un lot", en="Not a batch")
_NOT_A_CLOUDEVENT = (
    Wording(fr="Ce n’est pas un CloudEvent", en="Not a CloudEvent"),
    422,
    Wording(
        fr="Envoyez un objet JSON : une enveloppe CloudEvents 1.0.",
        en="Send one JSON object: a CloudEvents 1.0 envelope.",
    ),
)


def _too_large(size_bytes: int, language: Language) -> Problem:
    return problem(
        "too-large",
        Wording(fr="L’envoi est trop volumineux", en="The submission is too large"),
        413,
        Wording(
            fr=f"{size_bytes} octets ; au plus {MAX_SUBMISSION_BYTES} sont acceptés. Abrégez le texte.",
            en=f"{size_bytes} bytes; at most {MAX_SUBMISSION_BYTES} are taken. Shorten the text.",
        ),
        language=language,
    )


def _not_json(error: ValidationError, language: Language) -> Problem:
    said = error.errors(include_url=False, include_context=False, include_input=False)[0]["msg"]
    place = _PLACE.search(said)
    where = f", à la ligne {place[1]}, colonne {place[2]}" if place else ""
    return problem(
        "not-json",
        Wording(fr="L’envoi n’est pas du JSON en UTF-8", en="The submission is not JSON in UTF-8"),
        400,
        Wording(
            fr=f"JSON illisible{where}. Envoyez un objet CloudEvents 1.0 en JSON, encodé en UTF-8.",
            en=f"{said}. Send one CloudEvents 1.0 object in JSON, encoded in UTF-8.",
        ),
        language=language,
    )


_PLACE = re.compile(r"at line (\d+) column (\d+)")


def _unknown_type(language: Language) -> Problem:
    known = ", ".join(SUBMISSION_BY_TYPE)
    found = Finding(
        "/type",
        Wording(fr="type ou version inconnus", en="unknown type or version"),
        Wording(fr=f"Utilisez l’un de : {known}.", en=f"Use one of: {known}."),
    )
    return problem(
        "unknown-type",
        Wording(fr="Type d’envoi ou version inconnus", en="Unknown submission type or version"),
        422,
        Wording(fr=f"`type` doit être l’un de : {known}.", en=f"`type` must be one of: {known}."),
        language=language,
        errors=(found.read_in(language),),
    )


def _without_data(kind: type[Submission]) -> Finding:
    return Finding(
        "/data",
        Wording(fr="ce champ est obligatoire", en="Field required"),
        Wording(
            fr=f"Mettez les champs de {kind.TYPE} dans `data` ; `data_base64` n’est pas accepté.",
            en=f"Put the fields of {kind.TYPE} into `data`; `data_base64` is not taken.",
        ),
    )


def _identity_of(raw: dict[str, Any]) -> dict[str, Any]:
    def text(name: str) -> str | None:
        value = raw.get(name)
        return value if isinstance(value, str) and 0 < len(value) <= MAX_IDENTITY_CHARS else None

    return {"source": text("source"), "event_id": text("id")}


def _identity(body: bytes) -> dict[str, Any]:
    """Source and id of a submission that is too large to take, so that its receipt can be found."""
    try:
        raw = _ANY.validate_json(body)
    except ValidationError:
        return {}
    return _identity_of(raw) if isinstance(raw, dict) else {}


def encode_submission(submission: Submission, *, source: str, event_id: str, occurred_at: dt.datetime) -> bytes:
    """A submission in its envelope, ready to be published."""
    envelope = {
        "specversion": "1.0",
        "id": event_id,
        "source": source,
        "type": submission.TYPE,
        "time": occurred_at.isoformat(),
        "datacontenttype": "application/json",
        "data": submission.model_dump(mode="json", exclude_none=True, exclude_defaults=True),
    }
    return _ANY.dump_json(envelope)

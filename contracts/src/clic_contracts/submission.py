"""What publishers may send: the public submission types, and the receipt that each one gets.

Unlike stored events, submissions are strict: an unknown field is an error that names it, so that a
misspelt field is not lost in silence.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
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
from pydantic_core import ErrorDetails, PydanticCustomError

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

MAX_PROBLEM_ERRORS = 20
"""Errors that one problem lists at most; the detail says how many there are."""

MAX_POINTER_PART_CHARS = 100
"""A field's name in a pointer is cut after this, so that a receipt stays small whatever was sent."""

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
            raise ValueError("name the request either by `reference`, or by `source` and `id` of its submission")
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


class ProblemError(_Strict):
    """One thing that is wrong, where, and how to mend it."""

    pointer: str = Field(description="JSON pointer (RFC 6901) into the submission.")
    detail: str
    mend: str


class Problem(_Strict):
    """What is wrong with a submission: RFC 9457, with one entry per error."""

    type: str = Field(description="A URI reference that identifies the kind of problem.")
    title: str
    status: int = Field(description="The HTTP status that goes with it.")
    detail: str
    errors: tuple[ProblemError, ...] = ()


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


_WRITE_INSTANT = "Write an RFC 3339 instant: 2026-05-15T09:30:00-04:00."
_MENDS = {
    "missing": "Add the field.",
    "model_type": "Send a JSON object here.",
    "model_attributes_type": "Send a JSON object here.",
    "tuple_type": "Send a JSON array here, even of one value.",
    "string_type": "Send a JSON string here, between quotation marks.",
    "string_too_short": "Fill the field in, or leave it out where it is optional.",
    "too_long": "Send fewer entries.",
    "extra_forbidden": "Remove the field, or correct its name: the schema has no such field.",
    "string_too_long": "Shorten the text, or send the rest as a note.",
    "enum": "Use one of the listed values.",
    "literal_error": "Use one of the listed values.",
    "string_pattern_mismatch": "Write the value as the pattern in the schema says; control characters are not taken.",
    "bool_parsing": "Send true or false, without quotation marks.",
    "bool_type": "Send true or false, without quotation marks.",
    "float_parsing": "Send a number.",
    "float_type": "Send a number.",
    "greater_than_equal": "Correct the value: it is below what the schema allows.",
    "less_than_equal": "Correct the value: it is above what the schema allows.",
    "value_error": "Correct the object as the text says.",
    "instant": _WRITE_INSTANT,
    "instant_range": "Correct the year.",
    "timezone_aware": "Give the offset from UTC: 2026-05-15T09:30:00-04:00.",
    "datetime_from_date_parsing": _WRITE_INSTANT,
    "datetime_parsing": _WRITE_INSTANT,
    "day": "Write a date: 2026-05-15.",
    "date_parsing": "Write a date that the calendar has: 2026-05-15.",
    "date_from_datetime_parsing": "Write a date that the calendar has: 2026-05-15.",
}


def _problem(slug: str, title: str, status: int, detail: str, errors: tuple[ProblemError, ...] = ()) -> Problem:
    return Problem(type=f"urn:clic:problem:{slug}", title=title, status=status, detail=detail, errors=errors)


def _pointer(loc: tuple[int | str, ...]) -> str:
    parts = (str(part)[:MAX_POINTER_PART_CHARS].replace("~", "~0").replace("/", "~1") for part in loc)
    return "".join(f"/{part}" for part in parts)


def problem_from(error: ValidationError, prefix: str = "") -> Problem:
    """A validation error as a problem, with a JSON pointer and a mend for each thing that is wrong."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return _problem("invalid-submission", "The submission does not fit its schema", 422, *errors_from(found, prefix))


def errors_from(found: Sequence[ErrorDetails], prefix: str = "") -> tuple[str, tuple[ProblemError, ...]]:
    """What pydantic found wrong, at least one thing: a sentence on the first, and each with its mend."""
    errors = tuple(
        ProblemError(
            pointer=prefix + _pointer(each["loc"]),
            detail=each["msg"].removeprefix("Value error, "),
            mend=_MENDS.get(each["type"], "Correct the value; the schema says what it may be."),
        )
        for each in found[:MAX_PROBLEM_ERRORS]
    )
    first = errors[0]
    return f"{len(found)} error(s); the first, at {first.pointer or '/'}: {first.detail}", errors


_ANY: TypeAdapter[Any] = TypeAdapter(Any)


def parse_submission(body: bytes) -> SubmissionEvent:
    """Read a submission as it came in.

    Raises:
        SubmissionRefusedError: it is too large, not JSON, not a CloudEvent, of an unknown type, or does not fit
            its schema. The error carries `source` and `id` where they could be read.
    """
    if len(body) > MAX_SUBMISSION_BYTES:
        raise SubmissionRefusedError(
            _problem(
                "too-large",
                "The submission is too large",
                413,
                f"{len(body)} bytes; at most {MAX_SUBMISSION_BYTES} are taken. Shorten the text.",
            ),
            **_identity(body),
        )
    try:
        raw = _ANY.validate_json(body)
    except ValidationError as error:
        detail = error.errors(include_url=False, include_context=False, include_input=False)[0]["msg"]
        raise SubmissionRefusedError(
            _problem(
                "not-json",
                "The submission is not JSON in UTF-8",
                400,
                f"{detail}. Send one CloudEvents 1.0 object in JSON, encoded in UTF-8.",
            )
        ) from error
    if not isinstance(raw, dict):
        raise SubmissionRefusedError(
            _problem("not-a-cloudevent", "Not a CloudEvent", 422, "Send one JSON object: a CloudEvents 1.0 envelope.")
        )
    identity = _identity_of(raw)
    kind = SUBMISSION_BY_TYPE.get(raw["type"]) if isinstance(raw.get("type"), str) else None
    if kind is None:
        known = ", ".join(SUBMISSION_BY_TYPE)
        raise SubmissionRefusedError(
            _problem(
                "unknown-type",
                "Unknown submission type or version",
                422,
                f"`type` must be one of: {known}.",
                (ProblemError(pointer="/type", detail="unknown type or version", mend=f"Use one of: {known}."),),
            ),
            **identity,
        )
    if "data" not in raw:
        raise SubmissionRefusedError(_without_data(kind), **identity)
    try:
        data = kind.model_validate(raw["data"])
    except ValidationError as error:
        raise SubmissionRefusedError(problem_from(error, "/data"), **identity) from error
    try:
        return SubmissionEvent.model_validate({**raw, "data": data})
    except ValidationError as error:
        raise SubmissionRefusedError(problem_from(error), **identity) from error


def _without_data(kind: type[Submission]) -> Problem:
    mend = f"Put the fields of {kind.TYPE} into `data`; `data_base64` is not taken."
    return _problem(
        "invalid-submission",
        "The submission does not fit its schema",
        422,
        f"1 error(s); the first, at /data: Field required. {mend}",
        (ProblemError(pointer="/data", detail="Field required", mend=mend),),
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

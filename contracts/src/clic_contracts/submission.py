"""What publishers may send: the public submission types, and the receipt that each one gets.

Unlike stored events, submissions are strict: an unknown field is an error that names it, so that a
misspelt field is not lost in silence.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError, model_validator

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

Text = Annotated[str, StringConstraints(max_length=10_000)]
ShortText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Requester(_Strict):
    """Who asks. Source: POL-06. Sealed at once; nothing of it leaves intake."""

    name: ShortText | None = None
    email: Annotated[str, StringConstraints(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")] | None = None
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
    at: AwareDatetime


class RequestPointer(_Strict):
    """Which request is meant: by its reference, or by the submission that it came from."""

    reference: Reference | None = None
    source: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    id: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None

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
    subject: SubjectCode | None = Field(default=None, description="A subject of the town, where the publisher knows it.")
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
    promised_on: dt.date | None = Field(default=None, description="A date that was agreed with the citizen.")


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
    turn_to: BodyCode | None = Field(default=None, description="Of a refusal: who can help instead.")
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
    id: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    source: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    type: str
    time: AwareDatetime
    datacontenttype: Literal["application/json"] = "application/json"
    data: Submission


class SubmissionRefusedError(Exception):
    """A submission cannot be taken as it is; `problem` says what is wrong and how to mend it."""

    def __init__(self, problem: Problem, *, source: str | None = None, event_id: str | None = None) -> None:
        super().__init__(problem.detail)
        self.problem = problem
        self.source = source
        self.event_id = event_id


_MENDS = {
    "missing": "Add the field.",
    "extra_forbidden": "Remove the field, or correct its name: the schema has no such field.",
    "string_too_long": "Shorten the text, or send the rest as a note.",
    "enum": "Use one of the listed values.",
    "literal_error": "Use one of the listed values.",
    "timezone_aware": "Give the offset from UTC: 2026-05-15T09:30:00-04:00.",
    "datetime_from_date_parsing": "Write an RFC 3339 instant: 2026-05-15T09:30:00-04:00.",
    "datetime_parsing": "Write an RFC 3339 instant: 2026-05-15T09:30:00-04:00.",
}


def _problem(slug: str, title: str, status: int, detail: str, errors: tuple[ProblemError, ...] = ()) -> Problem:
    return Problem(type=f"urn:clic:problem:{slug}", title=title, status=status, detail=detail, errors=errors)


def problem_from(error: ValidationError, prefix: str = "") -> Problem:
    """A validation error as a problem, with a JSON pointer and a mend for each thing that is wrong."""
    errors = tuple(
        ProblemError(
            pointer=prefix + "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in each["loc"]),
            detail=each["msg"],
            mend=_MENDS.get(each["type"], "Correct the value; the schema says what it may be."),
        )
        for each in error.errors(include_url=False, include_context=False, include_input=False)[:20]
    )
    first = errors[0]
    return _problem(
        "invalid-submission",
        "The submission does not fit its schema",
        422,
        f"{len(errors)} error(s); the first, at {first.pointer or '/'}: {first.detail}",
        errors,
    )


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
    try:
        data = kind.model_validate_json(_ANY.dump_json(raw.get("data")))
    except ValidationError as error:
        raise SubmissionRefusedError(problem_from(error, "/data"), **identity) from error
    try:
        return SubmissionEvent.model_validate({**raw, "data": data})
    except ValidationError as error:
        raise SubmissionRefusedError(problem_from(error), **identity) from error


def _identity_of(raw: dict[str, Any]) -> dict[str, Any]:
    def text(name: str) -> str | None:
        value = raw.get(name)
        return value if isinstance(value, str) and 0 < len(value) <= 200 else None

    return {"source": text("source"), "event_id": text("id")}


def _identity(body: bytes) -> dict[str, Any]:
    """Source and id of a submission that is too large to take, so that its receipt can be found."""
    try:
        raw = _ANY.validate_json(body)
    except ValidationError:
        return {}
    return _identity_of(raw) if isinstance(raw, dict) else {}


def encode_submission(
    submission: Submission, *, source: str, event_id: str, occurred_at: dt.datetime
) -> bytes:
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

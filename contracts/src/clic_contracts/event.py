"""The events of a request's life: the facts that the log keeps for ever.

Every model is frozen, ignores fields that it does not know (an older reader meets a newer writer),
and names its wire type in `TYPE`. A stored schema only grows: rename nothing, add `v2` and an upcaster.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from .vocabulary import (
    AccessNature,
    AccessOutcome,
    BodyCode,
    Channel,
    ClosingReason,
    Code,
    Criterion,
    DelayUnit,
    DeliveryProof,
    DepartmentCode,
    Escalation,
    Kind,
    Language,
    LetterFailure,
    LetterKind,
    LiftReason,
    Missing,
    ObligationKind,
    Origin,
    PauseReason,
    RecountReason,
    Reference,
    ReopeningReason,
    RequesterPresence,
    RequestId,
    ReviewOutcome,
    RuleCode,
    Service,
    SubjectCode,
    TermCode,
    ThirdPartyPosition,
    VoidingReason,
)


class Part(BaseModel):
    """A value inside an event."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Event(Part):
    """A fact of the log. `TYPE` is its wire type, `BY` the one service that decides it."""

    TYPE: ClassVar[str]
    BY: ClassVar[Service]
    EXAMPLE: ClassVar[dict[str, Any]]


class Sealed(Part):
    """Personal data that only intake can open: AES-256-GCM under the request's key. Source: POL-30."""

    algorithm: str = Field(default="A256GCM", description="How it is sealed; RFC 7518 name.")
    nonce: str = Field(description="96 bits, base64url without padding.")
    ciphertext: str = Field(description="Ciphertext and tag, base64url without padding.")


class SubmissionRef(Part):
    """Which publisher's submission this came from: CloudEvents `source` and `id`."""

    source: str = Field(max_length=200)
    id: str = Field(max_length=200)


class RuleRef(Part):
    """Which rule of the town decided; the town's version is in the envelope."""

    code: RuleCode


class Delivery(Part):
    """That the citizen was told, by which channel, and how that is known. Source: POL-18, POL-27."""

    channel: Channel
    proof: DeliveryProof


_SEALED = {"algorithm": "A256GCM", "nonce": "AAAAAAAAAAAAAAAA", "ciphertext": "c2NlbGzDqQ"}
_TOLD = {"channel": "email", "proof": "agent"}


class RequestReceived(Event):
    """A request is registered at the desk. Source: POL-01 to POL-06, POL-10."""

    TYPE: ClassVar = "request.received.v1"
    BY: ClassVar = Service.INTAKE
    EXAMPLE: ClassVar = {
        "reference": "2026-004217",
        "kind": "report",
        "channel": "phone",
        "language": "fr",
        "subject": "pothole",
        "terms": ["artery"],
        "sector": "centre",
        "requester": "identified",
        "submission": {"source": "/telephonie", "id": "appel-17"},
        "publisher": "telephonie",
        "content_digest": "hmac-sha256:0f6a",
        "sealed": _SEALED,
        "written": False,
        "confidential": False,
        "origin": "live",
    }

    reference: Reference
    kind: Kind
    channel: Channel = Field(description="The channel of the first contact.")
    language: Language
    subject: SubjectCode | None = Field(default=None, description="None: no subject of the town foresaw it (POL-36).")
    terms: tuple[TermCode, ...] = Field(
        default=(), description="Terms of the town's closed vocabulary, picked before sealing."
    )
    sector: Code | None = Field(default=None, description="Where, as coarsely as the town publishes it.")
    requester: RequesterPresence
    submission: SubmissionRef
    publisher: Code
    content_digest: str = Field(
        max_length=200,
        description="Tells a repeated submission from another with its id. `hmac-sha256:` under the request's key "
        "where something is sealed, `sha256:` where nothing is.",
    )
    sealed: Sealed | None = Field(default=None, description="Name, contact, exact place and text.")
    written: bool | None = Field(
        default=None, description="Whether it came in writing: only then can it be reviewed (POL-20)."
    )
    confidential: bool = Field(default=False, description="Visible to its department alone (POL-26).")
    complaint_criteria: tuple[Code, ...] = Field(
        default=(), description="Criteria of the Direction générale's form that were declared (POL-12)."
    )
    origin: Origin = Origin.LIVE
    language_ground: Code | None = Field(
        default=None, description="Why it is treated in another language than French, as the town names it."
    )
    urgent: bool = Field(
        default=False, description="A safety report: it is acted on, also without a name or contact (POL-06)."
    )


class RequestIncomplete(Event):
    """Something is missing and the citizen is asked for it. Source: POL-06, POL-21."""

    TYPE: ClassVar = "request.incomplete.v1"
    BY: ClassVar = Service.INTAKE
    EXAMPLE: ClassVar = {"missing": ["contact"], "asked": _TOLD}

    missing: tuple[Missing, ...] = Field(min_length=1)
    asked: Delivery | None = Field(default=None, description="None: nobody could be asked yet.")


class RequestCompleted(Event):
    """What was missing has been given. Source: POL-06, POL-21."""

    TYPE: ClassVar = "request.completed.v1"
    BY: ClassVar = Service.INTAKE
    EXAMPLE: ClassVar = {"given": ["contact"], "sealed": _SEALED}

    given: tuple[Missing, ...] = Field(min_length=1)
    sealed: Sealed | None = None


class RequestRefused(Event):
    """A request is not admissible, on which criterion, and where to turn. Source: POL-07 to POL-09."""

    TYPE: ClassVar = "request.refused.v1"
    BY: ClassVar = Service.INTAKE
    EXAMPLE: ClassVar = {
        "criterion": "out_of_competence",
        "rule": {"code": "provincial_road"},
        "turn_to": "ministere_transports",
        "sent": _TOLD,
        "sealed": None,
    }

    criterion: Criterion
    rule: RuleRef | None = Field(default=None, description="None: a person or the publisher judged.")
    turn_to: BodyCode | None = Field(default=None, description="The body that can help instead.")
    sent: Delivery | None = Field(default=None, description="None: the citizen is still to be told.")
    sealed: Sealed | None = Field(default=None, description="The explanation.")


class RequestAcknowledged(Event):
    """The citizen was told that the request is registered. Source: POL-13 to POL-15, POL-18."""

    TYPE: ClassVar = "request.acknowledged.v1"
    BY: ClassVar = Service.INTAKE
    EXAMPLE: ClassVar = {"delivery": _TOLD}

    delivery: Delivery


class RequestNoted(Event):
    """A note was put in the file. Source: POL-28."""

    TYPE: ClassVar = "request.noted.v1"
    BY: ClassVar = Service.INTAKE
    EXAMPLE: ClassVar = {"sealed": _SEALED}

    sealed: Sealed | None = None


class RequestMerged(Event):
    """A duplicate was joined to another request, which goes on for both."""

    TYPE: ClassVar = "request.merged.v1"
    BY: ClassVar = Service.INTAKE
    EXAMPLE: ClassVar = {"into": "6f9619ff-8b86-5d11-b42d-00cf4fc964ff"}

    into: RequestId


class RequestSplit(Event):
    """One contact turned out to be several requests; this one goes on beside the new ones."""

    TYPE: ClassVar = "request.split.v1"
    BY: ClassVar = Service.INTAKE
    EXAMPLE: ClassVar = {"into": ["6f9619ff-8b86-5d11-b42d-00cf4fc964ff"]}

    into: tuple[RequestId, ...] = Field(min_length=1)


class RequestPromised(Event):
    """A date was agreed with the citizen; it overrides the standard. Source: POL-19."""

    TYPE: ClassVar = "request.promised.v1"
    BY: ClassVar = Service.INTAKE
    EXAMPLE: ClassVar = {"due_on": "2026-05-15"}

    due_on: dt.date = Field(description="To be kept by the end of this day, in the town's time.")


class RequestExtended(Event):
    """The one extension of an access request (POL-23, A-2.1 art. 47) or of a complaint, with its notice."""

    TYPE: ClassVar = "request.extended.v1"
    BY: ClassVar = Service.INTAKE
    EXAMPLE: ClassVar = {"days": 10, "notice": _TOLD}

    days: Annotated[int, Field(ge=1, le=10)] = Field(description="Calendar days; of a complaint, business days.")
    notice: Delivery
    sealed: Sealed | None = Field(default=None, description="The reason.")


class RequestAnswered(Event):
    """The citizen was answered. Source: POL-17, POL-22, POL-27."""

    TYPE: ClassVar = "request.answered.v1"
    BY: ClassVar = Service.INTAKE
    EXAMPLE: ClassVar = {
        "delivery": _TOLD,
        "answered_by": "travaux_publics_voirie",
        "access_outcome": None,
        "provisions": [],
        "sealed": _SEALED,
    }

    delivery: Delivery
    answered_by: DepartmentCode | None = Field(default=None, description="None: the department in charge.")
    access_outcome: AccessOutcome | None = None
    provisions: tuple[str, ...] = Field(default=(), description="Provisions that a refusal relies on (A-2.1 art. 50).")
    body: BodyCode | None = Field(
        default=None, description="Of the outcome `other_body`: which one holds the document better (A-2.1 art. 48)."
    )
    sealed: Sealed | None = Field(default=None, description="What was answered.")


class RequestClosed(Event):
    """The desk is done with a request. Source: POL-27."""

    TYPE: ClassVar = "request.closed.v1"
    BY: ClassVar = Service.INTAKE
    EXAMPLE: ClassVar = {"reason": "answered"}

    reason: ClosingReason


class RequestVoided(Event):
    """A record proved to be no request: entered by mistake. It stays counted as received, apart."""

    TYPE: ClassVar = "request.voided.v1"
    BY: ClassVar = Service.INTAKE
    EXAMPLE: ClassVar = {"reason": "entered_twice"}

    reason: VoidingReason


class RequestReopened(Event):
    """A closed request goes on. Source: POL-39."""

    TYPE: ClassVar = "request.reopened.v1"
    BY: ClassVar = Service.INTAKE
    EXAMPLE: ClassVar = {"reason": "not_satisfied"}

    reason: ReopeningReason


class RequestAssigned(Event):
    """Somebody of the department in charge takes it on, or gives it back. Source: POL-28, POL-29."""

    TYPE: ClassVar = "request.assigned.v1"
    BY: ClassVar = Service.INTAKE
    EXAMPLE: ClassVar = {"to": "agent:dominique.exemple"}

    to: str | None = Field(default=None, max_length=200, description="As `actor` names people; None: nobody any more.")


class RequestAttached(Event):
    """A file was added: a picture, a document. Its content is kept outside the log, sealed. Source: POL-28, POL-30."""

    TYPE: ClassVar = "request.attached.v1"
    BY: ClassVar = Service.INTAKE
    EXAMPLE: ClassVar = {
        "attachment_id": "6f9619ff-8b86-5d11-b42d-00cf4fc964ff",
        "media_type": "image/jpeg",
        "size_bytes": 48_213,
        "content_digest": "hmac-sha256:0f6a",
        "sealed": _SEALED,
    }

    attachment_id: RequestId
    media_type: str = Field(max_length=100, description="RFC 6838, as its bytes say and not as its sender does.")
    size_bytes: int = Field(ge=0, description="Before sealing.")
    content_digest: str = Field(max_length=200, description="Under the request's key, of its bytes before sealing.")
    sealed: Sealed | None = Field(default=None, description="Its name.")


class RequestDescribed(Event):
    """What the town publishes of a request: reviewed words, never the citizen's own. Source: POL-30, GeoReport v2."""

    TYPE: ClassVar = "request.described.v1"
    BY: ClassVar = Service.INTAKE
    EXAMPLE: ClassVar = {"text": "Nid-de-poule signalé près d'une école.", "status_notes": "Réparation prévue."}

    text: str = Field(default="", max_length=4000, description="Holds no personal data; empty: nothing is published.")
    status_notes: str = Field(default="", max_length=4000, description="Why it is as it is; holds no personal data.")


class PersonalDataCorrected(Event):
    """Personal data of a request is other than was recorded. Source: A-2.1 art. 89."""

    TYPE: ClassVar = "request.corrected.v1"
    BY: ClassVar = Service.INTAKE
    EXAMPLE: ClassVar = {"ground": "person_asked", "sealed": _SEALED}

    ground: Code = Field(description="Why: `person_asked`, `entered_wrongly`, `returned_letter`.")
    sealed: Sealed | None = Field(default=None, description="The requester as they are now, whole.")


class RequestRated(Event):
    """The citizen said how satisfied they are. Source: POL-39."""

    TYPE: ClassVar = "request.rated.v1"
    BY: ClassVar = Service.INTAKE
    EXAMPLE: ClassVar = {"score": 4}

    score: Annotated[int, Field(ge=1, le=5)] = Field(description="1 (not at all) to 5 (entirely).")


class PersonalDataErased(Event):
    """Personal data of this request can no longer be read; the facts stay. Source: POL-30, A-2.1 art. 73."""

    TYPE: ClassVar = "request.erased.v1"
    BY: ClassVar = Service.INTAKE
    EXAMPLE: ClassVar = {"ground": "retention"}

    ground: Code


class InteractionRecorded(Event):
    """One contact with a citizen, with or without a request. Source: POL-10, POL-31.

    The contact that opened a request is told by `request.received.v1` itself and is not repeated here.
    """

    TYPE: ClassVar = "interaction.recorded.v1"
    BY: ClassVar = Service.INTAKE
    EXAMPLE: ClassVar = {
        "interaction_id": "6f9619ff-8b86-5d11-b42d-00cf4fc964ff",
        "channel": "phone",
        "language": "fr",
        "subject": "library",
        "about": None,
        "answered_first_line": True,
        "submission": {"source": "/telephonie", "id": "appel-18"},
        "publisher": "telephonie",
        "content_digest": "sha256:0f6a",
        "sealed": None,
        "origin": "live",
    }

    interaction_id: RequestId
    channel: Channel
    language: Language = Language.FR
    subject: SubjectCode | None = None
    about: RequestId | None = Field(default=None, description="The request that it followed up.")
    answered_first_line: bool = Field(default=False, description="Answered by CLIC on the spot (POL-34).")
    articles: tuple[Code, ...] = Field(
        default=(), description="Articles of the knowledge base that answered (POL-16, POL-40)."
    )
    submission: SubmissionRef
    publisher: Code
    content_digest: str = Field(max_length=200)
    sealed: Sealed | None = None
    origin: Origin = Origin.LIVE


class ExchangeAbusive(Event):
    """A citizen's words or conduct were abusive; the request itself is treated all the same. Source: POL-41."""

    TYPE: ClassVar = "interaction.abusive.v1"
    BY: ClassVar = Service.INTAKE
    EXAMPLE: ClassVar = {"interaction_id": None, "channel": "phone", "sealed": _SEALED}

    interaction_id: RequestId | None = Field(default=None, description="Which contact; None: the one that opened it.")
    channel: Channel
    sealed: Sealed | None = Field(default=None, description="What was said or done.")


class LetterWritten(Event):
    """A letter to the citizen is to go out: what stands in it is settled and never changes. Source: POL-18, POL-27."""

    TYPE: ClassVar = "letter.written.v1"
    BY: ClassVar = Service.INTAKE
    EXAMPLE: ClassVar = {
        "letter_id": "6f9619ff-8b86-5d11-b42d-00cf4fc964ff",
        "letter": "acknowledgement",
        "channel": "email",
        "language": "fr",
        "sealed": _SEALED,
    }

    letter_id: RequestId
    letter: LetterKind
    channel: Channel
    language: Language
    answered_by: DepartmentCode | None = Field(default=None, description="Of an answer, see `request.answered.v1`.")
    access_outcome: AccessOutcome | None = Field(default=None, description="Of an answer, the same.")
    provisions: tuple[str, ...] = Field(default=(), description="Of an answer, the same.")
    body: BodyCode | None = Field(default=None, description="Of an answer, the same.")
    days: Annotated[int, Field(ge=1, le=10)] | None = Field(
        default=None, description="Of an extension, see `request.extended.v1`."
    )
    third_party_id: RequestId | None = Field(default=None, description="Of a notice to a third party: to whom.")
    closes: bool = Field(default=False, description="Of an answer: the request is closed once it has gone out.")
    sealed: Sealed | None = Field(default=None, description="To whom, its subject and its text.")


class LetterSent(Event):
    """A letter went out. What the citizen is told by it (acknowledged, answered, …) stands beside it, in one commit."""

    TYPE: ClassVar = "letter.sent.v1"
    BY: ClassVar = Service.INTAKE
    EXAMPLE: ClassVar = {
        "letter_id": "6f9619ff-8b86-5d11-b42d-00cf4fc964ff",
        "letter": "acknowledgement",
        "delivery": {"channel": "email", "proof": "relay"},
    }

    letter_id: RequestId
    letter: LetterKind
    delivery: Delivery


class LetterFailed(Event):
    """A letter did not reach the citizen, or nobody can say whether it did: a person looks at it. Source: POL-18."""

    TYPE: ClassVar = "letter.failed.v1"
    BY: ClassVar = Service.INTAKE
    EXAMPLE: ClassVar = {
        "letter_id": "6f9619ff-8b86-5d11-b42d-00cf4fc964ff",
        "letter": "acknowledgement",
        "reason": "bounced",
        "status": "5.1.1",
    }

    letter_id: RequestId
    letter: LetterKind
    reason: LetterFailure
    status: str | None = Field(
        default=None, pattern=r"^[245](\.[0-9]{1,3}){2}$", description="Enhanced status code (RFC 3463), where known."
    )


class RequestAdmitted(Event):
    """A person judged that a request is admissible. Source: POL-05 to POL-09, POL-12."""

    TYPE: ClassVar = "request.admitted.v1"
    BY: ClassVar = Service.INTAKE
    EXAMPLE: ClassVar = {"complaint_criteria": ["about_town", "repeated"], "sealed": _SEALED}

    complaint_criteria: tuple[Code, ...] = Field(
        default=(), description="Criteria of the Direction générale's form that were found to be so (POL-12)."
    )
    sealed: Sealed | None = Field(default=None, description="On what ground.")


class RequestHandedOver(Event):
    """Work on a request was given to an outside body; the town still answers for it. Source: POL-29."""

    TYPE: ClassVar = "request.handed_over.v1"
    BY: ClassVar = Service.INTAKE
    EXAMPLE: ClassVar = {"to": "hydro_quebec", "expected_on": "2026-06-05"}

    to: BodyCode
    expected_on: dt.date | None = Field(
        default=None, description="By the end of this day, as agreed with that body; None: the town's standard."
    )


class RequestHandedBack(Event):
    """An outside body is done with its part of a request, or will not do it. Source: POL-29."""

    TYPE: ClassVar = "request.handed_back.v1"
    BY: ClassVar = Service.INTAKE
    EXAMPLE: ClassVar = {"done": True}

    done: bool


class AccessClassified(Event):
    """What an access request is for, as the yearly account tells them apart. Source: POL-04, A-2.1."""

    TYPE: ClassVar = "access.classified.v1"
    BY: ClassVar = Service.INTAKE
    EXAMPLE: ClassVar = {"nature": "administrative_documents"}

    nature: AccessNature


class ThirdPartyIdentified(Event):
    """A document that is asked for concerns a third party, who must be heard. Source: A-2.1 art. 23 to 25."""

    TYPE: ClassVar = "access.third_party_identified.v1"
    BY: ClassVar = Service.INTAKE
    EXAMPLE: ClassVar = {"third_party_id": "6f9619ff-8b86-5d11-b42d-00cf4fc964ff", "sealed": _SEALED}

    third_party_id: RequestId
    sealed: Sealed | None = Field(default=None, description="Who it is, and how to reach them.")


class ThirdPartyNotified(Event):
    """A third party was told, and has a delay to answer; silence is consent. Source: A-2.1 art. 25, 49."""

    TYPE: ClassVar = "access.third_party_notified.v1"
    BY: ClassVar = Service.INTAKE
    EXAMPLE: ClassVar = {"third_party_id": "6f9619ff-8b86-5d11-b42d-00cf4fc964ff", "notice": _TOLD}

    third_party_id: RequestId
    notice: Delivery


class ThirdPartyAnswered(Event):
    """A third party consents to a document being given, or objects. Source: A-2.1 art. 25, 49."""

    TYPE: ClassVar = "access.third_party_answered.v1"
    BY: ClassVar = Service.INTAKE
    EXAMPLE: ClassVar = {
        "third_party_id": "6f9619ff-8b86-5d11-b42d-00cf4fc964ff",
        "position": "objects",
        "sealed": _SEALED,
    }

    third_party_id: RequestId
    position: ThirdPartyPosition
    sealed: Sealed | None = Field(default=None, description="What they said.")


class ReviewRequested(Event):
    """The citizen asked the Commission d'accès à l'information for a review. Source: POL-24, A-2.1 art. 135."""

    TYPE: ClassVar = "access.review_requested.v1"
    BY: ClassVar = Service.INTAKE
    EXAMPLE: ClassVar = {"requested_on": "2026-06-12", "sealed": None}

    requested_on: dt.date = Field(description="When the Commission was asked; the event's time is when the town knew.")
    sealed: Sealed | None = Field(default=None, description="The Commission's file number, and what was asked.")


class ReviewDecided(Event):
    """A review by the Commission d'accès à l'information ended. Source: A-2.1 art. 135, 141."""

    TYPE: ClassVar = "access.review_decided.v1"
    BY: ClassVar = Service.INTAKE
    EXAMPLE: ClassVar = {"outcome": "upheld", "sealed": None}

    outcome: ReviewOutcome
    sealed: Sealed | None = Field(default=None, description="What was decided.")


class LearningRecorded(Event):
    """What an exchange with a citizen taught the town. Source: POL-37.

    One about a request stands in that request's story, under its key; another has a story and a key of its own.
    """

    TYPE: ClassVar = "learning.recorded.v1"
    BY: ClassVar = Service.INTAKE
    EXAMPLE: ClassVar = {"subject": "pothole", "sealed": _SEALED}

    subject: SubjectCode | None = None
    sealed: Sealed | None = Field(default=None, description="The text, not yet reviewed.")


class LearningPublished(Event):
    """A reviewed learning, signed off for the report. Source: POL-37, POL-38."""

    TYPE: ClassVar = "learning.published.v1"
    BY: ClassVar = Service.INTAKE
    EXAMPLE: ClassVar = {
        "text": "Les avis de travaux sont à publier plus tôt.",
        "period": "2026-Q2",
        "signed_off_by": "agent:dominique.exemple",
    }

    text: str = Field(max_length=4000, description="Reviewed: holds no personal data.")
    period: str = Field(pattern=r"^[0-9]{4}-Q[1-4]$")
    signed_off_by: str | None = Field(
        default=None, max_length=200, description="Who signed it off, as `actor` names people; `actor` published it."
    )


class LearningWithdrawn(Event):
    """A published learning is shown no more, in no report of any position. Source: POL-37, POL-38."""

    TYPE: ClassVar = "learning.withdrawn.v1"
    BY: ClassVar = Service.INTAKE
    EXAMPLE: ClassVar = {"ground": "error", "period": "2026-Q2"}

    ground: Code = Field(description="Why: `error`, `personal_data`, `outdated`.")
    period: str = Field(pattern=r"^[0-9]{4}-Q[1-4]$", description="Of the text that is withdrawn.")


class RequestRouted(Event):
    """A request was given to the department that will answer it. Source: POL-10 to POL-12, POL-16, POL-20."""

    TYPE: ClassVar = "request.routed.v1"
    BY: ClassVar = Service.ROUTING
    EXAMPLE: ClassVar = {
        "department": "travaux_publics_voirie",
        "rule": {"code": "roads"},
        "first_line": False,
        "unusual": False,
    }

    department: DepartmentCode
    rule: RuleRef | None = Field(default=None, description="None: a person chose.")
    first_line: bool = Field(description="Answered by CLIC itself (POL-34).")
    unusual: bool = Field(default=False, description="No rule or subject foresaw it (POL-36).")


class TraceStep(Part):
    """A run of days that the computation of a due date counted, or did not."""

    first_on: dt.date
    last_on: dt.date
    counted: bool
    why: Code = Field(
        description="`business_day`, `weekend`, `holiday`, `town_closing`, `calendar_day`, `start`, `paused`, `closed`."
    )
    minutes: int | None = Field(
        default=None, ge=0, description="Of a delay in business hours: how much of it was counted on these days."
    )


class Within(Part):
    """How long a delay is, as its rule had it when it began."""

    amount: int = Field(ge=0)
    unit: DelayUnit


class ObligationSet(Event):
    """The town owes something by an instant, computed like this. Source: POL-13 to POL-15, POL-22, POL-29."""

    TYPE: ClassVar = "obligation.set.v1"
    BY: ClassVar = Service.DEADLINES
    EXAMPLE: ClassVar = {
        "obligation_id": "acknowledge-1",
        "obligation": "acknowledge",
        "starts_at": "2026-05-15T16:20:00-04:00",
        "due_at": "2026-05-20T00:00:00-04:00",
        "due_strict_on": "2026-05-19",
        "due_prudent_on": "2026-05-19",
        "warn_at": "2026-05-18T16:05:00-04:00",
        "rule": {"code": "acknowledge"},
        "calendar_version": "2026.1",
        "trace": [
            {"first_on": "2026-05-16", "last_on": "2026-05-17", "counted": False, "why": "weekend"},
            {"first_on": "2026-05-18", "last_on": "2026-05-18", "counted": False, "why": "holiday"},
            {"first_on": "2026-05-19", "last_on": "2026-05-19", "counted": True, "why": "business_day"},
        ],
    }

    obligation_id: str = Field(pattern=r"^[a-z_]+-[0-9]+$", description="Kind and ordinal, one per request.")
    obligation: ObligationKind
    starts_at: AwareDatetime
    due_at: AwareDatetime = Field(description="Exclusive: what happens before this instant is in time.")
    due_strict_on: dt.date = Field(description="The last day, by the letter of the rule.")
    due_prudent_on: dt.date = Field(description="The last day that the desk works to.")
    warn_at: AwareDatetime
    rule: RuleRef
    calendar_version: str = Field(max_length=80)
    trace: tuple[TraceStep, ...]
    within: Within | None = Field(default=None, description="None: the end is an agreed day, or was not recorded.")
    stops_while_waiting: bool = Field(
        default=False, description="Whether it stands still while the request waits for the citizen."
    )


class ObligationPaused(Event):
    """A delay stands still: the request waits for the citizen, who was asked. Source: POL-06, POL-21."""

    TYPE: ClassVar = "obligation.paused.v1"
    BY: ClassVar = Service.DEADLINES
    EXAMPLE: ClassVar = {"obligation_id": "answer-1", "obligation": "answer", "reason": "waits_for_citizen"}

    obligation_id: str
    obligation: ObligationKind
    reason: PauseReason


class ObligationRecounted(Event):
    """The limit of an obligation is another from now on, counted anew from its start. Source: POL-29."""

    TYPE: ClassVar = "obligation.recounted.v1"
    BY: ClassVar = Service.DEADLINES
    EXAMPLE: ClassVar = {
        "obligation_id": "answer-1",
        "obligation": "answer",
        "because": "resumed",
        "due_at": "2026-05-22T00:00:00-04:00",
        "due_strict_on": "2026-05-21",
        "due_prudent_on": "2026-05-21",
        "warn_at": "2026-05-20T12:00:00-04:00",
        "calendar_version": "2026.1",
        "trace": [
            {"first_on": "2026-05-15", "last_on": "2026-05-15", "counted": True, "why": "business_day"},
            {"first_on": "2026-05-16", "last_on": "2026-05-20", "counted": False, "why": "paused"},
            {"first_on": "2026-05-21", "last_on": "2026-05-21", "counted": True, "why": "business_day"},
        ],
    }

    obligation_id: str
    obligation: ObligationKind
    because: RecountReason
    due_at: AwareDatetime = Field(description="Exclusive, as in `obligation.set.v1`.")
    due_strict_on: dt.date
    due_prudent_on: dt.date
    warn_at: AwareDatetime
    calendar_version: str = Field(max_length=80)
    trace: tuple[TraceStep, ...]


class ObligationMet(Event):
    """An obligation was kept, in time or late."""

    TYPE: ClassVar = "obligation.met.v1"
    BY: ClassVar = Service.DEADLINES
    EXAMPLE: ClassVar = {
        "obligation_id": "acknowledge-1",
        "obligation": "acknowledge",
        "met_at": "2026-05-19T10:00:00-04:00",
        "in_time": True,
        "assumed": False,
    }

    obligation_id: str
    obligation: ObligationKind
    met_at: AwareDatetime
    in_time: bool
    assumed: bool = Field(default=False, description="The instant is assumed, not recorded by anybody.")


class ObligationWarned(Event):
    """A configured share of the delay has passed. Source: POL-29."""

    TYPE: ClassVar = "obligation.warned.v1"
    BY: ClassVar = Service.DEADLINES
    EXAMPLE: ClassVar = {
        "obligation_id": "answer-1",
        "obligation": "answer",
        "due_at": "2026-05-20T00:00:00-04:00",
    }

    obligation_id: str
    obligation: ObligationKind
    due_at: AwareDatetime


class ObligationMissed(Event):
    """The limit has passed and nothing recorded so far kept the obligation."""

    TYPE: ClassVar = "obligation.missed.v1"
    BY: ClassVar = Service.DEADLINES
    EXAMPLE: ClassVar = {
        "obligation_id": "answer-1",
        "obligation": "answer",
        "due_at": "2026-05-20T00:00:00-04:00",
    }

    obligation_id: str
    obligation: ObligationKind
    due_at: AwareDatetime


class ObligationEscalated(Event):
    """Somebody further up is told that an obligation is not kept. Source: POL-29, C-19 art. 113."""

    TYPE: ClassVar = "obligation.escalated.v1"
    BY: ClassVar = Service.DEADLINES
    EXAMPLE: ClassVar = {
        "obligation_id": "answer-1",
        "obligation": "answer",
        "due_at": "2026-05-20T00:00:00-04:00",
        "step": 2,
        "to": "head",
    }

    obligation_id: str
    obligation: ObligationKind
    due_at: AwareDatetime
    step: Annotated[int, Field(ge=1, le=20)] = Field(description="Of the town's chain, from 1.")
    to: Escalation


class ObligationLapsed(Event):
    """A delay of somebody else ended and was not used: a third party's silence, a review that nobody asked for."""

    TYPE: ClassVar = "obligation.lapsed.v1"
    BY: ClassVar = Service.DEADLINES
    EXAMPLE: ClassVar = {
        "obligation_id": "review_window-1",
        "obligation": "review_window",
        "due_at": "2026-07-03T00:00:00-04:00",
    }

    obligation_id: str
    obligation: ObligationKind
    due_at: AwareDatetime


class AccessDeemedRefused(Event):
    """The limit passed without a decision: the law takes it for a refusal, and the town must still answer.

    Source: A-2.1 art. 52. A decision in time that is recorded later makes `obligation.met.v1` say so, which prevails.
    """

    TYPE: ClassVar = "access.deemed_refused.v1"
    BY: ClassVar = Service.DEADLINES
    EXAMPLE: ClassVar = {"obligation_id": "decide_access-1", "due_at": "2026-06-05T00:00:00-04:00"}

    obligation_id: str
    due_at: AwareDatetime


class ObligationLifted(Event):
    """An obligation no longer binds: the request was refused, withdrawn, merged, voided, or a new date replaced it."""

    TYPE: ClassVar = "obligation.lifted.v1"
    BY: ClassVar = Service.DEADLINES
    EXAMPLE: ClassVar = {"obligation_id": "answer-1", "obligation": "answer", "reason": "withdrawn"}

    obligation_id: str
    obligation: ObligationKind
    reason: LiftReason


EVENTS: tuple[type[Event], ...] = (
    RequestReceived,
    RequestIncomplete,
    RequestCompleted,
    RequestRefused,
    RequestAcknowledged,
    RequestNoted,
    RequestMerged,
    RequestSplit,
    RequestPromised,
    RequestExtended,
    RequestAnswered,
    RequestClosed,
    RequestVoided,
    RequestReopened,
    RequestRated,
    PersonalDataErased,
    InteractionRecorded,
    LearningRecorded,
    LearningPublished,
    RequestRouted,
    ObligationSet,
    ObligationMet,
    ObligationWarned,
    ObligationMissed,
    ObligationLifted,
    LearningWithdrawn,
    RequestAssigned,
    RequestAttached,
    RequestDescribed,
    PersonalDataCorrected,
    ExchangeAbusive,
    LetterWritten,
    LetterSent,
    LetterFailed,
    RequestAdmitted,
    RequestHandedOver,
    RequestHandedBack,
    AccessClassified,
    ThirdPartyIdentified,
    ThirdPartyNotified,
    ThirdPartyAnswered,
    ReviewRequested,
    ReviewDecided,
    ObligationPaused,
    ObligationRecounted,
    ObligationEscalated,
    ObligationLapsed,
    AccessDeemedRefused,
)
"""The catalogue: every event of the log, newest version of each."""

EVENT_BY_TYPE: dict[str, type[Event]] = {event.TYPE: event for event in EVENTS}

"""The closed lists that events and submissions speak in.

Values are storage formats: stored for ever, only added to.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import StringConstraints

Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
"""A code of the town's configuration: lower case, digits and underscores, 63 characters at most."""

DepartmentCode = Code
SubjectCode = Code
TermCode = Code
RuleCode = Code
BodyCode = Code

RequestId = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"),
]
"""A UUID in its canonical lower-case form: of a request, or of whatever else has a story of its own."""

Reference = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{6,}$")]
"""What a citizen quotes: the year of reception and a number, `2026-004217`."""


class Service(StrEnum):
    """The deciding services: each owns its part of a request."""

    INTAKE = "intake"
    ROUTING = "routing"
    DEADLINES = "deadlines"


class Kind(StrEnum):
    """What was addressed to the town. Source: POL-01 to POL-04."""

    REQUEST = "request"  # requête
    REPORT = "report"  # signalement
    COMPLAINT = "complaint"  # plainte
    COMMENT = "comment"  # commentaire
    SUGGESTION = "suggestion"
    ACCESS_TO_INFORMATION = "access_to_information"  # demande d'accès


class Channel(StrEnum):
    """By which way the town and the citizen spoke. Source: POL-05, POL-11, POL-13 to POL-15, POL-31."""

    PHONE = "phone"
    VOICEMAIL = "voicemail"
    EMAIL = "email"
    MESSENGER = "messenger"
    SOCIAL_MEDIA = "social_media"
    COUNTER = "counter"
    LETTER = "letter"
    FAX = "fax"
    WEB_FORM = "web_form"
    MOBILE_APP = "mobile_app"
    COUNCIL = "council"
    ELECTED_OFFICIAL = "elected_official"
    UNKNOWN = "unknown"  # Only from records that never had it.


class Language(StrEnum):
    """The language in which the citizen is answered; French unless the citizen wishes otherwise."""

    FR = "fr"
    EN = "en"


class Origin(StrEnum):
    """Whether a request came in as it happened, or out of an older system's records."""

    LIVE = "live"
    BACKLOG = "backlog"


class RequesterPresence(StrEnum):
    """What is known of the requester. Source: POL-06."""

    IDENTIFIED = "identified"  # name, and an e-mail address or telephone
    PARTIAL = "partial"  # something is missing, see `request.incomplete.v1`
    WITHHELD = "withheld"  # known to a publisher that the town trusts to hold it


class Missing(StrEnum):
    """What a request lacks. Source: POL-06, POL-21."""

    NAME = "name"
    CONTACT = "contact"
    PRECISION = "precision"


class Criterion(StrEnum):
    """On which criterion a request is refused. Source: POL-05 to POL-09."""

    NOT_OFFICIAL = "not_official"
    INCOMPLETE = "incomplete"
    OUT_OF_COMPETENCE = "out_of_competence"
    UNFOUNDED = "unfounded"
    BEFORE_COURTS = "before_courts"
    UNSPECIFIED = "unspecified"  # Only from records that do not say.


class ClosingReason(StrEnum):
    """Why a request was closed. Source: POL-27."""

    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"
    REFUSED = "refused"


class VoidingReason(StrEnum):
    """Why a record is no request at all: it was entered by mistake."""

    ENTERED_TWICE = "entered_twice"
    ENTERED_IN_ERROR = "entered_in_error"
    UNSPECIFIED = "unspecified"


class ReopeningReason(StrEnum):
    """Why a closed request goes on. Source: POL-39."""

    NOT_SATISFIED = "not_satisfied"
    NEW_FACTS = "new_facts"
    CLOSED_IN_ERROR = "closed_in_error"
    MERGED_IN_ERROR = "merged_in_error"
    UNSPECIFIED = "unspecified"


class AccessOutcome(StrEnum):
    """How an access request was decided. Source: A-2.1 art. 47 to 51."""

    GRANTED = "granted"
    PARTIAL = "partial"
    REFUSED = "refused"
    NO_DOCUMENT = "no_document"
    OTHER_BODY = "other_body"


class DeliveryProof(StrEnum):
    """How it is known that the citizen was told."""

    RECEIPT = "receipt"  # handed to the publisher in its stored receipt
    AGENT = "agent"  # an agent told the citizen and says so
    PUBLISHER = "publisher"  # the publisher told the citizen and says so
    ASSUMED = "assumed"  # an older record implies it
    RELAY = "relay"  # a mail server took the letter and answers for it


class LetterKind(StrEnum):
    """What the town writes to a citizen. Source: POL-06, POL-07, POL-18, POL-23, POL-27, POL-39."""

    ACKNOWLEDGEMENT = "acknowledgement"
    MISSING = "missing"  # something is missing, and the citizen is asked for it
    REFUSAL = "refusal"
    TRANSFER = "transfer"  # another department, or another body, answers
    ANSWER = "answer"
    CLOSING = "closing"  # it is done with; how satisfied are you?
    MERGED = "merged"  # another request goes on for it
    REOPENED = "reopened"
    EXTENSION = "extension"  # the delay is extended, once (A-2.1 art. 47; of a complaint, with its reason)
    THIRD_PARTY = "third_party"  # to a third party whom documents asked for concern (A-2.1 art. 25)
    REMINDER = "reminder"  # what was asked for has not come yet


class LetterFailure(StrEnum):
    """Why a letter did not reach the citizen."""

    NO_ADDRESS = "no_address"
    REJECTED = "rejected"  # the mail server refused it for good
    BOUNCED = "bounced"  # it was taken, and came back
    GIVEN_UP = "given_up"  # refused for now, too often
    DOUBTFUL = "doubtful"  # cut off while it was handed over: it may have gone out


class ObligationKind(StrEnum):
    """What the town owes by an instant. Source: POL-13 to POL-15, POL-19, POL-22, POL-29."""

    ACKNOWLEDGE = "acknowledge"
    ANSWER = "answer"
    PROMISE = "promise"
    DECIDE_ACCESS = "decide_access"
    JUDGE = "judge"  # whether it is admissible, where a person must say so (POL-05 to POL-09, POL-12)
    OUTSIDE_WORK = "outside_work"  # work that was handed to an outside body is followed up
    NOTIFY_THIRD_PARTY = "notify_third_party"  # art. 25, 49
    THIRD_PARTY_RESPONSE = "third_party_response"  # the time that a third party has; silence is consent
    REVIEW_WINDOW = "review_window"  # the time that a citizen has to ask the Commission (POL-24, A-2.1 art. 135)
    CITIZEN_REPLY = "citizen_reply"  # the time that a citizen has to give what is missing (POL-06, POL-21)


WINDOWS: frozenset[ObligationKind] = frozenset(
    {ObligationKind.THIRD_PARTY_RESPONSE, ObligationKind.REVIEW_WINDOW, ObligationKind.CITIZEN_REPLY}
)
"""Delays of others: the town owes nothing by their end, they lapse, and no rate of kept delays counts them."""

ANSWERED_BY: frozenset[ObligationKind] = frozenset(
    {ObligationKind.ANSWER, ObligationKind.PROMISE, ObligationKind.DECIDE_ACCESS}
)
"""What an answer to the citizen keeps: their limits are the due date that the citizen is told (POL-18)."""


class DelayUnit(StrEnum):
    """In what a delay is counted."""

    BUSINESS_DAYS = "business_days"
    CALENDAR_DAYS = "calendar_days"
    HOURS = "hours"  # elapsed
    BUSINESS_HOURS = "business_hours"  # of the desk's opening hours


class PauseReason(StrEnum):
    """Why a delay stands still."""

    WAITS_FOR_CITIZEN = "waits_for_citizen"


class RecountReason(StrEnum):
    """Why a limit is another than was recorded."""

    RESUMED = "resumed"  # the citizen gave what was missing
    CALENDAR = "calendar"  # the town's calendar changed, and somebody applied it
    LATER_KNOWN = "later_known"  # what happened before was recorded later


class Escalation(StrEnum):
    """Who is told of a delay that is not kept, one after the other. Source: POL-29, C-19 art. 113."""

    PERSON = "person"  # who has it; the department, where nobody has
    HEAD = "head"  # of the department
    GENERAL_MANAGEMENT = "general_management"  # Direction générale


class AccessNature(StrEnum):
    """What an access request is for, as the yearly account to the Commission tells them apart. Source: A-2.1."""

    ADMINISTRATIVE_DOCUMENTS = "administrative_documents"  # art. 9
    PERSONAL_INFORMATION = "personal_information"  # art. 83
    RECTIFICATION = "rectification"  # art. 89


class ThirdPartyPosition(StrEnum):
    """What a third party says to a document being given. Source: A-2.1 art. 25, 49."""

    CONSENTS = "consents"
    OBJECTS = "objects"


class ReviewOutcome(StrEnum):
    """How a review by the Commission d'accès à l'information ended. Source: A-2.1 art. 135, 141."""

    UPHELD = "upheld"  # the town's decision stands
    REVERSED = "reversed"
    PARTLY_REVERSED = "partly_reversed"
    SETTLED = "settled"  # by agreement
    WITHDRAWN = "withdrawn"


class LiftReason(StrEnum):
    """Why an obligation no longer binds, neither met nor missed."""

    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"
    VOIDED = "voided"
    REPLACED = "replaced"


class Phase(StrEnum):
    """Where a request stands. Acknowledged and routed are facts beside the phase."""

    NEW = "new"  # nothing is recorded yet
    RECEIVED = "received"
    IN_TREATMENT = "in_treatment"
    ANSWERED = "answered"
    REFUSED = "refused"
    CLOSED = "closed"
    VOIDED = "voided"
    REOPENED = "reopened"

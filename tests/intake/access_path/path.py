"""What tests of the access path tell: the steps of a request for access, on days of the town."""

from __future__ import annotations

import datetime as dt

from tests.intake.core.story import TORONTO, make

from clic_chassis.scenario import recorded
from clic_contracts.envelope import Recorded
from clic_contracts.event import (
    AccessClassified,
    Event,
    RequestAdmitted,
    RequestAnswered,
    RequestClosed,
    RequestExtended,
    RequestHandedBack,
    RequestHandedOver,
    RequestReceived,
    RequestRefused,
    RequestReopened,
    ReviewDecided,
    ReviewRequested,
    ThirdPartyAnswered,
    ThirdPartyIdentified,
    ThirdPartyNotified,
)
from clic_intake.core.request import Record, request_decider
from clic_intake.core.rule import Rules

RULES = Rules(TORONTO, reopen_within_days=30, complaint_extension_days=10)
REQUEST = request_decider(RULES)

ONE, TWO = "6f9619ff-8b86-5d11-b42d-00cf4fc964ff", "0b1e1a54-0000-5000-8000-000000000002"
"""Two third parties."""

WRITTEN = make(RequestReceived, kind="access_to_information", subject=None, written=True, confidential=True)
ORAL = make(RequestReceived, kind="access_to_information", subject=None, written=False, confidential=True)
REPORT = make(RequestReceived)
COMPLAINT = make(RequestReceived, kind="complaint")
BACKLOG = make(RequestReceived, kind="access_to_information", subject=None, written=None, origin="backlog")
CLASSIFIED = make(AccessClassified)
EXTENDED = make(RequestExtended)
WITH_REASON = make(RequestExtended, sealed=RequestReceived.EXAMPLE["sealed"])
GRANTED = make(RequestAnswered, access_outcome="granted")
REFUSED = make(RequestAnswered, access_outcome="refused", provisions=["article 53"])
PARTIAL = make(RequestAnswered, access_outcome="partial", provisions=["article 53"])
NO_DOCUMENT = make(RequestAnswered, access_outcome="no_document")
OTHER_BODY = make(RequestAnswered, access_outcome="other_body", body="hydro_quebec")
INADMISSIBLE = make(RequestRefused)
CLOSED = make(RequestClosed)
WITHDRAWN = make(RequestClosed, reason="withdrawn")
REOPENED = make(RequestReopened)
IDENTIFIED = make(ThirdPartyIdentified)
NOTIFIED = make(ThirdPartyNotified)
OBJECTS = make(ThirdPartyAnswered)
CONSENTS = make(ThirdPartyAnswered, position="consents")
DECIDED = make(ReviewDecided)
ADMITTED = make(RequestAdmitted, complaint_criteria=[])
HANDED_OVER = make(RequestHandedOver, expected_on=None)
HANDED_BACK = make(RequestHandedBack)


def asked(on: str) -> ReviewRequested:
    """The Commission was asked on a day."""
    event: ReviewRequested = make(ReviewRequested, requested_on=on)
    return event


def town(day: str, hour: int = 10, minute: int = 0) -> dt.datetime:
    """An hour of a day in the town."""
    return dt.datetime.fromisoformat(day).replace(hour=hour, minute=minute, tzinfo=TORONTO)


def on(day: str, event: Event, hour: int = 10) -> Recorded:
    """An event of a day in the town."""
    return recorded(event, at=town(day, hour))


def record(event: Event, day: str, hour: int = 10, minute: int = 0) -> Record:
    """State a fact of a day in the town."""
    return Record(event, town(day, hour, minute))


RECEIVED_ON = on("2026-05-15", WRITTEN)
"""A Friday; day 20 is Thursday 4 June, day 30 is Sunday 14 June."""
MADE_ORALLY = on("2026-05-15", ORAL)
IN_TIME, LATE = "2026-05-28", "2026-06-20"
"""Days before and after its limit."""

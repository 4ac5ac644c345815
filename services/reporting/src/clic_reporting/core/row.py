"""The rows that the fold makes: those of a request are a value that facts change, the others are written once.

No personal data by construction: nothing sealed is ever read (POL-38). Columns are those of `schema/tables.sql`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from uuid import UUID

from clic_contracts.vocabulary import Phase


@dataclass(slots=True)
class AssignmentRow:
    """One routing that took effect. Source: POL-16, POL-35."""

    ordinal: int
    sequence: int
    routed_at: dt.datetime
    department: str
    first_line: bool
    unusual: bool
    rule: str | None
    rule_version: str
    transfer: bool


@dataclass(slots=True)
class TreatmentRow:
    """One time that a request was treated, and whether it was reopened after. Source: POL-32."""

    ordinal: int
    sequence: int
    treated_at: dt.datetime
    how: str
    status: str
    criterion: str | None
    closing_reason: str | None
    assumed: bool
    reopened_at: dt.datetime | None = None
    reopened_sequence: int | None = None
    reopening_assumed: bool = False


@dataclass(slots=True)
class AmendmentRow:
    """What a later fact made of a treatment's outcome without treating the request again."""

    ordinal: int
    sequence: int
    status: str
    criterion: str | None
    closing_reason: str | None
    assumed: bool


@dataclass(slots=True)
class ObligationRow:
    """What the town owed, or the time that somebody else had, and what came of it."""

    obligation_id: str
    obligation: str
    owed_by: str
    sequence: int
    rule: str
    rule_version: str
    starts_at: dt.datetime
    due_at: dt.datetime
    limit_sequence: int
    """Since where its limit is `due_at` and it stands still or runs as it does."""
    state: str = "open"
    paused_since: dt.datetime | None = None
    warned_sequence: int | None = None
    missed_sequence: int | None = None
    met_at: dt.datetime | None = None
    met_assumed: bool = False
    met_sequence: int | None = None
    lifted: str | None = None
    lifted_sequence: int | None = None
    lapsed_sequence: int | None = None


@dataclass(slots=True)
class LimitRow:
    """What was an obligation's limit, and whether it stood still, until a later fact moved it."""

    obligation_id: str
    limit_sequence: int
    until_sequence: int
    due_at: dt.datetime
    paused_since: dt.datetime | None
    warned_sequence: int | None
    missed_sequence: int | None


@dataclass(slots=True)
class CorrectionRow:
    """What was believed of an obligation's keeping until a later fact corrected it."""

    obligation_id: str
    met_sequence: int
    until_sequence: int
    met_at: dt.datetime
    met_assumed: bool


@dataclass(slots=True)
class RequestRows:
    """The rows of one request."""

    request_key: int
    request_id: str
    reference: str
    kind: str
    first_channel: str
    language: str
    subject: str | None
    sector: str | None
    requester: str
    origin: str
    publisher: str
    confidential: bool
    rule_version: str
    received_at: dt.datetime
    recorded_at: dt.datetime
    department: str | None = None
    first_line: bool = False
    unusual: bool = False
    assignments: int = 0
    acknowledged_at: dt.datetime | None = None
    acknowledged_sequence: int | None = None
    acknowledged_assumed: bool = False
    answered_at: dt.datetime | None = None
    answered_sequence: int | None = None
    answered_assumed: bool = False
    closed_at: dt.datetime | None = None
    reopenings: int = 0
    rating: int | None = None
    rated_sequence: int | None = None
    erased_at: dt.datetime | None = None
    erased_sequence: int | None = None
    phase: Phase = Phase.RECEIVED
    status: str = "open"
    criterion: str | None = None
    closing_reason: str | None = None
    outcome_assumed: bool = False
    last_sequence: int = 0
    stored: bool = False
    """Not a column: whether the store has a row of it already."""
    routings: list[AssignmentRow] = field(default_factory=list)
    treatments: list[TreatmentRow] = field(default_factory=list)
    amendments: list[AmendmentRow] = field(default_factory=list)
    obligations: dict[str, ObligationRow] = field(default_factory=dict)
    corrections: list[CorrectionRow] = field(default_factory=list)
    limits: list[LimitRow] = field(default_factory=list)


InteractionRow = tuple[
    int, int, UUID, UUID | None, str, str | None, bool, bool, str, str, dt.datetime, dt.datetime
]  # fmt: skip
"""A row of `fact_interaction`: one contact with a citizen (POL-31)."""

LearningRow = tuple[int, int, UUID, str, str, dt.datetime]
"""A row of `fact_learning` (POL-37)."""

EscalationRow = tuple[int, int, int, str, dt.datetime, int, str, dt.datetime]
"""A row of `fact_escalation`: somebody further up was told of a limit that was not kept (POL-29)."""

AccessRow = tuple[int, int, int, str, str | None, int | None, dt.datetime]
"""A row of `fact_access`: a step on the way of an access request (POL-20 to POL-24)."""

EventRow = tuple[int, int, int, int | None, dt.datetime, bool, dt.datetime, str]
"""A row of `fact_event`: the timeline."""


@dataclass(slots=True)
class Changes:
    """What a batch changed: requests by key (the values themselves), and what is only ever added."""

    requests: dict[int, RequestRows] = field(default_factory=dict)
    interactions: list[InteractionRow] = field(default_factory=list)
    learnings: list[LearningRow] = field(default_factory=list)
    escalations: list[EscalationRow] = field(default_factory=list)
    access: list[AccessRow] = field(default_factory=list)
    events: list[EventRow] = field(default_factory=list)
    rule_versions: dict[str, int] = field(default_factory=dict)
    """Version of the town's configuration → the first position of this batch that it decided."""
    days: dict[dt.date, int] = field(default_factory=dict)
    """Day in the town's time → the first position of this batch that was recorded on it."""

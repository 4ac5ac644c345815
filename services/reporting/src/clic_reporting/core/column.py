"""The columns of the tables that the fold fills, in the order of its rows; `schema/tables.sql` has the same.

A test holds them together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its columns with their types, and its key."""

    name: str
    columns: dict[str, str]
    key: tuple[str, ...]


REQUEST: Final = Table(
    "fact_request",
    {
        "request_key": "bigint", "request_id": "uuid", "reference": "text", "kind": "text", "first_channel": "text",
        "language": "text", "subject": "text", "sector": "text", "requester": "text", "origin": "text",
        "publisher": "text", "confidential": "boolean", "rule_version": "text", "received_at": "timestamptz",
        "recorded_at": "timestamptz", "department": "text", "first_line": "boolean", "unusual": "boolean",
        "assignments": "smallint", "acknowledged_at": "timestamptz", "acknowledged_sequence": "bigint",
        "acknowledged_assumed": "boolean", "answered_at": "timestamptz", "answered_sequence": "bigint",
        "answered_assumed": "boolean", "closed_at": "timestamptz", "reopenings": "smallint", "rating": "smallint",
        "rated_sequence": "bigint", "erased_at": "timestamptz", "erased_sequence": "bigint", "phase": "text",
        "status": "text", "criterion": "text", "closing_reason": "text",
        "outcome_assumed": "boolean", "last_sequence": "bigint",
    },
    ("request_key",),
)  # fmt: skip
ASSIGNMENT: Final = Table(
    "fact_assignment",
    {
        "request_key": "bigint", "ordinal": "smallint", "sequence": "bigint", "routed_at": "timestamptz",
        "department": "text", "first_line": "boolean", "unusual": "boolean", "rule": "text", "rule_version": "text",
        "transfer": "boolean",
    },
    ("request_key", "ordinal"),
)  # fmt: skip
TREATMENT: Final = Table(
    "fact_treatment",
    {
        "request_key": "bigint", "ordinal": "smallint", "sequence": "bigint", "treated_at": "timestamptz",
        "how": "text", "status": "text", "criterion": "text", "closing_reason": "text", "assumed": "boolean",
        "reopened_at": "timestamptz", "reopened_sequence": "bigint", "reopening_assumed": "boolean",
    },
    ("request_key", "ordinal"),
)  # fmt: skip
AMENDMENT: Final = Table(
    "fact_treatment_amended",
    {
        "request_key": "bigint", "ordinal": "smallint", "sequence": "bigint", "status": "text", "criterion": "text",
        "closing_reason": "text", "assumed": "boolean",
    },
    ("request_key", "sequence"),
)  # fmt: skip
OBLIGATION: Final = Table(
    "fact_obligation",
    {
        "request_key": "bigint", "obligation_id": "text", "obligation": "text", "owed_by": "text",
        "sequence": "bigint", "rule": "text", "rule_version": "text", "starts_at": "timestamptz",
        "due_at": "timestamptz", "limit_sequence": "bigint", "state": "text", "paused_since": "timestamptz",
        "warned_sequence": "bigint", "missed_sequence": "bigint", "met_at": "timestamptz", "met_assumed": "boolean",
        "met_sequence": "bigint", "lifted": "text", "lifted_sequence": "bigint", "lapsed_sequence": "bigint",
    },
    ("request_key", "obligation_id"),
)  # fmt: skip
CORRECTION: Final = Table(
    "fact_obligation_corrected",
    {
        "request_key": "bigint", "obligation_id": "text", "met_sequence": "bigint", "until_sequence": "bigint",
        "met_at": "timestamptz", "met_assumed": "boolean",
    },
    ("request_key", "obligation_id", "met_sequence"),
)  # fmt: skip
LIMIT: Final = Table(
    "fact_obligation_limit",
    {
        "request_key": "bigint", "obligation_id": "text", "limit_sequence": "bigint", "until_sequence": "bigint",
        "due_at": "timestamptz", "paused_since": "timestamptz", "warned_sequence": "bigint",
        "missed_sequence": "bigint",
    },
    ("request_key", "obligation_id", "limit_sequence"),
)  # fmt: skip
INTERACTION: Final = Table(
    "fact_interaction",
    {
        "sequence": "bigint", "ordinal": "smallint", "interaction_id": "uuid", "request_id": "uuid", "channel": "text",
        "subject": "text", "first_contact": "boolean", "answered_first_line": "boolean", "origin": "text",
        "publisher": "text", "occurred_at": "timestamptz", "recorded_at": "timestamptz",
    },
    ("sequence", "ordinal"),
)  # fmt: skip
LEARNING: Final = Table(
    "fact_learning",
    {
        "sequence": "bigint", "ordinal": "smallint", "publication_id": "uuid", "period": "text", "text": "text",
        "published_at": "timestamptz",
    },
    ("sequence", "ordinal"),
)  # fmt: skip
ESCALATION: Final = Table(
    "fact_escalation",
    {
        "sequence": "bigint", "ordinal": "smallint", "request_key": "bigint", "obligation_id": "text",
        "due_at": "timestamptz", "step": "smallint", "escalated_to": "text", "escalated_at": "timestamptz",
    },
    ("sequence", "ordinal"),
)  # fmt: skip
ACCESS: Final = Table(
    "fact_access",
    {
        "sequence": "bigint", "ordinal": "smallint", "request_key": "bigint", "step": "text", "told": "text",
        "amount": "smallint", "occurred_at": "timestamptz",
    },
    ("sequence", "ordinal"),
)  # fmt: skip
EVENT: Final = Table(
    "fact_event",
    {
        "sequence": "bigint", "ordinal": "smallint", "event_key": "smallint", "request_key": "bigint",
        "occurred_at": "timestamptz", "assumed": "boolean", "recorded_at": "timestamptz", "actor": "text",
    },
    ("sequence", "ordinal"),
)  # fmt: skip
RULE_VERSION: Final = Table("dim_rule_version", {"rule_version": "text", "first_sequence": "bigint"}, ("rule_version",))
LOG_DAY: Final = Table("log_day", {"recorded_on": "date", "first_sequence": "bigint"}, ("recorded_on",))

PARTS: Final = (REQUEST, ASSIGNMENT, TREATMENT, AMENDMENT, OBLIGATION, CORRECTION, LIMIT)
"""What a request has rows in."""
ADDED: Final = (INTERACTION, LEARNING, ESCALATION, ACCESS, EVENT)
"""What is only ever added."""
SMALL: Final = (RULE_VERSION, LOG_DAY)
"""Where something of the log begins: the first position stands."""
TABLES: Final = {table.name: table for table in (*PARTS, *ADDED, *SMALL)}
"""Every table that is derived from the log alone."""

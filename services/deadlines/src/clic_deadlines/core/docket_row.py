"""One line of the docket: an open obligation with what a person needs to find it, none of it personal."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from clic_contracts.vocabulary import (
    Code,
    DepartmentCode,
    Escalation,
    Kind,
    ObligationKind,
    Reference,
    RequestId,
    SubjectCode,
)

from .obligation import State


@dataclass(frozen=True, slots=True)
class DocketRow:
    """An open obligation, as it stood when it was read."""

    request_id: RequestId
    reference: Reference
    kind: Kind
    subject: SubjectCode | None
    department: DepartmentCode | None
    """None: not routed yet."""
    assignee: str | None
    """As `actor` names people; None: nobody has it."""
    confidential_to: Code | None
    """The role that somebody needs to see it; None: everybody at the desk and in the departments may (POL-26)."""
    obligation_id: str
    obligation: ObligationKind
    state: State
    """`running`, `at_risk`, `paused`, `missed`, or `lapsed`: others' time, from its end until that is recorded."""
    starts_at: dt.datetime
    due_at: dt.datetime
    """Exclusive; while paused the limit as it was before."""
    due_strict_on: dt.date
    due_prudent_on: dt.date
    warn_at: dt.datetime
    paused_since: dt.datetime | None = None
    escalated_to: Escalation | None = None
    """Who was told last that it is not kept."""
    missed_at: dt.datetime | None = None
    recounts: int = 0
    """How often its limit became another."""
    changed_at: dt.datetime | None = None
    """When the log last took something of it."""

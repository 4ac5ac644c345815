"""What one fact does to the rows of its request: one small function per type, each says whether it changed a row.

Pure. What older records say can lie before the reception that they belong to. Every instant of a request is therefore
taken as not before its reception, and its treatments and reopenings as not before each other: without this the balance
of a period (POL-32) could count a treatment before the request that it treats. What a fact changed stands with the
fact's position, so that everything can be told as of any position of the log.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from clic_contracts import event as catalogue
from clic_contracts.event import Event
from clic_contracts.lifecycle import LIFECYCLE, PENDING, next_phase
from clic_contracts.vocabulary import ClosingReason, Phase

from .fact import (
    Acknowledged,
    Answered,
    Closed,
    Erased,
    Extended,
    Fact,
    HandedOver,
    Promised,
    Rated,
    Refused,
    Reopened,
    Routed,
    Voided,
)
from .obligation import OBLIGATION_EFFECTS
from .row import AmendmentRow, AssignmentRow, RequestRows, TreatmentRow


def _moved(rows: RequestRows, event: type[Event]) -> bool:
    before, rows.phase = rows.phase, next_phase(rows.phase, event)
    return rows.phase is not before


def _promised(rows: RequestRows, _: Any, __: int) -> bool:
    return _moved(rows, catalogue.RequestPromised)


def _extended(rows: RequestRows, _: Any, __: int) -> bool:
    return _moved(rows, catalogue.RequestExtended)


def _handed_over(rows: RequestRows, _: Any, __: int) -> bool:
    return _moved(rows, catalogue.RequestHandedOver)


def _acknowledged(rows: RequestRows, fact: Any, sequence: int) -> bool:
    """The first one stands."""
    moved = _moved(rows, catalogue.RequestAcknowledged)
    if rows.acknowledged_at is not None:
        return moved
    rows.acknowledged_at = max(fact.occurred_at, rows.received_at)
    rows.acknowledged_sequence, rows.acknowledged_assumed = sequence, fact.assumed
    return True


def _answered(rows: RequestRows, fact: Any, sequence: int) -> bool:
    """The first one stands."""
    moved = _moved(rows, catalogue.RequestAnswered)
    if rows.answered_at is not None:
        return moved
    rows.answered_at = max(fact.occurred_at, rows.received_at)
    rows.answered_sequence, rows.answered_assumed = sequence, fact.assumed
    return True


def _rated(rows: RequestRows, fact: Any, sequence: int) -> bool:
    """The first one stands, where the lifecycle table lets a citizen say it (POL-39)."""
    if rows.rating is not None or catalogue.RequestRated not in LIFECYCLE[rows.phase]:
        return False
    rows.rating, rows.rated_sequence = fact.data.score, sequence
    return True


def _erased(rows: RequestRows, fact: Any, sequence: int) -> bool:
    """The first one stands: what cannot be read cannot be erased again (POL-30). The facts stay counted."""
    if rows.erased_at is not None:
        return False
    rows.erased_at, rows.erased_sequence = max(fact.occurred_at, rows.received_at), sequence
    return True


def _routed(rows: RequestRows, fact: Any, sequence: int) -> bool:
    """The first routing counts whenever it arrives; a later one only while there is something to route."""
    if rows.department is not None and rows.phase not in PENDING:
        return False
    data = fact.data
    transfer = rows.department is not None and rows.department != data.department
    rows.department = data.department
    rows.first_line = data.first_line
    rows.unusual = rows.unusual or data.unusual  # Giving it to somebody later does not make it foreseen (POL-36).
    rows.assignments += 1
    rows.routings.append(
        AssignmentRow(
            ordinal=rows.assignments,
            sequence=sequence,
            routed_at=max(fact.occurred_at, rows.received_at),
            department=data.department,
            first_line=data.first_line,
            unusual=rows.unusual,
            rule=None if data.rule is None else data.rule.code,
            rule_version=fact.town,
            transfer=transfer,
        )
    )
    return True


_OUTCOMES: dict[type[Fact], type[Event]] = {
    Refused: catalogue.RequestRefused,
    Closed: catalogue.RequestClosed,
    Voided: catalogue.RequestVoided,
    Reopened: catalogue.RequestReopened,
}


def _outcome(rows: RequestRows, fact: Any, sequence: int) -> bool:
    """Refused, closed or voided; reopened: everything that moves a request between pending and treated."""
    event = _OUTCOMES[type(fact)]
    if event not in LIFECYCLE[rows.phase]:
        return False  # A fact without effect, by the lifecycle table.
    was_pending = rows.phase in PENDING
    rows.phase = LIFECYCLE[rows.phase][event]
    rows.outcome_assumed = fact.assumed
    if event is catalogue.RequestRefused:
        rows.criterion = fact.data.criterion
    elif event is catalogue.RequestClosed:
        rows.closing_reason = fact.data.reason
    if rows.phase in PENDING:
        _reopened(rows, fact, sequence)
    elif was_pending:
        _treated(rows, fact, sequence, event)
    else:
        _amended(rows, fact, sequence)
    return True


def _treated(rows: RequestRows, fact: Any, sequence: int, event: type[Event]) -> None:
    since = rows.treatments[-1].reopened_at if rows.treatments else None
    rows.closed_at = max(fact.occurred_at, since or rows.received_at)
    rows.status = status(rows)
    rows.treatments.append(
        TreatmentRow(
            ordinal=len(rows.treatments) + 1,
            sequence=sequence,
            treated_at=rows.closed_at,
            how=_how(event, rows.closing_reason),
            status=rows.status,
            criterion=rows.criterion,
            closing_reason=rows.closing_reason,
            assumed=fact.assumed,
        )
    )


def _reopened(rows: RequestRows, fact: Any, sequence: int) -> None:
    last = rows.treatments[-1]
    last.reopened_at = max(fact.occurred_at, last.treated_at)
    last.reopened_sequence = sequence
    last.reopening_assumed = fact.assumed
    rows.reopenings += 1
    rows.closed_at = rows.closing_reason = rows.criterion = None
    rows.status = status(rows)


def _amended(rows: RequestRows, fact: Any, sequence: int) -> None:
    """Treated already, with another outcome now; of several in one decision the last is what is known after it."""
    rows.status = status(rows)
    if rows.amendments and rows.amendments[-1].sequence == sequence:
        rows.amendments.pop()
    rows.amendments.append(
        AmendmentRow(
            len(rows.treatments), sequence, rows.status, rows.criterion, rows.closing_reason, assumed=fact.assumed
        )
    )


def _how(event: type[Event], reason: str | None) -> str:
    if event is catalogue.RequestVoided:
        return "voided"
    if event is catalogue.RequestRefused or reason == ClosingReason.REFUSED:
        return "refused"
    return str(reason) if reason in (ClosingReason.WITHDRAWN, ClosingReason.MERGED) else "closed"


def status(rows: RequestRows) -> str:
    """What a request is now: voided, withdrawn, refused, closed (merged ones too), reopened or open.

    `reopened` lasts until it is treated again; whatever else is pending is open, answered or not.
    """
    if rows.phase in PENDING:
        return "reopened" if rows.reopenings else "open"
    if rows.phase is Phase.VOIDED:
        return "voided"
    if rows.criterion is not None or rows.closing_reason == ClosingReason.REFUSED:
        return "refused"
    return "withdrawn" if rows.closing_reason == ClosingReason.WITHDRAWN else "closed"


EFFECTS: Final[dict[type[Fact], Callable[[RequestRows, Any, int], bool]]] = {
    Acknowledged: _acknowledged,
    Answered: _answered,
    Promised: _promised,
    Extended: _extended,
    HandedOver: _handed_over,
    Routed: _routed,
    Rated: _rated,
    Erased: _erased,
    Refused: _outcome,
    Closed: _outcome,
    Voided: _outcome,
    Reopened: _outcome,
    **OBLIGATION_EFFECTS,
}
"""Facts that change a request's rows. Others (notes, merges, letters) are counted in the timeline alone."""

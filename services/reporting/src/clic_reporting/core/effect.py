"""What one fact does to the rows of its request: one small function per type, each says whether it changed a row.

Pure. What older records say can lie before the reception that they belong to. Every instant of a request is therefore
taken as not before its reception, and its treatments and reopenings as not before each other: without this the balance
of a period (POL-32) could count a treatment before the request that it treats. What a fact changed stands with the
fact's position, so that everything can be told as of any position of the log.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from clic_chassis.error import UnreadableError
from clic_contracts import event as catalogue
from clic_contracts.event import Event
from clic_contracts.lifecycle import LIFECYCLE, PENDING, next_phase
from clic_contracts.vocabulary import WINDOWS, ClosingReason, ObligationKind, Phase, RecountReason

from .fact import (
    Acknowledged,
    Answered,
    Closed,
    Erased,
    Extended,
    Fact,
    HandedOver,
    Lapsed,
    Lifted,
    Met,
    Missed,
    Paused,
    Promised,
    Rated,
    Recounted,
    Refused,
    Reopened,
    Routed,
    Set,
    Voided,
    Warned,
    type_of,
)
from .row import AmendmentRow, AssignmentRow, CorrectionRow, LimitRow, ObligationRow, RequestRows, TreatmentRow

TOWN: Final = "town"
OWED_BY: Final = {
    **{kind: TOWN for kind in ObligationKind if kind not in WINDOWS},
    ObligationKind.CITIZEN_REPLY: "citizen",
    ObligationKind.REVIEW_WINDOW: "citizen",
    ObligationKind.THIRD_PARTY_RESPONSE: "third_party",
}
"""Whose time each obligation is: what is not the town's is a delay of others, and no rate of kept delays counts it."""


class UnfoldableError(UnreadableError):
    """A fact that cannot be true, at this position of the log."""

    def __init__(self, sequence: int, why: str) -> None:
        super().__init__(why)
        self.sequence = sequence


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


def _set(rows: RequestRows, fact: Any, sequence: int) -> bool:
    """The first one of an id stands."""
    data = fact.data
    if data.obligation_id in rows.obligations:
        return False
    rows.obligations[data.obligation_id] = ObligationRow(
        obligation_id=data.obligation_id,
        obligation=data.obligation,
        owed_by=OWED_BY[data.obligation],
        sequence=sequence,
        rule=data.rule.code,
        rule_version=fact.town,
        starts_at=data.starts_at,
        due_at=data.due_at,
        limit_sequence=sequence,
    )
    return True


def obligation_of(rows: RequestRows, fact: Any, sequence: int) -> ObligationRow:
    """The obligation that a fact is about.

    Raises:
        UnfoldableError: it was never set.
    """
    found = rows.obligations.get(fact.data.obligation_id)
    if found is None:
        why = f"{type_of(type(fact))} of {fact.data.obligation_id} of {rows.request_id}, which was never set"
        raise UnfoldableError(sequence, why)
    return found


def _met(rows: RequestRows, fact: Any, sequence: int) -> bool:
    """Met again: it was kept at another instant than was known. What was believed until now is kept beside it."""
    row, data = obligation_of(rows, fact, sequence), fact.data
    if (row.met_at, row.met_assumed) == (data.met_at, data.assumed):
        return False
    if row.met_at is not None and row.met_sequence is not None and row.met_sequence != sequence:
        rows.corrections.append(
            CorrectionRow(row.obligation_id, row.met_sequence, sequence, row.met_at, row.met_assumed)
        )
    row.met_at, row.met_assumed, row.met_sequence = data.met_at, data.assumed, sequence
    row.state = state(row)
    return True


def _paused(rows: RequestRows, fact: Any, sequence: int) -> bool:
    row = obligation_of(rows, fact, sequence)
    if row.paused_since == fact.occurred_at:
        return False
    _remember_limit(rows, row, sequence)
    row.paused_since = fact.occurred_at
    row.state = state(row)
    return True


def _recounted(rows: RequestRows, fact: Any, sequence: int) -> bool:
    """Another calendar moves a limit that stands still, too; whatever else moves one lets it run again."""
    row, data = obligation_of(rows, fact, sequence), fact.data
    paused_since = row.paused_since if data.because is RecountReason.CALENDAR else None
    if (row.due_at, row.paused_since) == (data.due_at, paused_since):
        return False
    _remember_limit(rows, row, sequence)
    if row.due_at != data.due_at:
        row.due_at = data.due_at
        row.warned_sequence, row.missed_sequence = _told_before(rows, row)
    row.paused_since = paused_since
    row.state = state(row)
    return True


def _remember_limit(rows: RequestRows, row: ObligationRow, sequence: int) -> None:
    """What stood until now is kept beside it; of several in one decision the last is what is known after it."""
    if row.limit_sequence != sequence:
        rows.limits.append(
            LimitRow(
                row.obligation_id, row.limit_sequence, sequence, row.due_at, row.paused_since, row.warned_sequence,
                row.missed_sequence,
            )
        )  # fmt: skip
        row.limit_sequence = sequence


def _told_before(rows: RequestRows, row: ObligationRow) -> tuple[int | None, int | None]:
    """Where a limit that comes back was warned of and missed."""
    for each in reversed(rows.limits):
        if each.obligation_id == row.obligation_id and each.due_at == row.due_at:
            return each.warned_sequence, each.missed_sequence
    return None, None


def _warned(rows: RequestRows, fact: Any, sequence: int) -> bool:
    """Of the limit that stands; of an earlier one nobody asks any more."""
    row = obligation_of(rows, fact, sequence)
    if row.warned_sequence is not None or row.due_at != fact.data.due_at:
        return False
    row.warned_sequence = sequence
    return True


def _missed(rows: RequestRows, fact: Any, sequence: int) -> bool:
    """Of the limit that stands, as well."""
    row = obligation_of(rows, fact, sequence)
    if row.missed_sequence is not None or row.due_at != fact.data.due_at:
        return False
    row.missed_sequence = sequence
    row.state = state(row)
    return True


def _lapsed(rows: RequestRows, fact: Any, sequence: int) -> bool:
    row = obligation_of(rows, fact, sequence)
    if row.lapsed_sequence is not None:
        return False
    row.lapsed_sequence = sequence
    row.state = state(row)
    return True


def _lifted(rows: RequestRows, fact: Any, sequence: int) -> bool:
    row = obligation_of(rows, fact, sequence)
    if row.lifted_sequence is not None:
        return False
    row.lifted, row.lifted_sequence = fact.data.reason, sequence
    row.state = state(row)
    return True


def state(row: ObligationRow) -> str:
    """`met`, `late`, `lifted`, `lapsed`, `missed` or `open`, by the facts.

    A later fact corrects an earlier one: an obligation that was missed when its limit passed counts as met once it is
    known that it was met in time, and as open once it is known that it stands still.
    """
    if row.met_at is not None:
        return "met" if row.met_at < row.due_at else "late"
    if row.lifted_sequence is not None:
        return "lifted"
    if row.lapsed_sequence is not None:
        return "lapsed"
    return "open" if row.missed_sequence is None or row.paused_since is not None else "missed"


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
    Set: _set,
    Paused: _paused,
    Recounted: _recounted,
    Met: _met,
    Warned: _warned,
    Missed: _missed,
    Lapsed: _lapsed,
    Lifted: _lifted,
}
"""Facts that change a request's rows. Others (notes, merges, letters) are counted in the timeline alone."""

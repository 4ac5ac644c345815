"""What one fact does to an obligation: set, moved, paused, and every way in which it can end.

Pure. Each limit that it had stays beside the newest, so that it can be told as of any position of the log.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from clic_chassis.error import UnreadableError
from clic_contracts.vocabulary import WINDOWS, ObligationKind, RecountReason

from .fact import Fact, Lapsed, Lifted, Met, Missed, Paused, Recounted, Set, Warned, type_of
from .row import CorrectionRow, LimitRow, ObligationRow, RequestRows

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


OBLIGATION_EFFECTS: Final[dict[type[Fact], Callable[[RequestRows, Any, int], bool]]] = {
    Set: _set,
    Paused: _paused,
    Recounted: _recounted,
    Met: _met,
    Warned: _warned,
    Missed: _missed,
    Lapsed: _lapsed,
    Lifted: _lifted,
}
"""Facts that change an obligation; each says whether it changed a row."""

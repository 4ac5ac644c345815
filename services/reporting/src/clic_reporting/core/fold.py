"""The fold: what each fact of the log means for the rows of reporting, live and in a rebuild alike.

Pure: it reads no clock and touches no server. A request's rows are a value, `RequestRows`, that facts change one
after the other in the log's order; whoever calls keeps these values (see `clic_reporting.store`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from clic_chassis.error import UnreadableError
from clic_contracts.envelope import Commit, Recorded
from clic_contracts.event import (
    Event,
    InteractionRecorded,
    ObligationLifted,
    ObligationMet,
    ObligationMissed,
    ObligationSet,
    RequestAcknowledged,
    RequestAnswered,
    RequestClosed,
    RequestExtended,
    RequestPromised,
    RequestReceived,
    RequestRefused,
    RequestReopened,
    RequestRouted,
    RequestVoided,
)
from clic_contracts.lifecycle import LIFECYCLE, PENDING, next_phase
from clic_contracts.vocabulary import ClosingReason, ObligationKind, Phase

MEANINGLESS: Final = "a fact about a request that was never received: {type} of {request_id}"


@dataclass(slots=True)
class TreatmentRow:
    """One time that a request was treated, and whether it was reopened after. Source: POL-32."""

    ordinal: int
    treated_at: dt.datetime
    how: str
    assumed: bool
    reopened_at: dt.datetime | None = None
    reopening_assumed: bool = False


@dataclass(slots=True)
class ObligationRow:
    """What the town owed, and what came of it."""

    obligation_id: str
    obligation: ObligationKind
    starts_at: dt.datetime
    due_at: dt.datetime
    met_at: dt.datetime | None = None
    met_assumed: bool = False
    missed: bool = False
    lifted: str | None = None

    @property
    def state(self) -> str:
        """`met`, `late`, `lifted`, `missed` or `open`, by the facts.

        A later fact corrects an earlier one: an obligation that was missed when its limit passed counts as met
        once it is known that it was met in time.
        """
        if self.met_at is not None:
            return "met" if self.met_at < self.due_at else "late"
        if self.lifted is not None:
            return "lifted"
        return "missed" if self.missed else "open"


@dataclass(slots=True)
class RequestRows:
    """The rows of one request. No personal data by construction: nothing sealed is ever looked at (POL-38)."""

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
    unusual: bool
    received_at: dt.datetime
    recorded_at: dt.datetime
    first_sequence: int
    last_sequence: int
    department: str | None = None
    first_line: bool = False
    acknowledged_at: dt.datetime | None = None
    routed_at: dt.datetime | None = None
    answered_at: dt.datetime | None = None
    closed_at: dt.datetime | None = None
    reopened_at: dt.datetime | None = None
    phase: Phase = Phase.RECEIVED
    status: str = "open"
    criterion: str | None = None
    closing_reason: str | None = None
    outcome_assumed: bool = False
    stored: bool = False
    """Not a column: whether the store has a row of it already."""
    treatments: list[TreatmentRow] = field(default_factory=list)
    obligations: dict[str, ObligationRow] = field(default_factory=dict)


@dataclass(slots=True)
class InteractionRow:
    """One contact with a citizen. Source: POL-31."""

    interaction_id: str
    request_id: str | None
    channel: str
    subject: str | None
    first_contact: bool
    answered_first_line: bool
    origin: str
    publisher: str
    occurred_at: dt.datetime
    recorded_at: dt.datetime
    sequence: int


@dataclass(slots=True)
class Changes:
    """What a batch changed: requests by id (the values themselves), and interactions by id."""

    requests: dict[str, RequestRows] = field(default_factory=dict)
    interactions: dict[str, InteractionRow] = field(default_factory=dict)


def needed(commits: Iterable[Commit]) -> set[str]:
    """The requests whose rows must be at hand before the fold: those that these commits do not begin."""
    begun: set[str] = set()
    ids: set[str] = set()
    for commit in commits:
        if commit.request_id in begun or commit.request_id in ids:
            continue
        for event in commit.events:
            kind = type(event.data)
            if kind is RequestReceived:
                begun.add(commit.request_id)
                break
            if kind in _EFFECTS:
                ids.add(commit.request_id)
                break
    return ids


def fold(known: dict[str, RequestRows], commits: Iterable[Commit]) -> Changes:
    """Apply commits in order. `known` holds the requests that `needed` names, and takes the new ones.

    Raises:
        UnreadableError: a fact about a request that was never received, or about an obligation never set.
    """
    changes = Changes()
    for commit in commits:
        for event in commit.events:
            kind = type(event.data)
            if kind is RequestReceived:
                rows = known[event.request_id] = _received(event, commit.sequence)
                changes.requests[event.request_id] = rows
                changes.interactions[event.request_id] = _first_contact(rows)
            elif kind is InteractionRecorded:
                row = _interaction(event, commit.sequence)
                changes.interactions[row.interaction_id] = row
            elif (effect := _EFFECTS.get(kind)) is not None:
                found = known.get(event.request_id)
                if found is None:
                    raise UnreadableError(MEANINGLESS.format(type=event.type, request_id=event.request_id))
                effect(found, event, event.data)
                found.last_sequence = commit.sequence
                changes.requests[event.request_id] = found
    return changes


def _received(event: Recorded, sequence: int) -> RequestRows:
    data: Any = event.data
    return RequestRows(
        request_id=event.request_id,
        reference=data.reference,
        kind=data.kind,
        first_channel=data.channel,
        language=data.language,
        subject=data.subject,
        sector=data.sector,
        requester=data.requester,
        origin=data.origin,
        publisher=data.publisher,
        confidential=data.confidential,
        unusual=False,  # Routing tells whether a rule or subject foresaw it.
        received_at=event.occurred_at,
        recorded_at=event.recorded_at,
        first_sequence=sequence,
        last_sequence=sequence,
    )


def _first_contact(rows: RequestRows) -> InteractionRow:
    """The contact that opened a request, told by `request.received.v1` itself; its id is the request's."""
    return InteractionRow(
        interaction_id=rows.request_id,
        request_id=rows.request_id,
        channel=rows.first_channel,
        subject=rows.subject,
        first_contact=True,
        answered_first_line=False,  # Known by the routing of its request, see `indicator_pol34_first_line`.
        origin=rows.origin,
        publisher=rows.publisher,
        occurred_at=rows.received_at,
        recorded_at=rows.recorded_at,
        sequence=rows.first_sequence,
    )


def _interaction(event: Recorded, sequence: int) -> InteractionRow:
    data: Any = event.data
    return InteractionRow(
        interaction_id=data.interaction_id,
        request_id=data.about,
        channel=data.channel,
        subject=data.subject,
        first_contact=False,
        answered_first_line=data.answered_first_line,
        origin=data.origin,
        publisher=data.publisher,
        occurred_at=event.occurred_at,
        recorded_at=event.recorded_at,
        sequence=sequence,
    )


# -- effects ------------------------------------------------------------------------------------------------------
# What older records say can lie before the reception that they belong to. Every instant of a request is therefore
# taken as not before its reception, and its treatments and reopenings as not before each other: without this the
# balance of a period (POL-32) could count a treatment before the request that it treats.


def _moved(rows: RequestRows, _: Recorded, data: Any) -> None:
    """What only moves the phase: a promise and an extension start the treatment."""
    rows.phase = next_phase(rows.phase, type(data))


def _acknowledged(rows: RequestRows, event: Recorded, _: Any) -> None:
    if rows.acknowledged_at is None:
        rows.acknowledged_at = max(event.occurred_at, rows.received_at)
    rows.phase = next_phase(rows.phase, RequestAcknowledged)


def _answered(rows: RequestRows, event: Recorded, _: Any) -> None:
    rows.answered_at = max(event.occurred_at, rows.received_at)
    rows.phase = next_phase(rows.phase, RequestAnswered)


def _routed(rows: RequestRows, event: Recorded, data: Any) -> None:
    """The first routing counts whenever it arrives; a later one only while there is something to route."""
    if rows.department is not None and rows.phase not in PENDING:
        return
    rows.department = data.department
    rows.first_line = data.first_line
    rows.unusual = rows.unusual or data.unusual  # Giving it to somebody later does not make it foreseen (POL-36).
    rows.routed_at = max(event.occurred_at, rows.received_at)


def _outcome(rows: RequestRows, event: Recorded, data: Any) -> None:
    """Refused, closed or voided; reopened: everything that moves a request between pending and treated."""
    kind = type(data)
    if kind not in LIFECYCLE[rows.phase]:
        return  # A fact without effect, by the lifecycle table.
    before, rows.phase = rows.phase, LIFECYCLE[rows.phase][kind]
    rows.outcome_assumed = event.time_assumed
    if kind is RequestRefused:
        rows.criterion = data.criterion
    elif kind is RequestClosed:
        rows.closing_reason = data.reason
    if before in PENDING and rows.phase not in PENDING:
        since = rows.treatments[-1].reopened_at if rows.treatments else None
        treated_at = max(event.occurred_at, since or rows.received_at)
        rows.treatments.append(
            TreatmentRow(len(rows.treatments) + 1, treated_at, _how(kind, rows.closing_reason), event.time_assumed)
        )
        rows.closed_at = treated_at
    elif before not in PENDING and rows.phase in PENDING:
        last = rows.treatments[-1]
        last.reopened_at = max(event.occurred_at, last.treated_at)
        last.reopening_assumed = event.time_assumed
        rows.reopened_at = last.reopened_at
        rows.closed_at = rows.closing_reason = rows.criterion = None
    rows.status = status(rows)


def _how(kind: type[Event], reason: str | None) -> str:
    if kind is RequestVoided:
        return "voided"
    if kind is RequestRefused or reason == ClosingReason.REFUSED:
        return "refused"
    return str(reason) if reason in (ClosingReason.WITHDRAWN, ClosingReason.MERGED) else "closed"


def status(rows: RequestRows) -> str:
    """What a request is now: voided, withdrawn, refused, closed (merged ones too), reopened or open.

    `reopened` lasts until it is treated again; whatever else is pending is open, answered or not.
    """
    if rows.phase in PENDING:
        return "reopened" if rows.reopened_at is not None else "open"
    if rows.phase is Phase.VOIDED:
        return "voided"
    if rows.criterion is not None or rows.closing_reason == ClosingReason.REFUSED:
        return "refused"
    return "withdrawn" if rows.closing_reason == ClosingReason.WITHDRAWN else "closed"


def _obligation(rows: RequestRows, event: Recorded, data: Any) -> ObligationRow:
    found = rows.obligations.get(data.obligation_id)
    if found is None:
        raise UnreadableError(f"{event.type} of {data.obligation_id} of {rows.request_id}, which was never set")
    return found


def _obligation_set(rows: RequestRows, _: Recorded, data: Any) -> None:
    rows.obligations[data.obligation_id] = ObligationRow(
        data.obligation_id, data.obligation, data.starts_at, data.due_at
    )


def _obligation_met(rows: RequestRows, event: Recorded, data: Any) -> None:
    row = _obligation(rows, event, data)
    row.met_at, row.met_assumed = data.met_at, data.assumed


def _obligation_missed(rows: RequestRows, event: Recorded, data: Any) -> None:
    _obligation(rows, event, data).missed = True


def _obligation_lifted(rows: RequestRows, event: Recorded, data: Any) -> None:
    _obligation(rows, event, data).lifted = data.reason


_EFFECTS: dict[type[Event], Callable[[RequestRows, Recorded, Any], None]] = {
    RequestAcknowledged: _acknowledged,
    RequestAnswered: _answered,
    RequestPromised: _moved,
    RequestExtended: _moved,
    RequestRouted: _routed,
    RequestRefused: _outcome,
    RequestClosed: _outcome,
    RequestVoided: _outcome,
    RequestReopened: _outcome,
    ObligationSet: _obligation_set,
    ObligationMet: _obligation_met,
    ObligationMissed: _obligation_missed,
    ObligationLifted: _obligation_lifted,
}
"""Facts that change a request's rows. Others (notes, warnings, learnings, erasures) mean nothing to a figure here."""

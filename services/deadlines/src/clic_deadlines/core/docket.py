"""The docket: which obligations are open and how a person finds them, a pure fold of all services' facts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from types import MappingProxyType

from clic_contracts.envelope import Recorded
from clic_contracts.event import (
    Event,
    ObligationEscalated,
    ObligationLapsed,
    ObligationLifted,
    ObligationMet,
    ObligationMissed,
    ObligationPaused,
    ObligationRecounted,
    ObligationSet,
    ObligationWarned,
    RequestAssigned,
    RequestReceived,
    RequestRouted,
)
from clic_contracts.vocabulary import (
    WINDOWS,
    Code,
    DepartmentCode,
    Escalation,
    Kind,
    ObligationKind,
    RecountReason,
    Reference,
    RequestId,
    SubjectCode,
)

READS: tuple[type[Event], ...] = (
    RequestReceived,
    RequestAssigned,
    RequestRouted,
    ObligationSet,
    ObligationPaused,
    ObligationRecounted,
    ObligationWarned,
    ObligationMissed,
    ObligationEscalated,
    ObligationLapsed,
    ObligationMet,
    ObligationLifted,
)
RoleOf = Callable[[RequestReceived], Code | None]
"""The role that somebody needs to see a request; None: everybody at the desk and in the departments may (POL-26)."""


@dataclass(frozen=True, slots=True)
class Open:
    """An obligation that is neither kept nor lifted nor lapsed."""

    obligation: ObligationKind
    starts_at: dt.datetime
    due_at: dt.datetime
    due_strict_on: dt.date
    due_prudent_on: dt.date
    warn_at: dt.datetime
    changed_at: dt.datetime
    warned: bool = False
    paused_since: dt.datetime | None = None
    missed_at: dt.datetime | None = None
    escalated_to: Escalation | None = None
    recounts: int = 0

    @property
    def standing(self) -> str:
        """What lists tell apart whatever the time is: `window`, `paused`, `at_risk` or `running`."""
        if self.obligation in WINDOWS:
            return "window"
        if self.paused_since is not None:
            return "paused"
        return "at_risk" if self.warned else "running"


@dataclass(frozen=True, slots=True)
class Entry:
    """A request of the docket, and what is open of it, by id."""

    request_id: RequestId
    reference: Reference
    kind: Kind
    subject: SubjectCode | None
    confidential_to: Code | None
    department: DepartmentCode | None = None
    assignee: str | None = None
    open: Mapping[str, Open] = field(default_factory=lambda: MappingProxyType({}))


def fold(entry: Entry | None, facts: Iterable[Recorded], role_of: RoleOf) -> Entry | None:
    """The entry after a commit's facts; None as long as they open no request."""
    return reduce(lambda before, fact: _after(before, fact, role_of), facts, entry)


def _after(entry: Entry | None, fact: Recorded, role_of: RoleOf) -> Entry | None:
    match fact.data:
        case RequestReceived() as received if entry is None:
            return Entry(fact.request_id, received.reference, received.kind, received.subject, role_of(received))
        case _ if entry is None:
            return None
        case RequestRouted(department=department):
            # Who had it was of the department that had it (POL-28, POL-29).
            kept = entry.assignee if entry.department in (None, department) else None
            return replace(entry, department=department, assignee=kept)
        case RequestAssigned(to=to):
            return replace(entry, assignee=to)
        case ObligationSet() as terms:
            return _having(entry, terms.obligation_id, _opened(terms, fact))
        case ObligationMet(obligation_id=obligation_id) | ObligationLifted(obligation_id=obligation_id):
            return _having(entry, obligation_id, None)
        case ObligationLapsed(obligation_id=obligation_id):
            return _having(entry, obligation_id, None)
        case _:
            return _changed(entry, fact)


def _opened(terms: ObligationSet, fact: Recorded) -> Open:
    return Open(
        terms.obligation,
        terms.starts_at,
        terms.due_at,
        terms.due_strict_on,
        terms.due_prudent_on,
        terms.warn_at,
        fact.recorded_at,
    )


def _changed(entry: Entry, fact: Recorded) -> Entry:
    """What happened to an obligation that goes on. One that has ended is met or lifted for good."""
    known = entry.open.get(getattr(fact.data, "obligation_id", ""))
    if known is None:
        return entry
    match fact.data:
        case ObligationPaused(obligation_id=obligation_id):
            changed = replace(known, paused_since=fact.occurred_at)
        case ObligationRecounted(obligation_id=obligation_id) as recounted:
            changed = _recounted(known, recounted)
        case ObligationWarned(obligation_id=obligation_id):
            changed = replace(known, warned=True)
        case ObligationMissed(obligation_id=obligation_id):
            changed = replace(known, missed_at=fact.occurred_at)
        case ObligationEscalated(obligation_id=obligation_id, to=to):
            changed = replace(known, escalated_to=to)
        case _:
            return entry
    return _having(entry, obligation_id, replace(changed, changed_at=fact.recorded_at))


def _recounted(known: Open, recounted: ObligationRecounted) -> Open:
    """What was warned of, missed or escalated was of the limit before."""
    moved = recounted.due_at != known.due_at
    return replace(
        known,
        due_at=recounted.due_at,
        due_strict_on=recounted.due_strict_on,
        due_prudent_on=recounted.due_prudent_on,
        warn_at=recounted.warn_at,
        warned=known.warned and not moved,
        missed_at=None if moved else known.missed_at,
        escalated_to=None if moved else known.escalated_to,
        paused_since=known.paused_since if recounted.because is RecountReason.CALENDAR else None,
        recounts=known.recounts + 1,
    )


def _having(entry: Entry, obligation_id: str, known: Open | None) -> Entry:
    others = {each: what for each, what in entry.open.items() if each != obligation_id}
    return replace(entry, open=MappingProxyType(others if known is None else {**others, obligation_id: known}))

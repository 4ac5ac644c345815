"""What a worklist shows of a request: the fold of all services' facts about it, none of them personal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import reduce

from clic_contracts.envelope import Recorded
from clic_contracts.event import (
    Event,
    InteractionRecorded,
    LetterFailed,
    LetterSent,
    ObligationLifted,
    ObligationMet,
    ObligationMissed,
    ObligationPaused,
    ObligationRecounted,
    ObligationSet,
    ObligationWarned,
    PersonalDataErased,
    RequestAcknowledged,
    RequestAnswered,
    RequestAssigned,
    RequestAttached,
    RequestClosed,
    RequestCompleted,
    RequestDescribed,
    RequestExtended,
    RequestIncomplete,
    RequestMerged,
    RequestNoted,
    RequestRated,
    RequestReceived,
    RequestRefused,
    RequestReopened,
    RequestRouted,
)
from clic_contracts.lifecycle import PENDING, next_phase
from clic_contracts.vocabulary import (
    WINDOWS,
    Code,
    Kind,
    LetterKind,
    Missing,
    Phase,
    RecountReason,
    RequestId,
    Service,
)

RoleOf = Callable[[Kind, str | None], Code | None]
"""The role that an agent needs to see a confidential request of this kind and subject; None: every agent may."""


@dataclass(frozen=True, slots=True)
class Owed:
    """What the town owes: an obligation that is neither met nor lifted, no delay of somebody else."""

    obligation_id: str
    obligation: str
    due_at: dt.datetime
    warned: bool = False
    missed: bool = False
    paused: bool = False
    """It stands still while the request waits for the citizen: neither late nor at risk."""


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A letter that did not reach the citizen, or may not have."""

    letter_id: str
    letter: LetterKind


@dataclass(frozen=True, slots=True)
class Row:
    """A request as worklists show it; `clic_intake/worklist/schema.sql` says what each column means."""

    request_id: RequestId
    request_key: int
    reference: str
    kind: str
    subject: str | None
    sector: str | None
    channel: str
    language: str
    origin: str
    publisher: str
    phase: Phase
    received_at: dt.datetime
    updated_at: dt.datetime
    last_sequence: int
    urgent: bool
    confidential_to: str | None
    closed_at: dt.datetime | None = None
    department: str | None = None
    first_line: bool = False
    unusual: bool = False
    assigned_to: str | None = None
    missing: tuple[Missing, ...] = ()
    waiting_since: dt.datetime | None = None
    owed: tuple[Owed, ...] = ()
    undelivered: tuple[Undelivered, ...] = ()
    answered: bool = False
    merged_into: RequestId | None = None
    rating: int | None = None
    public_text: str = ""
    public_notes: str = ""
    erased: bool = False
    heard_since: dt.datetime | None = None

    @property
    def pending(self) -> bool:
        """POL-32."""
        return self.phase in PENDING

    @property
    def next_owed(self) -> Owed | None:
        """The open obligation that is due first, of those that do not stand still."""
        running = (each for each in self.owed if not each.paused)
        return min(running, key=lambda each: (each.due_at, each.obligation_id), default=None)


def fold(row: Row | None, facts: Iterable[Recorded], sequence: int, role_of: RoleOf) -> Row | None:
    """The row after a commit's facts, at its position; None as long as they open no request.

    Contacts and learnings that have a story of their own open none.
    """
    return reduce(lambda before, fact: _after(before, fact, sequence, role_of), facts, row)


def _after(row: Row | None, fact: Recorded, sequence: int, role_of: RoleOf) -> Row | None:
    if row is None:
        return _opened(fact, sequence, role_of) if isinstance(fact.data, RequestReceived) else None
    phase = next_phase(row.phase, type(fact.data))
    moved = replace(row, phase=phase, updated_at=max(row.updated_at, fact.occurred_at), last_sequence=sequence)
    return _hearing(_owing(_writing(_treated(moved, fact), fact.data), fact.data), fact)


def _opened(fact: Recorded, sequence: int, role_of: RoleOf) -> Row:
    event = fact.data
    assert isinstance(event, RequestReceived)
    return Row(
        request_id=fact.request_id,
        request_key=sequence,
        reference=event.reference,
        kind=event.kind,
        subject=event.subject,
        sector=event.sector,
        channel=event.channel,
        language=event.language,
        origin=event.origin,
        publisher=event.publisher,
        phase=Phase.RECEIVED,
        received_at=fact.occurred_at,
        updated_at=fact.occurred_at,
        last_sequence=sequence,
        urgent=event.urgent,
        confidential_to=role_of(event.kind, event.subject) if event.confidential else None,  # POL-26
    )


def _treated(row: Row, fact: Recorded) -> Row:
    """What is done about the request itself, by intake and routing."""
    event, at = fact.data, fact.occurred_at
    match event:
        case RequestRouted():
            return _routed(row, event)
        case RequestAssigned(to=to):
            return replace(row, assigned_to=to)
        case RequestIncomplete(missing=missing):
            return replace(row, missing=missing, waiting_since=at)
        case RequestCompleted(given=given):
            left = tuple(each for each in row.missing if each not in given)
            return replace(row, missing=left, waiting_since=row.waiting_since if left else None)
        case RequestAnswered():
            return replace(row, answered=True)
        case RequestMerged(into=into):
            return replace(row, merged_into=into)
        case RequestClosed():
            return replace(row, closed_at=at)
        case RequestReopened():
            return replace(row, answered=False, merged_into=None, closed_at=None)
        case RequestRated(score=score):
            return replace(row, rating=score)
        case RequestDescribed(text=text, status_notes=notes):
            return replace(row, public_text=text, public_notes=notes)
        case PersonalDataErased():
            return replace(row, erased=True)
        case _:
            return row


def _routed(row: Row, event: RequestRouted) -> Row:
    """Who had it was of the department that had it: another one begins anew (POL-28, POL-29)."""
    kept = row.assigned_to if row.department in (None, event.department) else None
    return replace(
        row, department=event.department, first_line=event.first_line, unusual=event.unusual, assigned_to=kept
    )


_TELLS: dict[type[Event], LetterKind] = {
    RequestAcknowledged: LetterKind.ACKNOWLEDGEMENT,
    RequestIncomplete: LetterKind.MISSING,
    RequestRefused: LetterKind.REFUSAL,
    RequestAnswered: LetterKind.ANSWER,
    RequestExtended: LetterKind.EXTENSION,
}
"""Which letter's matter is settled by a fact that comes after it failed: the citizen was told in another way."""


def _writing(row: Row, event: Event) -> Row:
    """Letters that a person has to look at (POL-18)."""
    match event:
        case LetterFailed(letter_id=letter_id, letter=letter):
            others = tuple(each for each in row.undelivered if each.letter_id != letter_id)
            return replace(row, undelivered=(*others, Undelivered(letter_id, letter)))
        case LetterSent(letter=settled):
            pass
        case _:
            found = _TELLS.get(type(event)) if _was_told(event) else None
            if found is None:
                return row
            settled = found
    return replace(row, undelivered=tuple(each for each in row.undelivered if each.letter is not settled))


def _was_told(event: Event) -> bool:
    """Whether the fact says that the citizen was told, and not only that something is to be told."""
    match event:
        case RequestIncomplete(asked=told) | RequestRefused(sent=told):
            return told is not None
        case _:
            return True


_SAYS: tuple[type[Event], ...] = (InteractionRecorded, RequestNoted, RequestCompleted, RequestAttached)
"""What carries a citizen's own words or files."""
_OF_CITIZENS = ("citizen:", "publisher:")
"""How `actor` begins where a citizen speaks: on the tracking page, or through whoever passes on what they say."""


def _hearing(row: Row, fact: Recorded) -> Row:
    """What a citizen says once their request is done with, until an agent does something about it (POL-28, POL-39).

    Of what was erased nothing is left to be read.
    """
    event = fact.data
    by_agent = event.BY is Service.INTAKE and fact.actor.startswith("agent:")
    if by_agent or isinstance(event, RequestReopened | PersonalDataErased):
        return replace(row, heard_since=None)
    if row.pending or row.erased or not isinstance(event, _SAYS) or not fact.actor.startswith(_OF_CITIZENS):
        return row
    return replace(row, heard_since=row.heard_since or fact.occurred_at)


def _owing(row: Row, event: Event) -> Row:
    """What the town owes, by deadlines' facts; what others have time for is not owed."""
    match event:
        case ObligationSet(obligation=kind) if kind in WINDOWS:
            return row
        case ObligationSet(obligation_id=which, obligation=kind, due_at=due_at):
            others = tuple(each for each in row.owed if each.obligation_id != which)
            return replace(row, owed=(*others, Owed(which, kind, due_at)))
        case ObligationMet(obligation_id=which) | ObligationLifted(obligation_id=which):
            return replace(row, owed=tuple(each for each in row.owed if each.obligation_id != which))
        case ObligationWarned() | ObligationMissed() | ObligationPaused() | ObligationRecounted():
            owed = tuple(
                _moved(each, event) if each.obligation_id == event.obligation_id else each for each in row.owed
            )
            return replace(row, owed=owed)
        case _:
            return row


def _moved(owed: Owed, event: ObligationWarned | ObligationMissed | ObligationPaused | ObligationRecounted) -> Owed:
    """One of them after a fact about it."""
    match event:
        case ObligationWarned():
            return replace(owed, warned=True)
        case ObligationMissed():
            return replace(owed, missed=True)
        case ObligationPaused():
            return replace(owed, paused=True, warned=False, missed=False)
        case ObligationRecounted(because=because, due_at=due_at):
            # Another limit: whether it is near, or has passed, is told anew.
            paused = owed.paused and because is not RecountReason.RESUMED
            return Owed(owed.obligation_id, owed.obligation, due_at, paused=paused)

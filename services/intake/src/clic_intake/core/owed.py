"""Which letters the town owes on a request, read from the facts of all services in the log's order, and an instant.

An answer is not among them: what it says is a person's. Source: POL-06, POL-07, POL-18, POL-21, POL-27, POL-39.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from clic_contracts.envelope import Recorded, derive_id
from clic_contracts.event import (
    Event,
    LetterSent,
    LetterWritten,
    ObligationSet,
    ObligationWarned,
    PersonalDataErased,
    RequestAcknowledged,
    RequestAnswered,
    RequestClosed,
    RequestCompleted,
    RequestIncomplete,
    RequestMerged,
    RequestReceived,
    RequestRefused,
    RequestReopened,
    RequestRouted,
)
from clic_contracts.lifecycle import PENDING, next_phase
from clic_contracts.vocabulary import (
    ANSWERED_BY,
    ClosingReason,
    DeliveryProof,
    DepartmentCode,
    LetterKind,
    ObligationKind,
    Origin,
    Phase,
    RequestId,
)

from .state import AWAITING_ANSWER

STALE_AFTER = dt.timedelta(days=10)
"""What happened longer ago than this owes no letter any more: it would surprise rather than inform. An installation
that begins to write letters, or was away, begins with what is recent; older requests are in the agents' worklists."""
ACKNOWLEDGE_WITHOUT_AFTER = dt.timedelta(minutes=10)
"""How long an acknowledgement waits to hear which department answers, and by when; then it goes without (POL-14)."""

READS: tuple[type[Event], ...] = (
    RequestReceived,
    RequestIncomplete,
    RequestCompleted,
    RequestAcknowledged,
    RequestRefused,
    RequestAnswered,
    RequestMerged,
    RequestClosed,
    RequestReopened,
    RequestRouted,
    ObligationSet,
    ObligationWarned,
)
"""The facts that can make a letter owed, or let an acknowledgement go that waited."""

_NEVER_CLOSED = AWAITING_ANSWER - {Phase.REOPENED}


@dataclass(frozen=True, slots=True)
class Owed:
    """A letter that is owed, and why."""

    letter: LetterKind
    because: Recorded
    """The fact that it is about: of this request, or of one that was joined with it."""
    letter_id: RequestId
    """Always the same for the same fact, so that a letter that is decided on twice is one."""
    not_before: dt.datetime | None = None
    """It waits for more to be known until then; None: it can be written now."""


def owed(
    request_id: RequestId, story: Iterable[Recorded], now: dt.datetime, others: Sequence[Recorded] = ()
) -> tuple[Owed, ...]:
    """The letters that are owed on a request and not written yet.

    `others` are facts of other requests that concern this one: that they were merged into it, or, of the one that this
    was merged into, that it was answered. Nothing is owed on what came out of older records, nor once it is erased.
    """
    told = _fold(story)
    if told.received is None or told.received_fact is None or told.is_erased:
        return ()
    if told.received.origin is Origin.BACKLOG or told.phase is Phase.VOIDED:
        return ()
    found = (*_owed(told, now), *_owed_for(told, others))
    letters = (
        Owed(letter, because, derive_id("letter", request_id, letter, because.event_id), not_before)
        for letter, because, not_before in found
        if now - because.occurred_at <= STALE_AFTER
    )
    return tuple(each for each in letters if each.letter_id not in told.written)


_Found = tuple[LetterKind, Recorded, dt.datetime | None]


def _owed(told: _Told, now: dt.datetime) -> Iterator[_Found]:
    """What this request's own facts owe."""
    if told.incomplete is not None and told.phase in AWAITING_ANSWER:
        if not told.was_asked:
            yield LetterKind.MISSING, told.incomplete, None
        elif told.to_be_reminded is not None:
            yield LetterKind.REMINDER, told.to_be_reminded, None
    elif told.phase in _NEVER_CLOSED and not told.is_acknowledged:
        because = told.complete or told.received_fact
        assert because is not None
        wait_until = because.recorded_at + ACKNOWLEDGE_WITHOUT_AFTER
        waits = not (told.department and told.is_due) and now < wait_until
        yield LetterKind.ACKNOWLEDGEMENT, because, wait_until if waits else None
    if told.phase is Phase.REFUSED and told.refused is not None:
        yield LetterKind.REFUSAL, told.refused, None
    if told.transferred is not None and told.is_acknowledged and told.phase in AWAITING_ANSWER:
        yield LetterKind.TRANSFER, told.transferred, None
    if told.phase is Phase.REOPENED and told.reopened is not None:
        yield LetterKind.REOPENED, told.reopened, None
    if told.phase is Phase.CLOSED and told.closed is not None:
        if told.merged is not None:
            yield LetterKind.MERGED, told.merged, None
        elif told.closed_as is ClosingReason.ANSWERED and told.closed.cause_id not in told.answered_by_letter:
            yield LetterKind.CLOSING, told.closed, None


def _owed_for(told: _Told, others: Sequence[Recorded]) -> Iterator[_Found]:
    """What facts of other requests owe to the citizen of this one."""
    for each in others:
        match each.data:
            case RequestMerged() if told.phase in PENDING:
                yield LetterKind.MERGED, each, None
            case RequestAnswered() if told.phase is Phase.CLOSED and told.merged is not None:
                yield LetterKind.CLOSING, each, None
            case _:
                pass


@dataclass(slots=True)
class _Told:
    """What is gathered while folding one story."""

    received: RequestReceived | None = None
    received_fact: Recorded | None = None
    phase: Phase = Phase.NEW
    is_erased: bool = False
    is_acknowledged: bool = False
    is_due: bool = False
    incomplete: Recorded | None = None
    """Something is missing."""
    was_asked: bool = False
    to_be_reminded: Recorded | None = None
    """Most of the time that the citizen has to reply has passed, and they have not."""
    complete: Recorded | None = None
    """What was missing has been given."""
    refused: Recorded | None = None
    """A refusal that the citizen does not know of."""
    department: DepartmentCode | None = None
    told_department: DepartmentCode | None = None
    """The one that the citizen knows of, by a letter or by the tracking page."""
    transferred: Recorded | None = None
    closed: Recorded | None = None
    closed_as: ClosingReason | None = None
    merged: Recorded | None = None
    reopened: Recorded | None = None
    written: set[RequestId] = field(default_factory=set)
    answered_by_letter: set[str] = field(default_factory=set)
    """Causes by which an answer was sent: what was closed with it is told by it."""


def _fold(story: Iterable[Recorded]) -> _Told:
    told = _Told()
    for recorded in story:
        told.phase = next_phase(told.phase, type(recorded.data))
        _apply_own(told, recorded)
        _apply_beside(told, recorded)
    return told


def _apply_own(told: _Told, recorded: Recorded) -> None:
    """One fact of the request's own life."""
    match recorded.data:
        case RequestReceived() as received:
            told.received, told.received_fact = received, recorded
        case RequestIncomplete(asked=asked):
            told.incomplete, told.was_asked, told.to_be_reminded = recorded, asked is not None, None
        case RequestCompleted():
            told.incomplete, told.complete, told.to_be_reminded = None, recorded, None
        case RequestRefused(sent=sent):
            told.refused = recorded if sent is None else None
        case RequestMerged():
            told.merged = recorded
        case RequestClosed(reason=reason):
            told.closed, told.closed_as = recorded, reason
        case RequestReopened():
            told.reopened, told.closed, told.closed_as, told.merged, told.refused = recorded, None, None, None, None
        case _:
            pass


def _apply_beside(told: _Told, recorded: Recorded) -> None:
    """One fact of what the citizen was told, of another service, or of the seal."""
    match recorded.data:
        case RequestAcknowledged(delivery=delivery):
            # A receipt on a screen says neither who answers nor by when, and goes with it: a letter follows (POL-18).
            told.is_acknowledged = told.is_acknowledged or delivery.proof is not DeliveryProof.RECEIPT
            told.told_department = told.department
        case RequestRouted(department=department):
            told.department, told.told_department = department, told.told_department or department
            told.transferred = recorded if department != told.told_department else None
        case ObligationSet(obligation=kind) if kind in ANSWERED_BY:
            told.is_due = True
        case ObligationWarned(obligation=ObligationKind.CITIZEN_REPLY):
            told.to_be_reminded = recorded
        case LetterWritten(letter_id=letter_id, letter=kind):
            told.written.add(letter_id)
            if kind in (LetterKind.ACKNOWLEDGEMENT, LetterKind.TRANSFER):
                told.is_acknowledged, told.told_department, told.transferred = True, told.department, None
        case LetterSent(letter=LetterKind.ANSWER):
            told.answered_by_letter.add(recorded.cause_id)
        case PersonalDataErased():
            told.is_erased = True
        case _:
            pass

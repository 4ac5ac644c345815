"""What tests tell of requests that are written about: facts of all services, in the log's order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from clic_chassis.scenario import NOON, SOMEBODY, recorded
from clic_contracts.envelope import Recorded
from clic_contracts.event import (
    Event,
    LetterFailed,
    LetterSent,
    LetterWritten,
    ObligationSet,
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
    RequestVoided,
)
from clic_contracts.vocabulary import LetterKind
from clic_intake.core.owed import Owed, owed

LATER = NOON + dt.timedelta(hours=1)
OTHER = "0b1e1a54-0000-5000-8000-000000000001"


def make(event: type[Event], **changes: object) -> Any:
    """The catalogue's example, changed."""
    return event.model_validate({**event.EXAMPLE, **changes})


RECEIVED = make(RequestReceived, channel="email")
ROUTED = make(RequestRouted)
DUE = make(ObligationSet, obligation_id="answer-1", obligation="answer")
ACKNOWLEDGE_DUE = make(ObligationSet)
ACKNOWLEDGED = make(RequestAcknowledged)
UNASKED = make(RequestIncomplete, missing=["name"], asked=None)
ASKED = make(RequestIncomplete, missing=["name"])
COMPLETED = make(RequestCompleted, given=["name"])
REFUSED_UNSENT = make(RequestRefused, sent=None)
REFUSED = make(RequestRefused)
ANSWERED = make(RequestAnswered)
CLOSED = make(RequestClosed)
WITHDRAWN = make(RequestClosed, reason="withdrawn")
MERGED = make(RequestMerged, into=OTHER)
AS_MERGED = make(RequestClosed, reason="merged")
REOPENED = make(RequestReopened)
ERASED = make(PersonalDataErased)
VOIDED = make(RequestVoided)
ELSEWHERE = make(RequestRouted, department="greffe")


def written(owed_one: Owed, **changes: object) -> LetterWritten:
    """The letter that was owed, as the log holds it."""
    letter: LetterWritten = make(
        LetterWritten, letter_id=owed_one.letter_id, letter=owed_one.letter.value, sealed=None, **changes
    )
    return letter


def sent(letter: LetterWritten) -> LetterSent:
    """It went out."""
    event: LetterSent = make(LetterSent, letter_id=letter.letter_id, letter=letter.letter.value)
    return event


def failed(letter: LetterWritten, reason: str, status: str | None = None) -> LetterFailed:
    """It did not arrive."""
    event: LetterFailed = make(
        LetterFailed, letter_id=letter.letter_id, letter=letter.letter.value, reason=reason, status=status
    )
    return event


def story(*events: Event, at: dt.datetime = NOON) -> tuple[Recorded, ...]:
    """Facts that were recorded one after another, each by a cause of its own."""
    return tuple(
        recorded(each, at=at + dt.timedelta(seconds=index), cause_id=f"cause-{index}")
        for index, each in enumerate(events)
    )


def owed_on(*events: Event, now: dt.datetime = LATER, others: Sequence[Recorded] = ()) -> tuple[Owed, ...]:
    """What is owed after these facts."""
    return owed(SOMEBODY, story(*events), now, others)


def kinds(*events: Event, now: dt.datetime = LATER, others: Sequence[Recorded] = ()) -> list[LetterKind]:
    """The same, by kind; what waits left out."""
    return [each.letter for each in owed_on(*events, now=now, others=others) if each.not_before is None]

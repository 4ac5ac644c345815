"""What the outside may hear: which events, and which of their fields the feed leaves out."""

from __future__ import annotations

from .event import (
    EVENTS,
    AccessClassified,
    Event,
    ExchangeAbusive,
    LearningRecorded,
    LetterFailed,
    LetterSent,
    LetterWritten,
    PersonalDataCorrected,
    RequestAssigned,
    RequestAttached,
    RequestNoted,
    ReviewDecided,
    ReviewRequested,
    ThirdPartyAnswered,
    ThirdPartyIdentified,
    ThirdPartyNotified,
)
from .vocabulary import Service

HIDDEN_ATTRIBUTES = frozenset({"causeid", "actor"})
"""Of the envelope: what would name a publisher's submission or an agent."""

HIDDEN_FIELDS = frozenset({"sealed", "content_digest", "submission", "publisher", "signed_off_by"})
"""Of the data: personal data, what is between the desk and one publisher, and what would name an agent."""

DESK_PAPERS: frozenset[type[Event]] = frozenset(
    {
        AccessClassified,
        ExchangeAbusive,
        LearningRecorded,
        LetterFailed,
        LetterSent,
        LetterWritten,
        PersonalDataCorrected,
        RequestAssigned,
        RequestAttached,
        RequestNoted,
        ReviewDecided,
        ReviewRequested,
        ThirdPartyAnswered,
        ThirdPartyIdentified,
        ThirdPartyNotified,
    }
)
"""What is between the desk and one citizen, or the desk's own."""

FEED_EVENTS: tuple[type[Event], ...] = tuple(
    event for event in EVENTS if event.BY is not Service.DEADLINES and event not in DESK_PAPERS
)
"""Obligations and the desk's own papers are never told."""

LEFT_OUT_HEADER = "Clic-Left-Out"
"""NATS header of a message of the feed: `left_out` of its type, separated by commas."""

NOT_TOLD: tuple[str, ...] = (
    "confidential requests, whole: access to information, and subjects that the town keeps to a department (POL-26)",
    "requests and contacts that came out of an older system's records",
    "contacts about a request",
    "of a split, the new requests that are themselves not told",
)
"""What never comes although its type does. The same for everybody, and never counted: a count would tell of the few."""


def left_out(event: type[Event]) -> tuple[str, ...]:
    """What no message of this type carries, as JSON pointers into the event; whether it was there is not told.

    A list per type and not per message: that a request has a sealed part, or an agent, is told by neither.
    """
    hidden = [f"/data/{name}" for name in event.model_fields if name in HIDDEN_FIELDS]
    return (*(f"/{name}" for name in sorted(HIDDEN_ATTRIBUTES)), *hidden)


def never_told() -> tuple[type[Event], ...]:
    """The events of the catalogue that the feed leaves out whole."""
    return tuple(event for event in EVENTS if event not in FEED_EVENTS)

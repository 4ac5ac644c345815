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

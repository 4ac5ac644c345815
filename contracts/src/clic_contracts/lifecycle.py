"""The life of a request as one table: phase × event → phase.

Code checks it, the documentation draws it, tests walk it. An event that stands in no row of a
phase may not happen there; `BESIDE` events may happen in any phase and change none.
"""

from __future__ import annotations

from .event import (
    AccessClassified,
    AccessDeemedRefused,
    Event,
    ExchangeAbusive,
    InteractionRecorded,
    LearningRecorded,
    LetterFailed,
    LetterSent,
    LetterWritten,
    ObligationEscalated,
    ObligationLapsed,
    ObligationLifted,
    ObligationMet,
    ObligationMissed,
    ObligationPaused,
    ObligationRecounted,
    ObligationSet,
    ObligationWarned,
    PersonalDataCorrected,
    PersonalDataErased,
    RequestAcknowledged,
    RequestAdmitted,
    RequestAnswered,
    RequestAssigned,
    RequestAttached,
    RequestClosed,
    RequestCompleted,
    RequestDescribed,
    RequestExtended,
    RequestHandedBack,
    RequestHandedOver,
    RequestIncomplete,
    RequestMerged,
    RequestNoted,
    RequestPromised,
    RequestRated,
    RequestReceived,
    RequestRefused,
    RequestReopened,
    RequestRouted,
    RequestSplit,
    RequestVoided,
    ReviewDecided,
    ReviewRequested,
    ThirdPartyAnswered,
    ThirdPartyIdentified,
    ThirdPartyNotified,
)
from .vocabulary import ClosingReason, Phase

LIFECYCLE: dict[Phase, dict[type[Event], Phase]] = {
    Phase.NEW: {
        RequestReceived: Phase.RECEIVED,
    },
    Phase.RECEIVED: {
        RequestIncomplete: Phase.RECEIVED,
        RequestCompleted: Phase.RECEIVED,
        RequestAdmitted: Phase.RECEIVED,
        RequestHandedOver: Phase.IN_TREATMENT,
        RequestAcknowledged: Phase.IN_TREATMENT,
        RequestPromised: Phase.IN_TREATMENT,
        RequestExtended: Phase.IN_TREATMENT,
        RequestSplit: Phase.RECEIVED,
        RequestRefused: Phase.REFUSED,
        RequestAnswered: Phase.ANSWERED,
        RequestClosed: Phase.CLOSED,
        RequestMerged: Phase.RECEIVED,
        RequestVoided: Phase.VOIDED,
    },
    Phase.IN_TREATMENT: {
        RequestIncomplete: Phase.IN_TREATMENT,
        RequestCompleted: Phase.IN_TREATMENT,
        RequestAdmitted: Phase.IN_TREATMENT,
        RequestHandedOver: Phase.IN_TREATMENT,
        RequestAcknowledged: Phase.IN_TREATMENT,
        RequestPromised: Phase.IN_TREATMENT,
        RequestExtended: Phase.IN_TREATMENT,
        RequestSplit: Phase.IN_TREATMENT,
        RequestRefused: Phase.REFUSED,
        RequestAnswered: Phase.ANSWERED,
        RequestClosed: Phase.CLOSED,
        RequestMerged: Phase.IN_TREATMENT,
        RequestVoided: Phase.VOIDED,
    },
    Phase.ANSWERED: {
        RequestAcknowledged: Phase.ANSWERED,
        RequestAnswered: Phase.ANSWERED,
        RequestClosed: Phase.CLOSED,
        RequestVoided: Phase.VOIDED,
    },
    Phase.REFUSED: {
        RequestAcknowledged: Phase.REFUSED,
        RequestRefused: Phase.REFUSED,  # the refusal that was still to be sent
        RequestClosed: Phase.CLOSED,
        RequestReopened: Phase.REOPENED,
        RequestVoided: Phase.VOIDED,
    },
    Phase.CLOSED: {
        RequestReopened: Phase.REOPENED,
        RequestRated: Phase.CLOSED,
        RequestVoided: Phase.VOIDED,
    },
    Phase.VOIDED: {},
    Phase.REOPENED: {
        RequestIncomplete: Phase.REOPENED,
        RequestCompleted: Phase.REOPENED,
        RequestAdmitted: Phase.REOPENED,
        RequestHandedOver: Phase.REOPENED,
        RequestAcknowledged: Phase.REOPENED,
        RequestPromised: Phase.REOPENED,
        RequestExtended: Phase.REOPENED,
        RequestSplit: Phase.REOPENED,
        RequestRefused: Phase.REFUSED,
        RequestAnswered: Phase.ANSWERED,
        RequestClosed: Phase.CLOSED,
        RequestMerged: Phase.REOPENED,
        RequestVoided: Phase.VOIDED,
    },
}

BESIDE: frozenset[type[Event]] = frozenset(
    {
        RequestNoted,
        RequestAssigned,
        RequestAttached,
        RequestDescribed,
        InteractionRecorded,
        ExchangeAbusive,
        LearningRecorded,
        LetterWritten,
        LetterSent,
        LetterFailed,
        PersonalDataCorrected,
        PersonalDataErased,
        RequestHandedBack,
        AccessClassified,
        ThirdPartyIdentified,
        ThirdPartyNotified,
        ThirdPartyAnswered,
        ReviewRequested,
        ReviewDecided,
        RequestRouted,
        ObligationSet,
        ObligationPaused,
        ObligationRecounted,
        ObligationMet,
        ObligationWarned,
        ObligationMissed,
        ObligationEscalated,
        ObligationLapsed,
        ObligationLifted,
        AccessDeemedRefused,
    }
)
"""Facts beside the phase: they may come in any phase but NEW, in any order, and change none."""

CLOSES_UNANSWERED: frozenset[ClosingReason] = frozenset(
    {ClosingReason.WITHDRAWN, ClosingReason.MERGED, ClosingReason.REFUSED}
)
"""POL-27: the only reasons that close a request before it was answered (a refusal must have been sent)."""

PENDING: frozenset[Phase] = frozenset({Phase.RECEIVED, Phase.IN_TREATMENT, Phase.ANSWERED, Phase.REOPENED})
"""POL-32: phases that count as pending; the others count as treated."""


def may_happen(phase: Phase, event: type[Event]) -> bool:
    """Whether an event of this type may happen in this phase."""
    return (event in BESIDE and phase is not Phase.NEW) or event in LIFECYCLE[phase]


def next_phase(phase: Phase, event: type[Event]) -> Phase:
    """The phase after an event; a fact without effect where the table has no row for it."""
    return LIFECYCLE[phase].get(event, phase)


def mermaid() -> str:
    """The table as a Mermaid state diagram, for the documentation."""
    lines = ["stateDiagram-v2"]
    for phase, row in LIFECYCLE.items():
        here = "[*]" if phase is Phase.NEW else phase.value
        arrows: dict[str, list[str]] = {}
        for event, then in row.items():
            arrows.setdefault(then.value, []).append(event.TYPE.removeprefix("request.").removesuffix(".v1"))
        lines += [f"    {here} --> {then}: {', '.join(names)}" for then, names in arrows.items()]
    return "\n".join(lines) + "\n"

"""What deadlines says of a request, in words: what the town owes, what others have time for, and what came of both."""

from __future__ import annotations

from clic_contracts.event import (
    AccessDeemedRefused,
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
)
from clic_contracts.vocabulary import WINDOWS, ObligationKind
from clic_intake.web import Words

from . import label
from .label import said

QUIET: frozenset[type[Event]] = frozenset(
    {
        ObligationSet,
        ObligationMet,
        ObligationLifted,
        ObligationWarned,
        ObligationPaused,
        ObligationRecounted,
        ObligationLapsed,
    }
)
"""What stands in small print: the deadlines' bookkeeping."""
GRAVE: frozenset[type[Event]] = frozenset({ObligationMissed, ObligationEscalated, AccessDeemedRefused})


def owed_said(t: Words, event: Event) -> tuple[str, ...] | None:
    """A title, and what there is to say besides; None: it is no fact of deadlines."""
    match event:
        case ObligationSet(obligation=kind) if kind in WINDOWS:
            return (_of(t, ("Délai ouvert", "Time given"), kind), _until(t, event))
        case ObligationSet(obligation=kind):
            return (
                _of(t, ("Échéance", "Due date"), kind),
                t("au plus tard le", "by") + f" {t.day(event.due_prudent_on)}",
            )
        case ObligationWarned(obligation=kind) if kind in WINDOWS:
            return (_of(t, ("Rappel à faire", "To be reminded"), kind),)
        case ObligationWarned(obligation=kind):
            return (_of(t, ("Échéance proche", "Due soon"), kind),)
        case ObligationMet(obligation=kind) if kind in WINDOWS:
            return (_of(t, ("Délai utilisé", "Time used"), kind),)
        case ObligationMet(obligation=kind, in_time=in_time):
            return (
                _of(t, ("Échéance respectée", "Kept in time") if in_time else ("Fait en retard", "Done late"), kind),
            )
        case ObligationMissed(obligation=kind):
            return (_of(t, ("Échéance dépassée", "Missed"), kind),)
        case ObligationLifted(obligation=kind, reason=reason):
            return (_of(t, ("Échéance levée", "Lifted"), kind), said(t, label.LIFTINGS[reason]))
        case _:
            return _moved_said(t, event)


def _moved_said(t: Words, event: Event) -> tuple[str, ...] | None:
    """What moves a limit, passes it on, or follows from its end."""
    match event:
        case ObligationPaused(obligation=kind, reason=reason):
            return (_of(t, ("Délai suspendu", "Clock stopped"), kind), said(t, label.PAUSES[reason]))
        case ObligationRecounted(obligation=kind, because=because):
            return (
                _of(t, ("Échéance recomptée", "Counted anew"), kind),
                said(t, label.RECOUNTS[because]),
                _until(t, event) if kind in WINDOWS else t("au plus tard le", "by") + f" {t.day(event.due_prudent_on)}",
            )
        case ObligationEscalated(obligation=kind, to=to):
            return (_of(t, ("Retard signalé", "Delay reported"), kind), said(t, label.ESCALATIONS[to]))
        case ObligationLapsed(obligation=kind):
            return (_of(t, ("Délai écoulé", "Time ended"), kind), said(t, label.LAPSES[kind]))
        case AccessDeemedRefused():
            return (
                t("Réputée refusée (A-2.1, art. 52)", "Deemed refused (A-2.1, s. 52)"),
                t(
                    "L'échéance est passée sans décision : un recours est ouvert, et la Ville doit encore répondre",
                    "The limit passed without a decision: a recourse is open, and the Town must still answer",
                ),
            )
        case _:
            return None


def _of(t: Words, title: label.Both, kind: ObligationKind) -> str:
    return f"{said(t, title)}{t.colon} {said(t, label.OBLIGATIONS[kind])}"


def _until(t: Words, event: ObligationSet | ObligationRecounted) -> str:
    """Others have the most generous day."""
    last_on = max(event.due_strict_on, event.due_prudent_on)
    return t("jusqu'au", "until") + f" {t.day(last_on)}"

"""What the policy and the law allow to be done with a request: one rule a function, which says what is wrong."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from clic_chassis.error import NotFoundError, RefusedError
from clic_contracts.event import (
    Event,
    ExchangeAbusive,
    RequestAdmitted,
    RequestClosed,
    RequestHandedBack,
    RequestHandedOver,
    RequestMerged,
    RequestRefused,
    RequestReopened,
)
from clic_contracts.lifecycle import CLOSES_UNANSWERED, may_happen
from clic_contracts.town import Town
from clic_contracts.vocabulary import (
    ClosingReason,
    Criterion,
    Kind,
    Missing,
    Origin,
    Phase,
    ReopeningReason,
)

from .state import AWAITING_ANSWER, Request

CLOCK_SKEW = dt.timedelta(minutes=5)
"""How far two clocks of the town may be apart: further in the future, or before the reception, is an error."""

FOR_A_PERSON: frozenset[Criterion] = frozenset({Criterion.UNFOUNDED, Criterion.BEFORE_COURTS})
"""What no rule and no other system judges. Source: POL-08, POL-09."""
PERSON = "agent:"
"""How `actor` begins where a person acts."""


class UnknownRequestError(NotFoundError):
    """No such request."""

    code = "unknown_request"


class NotAnsweredError(RefusedError):
    """A request is closed only when the citizen was answered. Source: POL-27."""

    code = "not_answered"


class NotNowError(RefusedError):
    """The phase of the request does not allow it."""

    code = "not_now"


class AccessDecisionError(RefusedError):
    """A decision on an access request lacks what the law asks for. Source: A-2.1 art. 47 to 51."""

    code = "access_decision"


class ExtensionError(RefusedError):
    """An extension is granted once and in time, to access requests and complaints. Source: POL-23, A-2.1 art. 47."""

    code = "extension"


class ReopeningError(RefusedError):
    """A request was closed too long ago to be reopened. Source: POL-39."""

    code = "reopening"


class JudgementError(RefusedError):
    """A request may not be judged inadmissible on this criterion, or not by whoever did. Source: POL-06 to POL-09."""

    code = "judgement"


class AbuseError(RefusedError):
    """An exchange is marked as abusive with a reason. Source: POL-41."""

    code = "abuse"


class MergeError(RefusedError):
    """The other request cannot go on for this one."""

    code = "merge"


class PromiseError(RefusedError):
    """A date cannot be agreed on that has passed already. Source: POL-19."""

    code = "promise"


class AdmissionError(RefusedError):
    """It is not for a person to say that this is admissible, or not by these criteria. Source: POL-05 to POL-12."""

    code = "admission"


class HandingError(RefusedError):
    """Work cannot be handed over, or back, like this. Source: POL-29."""

    code = "handing"


class BeforeReceptionError(RefusedError):
    """Nothing happens to a request before it is received."""

    code = "before_reception"


@dataclass(frozen=True, slots=True)
class Rules:
    """What the town says about the life of every request."""

    timezone: dt.tzinfo
    """The town's: its days begin and end there."""
    reopen_within_days: int
    """Calendar days after the day of closing."""
    complaint_extension_days: int = 0
    """Business days at most by which a complaint is extended; 0: never."""

    @classmethod
    def of(cls, town: Town) -> Rules:
        """The town's."""
        deadlines = town.deadlines
        zone = ZoneInfo(town.calendar.timezone)
        return cls(zone, deadlines.reopen_within_days, deadlines.complaint_extension_days)

    def day_of(self, at: dt.datetime) -> dt.date:
        """The day in the town."""
        return at.astimezone(self.timezone).date()


def must(request: Request, event: type[Event]) -> None:
    """The lifecycle's table allows the event now.

    Raises:
        NotNowError: it does not.
    """
    if not may_happen(request.phase, event):
        raise NotNowError(
            f"{event.TYPE} may not happen while the request is {request.phase.value}",
            fr=f"{event.TYPE} ne peut pas arriver tant que la demande est à l’état {request.phase.value}",
        )


def not_before_reception(request: Request, at: dt.datetime, *, assumed: bool) -> None:
    """Older records are taken with the dates that they have.

    Raises:
        BeforeReceptionError: the instant is earlier than clocks may differ.
    """
    assert request.received_at is not None
    if request.origin is Origin.LIVE and not assumed and at < request.received_at - CLOCK_SKEW:
        raise BeforeReceptionError(
            f"{at.isoformat()} is before the request was received, {request.received_at.isoformat()}: "
            "correct the instant",
            fr=f"{at.isoformat()} est avant la réception de la demande, {request.received_at.isoformat()} : "
            "corrigez l’instant",
        )


def may_close(request: Request, reason: ClosingReason) -> None:
    """Closed only when answered, or for one of the three reasons that need no answer.

    Raises:
        NotAnsweredError: the citizen was not answered (POL-27).
        NotNowError: the phase does not allow it.
    """
    must(request, RequestClosed)
    allowed = {
        ClosingReason.ANSWERED: request.answered_since,
        ClosingReason.WITHDRAWN: True,
        ClosingReason.MERGED: request.merged_into is not None,
        ClosingReason.REFUSED: request.phase is Phase.REFUSED and request.refusal_sent,
    }[reason]
    if not allowed:
        raise NotAnsweredError(
            f"cannot be closed as {reason}: answer the citizen first. Without an answer a request is closed only "
            f"when it is {', '.join(sorted(CLOSES_UNANSWERED))} (a refusal must have been sent).",
            fr=f"ne peut pas être fermée comme {reason} : répondez d’abord à la personne. Sans réponse, une demande "
            f"n’est fermée que comme {', '.join(sorted(CLOSES_UNANSWERED))} (un refus doit avoir été envoyé).",
        )


def may_promise(rules: Rules, due_on: dt.date, at: dt.datetime) -> None:
    """A date is agreed on for a day to come (POL-19).

    Raises:
        PromiseError: it has passed.
    """
    if due_on < rules.day_of(at):
        raise PromiseError(
            f"{due_on} had passed already on {rules.day_of(at)}, when it was agreed: correct the date",
            fr=f"le {due_on} était déjà passé le {rules.day_of(at)}, quand on en a convenu : corrigez la date",
        )


def may_refuse(refusal: RequestRefused, request: Request, by: str) -> None:
    """On a criterion that is so, by whom it is for to judge; what was judged once may be sent by anybody.

    A rule alone asks for what is missing or points outside the town's competence. A safety report is acted on also
    without a name or contact. `by` is the actor, as events name it. Source: POL-06 to POL-09.

    Raises:
        JudgementError: it may not.
        NotNowError: the phase does not allow it.
    """
    must(request, RequestRefused)
    if request.origin is Origin.BACKLOG or refusal.criterion is request.refused_on:
        return  # Judged in its time, or already: now it is sent.
    match refusal.criterion:
        case criterion if criterion in FOR_A_PERSON and not by.startswith(PERSON):
            raise JudgementError(
                f"{refusal.criterion} is for a person to judge (POL-08, POL-09): an agent refuses it, by a command",
                fr=f"{refusal.criterion} relève du jugement d’une personne (POL-08, POL-09) : un agent la refuse, par "
                "une commande",
            )
        case Criterion.UNSPECIFIED:
            raise JudgementError(
                "say on which criterion it is refused: only older records may leave it out",
                fr="dites selon quel critère elle est refusée : seuls d’anciens dossiers peuvent l’omettre",
            )
        case Criterion.OUT_OF_COMPETENCE if refusal.turn_to is None and refusal.sealed is None:
            raise JudgementError(
                "say where the citizen can turn instead (POL-07): give turn_to, or explain it",
                fr="dites à qui la personne peut s’adresser (POL-07) : donnez turn_to, ou expliquez-le",
            )
        case Criterion.INCOMPLETE if not request.missing:
            raise JudgementError(
                "nothing is missing: ask the citizen first (POL-06)",
                fr="rien ne manque : demandez d’abord à la personne (POL-06)",
            )
        case Criterion.INCOMPLETE if request.urgent and Missing.PRECISION not in request.missing:
            raise JudgementError(
                "it is a safety report: it is acted on without a name or contact (POL-06)",
                fr="c’est un signalement de sécurité : il est traité même sans nom ni coordonnées (POL-06)",
            )
        case _:
            pass


def may_mark_abusive(exchange: ExchangeAbusive, request: Request) -> None:
    """With what was said or done, sealed; once the request is erased nothing can be kept of it. Source: POL-41.

    Raises:
        AbuseError: there is no reason.
    """
    if exchange.sealed is None and not request.erased:
        raise AbuseError("say what was said or done: an exchange is not marked as abusive without a reason (POL-41)")


def may_admit(admission: RequestAdmitted, request: Request) -> None:
    """A person judges what policy leaves to judge; access is decided by the law alone. Source: POL-05 to POL-12.

    Raises:
        AdmissionError: there is nothing to judge, or not by these criteria.
        NotNowError: the phase does not allow it.
    """
    must(request, RequestAdmitted)
    if request.kind is Kind.ACCESS_TO_INFORMATION:
        raise AdmissionError("an access request is decided, not judged admissible: answer it (A-2.1 art. 47)")
    if admission.complaint_criteria and request.kind is not Kind.COMPLAINT:
        raise AdmissionError("complaint_criteria are for complaints alone (POL-12): leave them out")


def may_hand_over(rules: Rules, handing: RequestHandedOver, request: Request, at: dt.datetime) -> None:
    """To one outside body at a time, for a day to come; what is confidential stays in the house (POL-26, POL-29).

    Raises:
        HandingError: it may not be handed over like this.
        NotNowError: the phase does not allow it.
    """
    must(request, RequestHandedOver)
    if request.confidential or request.kind is Kind.ACCESS_TO_INFORMATION:
        raise HandingError(
            "it is confidential and stays in the house (POL-26); where another body holds the document, answer so "
            "(A-2.1 art. 48)"
        )
    if request.handed_to is not None:
        raise HandingError(f"{request.handed_to} has it: record first that they handed it back")
    if handing.expected_on is not None and handing.expected_on < rules.day_of(at):
        raise HandingError(f"{handing.expected_on} had passed already on {rules.day_of(at)}: correct expected_on")


def may_hand_back(request: Request) -> None:
    """By the body that has it.

    Raises:
        HandingError: nobody has it.
        NotNowError: the phase does not allow it.
    """
    must(request, RequestHandedBack)
    if request.phase is Phase.VOIDED:
        raise NotNowError("request.handed_back.v1 may not happen: the record was voided, it is no request")
    if request.handed_to is None:
        raise HandingError("no outside body has it: record first that it was handed over")


def may_merge(request: Request, into: Request, *, joined: int) -> None:
    """Into a request that still owes its answer and is no duplicate itself: no chains, no circles (POL-27).

    `joined` is how many duplicates were joined to the request itself.

    Raises:
        MergeError: the other request cannot go on for it.
        NotNowError: the phase does not allow it.
    """
    must(request, RequestMerged)
    if into.merged_into is not None:
        raise MergeError(
            f"{into.reference} was itself joined to another request, {into.merged_into}: merge into that one"
        )
    if into.phase not in AWAITING_ANSWER or into.erased:
        state = "erased" if into.erased else into.phase.value
        raise MergeError(
            f"{into.reference} is {state} and owes no answer that could serve for both: reopen it first, or answer "
            "this one"
        )
    if joined:
        raise MergeError(
            f"{joined} request(s) were joined to {request.reference}: merge {into.reference} into it instead, or undo "
            "those first"
        )
    if into.kind is not request.kind and Kind.ACCESS_TO_INFORMATION in (into.kind, request.kind):
        raise MergeError("an access request is decided by itself (A-2.1 art. 47): answer each")
    if into.confidential is not request.confidential:
        raise MergeError("one of the two is confidential and the other is not (POL-26): answer each")


def may_reopen(rules: Rules, request: Request, reopening: RequestReopened, at: dt.datetime, *, assumed: bool) -> None:
    """Within the town's number of days after the day of closing (POL-39); a merge is undone at any time.

    Raises:
        ReopeningError: it is too late, there is no merge to undo, or nobody could be answered any more.
        NotNowError: the phase does not allow it.
    """
    must(request, RequestReopened)
    if request.closed_at is None or assumed or request.origin is Origin.BACKLOG:
        return  # Older records say that it went on; that is no longer to be decided.
    if reopening.reason is ReopeningReason.MERGED_IN_ERROR:
        _may_undo_merge(request)
        return
    last_on = last_day_to_reopen(rules, request.closed_at)
    if rules.day_of(at) > last_on:
        raise ReopeningError(
            f"it was closed on {rules.day_of(request.closed_at)} and could be reopened until {last_on} "
            f"({rules.reopen_within_days} days): register a new request that names {request.reference}",
            fr=f"elle a été fermée le {rules.day_of(request.closed_at)} et pouvait être rouverte jusqu’au {last_on} "
            f"({rules.reopen_within_days} jours) : déposez une nouvelle demande qui nomme {request.reference}",
        )


def last_day_to_reopen(rules: Rules, closed_at: dt.datetime) -> dt.date:
    """The last day in the town on which a request that was closed at this instant may be reopened. Source: POL-39."""
    return rules.day_of(closed_at) + dt.timedelta(days=rules.reopen_within_days)


def _may_undo_merge(request: Request) -> None:
    if request.closed_as is not ClosingReason.MERGED:
        raise ReopeningError(
            "it was not closed as a duplicate: say why else it goes on",
            fr="elle n’a pas été fermée comme doublon : dites pour quelle autre raison elle continue",
        )
    if request.erased:
        raise ReopeningError(
            "its personal data was erased, nobody could be answered: register a new request",
            fr="ses renseignements personnels ont été effacés, on ne pourrait répondre à personne : déposez une "
            "nouvelle demande",
        )

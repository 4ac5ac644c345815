"""Where an access request stands on the law's path: the fold of all services' facts. Source: A-2.1 art. 42 to 52, 135.

Nothing of what is sealed, and no name: who reads it is told that somebody was asked, never who.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from clic_contracts.envelope import Recorded
from clic_contracts.event import (
    AccessDeemedRefused,
    Event,
    ObligationLapsed,
    ObligationLifted,
    ObligationMet,
    ObligationMissed,
    ObligationRecounted,
    ObligationSet,
    RequestAcknowledged,
    RequestAnswered,
    RequestClosed,
    RequestCompleted,
    RequestExtended,
    RequestIncomplete,
    RequestReceived,
    RequestRefused,
    RequestReopened,
    ReviewDecided,
    ReviewRequested,
    TraceStep,
    Within,
)
from clic_contracts.vocabulary import (
    AccessNature,
    AccessOutcome,
    BodyCode,
    ClosingReason,
    LiftReason,
    Missing,
    ObligationKind,
    ReviewOutcome,
)

from .access import ThirdParty
from .state import Request, evolve


@dataclass(slots=True)
class Limit:
    """One obligation or window, as deadlines says of it now."""

    obligation: ObligationKind
    rule: str
    starts_at: dt.datetime
    due_at: dt.datetime
    due_strict_on: dt.date
    due_prudent_on: dt.date
    trace: tuple[TraceStep, ...]
    within: Within | None
    """How long it is; None: it was not recorded."""
    met: bool = False
    in_time: bool | None = None
    """Once it is met."""
    lifted: bool = False
    replaced: bool = False
    """Lifted, because another limit took its place."""
    missed: bool = False
    lapsed: bool = False
    """A window ended and was not used."""

    @property
    def is_open(self) -> bool:
        """Neither kept, nor lifted, nor over; it may be late."""
        return not (self.met or self.lifted or self.lapsed)


@dataclass(slots=True)
class Decision:
    """What the town decided. Source: A-2.1 art. 47 to 51."""

    at: dt.datetime
    outcome: AccessOutcome | None
    """None: an older record does not say."""
    provisions: tuple[str, ...]
    body: BodyCode | None


@dataclass(slots=True)
class AccessPath:
    """What has happened on the path, and what is owed."""

    request: Request = field(default_factory=Request)
    received: RequestReceived | None = None
    acknowledged_at: dt.datetime | None = None
    """The notice of receipt. Source: art. 46."""
    precision_asked_at: dt.datetime | None = None
    precision_given_at: dt.datetime | None = None
    extended_at: dt.datetime | None = None
    extended_days: int = 0
    decisions: list[Decision] = field(default_factory=list)
    refused_at: dt.datetime | None = None
    """Judged not admissible."""
    refusal_told_at: dt.datetime | None = None
    """When the citizen was first told so: as a decision, it can be contested from then on. Source: art. 135."""
    withdrawn_at: dt.datetime | None = None
    limits: dict[str, Limit] = field(default_factory=dict)
    deemed_refusals: dict[str, dt.datetime] = field(default_factory=dict)
    """The limits that passed without a decision, by obligation. Source: art. 52."""
    review_requested_on: dt.date | None = None
    review_outcome: ReviewOutcome | None = None

    @property
    def nature(self) -> AccessNature | None:
        """What it is for; None: nobody has said yet."""
        return self.request.path.nature

    @property
    def third_parties(self) -> tuple[ThirdParty, ...]:
        """Those whom a document that is asked for concerns, in the order in which they were identified."""
        return self.request.path.third_parties

    @property
    def decide(self) -> Limit | None:
        """The limit for deciding that stands: the newest, extended or counted anew."""
        return self._newest(ObligationKind.DECIDE_ACCESS)

    @property
    def notify(self) -> Limit | None:
        """By when third parties are to be told."""
        return self._newest(ObligationKind.NOTIFY_THIRD_PARTY)

    @property
    def review_window(self) -> Limit | None:
        """The time that the citizen has to ask the Commission."""
        return self._newest(ObligationKind.REVIEW_WINDOW)

    @property
    def deemed_refused_at(self) -> dt.datetime | None:
        """The limit that passed in silence; None where none did.

        Nor where it was known later that it had not been silent: a decision or an extension in time was recorded.
        """
        found = ((at, self.limits.get(which)) for which, at in self.deemed_refusals.items())
        holding = (at for at, limit in found if limit is None or not (limit.in_time or limit.replaced))
        return min(holding, default=None)

    @property
    def decision(self) -> Decision | None:
        """The newest one: a review may have changed the one before."""
        return self.decisions[-1] if self.decisions else None

    def _newest(self, kind: ObligationKind) -> Limit | None:
        found = [each for each in self.limits.values() if each.obligation is kind]
        standing = [each for each in found if not each.lifted]
        return next(reversed(standing or found), None)


def path_of(story: Iterable[Recorded]) -> AccessPath:
    """The path that the facts of all services, in the log's order, tell of."""
    path = AccessPath()
    for recorded in story:
        path.request = evolve(path.request, recorded)
        _apply_own(path, recorded)
        _apply_owed(path, recorded.data)
    return path


def _apply_own(path: AccessPath, recorded: Recorded) -> None:
    """A fact of the request's own life."""
    event, at = recorded.data, recorded.occurred_at
    match event:
        case RequestReceived():
            path.received = event
        case RequestAcknowledged():
            path.acknowledged_at = min(at, path.acknowledged_at or at)
        case RequestIncomplete(missing=missing) if Missing.PRECISION in missing:
            path.precision_asked_at, path.precision_given_at = path.precision_asked_at or at, None
        case RequestCompleted(given=given) if Missing.PRECISION in given:
            path.precision_given_at = at
        case RequestExtended(days=days):
            path.extended_at, path.extended_days = at, days
        case RequestAnswered():
            path.decisions.append(Decision(at, event.access_outcome, event.provisions, event.body))
        case RequestRefused(sent=sent):
            path.refused_at = at
            path.refusal_told_at = path.refusal_told_at or (at if sent is not None else None)
        case RequestClosed(reason=ClosingReason.WITHDRAWN):
            path.withdrawn_at = at
        case RequestReopened():
            path.refused_at = path.withdrawn_at = None
        case ReviewRequested(requested_on=requested_on):
            path.review_requested_on = requested_on
        case ReviewDecided(outcome=outcome):
            path.review_outcome = outcome
        case _:
            pass


def _apply_owed(path: AccessPath, event: Event) -> None:
    """What deadlines says of limits."""
    match event:
        case ObligationSet():
            path.limits[event.obligation_id] = Limit(
                event.obligation,
                event.rule.code,
                event.starts_at,
                event.due_at,
                event.due_strict_on,
                event.due_prudent_on,
                event.trace,
                event.within,
            )
        case AccessDeemedRefused(obligation_id=which, due_at=due_at):
            path.deemed_refusals[which] = due_at
        case ObligationRecounted() | ObligationMet() | ObligationMissed() | ObligationLapsed() | ObligationLifted() if (
            event.obligation_id in path.limits
        ):
            _apply_limit(path.limits[event.obligation_id], event)
        case _:
            pass


def _apply_limit(limit: Limit, event: Event) -> None:
    match event:
        case ObligationRecounted():
            limit.due_at, limit.trace = event.due_at, event.trace
            limit.due_strict_on, limit.due_prudent_on = event.due_strict_on, event.due_prudent_on
        case ObligationMet(in_time=in_time):
            limit.met, limit.in_time, limit.lapsed = True, in_time, False
        case ObligationMissed():
            limit.missed = True
        case ObligationLapsed():
            limit.lapsed = True
        case ObligationLifted(reason=reason):
            limit.lifted, limit.replaced = True, reason is LiftReason.REPLACED
        case _:
            pass

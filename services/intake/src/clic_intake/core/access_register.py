"""The register of access requests: one line a request, folded from its whole story, and a year's account of them.

The account counts what the Commission d'accès à l'information asks a public body to account for: requests by nature,
by delay, by decision, the provisions relied on, and reviews (A-2.1, r. 2, art. 2). No line holds personal data: a
number, days, and words of closed lists alone.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from clic_contracts.lifecycle import PENDING
from clic_contracts.vocabulary import (
    AccessNature,
    AccessOutcome,
    ClosingReason,
    Phase,
    Reference,
    ReviewOutcome,
)

from .access_path import AccessPath, Decision
from .provision import provisions_of

LAW_DAYS, EXTENDED_DAYS = 20, 30
"""Where the classes of delay end. Source: A-2.1 art. 47."""


class DelayClass(StrEnum):
    """How long a decision took, in calendar days after the day of reception."""

    LAW = "0_20"
    EXTENDED = "21_30"
    LONGER = "31_more"


class Outcome(StrEnum):
    """How a request stands at the end of its story so far."""

    GRANTED = "granted"
    PARTIAL = "partial"
    REFUSED = "refused"
    NO_DOCUMENT = "no_document"
    OTHER_BODY = "other_body"
    UNSPECIFIED = "unspecified"  # decided; an older record does not say how
    NOT_ADMISSIBLE = "not_admissible"
    WITHDRAWN = "withdrawn"
    DEEMED_REFUSED = "deemed_refused"  # the limit passed, and the town must still answer (art. 52)
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Line:
    """One request in the register."""

    number: Reference
    received_on: dt.date
    written: bool | None
    """None: an older record does not say."""
    nature: AccessNature | None
    """None: nobody has said yet."""
    decided_on: dt.date | None
    delay_days: int | None
    """Calendar days from the day of reception, which is day 0, to the first decision, or to the notice that it is not
    admissible."""
    extended: bool
    third_party: bool
    outcome: Outcome
    deemed_refused: bool
    """The limit passed in silence before it was decided, or is so still."""
    in_time: bool | None
    """Whether the decision came within the limit; None: there is none, or no limit is known."""
    provisions: tuple[str, ...]
    """As `provision.provisions_of` tells them."""
    review_requested: bool
    review_outcome: ReviewOutcome | None

    @property
    def delay(self) -> DelayClass | None:
        """The class of its delay; None while it is not decided."""
        match self.delay_days:
            case None:
                return None
            case days if days <= LAW_DAYS:
                return DelayClass.LAW
            case days if days <= EXTENDED_DAYS:
                return DelayClass.EXTENDED
            case _:
                return DelayClass.LONGER


def line_of(path: AccessPath, zone: dt.tzinfo) -> Line | None:
    """The line of a request; None for what is none: entered by mistake, or joined to another.

    The delay is that of the first decision, the outcome that of the newest. Days are the town's.
    """
    request, received = path.request, path.received
    if received is None or request.received_at is None or request.phase is Phase.VOIDED or _is_joined(path):
        return None
    received_on = request.received_at.astimezone(zone).date()
    decided_at = _decided_at(path)
    decided_on = decided_at.astimezone(zone).date() if decided_at else None
    return Line(
        number=received.reference,
        received_on=received_on,
        written=received.written,
        nature=path.nature,
        decided_on=decided_on,
        delay_days=(decided_on - received_on).days if decided_on else None,
        extended=path.extended_at is not None,
        third_party=bool(path.third_parties),
        outcome=_outcome(path),
        deemed_refused=path.deemed_refused_at is not None,
        in_time=_in_time(path),
        provisions=provisions_of(each for decision in path.decisions for each in decision.provisions),
        review_requested=path.review_requested_on is not None,
        review_outcome=path.review_outcome,
    )


def _decided_at(path: AccessPath) -> dt.datetime | None:
    told = (path.decisions[0].at if path.decisions else None, path.refusal_told_at)
    return min((each for each in told if each is not None), default=None)


def _in_time(path: AccessPath) -> bool | None:
    limit = path.decide
    if limit is None:
        return None
    if path.decision is None and path.refused_at is not None and path.refusal_told_at is not None:
        return path.refusal_told_at < limit.due_at
    return limit.in_time


def _is_joined(path: AccessPath) -> bool:
    return path.request.closed_as is ClosingReason.MERGED or (
        path.request.merged_into is not None and path.request.phase in PENDING
    )


def _outcome(path: AccessPath) -> Outcome:
    match path.decision:
        case Decision(outcome=None):
            return Outcome.UNSPECIFIED
        case Decision(outcome=AccessOutcome() as outcome):
            return Outcome(outcome.value)
        case _ if path.withdrawn_at is not None:
            return Outcome.WITHDRAWN
        case _ if path.refused_at is not None:
            return Outcome.NOT_ADMISSIBLE
        case _ if path.deemed_refused_at is not None:
            return Outcome.DEEMED_REFUSED
        case _:
            return Outcome.PENDING


Nature = AccessNature | None


@dataclass(slots=True)
class Account:
    """A year's totals, line by line: what it holds does not grow with their number."""

    received: Counter[Nature] = field(default_factory=Counter)
    written: int = 0
    oral: int = 0
    delays: Counter[tuple[DelayClass, Nature]] = field(default_factory=Counter)
    outcomes: Counter[tuple[Outcome, Nature]] = field(default_factory=Counter)
    provisions: Counter[tuple[Outcome, str]] = field(default_factory=Counter)
    """Requests in whose decision a provision was relied on, by outcome."""
    extended: int = 0
    third_party: int = 0
    deemed_refused: int = 0
    """The limit passed in silence: decided later, or still to be."""
    late: int = 0
    """Decided after the limit."""
    reviews: int = 0
    review_outcomes: Counter[ReviewOutcome | None] = field(default_factory=Counter)
    """Of those that were asked for; None: not decided yet."""

    def add(self, line: Line) -> None:
        """Count a line."""
        self.received[line.nature] += 1
        self.written += line.written is True
        self.oral += line.written is False
        if line.delay is not None:
            self.delays[line.delay, line.nature] += 1
        self.outcomes[line.outcome, line.nature] += 1
        self.provisions.update((line.outcome, each) for each in line.provisions)
        self.extended += line.extended
        self.third_party += line.third_party
        self.deemed_refused += line.deemed_refused
        self.late += line.in_time is False
        if line.review_requested:
            self.reviews += 1
            self.review_outcomes[line.review_outcome] += 1

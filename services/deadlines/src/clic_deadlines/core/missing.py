"""What is to be recorded of one obligation so that the record says what ought to stand."""

from __future__ import annotations

from clic_chassis.decider import Fact
from clic_contracts.event import (
    AccessDeemedRefused,
    ObligationLapsed,
    ObligationLifted,
    ObligationMet,
    ObligationPaused,
    ObligationRecounted,
    ObligationSet,
)
from clic_contracts.vocabulary import PauseReason, RecountReason

from .calendar import Pause
from .limit import Limit, limit_of, recounted
from .outcome import Duty, Kept, Lapsed, Released
from .standard import Rules
from .standing import Obligation


def missing(duty: Duty, known: Obligation | None, rules: Rules) -> list[Fact]:
    """The facts that are not recorded yet, in the order in which they happened to this obligation."""
    facts: list[Fact] = []
    if known is None:
        facts.append(Fact(duty.terms, duty.set_at, duty.assumed))
        known = Obligation(duty.terms, limit_of(duty.terms))
    if known.lifted is not None or (known.lapsed is not None and not isinstance(duty.outcome, Kept)):
        return facts  # It ended, and that cannot be taken back.
    moves = _Moves(duty, known, rules)
    facts += moves.facts
    if duty.deemed_refused and not known.deemed_refused:
        due_at = moves.limit.due_at
        facts.append(Fact(AccessDeemedRefused(obligation_id=duty.terms.obligation_id, due_at=due_at), due_at))
    return [*facts, *_ending(duty, known, moves.limit)]


def recount(terms: ObligationSet, limit: Limit, because: RecountReason) -> ObligationRecounted:
    """The fact that a limit is another from now on."""
    return ObligationRecounted(
        obligation_id=terms.obligation_id,
        obligation=terms.obligation,
        because=because,
        due_at=limit.due_at,
        due_strict_on=limit.due_strict_on,
        due_prudent_on=limit.due_prudent_on,
        warn_at=limit.warn_at,
        calendar_version=limit.calendar_version,
        trace=limit.trace,
    )


def _ending(duty: Duty, known: Obligation, limit: Limit) -> list[Fact]:
    named = {"obligation_id": duty.terms.obligation_id, "obligation": duty.terms.obligation}
    match duty.outcome:
        case Kept(at=at, assumed=assumed):
            in_time = at < limit.due_at
            if known.met is not None and known.met.met_at <= at and known.met.in_time == in_time:
                return []
            return [Fact(ObligationMet(**named, met_at=at, in_time=in_time, assumed=assumed), at, assumed)]
        case Released(at=at, assumed=assumed, reason=reason) if known.is_open:
            return [Fact(ObligationLifted(**named, reason=reason), at, assumed)]
        case Lapsed(at=at) if known.is_open:
            return [Fact(ObligationLapsed(**named, due_at=limit.due_at), at)]
        case _:
            return []


class _Moves:
    """How pauses move the limit of one obligation from what is known of it; `limit` is where it then stands."""

    def __init__(self, duty: Duty, known: Obligation, rules: Rules) -> None:
        self._duty = duty
        self._known = known
        self._rules = rules
        self.limit = known.due
        self.facts: list[Fact] = []
        if duty.pauses != known.pauses:
            went_on = _went_on(known.pauses, duty.pauses)
            if went_on is None:
                self._correct()
            else:
                self._go_on(went_on)

    def _go_on(self, first: int) -> None:
        """Record each pause that is not, from this one on, as it began and as it ended."""
        terms = self._duty.terms
        for index in range(first, len(self._duty.pauses)):
            pause = self._duty.pauses[index]
            if index >= len(self._known.pauses):
                self._pause(pause)
            if pause.until is not None:
                self.limit = self._counted(self._duty.pauses[: index + 1])
                self.facts.append(Fact(recount(terms, self.limit, RecountReason.RESUMED), pause.until))

    def _correct(self) -> None:
        """It stood still otherwise than was known: say where the limit is now, and whether it stands still."""
        pauses = self._duty.pauses
        still = pauses[-1] if pauses and pauses[-1].until is None else None
        limit = self._counted(pauses)
        since = self._known.paused_since
        if limit != self._known.due or (since is not None and still is None):
            self.limit, since = limit, None
            ended = [pause.until for pause in pauses if pause.until is not None]
            at = self._duty.outcome.at if self._duty.outcome is not None else self._duty.terms.starts_at
            self.facts.append(Fact(recount(self._duty.terms, limit, RecountReason.LATER_KNOWN), max(ended, default=at)))
        if still is not None and since != still.since:
            self._pause(still)

    def _pause(self, pause: Pause) -> None:
        terms = self._duty.terms
        paused = ObligationPaused(
            obligation_id=terms.obligation_id, obligation=terms.obligation, reason=PauseReason.WAITS_FOR_CITIZEN
        )
        self.facts.append(Fact(paused, pause.since))

    def _counted(self, pauses: tuple[Pause, ...]) -> Limit:
        terms = self._duty.terms
        calendar = self._rules.calendar_named(self._known.due.calendar_version, terms)
        limit = recounted(terms, calendar, self._rules.town.deadlines, pauses)
        return self._known.due if limit is None else limit


def _went_on(known: tuple[Pause, ...], ought: tuple[Pause, ...]) -> int | None:
    """From which pause on the record has to go on; None: it says otherwise than ought to stand."""
    if ought[: len(known)] == known:
        return len(known)
    last = len(known) - 1
    if len(ought) > last and ought[:last] == known[:last]:
        lasted = known[last].until is None and ought[last].since == known[last].since
        return last if lasted else None
    return None

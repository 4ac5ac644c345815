"""What the town ought to owe on a request, read from intake's whole story: a pure fold.

Everything is judged by `occurred_at`, never by `recorded_at`: what was kept in time in 2022 was kept in time, whenever
it is imported. While a request waits for the citizen (`request.incomplete.v1` until `request.completed.v1`) its clocks
run on; stopping them belongs in `_apply`, which sees both events and may set the answer's term anew.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from clic_contracts.envelope import Recorded
from clic_contracts.event import (
    Event,
    ObligationSet,
    RequestAcknowledged,
    RequestAnswered,
    RequestClosed,
    RequestExtended,
    RequestIncomplete,
    RequestMerged,
    RequestPromised,
    RequestReceived,
    RequestRefused,
    RequestReopened,
    RequestVoided,
    RuleRef,
)
from clic_contracts.vocabulary import ClosingReason, LiftReason, ObligationKind, Origin

from .calendar import Term
from .standard import EXTENDED_RULE, PROMISED_RULE, Rules, Standard

READS: tuple[type[Event], ...] = (
    RequestReceived,
    RequestIncomplete,
    RequestAcknowledged,
    RequestPromised,
    RequestExtended,
    RequestRefused,
    RequestAnswered,
    RequestMerged,
    RequestClosed,
    RequestVoided,
    RequestReopened,
)
"""The events of intake that change what is owed; a commit without any of them needs no decision."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The citizen got what was owed."""

    at: dt.datetime
    assumed: bool


@dataclass(frozen=True, slots=True)
class Released:
    """It no longer binds."""

    at: dt.datetime
    assumed: bool
    reason: LiftReason


@dataclass(frozen=True, slots=True)
class Duty:
    """One obligation as it ought to stand."""

    terms: ObligationSet
    assumed: bool
    """Whether its start is assumed."""
    outcome: Kept | Released | None = None


def duties(
    story: Iterable[Recorded], rules: Rules, settled: Mapping[str, ObligationSet] | None = None
) -> tuple[Duty, ...]:
    """The obligations of a request in the order they came about; () for a story that is no request's.

    `settled` are terms that were recorded already, by obligation id: they stand, whatever the rules say today.
    """
    owed = _Owed(rules, settled or {})
    for recorded in story:
        _apply(owed, recorded)
    return tuple(owed.duties.values())


def is_backlog(story: Iterable[Recorded]) -> bool:
    """Whether a request came out of an older system's records: nobody is warned of its delays."""
    return any(isinstance(each.data, RequestReceived) and each.data.origin is Origin.BACKLOG for each in story)


def _apply(owed: _Owed, recorded: Recorded) -> None:
    """One event's effect on what is owed."""
    match recorded.data:
        case RequestReceived() as received:
            owed.received = received
            owed.set_standard(owed.rules.acknowledge, recorded)
            owed.set_answer(owed.rules.answer(received), recorded)
        case _ if owed.received is None:
            pass  # No request's story: a contact or a learning owes nothing.
        case RequestPromised(due_on=due_on):
            owed.promise(due_on, recorded)
        case RequestExtended(days=days):
            owed.extend(days, recorded)
        case RequestReopened():
            owed.answers.clear()
            owed.set_answer(owed.rules.answer(owed.received), recorded)
            if not owed.was_told:
                owed.set_standard(owed.rules.acknowledge, recorded)
        case RequestMerged() | RequestVoided() | RequestClosed() | RequestRefused():
            _end(owed, recorded)
        case RequestIncomplete(asked=None):
            pass  # Nobody could be asked: the citizen knows nothing yet.
        case RequestAcknowledged() | RequestIncomplete():  # Who is asked for more knows that the town has it.
            owed.keep(owed.acknowledgements, recorded)
        case RequestAnswered():
            owed.keep(owed.acknowledgements + owed.answers, recorded)
        case _:
            pass  # The rest of intake's events change nothing that is owed.


def _end(owed: _Owed, recorded: Recorded) -> None:
    """The effect of an event that ends what is owed otherwise than by an answer."""
    match recorded.data:
        case RequestMerged() | RequestClosed(reason=ClosingReason.MERGED):
            owed.release(list(owed.duties), recorded, LiftReason.MERGED)
        case RequestClosed(reason=ClosingReason.WITHDRAWN):
            owed.release(list(owed.duties), recorded, LiftReason.WITHDRAWN)
        case RequestVoided():
            owed.release(list(owed.duties), recorded, LiftReason.VOIDED)
        case RequestRefused(sent=sent):
            owed.release(owed.answers, recorded, LiftReason.REFUSED)
            if sent is not None:
                owed.keep(owed.acknowledgements, recorded)
        case _:
            pass  # Closed as answered or refused: the answer, or the refusal that was sent, ended it (POL-27).


class _Owed:
    """What is gathered while folding one story."""

    def __init__(self, rules: Rules, settled: Mapping[str, ObligationSet]) -> None:
        self.rules = rules
        self.settled = settled
        self.received: RequestReceived | None = None
        self.duties: dict[str, Duty] = {}
        self.acknowledgements: list[str] = []
        self.answers: list[str] = []
        """What an answer keeps: set since the reception, or since the last reopening."""

    def set_standard(self, standard: Standard, since: Recorded, starts_at: dt.datetime | None = None) -> str:
        starts_at = starts_at or since.occurred_at
        obligation_id = self._next_id(standard.obligation)
        if (terms := self.settled.get(obligation_id)) is None:
            term = self.rules.calendar.term(starts_at, standard.within)
            terms = self._terms(obligation_id, standard.obligation, starts_at, term, standard.rule)
        self.duties[obligation_id] = Duty(terms, since.time_assumed)
        if standard.obligation is ObligationKind.ACKNOWLEDGE:
            self.acknowledgements.append(obligation_id)
        return obligation_id

    def set_answer(self, standard: Standard, since: Recorded, starts_at: dt.datetime | None = None) -> None:
        self.answers.append(self.set_standard(standard, since, starts_at))

    @property
    def was_told(self) -> bool:
        """Whether the citizen knows that the town has it, or is still owed to: a merge that is undone lifted that."""
        return any(not isinstance(self.duties[each].outcome, Released) for each in self.acknowledgements)

    def promise(self, due_on: dt.date, recorded: Recorded) -> None:
        """An agreed date replaces the standard and earlier promises that were still in time; never the law (POL-19).

        What was late when the date was agreed stays late: agreeing on a date does not undo a missed limit.
        """
        for obligation_id in self.answers:
            terms = self.duties[obligation_id].terms
            if terms.obligation is not ObligationKind.DECIDE_ACCESS and recorded.occurred_at < terms.due_at:
                self.release([obligation_id], recorded, LiftReason.REPLACED)
        obligation_id = self._next_id(ObligationKind.PROMISE)
        if (terms_settled := self.settled.get(obligation_id)) is None:
            starts_at = recorded.occurred_at
            term = self.rules.calendar.until(starts_at, due_on)
            terms_settled = self._terms(obligation_id, ObligationKind.PROMISE, starts_at, term, PROMISED_RULE)
        self.duties[obligation_id] = Duty(terms_settled, recorded.time_assumed)
        self.answers.append(obligation_id)

    def extend(self, days: int, recorded: Recorded) -> None:
        """The one extension, before the limit has passed; a late or second one changes nothing (POL-23)."""
        for obligation_id in self.answers:
            duty = self.duties[obligation_id]
            if (
                duty.terms.obligation is ObligationKind.DECIDE_ACCESS
                and duty.terms.rule.code != EXTENDED_RULE
                and duty.outcome is None
                and recorded.occurred_at < duty.terms.due_at
            ):
                self.release([obligation_id], recorded, LiftReason.REPLACED)
                self.set_answer(self.rules.extended_access(days), recorded, duty.terms.starts_at)
                return

    def keep(self, obligation_ids: list[str], recorded: Recorded) -> None:
        """Kept by this fact, or, where kept already, by whichever fact occurred first."""
        for obligation_id in obligation_ids:
            duty = self.duties[obligation_id]
            match duty.outcome:
                case Released():
                    continue
                case Kept(at=at) if at <= recorded.occurred_at:
                    continue
                case _:
                    kept = Kept(recorded.occurred_at, recorded.time_assumed)
                    self.duties[obligation_id] = replace(duty, outcome=kept)

    def release(self, obligation_ids: list[str], recorded: Recorded, reason: LiftReason) -> None:
        """Lifted, unless it was kept or lifted before."""
        for obligation_id in obligation_ids:
            duty = self.duties[obligation_id]
            if duty.outcome is None:
                released = Released(recorded.occurred_at, recorded.time_assumed, reason)
                self.duties[obligation_id] = replace(duty, outcome=released)

    def _next_id(self, kind: ObligationKind) -> str:
        ordinal = 1 + sum(duty.terms.obligation is kind for duty in self.duties.values())
        return f"{kind.value}-{ordinal}"

    def _terms(
        self, obligation_id: str, kind: ObligationKind, starts_at: dt.datetime, term: Term, rule: str
    ) -> ObligationSet:
        calendar = self.rules.calendar
        return ObligationSet(
            obligation_id=obligation_id,
            obligation=kind,
            starts_at=calendar.local(starts_at),
            due_at=term.due_at,
            due_strict_on=term.due_strict_on,
            due_prudent_on=term.due_prudent_on,
            warn_at=calendar.share_of(starts_at, term.due_at, self.rules.town.deadlines.warn_at_share),
            rule=RuleRef(code=rule),
            calendar_version=calendar.version,
            trace=term.trace,
        )

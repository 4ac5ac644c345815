"""What is gathered while one story is folded: obligations as they are set, kept, released and stand still."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from clic_contracts.event import ObligationSet, RequestReceived, RuleRef, Within
from clic_contracts.town_time import Delay
from clic_contracts.vocabulary import WINDOWS, Kind, LiftReason, ObligationKind

from .calendar import Pause
from .happened import Happened
from .limit import count, last_instant, recounted
from .outcome import Duty, Kept, Lapsed, Released, Settled
from .standard import COMPLAINT_EXTENDED_RULE, OUTSIDE_WORK_AGREED_RULE, PROMISED_RULE, Rules, Standard
from .waiting import Waits

if TYPE_CHECKING:
    from .access import AccessPath


class Owed:
    """The obligations of one request.

    Facts may come late and in any order. What cannot be taken back once it is recorded (that something was set,
    released or lapsed) follows from the facts before it in the log alone, never from those after.
    """

    def __init__(self, rules: Rules, settled: Mapping[str, Settled]) -> None:
        self.rules = rules
        self.settled = settled
        self.received: RequestReceived | None = None
        self.access: AccessPath | None = None
        self.waits = Waits()
        self.duties: dict[str, Duty] = {}
        self.acknowledgements: list[str] = []
        self.judgements: list[str] = []
        self.answers: list[str] = []
        """What an answer keeps: set since the reception, or since the last reopening."""
        self.outside: list[str] = []
        self.replies: list[str] = []
        self.reviews: list[str] = []

    @property
    def is_older(self) -> bool:
        """Whether its obligations were recorded before delays, windows and pauses were: it gets none after the fact."""
        known = self.settled.get(f"{ObligationKind.ACKNOWLEDGE}-1")
        return known is not None and known.terms.within is None

    # -- setting ------------------------------------------------------------------------------------------------------

    def set_standard(self, standard: Standard, since: Happened, starts_at: dt.datetime | None = None) -> str:
        """Something is owed from a fact on, or counted from another instant. Gives its id."""
        starts_at = starts_at or since.occurred_at
        obligation_id = self.set(standard, since.occurred_at, starts_at, assumed=since.time_assumed)
        if standard.obligation is ObligationKind.ACKNOWLEDGE:
            self.acknowledgements.append(obligation_id)
        return obligation_id

    def set_answer(self, standard: Standard, since: Happened, starts_at: dt.datetime | None = None) -> str:
        """An answer is owed."""
        self.answers.append(self.set_standard(standard, since, starts_at))
        return self.answers[-1]

    def set_judgement(self, since: Happened) -> None:
        """Where a person must say whether it is admissible; never after the fact (POL-05 to POL-09, POL-12)."""
        assert self.received is not None
        standard = self.rules.judge(self.received)
        is_known = not self.settled or f"{ObligationKind.JUDGE}-1" in self.settled
        if standard is not None and is_known:
            self.judgements.append(self.set_standard(standard, since))

    def set(
        self,
        standard: Standard,
        set_at: dt.datetime,
        starts_at: dt.datetime,
        *,
        assumed: bool,
        last_on: dt.date | None = None,
    ) -> str:
        """Something is owed within a delay, or up to an agreed day. Terms that were recorded stand. Gives its id."""
        obligation_id = self._next_id(standard.obligation)
        if (known := self.settled.get(obligation_id)) is not None:
            terms = known.terms
        else:
            terms = self.terms_of(obligation_id, standard, starts_at, last_on)
        self.duties[obligation_id] = Duty(terms, assumed, set_at)
        return obligation_id

    def terms_of(
        self, obligation_id: str, standard: Standard, starts_at: dt.datetime, last_on: dt.date | None
    ) -> ObligationSet:
        """The terms of something that is set anew, as they are recorded."""
        calendar = self.rules.calendar_at(starts_at)
        delay = last_on or standard.within
        limit = count(standard.obligation, starts_at, delay, calendar, self.rules.town.deadlines)
        return ObligationSet(
            obligation_id=obligation_id,
            obligation=standard.obligation,
            starts_at=calendar.local(starts_at),
            due_at=limit.due_at,
            due_strict_on=limit.due_strict_on,
            due_prudent_on=limit.due_prudent_on,
            warn_at=limit.warn_at,
            rule=RuleRef(code=standard.rule),
            calendar_version=limit.calendar_version,
            trace=limit.trace,
            within=None if last_on is not None else Within(amount=standard.within.amount, unit=standard.within.unit),
            stops_while_waiting=standard.stops_while_waiting,
        )

    @property
    def was_told(self) -> bool:
        """Whether the citizen knows that the town has it, or is still owed to: a merge that is undone lifted that."""
        return self._any_stands(self.acknowledgements)

    @property
    def was_judged(self) -> bool:
        """Whether it was judged, or is still to be."""
        return self._any_stands(self.judgements)

    def _any_stands(self, obligation_ids: Iterable[str]) -> bool:
        return any(not isinstance(self.duties[each].outcome, Released) for each in obligation_ids)

    def promise(self, due_on: dt.date, recorded: Happened) -> None:
        """An agreed date replaces the standard and earlier promises that were still in time; never the law (POL-19).

        What was late when the date was agreed stays late: agreeing on a date does not undo a missed limit.
        """
        at = recorded.occurred_at
        for obligation_id in self.answers:
            if not self._is_law(obligation_id) and self.is_in_time(obligation_id, at):
                self.release([obligation_id], recorded, LiftReason.REPLACED)
        agreed = Standard(ObligationKind.PROMISE, Delay(business_days=0), PROMISED_RULE)
        self.answers.append(self.set(agreed, at, at, assumed=recorded.time_assumed, last_on=due_on))

    def _is_law(self, obligation_id: str) -> bool:
        """Whether a law sets its delay, whatever the town and the citizen agree on."""
        assert self.received is not None
        terms = self.duties[obligation_id].terms
        return terms.obligation is ObligationKind.DECIDE_ACCESS or (
            terms.obligation is ObligationKind.ANSWER and self.rules.is_law(self.received)
        )

    def extend_complaint(self, days: int, recorded: Happened) -> None:
        """The one extension of a complaint's answer, before its limit; a late or second one changes nothing."""
        assert self.received is not None
        for obligation_id in list(self.answers):
            terms = self.duties[obligation_id].terms
            if (
                self.received.kind is not Kind.COMPLAINT
                or terms.obligation is not ObligationKind.ANSWER
                or self._is_law(obligation_id)
                or terms.within is None
                or terms.rule.code == COMPLAINT_EXTENDED_RULE
                or self.duties[obligation_id].outcome is not None
                or not self.is_in_time(obligation_id, recorded.occurred_at)
            ):
                continue
            within = Delay.model_validate({terms.within.unit.value: terms.within.amount})
            standard = self.rules.extended_complaint(within, days)
            if standard is None:
                continue
            starts_at = terms.starts_at if within.business_days is not None else last_instant(terms.due_at)
            self.release([obligation_id], recorded, LiftReason.REPLACED)
            self.set_answer(replace(standard, stops_while_waiting=terms.stops_while_waiting), recorded, starts_at)

    def hand_over(self, expected_on: dt.date | None, recorded: Happened) -> None:
        """An outside body does its part by an agreed day, or within the town's delay (POL-29)."""
        at = recorded.occurred_at
        standard = self.rules.outside_work
        if expected_on is not None:
            standard = Standard(ObligationKind.OUTSIDE_WORK, Delay(business_days=0), OUTSIDE_WORK_AGREED_RULE)
        if standard is not None:
            self.outside.append(self.set(standard, at, at, assumed=recorded.time_assumed, last_on=expected_on))

    def ask(self, recorded: Happened) -> None:
        """The citizen was asked for what is missing: the clock stops, and their own delay begins (POL-06, POL-21)."""
        at = recorded.occurred_at
        self.waits.ask(at)
        if self.rules.citizen_reply is None or self.is_older:
            return
        self.release(self.replies, recorded, LiftReason.REPLACED)
        self.replies.append(self.set_standard(self.rules.citizen_reply, recorded))
        if (ended_at := self.waits.ended_after(at)) is not None:  # What was asked for is known to have been given.
            self.keep(self.replies, recorded, ended_at)

    # -- ending -------------------------------------------------------------------------------------------------------

    def keep(self, obligation_ids: Iterable[str], recorded: Happened, at: dt.datetime | None = None) -> None:
        """Kept by this fact, or, where kept already, by whichever fact occurred first.

        Somebody else's time that is over can be used no more: it lapsed.
        """
        at = at or recorded.occurred_at
        for obligation_id in tuple(obligation_ids):
            self._will_end(obligation_id, recorded)
            duty = self.duties[obligation_id]
            is_window = duty.terms.obligation in WINDOWS
            if is_window and not self.is_in_time(obligation_id, at):
                self._lapse(obligation_id)
                continue
            match duty.outcome:
                case Released():
                    continue
                case Kept(at=kept_at) if kept_at <= at:
                    continue
                case _:
                    self.duties[obligation_id] = duty.ended(Kept(at, recorded.time_assumed))

    def release(self, obligation_ids: Iterable[str], recorded: Happened, reason: LiftReason) -> None:
        """Lifted, unless it was kept or lifted before, or was somebody else's time that was over."""
        at = recorded.occurred_at
        for obligation_id in tuple(obligation_ids):
            self._will_end(obligation_id, recorded)
            duty = self.duties[obligation_id]
            if duty.outcome is not None:
                continue
            if duty.terms.obligation in WINDOWS and not self.is_in_time(obligation_id, at):
                self._lapse(obligation_id)
                continue
            released = Released(at, recorded.time_assumed, reason)
            self.duties[obligation_id] = replace(duty, outcome=released, pauses=self._pauses_until(duty, released))

    def release_all(self, recorded: Happened, reason: LiftReason) -> None:
        """The request is no more: nothing binds any longer, nobody's time runs."""
        if self.access is not None:
            self._will_end(self.access.decision, recorded)
        self.release(self.duties, recorded, reason)

    def _lapse(self, obligation_id: str) -> None:
        duty = self.duties[obligation_id]
        if duty.outcome is None:
            self.duties[obligation_id] = duty.ended(Lapsed(self.due_at(obligation_id)))

    def _will_end(self, obligation_id: str, recorded: Happened) -> None:
        """A limit of the law that had passed before has its consequence first (A-2.1 art. 52)."""
        if self.access is not None:
            self.access.will_end(obligation_id, recorded)

    # -- standing still -----------------------------------------------------------------------------------------------

    def due_at(self, obligation_id: str) -> dt.datetime:
        """The limit as the facts so far have it; exclusive."""
        duty = self.duties[obligation_id]
        return self._due_at(duty.terms, self._pauses(duty.terms, None))

    def is_in_time(self, obligation_id: str, at: dt.datetime) -> bool:
        """Whether an instant is before the limit; while a delay stands still, nothing is late."""
        duty = self.duties[obligation_id]
        pauses = self._pauses(duty.terms, None)
        if pauses and pauses[-1].until is None and pauses[-1].since <= at:
            return True
        return at < self._due_at(duty.terms, pauses)

    def with_pauses(self) -> tuple[Duty, ...]:
        """The obligations in the order they came about, each with the pauses that the whole story gives it."""
        if not self.waits:
            return tuple(self.duties.values())
        return tuple(
            duty
            if not duty.terms.stops_while_waiting or isinstance(duty.outcome, Released)
            else replace(duty, pauses=self._pauses_until(duty, duty.outcome))
            for duty in self.duties.values()
        )

    def _pauses_until(self, duty: Duty, outcome: Kept | Released | Lapsed | None) -> tuple[Pause, ...]:
        match outcome:
            case None:
                return self._pauses(duty.terms, None)
            case Kept(at=at):  # It stood still up to the answer itself.
                return tuple(
                    Pause(each.since, at if each.until is None else min(each.until, at))
                    for each in self._pauses(duty.terms, at)
                )
            case _:
                return tuple(
                    Pause(each.since, None if each.until is None or each.until > outcome.at else each.until)
                    for each in self._pauses(duty.terms, outcome.at)
                )

    def _pauses(self, terms: ObligationSet, end: dt.datetime | None) -> tuple[Pause, ...]:
        """When it stood still until an instant: not before its start, nor once its limit has passed."""
        if not terms.stops_while_waiting or not self.waits:
            return ()
        found: list[Pause] = []
        for wait in self.waits.spans():
            since = max(wait.since, terms.starts_at)
            if (wait.until is not None and wait.until <= since) or (end is not None and end <= since):
                continue
            if self._due_at(terms, found) <= since:
                break
            found.append(Pause(since, wait.until))
        return tuple(found)

    def _due_at(self, terms: ObligationSet, pauses: Sequence[Pause]) -> dt.datetime:
        known = self.settled.get(terms.obligation_id)
        version = terms.calendar_version if known is None else known.calendar_version
        if not pauses and version == terms.calendar_version:
            return terms.due_at
        calendar = self.rules.calendar_named(version, terms)
        limit = recounted(terms, calendar, self.rules.town.deadlines, pauses)
        return terms.due_at if limit is None else limit.due_at

    def _next_id(self, kind: ObligationKind) -> str:
        ordinal = 1 + sum(duty.terms.obligation is kind for duty in self.duties.values())
        return f"{kind.value}-{ordinal}"

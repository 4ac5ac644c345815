"""How each obligation must end, computed offline from what intake recorded, in the order of the log.

Written from the rules (POL, A-2.1, I-16) and not from the service: it reconciles nothing, and knows no timers. What
time brings is told by asking, at each fact, which limits had passed before it was entered.

A service may be away for a while. A limit that passes shortly before a fact is entered that would have changed what
follows may have been looked at or not; `prompt` tells which of the two is computed, and both are right.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.simulation.ledger import BOUND, INSTANT, NEVER, SKEW, Debt, Ledger
from tests.simulation.reckoning import Reckoner, length_of

from clic_contracts.envelope import Recorded
from clic_contracts.event import (
    Event,
    RequestAcknowledged,
    RequestAdmitted,
    RequestAnswered,
    RequestClosed,
    RequestCompleted,
    RequestExtended,
    RequestHandedBack,
    RequestHandedOver,
    RequestIncomplete,
    RequestMerged,
    RequestPromised,
    RequestReceived,
    RequestRefused,
    RequestReopened,
    RequestVoided,
    ReviewRequested,
    ThirdPartyAnswered,
    ThirdPartyIdentified,
    ThirdPartyNotified,
)
from clic_contracts.town import Town
from clic_contracts.vocabulary import (
    AccessOutcome,
    ClosingReason,
    DelayUnit,
    Kind,
    LiftReason,
    ObligationKind,
    Origin,
)

K = ObligationKind


@dataclass
class _Party:
    window: Debt | None = None
    notice: Debt | None = None
    spoke_at: dt.datetime | None = None


class Oracle(Ledger):
    """Reads one request's facts, and holds what they make of its obligations at the end."""

    def __init__(self, town: Town, reckoner: Reckoner, *, prompt: bool) -> None:
        super().__init__(reckoner)
        self.town = town
        self.received: RequestReceived | None = None
        self._slack = -SKEW if prompt else BOUND
        self._answers: list[Debt] = []
        self._current: Debt | None = None
        """The decision on access whose limit stands."""
        self._base: tuple[str, int, dt.datetime] = ("", 0, NEVER)
        self._parties: dict[str, _Party] = {}
        self._reviews: list[Debt] = []

    def read(self, facts: Sequence[Recorded], end_at: dt.datetime) -> None:
        """All of them, and then the time until the end."""
        entered = sorted({each.recorded_at for each in facts})
        for index, at in enumerate(entered):
            if index and entered[index - 1] + self._slack <= at:
                self._time_passes(at - self._slack)
            for each in facts:
                if each.recorded_at == at:
                    self._now = each
                    self._apply(each.data)
            self._note_runs(at, entered[index + 1] if index + 1 < len(entered) else end_at)
        self._time_passes(end_at - self._slack)
        for debt in self.debts:
            if debt.lifted is None:
                debt.spans = self._spans(debt, debt.kept_at)

    @property
    def is_chased(self) -> bool:
        """An older system's requests are judged, and nobody is warned of them."""
        return self.received is not None and self.received.origin is not Origin.BACKLOG

    # -- what time brings -----------------------------------------------------------------------------------------

    def _time_passes(self, now: dt.datetime) -> None:
        """Others' time lapses; silence on an access request is a refusal (A-2.1 art. 52)."""
        while True:
            due = [each for each in self.debts if not each.is_over and self._has_consequence(each)]
            due = [each for each in due if self._due_at(each) <= now]
            if not due:
                return
            soonest = min(due, key=self._due_at)
            if soonest.is_window:
                soonest.has_lapsed = True
            else:
                self._be_silent()

    def _has_consequence(self, debt: Debt) -> bool:
        return debt.is_window or (debt is self._current and not debt.was_silent)

    # -- facts ----------------------------------------------------------------------------------------------------

    def _apply(self, event: Event) -> None:
        if self.received is None and not isinstance(event, RequestReceived):
            return
        actions: dict[type[Event], Callable[..., None]] = {
            RequestReceived: self._received,
            RequestAcknowledged: lambda _: self._keep(self._of(K.ACKNOWLEDGE)),
            RequestIncomplete: self._asked,
            RequestCompleted: self._completed,
            RequestAdmitted: lambda _: self._keep(self._of(K.JUDGE)),
            RequestPromised: self._promised,
            RequestExtended: self._extended,
            RequestHandedOver: self._handed_over,
            RequestHandedBack: lambda _: self._keep(self._of(K.OUTSIDE_WORK)),
            RequestRefused: self._refused,
            RequestAnswered: self._answered,
            RequestMerged: lambda _: self._lift_all(LiftReason.MERGED),
            RequestClosed: self._closed,
            RequestVoided: lambda _: self._lift_all(LiftReason.VOIDED),
            RequestReopened: lambda _: self._reopened(),
            ThirdPartyIdentified: self._identified,
            ThirdPartyNotified: self._notified,
            ThirdPartyAnswered: self._spoke,
            ReviewRequested: self._review_requested,
        }
        if type(event) in actions:
            actions[type(event)](event)

    def _lift_all(self, reason: LiftReason) -> None:
        self._marks.append((self._at, False))
        self._silence_before()
        self._lift(self.debts, reason)

    def _received(self, received: RequestReceived) -> None:
        self.received = received
        self._owe_acknowledgement()
        self._owe_answer()
        self._owe_judgement()

    def _owe_acknowledgement(self) -> None:
        """POL-13 to POL-15."""
        self._owe(K.ACKNOWLEDGE, "acknowledge", length_of(self.town.deadlines.acknowledge_within))

    def _owe_judgement(self) -> None:
        """POL-05 to POL-12."""
        judge, received = self.town.deadlines.judge, self.received
        assert received is not None
        if judge is not None and received.kind in judge.kinds:
            self._owe(K.JUDGE, "judge", length_of(judge.within), stops=not received.urgent)

    def _owe_answer(self) -> None:
        """POL-22, POL-29: the law for access, else subject, kind, default."""
        received = self.received
        assert received is not None
        if received.kind is Kind.ACCESS_TO_INFORMATION:
            days = min(20, self.town.deadlines.decide_access_within.calendar_days or 20)
            self._base = ("access_law", days, self._at)
            self._parties = {}
            self._current = self._owe(K.DECIDE_ACCESS, "access_law", (days, DelayUnit.CALENDAR_DAYS), is_law=True)
            self._answers = [self._current]
            return
        subject = next((each for each in self.town.subjects if each.code == received.subject), None)
        is_law = False
        if subject is not None and subject.answer_within is not None:
            rule, delay, is_law = f"subject_{subject.code}", subject.answer_within, subject.legal_delay
        else:
            by_kind = {each.kind: each.answer_within for each in self.town.standards}
            rule = f"kind_{received.kind}" if received.kind in by_kind else "default"
            delay = by_kind.get(received.kind, self.town.deadlines.answer_within)
        stops = not received.urgent and not is_law
        self._answers = [self._owe(K.ANSWER, rule, length_of(delay), stops=stops, is_law=is_law)]

    def _reopened(self) -> None:
        """POL-39."""
        told, judged = self._of(K.ACKNOWLEDGE), self._of(K.JUDGE)
        if self._current is not None and not self._current.is_over:  # Refused, and nobody was told.
            self._silence_before()
            self._lift([self._current], LiftReason.REPLACED)
        self._owe_answer()
        if all(each.lifted is not None for each in told):
            self._owe_acknowledgement()
        if all(each.lifted is not None for each in judged):
            self._owe_judgement()

    def _asked(self, event: RequestIncomplete) -> None:
        """POL-06, POL-21."""
        if event.asked is None:
            return
        self._keep(self._of(K.ACKNOWLEDGE))
        self._marks.append((self._at, True))
        reply = self.town.deadlines.citizen_reply
        if reply is None:
            return
        self._lift(self._of(K.CITIZEN_REPLY), LiftReason.REPLACED)
        window = self._owe(K.CITIZEN_REPLY, "citizen_reply", length_of(reply.within))
        given = [at for at, asks in self._marks if not asks and at >= self._at]
        if given:  # Entered after what it brought.
            self._keep(self._of(K.CITIZEN_REPLY), min(given))
            assert window.is_over

    def _completed(self, _: RequestCompleted) -> None:
        self._marks.append((self._at, False))
        self._keep(self._of(K.CITIZEN_REPLY))

    def _promised(self, event: RequestPromised) -> None:
        """POL-19: it replaces standards and promises that are in time, never the law."""
        self._lift(
            [each for each in self._answers if not each.is_law and self._is_in_time(each, self._at)],
            LiftReason.REPLACED,
        )
        self._answers.append(self._owe(K.PROMISE, "promised", event.due_on))

    def _extended(self, event: RequestExtended) -> None:
        """POL-23, A-2.1 art. 47; a complaint once too, with its reason."""
        assert self.received is not None
        if self.received.kind is Kind.COMPLAINT:
            self._extend_complaint(event.days)
        rule, days, since = self._base
        if self._current is None or rule == "access_extended":
            return
        if self._at < self.reckoner.limit(K.DECIDE_ACCESS, since, (days, DelayUnit.CALENDAR_DAYS), ()).due_at:
            self._base = ("access_extended", days + event.days, since)
            self._settle()

    def _extend_complaint(self, days: int) -> None:
        days = min(days, self.town.deadlines.complaint_extension_days)
        for debt in list(self._answers):
            may = debt.kind is K.ANSWER and debt.rule != "complaint_extended" and not (debt.is_over or debt.is_law)
            if not may or not days or isinstance(debt.length, dt.date) or not self._is_in_time(debt, self._at):
                continue
            amount, unit = debt.length
            if unit is DelayUnit.BUSINESS_DAYS:
                days, starts_at = days + amount, debt.starts_at
            else:
                starts_at = self.limit(debt, ()).due_at - INSTANT
            self._lift([debt], LiftReason.REPLACED)
            length = (days, DelayUnit.BUSINESS_DAYS)
            self._answers.append(self._owe(K.ANSWER, "complaint_extended", length, starts_at, stops=debt.stops))

    def _handed_over(self, event: RequestHandedOver) -> None:
        within = self.town.deadlines.outside_work_within
        if event.expected_on is not None:
            self._owe(K.OUTSIDE_WORK, "outside_work_agreed", event.expected_on)
        elif within is not None:
            self._owe(K.OUTSIDE_WORK, "outside_work", length_of(within))

    def _refused(self, event: RequestRefused) -> None:
        self._marks.append((self._at, False))
        self._keep(self._of(K.JUDGE))
        party = self._of(K.NOTIFY_THIRD_PARTY, K.THIRD_PARTY_RESPONSE) if self._parties else []
        self._lift([*self._of(K.OUTSIDE_WORK, K.CITIZEN_REPLY), *party], LiftReason.REFUSED)
        if event.sent is not None or self._current is None:  # The law's clock runs until the requester is told.
            self._silence_before()
            self._lift(self._answers, LiftReason.REFUSED)
        if event.sent is not None:
            self._keep(self._of(K.ACKNOWLEDGE))
            self._tell_decision(is_contestable=True)

    def _answered(self, event: RequestAnswered) -> None:
        self._marks.append((self._at, False))
        self._silence_before()
        self._keep([*self._of(K.ACKNOWLEDGE, K.JUDGE, K.OUTSIDE_WORK), *self._answers])
        self._lift(self._of(K.CITIZEN_REPLY), LiftReason.REPLACED)
        if self._current is None:
            return
        self._lift(self._of(K.NOTIFY_THIRD_PARTY, K.THIRD_PARTY_RESPONSE), LiftReason.REPLACED)
        self._tell_decision(is_contestable=event.access_outcome is not AccessOutcome.GRANTED)

    def _tell_decision(self, *, is_contestable: bool) -> None:
        """POL-24, A-2.1 art. 135: each decision that is told can be contested, also that there is nothing to decide."""
        if self._current is None:
            return
        if any(each.rule == "review_after_decision" and each.starts_at >= self._at for each in self._reviews):
            return
        self._lift(self._reviews, LiftReason.REPLACED)
        if is_contestable:
            self._open_review("review_after_decision", self._at)

    def _closed(self, event: RequestClosed) -> None:
        self._marks.append((self._at, False))
        match event.reason:
            case ClosingReason.WITHDRAWN:
                self._lift_all(LiftReason.WITHDRAWN)
            case ClosingReason.MERGED:
                self._lift_all(LiftReason.MERGED)
            case _:
                pass

    # -- access -----------------------------------------------------------------------------------------------------

    def _silence_before(self) -> None:
        """What ends the decision after its limit finds it refused by silence (A-2.1 art. 52)."""
        current = self._current
        if current is not None and not current.is_over and not self._is_in_time(current, self._at):
            self._be_silent()

    def _be_silent(self) -> None:
        current = self._current
        if current is None or current.was_silent or current.is_over:
            return
        current.was_silent = True
        self._open_review("review_after_expiry", self._due_at(current) - INSTANT)

    def _open_review(self, rule: str, starts_at: dt.datetime) -> None:
        """POL-24, A-2.1 art. 135; only of what was written (art. 45)."""
        assert self.received is not None
        if self.received.written is not False:
            self._reviews.append(self._owe(K.REVIEW_WINDOW, rule, (30, DelayUnit.CALENDAR_DAYS), starts_at))

    def _identified(self, event: ThirdPartyIdentified) -> None:
        """A-2.1 art. 49."""
        current = self._current
        if current is not None and not current.is_over and event.third_party_id not in self._parties:
            length = (20, DelayUnit.CALENDAR_DAYS)
            notice = self._owe(K.NOTIFY_THIRD_PARTY, "notify_third_party", length, self._base[2])
            self._parties[event.third_party_id] = _Party(notice=notice)

    def _notified(self, event: ThirdPartyNotified) -> None:
        party = self._parties.get(event.third_party_id)
        if party is None or party.window is not None or self._current is None or self._current.is_over:
            return
        assert party.notice is not None
        self._keep([party.notice])
        party.window = self._owe(K.THIRD_PARTY_RESPONSE, "third_party_response", (20, DelayUnit.CALENDAR_DAYS))
        self._settle()

    def _spoke(self, event: ThirdPartyAnswered) -> None:
        party = self._parties.get(event.third_party_id)
        if party is None or party.window is None or party.spoke_at is not None:
            return
        self._keep([party.window])
        if party.window.kept_at is not None:
            party.spoke_at = self._at
            self._settle()

    def _settle(self) -> None:
        """Another limit of the decision stands from now on, unless the one that stood has passed (art. 47, 49)."""
        rule, days, since = self._base
        stands = [(rule, days, since)]
        for party in self._parties.values():
            if party.window is not None:
                heard_at = party.spoke_at or self._due_at(party.window) - INSTANT
                stands.append(("access_third_party", 15, heard_at))
        rule, days, since = max(
            stands,
            key=lambda each: (
                self.reckoner.limit(K.DECIDE_ACCESS, each[2], (each[1], DelayUnit.CALENDAR_DAYS), ()).due_at
            ),
        )
        current = self._current
        assert current is not None
        is_same = (current.rule, current.starts_at) == (rule, since)
        if is_same or current.is_over or not self._is_in_time(current, self._at):
            return
        self._lift([current, *self._reviews], LiftReason.REPLACED)
        self._current = self._owe(K.DECIDE_ACCESS, rule, (days, DelayUnit.CALENDAR_DAYS), since, is_law=True)
        self._answers.append(self._current)

    def _review_requested(self, event: ReviewRequested) -> None:
        """POL-24: on a day, which the town may know of later."""
        if self._current is None:
            return
        self._silence_before()
        asked_at = min(self._at, self.reckoner.limit(K.PROMISE, self._at, event.requested_on, ()).due_at - INSTANT)
        for window in self._reviews:
            if window.starts_at <= self._at:
                self._keep([window], max(asked_at, window.starts_at))

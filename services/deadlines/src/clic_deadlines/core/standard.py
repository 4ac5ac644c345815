"""Which delay holds for which request, by the town's configuration and the law."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

from clic_contracts.event import ObligationSet, RequestReceived
from clic_contracts.town import Town
from clic_contracts.town_time import Delay
from clic_contracts.vocabulary import DelayUnit, Kind, ObligationKind

from .calendar import Calendar, Calendars

ACCESS_DAYS = 20
"""Calendar days for deciding on an access request, the day of reception being day 0. Source: A-2.1 art. 47."""
THIRD_PARTY_NOTICE_DAYS = 20
"""From the reception of the request. Source: A-2.1 art. 49."""
THIRD_PARTY_RESPONSE_DAYS = 20
"""From the notice; silence is consent. Source: A-2.1 art. 49."""
THIRD_PARTY_DECISION_DAYS = 15
"""From what the third party said, or from the end of its delay. Source: A-2.1 art. 49."""
REVIEW_DAYS = 30
"""From the decision, or from the expiry of the delay without one. Source: A-2.1 art. 135."""
RULE_CODE_LENGTH_MAX = 63

EXTENDED_RULE = "access_extended"
COMPLAINT_EXTENDED_RULE = "complaint_extended"
PROMISED_RULE = "promised"
OUTSIDE_WORK_AGREED_RULE = "outside_work_agreed"
REVIEW_AFTER_DECISION_RULE = "review_after_decision"
REVIEW_AFTER_EXPIRY_RULE = "review_after_expiry"


@dataclass(frozen=True, slots=True)
class Standard:
    """What is owed, within which delay, and the code of the rule that says so."""

    obligation: ObligationKind
    within: Delay
    rule: str
    stops_while_waiting: bool = False
    """Whether it stands still while the request waits for the citizen: never a law's, nor what is urgent (POL-06)."""


NOTIFY_THIRD_PARTY = Standard(
    ObligationKind.NOTIFY_THIRD_PARTY, Delay(calendar_days=THIRD_PARTY_NOTICE_DAYS), "notify_third_party"
)
THIRD_PARTY_RESPONSE = Standard(
    ObligationKind.THIRD_PARTY_RESPONSE, Delay(calendar_days=THIRD_PARTY_RESPONSE_DAYS), "third_party_response"
)
ACCESS_THIRD_PARTY = Standard(
    ObligationKind.DECIDE_ACCESS, Delay(calendar_days=THIRD_PARTY_DECISION_DAYS), "access_third_party"
)
REVIEW_AFTER_DECISION = Standard(
    ObligationKind.REVIEW_WINDOW, Delay(calendar_days=REVIEW_DAYS), REVIEW_AFTER_DECISION_RULE
)
REVIEW_AFTER_EXPIRY = Standard(ObligationKind.REVIEW_WINDOW, Delay(calendar_days=REVIEW_DAYS), REVIEW_AFTER_EXPIRY_RULE)


@dataclass(frozen=True)
class Rules:
    """One town's rules, ready for counting."""

    town: Town

    @cached_property
    def calendars(self) -> Calendars:
        """Every version of the town's calendar."""
        return Calendars(self.town.calendars)

    @cached_property
    def calendar(self) -> Calendar:
        """The newest."""
        return self.calendars.current

    def calendar_at(self, instant: dt.datetime) -> Calendar:
        """The one by which a delay that begins at an instant is counted."""
        return self.calendars.on(self.calendar.day_of(instant))

    def calendar_named(self, version: str, terms: ObligationSet) -> Calendar:
        """The one by which something was counted; where the town has it no more, that of the day of the start."""
        return self.calendars.version(version) or self.calendar_at(terms.starts_at)

    @cached_property
    def acknowledge(self) -> Standard:
        """The *accusé de réception*, whatever the channel. Source: POL-13, POL-14, POL-15."""
        return Standard(ObligationKind.ACKNOWLEDGE, self.town.deadlines.acknowledge_within, "acknowledge")

    @cached_property
    def access(self) -> Standard:
        """The decision on an access request. Source: POL-22, A-2.1 art. 47.

        The law, never a standard: a town may ask more of itself in calendar days, and never less.
        """
        own = self.town.deadlines.decide_access_within
        within = own if (own.calendar_days or ACCESS_DAYS) < ACCESS_DAYS else Delay(calendar_days=ACCESS_DAYS)
        return Standard(ObligationKind.DECIDE_ACCESS, within, "access_law")

    def extended_access(self, days: int) -> Standard:
        """The decision after the one extension: counted from the reception again. Source: POL-23, A-2.1 art. 47."""
        days += self.access.within.calendar_days or ACCESS_DAYS
        return Standard(ObligationKind.DECIDE_ACCESS, Delay(calendar_days=days), EXTENDED_RULE)

    def answer(self, received: RequestReceived) -> Standard:
        """The answer: the law for access; else the standard of the subject, of the kind, or the default (POL-29)."""
        if received.kind is Kind.ACCESS_TO_INFORMATION:
            return self.access
        stops = not received.urgent
        subject = self.town.subject_by_code.get(received.subject or "")
        if subject is not None and subject.answer_within is not None:
            rule = f"subject_{subject.code}"[:RULE_CODE_LENGTH_MAX]
            return Standard(ObligationKind.ANSWER, subject.answer_within, rule, stops and not subject.legal_delay)
        for standard in self.town.standards:
            if standard.kind is received.kind:
                return Standard(ObligationKind.ANSWER, standard.answer_within, f"kind_{received.kind}", stops)
        return Standard(ObligationKind.ANSWER, self.town.deadlines.answer_within, "default", stops)

    def is_law(self, received: RequestReceived) -> bool:
        """Whether a law says by when it is answered: that for access, or one that the subject names."""
        subject = self.town.subject_by_code.get(received.subject or "")
        return received.kind is Kind.ACCESS_TO_INFORMATION or (subject is not None and subject.legal_delay)

    def judge(self, received: RequestReceived) -> Standard | None:
        """That a person says whether it is admissible; None: nobody has to. Source: POL-05 to POL-09, POL-12."""
        judging = self.town.deadlines.judge
        if judging is None or received.kind not in judging.kinds:
            return None
        return Standard(ObligationKind.JUDGE, judging.within, "judge", stops_while_waiting=not received.urgent)

    @cached_property
    def citizen_reply(self) -> Standard | None:
        """The time that a citizen has to give what is missing; None: the town sets none. Source: POL-06, POL-21."""
        reply = self.town.deadlines.citizen_reply
        return None if reply is None else Standard(ObligationKind.CITIZEN_REPLY, reply.within, "citizen_reply")

    @cached_property
    def outside_work(self) -> Standard | None:
        """Following up what an outside body does, where no day was agreed on. Source: POL-29."""
        within = self.town.deadlines.outside_work_within
        return None if within is None else Standard(ObligationKind.OUTSIDE_WORK, within, "outside_work")

    def extended_complaint(self, within: Delay, days: int) -> Standard | None:
        """The answer to a complaint after its one extension, in business days; None: the town allows none.

        A delay in another unit is extended from its limit on, and counts the extension alone.
        """
        days = min(days, self.town.deadlines.complaint_extension_days)
        if days == 0:
            return None
        whole = days + within.amount if within.unit is DelayUnit.BUSINESS_DAYS else days
        return Standard(ObligationKind.ANSWER, Delay(business_days=whole), COMPLAINT_EXTENDED_RULE)

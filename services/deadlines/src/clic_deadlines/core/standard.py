"""Which delay holds for which request, by the town's configuration and the law."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from clic_contracts.event import RequestReceived
from clic_contracts.town import Delay, Town
from clic_contracts.vocabulary import Kind, ObligationKind

from .calendar import Calendar

ACCESS_DAYS = 20
"""Calendar days for deciding on an access request, the day of reception being day 0. Source: A-2.1 art. 47."""
RULE_CODE_LENGTH_MAX = 63

EXTENDED_RULE = "access_extended"
PROMISED_RULE = "promised"


@dataclass(frozen=True, slots=True)
class Standard:
    """What is owed, within which delay, and the code of the rule that says so."""

    obligation: ObligationKind
    within: Delay
    rule: str


@dataclass(frozen=True)
class Rules:
    """One town's rules, ready for counting."""

    town: Town

    @cached_property
    def calendar(self) -> Calendar:
        """The town's calendar."""
        return Calendar(self.town.calendar)

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
        subject = self.town.subject_by_code.get(received.subject or "")
        if subject is not None and subject.answer_within is not None:
            rule = f"subject_{subject.code}"[:RULE_CODE_LENGTH_MAX]
            return Standard(ObligationKind.ANSWER, subject.answer_within, rule)
        for standard in self.town.standards:
            if standard.kind is received.kind:
                return Standard(ObligationKind.ANSWER, standard.answer_within, f"kind_{received.kind}")
        return Standard(ObligationKind.ANSWER, self.town.deadlines.answer_within, "default")

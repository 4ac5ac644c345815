"""Terms of a what-if, counted fast as far as their outcome depends on them: a log is folded in seconds.

The fold is that of `duty`. What is left out is the warning and the trace, which decide nothing; what is remembered is
the limit of a delay in days, which is the same for every request that begins on a day.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import cast

from clic_contracts.event import ObligationSet, RequestReceived, RuleRef, TraceStep, Within
from clic_contracts.town import Town
from clic_contracts.vocabulary import DelayUnit, Kind, ObligationKind

from .limit import term_of
from .owed import Owed
from .standard import (
    ACCESS_THIRD_PARTY,
    NOTIFY_THIRD_PARTY,
    REVIEW_AFTER_DECISION,
    REVIEW_AFTER_EXPIRY,
    THIRD_PARTY_RESPONSE,
    Rules,
    Standard,
)

LAW = (NOTIFY_THIRD_PARTY, THIRD_PARTY_RESPONSE, ACCESS_THIRD_PARTY, REVIEW_AFTER_DECISION, REVIEW_AFTER_EXPIRY)
"""Standards that are every town's."""


@dataclass(slots=True)
class Terms:
    """As `ObligationSet`, without what says how and why."""

    obligation_id: str
    obligation: ObligationKind
    starts_at: dt.datetime
    due_at: dt.datetime
    due_strict_on: dt.date
    rule: RuleRef
    calendar_version: str
    within: Within | None
    stops_while_waiting: bool

    # A limit that pauses leave as it is is copied whole: these are in it, and decide nothing.

    @property
    def due_prudent_on(self) -> dt.date:
        """Not counted: the last day itself."""
        return self.due_strict_on

    @property
    def warn_at(self) -> dt.datetime:
        """Not counted: nobody is warned."""
        return self.due_at

    @property
    def trace(self) -> tuple[TraceStep, ...]:
        """Not kept."""
        return ()


@dataclass(frozen=True, slots=True)
class _Limit:
    """By when, by which calendar."""

    due_at: dt.datetime
    due_strict_on: dt.date
    calendar_version: str


class _Kept:
    """A standard that is met again and again, and the limits of its delay by the day on which it began."""

    __slots__ = ("in_days", "limits", "rule", "standard", "within")

    def __init__(self, standard: Standard, limits: dict[dt.date, _Limit]) -> None:
        self.standard = standard
        self.rule = RuleRef(code=standard.rule)
        self.within = Within(amount=standard.within.amount, unit=standard.within.unit)
        self.in_days = standard.within.unit in (DelayUnit.BUSINESS_DAYS, DelayUnit.CALENDAR_DAYS)
        self.limits = limits


class CountingRules(Rules):
    """One town's rules, which remember what they said."""

    def __init__(self, town: Town) -> None:
        super().__init__(town)
        always = (self.acknowledge, self.access, self.citizen_reply, self.outside_work, *LAW)
        remembered = self.__dict__  # Rules are frozen: what they say does not change.
        remembered["_answers"], remembered["_judgements"] = {}, {}
        remembered["_limits"], remembered["_kept"] = {}, {}
        for each in always:
            if each is not None:
                self._keep(each)

    _answers: dict[tuple[Kind, str | None, bool], Standard]
    _judgements: dict[tuple[Kind, bool], Standard | None]
    _limits: dict[tuple[bool, DelayUnit, int], dict[dt.date, _Limit]]
    _kept: dict[int, _Kept]
    """By identity, since hashing a standard takes longer than counting with it; they live as long as the rules."""

    def answer(self, received: RequestReceived) -> Standard:
        """As the rules say it."""
        key = (received.kind, received.subject, received.urgent)
        if (known := self._answers.get(key)) is None:
            known = self._answers[key] = super().answer(received)
            self._keep(known)
        return known

    def judge(self, received: RequestReceived) -> Standard | None:
        """As the rules say it."""
        key = (received.kind, received.urgent)
        if key not in self._judgements:
            known = self._judgements[key] = super().judge(received)
            if known is not None:
                self._keep(known)
        return self._judgements[key]

    def kept(self, standard: Standard) -> _Kept:
        """What is known of a standard; of one that was made for a single request nothing is remembered."""
        return self._kept.get(id(standard)) or _Kept(standard, {})

    def _keep(self, standard: Standard) -> None:
        """Standards of the same delay have the same limits, but for the recourse of others."""
        delay = (standard.obligation is ObligationKind.REVIEW_WINDOW, standard.within.unit, standard.within.amount)
        self._kept[id(standard)] = _Kept(standard, self._limits.setdefault(delay, {}))

    def limit(self, kept: _Kept, starts_at: dt.datetime, last_on: dt.date | None) -> _Limit:
        """The limit of a delay from an instant, or of an agreed last day."""
        if last_on is not None or not kept.in_days:
            return self._count(kept.standard, starts_at, last_on)
        start_on = self.calendar.day_of(starts_at)
        if (known := kept.limits.get(start_on)) is None:
            known = kept.limits[start_on] = self._count(kept.standard, starts_at, None)
        return known

    def _count(self, standard: Standard, starts_at: dt.datetime, last_on: dt.date | None) -> _Limit:
        calendar = self.calendar_at(starts_at)
        term = term_of(standard.obligation, starts_at, last_on or standard.within, calendar)
        return _Limit(term.due_at, term.due_strict_on, calendar.version)


class CountedOwed(Owed):
    """Gathers obligations under rules that nothing recorded binds."""

    rules: CountingRules

    def __init__(self, rules: CountingRules) -> None:
        super().__init__(rules, {})

    def terms_of(
        self, obligation_id: str, standard: Standard, starts_at: dt.datetime, last_on: dt.date | None
    ) -> ObligationSet:
        """The terms, as far as the fold looks at them."""
        kept = self.rules.kept(standard)
        limit = self.rules.limit(kept, starts_at, last_on)
        terms = Terms(
            obligation_id,
            standard.obligation,
            starts_at,
            limit.due_at,
            limit.due_strict_on,
            kept.rule,
            limit.calendar_version,
            kept.within if last_on is None else None,
            standard.stops_while_waiting,
        )
        return cast("ObligationSet", terms)  # It has what the fold reads, and the fold records nothing of it.

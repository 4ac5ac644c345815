"""Terms as far as their outcome depends on them, counted fast: a whole log is folded under other rules in seconds.

The fold is that of `duty`. What is left out is the warning and the trace, which decide nothing; what is remembered is
the limit of a delay in days, which is the same for every request that begins on a day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from clic_contracts.event import ObligationSet, RequestReceived, RuleRef, Within
from clic_contracts.town import Town
from clic_contracts.vocabulary import Kind, ObligationKind

from .limit import term_of
from .owed import Owed
from .standard import Rules, Standard

LIMITS_CACHED_MAX = 16_384
"""Limits kept in memory: two years of start days with two dozen delays, some 5 MB."""
STANDARDS_CACHED_MAX = 1_024
_INSTANT = dt.timedelta(microseconds=1)


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


@dataclass(frozen=True, slots=True)
class _Limit:
    """By when, by which calendar."""

    due_at: dt.datetime
    due_strict_on: dt.date
    calendar_version: str


class CountingRules(Rules):
    """One town's rules, which remember what they said."""

    def __init__(self, town: Town) -> None:
        super().__init__(town)
        remembered = self.__dict__  # Rules are frozen: what they say does not change.
        remembered["_answers"], remembered["_judgements"] = {}, {}
        remembered["_limit_of_day"] = lru_cache(LIMITS_CACHED_MAX)(self._count_from_day)
        remembered["named"] = lru_cache(STANDARDS_CACHED_MAX)(_named)

    _answers: dict[tuple[Kind, str | None, bool], Standard]
    _judgements: dict[tuple[Kind, bool], Standard | None]
    _limit_of_day: Callable[[Standard, dt.date], _Limit]
    named: Callable[[Standard], tuple[RuleRef, Within]]
    """How the terms of a standard name it, and how long it is."""

    def answer(self, received: RequestReceived) -> Standard:
        """As the rules say it."""
        key = (received.kind, received.subject, received.urgent)
        if (known := self._answers.get(key)) is None:
            known = self._answers[key] = super().answer(received)
        return known

    def judge(self, received: RequestReceived) -> Standard | None:
        """As the rules say it."""
        key = (received.kind, received.urgent)
        if key not in self._judgements:
            self._judgements[key] = super().judge(received)
        return self._judgements[key]

    def limit(self, standard: Standard, starts_at: dt.datetime, last_on: dt.date | None) -> _Limit:
        """The limit of a delay from an instant, or of an agreed last day."""
        if last_on is None and standard.within.hours is None and standard.within.business_hours is None:
            return self._limit_of_day(standard, self.calendar.day_of(starts_at))
        return self._count(standard, starts_at, last_on)

    def _count_from_day(self, standard: Standard, start_on: dt.date) -> _Limit:
        return self._count(standard, self.calendar.end_of(start_on) - _INSTANT, None)

    def _count(self, standard: Standard, starts_at: dt.datetime, last_on: dt.date | None) -> _Limit:
        calendar = self.calendar_at(starts_at)
        term = term_of(standard.obligation, starts_at, last_on or standard.within, calendar)
        return _Limit(term.due_at, term.due_strict_on, calendar.version)


def _named(standard: Standard) -> tuple[RuleRef, Within]:
    return RuleRef(code=standard.rule), Within(amount=standard.within.amount, unit=standard.within.unit)


class CountedOwed(Owed):
    """Gathers obligations under rules that nothing recorded binds."""

    rules: CountingRules

    def __init__(self, rules: CountingRules) -> None:
        super().__init__(rules, {})

    def terms_of(
        self, obligation_id: str, standard: Standard, starts_at: dt.datetime, last_on: dt.date | None
    ) -> ObligationSet:
        """The terms, as far as the fold looks at them."""
        limit = self.rules.limit(standard, starts_at, last_on)
        rule, within = self.rules.named(standard)
        terms = Terms(
            obligation_id,
            standard.obligation,
            starts_at,
            limit.due_at,
            limit.due_strict_on,
            rule,
            limit.calendar_version,
            within if last_on is None else None,
            standard.stops_while_waiting,
        )
        return cast("ObligationSet", terms)  # It has what the fold reads, and the fold records nothing of it.

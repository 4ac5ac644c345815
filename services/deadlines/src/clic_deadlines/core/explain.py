"""One limit explained in words that a citizen understands: what was promised, by which rule, and how it was counted.

Reads the facts alone: what the town's rules say today is asked for names, never for dates.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from clic_contracts.envelope import Recorded
from clic_contracts.event import (
    ObligationEscalated,
    ObligationLapsed,
    ObligationLifted,
    ObligationMet,
    ObligationMissed,
    ObligationPaused,
    ObligationRecounted,
    ObligationSet,
    ObligationWarned,
    RequestReceived,
    TraceStep,
)
from clic_contracts.town import Town
from clic_contracts.town_time import CalendarConfig
from clic_contracts.vocabulary import WINDOWS, DelayUnit, Language, LiftReason, ObligationKind, RecountReason

from .explain_words import Words, words_of
from .holiday_name import holiday_name
from .limit import last_instant
from .standard import OUTSIDE_WORK_AGREED_RULE, PROMISED_RULE

_DAY = dt.timedelta(days=1)
_BY_DAYS = (DelayUnit.BUSINESS_DAYS, DelayUnit.CALENDAR_DAYS)
_AGREED = (PROMISED_RULE, OUTSIDE_WORK_AGREED_RULE)
"""Rules by which a limit is an agreed day."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Sentences, in the order in which they are read."""

    title: str
    promise: str
    rule: str
    start: str
    counting: tuple[str, ...]
    """Run of days by run of days: what counted, what did not, and why."""
    dates: tuple[str, ...]
    """The strict and the prudent date."""
    since: tuple[str, ...]
    """What happened to it, in order."""
    standing: str

    @property
    def text(self) -> str:
        """All of it, to be read as it is."""
        counting = [f"  – {each}" for each in self.counting]
        return "\n".join(
            [self.title, "", self.promise, self.rule, self.start, *counting, *self.dates, *self.since, self.standing]
        )


@dataclass
class _History:
    """The facts of one obligation."""

    terms: ObligationSet
    newest: ObligationSet | ObligationRecounted
    facts: list[Recorded] = field(default_factory=list)
    ended: ObligationMet | ObligationLifted | ObligationLapsed | None = None
    paused_since: dt.datetime | None = None
    replaced_by: ObligationSet | None = None


def explain(
    obligation_id: str,
    own: Sequence[Recorded],
    intake: Sequence[Recorded],
    town: Town,
    language: Language,
    now: dt.datetime,
) -> Explanation | None:
    """An obligation of a request, explained from the stories of deadlines and intake; None: there is no such one."""
    history = _history(obligation_id, own)
    received = next((each.data for each in intake if isinstance(each.data, RequestReceived)), None)
    if history is None or received is None:
        return None
    return _Telling(history, received, intake, town, words_of(language), now).told()


def _history(obligation_id: str, own: Sequence[Recorded]) -> _History | None:
    found: _History | None = None
    for fact in own:
        event = fact.data
        if getattr(event, "obligation_id", None) != obligation_id:
            if found is not None and isinstance(event, ObligationSet) and _is_replaced(found):
                found.replaced_by = found.replaced_by or event
            continue
        if isinstance(event, ObligationSet):
            found = found or _History(event, event)
            continue
        if found is None:
            continue
        found.facts.append(fact)
        match event:
            case ObligationMet() | ObligationLifted() | ObligationLapsed():
                found.ended = event
            case ObligationPaused():
                found.paused_since = fact.occurred_at
            case ObligationRecounted(because=because):
                found.newest = event
                found.paused_since = found.paused_since if because is RecountReason.CALENDAR else None
            case _:
                pass
    return found


def _is_replaced(history: _History) -> bool:
    return isinstance(history.ended, ObligationLifted) and history.ended.reason is LiftReason.REPLACED


class _Telling:
    """One explanation being told."""

    def __init__(
        self,
        history: _History,
        received: RequestReceived,
        intake: Sequence[Recorded],
        town: Town,
        words: Words,
        now: dt.datetime,
    ) -> None:
        self.history = history
        self.terms = history.terms
        self.received = received
        self.intake = intake
        self.town = town
        self.words = words
        self.now = now
        self.zone = ZoneInfo(town.calendar.timezone)

    def told(self) -> Explanation:
        """All of it."""
        terms, words = self.terms, self.words
        subject = self.town.subject_by_code.get(self.received.subject or "")
        return Explanation(
            title=words.title(self.received.reference, words.name(subject.name) if subject else None),
            promise=words.promise(terms.obligation, self._by(), ended=self.history.ended is not None),
            rule=words.rule(terms, subject, self.received.kind),
            start=self._start(),
            counting=tuple(self._counting()),
            dates=tuple(self._dates()),
            since=tuple(each for fact in self.history.facts if (each := self._since(fact))),
            standing=self._standing(),
        )

    def _by(self) -> str:
        """By when: a day, to its end, or an instant within one."""
        newest = self.history.newest
        due_at = self._local(newest.due_at)
        return self.words.instant(due_at) if self._within_a_day(due_at) else self.words.full_day(newest.due_strict_on)

    def _within_a_day(self, due_at: dt.datetime) -> bool:
        return due_at.time() != dt.time()

    def _start(self) -> str:
        starts_at = self._local(self.terms.starts_at)
        because = next(
            (said for each in self.intake if each.occurred_at == self.terms.starts_at and (said := self._event(each))),
            None,
        )
        start = self.words.start(starts_at, because)
        within = self.terms.within
        skips = within is not None and within.unit in _BY_DAYS and within.amount > 0
        skips = skips or any(step.why == "start" for step in self.history.newest.trace)
        return f"{start} {self.words.first_day}" if skips else start

    def _event(self, fact: Recorded) -> str | None:
        return self.words.starts_with.get(type(fact.data))

    def _counting(self) -> Iterator[str]:
        """Each run of days with its reason; the names of holidays and closings are told day by day."""
        terms = self.terms
        if terms.rule.code in _AGREED:
            yield self.words.agreed
            return
        if terms.within is not None and terms.within.unit is DelayUnit.HOURS:
            yield self.words.round_the_clock
            if any(step.why == "paused" for step in self.history.newest.trace):
                yield self.words.paused_hours
            return
        sum_so_far = 0
        total = terms.within.amount if terms.within is not None and terms.within.unit in _BY_DAYS else None
        for step in self.history.newest.trace:
            if step.why == "start":
                continue  # It is told with the start.
            for first_on, last_on, why in self._runs(step):
                run = self.words.run(first_on, last_on, self.terms.starts_at.year)
                days = (last_on - first_on).days + 1
                if step.counted and step.minutes is not None:
                    yield self.words.counted_minutes(run, step.minutes)
                elif step.counted:
                    sum_so_far += days
                    yield self.words.counted_days(run, days, step.why, sum_so_far, total)
                else:
                    yield self.words.not_counted(run, why, days)

    def _runs(self, step: TraceStep) -> Iterator[tuple[dt.date, dt.date, str]]:
        """A step's days, apart where their reasons are called differently."""
        if step.why not in ("holiday", "town_closing"):
            yield step.first_on, step.last_on, self.words.reason(step.why)
            return
        first_on, why = step.first_on, self._why(step.first_on, step.why)
        day = first_on
        while day < step.last_on:
            day += _DAY
            if (other := self._why(day, step.why)) != why:
                yield first_on, day - _DAY, why
                first_on, why = day, other
        yield first_on, step.last_on, why

    def _why(self, day: dt.date, code: str) -> str:
        if code == "holiday":
            name = holiday_name(day)
            called = self.words.name(name) if name is not None else self.words.reason("holiday")
            is_law = self.terms.within is not None and self.terms.within.unit is DelayUnit.CALENDAR_DAYS
            return f"{called}{self.words.no_limit_then}" if is_law else called
        closing = next((each for each in self._calendar().closings if each.first_on <= day <= each.last_on), None)
        return self.words.name(closing.why) if closing is not None else self.words.reason("town_closing")

    def _calendar(self) -> CalendarConfig:
        version = self.history.newest.calendar_version
        return next((each for each in self.town.calendars if each.version == version), self.town.calendar)

    def _dates(self) -> Iterator[str]:
        newest = self.history.newest
        due_at = self._local(newest.due_at)
        strict_on, prudent_on = newest.due_strict_on, newest.due_prudent_on
        if self._within_a_day(due_at):
            yield self.words.last_hour(due_at)
        elif prudent_on < strict_on:
            yield self.words.earlier(strict_on, prudent_on)
        elif prudent_on > strict_on:
            yield self.words.later(strict_on, prudent_on)
        else:
            yield self.words.last_day(strict_on)
        yield self.words.calendar(newest.calendar_version)

    def _since(self, fact: Recorded) -> str | None:
        """What a fact did to the obligation."""
        words, at = self.words, self._local(fact.occurred_at)
        match fact.data:
            case ObligationPaused():
                return words.paused(at)
            case ObligationRecounted(because=because, due_at=due_at) as recounted:
                return words.recounted(
                    at, because, self._said(self._before(fact)), self._said((due_at, recounted.due_strict_on))
                )
            case ObligationWarned() if self.terms.obligation not in WINDOWS:
                return words.warned(at)
            case ObligationMissed(due_at=due_at):
                return words.missed(self._said((due_at, last_instant(self._local(due_at)).date())))
            case ObligationEscalated(to=to):
                return words.escalated(at, to)
            case ObligationMet(met_at=met_at, in_time=in_time, assumed=assumed):
                return words.met(self._local(met_at), self.terms.obligation, in_time=in_time, assumed=assumed)
            case ObligationLifted(reason=reason):
                successor = self.history.replaced_by
                then = self._said((successor.due_at, successor.due_strict_on)) if successor else None
                return words.lifted(at, reason, then)
            case ObligationLapsed():
                return words.lapsed(self.terms.obligation)
            case _:
                return None

    def _before(self, recount: Recorded) -> tuple[dt.datetime, dt.date]:
        """The limit that a recount took the place of."""
        before: ObligationSet | ObligationRecounted = self.terms
        for fact in self.history.facts:
            if fact is recount:
                break
            if isinstance(fact.data, ObligationRecounted):
                before = fact.data
        return before.due_at, before.due_strict_on

    def _said(self, limit: tuple[dt.datetime, dt.date]) -> str:
        due_at = self._local(limit[0])
        return self.words.instant(due_at) if self._within_a_day(due_at) else self.words.full_day(limit[1])

    def _standing(self) -> str:
        """How it stands now."""
        history, words = self.history, self.words
        match history.ended:
            case ObligationMet(in_time=in_time):
                return words.standing("met" if in_time else "met_late")
            case ObligationLifted():
                return words.standing("lifted")
            case ObligationLapsed():
                return words.standing("lapsed")
            case _:
                pass
        if history.paused_since is not None:
            return words.standing("paused", self._local(history.paused_since))
        if history.newest.due_at > self.now:
            return words.standing("at_risk" if self._is_warned() else "running")
        if self.terms.obligation in WINDOWS:
            return words.standing("lapsed")
        is_access = self.terms.obligation is ObligationKind.DECIDE_ACCESS
        return words.standing("deemed_refused" if is_access else "missed")

    def _is_warned(self) -> bool:
        """Of the limit that stands; somebody else's time is no risk of the town's."""
        told = (each.data for each in self.history.facts)
        due_at = self.history.newest.due_at
        warned = any(isinstance(each, ObligationWarned) and each.due_at == due_at for each in told)
        return warned and self.terms.obligation not in WINDOWS

    def _local(self, instant: dt.datetime) -> dt.datetime:
        return instant.astimezone(self.zone)

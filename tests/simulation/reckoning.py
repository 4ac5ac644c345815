"""By when something is owed, counted day by day and without the service's own calendar.

Days are counted by the slow calendar of `tests/deadlines/core`; hours by walking from pause to pause.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

from tests.deadlines.core.slow_calendar import SlowCalendar

from clic_contracts.town import Town
from clic_contracts.town_time import CalendarConfig, Delay
from clic_contracts.vocabulary import DelayUnit, ObligationKind
from clic_deadlines.core.calendar import Pause

DAY = dt.timedelta(days=1)
Pauses = tuple[tuple[dt.datetime, dt.datetime], ...]
Length = tuple[int, DelayUnit] | dt.date
"""A delay, or an agreed last day."""


@dataclass(frozen=True)
class Reckoned:
    """One limit."""

    due_at: dt.datetime
    strict_on: dt.date
    prudent_on: dt.date
    warn_at: dt.datetime


class Reckoner:
    """Counts for one town; the calendar is the one in force on the day of the start."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.limit = lru_cache(100_000)(self._limit)
        self.step_at = lru_cache(100_000)(self._step_at)
        self._closed: dict[str, dict[dt.date, str | None]] = {}

    def _config(self, at: dt.datetime) -> CalendarConfig:
        on = at.astimezone(ZoneInfo(self.town.calendar.timezone)).date()
        held = [each for each in self.town.calendars if each.effective_on is None or each.effective_on <= on]
        return held[-1]

    def _slow(self, config: CalendarConfig, pauses: Pauses) -> SlowCalendar:
        closed = self._closed.setdefault(config.version, {})
        return SlowCalendar(config, [Pause(*each) for each in pauses], closed)

    def _limit(self, kind: ObligationKind, starts_at: dt.datetime, length: Length, pauses: Pauses) -> Reckoned:
        config = self._config(starts_at)
        slow = self._slow(config, pauses)
        start_on = starts_at.astimezone(slow.zone).date()
        if isinstance(length, dt.date):
            due_at, strict_on, prudent_on = slow.midnight_after(length), length, slow.prudent(start_on, length)
        elif kind is ObligationKind.REVIEW_WINDOW:
            found = slow.recourse(starts_at, length[0])
            due_at, strict_on, prudent_on = found.due_at, found.strict_on, found.prudent_on
        else:
            due_at, strict_on, prudent_on = self._counted(slow, config, starts_at, length, pauses)
        match kind:
            case ObligationKind.REVIEW_WINDOW:
                warn_at = due_at
            case ObligationKind.THIRD_PARTY_RESPONSE:
                prudent_on, warn_at = strict_on, due_at
            case ObligationKind.CITIZEN_REPLY:
                assert self.town.deadlines.citizen_reply is not None
                remind = self.town.deadlines.citizen_reply.remind_after
                warn_at = min(due_at, self._counted(slow, config, starts_at, length_of(remind), ())[0])
            case _:
                warn_at = self._warning(starts_at.astimezone(dt.UTC), due_at, pauses)
        return Reckoned(due_at, strict_on, prudent_on, warn_at)

    def _counted(
        self, slow: SlowCalendar, config: CalendarConfig, starts_at: dt.datetime, length: tuple[int, DelayUnit],
        pauses: Pauses,
    ) -> tuple[dt.datetime, dt.date, dt.date]:  # fmt: skip
        amount, unit = length
        match unit:
            case DelayUnit.BUSINESS_DAYS:
                found = slow.business_days(starts_at, amount)
            case DelayUnit.CALENDAR_DAYS:
                found = slow.calendar_days(starts_at, amount)
            case _:
                spans = self._open(slow, config, starts_at) if unit is DelayUnit.BUSINESS_HOURS else _always(starts_at)
                due_at = _after(spans, dt.timedelta(hours=amount), pauses)
                on = (due_at - dt.timedelta(microseconds=1)).astimezone(slow.zone).date()
                return due_at, on, on
        return found.due_at, found.strict_on, found.prudent_on

    @staticmethod
    def _open(
        slow: SlowCalendar, config: CalendarConfig, starts_at: dt.datetime
    ) -> Iterator[tuple[dt.datetime, dt.datetime]]:
        on = starts_at.astimezone(slow.zone).date()
        while True:
            if slow.why_closed(on) is None:
                for slot in sorted(config.slots, key=lambda slot: slot.opens):
                    if slot.weekday == on.isoweekday():
                        begins, ends = (
                            dt.datetime.combine(on, each, slow.zone).astimezone(dt.UTC)
                            for each in (slot.opens, slot.closes)
                        )
                        if ends > starts_at:
                            yield max(begins, starts_at.astimezone(dt.UTC)), ends
            on += DAY

    def _warning(self, starts_at: dt.datetime, due_at: dt.datetime, pauses: Pauses) -> dt.datetime:
        """POL-29: a share of the time that ran, to the second; none before the last pause ended."""
        running = sum((until - since for since, until in _without([(starts_at, due_at)], pauses)), dt.timedelta())
        left = dt.timedelta(seconds=int(running.total_seconds() * self.town.deadlines.warn_at_share))
        if left <= dt.timedelta():
            return due_at
        at = _after([(starts_at, due_at)], left, pauses)
        return min(max([at, *(until for _, until in pauses)]), due_at)

    def _step_at(self, due_at: dt.datetime, number: int) -> dt.datetime:
        """When a step of the chain is due, from 1; none before the one below."""
        at = due_at
        for step in self.town.deadlines.escalation[:number]:
            if step.after is not None:
                amount, unit = length_of(step.after)
                assert unit in (DelayUnit.BUSINESS_DAYS, DelayUnit.CALENDAR_DAYS)
                last = due_at - dt.timedelta(microseconds=1)
                config = self._config(last)
                at = max(at, self._counted(self._slow(config, ()), config, last, (amount, unit), ())[0])
        return at


def length_of(delay: Delay) -> tuple[int, DelayUnit]:
    """A delay of the town's configuration."""
    return delay.amount, delay.unit


def _always(starts_at: dt.datetime) -> Iterable[tuple[dt.datetime, dt.datetime]]:
    return [(starts_at.astimezone(dt.UTC), dt.datetime.max.replace(tzinfo=dt.UTC))]


def _without(
    spans: Iterable[tuple[dt.datetime, dt.datetime]], pauses: Pauses
) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    """What of spans was not paused; the pauses are in order and do not overlap."""
    for begins, ends in spans:
        at = begins
        for since, until in pauses:
            if at < since < ends:
                yield at, since
            if since < ends:
                at = max(at, until)
        if at < ends:
            yield at, ends


def _after(spans: Iterable[tuple[dt.datetime, dt.datetime]], left: dt.timedelta, pauses: Pauses) -> dt.datetime:
    for since, until in _without(spans, pauses):
        if until - since >= left:
            return since + left
        left -= until - since
    raise AssertionError

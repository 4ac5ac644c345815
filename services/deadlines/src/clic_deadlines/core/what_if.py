"""What would have been met, late and missed under other rules, beside what was: a fold of the log that writes nothing.

A request counts in the period in which it was received, whole, however late it is decided. What was is what the log
recorded; what would be is the same story under the rules that are asked about, as if they had always held. Others' time
is left out (`WINDOWS`). Of a confidential request nothing but counts of its department is told (POL-26).

A request's facts are spread over the log, so that the facts that matter are kept of every request of the period.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import msgspec

from clic_contracts.town import Town
from clic_contracts.vocabulary import WINDOWS, ObligationKind, RecountReason

from .duty import fold
from .limit import recounted
from .narrow import (
    Fact,
    Happening,
    Lifted,
    Met,
    Paused,
    Received,
    ReceivedData,
    Recounted,
    Routed,
    Set,
    Told,
    decode_narrow,
)
from .outcome import Duty, Kept, Released
from .what_if_count import CountedOwed, CountingRules

CONFIDENTIAL: Final = "(confidential)"
"""In the place of a subject; no code of a subject looks like it."""
OTHERS: Final = tuple(WINDOWS)
"""Others' time; looked up by identity, which is faster than by `Enum`'s hash."""
_MATTER: Final = (Told, Routed, Set, Recounted, Paused, Met, Lifted)
_DAY: Final = dt.timedelta(days=1)
_ENCODER: Final = msgspec.json.Encoder()


class Outcome(StrEnum):
    """How an obligation ended, or stands."""

    MET = "met"
    LATE = "late"  # kept after its limit
    MISSED = "missed"  # open after its limit: late, too
    OPEN = "open"  # its limit is to come, or it stands still
    LIFTED = "lifted"
    NONE = "none"  # there was no such obligation, or would be none

    __hash__ = str.__hash__
    """Counted a million times: `Enum` has its own hash in Python."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the log."""

    town: Town
    """With the rules that are asked about."""
    version: str
    """Of the town's own rules: what others decided is told apart."""
    first_on: dt.date
    last_on: dt.date
    """Requests received from a day to another, both inclusive, in the town's time."""
    now: dt.datetime
    """What is open and due by this instant is missed."""


Key = tuple[str | None, str | None, ObligationKind]
"""Department (None: nobody has it), subject (None: none foresaw it; or `CONFIDENTIAL`), obligation."""


@dataclass
class Sums:
    """How obligations ended, and would have. Grows with departments, subjects and versions, never with requests."""

    rows: dict[Key, Counter[tuple[Outcome, Outcome]]] = field(default_factory=dict)
    """How many were like this and would be like that."""
    requests: int = 0
    earlier: dict[str, list[int]] = field(default_factory=dict)
    """By version of the rules, where it is not the town's own: obligations that it set, and how many of them differ."""
    applied: list[int] = field(default_factory=lambda: [0, 0])
    """The same of obligations whose limit an applied calendar moved."""

    def add(self, other: Sums) -> None:
        """Count another part of the requests, too."""
        for key, counts in other.rows.items():
            self.rows.setdefault(key, Counter()).update(counts)
        self.requests += other.requests
        for version, (count, differ) in other.earlier.items():
            _count(self.earlier.setdefault(version, [0, 0]), count, differ)
        _count(self.applied, *other.applied)


def _count(into: list[int], count: int, differ: int) -> None:
    into[0] += count
    into[1] += differ


def _add(sums: Sums, key: Key, was: Outcome, would_be: Outcome) -> None:
    counts = sums.rows.get(key)
    if counts is None:
        counts = sums.rows[key] = Counter()
    counts[was, would_be] += 1


def _apart(sums: Sums, known: _Known, version: str, *, differs: bool) -> None:
    if known.version != version:
        _count(sums.earlier.setdefault(known.version, [0, 0]), 1, differs)
    if known.applied:
        _count(sums.applied, 1, differs)


class _Known:
    """An obligation as the log has it."""

    __slots__ = ("applied", "due_at", "kind", "outcome", "paused", "version")

    def __init__(self, kind: ObligationKind, due_at: dt.datetime, version: str) -> None:
        self.kind, self.due_at, self.version = kind, due_at, version
        self.outcome: Outcome | None = None
        self.paused = self.applied = False

    def stands(self, now: dt.datetime) -> Outcome:
        """How it ended, or stands at an instant."""
        return self.outcome or _open(self.due_at, now, paused=self.paused)


def _open(due_at: dt.datetime, now: dt.datetime, *, paused: bool) -> Outcome:
    return Outcome.OPEN if paused or now < due_at else Outcome.MISSED


class _Request:
    """What matters of one request: some 1.5 KB."""

    __slots__ = ("department", "known", "received", "story")

    def __init__(self, received: ReceivedData) -> None:
        self.received = received
        self.department: str | None = None
        """The last that had it."""
        self.story: list[Happening] = []
        self.known: dict[str, _Known] = {}

    def take(self, fact: Fact) -> None:
        """One fact, in the log's order."""
        if isinstance(fact, Told):
            self.story.append(Happening(fact.occurred_at, fact.event(), fact.assumed))
        elif isinstance(fact, Set):
            data = fact.data
            if data.obligation not in OTHERS:
                self.known[data.obligation_id] = _Known(data.obligation, data.due_at, fact.town)
        elif isinstance(fact, Routed):
            self.department = fact.data.department
        elif isinstance(fact, (Met, Lifted, Paused, Recounted)):
            known = self.known.get(fact.data.obligation_id)
            if known is not None:  # Others' time has none.
                _change(known, fact)

    def key(self, kind: ObligationKind) -> Key:
        """Where an obligation of it counts."""
        return self.department, CONFIDENTIAL if self.received.confidential else self.received.subject, kind


def _change(known: _Known, fact: Met | Lifted | Paused | Recounted) -> None:
    if isinstance(fact, Met):
        known.outcome = Outcome.MET if fact.data.in_time else Outcome.LATE
    elif isinstance(fact, Lifted):
        known.outcome = Outcome.LIFTED
    elif isinstance(fact, Paused):
        known.paused = True
    else:
        known.due_at = fact.data.due_at
        if fact.data.because is RecountReason.CALENDAR:
            known.applied = True
        else:
            known.paused = False


class WhatIf:
    """Gathers a run of the log, in its order, and sums it up.

    `from_start` says that no request of the period was received before the run: what is not known is of no interest.
    Otherwise it may be of a request that was received before, and is kept for whoever has that (`strays`).
    """

    def __init__(self, question: Question, *, from_start: bool) -> None:
        self._question = question
        self._rules = CountingRules(question.town)
        self._since = self._rules.calendar.end_of(question.first_on - _DAY)
        self._until = self._rules.calendar.end_of(question.last_on)
        self._from_start = from_start
        self._requests: dict[str, _Request] = {}
        self._outside: set[str] = set()
        """Received in this run, and not in the period."""
        self._strays: list[tuple[str, bytes]] = []
        self._versions: dict[str, str] = {}

    def take(self, sequence: int, request_id: str, body: bytes | memoryview) -> None:
        """One commit.

        Raises:
            UnreadableError: it cannot be read.
        """
        facts = decode_narrow(sequence, body)
        request = self._requests.get(request_id)
        if request is None:
            first = facts[0] if facts else None
            if isinstance(first, Received):
                if not self._since <= first.occurred_at < self._until:
                    if not self._from_start:
                        self._outside.add(request_id)
                    return
                request = self._requests[request_id] = _Request(first.data)
            elif self._from_start or request_id in self._outside:
                return
            else:
                matter = [fact for fact in facts if isinstance(fact, _MATTER)]
                if matter:
                    self._strays.append((request_id, _ENCODER.encode(matter)))
                return
        for fact in facts:
            request.take(fact)

    def strays(self) -> list[tuple[str, bytes]]:
        """Commits of requests that were received before this run, without what does not matter, in order."""
        return self._strays

    def sums(self) -> Sums:
        """How everything gathered ended, and would have."""
        found = Sums(requests=len(self._requests))
        for request in self._requests.values():
            self._sum(request, found)
        return found

    def _sum(self, request: _Request, sums: Sums) -> None:
        now, version = self._question.now, self._question.version
        left = request.known.copy()
        for obligation_id, kind, would_be in self._would(request):
            known = left.pop(obligation_id, None)
            was = Outcome.NONE if known is None else known.stands(now)
            _add(sums, request.key(kind), was, would_be)
            if known is not None:
                _apart(sums, known, version, differs=was is not would_be)
        for known in left.values():
            _add(sums, request.key(known.kind), known.stands(now), Outcome.NONE)
            _apart(sums, known, version, differs=True)

    def _would(self, request: _Request) -> Iterator[tuple[str, ObligationKind, Outcome]]:
        """What each obligation would be, under the rules that are asked about."""
        for duty in fold(CountedOwed(self._rules), request.story):
            if duty.terms.obligation not in OTHERS:
                yield duty.terms.obligation_id, duty.terms.obligation, self._outcome(duty)

    def _outcome(self, duty: Duty) -> Outcome:
        match duty.outcome:
            case Released():
                return Outcome.LIFTED
            case Kept(at=at):
                return Outcome.MET if at < self._due_at(duty) else Outcome.LATE
            case _:
                still = bool(duty.pauses) and duty.pauses[-1].until is None
                return _open(self._due_at(duty), self._question.now, paused=still)

    def _due_at(self, duty: Duty) -> dt.datetime:
        if not duty.pauses:
            return duty.terms.due_at
        calendar = self._rules.calendar_named(duty.terms.calendar_version, duty.terms)
        ended = [pause for pause in duty.pauses if pause.until is not None]
        limit = recounted(duty.terms, calendar, self._rules.town.deadlines, ended) if ended else None
        return duty.terms.due_at if limit is None else limit.due_at

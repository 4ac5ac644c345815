"""What happens to requests in a year: lawful histories made up from a seed, as intake records them.

A step is recorded when it is entered, which may be long after it happened; a fact of an older system long after all.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.simulation.place import SUBJECTS, TORONTO, begins_at

from clic_contracts.envelope import derive_id, request_id_for
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
    RequestNoted,
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
from clic_contracts.lifecycle import may_happen, next_phase
from clic_contracts.vocabulary import AccessOutcome, Kind, Origin, Phase

STEPS_MAX = 9
TRIES_MAX = 8
"""What comes to mind may be impossible."""
LATE = 0.25
"""How often something is entered late: it happened before, and maybe before what is entered already."""
LATE_DAYS_MAX = 25
KINDS = (
    *[Kind.REPORT] * 3, *[Kind.REQUEST] * 2, *[Kind.COMPLAINT] * 3, *[Kind.ACCESS_TO_INFORMATION] * 4, Kind.COMMENT,
)  # fmt: skip
GAPS_S = ((1, 600), (600, 7200), (7200, 2 * 86400), (86400, 5 * 86400), (4 * 86400, 16 * 86400), (86400, 45 * 86400))
MOVES: dict[type[Event], int] = {
    RequestAcknowledged: 4, RequestIncomplete: 4, RequestCompleted: 12, RequestNoted: 1, RequestAdmitted: 3,
    RequestPromised: 2, RequestExtended: 2, RequestHandedOver: 2, RequestHandedBack: 4, RequestRefused: 1,
    RequestAnswered: 5, RequestMerged: 1, RequestClosed: 3, RequestReopened: 3, RequestVoided: 1,
    ThirdPartyIdentified: 6, ThirdPartyNotified: 12, ThirdPartyAnswered: 12, ReviewRequested: 3,
}  # fmt: skip
"""How often each is tried."""
UNTREATED = (Phase.RECEIVED, Phase.IN_TREATMENT, Phase.REOPENED)


@dataclass(frozen=True)
class Step:
    """What is entered at once: facts of one commit, each with when it happened."""

    entered_at: dt.datetime
    facts: tuple[tuple[Event, dt.datetime, bool], ...]
    """Event, instant, and whether that is assumed."""


@dataclass(frozen=True)
class History:
    """One request's steps, in the order in which they are entered."""

    request_id: str
    steps: tuple[Step, ...]


def make(event: type[Event], **changes: object) -> Event:
    """The catalogue's example, changed; nothing is sealed."""
    return event.model_validate({**event.EXAMPLE, "sealed": None, **changes})


def histories(chance: Random, year: int, count: int) -> list[History]:
    """Requests of a year."""
    return [_Citizen(chance, year, number).history() for number in range(count)]


@dataclass
class _Citizen:
    """One request, and what is known of it so far."""

    chance: Random
    year: int
    number: int
    phase: Phase = Phase.NEW
    is_waiting: bool = False
    is_outside: bool = False
    is_extended: bool = False
    was_decided: bool = False
    parties: dict[str, str] = field(default_factory=dict)
    """How far each third party was told: identified, notified, answered."""

    def history(self) -> History:
        """All of it."""
        request_id = request_id_for("/simulation", f"{self.year}-{self.number}")
        return History(request_id, tuple(self._steps()))

    def _steps(self) -> Iterator[Step]:
        chance = self.chance
        self.received_at = received_at = self._received_at()
        self.received = self._reception()
        self.is_backlog = self.received.origin is Origin.BACKLOG
        imported_at = received_at + dt.timedelta(days=chance.uniform(5, 120))
        entered_at = imported_at if self.is_backlog else received_at + self._moment()
        facts = [self._fact(self.received, received_at)]
        if chance.random() < 0.3:
            facts.append(self._fact(make(RequestAcknowledged), received_at))
        yield Step(entered_at, tuple(facts))
        at = received_at
        ends_at = begins_at(self.year + 1)
        for _ in range(chance.randint(0, STEPS_MAX)):
            events = next(filter(None, (self._move() for _ in range(TRIES_MAX))), None)
            if events is None:
                return
            low, high = chance.choice(GAPS_S)
            at = self._on_the_edge(at + dt.timedelta(seconds=chance.uniform(low, high)))
            if self.is_backlog and at < imported_at:
                entered_at += dt.timedelta(seconds=chance.uniform(0, 20))
                happened_at = at
            else:
                entered_at = max(entered_at, at) + self._moment()
                happened_at = at
                if chance.random() < LATE:
                    happened_at = max(received_at, at - dt.timedelta(days=chance.uniform(0, LATE_DAYS_MAX)))
            if entered_at >= ends_at:
                return
            yield Step(entered_at, tuple(self._fact(event, happened_at) for event in events))

    def _fact(self, event: Event, at: dt.datetime) -> tuple[Event, dt.datetime, bool]:
        self.phase = next_phase(self.phase, type(event))
        return event, at, self.is_backlog and self.chance.random() < 0.3

    def _moment(self) -> dt.timedelta:
        return dt.timedelta(seconds=self.chance.choice([0.001, self.chance.uniform(0, 4), self.chance.uniform(0, 300)]))

    def _received_at(self) -> dt.datetime:
        """Any instant of the year; rather the hours of the clocks' changes, leap day, the holidays' eve."""
        year, chance = self.year, self.chance
        rare = [dt.date(year, 12, 23), dt.date(year, 1, 2), dt.date(year, 6, 14), dt.date(year, 6, 15)]
        rare += [dt.date(year, 2, 28) + dt.timedelta(days=1), self._sunday(3, 2), self._sunday(11, 1)]
        day = dt.date(year, 1, 1) + dt.timedelta(days=chance.randrange(365))
        if chance.random() < 0.15:
            day = chance.choice(rare) - dt.timedelta(days=chance.randint(0, 1))
        second = chance.randrange(86400) if chance.random() < 0.5 else chance.randrange(8 * 3600, 17 * 3600)
        at = dt.datetime.combine(day, dt.time(), TORONTO).astimezone(dt.UTC) + dt.timedelta(seconds=second)
        return min(max(self._on_the_edge(at), begins_at(year)), begins_at(year + 1) - dt.timedelta(days=1))

    def _sunday(self, month: int, nth: int) -> dt.date:
        first = dt.date(self.year, month, 1)
        return first + dt.timedelta(days=(7 - first.isoweekday()) % 7 + 7 * (nth - 1))

    def _on_the_edge(self, at: dt.datetime) -> dt.datetime:
        """Now and then at a midnight, where limits are, or just beside it."""
        if self.chance.random() > 0.2:
            return at
        day = at.astimezone(TORONTO).date()
        midnight = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), TORONTO).astimezone(dt.UTC)
        return midnight + dt.timedelta(microseconds=self.chance.choice([-2_000_000, -1, 0, 0, 1_000_000]))

    def _reception(self) -> RequestReceived:
        chance = self.chance
        kind = chance.choice(KINDS)
        subject = chance.choice([*(each["code"] for each in SUBJECTS), None])
        if kind is Kind.COMPLAINT:
            subject = chance.choice(["other", "other", "conduct", "water_leak", None])
        is_access = kind is Kind.ACCESS_TO_INFORMATION
        received = make(
            RequestReceived, kind=kind, subject=None if is_access else subject,
            written=chance.choice([True, True, False, None]), urgent=not is_access and chance.random() < 0.1,
            origin=Origin.BACKLOG if chance.random() < 0.12 else Origin.LIVE,
            reference=f"{self.year}-{self.number:06}", terms=[], sector=None, confidential=is_access,
        )  # fmt: skip
        assert isinstance(received, RequestReceived)
        return received

    # -- steps --------------------------------------------------------------------------------------------------------

    def _move(self) -> tuple[Event, ...]:
        """What happens next; () where what came to mind may not happen now."""
        [move] = self.chance.choices(list(MOVES), list(MOVES.values()))
        if not may_happen(self.phase, move):
            return ()
        special: dict[type[Event], Callable[[], tuple[Event, ...]]] = {
            RequestIncomplete: self._ask,
            RequestCompleted: self._complete,
            RequestPromised: lambda: (make(RequestPromised, due_on=self._day(3, 40)),),
            RequestExtended: self._extend,
            RequestHandedOver: self._hand_over,
            RequestHandedBack: self._hand_back,
            RequestRefused: lambda: (make(RequestRefused, **self.chance.choice([{}, {"sent": None}])),),
            RequestAnswered: self._answer,
            RequestMerged: lambda: (make(RequestMerged), make(RequestClosed, reason="merged")),
            RequestClosed: self._close,
            RequestReopened: self._reopen,
            ThirdPartyIdentified: self._identify,
            ThirdPartyNotified: lambda: self._party(ThirdPartyNotified, "identified", "notified"),
            ThirdPartyAnswered: lambda: self._party(ThirdPartyAnswered, "notified", "answered"),
            ReviewRequested: self._review,
        }
        return special[move]() if move in special else (make(move),)

    def _day(self, soonest: int, latest: int) -> str:
        return (self.received_at.date() + dt.timedelta(days=self.chance.randint(soonest, latest))).isoformat()

    @property
    def _is_access(self) -> bool:
        return self.received.kind is Kind.ACCESS_TO_INFORMATION

    def _ask(self) -> tuple[Event, ...]:
        asked: dict[str, Any] = {"asked": None} if self.chance.random() < 0.15 else {}
        self.is_waiting = self.is_waiting or not asked
        return (make(RequestIncomplete, **asked),)

    def _complete(self) -> tuple[Event, ...]:
        if not self.is_waiting:
            return ()
        self.is_waiting = False
        return (make(RequestCompleted),)

    def _extend(self) -> tuple[Event, ...]:
        may = self._is_access or self.received.kind is Kind.COMPLAINT
        if not may or (self.is_extended and self.chance.random() < 0.8):
            return ()
        self.is_extended = True
        return (make(RequestExtended, days=self.chance.choice([10, 10, 5, 1])),)

    def _hand_over(self) -> tuple[Event, ...]:
        self.is_outside = True
        return (make(RequestHandedOver, expected_on=self.chance.choice([None, self._day(5, 60)])),)

    def _hand_back(self) -> tuple[Event, ...]:
        if not self.is_outside:
            return ()
        self.is_outside = False
        return (make(RequestHandedBack),)

    def _answer(self) -> tuple[Event, ...]:
        self.is_waiting = False
        self.was_decided = True
        answered: dict[str, Any] = {}
        if self._is_access:
            answered = {"access_outcome": self.chance.choice(list(AccessOutcome)), "provisions": ["A-2.1 art. 53"]}
        events = [make(RequestAnswered, **answered)]
        if self.chance.random() < 0.3:
            events.append(make(RequestClosed))
        return tuple(events)

    def _close(self) -> tuple[Event, ...]:
        if self.phase is Phase.ANSWERED:
            return (make(RequestClosed),)
        if self.phase is Phase.REFUSED:
            return (make(RequestClosed, reason="refused"),)
        return (make(RequestClosed, reason="withdrawn"),) if self.chance.random() < 0.5 else ()

    def _reopen(self) -> tuple[Event, ...]:
        self.is_waiting = self.is_outside = self.is_extended = False
        return (make(RequestReopened),)

    def _identify(self) -> tuple[Event, ...]:
        if not self._is_access or self.phase not in UNTREATED or len(self.parties) > 1:
            return ()
        party = derive_id("third party", str(self.number), str(len(self.parties)))
        self.parties[party] = "identified"
        return (make(ThirdPartyIdentified, third_party_id=party),)

    def _party(self, event: type[Event], before: str, after: str) -> tuple[Event, ...]:
        party = next((each for each, step in self.parties.items() if step == before), None)
        if party is None:
            return ()
        self.parties[party] = after
        return (make(event, third_party_id=party),)

    def _review(self) -> tuple[Event, ...]:
        if not self._is_access or self.received.written is False:
            return ()
        return (make(ReviewRequested, requested_on=self._day(10, 90)),)

"""What the tests of obligations speak in: a story of intake is told, and something is decided."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from zoneinfo import ZoneInfo

from clic_chassis.decider import Fact
from clic_contracts.envelope import Recorded
from clic_contracts.event import (
    Event,
    ObligationMet,
    ObligationSet,
    RequestAcknowledged,
    RequestAnswered,
    RequestReceived,
)
from clic_deadlines.core.alarm import alarms
from clic_deadlines.core.calendar import Calendar
from clic_deadlines.core.duty import is_backlog
from clic_deadlines.core.obligation import (
    DECIDER,
    Command,
    Look,
    Obligation,
    Obligations,
    Reconcile,
    Recount,
    State,
    state_of,
)
from clic_deadlines.core.standard import Rules

TORONTO = ZoneInfo("America/Toronto")
Tell = Callable[..., tuple[Recorded, ...]]
LOOKS_MAX = 100

# Friday; acknowledge by the end of Tuesday 19 May (Monday is a holiday), a pothole by the end of Monday 25 May.
FRIDAY = "2026-05-15T16:20"
ACKNOWLEDGE_DUE = "2026-05-20T00:00"
POTHOLE_DUE = "2026-05-26T00:00"


def make(event: type[Event], **changes: object) -> Event:
    """The catalogue's example, changed."""
    return event.model_validate({**event.EXAMPLE, **changes})


def at(text: str) -> dt.datetime:
    """An instant in the town's time."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=TORONTO)


RECEIVED = (make(RequestReceived), FRIDAY)
ACCESS = (make(RequestReceived, kind="access_to_information", subject=None), "2026-03-17T09:00")
ACKNOWLEDGED = make(RequestAcknowledged)
ANSWERED = make(RequestAnswered)


class Desk:
    """Given a story of intake and what deadlines knows, when something is decided, then these facts follow."""

    def __init__(self, rules: Rules, tell: Tell) -> None:
        self.rules = rules
        self.tell = tell
        self.own = Obligations()
        self.facts: list[Fact] = []

    def hears(self, *story: tuple[Event, str]) -> dict[str, str]:
        """Reconcile with a story; how each obligation then stands."""
        return self._decide(Reconcile(self.tell(*story), self.rules))

    def looks(self, obligation_id: str, now: str, *story: tuple[Event, str]) -> dict[str, str]:
        """A timer of an obligation fired."""
        return self._decide(Look(Reconcile(self.tell(*story), self.rules), obligation_id, at(now)))

    def recounts(self, calendar: Calendar, now: str, *story: tuple[Event, str]) -> dict[str, str]:
        """A version of the calendar is applied."""
        return self._decide(Recount(Reconcile(self.tell(*story), self.rules), calendar, at(now)))

    def waits_until(self, now: str, *story: tuple[Event, str]) -> dict[str, str]:
        """Time goes on to an instant: whatever alarm is due by then fires, soonest first; bounded."""
        self.hears(*story)
        for _ in range(LOOKS_MAX):
            due = [each for each in self.alarms(*story) if each[1] <= at(now)]
            if not due:
                return self.standing
            obligation_id, instant = min(due, key=lambda each: each[1])
            self._decide(Look(Reconcile(self.tell(*story), self.rules), obligation_id, instant))
        raise AssertionError("alarms stay due")

    def alarms(self, *story: tuple[Event, str]) -> list[tuple[str, dt.datetime]]:
        """What is to be looked at, and when."""
        warns = not is_backlog(self.tell(*story))
        return [(each.obligation_id, each.at) for each in alarms(self.own, self.rules, warns=warns)]

    def _decide(self, command: Command) -> dict[str, str]:
        facts = DECIDER.decide(command, self.own)
        self.facts += facts
        said = [(fact.event, fact.occurred_at.astimezone(TORONTO).replace(tzinfo=None).isoformat()) for fact in facts]
        self.own = DECIDER.fold(self.tell(*said), self.own)
        return self.standing

    def told(self, *events: type[Event]) -> list[tuple[str, dt.datetime]]:
        """Facts of these types: type without its version, and when it occurred."""
        return [
            (fact.event.TYPE.split(".")[1], fact.occurred_at) for fact in self.facts if isinstance(fact.event, events)
        ]

    @property
    def standing(self) -> dict[str, str]:
        """Each obligation in a word."""
        return {obligation_id: _word(each) for obligation_id, each in self.own.by_id.items()}

    def terms(self, obligation_id: str) -> ObligationSet:
        """How an obligation was set."""
        return self.own.by_id[obligation_id].terms

    def due(self, obligation_id: str) -> dt.datetime:
        """By when it is due now."""
        return self.own.by_id[obligation_id].due.due_at

    def state(self, obligation_id: str, now: str) -> State:
        """How it stands at an instant."""
        return state_of(self.own.by_id[obligation_id], at(now))

    def met(self, obligation_id: str) -> ObligationMet:
        """How an obligation was kept."""
        met = self.own.by_id[obligation_id].met
        assert met is not None
        return met


def _word(each: Obligation) -> str:
    if each.met is not None:
        return "kept" if each.met.in_time else "kept late"
    if each.lifted is not None:
        return each.lifted.reason.value
    if each.lapsed is not None:
        return "lapsed"
    if each.paused_since is not None:
        return "paused"
    if each.escalated_to is not None:
        return each.escalated_to.value
    return "missed" if each.missed_at else "warned" if each.warned_at else "open"

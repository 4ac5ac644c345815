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
from clic_deadlines.core.obligation import DECIDER, Miss, Obligations, Reconcile, Warn
from clic_deadlines.core.standard import Rules

TORONTO = ZoneInfo("America/Toronto")
Tell = Callable[..., tuple[Recorded, ...]]

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

    def warns(self, obligation_id: str, now: str, *story: tuple[Event, str]) -> dict[str, str]:
        """The instant of a warning came."""
        return self._decide(Warn(Reconcile(self.tell(*story), self.rules), obligation_id, at(now)))

    def misses(self, obligation_id: str, now: str, *story: tuple[Event, str]) -> dict[str, str]:
        """A limit passed."""
        return self._decide(Miss(Reconcile(self.tell(*story), self.rules), obligation_id, at(now)))

    def _decide(self, command: Reconcile | Warn | Miss) -> dict[str, str]:
        facts = DECIDER.decide(command, self.own)
        self.facts += facts
        said = [(fact.event, fact.occurred_at.astimezone(TORONTO).replace(tzinfo=None).isoformat()) for fact in facts]
        self.own = DECIDER.fold(self.tell(*said), self.own)
        return self.standing

    @property
    def standing(self) -> dict[str, str]:
        """Each obligation in a word."""
        words = {}
        for obligation_id, each in self.own.by_id.items():
            if each.met is not None:
                words[obligation_id] = "kept" if each.met.in_time else "kept late"
            elif each.lifted is not None:
                words[obligation_id] = each.lifted.reason.value
            else:
                words[obligation_id] = "missed" if each.missed_at else "warned" if each.warned_at else "open"
        return words

    def terms(self, obligation_id: str) -> ObligationSet:
        """How an obligation was set."""
        return self.own.by_id[obligation_id].terms

    def met(self, obligation_id: str) -> ObligationMet:
        """How an obligation was kept."""
        met = self.own.by_id[obligation_id].met
        assert met is not None
        return met

"""Given, when, then: how a decider is tested, here and by anybody who writes one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from clic_contracts.envelope import RECORDED, Recorded
from clic_contracts.event import Event

from .decider import Decider, Fact
from .error import RefusedError

Command = TypeVar("Command")
State = TypeVar("State")

NOON = dt.datetime(2026, 5, 15, 16, 0, tzinfo=dt.UTC)
"""A Friday noon in Québec: when everything happens of which a scenario says nothing else."""
SOMEBODY = "6f9619ff-8b86-5d11-b42d-00cf4fc964ff"


def recorded(
    event: Event, *, at: dt.datetime = NOON, assumed: bool = False, request_id: str = SOMEBODY, cause_id: str = "given"
) -> Recorded:
    """An event as the log holds it."""
    return RECORDED[type(event)](
        type=event.TYPE,
        event_id=f"{event.TYPE}/{at.isoformat()}/{cause_id}",
        source=f"/clic/{event.BY}",
        request_id=request_id,
        occurred_at=at,
        time_assumed=assumed,
        recorded_at=at,
        cause_id=cause_id,
        actor="agent:exemple",
        town="exemple",
        data=event,
    )


@dataclass(frozen=True)
class Given(Generic[Command, State]):
    """A story so far."""

    decider: Decider[Command, State]
    events: tuple[Recorded, ...]

    def when(self, command: Command) -> When[Command, State]:
        """Something is commanded."""
        return When(self, command)

    @property
    def state(self) -> State:
        """What the decider makes of the story."""
        return self.decider.fold(self.events)


@dataclass(frozen=True)
class When(Generic[Command, State]):
    """A command on a story."""

    given: Given[Command, State]
    command: Command

    @property
    def facts(self) -> tuple[Fact, ...]:
        """What is decided."""
        return self.given.decider.decide(self.command, self.given.state)

    def then(self, *expected: Event) -> Given[Command, State]:
        """Exactly these facts are decided; gives the story that goes on with them."""
        facts = self.facts
        assert expected == tuple(fact.event for fact in facts), f"expected {expected}, decided {facts}"
        more = tuple(recorded(f.event, at=f.occurred_at, assumed=f.time_assumed, cause_id="when") for f in facts)
        return Given(self.given.decider, self.given.events + more)

    def then_nothing(self) -> None:
        """It changes nothing."""
        assert self.facts == (), f"expected nothing, decided {self.facts}"

    def then_refused(self, error: type[RefusedError]) -> None:
        """A rule forbids it, with this error."""
        try:
            facts = self.facts
        except error:
            return
        raise AssertionError(f"expected {error.__name__}, decided {facts}")


def given(decider: Decider[Command, State], events: Sequence[Event | Recorded] = ()) -> Given[Command, State]:
    """A story of a decider; events without an instant happened at `NOON`."""
    told: list[Any] = [each if isinstance(each, Recorded) else recorded(each) for each in events]
    return Given(decider, tuple(told))

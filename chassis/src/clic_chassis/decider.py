"""The shape of every decision: fold what happened into a state, decide facts from a command and that state."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce
from typing import Generic, TypeVar

from clic_contracts.envelope import Recorded
from clic_contracts.event import Event

Command = TypeVar("Command")
State = TypeVar("State")


@dataclass(frozen=True, slots=True)
class Fact:
    """An event that was decided, and when it happened in the town."""

    event: Event
    occurred_at: dt.datetime
    time_assumed: bool = False


@dataclass(frozen=True)
class Decider(Generic[Command, State]):
    """`evolve` folds one recorded event, `decide` gives the facts that a command makes; both are pure.

    `decide` raises a `RefusedError` where a rule forbids the command, and gives () where it changes nothing.
    """

    initial: State
    evolve: Callable[[State, Recorded], State]
    decide: Callable[[Command, State], tuple[Fact, ...]]

    def fold(self, events: Iterable[Recorded], state: State | None = None) -> State:
        """The state after these events."""
        return reduce(self.evolve, events, self.initial if state is None else state)

"""What became of something that is owed, and what is known of it already when a story is folded."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from clic_contracts.event import ObligationSet
from clic_contracts.vocabulary import LiftReason

from .calendar import Pause


@dataclass(frozen=True, slots=True)
class Kept:
    """The citizen got what was owed, or somebody used the time that was theirs."""

    at: dt.datetime
    assumed: bool


@dataclass(frozen=True, slots=True)
class Released:
    """It no longer binds."""

    at: dt.datetime
    assumed: bool
    reason: LiftReason


@dataclass(frozen=True, slots=True)
class Lapsed:
    """Somebody else's time ended unused, as a later fact shows."""

    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Duty:
    """One obligation as it ought to stand."""

    terms: ObligationSet
    assumed: bool
    """Whether its start is assumed."""
    set_at: dt.datetime
    """When it came about: that is not where it is counted from, where a limit is extended."""
    outcome: Kept | Released | Lapsed | None = None
    pauses: tuple[Pause, ...] = ()
    """When it stood still, in order; the last may last."""
    deemed_refused: bool = False
    """Its limit passed without a decision on access (A-2.1 art. 52)."""

    def ended(self, outcome: Kept | Lapsed) -> Duty:
        """The same with what became of it; `dataclasses.replace` takes three times as long."""
        return Duty(self.terms, self.assumed, self.set_at, outcome, self.pauses, self.deemed_refused)


@dataclass(frozen=True, slots=True)
class Settled:
    """What was recorded of an obligation, and stands."""

    terms: ObligationSet
    calendar_version: str
    """By which it is counted now."""
    deemed_refused: bool = False
    decided: bool = False
    """It was kept, or lifted because the request was refused."""

"""By when something is owed, and the runs of days that the count went through."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from clic_contracts.event import TraceStep


@dataclass(frozen=True, slots=True)
class Counted:
    """The days of a delay, without its hour."""

    due_strict_on: dt.date
    due_prudent_on: dt.date
    trace: tuple[TraceStep, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """By when, and how that was counted."""

    due_at: dt.datetime
    """Exclusive, in the town's time."""
    due_strict_on: dt.date
    due_prudent_on: dt.date
    trace: tuple[TraceStep, ...]


class Runs:
    """Gathers days that follow each other for the same reason into one step of the trace."""

    def __init__(self) -> None:
        self._runs: list[tuple[dt.date, dt.date, bool, str, int | None]] = []

    def add(
        self, day: dt.date, *, counted: bool, why: str, last_on: dt.date | None = None, minutes: int | None = None
    ) -> None:
        """A day, or a run of days up to `last_on`; `minutes`: how much of a delay in hours was counted on it."""
        first_on, last_on = day, last_on or day
        if self._runs and self._runs[-1][2:4] == (counted, why):
            first_on, _, _, _, before = self._runs.pop()
            minutes = None if minutes is None else minutes + (before or 0)
        self._runs.append((first_on, last_on, counted, why, minutes))

    def steps(self) -> tuple[TraceStep, ...]:
        """The steps of a trace, in order and without a gap."""
        return tuple(
            TraceStep(first_on=first_on, last_on=last_on, counted=counted, why=why, minutes=minutes)
            for first_on, last_on, counted, why, minutes in self._runs
        )

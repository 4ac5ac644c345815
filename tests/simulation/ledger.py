"""What is owed on one request, while its facts are read: how it is counted, stands still, is kept and lifted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.simulation.reckoning import Length, Pauses, Reckoned, Reckoner
from tests.simulation.weather import SKEW_MAX_S

from clic_contracts.envelope import Recorded
from clic_contracts.vocabulary import WINDOWS, LiftReason, ObligationKind

SKEW = dt.timedelta(seconds=SKEW_MAX_S)
"""By which a clock may be ahead of a limit: what is entered just before that may find it looked at."""
BOUND = dt.timedelta(days=1, hours=18)
"""Within which the service has heard and said everything: outages end, and what failed is tried again."""
INSTANT = dt.timedelta(microseconds=1)
FOREVER = dt.datetime.max.replace(tzinfo=dt.UTC)
NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)


@dataclass(eq=False)
class Debt:
    """One obligation."""

    kind: ObligationKind
    rule: str
    starts_at: dt.datetime
    length: Length
    stops: bool = False
    is_law: bool = False
    kept_at: dt.datetime | None = None
    lifted: tuple[LiftReason, dt.datetime] | None = None
    has_lapsed: bool = False
    was_seen_unused: bool = False
    """A fact after its end showed that it had lapsed: nothing that is known later lifts it."""
    undone: LiftReason | None = None
    """Why it was no more, where it lapsed before that was known: it can be used no more."""
    was_silent: bool = False
    """A decision that was refused by silence."""
    spans: list[tuple[dt.datetime, dt.datetime | None]] = field(default_factory=list)
    """When it stood still, once it is final."""
    runs: list[Run] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, str, dt.datetime]:
        """By which the record's obligation is found."""
        return self.kind.value, self.rule, self.starts_at

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be expected of it."""
        return self.kept_at is not None or self.lifted is not None or self.has_lapsed

    @property
    def is_window(self) -> bool:
        """Whether it is others' time."""
        return self.kind in WINDOWS


@dataclass
class Run:
    """From when until when an obligation was known to run towards a limit."""

    limit: Reckoned
    since: dt.datetime
    until: dt.datetime


class Ledger:
    """The obligations of one request, at the fact that is being read."""

    def __init__(self, reckoner: Reckoner) -> None:
        self.reckoner = reckoner
        self.debts: list[Debt] = []
        self._marks: list[tuple[dt.datetime, bool]] = []
        """When the citizen was asked, and when that ended."""
        self._now: Recorded

    def limit(self, debt: Debt, spans: Iterable[tuple[dt.datetime, dt.datetime | None]]) -> Reckoned:
        """With what of its pauses has ended."""
        ended: Pauses = tuple((since, until) for since, until in spans if until is not None)
        return self.reckoner.limit(debt.kind, debt.starts_at, debt.length, ended)

    def _waiting(self) -> list[tuple[dt.datetime, dt.datetime | None]]:
        """When the citizen was waited for: from the first question to the first thing that ended it."""
        spans: list[tuple[dt.datetime, dt.datetime | None]] = []
        for at, asks in sorted(self._marks, key=lambda mark: mark[0]):
            lasts = bool(spans) and spans[-1][1] is None
            if asks and not lasts:
                spans.append((at, None))
            if not asks and lasts:
                spans[-1] = (spans[-1][0], at)
        return [(since, until) for since, until in spans if since != until]

    def _spans(self, debt: Debt, kept_at: dt.datetime | None) -> list[tuple[dt.datetime, dt.datetime | None]]:
        """POL-06: it stands still from its start on, until it is kept, and not once its limit has passed."""
        found: list[tuple[dt.datetime, dt.datetime | None]] = []
        if not debt.stops:
            return found
        for asked_at, ended_at in self._waiting():
            since, until = max(asked_at, debt.starts_at), min(ended_at or FOREVER, kept_at or FOREVER)
            if until <= since:
                continue
            if self.limit(debt, found).due_at <= since:
                break
            found.append((since, None if until == FOREVER else until))
        return found

    def _is_in_time(self, debt: Debt, at: dt.datetime) -> bool:
        spans = self._spans(debt, None)
        stands_still = bool(spans) and spans[-1][1] is None and spans[-1][0] <= at
        return stands_still or at < self.limit(debt, spans).due_at

    def _due_at(self, debt: Debt) -> dt.datetime:
        return self.limit(debt, self._spans(debt, None)).due_at

    @property
    def _at(self) -> dt.datetime:
        return self._now.occurred_at

    def _of(self, *kinds: ObligationKind) -> list[Debt]:
        return [each for each in self.debts if each.kind in kinds]

    def _owe(
        self, kind: ObligationKind, rule: str, length: Length, starts_at: dt.datetime | None = None, *,
        stops: bool = False, is_law: bool = False,
    ) -> Debt:  # fmt: skip
        self.debts.append(Debt(kind, rule, starts_at or self._at, length, stops=stops, is_law=is_law))
        return self.debts[-1]

    def _keep(self, debts: Iterable[Debt], at: dt.datetime | None = None) -> None:
        """The first keeping counts, whenever it is known. Others' time that is over cannot be used (A-2.1 art. 49)."""
        at = at or self._at
        for debt in debts:
            if debt.is_window and not self._is_in_time(debt, at):
                self._see_unused(debt)
            elif debt.lifted is None and debt.undone is None:
                debt.kept_at = min(debt.kept_at or at, at)
                debt.has_lapsed = False

    def _lift(self, debts: Iterable[Debt], reason: LiftReason) -> None:
        for debt in debts:
            if debt.kept_at is not None or debt.lifted is not None or debt.was_seen_unused:
                continue
            if debt.is_window and not self._is_in_time(debt, self._at):
                self._see_unused(debt)
            elif debt.has_lapsed:
                debt.undone = debt.undone or reason
            else:
                debt.lifted = (reason, self._at)

    @staticmethod
    def _see_unused(debt: Debt) -> None:
        if debt.kept_at is None and debt.lifted is None and debt.undone is None:
            debt.has_lapsed = debt.was_seen_unused = True

    def _note_runs(self, since: dt.datetime, until: dt.datetime) -> None:
        for debt in self.debts:
            spans = self._spans(debt, None)
            if debt.is_over or (spans and spans[-1][1] is None):
                continue
            limit = self.limit(debt, spans)
            if debt.runs and debt.runs[-1].limit == limit and debt.runs[-1].until == since:
                debt.runs[-1].until = until
            else:
                debt.runs.append(Run(limit, since, until))

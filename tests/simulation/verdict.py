"""Whether a simulated year ended as the oracle says: every obligation, every limit, and each fact once."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence

from tests.simulation.ledger import BOUND, SKEW, Debt
from tests.simulation.oracle import Oracle
from tests.simulation.reckoning import Reckoned, Reckoner
from tests.simulation.year import Year

from clic_contracts.envelope import Recorded
from clic_contracts.event import (
    AccessDeemedRefused,
    ObligationEscalated,
    ObligationLapsed,
    ObligationLifted,
    ObligationMet,
    ObligationMissed,
    ObligationSet,
    ObligationWarned,
)
from clic_contracts.vocabulary import ObligationKind, Service
from clic_deadlines.core.obligation import DECIDER, Obligation, Obligations, State, state_of

Key = tuple[str, str, dt.datetime]
Story = Sequence[Recorded]
SAID = (ObligationWarned, ObligationMissed, ObligationEscalated)
RECKONERS: dict[int, Reckoner] = {}


def verdict(year: Year) -> list[str]:
    """Everything that is otherwise than it must be; nothing where the year went well."""
    stories: dict[str, dict[Service, list[Recorded]]] = {each.request_id: {} for each in year.histories}
    for commit in year.commits():
        stories[commit.request_id].setdefault(commit.service, []).extend(commit.events)
    wrong: list[str] = []
    for request_id, story in stories.items():
        judge = _Judge(year, request_id, story.get(Service.INTAKE, []), story.get(Service.DEADLINES, []))
        wrong += [f"{request_id}: {each}" for each in judge.wrong()]
    return wrong


class _Judge:
    """Judges one request."""

    def __init__(self, year: Year, request_id: str, told: Story, said: Story) -> None:
        self.year, self.request_id, self.said = year, request_id, said
        self.end_at = year.ended_at
        town = year.rules.town
        reckoner = RECKONERS.setdefault(year.number, Reckoner(town))
        self.reckoner, self.steps = reckoner, town.deadlines.escalation
        self.prompt = Oracle(town, reckoner, prompt=True)
        self.slow = Oracle(town, reckoner, prompt=False)
        for oracle in (self.prompt, self.slow):
            oracle.read(told, year.ended_at)
        self.own: Obligations = DECIDER.fold(said)
        self.of: dict[Key, Obligation] = {
            (each.terms.obligation.value, each.terms.rule.code, each.terms.starts_at): each
            for each in self.own.by_id.values()
        }

    def wrong(self) -> Iterator[str]:
        """All that is otherwise."""
        yield from self._once()
        prompt, slow = ({each.key: each for each in oracle.debts} for oracle in (self.prompt, self.slow))
        for key in prompt.keys() | slow.keys():
            wanted = [each[key] for each in (prompt, slow) if key in each]
            if key not in self.of:
                if len(wanted) == 2:
                    yield f"{_name(key)} was never set"
                continue
            found = self.of[key]
            told = [self._told(each) for each in wanted]
            if key not in slow and (reason := prompt[key].undone) is not None:
                told.append((State.LIFTED.value, reason, None, False))  # Set in time to be lifted, not to lapse.
            if (ends := self._end(found)) not in told:
                yield f"{_name(key)} ended as {ends}, and ought to as {' or '.join(map(str, told))}"
            if not any(self._is_counted(found, each) for each in wanted):
                yield f"{_name(key)} stands at {found.due}, and ought to at {self._limit(wanted[0])}"
        for key in self.of.keys() - prompt.keys() - slow.keys():
            yield f"{_name(key)} was set, and nothing is owed"
        yield from self._said_in_time()
        yield from self._timers()

    # -- how it ended -------------------------------------------------------------------------------------------------

    def _end(self, found: Obligation) -> tuple[object, ...]:
        state = state_of(found, self.end_at)
        state = State.RUNNING if state is State.AT_RISK else state
        reason = found.lifted.reason if found.lifted is not None else None
        met_at = found.met.met_at if found.met is not None else None
        return state.value, reason, met_at, found.deemed_refused

    def _told(self, debt: Debt) -> tuple[object, ...]:
        limit = self._limit(debt)
        reason = None
        if debt.kept_at is not None:
            state = State.MET if debt.kept_at < limit.due_at else State.MET_LATE
        elif debt.lifted is not None:
            state, reason = State.LIFTED, debt.lifted[0]
        elif debt.has_lapsed or (debt.is_window and limit.due_at <= self.end_at):
            state = State.LAPSED
        elif debt.spans and debt.spans[-1][1] is None:
            state = State.PAUSED
        else:
            state = State.MISSED if limit.due_at <= self.end_at else State.RUNNING
        return state.value, reason, debt.kept_at, debt.was_silent

    def _limit(self, debt: Debt) -> Reckoned:
        return self.slow.limit(debt, debt.spans)

    def _is_counted(self, found: Obligation, debt: Debt) -> bool:
        """The limit as it was set, and as it stands; of what was lifted, only how it was set."""
        first = self.reckoner.limit(debt.kind, debt.starts_at, debt.length, ())
        terms = found.terms
        if (terms.due_at, terms.due_strict_on, terms.due_prudent_on, terms.warn_at) != _as_tuple(first):
            return False
        due = found.due
        stands = (due.due_at, due.due_strict_on, due.due_prudent_on, due.warn_at)
        return debt.lifted is not None or stands == _as_tuple(self._limit(debt))

    # -- what time brought --------------------------------------------------------------------------------------------

    def _once(self) -> Iterator[str]:
        counts: Counter[tuple[object, ...]] = Counter((each.event_id,) for each in self.said)
        for each in self.said:
            match each.data:
                case ObligationWarned() | ObligationMissed():
                    counts[each.type, each.data.obligation_id, each.data.due_at] += 1
                case ObligationEscalated():
                    counts[each.type, each.data.obligation_id, each.data.due_at, each.data.step] += 1
                case ObligationSet() | ObligationLifted() | ObligationLapsed() | AccessDeemedRefused():
                    counts[each.type, each.data.obligation_id] += 1
                case ObligationMet():
                    counts[each.type, each.data.obligation_id, each.data.met_at, each.data.in_time] += 1
                case _:
                    pass
        yield from (f"{what} was said {times} times" for what, times in counts.items() if times > 1)
        for obligation_id, found in self.own.by_id.items():
            ends = [found.met, found.lifted, found.lapsed]
            if sum(end is not None for end in ends) + found.is_open != 1:
                yield f"{obligation_id} ended in more ways than one: {ends}"

    def _said_in_time(self) -> Iterator[str]:
        """Warned, missed and each step: where it must be said it is, where it may not be it is not, and in order."""
        runs = {each.key: each for each in self.slow.debts} | {each.key: each for each in self.prompt.debts}
        for key, found in self.of.items():
            if key not in runs:
                continue
            said = [
                (each.data, each.occurred_at)
                for each in self.said
                if isinstance(each.data, SAID) and each.data.obligation_id == found.terms.obligation_id
            ]
            may, must = self._sayings(runs[key])
            heard = {(type(data).__name__, data.due_at, getattr(data, "step", 0), at) for data, at in said}
            once = {each[:3] for each in heard}
            yield from (f"{_name(key)}: {each} was not said" for each in must if each[:3] not in once)
            yield from (f"{_name(key)}: {each} was said" for each in heard - may)
            reached: dict[dt.datetime, int] = {}
            for data, _ in said:
                if isinstance(data, ObligationEscalated) and reached.get(data.due_at) != data.step - 1:
                    yield f"{_name(key)}: step {data.step} before the one below"
                if isinstance(data, ObligationWarned) and data.due_at in reached:
                    yield f"{_name(key)}: warned of what was missed"
                reached[data.due_at] = data.step if isinstance(data, ObligationEscalated) else 0

    def _sayings(self, debt: Debt) -> tuple[set[tuple[object, ...]], set[tuple[object, ...]]]:
        """What may be said of an obligation, and what must be."""
        may: set[tuple[object, ...]] = set()
        must: set[tuple[object, ...]] = set()
        chased = self.prompt.is_chased
        for run in debt.runs:
            due_at, warn_at = run.limit.due_at, run.limit.warn_at
            sayings: list[tuple[str, int, dt.datetime, dt.datetime]] = []
            if chased and warn_at < due_at and (not debt.is_window or debt.kind is ObligationKind.CITIZEN_REPLY):
                sayings.append(("ObligationWarned", 0, warn_at, due_at))
            if not debt.is_window:
                sayings.append(("ObligationMissed", 0, due_at, run.until))
                steps = range(1, len(self.steps) + 1) if chased else ()
                sayings += [("ObligationEscalated", n, self.reckoner.step_at(due_at, n), run.until) for n in steps]
            for what, step, at, until in sayings:
                saying = (what, due_at, step, at)
                if at - SKEW <= min(run.until, self.end_at):
                    may.add(saying)
                if max(at, run.since) + BOUND <= min(until, run.until):
                    must.add(saying)
        return may, must

    def _timers(self) -> Iterator[str]:
        """One for each obligation of which something is still to be said, at the instant when that is."""
        wanted: dict[str, dt.datetime] = {}
        for obligation_id, found in self.own.by_id.items():
            if not found.is_open or found.paused_since is not None:
                continue
            at = self._next(found)
            if at is not None:
                wanted[obligation_id] = at
        timers = self.year.timers
        rows = {each: timers.rows[self.request_id, each].at for each in timers.of_request.get(self.request_id, ())}
        if rows != wanted:
            yield f"timers stand as {rows}, and ought to as {wanted}"

    def _next(self, found: Obligation) -> dt.datetime | None:
        """What was not said yet; whether it ought to have been is judged above."""
        due_at, told = found.due.due_at, found.told_now
        warns = self.prompt.is_chased and found.due.warn_at < due_at
        warns &= not found.is_window or found.terms.obligation is ObligationKind.CITIZEN_REPLY
        if told.missed_at is None:
            return found.due.warn_at if warns and told.warned_at is None else due_at
        if told.step == len(self.steps) or not self.prompt.is_chased:
            return None
        return self.reckoner.step_at(due_at, told.step + 1)


def _as_tuple(limit: Reckoned) -> tuple[dt.datetime, dt.date, dt.date, dt.datetime]:
    return limit.due_at, limit.strict_on, limit.prudent_on, limit.warn_at


def _name(key: Key) -> str:
    kind, rule, starts_at = key
    return f"{kind} ({rule}, from {starts_at})"

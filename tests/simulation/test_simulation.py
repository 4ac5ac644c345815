"""The simulation itself: the same year each time, everything that can happen happens, and mistakes are noticed."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from tests.place import ROOT
from tests.simulation.__main__ import digest
from tests.simulation.place import YEARS
from tests.simulation.run import SMALL, wrong_in
from tests.simulation.verdict import verdict
from tests.simulation.year import Year

from clic_chassis.decider import Decider, Fact
from clic_contracts.event import RequestCompleted
from clic_contracts.vocabulary import ObligationKind
from clic_deadlines import intake_story
from clic_deadlines.core import duty, limit, look, obligation
from clic_deadlines.core.access import AccessPath
from clic_deadlines.core.alarm import steps_left
from clic_deadlines.core.duty import READS
from clic_deadlines.core.limit import Limit
from clic_deadlines.core.obligation import Look
from clic_deadlines.core.standing import READS as STANDING
from clic_deadlines.core.standing import Obligations, evolve
from clic_deadlines.memory_timer_table import MemoryTaken, MemoryTimerTable
from clic_deadlines.timer_table import Due, Looked

SEEDS_MAX = 60
LARGE = 300
NOTHING: tuple[Fact, ...] = ()


def test_a_seed_is_the_same_year_each_time_and_in_every_process() -> None:
    """Whatever order a process' sets have: else no failure could be looked at again."""
    year = Year(11, SMALL)
    year.run()
    again = subprocess.run(
        [sys.executable, "-m", "tests.simulation", "--seed", "11", "--requests", str(SMALL), "--tell"],
        env={**os.environ, "PYTHONHASHSEED": "17", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=True,
        text=True,
        cwd=ROOT,
    )
    assert digest(year) in again.stdout


def test_a_larger_year_holds_all_that_can_happen_and_ends_well() -> None:
    """Every fact of deadlines, every kind of obligation, and deaths of instances at every step."""
    year = Year(1, LARGE)
    year.run()
    assert verdict(year) == []
    seen = {each.type for commit in year.commits() for each in commit.events}
    seen |= {str(getattr(each.data, "obligation", "")) for commit in year.commits() for each in commit.events}
    seen |= {str(getattr(each.data, "because", "")) for commit in year.commits() for each in commit.events}
    facts = {each.TYPE for each in READS} | {each.TYPE for each in STANDING}
    assert facts | {each.value for each in ObligationKind} | {"resumed", "later_known"} <= seen
    assert sum(each.crashes for each in year.instances) > 30


def test_the_years_have_leap_days_and_the_small_ones_are_all_of_them() -> None:
    """The calendar's rarities are in some year of the thousand."""
    assert {Year(seed, 0).number for seed in range(60)} == set(YEARS)
    assert any(each % 4 == 0 for each in YEARS)


# -- planted mistakes -------------------------------------------------------------------------------------------------


def _a_second_late(patch: pytest.MonkeyPatch) -> None:
    counted = limit.count

    def count(*arguments: Any, **named: Any) -> Limit:
        found = counted(*arguments, **named)
        return Limit(**{**_fields(found), "due_at": found.due_at + dt.timedelta(seconds=1)})

    patch.setattr("clic_deadlines.core.owed.count", count)


def _fields(found: Limit) -> dict[str, Any]:
    return {name: getattr(found, name) for name in Limit.__slots__}


def _nobody_reconciles_first(patch: pytest.MonkeyPatch) -> None:
    decided = obligation.decide

    def decide(command: obligation.Command, state: Obligations) -> tuple[Fact, ...]:
        if not isinstance(command, Look):
            return decided(command, state)
        found = state.by_id.get(command.obligation_id)
        rules = command.reconcile.rules
        return look.due_facts(found, command.now, rules, warns=True) if found is not None else NOTHING

    patch.setattr(intake_story, "DECIDER", Decider(Obligations(), evolve, decide))


def _failures_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    async def postpone(self: MemoryTaken, timer: Due, _: dt.datetime) -> None:
        await self.settle([Looked(timer, timer.position, ())])

    patch.setattr(MemoryTaken, "postpone", postpone)


def _timers_are_lost(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(MemoryTimerTable, "write", _write_nothing)


async def _write_nothing(*_: object) -> None:
    """As a table that loses what it is told."""


def _pauses_go_on_for_ever(patch: pytest.MonkeyPatch) -> None:
    effects = {event: effect for event, effect in duty._EFFECTS.items() if event is not RequestCompleted}
    patch.setattr(duty, "_EFFECTS", effects)


def _steps_are_skipped(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(look, "steps_left", lambda *given: list(steps_left(*given))[:1])


def _silence_is_no_refusal(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(AccessPath, "_deem", lambda _: None)


def _older_systems_are_chased(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(obligation, "is_backlog", lambda _: False)


MISTAKES = [
    _a_second_late,
    _nobody_reconciles_first,
    _failures_are_forgotten,
    _pauses_go_on_for_ever,
    _steps_are_skipped,
    _silence_is_no_refusal,
    _older_systems_are_chased,
    _timers_are_lost,
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda each: each.__name__.strip("_"))
def test_a_mistake_is_noticed_within_a_few_years(
    mistake: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An oracle that always agrees would say nothing."""
    mistake(monkeypatch)
    found = next((lines for seed in range(SEEDS_MAX) if (lines := wrong_in(seed, SMALL))), None)
    assert found is not None
    assert "make simulate SEED=" in found[0]

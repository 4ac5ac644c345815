"""Other worlds that agree with what is published, as HiGHS finds them. What it finds is checked by `core.puzzle`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import highspy
from highspy._core import _Highs as Solver  # Its subclass `Highs` greets on standard output, where a report goes.

from clic_reporting.core.puzzle import Movement, Puzzle

MOVE_MAX = 1_000
"""How far a count moves in the worlds that are looked for. A proof needs a few; bounded, no programme is unbounded."""
NODES_MAX = 500
"""Nodes of a search for whole numbers: a bound in time would give another result on another machine."""
ITERATIONS_MAX = 100_000
"""Steps of one linear programme."""
HIDDEN_COST = 1
"""For moving a hidden count by one: nearly nothing, so that worlds stay small."""
SHOWN_COST = 64
"""For moving a published one, times the digits of its value in base 2: large counts and totals say more."""
HABIT = 4
"""So many times cheaper is what was hidden of another period: two quarters hidden in the same place hide each other,
and their year can be shown."""
WHOLE = 1e-6
"""How near to a whole number a solver's number is one; the proof is checked exactly."""


@dataclass(frozen=True)
class World:
    """What a programme found."""

    movement: Movement
    whole: bool
    """In whole numbers; else it proves nothing, and only says what had better be hidden."""
    shown: frozenset[str]
    """Published counts that it moves."""
    loss: int
    """What hiding them costs."""


class Worlds:
    """Other worlds of a puzzle, from HiGHS: one programme, of which only bounds and costs change (a warm start)."""

    def __init__(self, puzzle: Puzzle, shown: frozenset[str], habit: frozenset[str]) -> None:
        """`shown`: published counts of the puzzle that could be hidden; zeros among them stay as they are.

        `habit`: those that had better be hidden than others.
        """
        self._habit = habit
        self._values = puzzle.values
        self._shown = {name for name in shown if puzzle.values[name] or puzzle.least[name] is None}
        self._least = {**puzzle.least, **{name: 1 for name in self._shown if puzzle.least[name] is not None}}
        movable = (frozenset(puzzle.values) - puzzle.known) | self._shown
        self._names = sorted(movable)
        self._index = {name: index for index, name in enumerate(self._names)}
        self._solver = _solver()
        if self._names:
            self._solver.passModel(self._programme(puzzle))

    def price(self, names: Iterable[str], *, hidden: bool) -> None:
        """Say that counts are hidden now, or published."""
        for name in sorted(set(names) & self._index.keys()):
            (self._shown.discard if hidden else self._shown.add)(name)
            for column in self._columns(name):
                self._solver.changeColCost(column, self._cost(name))

    def find(self, target: str, by: int) -> World | None:
        """The cheapest world in which a count is off by so many; None where there is none."""
        if target not in self._index or not -self._down_max(target) <= by <= MOVE_MAX:
            return None
        up, down = self._columns(target)
        self._bound(up, max(by, 0), max(by, 0))
        self._bound(down, max(-by, 0), max(-by, 0))
        moved = self._solved(whole=False)
        if moved is not None and not _is_whole(moved):
            moved = self._solved(whole=True) or moved
        self._bound(up, 0, MOVE_MAX)
        self._bound(down, 0, self._down_max(target))
        return None if moved is None else self._world(moved)

    def _world(self, moved: Mapping[str, float]) -> World:
        shown = frozenset(name for name in moved if name in self._shown)
        movement = {name: round(by) for name, by in moved.items()}
        return World(movement, _is_whole(moved), shown, sum(self._cost(name) for name in shown))

    def _solved(self, *, whole: bool) -> dict[str, float] | None:
        count = 2 * len(self._names)
        if whole:
            self._integrality(count, highspy.HighsVarType.kInteger)
        self._solver.run()
        optimal = self._solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
        numbers = list(self._solver.getSolution().col_value) if optimal else []
        if whole:
            self._integrality(count, highspy.HighsVarType.kContinuous)
        if not optimal:
            return None
        moves = zip(self._names, numbers[::2], numbers[1::2], strict=True)
        return {name: up - down for name, up, down in moves if abs(up - down) > WHOLE}

    def _integrality(self, count: int, kind: highspy.HighsVarType) -> None:
        for column in range(count):
            self._solver.changeColIntegrality(column, kind)

    def _programme(self, puzzle: Puzzle) -> highspy.HighsLp:
        """Two columns for each count, how far it moves up and down; a row for each equation: moves sum up to zero."""
        programme = highspy.HighsLp()
        rows = [
            [(2 * self._index[name] + side, factor * sign) for name, factor in row if name in self._index
             for side, sign in ((0, 1), (1, -1))]
            for row in puzzle.rows
        ]  # fmt: skip
        rows = [row for row in rows if row]
        programme.num_col_, programme.num_row_ = 2 * len(self._names), len(rows)
        programme.col_cost_ = [float(self._cost(name)) for name in self._names for _ in range(2)]
        programme.col_lower_ = [0.0] * programme.num_col_
        programme.col_upper_ = [
            float(bound) for name in self._names for bound in (MOVE_MAX, self._down_max(name))
        ]  # fmt: skip
        programme.row_lower_ = programme.row_upper_ = [0.0] * len(rows)
        programme.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        programme.a_matrix_.start_ = [sum(map(len, rows[:index])) for index in range(len(rows) + 1)]
        programme.a_matrix_.index_ = [column for row in rows for column, _ in row]
        programme.a_matrix_.value_ = [float(factor) for row in rows for _, factor in row]
        return programme

    def _columns(self, name: str) -> tuple[int, int]:
        index = self._index[name]
        return 2 * index, 2 * index + 1

    def _bound(self, column: int, low: int, high: int) -> None:
        self._solver.changeColBounds(column, float(low), float(high))

    def _down_max(self, name: str) -> int:
        least = self._least[name]
        return MOVE_MAX if least is None else min(self._values[name] - least, MOVE_MAX)

    def _cost(self, name: str) -> int:
        if name not in self._shown:
            return HIDDEN_COST
        return SHOWN_COST * abs(self._values[name]).bit_length() // (HABIT if name in self._habit else 1)


def _solver() -> Solver:
    """A solver that takes the same steps whenever it is given the same: one thread, no bound in time."""
    solver = Solver()
    for option, value in (
        ("output_flag", False), ("threads", 1), ("parallel", "off"), ("random_seed", 0), ("presolve", "off"),
        ("solver", "simplex"), ("simplex_iteration_limit", ITERATIONS_MAX), ("mip_max_nodes", NODES_MAX),
    ):  # fmt: skip
        solver.setOptionValue(option, value)
    return solver


def _is_whole(moved: Mapping[str, float]) -> bool:
    return all(abs(by - round(by)) <= WHOLE for by in moved.values())

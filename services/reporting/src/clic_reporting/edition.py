"""What is hidden beside the small counts, so that nobody can work those out: looked for by HiGHS, proved without it.

For each hidden count that is not proven yet, a linear programme asks for the cheapest other world: the hidden count
moves by what its interval lacks, published counts that would have to move cost what their loss is worth, and those
that the cheapest world moves are hidden too. The world found is the proof. It is the network heuristic of statistical
offices (Kelly, Golden and Assad, 1992), for any linear equations. What turns out not to be needed is shown again, and
every proof is checked in whole numbers by `core.suppression`: the solver is not trusted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import highspy
import structlog
from highspy import _Highs as Solver  # Its subclass `Highs` greets on standard output, where a report goes.

from clic_chassis.error import ClicError

from .core.suppression import WIDTH, Edition, Figures, Link, Movement, Puzzle, Reason, primary, puzzle, standing

log = structlog.get_logger()

ROUNDS_MAX = 50
"""Rounds over the hidden counts; each but the last hides more. A quarter takes two or three."""
SPARED_MAX = 2_000
"""Counts of which it is tried whether they can be shown after all."""
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
WHOLE = 1e-6
"""How near to a whole number a solver's number is one; the proof is checked exactly."""


class UnsafeEditionError(ClicError):
    """A choice of hidden counts does not protect them. Nothing of it may be published."""


@dataclass(frozen=True)
class Choice:
    """What is hidden of an edition."""

    edition: Edition
    reasons: Mapping[str, Reason]
    """Of every hidden count, by name."""
    standing: Mapping[str, int] = field(default_factory=dict)
    """Of hidden ones, what was published of them before: it may be shown in their place."""
    withheld: bool = False
    """Nothing can be published of this edition: every count is hidden, zeros too."""

    @property
    def hidden(self) -> frozenset[str]:
        """Names of the hidden counts."""
        return self.edition.hidden


def choose(figures: Figures, earlier: Sequence[Edition] = (), across: Sequence[Link] = ()) -> Choice:
    """Hide what has to be hidden of figures, after what was published before. Source: POL-38, docs/decisions/0015.

    `across`: equations between these figures and those of earlier editions, such as four quarters and their year.
    Always ends with a choice that is proven safe; in the last resort nothing is published. The same figures and
    earlier editions give the same choice.

    Raises:
        InconsistentFiguresError: an equation does not hold.
    """
    figures.check()
    search = _Search(figures, earlier, across)
    if not search.protect():
        log.warning("edition_withheld", counts=len(figures.values), editions_before=len(earlier))
        printed = frozenset(figures.values) - figures.unprinted
        reasons = {name: search.reasons.get(name, Reason.SECONDARY) for name in sorted(printed)}
        return Choice(Edition(figures, printed), reasons, withheld=True)
    search.spare()
    prove(search.edition, earlier, across, [view.movements for view in search.views])
    stands = {name: standing(name, earlier, across) for name in sorted(search.hidden)} if earlier else {}
    return Choice(
        search.edition,
        {name: search.reasons.get(name, Reason.SECONDARY) for name in sorted(search.hidden)},
        {name: value for name, value in stands.items() if value is not None},
    )


def prove(
    edition: Edition,
    earlier: Sequence[Edition],
    across: Iterable[Link],
    movements: Sequence[Iterable[Movement]],
) -> None:
    """Check that worlds prove an edition safe, by itself (the first of `movements`) and with earlier ones (the last).

    Raises:
        UnsafeEditionError: they do not; it names a count that could be worked out.
    """
    for (before, links), worlds in zip(_settings(earlier, across), movements, strict=True):
        if unproven := puzzle((*before, edition), links).unproven(worlds):
            raise UnsafeEditionError(
                f"{len(unproven)} hidden counts are not proven safe, {min(unproven)} for one: nothing was published"
            )


def _settings(earlier: Sequence[Edition], across: Iterable[Link]) -> list[tuple[Sequence[Edition], tuple[Link, ...]]]:
    """An edition is looked at by itself, and together with those before it."""
    alone: tuple[Sequence[Edition], tuple[Link, ...]] = ((), ())
    return [alone, (earlier, tuple(across))] if earlier else [alone]


class _Search:
    """The growing set of hidden counts."""

    def __init__(self, figures: Figures, earlier: Sequence[Edition], across: Sequence[Link]) -> None:
        self.figures = figures
        self.reasons = primary(figures, earlier, across)
        self.hidden = set(self.reasons)
        self.printed = frozenset(figures.values) - figures.unprinted
        self.views = [_View(self.edition, before, links) for before, links in _settings(earlier, across)]

    @property
    def edition(self) -> Edition:
        return Edition(self.figures, frozenset(self.hidden))

    def protect(self) -> bool:
        """Hide more until everything is proven; False where even hiding everything that is not zero does not do."""
        for _ in range(ROUNDS_MAX):
            unproven = [(view, target) for view in self.views for target in sorted(view.look(self.edition))]
            if not unproven:
                return True
            hidden_before = len(self.hidden)
            for view, target in unproven:
                if view.width(target) < WIDTH:
                    self._hide(view.widen(target))
            stuck = any(view.width(target) < WIDTH for view, target in unproven)
            if stuck and len(self.hidden) == hidden_before:
                self._hide(name for name in self.printed if self.figures.values[name])
                if len(self.hidden) == hidden_before:
                    return False
        return False

    def _hide(self, names: Iterable[str]) -> None:
        new = (set(names) & self.printed) - self.hidden
        self.hidden |= new
        for view in self.views:
            view.worlds.price(new, hidden=True)

    def spare(self) -> None:
        """Show again what the proofs do not need, the largest first."""
        secondary = sorted(self.hidden - set(self.reasons), key=lambda name: (-abs(self.figures.values[name]), name))
        for name in secondary[:SPARED_MAX]:
            edition = Edition(self.figures, frozenset(self.hidden - {name}))
            for view in self.views:
                view.worlds.price((name,), hidden=False)
            if all(view.can_do(edition) for view in self.views):
                self.hidden.discard(name)
            else:
                for view in self.views:
                    view.worlds.price((name,), hidden=True)
        for view in self.views:
            view.look(self.edition)


class _View:
    """An edition as everybody sees it, by itself or after earlier ones, and the worlds that prove it safe."""

    def __init__(self, edition: Edition, earlier: Sequence[Edition], across: tuple[Link, ...]) -> None:
        self._earlier = earlier
        self._across = across
        self.puzzle = self._puzzle(edition)
        shown_before = frozenset().union(*(each.shown for each in earlier))
        self.movements: list[Movement] = []
        self._low: dict[str, int] = {}
        self._high: dict[str, int] = {}
        self.worlds = Worlds(self.puzzle, edition.shown - shown_before)

    def _puzzle(self, edition: Edition) -> Puzzle:
        return puzzle((*self._earlier, edition), self._across)

    def look(self, edition: Edition) -> frozenset[str]:
        """What is not proven of an edition; worlds that no longer are any are forgotten."""
        self.puzzle = self._puzzle(edition)
        kept = [movement for movement in self.movements if self.puzzle.accepts(movement)]
        self.movements, self._low, self._high = [], {}, {}
        for movement in kept:
            self._keep(movement)
        return frozenset(target for target in self.puzzle.targets if self.width(target) < WIDTH)

    def can_do(self, edition: Edition) -> bool:
        """Whether an edition can be proven without hiding more of it."""
        before = self.puzzle, self.movements, self._low, self._high
        for target in sorted(self.look(edition)):
            if self.width(target) < WIDTH and (self.widen(target, spend=False) is None or self.width(target) < WIDTH):
                self.puzzle, self.movements, self._low, self._high = before
                return False
        return True

    def width(self, name: str) -> int:
        """Of the interval that the worlds leave."""
        return self._high.get(name, 0) - self._low.get(name, 0)

    def widen(self, target: str, *, spend: bool = True) -> frozenset[str]:
        """Find a world that gives a target its interval; the published counts that it moves.

        `spend`: whether it may move any.
        """
        lacking = WIDTH - self.width(target)
        up = self.worlds.find(target, self._high.get(target, 0) + lacking)
        best = up
        if up is None or up.shown:
            down = self.worlds.find(target, self._low.get(target, 0) - lacking)
            if down is not None and (up is None or down.loss < up.loss):
                best = down
        if best is None or (best.shown and not spend):
            return frozenset()
        if best.whole:
            self._keep(best.movement)
        return best.shown

    def _keep(self, movement: Movement) -> None:
        self.movements.append(movement)
        for name, by in movement.items():
            self._low[name] = min(self._low.get(name, 0), by)
            self._high[name] = max(self._high.get(name, 0), by)


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

    def __init__(self, puzzle: Puzzle, shown: frozenset[str]) -> None:
        """`shown`: published counts of the puzzle that could be hidden; zeros among them stay as they are."""
        self._values = puzzle.values
        self._shown = {name for name in shown if puzzle.values[name]}
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
        moved = {name: numbers[2 * index] - numbers[2 * index + 1] for index, name in enumerate(self._names)}
        return {name: by for name, by in moved.items() if abs(by) > WHOLE}

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
        return SHOWN_COST * abs(self._values[name]).bit_length() if name in self._shown else HIDDEN_COST


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

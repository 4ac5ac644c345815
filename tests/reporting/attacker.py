"""Somebody who reads everything that was published and works out what was not: by whole numbers, apart from our code.

Nothing of `clic_reporting.edition` is used, and of `core.suppression` only the shapes. The programme is another one:
it has the counts themselves as unknowns, one for each edition, not how far they move.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf
from typing import NamedTuple

from highspy import HighsLp, HighsModelStatus, HighsVarType, MatrixFormat, ObjSense
from highspy._core import _Highs as Solver

from clic_reporting.core.suppression import WIDTH, Edition, Link

FAR = 10_000.0
"""Beyond any count of these tests: what can be so much can be anything."""


class Interval(NamedTuple):
    """What a count can be, as far as anybody can tell."""

    low: float
    high: float

    @property
    def width(self) -> float:
        """From one end to the other."""
        return self.high - self.low


class Bound(NamedTuple):
    """Between what the sum of some counts lies."""

    names: tuple[str, ...]
    low: float = 0
    high: float = FAR


class Attacker:
    """Knows what editions show, their equations, and small corrections from one to the next, to the last request.

    A correction of `WIDTH` or more he does not know: taking one count for the other he would be wrong by as much.

    `between`: equations over counts of different editions. He is told by how much they are off: more than anybody
    outside knows, so that what he cannot find nobody can.

    `bounds`: what he read elsewhere, of the newest edition's counts.
    """

    def __init__(
        self,
        editions: Sequence[Edition],
        between: Iterable[Link] = (),
        *,
        bounds: Iterable[Bound] = (),
        whole: bool = True,
    ) -> None:
        self._place: dict[tuple[int, str], int] = {}
        self._low: list[float] = []
        self._high: list[float] = []
        self._rows: list[tuple[dict[int, float], float]] = []
        self._last: dict[str, int] = {}
        self._value: list[int] = []
        self._same: dict[int, int] = {}
        self._shown: set[int] = set()
        for number, edition in enumerate(editions):
            self._read(number, edition)
        newest = {name: edition.figures.values[name] for edition in editions for name in edition.figures.values}
        for link in between:
            names = (*link.left, *link.right)
            if all(name in newest for name in names):
                off = sum(newest[name] for name in link.left) - sum(newest[name] for name in link.right)
                self._add(link, self._last, off)
        for bound in bounds:
            self._rows.append(({**{self._last[name]: 1.0 for name in bound.names}, len(self._low): -1.0}, 0))
            self._low.append(bound.low)
            self._high.append(bound.high)
        self._solver = self._program(whole=whole)

    def _read(self, number: int, edition: Edition) -> None:
        for name, value in sorted(edition.figures.values.items()):
            self._place[number, name] = column = len(self._low)
            shown = name not in edition.hidden and name not in edition.figures.unprinted
            signed = name in edition.figures.signed
            self._low.append(value if shown else -FAR if signed else self._least(edition, name))
            self._high.append(value if shown else FAR)
            before = self._last.get(name)
            if before is not None and abs(value - self._value[before]) < WIDTH:
                self._same[column] = self._same[before]
                self._rows.append(({column: 1.0, before: -1.0}, value - self._value[before]))
            else:
                self._same[column] = column
            if shown:
                self._shown.add(self._same[column])
            self._last[name] = column
            self._value.append(value)
        for link in edition.figures.links:
            self._add(link, {name: self._place[number, name] for name in edition.figures.values}, 0)

    @staticmethod
    def _least(edition: Edition, name: str) -> float:
        """The mark says that there is somebody, but in a group of which nothing is shown."""
        if name in edition.figures.unprinted:
            return 0
        whole_groups = [
            link for link in edition.figures.links
            if link.group and name in link.right and all(each in edition.hidden for each in (*link.left, *link.right))
        ]  # fmt: skip
        return 0 if whole_groups or edition.figures.values[name] == 0 else 1

    def _add(self, link: Link, place: dict[str, int], off: float) -> None:
        row: dict[int, float] = {}
        for side, sign in ((link.left, 1.0), (link.right, -1.0)):
            for name in side:
                row[place[name]] = row.get(place[name], 0.0) + sign
        self._rows.append((row, off))

    def _program(self, *, whole: bool) -> Solver:
        program = HighsLp()
        count = len(self._low)
        program.num_col_, program.num_row_ = count, len(self._rows)
        program.col_cost_ = [0.0] * count
        program.col_lower_, program.col_upper_ = self._low, self._high
        program.row_lower_ = program.row_upper_ = [float(off) for _, off in self._rows]
        program.a_matrix_.format_ = MatrixFormat.kRowwise
        starts = [0]
        for row, _ in self._rows:
            starts.append(starts[-1] + len(row))
        program.a_matrix_.start_ = starts
        program.a_matrix_.index_ = [column for row, _ in self._rows for column in row]
        program.a_matrix_.value_ = [factor for row, _ in self._rows for factor in row.values()]
        if whole:
            program.integrality_ = [HighsVarType.kInteger] * count
        solver = Solver()
        for option, value in (("output_flag", False), ("threads", 1)):
            solver.setOptionValue(option, value)
        solver.passModel(program)
        return solver

    def is_told(self, name: str, edition: int = 0) -> bool:
        """Whether some edition shows the count, as it is in this one or nearly."""
        return self._same[self._place[edition, name]] in self._shown

    def interval(self, name: str, edition: int = 0) -> Interval:
        """All that can be said of a count of an edition."""
        column = self._place[edition, name]
        self._solver.changeColCost(column, 1.0)
        ends = [self._end(column, ObjSense.kMinimize), self._end(column, ObjSense.kMaximize)]
        self._solver.changeColCost(column, 0.0)
        return Interval(*ends)

    def _end(self, column: int, sense: ObjSense) -> float:
        self._solver.changeObjectiveSense(sense)
        self._solver.run()
        status = self._solver.getModelStatus()
        assert status == HighsModelStatus.kOptimal, f"the attacker's programme: {status}"
        end = float(round(self._solver.getSolution().col_value[column]))
        return end if abs(end) < FAR else end * inf

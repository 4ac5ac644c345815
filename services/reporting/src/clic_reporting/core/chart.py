"""Charts as data, each of its table: what is drawn, how wide, and what it says to those who do not see it.

Widths and heights are percents. A count that the table withholds is not drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .language import Words
from .table import Cell, Row, Table

BARS_MAX = 12
"""Bars of one chart; the rest are drawn together as « Autres »."""
_NICE = (1, 2, 2.5, 5, 10)
_TICKS = 4


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a chart."""

    label: str
    value: int | None
    """None: withheld."""
    percent: float
    """Length, of the longest."""
    rest: bool = False
    """Stands for several codes."""


@dataclass(frozen=True, slots=True)
class BarChart:
    """Counts by something, the most frequent first."""

    bars: tuple[Bar, ...]
    description: str


def bar_chart(table: Table, words: Words) -> BarChart:
    """The chart of a table's drawn column; beyond `BARS_MAX` rows the last are drawn together."""
    index = next(index for index, column in enumerate(table.columns) if column.drawn)
    rows = [(row.title, _count(row.cells[index])) for row in table.body]
    drawn = [each for each in rows if each[1] != 0] or rows
    shown, rest = (drawn, []) if len(drawn) <= BARS_MAX else (drawn[: BARS_MAX - 1], drawn[BARS_MAX - 1 :])
    bars = [(title, value, False) for title, value in shown]
    if rest:
        bars.append((f"{words('Autres', 'Others')} ({len(rest)})", _sum([value for _, value in rest]), True))
    longest = max((value or 0 for _, value, _ in bars), default=0)
    total = None if table.total is None else _count(table.total.cells[index])
    return BarChart(
        tuple(
            Bar(title, value, round(100 * (value or 0) / longest, 2) if longest else 0.0, several)
            for title, value, several in bars
        ),
        _told_bars(bars, total, words),
    )


def _told_bars(bars: Sequence[tuple[str, int | None, bool]], total: int | None, words: Words) -> str:
    told = "; ".join(
        f"{title}{words.colon} {words.number(value)}" + (f" ({words.share(value, total)})" if total else "")
        for title, value, _ in bars
        if value
    )
    nothing = words("aucune valeur à montrer", "nothing to show")
    return f"{words('Diagramme à barres', 'Bar chart')}. {told or nothing}."


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a bar that is 100 percent long."""

    state: str
    value: int
    start: float
    percent: float


@dataclass(frozen=True, slots=True)
class Stack:
    """What came of one sort of something."""

    label: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class StackChart:
    """Parts of wholes, a bar of full length for each."""

    stacks: tuple[Stack, ...]
    legend: tuple[tuple[str, str], ...]
    """State and what it is called, in the order drawn."""
    description: str


def stack_chart(table: Table, words: Words) -> StackChart:
    """The chart of a table's drawn columns. A row with something withheld is not drawn: its parts would not add up."""
    drawn = [index for index, column in enumerate(table.columns) if column.drawn]
    states = [table.columns[index] for index in drawn]
    stacks = tuple(Stack(row.title, _segments(row, drawn, table)) for row in table.body)
    told = " ".join(
        f"{each.label}{words.colon} "
        + ", ".join(
            f"{words.number(part.value)} {next(s.title for s in states if s.key == part.state).lower()}"
            for part in each.segments
        )
        + "."
        for each in stacks
        if each.segments
    )
    begins = words("Diagramme à barres empilées", "Stacked bar chart")
    legend = tuple((each.key, each.title) for each in states)
    return StackChart(stacks, legend, f"{begins}. {told or words('Aucune valeur à montrer.', 'Nothing to show.')}")


def _segments(row: Row, drawn: Sequence[int], table: Table) -> tuple[Segment, ...]:
    values = [_count(row.cells[index]) for index in drawn]
    whole = sum(value or 0 for value in values)
    if None in values or not whole:
        return ()
    segments: list[Segment] = []
    start = 0.0
    for index, value in zip(drawn, values, strict=True):
        percent = 100 * (value or 0) / whole
        if value:
            segments.append(Segment(table.columns[index].key, value, round(start, 2), round(percent, 2)))
        start += percent
    return tuple(segments)


@dataclass(frozen=True, slots=True)
class Group:
    """Columns that stand together: where their middle is, and how high each is."""

    key: str
    label: str
    middle: float
    heights: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the scale."""

    value: int
    height: float


@dataclass(frozen=True, slots=True)
class ColumnChart:
    """Counts over time."""

    groups: tuple[Group, ...]
    legend: tuple[tuple[str, str], ...]
    ticks: tuple[Tick, ...]
    column_percent: float
    description: str


SCALE_PERCENT = 10.0
"""Left of the columns, for the scale's numbers."""


def column_chart(table: Table, words: Words) -> ColumnChart:
    """The chart of a table's drawn columns, row by row. What is negative is not drawn; the table tells it."""
    drawn = [index for index, column in enumerate(table.columns) if column.drawn]
    values = [[max(_count(row.cells[index]) or 0, 0) for index in drawn] for row in table.body]
    top = nice(max((max(each) for each in values), default=0))
    band = (100 - SCALE_PERCENT) / max(len(values), 1)
    groups = tuple(
        Group(
            row.key,
            row.title,
            round(SCALE_PERCENT + band * (index + 0.5), 2),
            tuple(round(100 * value / top, 2) for value in values[index]),
        )
        for index, row in enumerate(table.body)
    )
    ticks = tuple(Tick(round(top * n / _TICKS), 100 * n / _TICKS) for n in range(_TICKS + 1))
    legend = tuple((table.columns[index].key, table.columns[index].title) for index in drawn)
    return ColumnChart(groups, legend, ticks, round(min(band * 0.36, 7), 2), _told_columns(table, drawn, words))


def _told_columns(table: Table, drawn: Sequence[int], words: Words) -> str:
    told = "; ".join(
        f"{row.title}{words.colon} "
        + ", ".join(
            f"{words.number(value)} {table.columns[index].title.lower()}"
            for index in drawn
            if (value := _count(row.cells[index])) is not None
        )
        for row in table.body
    )
    begins = words("Diagramme à colonnes, du plus ancien au plus récent", "Column chart, from oldest to newest")
    return f"{begins}. {told}."


def nice(value: int) -> int:
    """The smallest round number that is not below a value, divisible by four, so that a scale reads well."""
    unit = _TICKS
    while True:
        for each in _NICE:
            candidate = round(unit * each)
            if candidate >= value and candidate % _TICKS == 0:
                return candidate
        unit *= 10


def _count(cell: Cell) -> int | None:
    return cell.value if isinstance(cell.value, int) else None


def _sum(values: Sequence[int | None]) -> int | None:
    """Together; None where one of them is withheld."""
    return None if None in values else sum(each or 0 for each in values)

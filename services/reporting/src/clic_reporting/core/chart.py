"""Charts as data: what is drawn, how wide, and what it says to those who do not see it. Widths are percents."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from .figure import Comparison, ObligationCounts, QuarterBalance, Report
from .french import NBSP, number, share
from .label import CHANNELS, KINDS, OBLIGATIONS, STATUSES, Labels, label

ROWS_MAX = 12
"""Bars of one chart; the rest are drawn together as « Autres »."""
_NICE = (1, 2, 2.5, 5, 10)
_TICKS = 4


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a chart and of the table beside it."""

    label: str
    value: int
    before: int | None
    """The same in the quarter before; None where there is none."""
    percent: float
    """Length, of the longest."""
    share: str
    rest: bool = False
    """Stands for several codes."""


@dataclass(frozen=True, slots=True)
class BarChart:
    """Counts by something, the most frequent first."""

    ident: str
    title: str
    heading: str
    """What the rows are."""
    bars: tuple[Bar, ...]
    total: int
    total_before: int | None

    @property
    def description(self) -> str:
        """The chart in words."""
        if not self.total:
            return "Aucune donnée."
        told = "; ".join(f"{bar.label}{NBSP}: {number(bar.value)} ({bar.share})" for bar in self.bars if bar.value)
        return f"Diagramme à barres, de la plus fréquente à la moins fréquente. {told}."


def bar_chart(
    ident: str,
    title: str,
    heading: str,
    counts: Mapping[str, int],
    before: Mapping[str, int] | None,
    name: Callable[[str], str],
    *,
    others: str = "Autres",
) -> BarChart:
    """A chart of counts by code; beyond `ROWS_MAX` codes the rarest are counted together."""
    codes = list(counts)
    shown, rest = (codes, []) if len(codes) <= ROWS_MAX else (codes[: ROWS_MAX - 1], codes[ROWS_MAX - 1 :])
    rows = [(name(code), counts[code], None if before is None else before.get(code, 0), False) for code in shown]
    total = sum(counts.values())
    total_before = None if before is None else sum(before.values())
    if rest:
        before_rest = None if total_before is None else total_before - sum(row[2] or 0 for row in rows)
        rows.append((f"{others} ({len(rest)})", sum(counts[code] for code in rest), before_rest, True))
    longest = max((row[1] for row in rows), default=0)
    bars = tuple(
        Bar(told, value, earlier, round(100 * value / longest, 2) if longest else 0.0, share(value, total), several)
        for told, value, earlier, several in rows
    )
    return BarChart(ident, title, heading, bars, total, total_before)


def quarter_charts(comparison: Comparison, labels: Labels) -> dict[str, BarChart]:
    """The bar charts of a quarter. Source: POL-31, POL-35."""

    def counts(of: str, field: str) -> tuple[dict[str, int], dict[str, int] | None]:
        now, before = (
            getattr(getattr(report, of), field) if report is not None else None
            for report in (comparison.report, comparison.before)
        )
        return now or {}, before

    def by(names: dict[str, str]) -> Callable[[str], str]:
        return lambda code: label(names, code)

    requests, title = "requests", "Demandes reçues par"
    return {
        "kind": bar_chart("nature", f"{title} nature", "Nature", *counts(requests, "by_kind"), by(KINDS)),
        "status": bar_chart("etat", f"{title} état actuel", "État", *counts(requests, "by_status"), by(STATUSES)),
        "channel": bar_chart(
            "canal", f"{title} canal du premier contact", "Canal", *counts(requests, "by_first_channel"), by(CHANNELS)
        ),
        "interaction": bar_chart(
            "contact", "Interactions par canal", "Canal", *counts("interactions", "by_channel"), by(CHANNELS)
        ),
        "department": bar_chart(
            "service", f"{title} service", "Service", *counts(requests, "by_department"), labels.department
        ),
        "subject": bar_chart("sujet", f"{title} sujet", "Sujet", *counts(requests, "by_subject"), labels.subject),
    }


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a bar that is 100 percent long."""

    state: str
    value: int
    start: float
    percent: float


@dataclass(frozen=True, slots=True)
class Stack:
    """What came of one sort of obligation; lifted ones bind nobody and are not drawn."""

    label: str
    values: dict[str, int]
    """By the states of `DRAWN`, and `lifted`."""
    on_time: str
    """Share kept in time, of those that were measured."""
    segments: tuple[Segment, ...]


DRAWN = {
    "met": "tenues à temps",
    "late": "tenues en retard",
    "assumed": "tenues à une date supposée",
    "missed": "non tenues",
    "open": "encore à tenir",
}
"""States that a stack shows, in its order, and what they are called."""


def stack(name: str, counts: ObligationCounts) -> Stack:
    """One row of the obligations' chart. What was kept at an assumed instant is told apart: it measures no delay."""
    values = {
        "met": counts.kept,
        "late": counts.late - counts.late_assumed,
        "assumed": counts.met_assumed + counts.late_assumed,
        "missed": counts.missed,
        "open": counts.open,
    }
    whole = sum(values.values())
    segments: list[Segment] = []
    start = 0.0
    for state, value in values.items():
        percent = 100 * value / whole if whole else 0.0
        if value:
            segments.append(Segment(state, value, round(start, 2), round(percent, 2)))
        start += percent
    on_time = share(values["met"], counts.measured)
    return Stack(name, {**values, "lifted": counts.lifted}, on_time, tuple(segments))


def quarter_stacks(report: Report) -> list[Stack]:
    """The rows of a quarter's obligations, by what was owed, and all of them together at the end."""
    by_kind = [stack(label(OBLIGATIONS, kind), counts) for kind, counts in report.obligations.by_kind.items()]
    return [*by_kind, stack("Toutes", report.obligations)]


def told_stacks(stacks: Sequence[Stack]) -> str:
    """The obligations' chart in words."""
    return " ".join(
        f"{each.label}{NBSP}: " + ", ".join(f"{number(part.value)} {DRAWN[part.state]}" for part in each.segments) + "."
        for each in stacks
    )


@dataclass(frozen=True, slots=True)
class Column:
    """A quarter in the trend: where its two columns stand and how high they are, in percents."""

    balance: QuarterBalance
    name: str
    middle: float
    received: float
    treated: float


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the trend's scale."""

    value: int
    height: float


@dataclass(frozen=True, slots=True)
class Trend:
    """Received and treated over some quarters."""

    columns: tuple[Column, ...]
    ticks: tuple[Tick, ...]
    column_percent: float

    @property
    def description(self) -> str:
        """The chart in words."""
        told = "; ".join(
            f"{column.name}{NBSP}: {number(column.balance.received)} reçues, {number(column.balance.treated)} traitées"
            for column in self.columns
        )
        return f"Diagramme à colonnes, du plus ancien au plus récent trimestre. {told}."


SCALE_PERCENT = 10.0
"""Left of the columns, for the scale's numbers."""


def trend(balances: Sequence[QuarterBalance]) -> Trend:
    """The trend of some quarters, the oldest first. What is negative is not drawn; the table tells it."""
    top = nice(max((max(each.received, each.treated) for each in balances), default=0))
    band = (100 - SCALE_PERCENT) / max(len(balances), 1)
    columns = tuple(
        Column(
            each,
            f"T{each.period[-1]}{NBSP}{each.period[:4]}",
            round(SCALE_PERCENT + band * (index + 0.5), 2),
            round(100 * max(each.received, 0) / top, 2),
            round(100 * max(each.treated, 0) / top, 2),
        )
        for index, each in enumerate(balances)
    )
    ticks = tuple(Tick(round(top * n / _TICKS), 100 * n / _TICKS) for n in range(_TICKS + 1))
    return Trend(columns, ticks, round(min(band * 0.36, 7), 2))


def nice(value: int) -> int:
    """The smallest round number that is not below a value, divisible by four, so that a scale reads well."""
    unit = _TICKS
    while True:
        for each in _NICE:
            candidate = round(unit * each)
            if candidate >= value and candidate % _TICKS == 0:
                return candidate
        unit *= 10

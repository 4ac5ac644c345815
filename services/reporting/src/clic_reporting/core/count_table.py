"""Tables of counts: by code, side by side for several periods, with totals and shares."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from .figure import Comparison, Report
from .language import Words
from .period import parse_period
from .table import Cell, ChartForm, Column, Row, Table, Unit


class Series(NamedTuple):
    """One period in a table: a column of counts."""

    key: str
    title: str
    report: Report
    now: bool
    """The period of the report itself."""


def series_of(comparison: Comparison, words: Words) -> tuple[Series, ...]:
    """A quarter beside the one before and that of last year; a year beside its quarters and the year before."""

    def named(key: str, report: Report, *, now: bool = False) -> Series:
        return Series(key, words.short(parse_period(report.period)), report, now)

    parts = [named(f"q{number}", part) for number, part in enumerate(comparison.parts, 1)]
    before = [] if comparison.before is None else [named("before", comparison.before)]
    year_before = comparison.year_before
    if year_before is not None and comparison.before is not None and year_before.period == comparison.before.period:
        year_before = None
    earlier = [] if year_before is None else [named("year_before", year_before)]
    return (*parts, named("now", comparison.report, now=True), *before, *earlier)


def counted_rows(series: Sequence[Series]) -> tuple[Column, ...]:
    """A column of counts for each period."""
    return tuple(
        Column(key="count" if each.now else f"count_{each.key}", title=each.title, unit=Unit.COUNT, drawn=each.now)
        for each in series
    )


def found(report: Report, path: str) -> Any:
    """The figure at a path such as `requests.by_kind.complaint`; 0 where a count by code has none."""
    value: Any = report
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else getattr(value, part, None)
        if value is None:
            return None
    return value


def name(report: Report, path: str) -> str:
    """A figure's name, the same wherever it stands."""
    return f"{report.period}/{path}"


def value_cell(report: Report, path: str, of: Sequence[str] = ()) -> Cell:
    """A figure. What no row of the log counts is 0; a delay of nothing is none."""
    value = found(report, path)
    if value is None and not of:
        value = 0
    return Cell(value=value, name=name(report, path), of=tuple(name(report, each) for each in of))


def share_cell(report: Report, part: str, whole: str) -> Cell:
    """A part of a whole; none of nothing."""
    value, of = found(report, part) or 0, found(report, whole) or 0
    return Cell(value=value / of if of else None, of=(name(report, part), name(report, whole)))


def code_table(
    key: str,
    title: str,
    heading: str,
    path: str,
    total: str,
    *,
    named: Callable[[str], str],
    series: Sequence[Series],
    words: Words,
    ordered: bool = True,
    chart: ChartForm | None = ChartForm.BARS,
) -> Table:
    """Counts by code, the most frequent first (`ordered`), and their total; the share is of the report's own period."""
    now = next(each for each in series if each.now)
    codes = list(found(now.report, path))
    others = {code for each in series for code in found(each.report, path) or {}} - set(codes)
    every = [*codes, *sorted(others)]
    if ordered:
        every.sort(key=lambda code: (-(found(now.report, path).get(code, 0)), code))
    columns = list(counted_rows(series))
    place = series.index(now) + 1
    columns.insert(place, Column(key="share", title=words("Part", "Share"), unit=Unit.SHARE))

    def row(of: str, code: str, told: str, *, whole: bool = False) -> Row:
        cells = [value_cell(each.report, of) for each in series]
        cells.insert(place, share_cell(now.report, of, total))
        return Row(key=code, title=told, cells=tuple(cells), total=whole)

    return Table(
        key=key,
        title=title,
        heading=heading,
        columns=tuple(columns),
        rows=(
            *(row(f"{path}.{code}", code, named(code)) for code in every),
            row(total, "total", "Total", whole=True),
        ),
        chart=chart if any(found(now.report, path).values()) else None,
    )

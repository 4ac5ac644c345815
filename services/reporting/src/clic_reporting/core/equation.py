"""What holds between the counts of a report: whoever has some of them can work out others. Source: POL-38."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from .content import INDICATORS, TREND_QUARTERS
from .count_table import found, name
from .figure import Comparison, QuarterBalance, Report
from .period import Period, parse_period
from .suppression import Figures, Link
from .table import Table, counts

FLOWS = (
    "requests.received", "requests.treated", "requests.reopenings", "requests.transfers", "requests.first_line",
    "requests.to_direction_generale", "requests.unusual", "requests.confidential", "interactions.total",
    "interactions.follow_ups", "interactions.follow_ups_first_line", "satisfaction.total",
)  # fmt: skip
"""What happens within a period: a year has what its quarters have together."""
SPLITS = (
    ("requests.received", "requests.by_kind"),
    ("requests.received", "requests.by_status"),
    ("requests.received", "requests.by_first_channel"),
    ("requests.received", "requests.by_department"),
    ("requests.received", "requests.by_subject"),
    ("requests.treated", "requests.treated_by_department"),
    ("requests.pending_at_end", "requests.pending_by_department"),
    ("requests.pending_at_end", "requests.pending_by_age"),
    ("requests.unusual", "requests.unusual_by_kind"),
    ("requests.unusual", "requests.unusual_by_channel"),
    ("requests.unusual", "requests.unusual_by_department"),
    ("interactions.total", "interactions.by_channel"),
    ("satisfaction.total", "satisfaction.by_rating"),
)
"""A total, and the counts by code that add up to it."""
SUBSETS = (
    *(("requests.unusual_by_kind", "requests.by_kind"), ("requests.unusual_by_channel", "requests.by_first_channel")),
    ("requests.unusual_by_department", "requests.by_department"),
)
"""Counts by code of a part, and those of the whole: what is left is known, too."""
STATES = ("kept", "kept_late", "kept_assumed", "missed", "overdue", "waiting", "lifted")
ELSE = "else:"
"""Begins the name of what is left of a whole; it stands in no table."""


def published(comparison: Comparison, tables: Iterable[Table]) -> Figures:
    """The counts that tables publish, what can be worked out of them, and how they hang together."""
    printed = counts(tables)
    known = {key: value for report in comparison.reports for key, value in _left_over(report, printed)}
    values = {**printed, **known}
    links = dict.fromkeys(each for each in equations(comparison) if all(name in values for name, _ in each.terms))
    signed = frozenset(
        each for each in values if each.endswith("/requests.treated") or ".treated_by_department." in each
    )
    return Figures(values, tuple(each for each in links if each.terms), frozenset(known), signed)


def equations(comparison: Comparison) -> Iterator[Link]:
    """Everything that holds between the counts of any report, whether its tables show them or not."""
    for report in comparison.reports:
        yield from _of_one(report)
    yield from _of_quarters(comparison)
    yield from _of_year(comparison)


def _of_one(report: Report) -> Iterator[Link]:
    def named(path: str) -> str:
        return name(report, path)

    for total, parts in SPLITS:
        codes = found(report, parts)
        if codes:
            yield Link((named(total),), tuple(named(f"{parts}.{code}") for code in codes), group=True)
    yield Link(
        (named("requests.pending_at_start"), named("requests.received")),
        (named("requests.treated"), named("requests.pending_at_end")),
    )
    for part, whole, rest in _wholes(report):
        yield Link((named(whole),), (named(part), named(rest)), group=True)
    for by in ("by_kind", "by_department"):
        for state in STATES:
            codes = getattr(report.due, by)
            if codes:
                yield Link(
                    (named(f"due.{state}"),), tuple(named(f"due.{by}.{code}.{state}") for code in codes), group=True
                )
    for measure in report.delays.by_measure:
        codes = [code for code, of in report.delays.by_department.items() if measure in of]
        yield Link(
            (named(f"delays.by_measure.{measure}.requests"),),
            tuple(named(f"delays.by_department.{code}.{measure}.requests") for code in codes),
        )


def _wholes(report: Report) -> Iterator[tuple[str, str, str]]:
    """A part, its whole, and the name of what is left."""
    for part, whole, *_ in INDICATORS:
        if whole is not None:
            yield part, whole, f"{ELSE}{part}"
    for parts, wholes in SUBSETS:
        for code in found(report, parts):
            if code in found(report, wholes):
                yield f"{parts}.{code}", f"{wholes}.{code}", f"{ELSE}{parts}.{code}"


def _left_over(report: Report, printed: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    for part, whole, rest in _wholes(report):
        if name(report, part) in printed and name(report, whole) in printed:
            yield name(report, rest), printed[name(report, whole)] - printed[name(report, part)]


def _of_quarters(comparison: Comparison) -> Iterator[Link]:
    """Quarters join end to start, and each has its balance."""
    shown = _trend(comparison.report, comparison.quarters)
    for earlier, later in pairwise(shown):
        yield Link(
            (f"{earlier.period}/requests.pending_at_end", f"{later.period}/requests.received"),
            (f"{later.period}/requests.treated", f"{later.period}/requests.pending_at_end"),
        )
    periods = {str(parse_period(each.period)): parse_period(each.period) for each in comparison.reports}
    ends: dict[str, list[str]] = {}
    for code, period in periods.items():
        ends.setdefault(str(period.first_on), []).append(f"{code}/requests.pending_at_start")
        ends.setdefault(str(period.next_on), []).append(f"{code}/requests.pending_at_end")
    for each in shown:
        period = parse_period(each.period)
        ends.setdefault(str(period.next_on), []).append(f"{each.period}/requests.pending_at_end")
    for same in ends.values():
        for one, other in pairwise(dict.fromkeys(same)):
            yield Link((one,), (other,))


def _trend(report: Report, quarters: Sequence[QuarterBalance]) -> list[QuarterBalance]:
    period: Period = parse_period(report.period)
    last = str(period.parts[-1] if period.parts else period)
    return [each for each in quarters if each.period <= last][:TREND_QUARTERS][::-1]


def _of_year(comparison: Comparison) -> Iterator[Link]:
    """A year has what its quarters have together."""
    year, parts = comparison.report, comparison.parts
    if not parts:
        return
    for flow in FLOWS:
        yield Link((name(year, flow),), tuple(name(part, flow) for part in parts))
    for _, path in SPLITS:
        if path.startswith("requests.pending"):
            continue
        for code in found(year, path):
            yield Link(
                (name(year, f"{path}.{code}"),),
                tuple(name(part, f"{path}.{code}") for part in parts if code in found(part, path)),
            )

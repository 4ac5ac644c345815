"""The figures of the dashboard, from counts by month: today's state, the quarter so far, and trends."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .figure import AGES, NONE
from .period import Quarter

TREND_MONTHS = 13
"""Months in the trends: the same month of last year is the first."""
SUBJECTS_MAX = 10
"""Subjects that are told one by one."""
RISK_BUSINESS_DAYS = 2
"""At risk: due within so many business days (POL-29)."""
_AGE_FROM = {"m0": 0, "m1_2": 1, "m3_5": 3, "m6_11": 6, "m12": 12}


class Flow(NamedTuple):
    """What moved in a month, of one department. `treated` is net of reopenings (POL-32)."""

    month: dt.date
    department: str
    received: int
    treated: int


class Owed(NamedTuple):
    """Obligations due in a month, of one department, in one state of `obligation_count` (POL-29)."""

    month: dt.date
    department: str
    state: str
    obligations: int


class Moved(NamedTuple):
    """What moved in some days."""

    received: int
    treated: int

    def __add__(self, other: Moved) -> Moved:  # type: ignore[override]  # Sums, where a tuple would join.
        return Moved(self.received + other.received, self.treated + other.treated)


class Due(NamedTuple):
    """Obligations that are open and due soon, of one department."""

    department: str
    today: int
    week: int
    risk: int


class Rate(NamedTuple):
    """Obligations kept in time, of those that were due and are measured."""

    met: int
    measured: int


class Window(NamedTuple):
    """The days that a quarter is compared over: whole months, and the first days of one more."""

    months: tuple[dt.date, ...]
    rest_from: dt.date
    rest_until: dt.date
    """Exclusive; equal to `rest_from` where only whole months count."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A figure of the quarter so far, and the same over as many days before; None: nothing to compare with."""

    name: str
    now: int
    before: int
    year_ago: int


@dataclass(frozen=True, slots=True)
class Month:
    """One month of the trends."""

    month: dt.date
    received: int
    treated: int
    pending: int
    """At its end, or now."""
    on_time: Rate
    median: int | None
    """Business days to the answer, of what was answered in it; None: nothing was."""
    current: bool


@dataclass(frozen=True, slots=True)
class DepartmentRow:
    """One department: what is on its desk now, and its quarter so far."""

    department: str
    pending: int
    late: int
    risk: int
    received: int
    treated: int
    on_time: Rate


@dataclass(frozen=True, slots=True)
class Now:
    """Today's state."""

    received: int
    treated: int
    pending: int
    late: int
    due_today: int
    due_week: int
    at_risk: int


@dataclass(frozen=True, slots=True)
class Counts:
    """What was read, of what a reader may see: every row of it in the reader's scope."""

    flows: Sequence[Flow]
    backlog: Mapping[dt.date, int]
    """Pending now, by month of reception."""
    owed: Sequence[Owed]
    due: Sequence[Due]
    answered: Mapping[dt.date, Mapping[int, int]]
    """By month of the answer: requests by business days."""
    subjects: Mapping[str, int]
    """Received in the quarter so far."""
    today: Moved
    rests: Sequence[Moved]
    """Of the windows of `compared_over`, what lies outside whole months."""


@dataclass(frozen=True, slots=True)
class State:
    """The dashboard's figures."""

    today: dt.date
    quarter: Quarter
    days: int
    """Of the quarter so far, today included."""
    now: Now
    compared: tuple[Compared, ...]
    on_time: tuple[Rate, Rate, Rate]
    """Of the quarter so far, of the whole quarter before, and of the whole quarter a year ago."""
    months: tuple[Month, ...]
    ages: dict[str, int]
    """Pending by the bands of `AGES`."""
    departments: tuple[DepartmentRow, ...]
    subjects: tuple[tuple[str, int], ...]
    """The most frequent first; the rest is not in it, see `subjects_total`."""
    subjects_total: int


def month_of(day: dt.date, back: int = 0) -> dt.date:
    """The first of its month, or of so many months before."""
    number = day.year * 12 + day.month - 1 - back
    return dt.date(number // 12, number % 12 + 1, 1)


def trend_months(today: dt.date) -> tuple[dt.date, ...]:
    """The months of the trends, the oldest first."""
    return tuple(month_of(today, back) for back in reversed(range(TREND_MONTHS)))


def compared_over(today: dt.date) -> tuple[Window, Window]:
    """The first days of the quarter before, and of this quarter a year ago: as many as this one has had."""
    current = Quarter.of(today)
    days = (today - current.first_on).days + 1
    return _window(current.previous, days), _window(current.year_before, days)


def _window(quarter: Quarter, days: int) -> Window:
    until = min(quarter.first_on + dt.timedelta(days=days), quarter.next_on)
    starts = [month_of(quarter.last_on, back) for back in (2, 1, 0)]
    months = tuple(each for each in starts if month_of(each, -1) <= until)
    rest_from = month_of(months[-1], -1) if months else quarter.first_on
    return Window(months, rest_from, until)


def state_of(counts: Counts, today: dt.date) -> State:
    """The figures as of a day. Source: POL-29, POL-32, POL-35."""
    quarter = Quarter.of(today)
    late = sum(each.obligations for each in counts.owed if each.state in ("missed", "overdue"))
    return State(
        today=today,
        quarter=quarter,
        days=(today - quarter.first_on).days + 1,
        now=Now(
            received=counts.today.received,
            treated=counts.today.treated,
            pending=sum(counts.backlog.values()),
            late=late,
            due_today=sum(each.today for each in counts.due),
            due_week=sum(each.week for each in counts.due),
            at_risk=sum(each.risk for each in counts.due),
        ),
        compared=_compared(counts, quarter, today),
        on_time=(
            rate(counts.owed, quarter),
            rate(counts.owed, quarter.previous),
            rate(counts.owed, quarter.year_before),
        ),
        months=_months(counts, today),
        ages=_ages(counts.backlog, today),
        departments=_departments(counts, quarter),
        subjects=_subjects(counts.subjects),
        subjects_total=sum(counts.subjects.values()),
    )


def rate(owed: Iterable[Owed], quarter: Quarter | None = None, department: str | None = None) -> Rate:
    """What was kept in time of what fell due, in a quarter and of a department. Source: POL-29."""
    found: Counter[str] = Counter()
    for each in owed:
        in_quarter = quarter is None or quarter.first_on <= each.month < quarter.next_on
        if in_quarter and department in (None, each.department):
            found[each.state] += each.obligations
    return Rate(found["met"], found["met"] + found["late"] + found["missed"] + found["overdue"])


def nearest_rank(histogram: Mapping[int, int], share: float) -> int | None:
    """The value that a share of the counts does not exceed; None of nothing."""
    wanted = math.ceil(sum(histogram.values()) * share)
    reached = 0
    for value in sorted(histogram):
        reached += histogram[value]
        if reached >= wanted > 0:
            return value
    return None


def _moved(flows: Iterable[Flow], months: Iterable[dt.date]) -> Moved:
    wanted = set(months)
    chosen = [each for each in flows if each.month in wanted]
    return Moved(sum(each.received for each in chosen), sum(each.treated for each in chosen))


def _compared(counts: Counts, quarter: Quarter, today: dt.date) -> tuple[Compared, ...]:
    so_far = _moved(counts.flows, (month_of(quarter.last_on, back) for back in (2, 1, 0)))
    windows = zip(compared_over(today), counts.rests, strict=True)
    before, year_ago = (_moved(counts.flows, window.months) + rest for window, rest in windows)
    return (
        Compared("received", so_far.received, before.received, year_ago.received),
        Compared("treated", so_far.treated, before.treated, year_ago.treated),
    )


def _months(counts: Counts, today: dt.date) -> tuple[Month, ...]:
    received: Counter[dt.date] = Counter()
    treated: Counter[dt.date] = Counter()
    for each in counts.flows:
        received[each.month] += each.received
        treated[each.month] += each.treated
    kept: defaultdict[dt.date, list[Owed]] = defaultdict(list)
    for owed in counts.owed:
        kept[owed.month].append(owed)
    months = trend_months(today)
    pending = sum(received[month] - treated[month] for month in received | treated if month < months[0])
    found = []
    for month in months:
        pending += received[month] - treated[month]
        median = nearest_rank(counts.answered.get(month, {}), 0.5)
        current = month == months[-1]
        found.append(Month(month, received[month], treated[month], pending, rate(kept[month]), median, current))
    return tuple(found)


def _ages(backlog: Mapping[dt.date, int], today: dt.date) -> dict[str, int]:
    ages = dict.fromkeys(AGES, 0)
    for month, pending in backlog.items():
        back = max(0, (today.year - month.year) * 12 + today.month - month.month)
        ages[max((age for age in AGES if _AGE_FROM[age] <= back), key=_AGE_FROM.__getitem__)] += pending
    return ages


def _departments(counts: Counts, quarter: Quarter) -> tuple[DepartmentRow, ...]:
    pending: Counter[str] = Counter()
    received: Counter[str] = Counter()
    treated: Counter[str] = Counter()
    late: Counter[str] = Counter()
    for flow in counts.flows:
        pending[flow.department] += flow.received - flow.treated
        if quarter.first_on <= flow.month < quarter.next_on:
            received[flow.department] += flow.received
            treated[flow.department] += flow.treated
    for owed in counts.owed:
        if owed.state in ("missed", "overdue"):
            late[owed.department] += owed.obligations
    risk = {each.department: each.risk for each in counts.due}
    rows = (
        DepartmentRow(
            department, pending[department], late[department], risk.get(department, 0), received[department],
            treated[department], rate(counts.owed, quarter, department),
        )
        for department in {*pending, *late, *risk}
    )  # fmt: skip
    wanted = (each for each in rows if each.pending or each.late or each.risk or each.received or each.treated)
    return tuple(sorted(wanted, key=lambda each: (each.department == NONE, -each.pending, each.department)))


def _subjects(counts: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(each for each in ordered if each[1])[:SUBJECTS_MAX]

"""From counts by quarter to the figures of any period: sums, balances, and percentiles of exact histograms."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clic_contracts.vocabulary import Kind, ObligationKind

from .figure import (
    AGES,
    RATINGS,
    STATUSES,
    Assumed,
    Delay,
    DelayFigures,
    DueFigures,
    InteractionFigures,
    Learning,
    ObligationCounts,
    ObligationFigures,
    QuarterBalance,
    Report,
    RequestFigures,
    Satisfaction,
    Versions,
)
from .period import Period, Quarter

Rows = Sequence[Mapping[str, Any]]
MEASURES = ("acknowledged", "answered", "treated")
_NO_VERSIONS = Versions(definition="", town=None, log="")


@dataclass(frozen=True, slots=True)
class Counted:
    """Rows of `queries.sql` by their name there, of all the quarters that are asked for and of one position."""

    movements: Rows
    interactions: Rows
    received: Rows = ()
    obligations: Rows = ()
    delays: Rows = ()
    transfers: Rows = ()
    ratings: Rows = ()
    learnings: Rows = ()
    position: int = 0
    known_at: dt.datetime | None = None
    as_of: str | None = None
    versions: Versions = _NO_VERSIONS


def balances(counted: Counted) -> tuple[QuarterBalance, ...]:
    """Every quarter from the first fact to the last, the newest first. Source: POL-32."""
    moved: dict[str, Counter[str]] = {}
    for row in counted.movements:
        moved.setdefault(row["quarter"], Counter())[row["movement"]] += row["requests"]
    periods = sorted({*moved, *(row["quarter"] for row in counted.interactions)})
    if not periods:
        return ()
    found: list[QuarterBalance] = []
    quarter, last, pending = Quarter.parse(periods[0]), Quarter.parse(periods[-1]), 0
    while quarter <= last:
        of = moved.get(str(quarter), Counter())
        treated = of["treated"] - of["reopened"]
        pending += of["received"] - treated
        found.append(
            QuarterBalance(period=str(quarter), received=of["received"], treated=treated, pending_at_end=pending)
        )
        quarter = quarter.next
    return tuple(reversed(found))


def report_of(period: Period, counted: Counted) -> Report:
    """The figures of a quarter or a year. Source: POL-29, POL-31 to POL-37, POL-39."""
    quarters = frozenset(str(each) for each in (period.parts or (period,)))
    received = _groups(row for row in counted.received if row["quarter"] in quarters)
    requests, treatments_assumed = _requests(period, quarters, received, counted)
    obligations = [row for row in counted.obligations if row["received_then"] and row["received_quarter"] in quarters]
    return Report(
        period=str(period),
        requests=requests,
        interactions=_interactions([row for row in counted.interactions if row["quarter"] in quarters]),
        obligations=_obligations(obligations),
        due=_due([row for row in counted.obligations if row["due_then"] and row["due_quarter"] in quarters]),
        delays=_delays([row for row in counted.delays if row["quarter"] in quarters]),
        satisfaction=_satisfaction([row for row in counted.ratings if row["quarter"] in quarters]),
        learnings=tuple(
            Learning(period=row["period"], text=row["text"])
            for row in counted.learnings
            if row["period"] in {*quarters, str(period)}
        ),
        assumed=Assumed(
            outcomes=received["flag"]["outcome_assumed"],
            treatments=treatments_assumed,
            obligations=sum(row["obligations"] for row in obligations if row["met_assumed"]),
        ),
        position=counted.position,
        known_at=counted.known_at,
        as_of=counted.as_of,
        versions=counted.versions,
    )


class _Groups(dict[str, Counter[str]]):
    """Counts by one thing at a time; nothing of what no row names."""

    def __missing__(self, by: str) -> Counter[str]:
        return self.setdefault(by, Counter())


def _groups(rows: Iterable[Mapping[str, Any]]) -> _Groups:
    groups = _Groups()
    for row in rows:
        groups[row["by"]][row["code"]] += row["requests"]
    return groups


def _requests(
    period: Period, quarters: frozenset[str], received: _Groups, counted: Counted
) -> tuple[RequestFigures, int]:
    """The figures of requests, and how many treatments and reopenings have an assumed instant."""
    first, treated, pending = str(Quarter.of(period.first_on)), Counter[str](), Counter[str]()
    ages: Counter[str] = Counter()
    start = reopenings = assumed = 0
    for row in counted.movements:
        quarter, count = row["quarter"], row["requests"]
        moved = -count if row["movement"] == "treated" else count
        if quarter < first:
            start += moved
        if quarter in quarters and row["movement"] != "received":
            treated[row["department"]] -= moved
            reopenings += count if row["movement"] == "reopened" else 0
            assumed += count if row["assumed"] else 0
        if quarter < first or quarter in quarters:
            pending[row["department"]] += moved
            ages[_age(row["received_month"], period)] += moved
    flags = received["flag"]
    figures = RequestFigures(
        received=received["kind"].total(),
        by_kind=_ordered(received["kind"], Kind),
        by_status=_ordered(received["status"], STATUSES),
        by_first_channel=_ordered(received["first_channel"]),
        by_department=_ordered(received["department"]),
        by_subject=_ordered(received["subject"]),
        treated=treated.total(),
        reopenings=reopenings,
        pending_at_start=start,
        pending_at_end=pending.total(),
        first_line=flags["first_line"],
        to_direction_generale=flags["to_direction_generale"],
        unusual=flags["unusual"],
        unusual_by_kind=_ordered(received["unusual_kind"]),
        unusual_by_channel=_ordered(received["unusual_channel"]),
        unusual_by_department=_ordered(received["unusual_department"]),
        transfers=sum(row["requests"] for row in counted.transfers if row["quarter"] in quarters),
        treated_by_department=_ordered(treated),
        pending_by_department=_ordered(Counter({code: count for code, count in pending.items() if count})),
        pending_by_age={age: ages[age] for age in AGES},
        backlog=flags["backlog"],
        confidential=flags["confidential"],
    )
    return figures, assumed


def _age(received: dt.date, period: Period) -> str:
    """How many months before the last of the period a request was received."""
    last = period.last_on
    months = 12 * (last.year - received.year) + last.month - received.month
    for age, at_most in (("m0", 0), ("m1_2", 2), ("m3_5", 5), ("m6_11", 11)):
        if months <= at_most:
            return age
    return "m12"


def _interactions(rows: Rows) -> InteractionFigures:
    channels: Counter[str] = Counter()
    for row in rows:
        channels[row["channel"]] += row["interactions"]
    return InteractionFigures(
        total=channels.total(),
        by_channel=_ordered(channels),
        follow_ups=sum(row["follow_ups"] for row in rows),
        follow_ups_first_line=sum(row["follow_ups_first_line"] for row in rows),
    )


def _obligations(rows: Rows) -> ObligationFigures:
    return ObligationFigures(by_kind=_by_kind(rows), **_counts(rows))


def _due(rows: Rows) -> DueFigures:
    departments = sorted({row["department"] for row in rows})
    by_department = {code: _counts([row for row in rows if row["department"] == code]) for code in departments}
    return DueFigures(
        by_kind=_by_kind(rows),
        by_department={
            code: ObligationCounts(**counts)
            for code, counts in sorted(by_department.items(), key=lambda item: (-_measured(item[1]), item[0]))
        },
        **_counts(rows),
    )


def _by_kind(rows: Rows) -> dict[str, ObligationCounts]:
    kinds = {kind.value: _counts([row for row in rows if row["obligation"] == kind]) for kind in ObligationKind}
    return {kind: ObligationCounts(**counts) for kind, counts in kinds.items() if counts}


def _measured(counts: Mapping[str, int]) -> int:
    return ObligationCounts(**counts).measured


def _counts(rows: Rows) -> dict[str, int]:
    if not rows:
        return {}
    states: Counter[str] = Counter()
    for row in rows:
        states[row["state"]] += row["obligations"]
        if row["met_assumed"] and row["state"] in ("met", "late"):
            states[f"{row['state']}_assumed"] += row["obligations"]
    states["open"] += states["overdue"]  # Past its limit, it is still open.
    return dict(sorted(states.items()))


def _delays(rows: Rows) -> DelayFigures:
    departments = sorted({row["department"] for row in rows})
    by_department = {code: dict(_measures([row for row in rows if row["department"] == code])) for code in departments}
    return DelayFigures(
        by_measure=dict(_measures(rows)),
        by_department=dict(sorted(by_department.items(), key=lambda item: (-_most(item[1]), item[0]))),
    )


def _most(delays: Mapping[str, Delay]) -> int:
    return max(each.requests for each in delays.values())


def _measures(rows: Rows) -> Iterator[tuple[str, Delay]]:
    for measure in MEASURES:
        histogram: Counter[int] = Counter()
        for row in rows:
            if row["measure"] == measure:
                histogram[row["business_days"]] += row["requests"]
        if histogram.total():
            yield measure, delay(histogram)


def delay(histogram: Mapping[int, int]) -> Delay:
    """Median and ninetieth percentile by the nearest rank: the smallest delay that so many did not exceed."""
    total = sum(histogram.values())

    def rank(percent: int) -> int:
        wanted = -(-total * percent // 100)
        reached = 0
        for days in sorted(histogram):
            reached += histogram[days]
            if reached >= wanted:
                return days
        return max(histogram)

    return Delay(requests=total, median_days=rank(50), p90_days=rank(90))


def _satisfaction(rows: Rows) -> Satisfaction:
    ratings: Counter[str] = Counter()
    for row in rows:
        ratings[row["rating"]] += row["requests"]
    return Satisfaction(by_rating={rating: ratings[rating] for rating in RATINGS} if ratings else {})


def _ordered(counts: Counter[str], all_of: Iterable[str] = ()) -> dict[str, int]:
    """Counts, the most frequent first, then by name, so that the same rows give the same bytes."""
    every = {**{str(each): 0 for each in all_of}, **counts}
    return dict(sorted(every.items(), key=lambda item: (-item[1], item[0])))

"""The dashboard's figures and lists, read from one snapshot of the tables."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from clic_chassis.sql import load
from clic_reporting.access import Reader
from clic_reporting.core.dashboard import (
    RISK_BUSINESS_DAYS,
    Counts,
    Due,
    Flow,
    Moved,
    Owed,
    State,
    compared_over,
    state_of,
    trend_months,
)
from clic_reporting.core.period import Quarter
from clic_reporting.report import NOT_YET, Connection, NotProjectedError, reading
from clic_reporting.store import LIVE_SCHEMA

from .selection import Cursor, Selection, Show

_SQL = load("clic_reporting.dashboard")
ZONE = ZoneInfo("America/Toronto")
EARLIEST = dt.datetime(1, 1, 2, tzinfo=dt.UTC)
LATEST = dt.datetime(9999, 12, 30, tzinfo=dt.UTC)
KEY_MAX = 2**63 - 1
PAST_FOR = dt.timedelta(minutes=5)
PAST_MAX = 200
"""Departments, twice, and some groups of them."""


class Past:
    """What moved in the days that a quarter is compared with, remembered for some minutes.

    They are over: only a fact that is recorded long after it happened changes them, and what it changes is seen
    `PAST_FOR` later at most. Counted each time, they would cost a department's page more than all else on it.
    """

    def __init__(self) -> None:
        self._found: dict[tuple[object, ...], tuple[dt.datetime, Sequence[Moved]]] = {}

    def get(self, now: dt.datetime, *key: object) -> Sequence[Moved] | None:
        """What was found of the same days and departments, not long ago."""
        at, moved = self._found.get(key, (now, None))
        return moved if now - at < PAST_FOR else None

    def keep(self, now: dt.datetime, moved: Sequence[Moved], *key: object) -> None:
        """Remember what was found; beyond `PAST_MAX` the oldest is forgotten."""
        self._found.pop(key, None)
        self._found[key] = (now, moved)
        while len(self._found) > PAST_MAX:
            del self._found[next(iter(self._found))]


class Bounds(NamedTuple):
    """The instants that divide what is due; each the first one after."""

    position: int
    updated_at: dt.datetime
    today_from: dt.datetime
    today_until: dt.datetime
    week_until: dt.datetime
    risk_until: dt.datetime


class Standing(NamedTuple):
    """The figures, and what they were made from."""

    state: State
    position: int
    updated_at: dt.datetime
    oldest: Row | None
    """Pending for the longest by its registration, confidential ones left out."""


class Row(NamedTuple):
    """One row of a list: a request, and what is owed next of it."""

    request_key: int
    request_id: str
    reference: str
    kind: str
    subject: str | None
    department: str | None
    received_at: dt.datetime
    status: str
    confidential: bool
    obligation: str | None
    due_at: dt.datetime | None
    obligation_id: str | None


class Page(NamedTuple):
    """Some rows of a list, and where the next ones begin."""

    rows: tuple[Row, ...]
    next: Cursor | None
    position: int


def statement(name: str, departments: Collection[str] | None = None, schema: str = LIVE_SCHEMA) -> str:
    """A statement of `queries.sql` for some departments' rows or, None, for all."""
    every = departments is None
    scope = "$1::text[] IS NULL" if every else "department = ANY($1::text[])"
    parts = {
        "{listed}": _SQL["listed"],
        "{columns}": _SQL["columns"],
        "{scope}": scope,
        "{scope_r}": scope if every else f"r.{scope}",
        "{treated_by}": "" if every else "JOIN {schema}.fact_request r USING (request_key)",
        "{schema}": schema,
    }
    sql = _SQL[name]
    for mark, text in parts.items():
        sql = sql.replace(mark, text)
    return sql


async def standing(
    connection: Connection,
    today: dt.date,
    now: dt.datetime,
    departments: Collection[str] | None,
    past: Past,
    *,
    schema: str = LIVE_SCHEMA,
) -> Standing:
    """The figures of some departments, or of all, as of now. Source: POL-29, POL-32, POL-35.

    Raises:
        NotProjectedError: reporting has not folded anything yet.
    """
    scope = None if departments is None else sorted(departments)

    async def rows(name: str, *values: object) -> list[Any]:
        return list(await connection.fetch(statement(name, departments, schema), scope, *values))

    quarter, windows, since = Quarter.of(today), compared_over(today), trend_months(today)[0]
    async with reading(connection, schema):
        bounds = await _bounds(connection, today, schema)
        moved = await rows("movements")
        flows, backlog = _flows(moved)
        key = (windows, None if scope is None else tuple(scope), schema)
        rests = past.get(now, *key)
        days = [(today, today + dt.timedelta(days=1)), *((each.rest_from, each.rest_until) for each in windows)]
        if rests is not None:
            days = days[:1]
        days_moved = [Moved(row["received"], row["treated"]) for row in await rows("windows", *zip(*days, strict=True))]
        if rests is None:
            rests = days_moved[1:]
            past.keep(now, rests, *key)
        counts = Counts(
            flows=flows,
            backlog=backlog,
            owed=[Owed(*row) for row in await rows("obligations")],
            due=[Due(*row) for row in await rows("due", now, bounds.today_until, bounds.week_until, bounds.risk_until)],
            answered=_histograms(await rows("answered", since)),
            subjects={
                row["subject"]: row["requests"] for row in await rows("subjects", quarter.first_on, quarter.next_on)
            },
            today=days_moved[0],
            rests=rests,
        )
        first = await connection.fetch(statement("list_pending", schema=schema), scope, [], None, None, 1, 0)
    oldest = _row(first[0]) if first else None
    return Standing(state_of(counts, today), bounds.position, bounds.updated_at, oldest)


def _row(row: Any) -> Row:
    return Row(row["request_key"], str(row["request_id"]), *tuple(row)[2:])


async def _bounds(connection: Connection, today: dt.date, schema: str) -> Bounds:
    await connection.execute(statement("quickly"))
    row = await connection.fetchrow(statement("standing", schema=schema), today, RISK_BUSINESS_DAYS)
    if row is None:
        raise NotProjectedError(NOT_YET)
    found: dict[str, Any] = dict(row)
    return Bounds(
        found["sequence"], found["updated_at"], found["today_from"], found["today_until"], found["week_until"],
        found["risk_until"],
    )  # fmt: skip


def _flows(rows: Sequence[Any]) -> tuple[list[Flow], dict[dt.date, int]]:
    """The two groupings of `movements`: by month and department, and by month of reception."""
    moved: defaultdict[tuple[dt.date, str], list[int]] = defaultdict(lambda: [0, 0])
    backlog: defaultdict[dt.date, int] = defaultdict(int)
    for row in rows:
        sign = -1 if row["movement"] == "treated" else 1
        if row["received_month"] is not None:
            backlog[row["received_month"]] += sign * row["requests"]
        elif row["movement"] == "received":
            moved[row["month"], row["department"]][0] += row["requests"]
        else:
            moved[row["month"], row["department"]][1] -= sign * row["requests"]
    return [Flow(month, department, *of) for (month, department), of in moved.items()], dict(backlog)


def _histograms(rows: Sequence[Any]) -> dict[dt.date, dict[int, int]]:
    found: defaultdict[dt.date, dict[int, int]] = defaultdict(dict)
    for row in rows:
        found[row["month"]][row["business_days"]] = row["requests"]
    return dict(found)


async def listed(
    connection: Connection,
    reader: Reader,
    selection: Selection,
    today: dt.date,
    now: dt.datetime,
    *,
    rows_max: int,
    schema: str = LIVE_SCHEMA,
) -> Page:
    """A page of the list that a reader may see of what they ask for; confidential requests only theirs. Source: POL-26.

    Raises:
        NotProjectedError: reporting has not folded anything yet.
    """
    scope = None if reader.departments is None else sorted(reader.departments)
    async with reading(connection, schema):
        bounds = await _bounds(connection, today, schema)
        name, values = _asked(selection, bounds, today, now)
        rows = await connection.fetch(
            statement(name, schema=schema), scope, sorted(reader.confidential), selection.department, selection.subject,
            rows_max + 1, *values,
        )  # fmt: skip
    found = tuple(_row(row) for row in rows)
    return Page(
        found[:rows_max],
        _cursor(selection.show, found[rows_max - 1]) if len(found) > rows_max else None,
        bounds.position,
    )


def _asked(selection: Selection, bounds: Bounds, today: dt.date, now: dt.datetime) -> tuple[str, tuple[object, ...]]:
    """Which statement tells the list, and its values from $6 on."""
    after = selection.after or Cursor()
    if selection.show is Show.PENDING:
        return "list_pending", (after.key or 0,)
    if selection.show in (Show.TODAY, Show.QUARTER):
        quarter = Quarter.of(today)
        first = bounds.today_from if selection.show is Show.TODAY else _midnight(quarter.first_on)
        until = bounds.today_until if selection.show is Show.TODAY else _midnight(quarter.next_on)
        return "list_received", (KEY_MAX if after.key is None else after.key, after.instant or LATEST, first, until)
    spans = {
        Show.LATE: (EARLIEST, now),
        Show.RISK: (now, bounds.risk_until),
        Show.DUE_TODAY: (now, bounds.today_until),
        Show.DUE_WEEK: (now, bounds.week_until),
    }
    first, until = spans[selection.show]
    return "list_due", (after.key or 0, after.instant or EARLIEST, first, until, after.obligation)


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), ZONE)


def _cursor(show: Show, last: Row) -> Cursor:
    """Where the rows after a list's last one begin."""
    if show is Show.PENDING:
        return Cursor(last.request_key)
    if show in (Show.TODAY, Show.QUARTER):
        return Cursor(last.request_key, last.received_at)
    return Cursor(last.request_key, last.due_at, last.obligation_id or "")

"""Rows of the views a page at a time, all pages of one reading as of one position of the log.

Each page is a short transaction of its own: a reader that takes a day holds no snapshot and no lock, and memory holds
one page however many rows there are.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import asyncpg
import msgspec

from clic_chassis.error import NotFoundError
from clic_chassis.sql import load
from clic_reporting.model import INDICATORS
from clic_reporting.report import NOT_YET, Connection, NotProjectedError, reading
from clic_reporting.store import LIVE_SCHEMA

from .cursor import Cursor, CursorError, GoneError

PAGE_ROWS = 1_000
PAGE_ROWS_MAX = 5_000
STREAMED_ROWS = 5_000
"""Rows of a page when all are streamed: some four megabytes. Each page joins the calendar anew, so not fewer."""
POSITIONS_PER_ROW = 4
"""Positions of the log that are looked at for each row that is wanted, at first."""
WINDOW_POSITIONS_MAX = 1_000_000
_SQL = load("clic_reporting.export")
Connect = Callable[[], AbstractAsyncContextManager[Connection]]


class UnknownViewError(NotFoundError):
    """There is no such indicator, version or table."""

    code = "unknown_view"


@dataclass(frozen=True, slots=True)
class Table:
    """A view with a row for each request or fact, and how its rows are found."""

    view: str
    key: tuple[tuple[str, str], ...]
    """Columns that tell its rows apart, in their order, with their types."""
    day: str
    """The day, in the town's time, by which it is filtered."""
    department: bool
    """Whether it has a column `department`, so that a department may read its own rows."""


def _day(column: str) -> str:
    return f"(v.{column} AT TIME ZONE 'America/Toronto')::date"


_OF_REQUEST = ("request_key", "bigint")
_OF_FACT = (("sequence", "bigint"), ("ordinal", "smallint"))
TABLES = {
    each.view: each
    for each in (
        Table("request", (_OF_REQUEST,), "v.received_on", department=True),
        Table("assignment", (_OF_REQUEST, ("ordinal", "smallint")), _day("routed_at"), department=True),
        Table("treatment", (_OF_REQUEST, ("ordinal", "smallint")), _day("treated_at"), department=False),
        Table("obligation", (_OF_REQUEST, ("obligation_id", "text")), "v.due_on", department=True),
        Table("interaction", _OF_FACT, "v.occurred_on", department=False),
        Table("event", _OF_FACT, _day("occurred_at"), department=False),
    )
}
"""What may be read row by row. Confidential requests have a row without reference, subject and sector (POL-26)."""


@dataclass(frozen=True, slots=True)
class ColumnSaid:
    """A column, as the database describes it."""

    name: str
    type: str
    description: str


@dataclass(frozen=True, slots=True)
class ViewSaid:
    """A view, as the database describes it."""

    description: str
    columns: tuple[ColumnSaid, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """What rows are told of. `pinned` asks for the same again, whatever the log does meanwhile."""

    position: int
    instant: dt.datetime | None
    pinned: str
    made_by: str


@dataclass(frozen=True, slots=True)
class Question:
    """What is read. `text` tells it from others, in a cursor and in an ETag."""

    text: str
    selected: str
    """Gives `place`, a JSON array of the key, and `row`."""
    conditions: tuple[str, ...]
    arguments: tuple[Any, ...]
    """What the conditions take, from $1 on."""
    key: tuple[tuple[str, str], ...]
    """Expressions that tell rows apart, in the order in which they are given, with their types."""

    def page_sql(self, *, begun: bool) -> str:
        """A statement for rows in order, from the first or after a key.

        It takes the arguments, that key, the last position of the log to look at where the key is one, and a limit.
        Only what is asked for stands in it: a condition that may be void would keep PostgreSQL from using the index.
        """
        taken = len(self.arguments)
        keys = ", ".join(each for each, _ in self.key)
        conditions = list(self.conditions)
        if begun:
            after = ", ".join(f"${number}::{kind}" for number, (_, kind) in enumerate(self.key, taken + 1))
            conditions.append(f"({keys}) > ({after})")
            taken += len(self.key)
        if self.by_position:
            taken += 1
            conditions.append(f"{self.key[0][0]} <= ${taken}")
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        return f"{self.selected} {where} ORDER BY {keys} LIMIT ${taken + 1}"

    @property
    def by_position(self) -> bool:
        """Whether the key begins with a position of the log."""
        return self.key[0][1] == "bigint"


@dataclass(frozen=True, slots=True)
class Page:
    """Rows as JSON texts, and where the next page begins; None: there is none."""

    standing: Standing
    rows: tuple[str, ...]
    next: Cursor | None


def newest_version(name: str) -> int:
    """The newest version of an indicator such as `pol32_balance`.

    Raises:
        UnknownViewError: there is no such indicator; it says which there are.
    """
    versions = [each.version for each in INDICATORS if each.name == name]
    if not versions:
        names = sorted({each.name for each in INDICATORS})
        raise UnknownViewError(f"there is no indicator {name!r}; there are: {', '.join(names)}")
    return max(versions)


def indicator_view(name: str, version: int | None) -> str:
    """The view of an indicator's version; None: the newest.

    Raises:
        UnknownViewError: there is no such indicator, or no such version of it.
    """
    newest = newest_version(name)
    for each in INDICATORS:
        if (each.name, each.version) == (name, version or newest):
            return each.view
    raise UnknownViewError(f"indicator {name} has no version {version}; its newest is {newest}")


def indicator_question(
    view: str, first: str | None, last: str | None, departments: Sequence[str] | None, *, schema: str = LIVE_SCHEMA
) -> Question:
    """Rows of an indicator's view between two periods (inclusive), of some departments where it has that column.

    In an order that the same rows always have: the period, then everything that they say.
    """
    asked = (("v.period >= {}", first), ("v.period <= {}", last), _of_departments(departments))
    return _question(view, (('v.period COLLATE "C"', "text"), ('v::text COLLATE "C"', "text")), asked, schema)


def rows_question(
    table: Table,
    first_on: dt.date | None,
    last_on: dt.date | None,
    departments: Sequence[str] | None,
    *,
    schema: str = LIVE_SCHEMA,
) -> Question:
    """Rows of a table between two days (inclusive), of some departments; in the order of its key."""
    asked = ((f"{table.day} >= {{}}::date", first_on), (f"{table.day} <= {{}}::date", last_on))
    key = tuple((f"v.{name}", kind) for name, kind in table.key)
    return _question(table.view, key, (*asked, _of_departments(departments)), schema)


def _of_departments(departments: Sequence[str] | None) -> tuple[str, list[str] | None]:
    return ("v.department = ANY({}::text[])", None if departments is None else sorted(departments))


def _question(view: str, key: tuple[tuple[str, str], ...], asked: Sequence[tuple[str, Any]], schema: str) -> Question:
    given = [(condition, value) for condition, value in asked if value is not None]
    keys = ", ".join(each for each, _ in key)
    return Question(
        text=" ".join([view, *(condition.format(value) for condition, value in given)]),
        selected=f"SELECT json_build_array({keys})::text AS place, to_json(v)::text AS row FROM {schema}.{view} v",  # noqa: S608 - our names
        conditions=tuple(condition.format(f"${number}") for number, (condition, _) in enumerate(given, 1)),
        arguments=tuple(value for _, value in given),
        key=key,
    )


async def described(connection: Connection, views: Sequence[str], *, schema: str = LIVE_SCHEMA) -> dict[str, ViewSaid]:
    """What the database says of views; those that are not there are left out.

    Raises:
        NotProjectedError: none of them is there.
    """
    rows = await connection.fetch(_query("described", schema), schema, list(views))
    if not rows:
        raise NotProjectedError(NOT_YET)
    return {
        view: ViewSaid(told, tuple(ColumnSaid(c["column"], c["type"], c["column_comment"]) for c in columns))
        for (view, told), columns in (
            (key, list(each)) for key, each in groupby(rows, key=lambda row: (row["view"], row["view_comment"]))
        )
    }


async def standing(connection: Connection, as_of: str | None, today: dt.date, *, schema: str = LIVE_SCHEMA) -> Standing:
    """What rows would be told of. A day that is not over yet is pinned to the position that it has reached.

    Raises: as `clic_reporting.report.reading`.
    """
    async with reading(connection, schema, as_of=as_of):
        return await _standing(connection, as_of, today, schema)


async def _standing(connection: Connection, as_of: str | None, today: dt.date, schema: str) -> Standing:
    found: Any = await connection.fetchrow(_query("standing", schema))
    if found is None:
        raise NotProjectedError(NOT_YET)
    is_past_day = as_of is not None and "-" in as_of and dt.date.fromisoformat(as_of) < today
    made_by = f"{found['rows']} {found['views']} {found['log_created_at'].isoformat()}"
    return Standing(
        position=found["position"],
        instant=found["instant"],
        pinned=as_of if as_of is not None and is_past_day else str(found["position"]),
        made_by=hashlib.sha256(made_by.encode()).hexdigest()[:12],
    )


async def page(
    connection: Connection,
    question: Question,
    *,
    as_of: str | None,
    cursor: str | None,
    limit: int,
    today: dt.date,
    schema: str = LIVE_SCHEMA,
) -> Page:
    """One page; the first without a cursor.

    Raises:
        CursorError: the cursor is none, or of another question.
        GoneError: the tables were made anew by other definitions since the first page, or of another log.
        AsOfError, NotProjectedError: as `clic_reporting.report.reading`.
    """
    begun = None if cursor is None else Cursor.parse(cursor, question.text)
    try:
        async with reading(connection, schema, as_of=as_of if begun is None else begun.as_of):
            known = await _standing(connection, as_of if begun is None else begun.as_of, today, schema)
            if begun is not None and begun.made_by != known.made_by:
                raise GoneError("the definitions or the log changed since the first page: begin again without a cursor")
            place = [] if begun is None else begun.after
            if begun is not None and len(place) != len(question.key):
                raise CursorError("this is no cursor: follow the link of the page before, as it is")
            await connection.execute("SELECT set_config('timezone', 'America/Toronto', true)")
            rows = await _rows(connection, question, place, known.position, limit + 1)
    except (asyncpg.DataError, TypeError) as error:
        if begun is None:
            raise
        raise CursorError("this is no cursor: follow the link of the page before, as it is") from error
    more = len(rows) > limit
    after = msgspec.json.decode(rows[limit - 1]["place"]) if more else None
    following = None if after is None else Cursor(question.text, known.pinned, known.made_by, after)
    return Page(known, tuple(row["row"] for row in rows[:limit]), following)


async def _rows(
    connection: Connection, question: Question, place: Sequence[Any], position: int, wanted: int
) -> list[Any]:
    """So many rows after a place, or all that are left.

    Of a key that is a position of the log, some positions are looked at after the other: the views join what they
    tell, and PostgreSQL would sort all that is left for each page. The fewer rows they give, the more at once.
    """
    if not question.by_position:
        statement = question.page_sql(begun=bool(place))
        return list(await connection.fetch(statement, *question.arguments, *place, wanted))
    first, following = question.page_sql(begun=False), question.page_sql(begun=True)
    rows: list[Any] = []
    window = wanted * POSITIONS_PER_ROW
    until = place[0] if place else 0
    while len(rows) < wanted and until < position:
        until = min(until + window, position)
        missing = wanted - len(rows)
        found = await connection.fetch(following if place else first, *question.arguments, *place, until, missing)
        rows += found
        place = msgspec.json.decode(rows[-1]["place"]) if rows else place
        if len(found) < missing // 2:
            window = min(2 * window, WINDOW_POSITIONS_MAX)
    return rows


async def every_page(connect: Connect, question: Question, first: Page, today: dt.date) -> AsyncGenerator[Page, None]:
    """A first page and those after it, each over a connection of its own.

    Raises: as `page`.
    """
    current = first
    yield current
    while current.next is not None:
        async with connect() as connection:
            current = await page(
                connection, question, as_of=None, cursor=str(current.next), limit=STREAMED_ROWS, today=today
            )
        yield current


def _query(name: str, schema: str) -> str:
    return _SQL[name].replace("{schema}", schema)

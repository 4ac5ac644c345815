"""One publication of the town's open data: whole months, anonymised, from one snapshot, streamed month by month.

Memory holds one month's combinations. Rows are numbered in the order of what they say, so that neither their order nor
their ids tell anything, and the same publication made again is the same, byte for byte.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from clic_chassis.error import RefusedError
from clic_chassis.sql import load
from clic_contracts.town import Town
from clic_reporting.core.anonymity import anonymised
from clic_reporting.core.period import Quarter
from clic_reporting.report import NOT_YET, Connection, NotProjectedError, reading
from clic_reporting.store import LIVE_SCHEMA

from .layout import HEADER, INFORMATION, STEPS, Cell, Layout

K = 5
"""Rows of which each is like the others but for its id: what nobody can tell apart. As reports suppress (POL-38)."""
ROWS_FETCHED = 2_000
ZONE = ZoneInfo("America/Toronto")
_SQL = load("clic_reporting.open_data")
_MONTH = re.compile(r"^([0-9]{4})-(0[1-9]|1[0-2])$")


class PublicationError(RefusedError):
    """These months cannot be published; the message says why."""

    code = "invalid_months"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be published."""

    first: str | None = None
    """The first month, such as `2026-01`; None: the first with anything in it."""
    last: str | None = None
    """The last month; None: the last that was over."""
    as_of: str | None = None
    """A day or a position of the log; None: now."""
    k: int = K
    """See `K`."""


@dataclass(slots=True)
class Publication:
    """What is published, and the account of it as it is written."""

    position: int
    definition: str
    first_on: dt.date
    next_on: dt.date
    """The first day after it."""
    k: int
    rows: Counter[str] = field(default_factory=Counter)
    """By nature."""
    generalised: Counter[str] = field(default_factory=Counter)
    """By the last step that each needed, as `STEPS` names them."""
    left_out: int = 0
    confidential: int = 0

    @property
    def months(self) -> str:
        """`2026-01 to 2026-03`."""
        return f"{self.first_on:%Y-%m} to {self.next_on - dt.timedelta(days=1):%Y-%m}"


def month(text: str) -> dt.date:
    """The first day of a month written `2026-05`.

    Raises:
        PublicationError: it is none.
    """
    match = _MONTH.match(text.strip())
    if match is None:
        raise PublicationError(f"{text!r} is not a month: write the year and the month, as in 2026-05")
    return dt.date(int(match[1]), int(match[2]), 1)


def next_month(first_on: dt.date) -> dt.date:
    """The first day of the month after one."""
    return (first_on + dt.timedelta(days=31)).replace(day=1)


def last_quarter_end(today: dt.date) -> dt.date:
    """The last day of the last quarter that is over: what the public download is told as of."""
    return Quarter.of(today).first_on - dt.timedelta(days=1)


async def publish(
    connection: Connection, town: Town, asked: Asked, *, schema: str = LIVE_SCHEMA
) -> AsyncGenerator[tuple[Publication, str], None]:
    """The file in pieces of CSV, each with the account so far; the first piece is the header.

    A month that was not over is refused: published again later, it would tell what came since.

    Raises:
        PublicationError: the months are none, or not over.
        AsOfError, NotProjectedError: as `clic_reporting.report.period_report`.
    """
    layout = Layout(town)
    async with reading(connection, schema, as_of=asked.as_of):
        publication = await _begun(connection, schema, asked)
        yield publication, _csv([HEADER])
        number = 0
        async for month_name, cells in _months(connection, schema, publication, layout):
            found = anonymised(cells, list(STEPS.values()), asked.k)
            publication.left_out += found.left_out
            publication.generalised.update({list(STEPS)[step - 1]: rows for step, rows in found.generalised.items()})
            for cell, rows in sorted(found.cells.items()):
                publication.rows[cell.nature] += rows
                for start in range(0, rows, ROWS_FETCHED):
                    some = range(number + start, number + min(start + ROWS_FETCHED, rows))
                    yield publication, _csv(_row(layout, publication, each, month_name, cell) for each in some)
                number += rows


def _row(layout: Layout, publication: Publication, number: int, month_name: str, cell: Cell) -> tuple[str, ...]:
    """A request is numbered within its publication alone: an id that lasted would link two of them."""
    row_id = "" if cell.nature == INFORMATION else f"{publication.position}-{number + 1:06d}"
    return layout.row(row_id, month_name, cell)


async def _begun(connection: Connection, schema: str, asked: Asked) -> Publication:
    standing: Any = await connection.fetchrow(_query("standing", schema))
    if standing is None or standing["instant"] is None:
        raise NotProjectedError(NOT_YET)
    over = standing["instant"].astimezone(ZONE).date().replace(day=1)
    first_on = month(asked.first) if asked.first else (standing["first_on"] or over).replace(day=1)
    next_on = next_month(month(asked.last)) if asked.last else over
    if next_on > over:
        raise PublicationError(f"{next_on - dt.timedelta(days=1):%Y-%m} was not over then: publish whole months")
    if first_on >= next_on:
        raise PublicationError(f"there is no whole month from {first_on:%Y-%m} on")
    return Publication(
        position=standing["position"],
        definition=f"{standing['rows']}/{standing['views']}",
        first_on=first_on,
        next_on=next_on,
        k=asked.k,
        confidential=await connection.fetchval(_query("confidential", schema), first_on, next_on),
    )


async def _months(
    connection: Connection, schema: str, publication: Publication, layout: Layout
) -> AsyncIterator[tuple[str, Counter[Cell]]]:
    """Each month with what would be said of its rows, and how often."""
    current, cells = "", Counter[Cell]()
    cursor = connection.cursor(
        _query("cells", schema), publication.first_on, publication.next_on, prefetch=ROWS_FETCHED
    )
    async for row in cursor:
        if row["month"] != current:
            if cells:
                yield current, cells
            current, cells = row["month"], Counter()
        cells[_cell(layout, row)] += row["rows"]
    if cells:
        yield current, cells


def _cell(layout: Layout, row: Any) -> Cell:
    if row["kind"] is None:
        return layout.contact(channel=row["channel"], subject=row["subject"])
    return layout.request(
        kind=row["kind"],
        subject=row["subject"],
        sector=row["sector"],
        first_channel=row["channel"],
        further={name: int(count) for name, _, count in map(_counted, (row["further"] or "").split(",")) if name},
        department=row["department"],
        status=row["status"],
    )


def _counted(text: str) -> tuple[str, str, str]:
    return text.partition("=")


def _csv(rows: Any) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _query(name: str, schema: str) -> str:
    return _SQL[name].replace("{schema}", schema)

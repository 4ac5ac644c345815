"""One publication of the town's open data: whole months, anonymised, from one snapshot, streamed month by month.

Each quarter is told as its published report was, from that position of the log, and leaves unsaid what that hides
(`silence`): so the file tells of the report's counts what the report tells, whatever was corrected since (POL-38).

Memory holds one month's combinations. Rows are numbered in the order of what they say, so that neither their order nor
their ids tell anything, and the same publication made again is the same, byte for byte.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from clic_chassis.error import RefusedError
from clic_chassis.sql import load
from clic_contracts.town import Town
from clic_reporting import ledger
from clic_reporting.core.anonymity import anonymised, shortened
from clic_reporting.core.period import Quarter
from clic_reporting.report import NOT_YET, Connection, NotProjectedError, query, reading
from clic_reporting.store import LIVE_SCHEMA

from .layout import HEADER, INFORMATION, STEPS, Cell, Layout
from .silence import Silence

K = 5
"""Rows of which each is like the others but for its id: what nobody can tell apart. As reports suppress (POL-38)."""
ROWS_FETCHED = 2_000
UNTOLD_NOTHING = Silence()
NAMED_MAX = 4
"""Quarters that an error names with the command for each."""
ZONE = ZoneInfo("America/Toronto")
_SQL = load("clic_reporting.open_data")
_MONTH = re.compile(r"^([0-9]{4})-(0[1-9]|1[0-2])$")


class PublicationError(RefusedError):
    """These months cannot be published; the message says why."""

    code = "invalid_months"


class NotCoveredError(RefusedError):
    """No published report covers these months, so that nothing says what of them has to stay hidden."""

    code = "not_covered"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be published."""

    first: str | None = None
    """The first month, such as `2026-01`; None: the first with anything in it."""
    last: str | None = None
    """The last month; None: the last that was over."""
    as_of: str | None = None
    """A day or a position of the log; None: now. With `k` below `K` alone: what is published is as of its reports."""
    k: int = K
    """See `K`. With less the rows are exact and not to be published, and no report need cover them."""


@dataclass(frozen=True, slots=True)
class Part:
    """Months of one quarter, told as its published report was; or all months, exact and not to be published."""

    first_on: dt.date
    next_on: dt.date
    """The first day after it."""
    position: int
    report: ledger.Publication | None = None
    silence: Silence = UNTOLD_NOTHING


@dataclass(slots=True)
class Publication:
    """What is published, and the account of it as it is written."""

    position: int
    definition: str
    first_on: dt.date
    next_on: dt.date
    """The first day after it."""
    k: int
    parts: tuple[Part, ...] = ()
    rows: Counter[str] = field(default_factory=Counter)
    """By nature."""
    generalised: Counter[str] = field(default_factory=Counter)
    """By the last step that each needed, as `STEPS` names them. Not for the public, as the next two."""
    left_out: int = 0
    confidential: int = 0

    @property
    def public(self) -> bool:
        """Whether it is made to be published."""
        return self.k >= K

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


async def publish(
    connection: Connection, town: Town, asked: Asked, *, schema: str = LIVE_SCHEMA
) -> AsyncGenerator[tuple[Publication, str], None]:
    """The file in pieces of CSV, each with the account so far; the first piece is the header.

    A month that was not over is refused: published again later, it would tell what came since.

    Raises:
        PublicationError: the months are none, or not over.
        NotCoveredError: of a quarter among them no report is published; it says how to publish it.
        LedgerError: what was published is not known any more as it was.
        AsOfError, NotProjectedError: as `clic_reporting.report.period_report`.
    """
    layout = Layout(town)
    async with reading(connection, schema, as_of=asked.as_of):
        publication = await _begun(connection, schema, asked)
        if publication.public:
            publication.parts = await _covered(connection, schema, publication, layout)
            publication.position = max(part.position for part in publication.parts)
        else:
            publication.parts = (Part(publication.first_on, publication.next_on, publication.position),)
        yield publication, _csv([HEADER])
        number = 0
        for part in publication.parts:
            if part.report is not None:
                await connection.execute(query("as_of"), str(part.position))
            async for month_name, cells in _months(connection, schema, part, layout):
                confidential = await _confidential(connection, schema, month_name)
                for cell, rows in sorted(_told(publication, part, cells, confidential).items()):
                    publication.rows[cell.nature] += rows
                    for start in range(0, rows, ROWS_FETCHED):
                        some = range(number + start, number + min(start + ROWS_FETCHED, rows))
                        yield publication, _csv(_row(layout, part, each, month_name, cell) for each in some)
                    number += rows


def _told(publication: Publication, part: Part, cells: Counter[Cell], confidential: int) -> Mapping[Cell, int]:
    """What is told of a month's rows, and how often; what is not is accounted for."""
    said: Counter[Cell] = Counter()
    for cell, rows in cells.items():
        if (told := part.silence(cell)) is not None:
            said[told] += rows
    found = anonymised(said, list(STEPS.values()), publication.k)
    publication.generalised.update({list(STEPS)[step - 1]: rows for step, rows in found.generalised.items()})
    publication.confidential += confidential
    told_of = found.cells
    if publication.public:
        requests = {cell: rows for cell, rows in sorted(told_of.items()) if cell.nature != INFORMATION}
        received = sum(rows for cell, rows in cells.items() if cell.nature != INFORMATION) + confidential
        absent = received - sum(requests.values())
        contacts = {cell: rows for cell, rows in told_of.items() if cell.nature == INFORMATION}
        told_of = {**contacts, **shortened(requests, absent, publication.k)}
    publication.left_out += cells.total() - sum(told_of.values())
    return told_of


def _row(layout: Layout, part: Part, number: int, month_name: str, cell: Cell) -> tuple[str, ...]:
    """A request is numbered within its publication alone: an id that lasted would link two of them."""
    row_id = "" if cell.nature == INFORMATION else f"{part.position}-{number + 1:06d}"
    return layout.row(row_id, month_name, cell)


async def _begun(connection: Connection, schema: str, asked: Asked) -> Publication:
    standing = await _standing(connection, schema)
    if asked.as_of and asked.k >= K:
        raise PublicationError(
            "what is published is told as its published reports are: leave the day or position away; exact rows for "
            "checks, not to be published, can be asked of any (`--k 1`)"
        )
    over = _over(standing)
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
    )


async def _standing(connection: Connection, schema: str) -> Any:
    standing: Any = await connection.fetchrow(_query("standing", schema))
    if standing is None or standing["instant"] is None:
        raise NotProjectedError(NOT_YET)
    return standing


def _over(standing: Any) -> dt.date:
    """The first day of the month that was not over."""
    day: dt.date = standing["instant"].astimezone(ZONE).date()
    return day.replace(day=1)


async def _covered(connection: Connection, schema: str, publication: Publication, layout: Layout) -> tuple[Part, ...]:
    """The quarters of a publication with the report that was published last of each; afterwards views tell the last."""
    reports = await ledger.publications(connection)
    newest = {each.period: each for each in reports}
    quarters = list(_quarters(publication))
    if missing := [str(each) for each in quarters if str(each) not in newest]:
        raise NotCoveredError(_publish_first(missing, "no report is published of"))
    parts: list[Part] = []
    for quarter in quarters:
        report = newest[str(quarter)]
        # Its own editions alone: what a later report hides of a quarter that its own shows is no secret.
        hidden = frozenset().union(*(each.hidden for each in reports if each.period == report.period))
        part = Part(
            first_on=max(quarter.first_on, publication.first_on),
            next_on=min(quarter.next_on, publication.next_on),
            position=report.position,
            report=report,
            silence=Silence.of(hidden, quarter, layout),
        )
        await connection.execute(query("as_of"), str(report.position))
        standing = await _standing(connection, schema)
        if part.next_on > _over(standing):
            raise NotCoveredError(_publish_first([report.period], "not all of these months were over in the report of"))
        if standing["rows"] != report.made_from.get("definition"):
            raise NotCoveredError(_publish_first([report.period], "other definitions than today's made the report of"))
        parts.append(part)
    return tuple(parts)


def _publish_first(periods: Sequence[str], why: str) -> str:
    commands = "; ".join(f"`clic report {period} --edition public --publish-by NAME`" for period in periods[:NAMED_MAX])
    more = f" and {len(periods) - NAMED_MAX} more" if len(periods) > NAMED_MAX else ""
    return (
        f"{why} {', '.join(periods[:NAMED_MAX])}{more}: a report says what has to stay hidden in the open data "
        f"(POL-38). Publish it first ({commands}), or ask for other months with --from and --to"
    )


def _quarters(publication: Publication) -> Iterator[Quarter]:
    quarter = Quarter.of(publication.first_on)
    while quarter.first_on < publication.next_on:
        yield quarter
        quarter = quarter.next


async def _confidential(connection: Connection, schema: str, month_name: str) -> int:
    first_on = month(month_name)
    count: int = await connection.fetchval(_query("confidential", schema), first_on, next_month(first_on))
    return count


async def _months(
    connection: Connection, schema: str, part: Part, layout: Layout
) -> AsyncIterator[tuple[str, Counter[Cell]]]:
    """Each month with what could be said of its rows, and how often."""
    current, cells = "", Counter[Cell]()
    cursor = connection.cursor(_query("cells", schema), part.first_on, part.next_on, prefetch=ROWS_FETCHED)
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

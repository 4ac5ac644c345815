"""The JSON API for machines: indicators and rows of the views, for readers with a token.

Source: RFC 8288 (links), RFC 9110 (ETag), POL-26, POL-31 to POL-36, POL-38.
"""

import csv
import datetime as dt
import hashlib
import io
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec
from fastapi import Depends, FastAPI, Header, HTTPException, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from clic_chassis.clock import Clock
from clic_chassis.http import PROBLEM_TYPE, problems
from clic_contracts.problem import Problem
from clic_reporting.access import Access, Reader, told
from clic_reporting.core.period import Quarter
from clic_reporting.model import INDICATORS
from clic_reporting.report import reading
from clic_reporting.store import LIVE_SCHEMA

from .cursor import CURSOR_CHARACTERS_MAX, GoneError
from .reading import (
    PAGE_ROWS,
    PAGE_ROWS_MAX,
    STREAMED_ROWS,
    TABLES,
    Connect,
    Page,
    Question,
    Standing,
    UnknownViewError,
    described,
    every_page,
    indicator_question,
    indicator_view,
    newest_version,
    page,
    rows_question,
    standing,
)

ZONE = ZoneInfo("America/Toronto")
PREFIX = "/api/v1"
HEADERS = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Accept", "X-Content-Type-Options": "nosniff"}


class Form(StrEnum):
    """How rows are given. `json` is a page; the others are all rows, streamed."""

    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"


MEDIA = {Form.NDJSON: "application/x-ndjson", Form.CSV: "text/csv; charset=utf-8"}
NoneMatch = Annotated[str | None, Header(alias="If-None-Match", max_length=200)]


class Paging(BaseModel):
    """What every reading can say. A parameter that nobody knows is refused: it would be ignored in silence."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    as_of: str | None = Field(
        default=None, max_length=20, description="As known at the end of a day, `2026-04-15`, or at a position."
    )
    limit: int = Field(default=PAGE_ROWS, ge=1, le=PAGE_ROWS_MAX, description="Rows of a page.")
    cursor: str | None = Field(
        default=None, max_length=CURSOR_CHARACTERS_MAX, description="As `next` of the page before gives it."
    )
    form: Form | None = Field(
        default=None, alias="format", description="`ndjson` and `csv` give all rows, streamed; none: by `Accept`."
    )


class IndicatorQuery(Paging):
    """Which rows of an indicator."""

    version: int | None = Field(default=None, ge=1, description="A version of it; none: the newest.")
    first: str | None = Field(default=None, alias="from", description="First quarter: `2026-Q1`.")
    last: str | None = Field(default=None, alias="to", description="Last quarter.")
    period: str | None = Field(default=None, description="One quarter alone.")

    @property
    def quarters(self) -> tuple[str | None, str | None]:
        """The first and the last.

        Raises:
            PeriodError: one of them is no quarter.
        """
        first, last = self.period or self.first, self.period or self.last
        return (str(Quarter.parse(first)) if first else None, str(Quarter.parse(last)) if last else None)


class RowsQuery(Paging):
    """Which rows of a table."""

    first_on: dt.date | None = Field(default=None, alias="from", description="First day.")
    last_on: dt.date | None = Field(default=None, alias="to", description="Last day.")


class Column(BaseModel):
    """A column of an indicator or a table."""

    model_config = ConfigDict(frozen=True)

    name: str
    type: str = Field(description="As PostgreSQL names it.")
    description: str


class View(BaseModel):
    """An indicator's newest version, or a table of rows, as the database's own comments describe it."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(examples=["pol32_balance"])
    versions: tuple[int, ...] = Field(description="Of an indicator; each stays as it was published.")
    description: str
    columns: tuple[Column, ...]
    href: str


@dataclass(frozen=True)
class Exports:
    """What the API stands on."""

    connect: Connect
    access: Access
    clock: Clock

    def today(self) -> dt.date:
        """In the town."""
        return self.clock.now().astimezone(ZONE).date()


def add_exports(api: FastAPI, exports: Exports) -> None:
    """Add the API to an application."""
    reader = Depends(exports.access.required)
    _add_refusals(api)
    _add_indicators(api, exports, reader)
    _add_rows(api, exports, reader)


def _add_refusals(api: FastAPI) -> None:
    @api.exception_handler(GoneError)
    async def gone(_: Request, error: GoneError) -> Response:
        problem = Problem(
            type="urn:clic:problem:reading-gone", title="Begin again", status=HTTPStatus.GONE, detail=str(error)
        )
        return JSONResponse(problem.model_dump(mode="json"), HTTPStatus.GONE, media_type=PROBLEM_TYPE)


def _add_indicators(api: FastAPI, exports: Exports, by: Any) -> None:
    @api.get(f"{PREFIX}/indicators", tags=["indicators"], responses=problems(401, 403, 503), dependencies=[by])
    async def indicators() -> list[View]:
        """The policy's indicators, as the database documents them. Source: POL-29, POL-31 to POL-36."""
        names = {each.name: each.newest_view for each in INDICATORS}
        versions = {name: tuple(each.version for each in INDICATORS if each.name == name) for name in names}
        return await _views(exports, names, versions, f"{PREFIX}/indicators")

    @api.get(
        f"{PREFIX}/indicators/{{name}}",
        tags=["indicators"],
        response_class=Response,
        responses=problems(401, 403, 404, 409, 410, 422, 503),
    )
    async def indicator(
        request: Request,
        reader: Annotated[Reader, by],
        name: str,
        query: Annotated[IndicatorQuery, Query()],
        if_none_match: NoneMatch = None,
    ) -> Response:
        """Rows of an indicator, the oldest quarter first. All pages are of the first page's position of the log."""
        view = indicator_view(name, query.version)
        columns = await _columns(exports, view)
        departments = _own_departments(reader, name, has_column="department" in columns)
        question = indicator_question(view, *query.quarters, departments)
        about = {"name": name, "version": query.version or newest_version(name)}
        return await _answered(exports, _Asked(request, reader, view, question, query, if_none_match, columns), about)


def _add_rows(api: FastAPI, exports: Exports, by: Any) -> None:
    @api.get(f"{PREFIX}/rows", tags=["rows"], responses=problems(401, 403, 503), dependencies=[by])
    async def tables() -> list[View]:
        """The tables that can be read row by row."""
        return await _views(exports, {name: name for name in TABLES}, {}, f"{PREFIX}/rows")

    @api.get(
        f"{PREFIX}/rows/{{name}}",
        tags=["rows"],
        response_class=Response,
        responses=problems(401, 403, 404, 409, 410, 422, 503),
    )
    async def rows(
        request: Request,
        reader: Annotated[Reader, by],
        name: str,
        query: Annotated[RowsQuery, Query()],
        if_none_match: NoneMatch = None,
    ) -> Response:
        """Requests, obligations and facts one by one, as far as the reader may see them (POL-26); reading is noted."""
        table = TABLES.get(name)
        if table is None:
            raise UnknownViewError(f"there is no table {name!r}; there are: {', '.join(TABLES)}")
        departments = _own_departments(reader, name, has_column=table.department)
        question = rows_question(table, query.first_on, query.last_on, departments)
        columns = await _columns(exports, name)
        asked = _Asked(request, reader, name, question, query, if_none_match, columns)
        return await _answered(exports, asked, {"name": name})


def _own_departments(reader: Reader, name: str, *, has_column: bool) -> list[str] | None:
    """Whose rows are given: None, everybody's."""
    if reader.departments is None:
        return None
    if not has_column:
        raise HTTPException(403, f"{name} is of the whole town: it needs the role desk or direction")
    return sorted(reader.departments)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was asked for over HTTP."""

    request: Request
    reader: Reader
    view: str
    question: Question
    paging: Paging
    if_none_match: str | None
    columns: tuple[str, ...]

    @property
    def chosen(self) -> Form:
        """By the parameter, else by `Accept`."""
        if self.paging.form is not None:
            return self.paging.form
        accept = self.request.headers.get("accept", "")
        return next((form for form, media in MEDIA.items() if media.partition(";")[0] in accept), Form.JSON)

    def etag(self, known: Standing) -> str:
        """The same rows have the same, and other rows another."""
        paging = f"{self.paging.cursor} {self.paging.limit} {self.chosen}"
        said = f"{self.question.text} {known.pinned} {known.made_by} {paging}"
        return f'"{hashlib.sha256(said.encode()).hexdigest()[:32]}"'

    def told(self, rows: int) -> None:
        """Note that it was read."""
        told(self.reader, f"api:{self.view}", rows, asked=self.question.text, as_of=self.paging.as_of)


async def _answered(exports: Exports, asked: _Asked, about: dict[str, Any]) -> Response:
    today, paging = exports.today(), asked.paging
    limit = paging.limit if asked.chosen is Form.JSON else STREAMED_ROWS
    async with exports.connect() as connection:
        if paging.cursor is None and asked.if_none_match is not None:
            etag = asked.etag(await standing(connection, paging.as_of, today))
            if etag in asked.if_none_match:
                return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={**HEADERS, "ETag": etag})
        found = await page(
            connection, asked.question, as_of=paging.as_of, cursor=paging.cursor, limit=limit, today=today
        )
    headers = {**HEADERS, "ETag": asked.etag(found.standing), "CLIC-Position": str(found.standing.position)}
    if asked.chosen is Form.JSON:
        asked.told(len(found.rows))
        return _page_response(asked, found, about, headers)
    lines = _lines(exports, asked, found, today)
    name = f"{asked.view}-{found.standing.position}.{asked.chosen}"
    headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return StreamingResponse(lines, media_type=MEDIA[asked.chosen], headers=headers)


def _page_response(asked: _Asked, found: Page, about: dict[str, Any], headers: dict[str, str]) -> Response:
    """A page as JSON; its rows are texts of PostgreSQL already."""
    following = None if found.next is None else _link(asked.request, cursor=str(found.next))
    links = [f'<{_link(asked.request, cursor=None)}>; rel="first"']
    if following is not None:
        links.append(f'<{following}>; rel="next"')
    known = found.standing
    body = msgspec.json.encode(
        {
            **about,
            "position": known.position,
            "instant": known.instant,
            "definition": known.made_by,
            "next": following,
            "rows": [msgspec.Raw(row.encode()) for row in found.rows],
        }
    )
    return Response(body, media_type="application/json", headers={**headers, "Link": ", ".join(links)})


def _link(request: Request, *, cursor: str | None) -> str:
    """The same address with another cursor, without a host: whatever proxy stands before us."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    query = urlencode([*kept, ("cursor", cursor)] if cursor is not None else kept)
    return f"{request.url.path}?{query}" if query else request.url.path


async def _lines(exports: Exports, asked: _Asked, first: Page, today: dt.date) -> AsyncIterator[bytes]:
    """All rows as they are read. What breaks on the way breaks the answer off: a client sees that it is not whole."""
    rows = 0
    try:
        if asked.chosen is Form.CSV:
            yield _csv([asked.columns])
        async with aclosing(every_page(exports.connect, asked.question, first, today)) as pages:
            async for each in pages:
                rows += len(each.rows)
                if asked.chosen is Form.CSV:
                    yield _csv(msgspec.json.decode(row).values() for row in each.rows)
                elif each.rows:
                    yield ("\n".join(each.rows) + "\n").encode()
    finally:
        asked.told(rows)


def _csv(rows: Any) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


async def _views(exports: Exports, names: dict[str, str], versions: dict[str, tuple[int, ...]], at: str) -> list[View]:
    async with exports.connect() as connection, reading(connection, LIVE_SCHEMA):
        found = await described(connection, list(names.values()))
    return [
        View(
            name=name,
            versions=versions.get(name, ()),
            description=found[view].description,
            columns=tuple(Column(name=c.name, type=c.type, description=c.description) for c in found[view].columns),
            href=f"{at}/{name}",
        )
        for name, view in names.items()
        if view in found
    ]


async def _columns(exports: Exports, view: str) -> tuple[str, ...]:
    async with exports.connect() as connection, reading(connection, LIVE_SCHEMA):
        found = await described(connection, [view])
    return tuple(each.name for each in found[view].columns) if view in found else ()

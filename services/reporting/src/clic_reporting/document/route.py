"""Reports over HTTP: the front page, the page of a period, and its other formats to download."""

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, FastAPI, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from clic_chassis.clock import Clock
from clic_chassis.http import PROBLEM_TYPE, problems
from clic_contracts.problem import Problem
from clic_contracts.vocabulary import Language
from clic_reporting import ledger
from clic_reporting.access import Access, Reader, told
from clic_reporting.core.document import ZONE, Edition
from clic_reporting.core.figure import Differences
from clic_reporting.core.period import PeriodError
from clic_reporting.page import POLICY, Pages, links_of
from clic_reporting.report import AsOfError, Connection, overview, period_comparison

from . import Format, rendered
from .edition import Made, NotPublishedError, internal, last_published, public

RENDERED_AT_ONCE_MAX = 2
"""Files that are made at the same time; others wait. A PDF takes a core for half a second."""
PAGE_HEADERS = {
    "Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-cache",
}
MEDIA = {
    Format.PDF: ("application/pdf", ".pdf"),
    Format.XLSX: ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"),
    Format.CSV: ("application/zip", "-csv.zip"),
    Format.PARQUET: ("application/zip", "-parquet.zip"),
    Format.JSON: ("application/json", ".json"),
}
"""Media type and the end of the file's name."""
AS_OF_MAX = 20

AsOf = Annotated[
    str | None, Query(max_length=AS_OF_MAX, description="As known at the end of a day, or at a position of the log.")
]
Since = Annotated[
    str | None, Query(max_length=AS_OF_MAX, description="Also what was corrected since that day or position.")
]


@dataclass(frozen=True)
class Reports:
    """What the pages stand on. `standing` says why the figures are not kept up to date now."""

    connect: Callable[[], AbstractAsyncContextManager[Connection]]
    pages: Pages
    clock: Clock
    access: Access
    standing: Callable[[], str | None]
    links: Mapping[str, str]
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(RENDERED_AT_ONCE_MAX))

    async def made(
        self, reader: Reader | None, period: str, language: Language, as_of: str | None, since: str | None
    ) -> Made:
        """The report that a reader may see: exact figures, or what was published of the period (POL-38)."""
        labels = self.pages.labels[language]
        async with self.connect() as connection:
            if reader is None or not reader.sees_all:
                if as_of is not None or since is not None:
                    raise AsOfError("other days than that of its publication are told to readers with a token alone")
                return await public(connection, period, labels)
            made = await internal(connection, period, labels, as_of=as_of, since=since)
        told(reader, "report", len(made[0].tables), period=made[0].period, as_of=as_of, since=since)
        return made


def add_reports(api: FastAPI, reports: Reports) -> None:
    """Add the front page and the reports to an application."""
    _add_refusals(api, reports)
    _add_front(api, reports)
    _add_files(api, reports)
    _add_page(api, reports)


def _add_refusals(api: FastAPI, reports: Reports) -> None:
    @api.exception_handler(NotPublishedError)
    async def not_published(request: Request, error: NotPublishedError) -> Response:
        if "text/html" in request.headers.get("accept", ""):
            page = reports.pages.missing(request.path_params.get("period", ""))
            return HTMLResponse(page, HTTPStatus.NOT_FOUND, headers=PAGE_HEADERS)
        return _problem("not-published", "This report is not published", HTTPStatus.NOT_FOUND, str(error))

    @api.exception_handler(AsOfError)
    async def no_as_of(_: Request, error: AsOfError) -> Response:
        return _problem("invalid-as-of", "There is no such knowledge", HTTPStatus.UNPROCESSABLE_ENTITY, str(error))


def _add_front(api: FastAPI, reports: Reports) -> None:
    @api.get("/", include_in_schema=False)
    async def front(reader: Annotated[Reader | None, Depends(reports.access.reader)]) -> HTMLResponse:
        exact = reader is not None and reader.sees_all
        async with reports.connect() as connection:
            found = await overview(connection)
            published = last_published(await ledger.publications(connection))
        if reader is not None and exact:
            told(reader, "reports", len(found.quarters))
        page = reports.pages.front(
            found,
            published=published,
            exact=exact,
            today=_today(reports),
            links=reports.links,
            standing=reports.standing(),
        )
        return HTMLResponse(page, headers=PAGE_HEADERS)


def _today(reports: Reports) -> dt.date:
    return reports.clock.now().astimezone(ZONE).date()


def _add_files(api: FastAPI, reports: Reports) -> None:
    async def file(
        reader: Reader | None, period: str, form: Format, language: Language, as_of: str | None, since: str | None
    ) -> Response:
        document, comparison = await reports.made(reader, period, language, as_of, since)
        async with reports.turns:
            content = await asyncio.to_thread(rendered, document, comparison.report, form)
        media, ending = MEDIA[form]
        edition = "" if document.edition is Edition.PUBLIC else f"-{document.edition}"
        name = f"{'report' if language is Language.EN else 'rapport'}-{document.period}{edition}{ending}"
        how = "inline" if form is Format.JSON else "attachment"
        headers = {**PAGE_HEADERS, "Content-Disposition": f'{how}; filename="{name}"'}
        return Response(content, media_type=media, headers=headers)

    @api.get("/reports/{period}.json", tags=["reports"], responses=problems(401, 404, 422, 503))
    async def machine(
        reader: Annotated[Reader | None, Depends(reports.access.reader)],
        period: str,
        language: Language = Language.FR,
        as_of: AsOf = None,
        since: Since = None,
    ) -> Response:
        """The figures of a quarter such as `2022-Q1` or a year such as `2022`, and its tables.

        Readers with a token get exact figures; others what was published, where what is withheld is null.
        Source: POL-29, POL-31 to POL-38.
        """
        return await file(reader, period, Format.JSON, language, as_of, since)

    @api.get("/reports/{period}/differences", tags=["reports"], responses=problems(401, 403, 404, 422, 503))
    async def differences(
        reader: Annotated[Reader, Depends(reports.access.required)],
        period: str,
        earlier: Annotated[str, Query(max_length=AS_OF_MAX, description="A day or a position of the log.")],
        later: AsOf = None,
    ) -> Differences:
        """What of a period is told otherwise as of `later` than as of `earlier`, request by request, by reference."""
        if not reader.sees_all:
            raise NotPublishedError("what was corrected is told to readers of the whole town's figures alone")
        async with reports.connect() as connection:
            found = await period_comparison(connection, period, as_of=later, since=earlier)
        assert found.differences is not None
        told(reader, "differences", len(found.differences.changes), period=period, earlier=earlier, later=later)
        return found.differences

    @api.get("/reports/{period}.{form}", tags=["reports"], responses=problems(401, 404, 422, 503))
    async def download(
        reader: Annotated[Reader | None, Depends(reports.access.reader)],
        period: str,
        form: str,
        language: Language = Language.FR,
        as_of: AsOf = None,
        since: Since = None,
    ) -> Response:
        """The same as a file: `pdf`, `xlsx`, or a ZIP archive of `csv` or `parquet`."""
        if form not in list(Format):
            raise PeriodError(f"reports are there as {', '.join(Format)}, not as {form[:AS_OF_MAX]!r}")
        return await file(reader, period, Format(form), language, as_of, since)


def _add_page(api: FastAPI, reports: Reports) -> None:
    @api.get("/reports/{period}", tags=["reports"], response_class=HTMLResponse, responses=problems(401, 404, 422, 503))
    async def page(
        reader: Annotated[Reader | None, Depends(reports.access.reader)],
        period: str,
        language: Language = Language.FR,
        as_of: AsOf = None,
        since: Since = None,
    ) -> HTMLResponse:
        """The same as a page to read, in French or English."""
        document, comparison = await reports.made(reader, period, language, as_of, since)
        given = {"language": language if language is not Language.FR else None, "as_of": as_of, "since": since}
        asked = {name: str(value) for name, value in given.items() if value is not None}
        public_ones: set[str] | None = None
        if document.edition is Edition.PUBLIC:
            async with reports.connect() as connection:
                public_ones = set(last_published(await ledger.publications(connection)))
        links = links_of(comparison, language, asked, only=public_ones)
        return HTMLResponse(
            reports.pages.report(document, links=links, standing=reports.standing()), headers=PAGE_HEADERS
        )


def _problem(kind: str, title: str, status: HTTPStatus, detail: str) -> Response:
    problem = Problem(type=f"urn:clic:problem:{kind}", title=title, status=status, detail=detail)
    return JSONResponse(problem.model_dump(mode="json"), status, media_type=PROBLEM_TYPE)

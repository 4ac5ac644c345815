"""The dashboard over HTTP: its pages, its charts, its files, and the stream that keeps it up to date."""

import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from http import HTTPStatus
from typing import Annotated, NamedTuple

from fastapi import Depends, FastAPI, HTTPException, Query, Request, Response
from fastapi.responses import JSONResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent

from clic_chassis.clock import Clock
from clic_chassis.error import RefusedError
from clic_chassis.http import PROBLEM_TYPE
from clic_chassis.identity import EnterError
from clic_chassis.identity.known import Known
from clic_contracts.problem import Problem
from clic_contracts.town import Town
from clic_contracts.vocabulary import Language
from clic_reporting.access import Access, Reader
from clic_reporting.core.figure import NONE
from clic_reporting.report import Connection

from .asset import Assets
from .chart import ChartError, Drawings, read_points
from .entry import HOME, add_entry, look_of, page, wants_html
from .figures import ZONE, Past, listed, standing
from .live import Changes, FullError
from .page import DashboardPages
from .reading import Readings
from .selection import TEXT_MAX, Cursor, CursorError, Selection, Show

ROWS_MAX = 50
"""Of one page of a list."""
KEEP_S = 86_400
"""How long a browser may keep a chart: its address says all that is in it."""
CHART_DATA_MAX = 1_000
"""Characters."""
RETRY_S = 15

_Text = Annotated[str | None, Query(max_length=TEXT_MAX)]


class Dashboard(NamedTuple):
    """What the dashboard stands on. `standing` says why the figures are not kept up to date now."""

    connect: Callable[[], AbstractAsyncContextManager[Connection]]
    """Gives a connection to the tables."""
    town: Town
    clock: Clock
    access: Access
    changes: Changes
    standing: Callable[[], str | None]
    file_link: str | None = None
    """Leads to a request's file: an address with `{reference}` or `{request_id}` in it."""


class PageError(Exception):
    """A department's page that a reader may not see (403), or that there is none of (404)."""

    def __init__(self, status: HTTPStatus, department: str) -> None:
        super().__init__(f"{status}: {department}")
        self.status = status
        self.department = department[:TEXT_MAX]


def addresses(town: Town) -> list[str]:
    """The pages, for who measures how soon they answer."""
    shows = [Selection(show).address() for show in Show]
    departments = [f"{HOME}/departments/{each.code}" for each in town.departments]
    lists = [Selection(Show.PENDING, department=each.code).address() for each in town.departments]
    return [HOME, *departments, *shows, *lists]


def add_dashboard(api: FastAPI, board: Dashboard) -> None:
    """Add the dashboard and the way in to an application."""
    assets = Assets()
    pages = DashboardPages(board.town, assets, board.file_link)
    add_entry(api, board.access, pages)
    _add_refusals(api, board, pages)
    _add_pages(api, board, pages)
    _add_files(api, board, assets)
    _add_live(api, board)


def _reader_of(board: Dashboard) -> Callable[[Request], Awaitable[Reader]]:
    async def reader(request: Request) -> Reader:
        """Who reads a page; a browser without a session is led to the entrance."""
        machine = "Authorization" in request.headers or not wants_html(request)
        if not machine and board.access.identity.session(request) is None:
            raise EnterError("nobody is known behind this page")
        return await board.access.required(request)

    return reader


def _add_refusals(api: FastAPI, board: Dashboard, pages: DashboardPages) -> None:
    @api.exception_handler(PageError)
    async def refused(request: Request, error: PageError) -> Response:
        if wants_html(request):
            return page(
                request,
                pages.refused(look_of(request, board.access), status=error.status, department=error.department),
                error.status,
            )
        if error.status is HTTPStatus.NOT_FOUND:
            return _problem(error.status, f"the town has no department {error.department!r}")
        return _problem(error.status, f"your roles do not read {error.department!r}: an operator gives the role")

    @api.exception_handler(CursorError)
    @api.exception_handler(ChartError)
    async def unfit(_: Request, error: RefusedError) -> Response:
        return _problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(error))


def _problem(status: HTTPStatus, detail: str) -> Response:
    kind = status.phrase.lower().replace(" ", "-")
    problem = Problem(type=f"urn:clic:problem:{kind}", title=status.phrase, status=status, detail=detail)
    return JSONResponse(problem.model_dump(mode="json"), status, media_type=PROBLEM_TYPE)


def _add_pages(api: FastAPI, board: Dashboard, pages: DashboardPages) -> None:
    readings, past = Readings(board.clock), Past()
    who = Annotated[Reader, Depends(_reader_of(board))]

    def today() -> tuple[dt.date, dt.datetime]:
        now = board.clock.now()
        return now.astimezone(ZONE).date(), now

    async def state(request: Request, reader: Reader, department: str | None) -> Response:
        day, now = today()
        scope = reader.departments if department is None else {department}
        async with board.connect() as connection:
            found = await standing(connection, day, now, scope, past)
        rows = len(found.state.departments) + len(found.state.months) + len(found.state.subjects)
        readings.note(request, reader, "dashboard", rows, department=department)
        look = look_of(request, board.access)
        return page(
            request,
            pages.state(found, look, reader, department=department, now=now, standing=board.standing()),
        )

    @api.get(HOME, include_in_schema=False)
    async def home(request: Request, reader: who) -> Response:
        return await state(request, reader, None)

    @api.get(f"{HOME}/departments/{{code}}", include_in_schema=False)
    async def one_department(request: Request, code: str, reader: who) -> Response:
        if not reader.may(code):
            raise PageError(HTTPStatus.FORBIDDEN, code)
        if code not in board.town.department_by_code:
            raise PageError(HTTPStatus.NOT_FOUND, code)
        return await state(request, reader, code)

    @api.get(f"{HOME}/requests", include_in_schema=False)
    async def requests(
        request: Request,
        reader: who,
        show: Show = Show.PENDING,
        department: _Text = None,
        subject: _Text = None,
        after: _Text = None,
    ) -> Response:
        if department and not (reader.sees_all if department == NONE else reader.may(department)):
            raise PageError(HTTPStatus.FORBIDDEN, department)
        selection = Selection(show, department or None, subject or None, Cursor.parse(after) if after else None)
        day, now = today()
        async with board.connect() as connection:
            found = await listed(connection, reader, selection, day, now, rows_max=ROWS_MAX)
        readings.note(
            request, reader, "requests", len(found.rows),
            show=str(show), department=selection.department, subject=selection.subject, after=after,
        )  # fmt: skip
        return page(request, pages.requests(found, look_of(request, board.access), reader, selection, now=now))


def _add_files(api: FastAPI, board: Dashboard, assets: Assets) -> None:
    drawings = Drawings()

    @api.get(f"{HOME}/static/{{name}}", include_in_schema=False)
    async def file(name: str, v: str = "") -> Response:
        asset = assets.get(name)
        if asset is None:
            raise HTTPException(404, "there is no such file")
        kept = "public, max-age=31536000, immutable" if v == asset.digest else "no-cache"
        return Response(
            asset.body, media_type=asset.media_type,
            headers={"Cache-Control": kept, "X-Content-Type-Options": "nosniff"},
        )  # fmt: skip

    @api.get(f"{HOME}/charts/{{name}}.svg", include_in_schema=False, dependencies=[Depends(board.access.required)])
    async def chart(
        name: str,
        d: Annotated[str, Query(max_length=CHART_DATA_MAX)],
        lang: Language = Language.FR,
        narrow: bool = False,  # noqa: FBT001, FBT002 - a parameter of the address
    ) -> Response:
        svg = await drawings.svg(name, read_points(name, d), lang, narrow=narrow)
        headers = {
            "Cache-Control": f"private, max-age={KEEP_S}, immutable",
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
            "X-Content-Type-Options": "nosniff",
        }
        return Response(svg, media_type="image/svg+xml", headers=headers)


def _add_live(api: FastAPI, board: Dashboard) -> None:
    def seat(reader: Annotated[Reader, Depends(board.access.required)]) -> Iterator[None]:
        try:
            with board.changes.seat(reader.name):
                yield
        except FullError as error:
            raise HTTPException(503, str(error), headers={"Retry-After": str(RETRY_S)}) from error

    @api.get(f"{HOME}/live", include_in_schema=False, response_class=EventSourceResponse, dependencies=[Depends(seat)])
    async def live(
        request: Request, known: Annotated[Known, Depends(board.access.identity.known)]
    ) -> AsyncIterator[ServerSentEvent]:
        def stands() -> bool:
            return board.access.identity.stands(request, known)

        async for position in board.changes.positions(stands):
            yield ServerSentEvent(event="position", raw_data=str(position))

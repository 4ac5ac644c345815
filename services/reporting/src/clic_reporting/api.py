"""Reporting over HTTP, to read: pages for people, the report and the indicators as JSON. No personal data."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from http import HTTPStatus
from typing import Annotated

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from fastapi import FastAPI, Query, Request, Response
from fastapi.responses import JSONResponse

from clic_chassis.clock import Clock
from clic_chassis.error import RetryableError
from clic_chassis.failure import is_outage
from clic_chassis.http import PROBLEM_TYPE, add_error_handlers, new_api, problems
from clic_contracts.submission import Problem

from .access import Access
from .core.period import PeriodError
from .document.route import Reports, add_reports
from .indicator import ROWS_MAX, Indicator, IndicatorRows, indicator_rows, indicators
from .page import Pages
from .report import NotProjectedError

ACQUIRE_TIMEOUT_S = 5.0
"""How long a reader waits for one of the pool's connections."""


def make_api(
    pool: asyncpg.Pool,
    pages: Pages,
    clock: Clock,
    *,
    links: Mapping[str, str],
    standing: Callable[[], str | None],
    access: Access | None = None,
) -> FastAPI:
    """The service's HTTP application; its OpenAPI pages are at /docs.

    `links` are further addresses for the front page, by title. `standing` says why the figures are not kept up to date
    now, None while they are. `access` says who reads internal figures; None: nobody.
    """
    access = access or Access({}, (), clock)
    api = new_api(title="CLIC – reporting", version="1", summary="What it all amounts to.")
    add_error_handlers(api)
    _add_own_error_handlers(api)

    add_reports(api, Reports(lambda: connected(pool), pages, clock, access, standing, links))

    @api.get("/indicators", tags=["indicators"], responses=problems(503))
    async def all_indicators() -> list[Indicator]:
        """The SQL views of the policy's indicators, as the database documents them."""
        async with connected(pool) as connection:
            return await indicators(connection)

    @api.get("/indicators/{name}", tags=["indicators"], responses=problems(404, 422, 503))
    async def rows(
        name: str,
        period: Annotated[str | None, Query(description="One quarter, such as `2022-Q1`.")] = None,
        limit: Annotated[int, Query(ge=1, le=ROWS_MAX, description="Rows at most.")] = ROWS_MAX,
    ) -> IndicatorRows:
        """The rows of a view, the newest quarter first."""
        async with connected(pool) as connection:
            return await indicator_rows(connection, name, period=period, limit=limit)

    return api


@contextlib.asynccontextmanager
async def connected(pool: asyncpg.Pool) -> AsyncIterator[PoolConnectionProxy]:
    """A connection of the pool.

    Raises:
        RetryableError: the database is away or too busy.
    """
    try:
        async with pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection:
            yield connection
    except Exception as error:
        if is_outage(error):
            raise RetryableError(f"the database did not answer: {type(error).__name__}") from error
        raise


def _problem(kind: str, title: str, status: HTTPStatus, detail: str) -> Response:
    problem = Problem(type=f"urn:clic:problem:{kind}", title=title, status=status, detail=detail)
    return JSONResponse(problem.model_dump(mode="json"), status, media_type=PROBLEM_TYPE)


def _add_own_error_handlers(api: FastAPI) -> None:
    @api.exception_handler(PeriodError)
    async def no_period(_: Request, error: PeriodError) -> Response:
        return _problem("invalid-period", "There is no such period", HTTPStatus.NOT_FOUND, str(error))

    @api.exception_handler(NotProjectedError)
    async def no_tables(_: Request, error: NotProjectedError) -> Response:
        return _problem("not-projected", "There are no figures yet", HTTPStatus.SERVICE_UNAVAILABLE, str(error))

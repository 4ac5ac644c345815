"""Reporting over HTTP, to read: pages for people, the report and the indicators as JSON. No personal data."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from http import HTTPStatus

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from clic_chassis.clock import Clock
from clic_chassis.error import RetryableError
from clic_chassis.failure import is_outage
from clic_chassis.http import PROBLEM_TYPE, add_error_handlers, new_api
from clic_chassis.identity import protect
from clic_contracts.problem import Problem

from .access import Access
from .core.period import PeriodError
from .document.route import Reports, add_reports
from .export.route import Exports, add_exports
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
    protect(api, access.identity)
    add_own_error_handlers(api)
    add_reports(api, Reports(lambda: connected(pool), pages, clock, access, standing, links))
    add_exports(api, Exports(lambda: connected(pool), access, clock))
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


def add_own_error_handlers(api: FastAPI) -> None:
    """Answer what reporting alone can refuse as a problem: no period 404, nothing to read from yet 503."""

    @api.exception_handler(PeriodError)
    async def no_period(_: Request, error: PeriodError) -> Response:
        return _problem("invalid-period", "There is no such period", HTTPStatus.NOT_FOUND, str(error))

    @api.exception_handler(NotProjectedError)
    async def no_tables(_: Request, error: NotProjectedError) -> Response:
        return _problem("not-projected", "There are no figures yet", HTTPStatus.SERVICE_UNAVAILABLE, str(error))

"""Reporting over HTTP, to read: the report of a quarter as JSON. No personal data."""

from __future__ import annotations

import asyncpg
from fastapi import FastAPI

from clic_chassis.http import add_error_handlers

from .core.figure import Report
from .report import quarter_report


def make_api(pool: asyncpg.Pool) -> FastAPI:
    """The service's HTTP application; its OpenAPI pages are at /docs."""
    api = FastAPI(title="CLIC – reporting", version="1", summary="What it all amounts to.")
    add_error_handlers(api)

    @api.get("/reports/{period}.json", tags=["reports"])
    async def report(period: str) -> Report:
        """The figures of a quarter such as `2022-Q1`. Source: POL-31 to POL-36."""
        async with pool.acquire() as connection:
            return await quarter_report(connection, period)

    return api

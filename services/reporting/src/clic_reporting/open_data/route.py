"""The town's open data over HTTP, for those who may publish it."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Query, Response
from fastapi.responses import StreamingResponse

from clic_chassis.http import problems
from clic_contracts.town import Town
from clic_reporting.access import Access, Reader, told
from clic_reporting.export.reading import Connect

from .publication import Asked, Publication, publish

MADE_AT_ONCE_MAX = 1
"""Files that are made at the same time; others wait. It takes some seconds."""
SPOOL_BYTES = 1024 * 1024
"""Of a file in memory; the rest is on the disk. It is whole before it is sent: a slow reader holds no snapshot."""


@dataclass(frozen=True)
class OpenData:
    """What the download stands on."""

    connect: Connect
    access: Access
    town: Town
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MADE_AT_ONCE_MAX))


def add_open_data(api: FastAPI, data: OpenData) -> None:
    """Add the download to an application."""

    @api.get(
        "/api/v1/open-data/requetes.csv",
        tags=["open data"],
        response_class=Response,
        responses=problems(401, 403, 409, 422, 503),
    )
    async def download(
        reader: Annotated[Reader, Depends(data.access.required)],
        first: Annotated[str | None, Query(alias="from", description="First month: `2026-01`.")] = None,
        last: Annotated[str | None, Query(alias="to", description="Last month; it must be over.")] = None,
    ) -> Response:
        """The town's open data in the layout of Montréal's 311 file, anonymised: for whoever publishes it (POL-38).

        A report of each quarter must be published before it: the rows are as of that, and leave unsaid what it hides.
        """
        if not reader.sees_all:
            raise HTTPException(403, "the open data is of the whole town: it needs the role desk or direction")
        publication: Publication | None = None
        spool = tempfile.SpooledTemporaryFile(SPOOL_BYTES)  # noqa: SIM115 - closed once it is sent
        try:
            async with data.turns, data.connect() as connection:
                pieces = publish(connection, data.town, Asked(first, last))
                async with aclosing(pieces) as written:
                    async for account, piece in written:
                        publication = account
                        spool.write(piece.encode())
        except BaseException:
            spool.close()
            raise
        assert publication is not None
        told(reader, "api:open_data", publication.rows.total(), months=publication.months)
        headers = {
            "Cache-Control": "private, no-cache",
            "CLIC-Position": str(publication.position),
            "Content-Disposition": 'attachment; filename="requetes.csv"',
        }
        closing = BackgroundTasks()
        closing.add_task(spool.close)
        return StreamingResponse(
            _sent(spool), media_type="text/csv; charset=utf-8", headers=headers, background=closing
        )


async def _sent(spool: Any) -> AsyncIterator[bytes]:
    with spool:
        spool.seek(0)
        while piece := spool.read(SPOOL_BYTES):
            yield piece

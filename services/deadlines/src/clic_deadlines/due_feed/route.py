"""The calendar over HTTP: by the secret in its address alone, and as if it were not there for everybody else."""

import hashlib
from typing import Annotated

from fastapi import FastAPI, Header, Query, Response

from clic_chassis.error import NotFoundError
from clic_chassis.http import problems

from .feed import Feed
from .token import TOKEN_CHARACTERS_MAX, FeedTokens

PATH = "/departments/{code}/due.ics"
ETAG_CHARACTERS = 32


def add_feed_route(api: FastAPI, feed: Feed, tokens: FeedTokens) -> None:
    """Add `GET /departments/{code}/due.ics` to an application."""

    @api.head(PATH, include_in_schema=False)
    @api.get(
        PATH,
        tags=["calendar"],
        response_class=Response,
        responses={
            200: {"content": {"text/calendar": {}}, "description": "The calendar (RFC 5545)."},
            304: {"description": "It is as it was."},
            **problems(404, 503),
        },
    )
    async def due_calendar(
        code: str,
        token: Annotated[str, Query(description="The secret that `clic calendar-feed` made.")] = "",
        if_none_match: Annotated[str, Header()] = "",
    ) -> Response:
        """Subscribe to a department's limits, in a calendar program."""
        if not feed.has(code) or len(token) > TOKEN_CHARACTERS_MAX or not await tokens.opens(code, token):
            raise NotFoundError("there is no such calendar: `clic calendar-feed` makes its address")
        body = await feed.of(code)
        etag = f'"{hashlib.sha256(body).hexdigest()[:ETAG_CHARACTERS]}"'
        # Kept, and asked for again each time: by the tag that costs nothing.
        headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
        if etag in (each.strip().removeprefix("W/") for each in if_none_match.split(",")):
            return Response(status_code=304, headers=headers)
        headers["Content-Disposition"] = f'inline; filename="{code}.ics"'
        return Response(body, headers=headers, media_type="text/calendar; charset=utf-8")

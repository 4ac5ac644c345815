"""Files of a request over HTTP: an agent adds one, or opens one for a reason that is recorded (POL-28, POL-30)."""

import uuid
from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import quote, unquote

from fastapi import Body, Depends, FastAPI, Header, Path, Response
from pydantic import BaseModel

from clic_chassis.agents import Agent
from clic_chassis.clock import Clock
from clic_chassis.http import problems
from clic_contracts.vocabulary import RequestId
from clic_intake.citizen.page import FORM_BYTES_MAX
from clic_intake.core.media import BYTES_MAX, NAME_CHARS_MAX
from clic_intake.personal.attachments import Attachment, Attachments
from clic_intake.register import Register

from .story import Opening, RequestPath, Stories

PATH = "/requests/*/attachments"
"""Where files are posted, as a pattern: they may be larger than other bodies."""
FORM_PATH = "/desk/requests/*/files"
"""Where the agents' page posts a file, as such a pattern."""
LARGER_BODIES = {PATH: BYTES_MAX, FORM_PATH: FORM_BYTES_MAX}
"""Bytes that each takes; of a form more, so that the page can say what is wrong with a file that is too large."""
FILE: dict[int | str, dict[str, Any]] = {200: {"content": {"application/octet-stream": {}}}}
SLUG_CHARS_MAX = 9 * NAME_CHARS_MAX
"""Of a name whose characters are three bytes each, encoded. A header, since addresses stand in servers' logs."""


class Attached(BaseModel):
    """A file is in the request's story."""

    attachment_id: RequestId


def add_attachments(
    api: FastAPI,
    attachments: Attachments,
    register: Register,
    stories: Stories,
    clock: Clock,
    current: Callable[..., Any],
) -> None:
    """Add the routes."""
    who = Annotated[Agent, Depends(current)]

    @api.post(
        "/requests/{request_id}/attachments",
        tags=["requests"],
        summary="Attach a file",
        responses=problems(401, 403, 404, 409, 413, 422, 503),
    )
    async def attach(
        request_id: RequestPath,
        content: Annotated[bytes, Body(media_type="application/octet-stream")],
        agent: who,
        slug: Annotated[
            str, Header(max_length=SLUG_CHARS_MAX, description="The file's name, percent-encoded (RFC 5023, 9.7).")
        ] = "",
        idempotency_key: Annotated[str | None, Header(alias="Idempotency-Key", max_length=200)] = None,
    ) -> Attached:
        """Attach a picture or a document, 10 MB at most and 10 a request; what it is, its bytes say (POL-28)."""
        await stories.treated(request_id, agent)
        attachment_id = await attachments.add(
            request_id,
            unquote(slug),
            content,
            actor=agent.actor,
            cause_id=f"{agent.actor}\n{idempotency_key or uuid.uuid4()}",
            at=clock.now(),
        )
        return Attached(attachment_id=attachment_id)

    @api.post(
        "/requests/{request_id}/attachments/{attachment_id}/open",
        tags=["requests"],
        summary="Open a file",
        responses={**FILE, **problems(401, 403, 404, 409, 422, 503)},
        response_class=Response,
    )
    async def open_file(
        request_id: RequestPath,
        attachment_id: Annotated[RequestId, Path(description="The file's id.")],
        body: Opening,
        agent: who,
    ) -> Response:
        """A file, for a reason that is recorded with who asked, before it is opened (POL-30)."""
        await stories.treated(request_id, agent)
        await register.record_opening(clock.now(), agent.agent, request_id, body.reason)
        found = await attachments.read(request_id, attachment_id)
        return saved(found)


def saved(found: Attachment) -> Response:
    """A file as a browser saves it: never shown beside our pages, where a picture of today may be a script."""
    return Response(
        found.content,
        media_type=found.media_type,
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.name, safe='')}",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )

"""Mails that are kept as they came, over HTTP: what was set aside is looked at and taken all the same (POL-10)."""

import datetime as dt
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Path, Response
from pydantic import AwareDatetime, BaseModel, Field

from clic_chassis.agents import Agent
from clic_chassis.clock import Clock
from clic_chassis.error import NotFoundError
from clic_chassis.http import problems
from clic_contracts.permission import DESK
from clic_contracts.vocabulary import RequestId
from clic_intake.core.mail_nature import Aside
from clic_intake.core.rule import UnknownRequestError
from clic_intake.mail.kept import NOT_KEPT, NOT_WHOLE, KeptMail, KeptMails
from clic_intake.mail.reception import Reception
from clic_intake.register import Register

from .story import Opening, RequestPath, Stories

EML: dict[int | str, dict[str, Any]] = {200: {"content": {"message/rfc822": {}}}}
MailPath = Annotated[RequestId, Path(description="The mail's id.")]


class Mail(BaseModel):
    """A mail that is kept; what stands in it is opened for a reason."""

    mail_id: str
    reason: str = Field(
        description=f"`{NOT_WHOLE}`: its request does not hold all of it; or why it was set aside: "
        + ", ".join(f"`{each.value}`" for each in Aside)
    )
    arrived_at: AwareDatetime
    size_bytes: int
    kept_until: dt.datetime | None = Field(default=None, description="Of one that was set aside.")


class Received(BaseModel):
    """What became of a mail that an agent took."""

    request_id: RequestId


def add_mails(
    api: FastAPI,
    kept: KeptMails,
    reception: Reception,
    stories: Stories,
    register: Register,
    clock: Clock,
    *,
    at_desk: Callable[..., Any],
) -> None:
    """Add the routes; `at_desk` is the dependency for who works at the desk or in a department."""
    who = Annotated[Agent, Depends(at_desk)]

    @api.get("/mails", tags=["mails"], summary="List mails set aside", responses=problems(401, 403, 404, 503))
    async def aside(agent: who, after: RequestId | None = None) -> list[Mail]:
        """Mails that were taken for automatic ones, newest first, 100 at most; each goes after 30 days.

        `after` is the id of the last one of the page before.
        """
        _must_be_at_desk(agent)
        last = await kept.find(after) if after is not None else None
        return [_mail(each) for each in await kept.aside(before=last)]

    @api.get(
        "/requests/{request_id}/mails",
        tags=["mails"],
        summary="List a request's original mails",
        responses=problems(401, 403, 404, 503),
    )
    async def of_request(request_id: RequestPath, agent: who) -> list[Mail]:
        """Mails of which the request does not hold everything, oldest first."""
        await stories.own(request_id, agent)
        return [_mail(each) for each in await kept.of_request(request_id)]

    @api.post(
        "/mails/{mail_id}/open",
        tags=["mails"],
        summary="Open a mail",
        responses={**EML, **problems(401, 403, 404, 422, 503)},
        response_class=Response,
    )
    async def open_mail(mail_id: MailPath, body: Opening, agent: who) -> Response:
        """A mail as it came, for a reason that is recorded with who asked (POL-30)."""
        found = await kept.find(mail_id)
        if found.kept_until is None:
            await _must_be_theirs(found, agent)
        else:
            _must_be_at_desk(agent)
        await register.record_opening(clock.now(), agent.agent, found.story_id, body.reason)
        raw = await kept.read(mail_id)
        return Response(
            raw,
            media_type="message/rfc822",
            headers={
                "Content-Disposition": f'attachment; filename="{mail_id}.eml"',
                "X-Content-Type-Options": "nosniff",
                "Cache-Control": "no-store",
            },
        )

    @api.post(
        "/mails/{mail_id}/take",
        tags=["mails"],
        summary="Take a mail that was set aside",
        responses=problems(401, 403, 404, 422, 503),
    )
    async def take(mail_id: MailPath, body: Opening, agent: who) -> Received:
        """Take a mail as a person's: it opens a request, or is a contact about one. The reason is recorded (POL-30)."""
        found = await kept.find(mail_id)
        if found.kept_until is None:
            raise NotFoundError(NOT_KEPT)  # It was taken already, and is its request's.
        _must_be_at_desk(agent)
        await register.record_opening(clock.now(), agent.agent, found.story_id, body.reason)
        raw = await kept.read(mail_id)
        taken = await reception.take(raw, way="agent", arrived_at=found.arrived_at, by_person=True)
        assert taken.request_id is not None
        await kept.forget(mail_id)
        return Received(request_id=taken.request_id)

    async def _must_be_theirs(mail: KeptMail, agent: Agent) -> None:
        try:
            await stories.treated(mail.story_id, agent)
        except UnknownRequestError as error:  # One answer for what is not there and what is not theirs (POL-26).
            raise NotFoundError(NOT_KEPT) from error


def _must_be_at_desk(agent: Agent) -> None:
    """What nobody sorted yet may be confidential: it is the desk's alone (POL-26). Raises HTTPException: 403."""
    if DESK not in agent.roles:
        raise HTTPException(403, "mails that were set aside are the desk's: this needs the role agent")


def _mail(kept: KeptMail) -> Mail:
    return Mail(
        mail_id=kept.mail_id,
        reason=kept.reason,
        arrived_at=kept.arrived_at,
        size_bytes=kept.size_bytes,
        kept_until=kept.kept_until,
    )

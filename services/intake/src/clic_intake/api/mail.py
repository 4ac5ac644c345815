"""Mails that are kept as they came, over HTTP: what was set aside is looked at and taken all the same (POL-10)."""

import contextlib
import datetime as dt
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Path, Response
from pydantic import AwareDatetime, BaseModel, Field

from clic_chassis.agents import Agent
from clic_chassis.clock import Clock
from clic_chassis.error import NotFoundError
from clic_chassis.http import problems
from clic_contracts.envelope import derive_id
from clic_contracts.permission import DESK
from clic_contracts.vocabulary import RequestId
from clic_intake.core.mail_nature import Aside
from clic_intake.core.rule import UnknownRequestError
from clic_intake.mail.kept import NOT_KEPT, NOT_WHOLE, THIRD_PARTY, KeptMail, KeptMails
from clic_intake.mail.reception import Reception
from clic_intake.register import Register

from .story import Opening, RequestPath, Stories

EML: dict[int | str, dict[str, Any]] = {200: {"content": {"message/rfc822": {}}}}
MailPath = Annotated[RequestId, Path(description="The mail's id.")]


class Mail(BaseModel):
    """A mail that is kept; what stands in it is opened for a reason."""

    mail_id: str
    reason: str = Field(
        description=f"`{NOT_WHOLE}`: its request does not hold all of it; `{THIRD_PARTY}`: a third party answered our "
        "notice, and the request holds nothing of it; or why it was set aside: "
        + ", ".join(f"`{each.value}`" for each in Aside)
    )
    arrived_at: AwareDatetime
    size_bytes: int
    kept_until: dt.datetime | None = Field(default=None, description="Of one that was set aside.")


class Received(BaseModel):
    """What became of a mail that an agent took."""

    request_id: RequestId


class Mails:
    """Kept mails for agents: what was set aside for the desk alone, originals for who treats their request."""

    def __init__(
        self, kept: KeptMails, reception: Reception, stories: Stories, register: Register, clock: Clock
    ) -> None:
        self._kept = kept
        self._reception = reception
        self._stories = stories
        self._register = register
        self._clock = clock

    async def aside(self, agent: Agent, after: str | None) -> list[KeptMail]:
        """What was set aside, newest first, `LIST_MAX` at most; `after` is the last one's id of the page before.

        Raises:
            HTTPException: 403, the agent is not of the desk.
            NotFoundError: no mail of the id `after` is kept.
            RetryableError: the database is away; try again.
        """
        _must_be_at_desk(agent)
        last = await self._kept.find(after) if after is not None else None
        return await self._kept.aside(before=last)

    async def one_aside(self, agent: Agent, mail_id: str) -> KeptMail:
        """A mail that was set aside, and was not taken since. Raises as `aside`."""
        _must_be_at_desk(agent)
        found = await self._kept.find(mail_id)
        if found.kept_until is None:
            raise NotFoundError(NOT_KEPT)  # It is its request's.
        return found

    async def of_third_parties(self, agent: Agent) -> list[KeptMail]:
        """What third parties answered about requests that the agent may see, newest first (A-2.1 art. 49, POL-26).

        Raises:
            HTTPException: 403, the agent works neither at the desk nor in a department.
            RetryableError: a server is away; try again.
        """
        return [each for each in await self._kept.of_third_parties() if await self._stories.sees(each.story_id, agent)]

    async def one(self, agent: Agent, mail_id: str) -> KeptMail:
        """A third party's answer about a request that the agent may see, or as `one_aside`. Raises as that."""
        with contextlib.suppress(NotFoundError):
            found = await self._kept.find(mail_id)
            if found.reason == THIRD_PARTY and await self._stories.sees(found.story_id, agent):
                return found
        return await self.one_aside(agent, mail_id)

    async def of_request(self, agent: Agent, request_id: RequestId) -> list[KeptMail]:
        """Originals of a request, oldest first. Raises as `Stories.own`."""
        await self._stories.own(request_id, agent)
        return await self._kept.of_request(request_id)

    async def open(self, agent: Agent, mail_id: str, reason: str) -> bytes:
        """A mail as it came; who opens it and why is recorded first (POL-30).

        Raises:
            HTTPException: 403, another department is in charge of its request.
            NotFoundError: it is not kept, or not for this agent: nothing tells which (POL-26).
            RetryableError: a server is away; try again.
        """
        try:
            found = await self._kept.find(mail_id)
        except NotFoundError:
            found = None
        if found is not None and found.kept_until is not None and DESK in agent.roles:
            return await self._read(agent, found, reason)
        is_original = found is not None and found.kept_until is None
        try:  # Of what is no original, nobody's request: what is done is the same for all.
            about = found.story_id if found is not None and is_original else derive_id("no mail", mail_id)
            await self._stories.treated(about, agent)
        except UnknownRequestError as error:
            raise NotFoundError(NOT_KEPT) from error
        assert found is not None  # Nobody's request was not found.
        return await self._read(agent, found, reason)

    async def take(self, agent: Agent, mail_id: str, reason: str) -> RequestId:
        """Take a mail that was set aside as a person's; its request, or the one it is about. Raises as `one_aside`."""
        found = await self.one_aside(agent, mail_id)
        raw = await self._read(agent, found, reason)
        taken = await self._reception.take(raw, way="agent", arrived_at=found.arrived_at, by_person=True)
        assert taken.request_id is not None
        await self._kept.forget(mail_id)
        return taken.request_id

    async def _read(self, agent: Agent, mail: KeptMail, reason: str) -> bytes:
        await self._register.record_opening(self._clock.now(), agent.agent, mail.story_id, reason)
        return await self._kept.read(mail.mail_id)


def add_mails(api: FastAPI, mails: Mails, *, at_desk: Callable[..., Any]) -> None:
    """Add the routes; `at_desk` is the dependency for who works at the desk or in a department."""
    who = Annotated[Agent, Depends(at_desk)]

    @api.get("/mails", tags=["mails"], summary="List mails set aside", responses=problems(401, 403, 404, 503))
    async def aside(agent: who, after: RequestId | None = None) -> list[Mail]:
        """Mails that were taken for automatic ones, newest first, 100 at most; each goes after 30 days.

        `after` is the id of the last one of the page before.
        """
        return [_mail(each) for each in await mails.aside(agent, after)]

    @api.get(
        "/requests/{request_id}/mails",
        tags=["mails"],
        summary="List a request's original mails",
        responses=problems(401, 403, 404, 503),
    )
    async def of_request(request_id: RequestPath, agent: who) -> list[Mail]:
        """Mails of which the request does not hold everything, oldest first."""
        return [_mail(each) for each in await mails.of_request(agent, request_id)]

    @api.post(
        "/mails/{mail_id}/open",
        tags=["mails"],
        summary="Open a mail",
        responses={**EML, **problems(401, 403, 404, 422, 503)},
        response_class=Response,
    )
    async def open_mail(mail_id: MailPath, body: Opening, agent: who) -> Response:
        """A mail as it came, for a reason that is recorded with who asked (POL-30)."""
        return Response(
            await mails.open(agent, mail_id, body.reason),
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
        return Received(request_id=await mails.take(agent, mail_id, body.reason))


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

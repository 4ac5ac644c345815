"""Mails that were set aside, as pages for the desk: listed, opened for a reason, and taken all the same (POL-10)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, FastAPI
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from clic_chassis.agents import Agent
from clic_chassis.clock import Clock
from clic_chassis.error import NotFoundError
from clic_chassis.identity import checked_form, signed_in
from clic_contracts.permission import ACCESS_ROLE, DESK
from clic_contracts.town import Town
from clic_contracts.vocabulary import RequestId
from clic_intake.api.mail import MailPath, Mails
from clic_intake.core.mail import Mail, parse
from clic_intake.core.mail_nature import Aside
from clic_intake.core.mail_words import text_of
from clic_intake.mail.html import html_text
from clic_intake.mail.kept import LIST_MAX, THIRD_PARTY, KeptMail
from clic_intake.web import NOTHING_FILLED, Filled, words_of

from . import label
from .error import SAY_WHY, is_reason
from .frame import HOME, Frame
from .label import said
from .route import Shown

_Who = Annotated[Agent, Depends(signed_in)]
PATH = f"{HOME}/mails"
_GONE = (
    "Ce courriel n'est plus gardé : quelqu'un l'a pris, ou son temps est passé.",
    "This mail is kept no more: somebody took it, or its time is over.",
)


class MailPages:
    """Draws what was set aside, and what third parties answered; whose it is, `Mails` sees to (POL-26)."""

    def __init__(self, frame: Frame, mails: Mails) -> None:
        self._frame = frame
        self._mails = mails

    async def listing(self, request: Request, agent: Agent, after: str | None) -> Response:
        """A page of the list, the newest first, without what stands in them."""
        answers = [] if after else await self._mails.of_third_parties(agent)
        is_clerk_alone = ACCESS_ROLE in agent.roles and DESK not in agent.roles
        found = [] if is_clerk_alone else await self._mails.aside(agent, after)
        return self._frame.page(
            request,
            agent,
            "mails.html",
            mails=[(each, self._reason(request, each)) for each in found],
            answers=answers,
            first=PATH if after else None,
            next=f"{PATH}?after={found[-1].mail_id}" if len(found) == LIST_MAX else None,
        )

    async def one(self, request: Request, agent: Agent, mail_id: str) -> Response:
        """A mail before it is opened."""
        return self._page(request, agent, await self._mails.one(agent, mail_id))

    async def open(self, request: Request, agent: Agent, mail_id: str) -> Response:
        """What stands in a mail, for a reason that is recorded first (POL-30)."""
        filled = Filled.of(await checked_form(request))
        mail = await self._mails.one(agent, mail_id)
        if not is_reason(filled.value("reason")):
            return self._page(request, agent, mail, filled=self._say_why(request, filled), status=422)
        raw = await self._mails.open(agent, mail_id, filled.value("reason"))
        opened = await asyncio.to_thread(parse, raw, html_text)
        return self._page(request, agent, mail, filled=filled, opened=opened)

    async def take(self, request: Request, agent: Agent, mail_id: str) -> Response:
        """Take a mail as a person's; then its request's page."""
        filled = Filled.of(await checked_form(request))
        if not is_reason(filled.value("reason")):
            mail = await self._mails.one_aside(agent, mail_id)
            return self._page(request, agent, mail, filled=self._say_why(request, filled), status=422)
        request_id = await self._mails.take(agent, mail_id, filled.value("reason"))
        return RedirectResponse(f"{HOME}/requests/{request_id}", HTTPStatus.SEE_OTHER)

    async def drawn(self, request: Request, agent: Agent, page: Awaitable[Response]) -> Response:
        """A page, or the one that says that the mail is kept no more."""
        try:
            return await page
        except NotFoundError:
            return self._frame.trouble(request, agent, HTTPStatus.NOT_FOUND, said(words_of(request), _GONE))

    def _say_why(self, request: Request, filled: Filled) -> Filled:
        return filled.with_faults({"reason": said(words_of(request), SAY_WHY)})

    def _page(
        self,
        request: Request,
        agent: Agent,
        mail: KeptMail,
        *,
        filled: Filled = NOTHING_FILLED,
        opened: Mail | None = None,
        status: int = 200,
    ) -> Response:
        return self._frame.page(
            request,
            agent,
            "mail.html",
            status=status,
            mail=mail,
            why_aside=self._reason(request, mail),
            filled=filled,
            opened=opened,
            text=text_of(opened)[0] if opened else "",
            here=f"{PATH}/{mail.mail_id}",
            other_at=lambda other: f"{PATH}/{mail.mail_id}?lang={other}",
        )

    def _reason(self, request: Request, mail: KeptMail) -> str:
        is_answer = mail.reason == THIRD_PARTY
        return said(words_of(request), label.THIRD_PARTY_ANSWER if is_answer else label.ASIDES[Aside(mail.reason)])


def add_mail_pages(api: FastAPI, mails: Mails, town: Town, clock: Clock) -> None:
    """Add the pages."""
    frame = Frame(town, clock)
    pages, shown = MailPages(frame, mails), Shown(frame)

    @api.get(PATH, include_in_schema=False)
    async def listing(request: Request, agent: _Who, after: RequestId | None = None) -> Response:
        return await shown(request, agent, lambda: pages.drawn(request, agent, pages.listing(request, agent, after)))

    @api.get(PATH + "/{mail_id}", include_in_schema=False)
    async def one(request: Request, mail_id: MailPath, agent: _Who) -> Response:
        return await shown(request, agent, lambda: pages.drawn(request, agent, pages.one(request, agent, mail_id)))

    @api.post(PATH + "/{mail_id}/open", include_in_schema=False)
    async def open_mail(request: Request, mail_id: MailPath, agent: _Who) -> Response:
        return await shown(request, agent, lambda: pages.drawn(request, agent, pages.open(request, agent, mail_id)))

    @api.post(PATH + "/{mail_id}/take", include_in_schema=False)
    async def take(request: Request, mail_id: MailPath, agent: _Who) -> Response:
        return await shown(request, agent, lambda: pages.drawn(request, agent, pages.take(request, agent, mail_id)))

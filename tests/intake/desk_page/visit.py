"""What tests do with the agents' pages: put requests and other services' facts into the log, enter, send forms."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from playwright.async_api import Browser, BrowserContext, Page
from tests.intake.core.story import make
from tests.intake.service.office import LISTS_WAIT_S, Office, now

from clic_chassis.decider import Fact
from clic_chassis.error import RetryableError
from clic_chassis.testing import wait_until
from clic_contracts.event import Event, ObligationMissed, ObligationSet, ObligationWarned, RequestRouted
from clic_contracts.submission import RequestSubmission
from clic_contracts.vocabulary import Service
from clic_intake.worklist.query import Worklists

ANSWER_WAIT_S = 20.0
DESK_SCREEN = {"width": 1280, "height": 900}
REPORT = RequestSubmission.model_validate(RequestSubmission.EXAMPLE)
WORDS = "nid-de-poule profond devant l'école imaginaire"
"""Of the report's text, which is sealed."""


class Bureau:
    """The agents' pages at an address."""

    def __init__(self, office: Office, address: str) -> None:
        self.office = office
        self.address = address
        self.lists = Worklists(office.runtime.pool, office.runtime.town, office.runtime.clock)
        self._number = 0

    async def received(self, **changes: Any) -> str:
        """A new request's id, once it is listed."""
        self._number += 1
        said = RequestSubmission.model_validate({**RequestSubmission.EXAMPLE, **changes})
        receipt = await self.office.submit(said, f"appel-{self._number}")
        assert receipt.request_id is not None
        await self.listed()
        return receipt.request_id

    async def routed(self, request_id: str, department: str, **changes: Any) -> None:
        """Given to a department, as routing does."""
        await self.fact(request_id, make(RequestRouted, department=department, **changes))

    async def due(self, request_id: str, hours: float, *, warned: bool = False) -> None:
        """An answer is owed in so many hours, or was, as deadlines says."""
        due_at = now() + dt.timedelta(hours=hours)
        owed = {"obligation_id": "answer-1", "obligation": "answer", "due_at": due_at}
        await self.fact(request_id, make(ObligationSet, **owed, due_prudent_on=due_at.date()))
        if warned or hours < 0:
            await self.fact(request_id, make(ObligationWarned, **owed))
        if hours < 0:
            await self.fact(request_id, make(ObligationMissed, **owed))

    async def fact(self, request_id: str, event: Event) -> None:
        """Another service's fact, once it is listed."""
        decisions = self.office.runtime.decisions(Service(event.BY))
        self._number += 1
        await decisions.decide(
            request_id, lambda _: (Fact(event, now()),), cause_id=f"essai-{self._number}", actor="rule:essai"
        )
        await self.listed()

    async def listed(self) -> None:
        """Wait until the lists hold all that the log does."""

        async def caught_up() -> bool:
            end = (await self.office.runtime.log.identity()).last_sequence
            with contextlib.suppress(RetryableError):  # Not made yet: the projector has just been started.
                return await self.lists.position() >= end
            return False

        await wait_until(caught_up, LISTS_WAIT_S, what="the lists to hold the log")

    @asynccontextmanager
    async def client(self, token: str) -> AsyncIterator[Client]:
        """A browser without scripts or pictures: it keeps cookies and sends forms."""
        async with httpx.AsyncClient(base_url=self.address, follow_redirects=True, timeout=ANSWER_WAIT_S) as http:
            client = Client(http)
            await client.enter(token)
            yield client


class Client:
    """Somebody's browser, as plain as can be."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def enter(self, token: str) -> None:
        """Past the entrance."""
        await self.http.get("/desk")
        page = (await self.http.get("/login")).text
        await self.http.post("/login", data={"form_key": hidden(page, "form_key"), "token": token, "then": "/desk"})

    async def get(self, path: str) -> str:
        """A page's text."""
        return (await self.http.get(path)).text

    async def send(self, page: str, path: str, **fields: str) -> httpx.Response:
        """A form of a page, filled."""
        kept = {name: hidden(page, name) for name in ("form_key", "key", "seen")}
        return await self.http.post(path, data={**kept, **fields})

    async def do(self, request_id: str, command: str, **fields: str) -> httpx.Response:
        """A command by its form."""
        path = f"/desk/requests/{request_id}/do/{command}"
        return await self.send(await self.get(path), path, **fields)


def hidden(page: str, name: str) -> str:
    """The value of a hidden field; "" where there is none."""
    found = re.search(rf'type="hidden" name="{name}" value="([^"]*)"', page)
    return found[1] if found else ""


async def entered(browser: Browser, bureau: Bureau, token: str = "desk", **look: Any) -> tuple[BrowserContext, Page]:
    """A person's browser, past the entrance."""
    context = await browser.new_context(**{"locale": "fr-CA", "viewport": DESK_SCREEN, **look})
    page = await context.new_page()
    await page.goto(f"{bureau.address}/desk")
    await page.fill("#token", token)
    await page.press("#token", "Enter")
    await page.wait_for_url("**/desk/lists/**")
    return context, page

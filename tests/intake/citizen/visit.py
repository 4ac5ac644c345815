"""What tests do with the citizens' pages: fill forms in, follow links, and play the town's part in between."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from typing import Any, NamedTuple

import httpx
from tests.intake.service.office import Office, now

from clic_chassis.decider import Fact
from clic_contracts.event import Event, ObligationSet, RequestRouted
from clic_contracts.vocabulary import ObligationKind, Service

_FORM = re.compile(r'<form method="post" action="([^"]+)".*?</form>', re.DOTALL)
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


class Link(NamedTuple):
    """Where a request is followed."""

    reference: str
    secret: str

    @property
    def path(self) -> str:
        """Of the page."""
        return f"/suivi/{self.reference}/{self.secret}"


class Hall:
    """The town hall: its pages by a browser's or a client's hands, and who works there."""

    def __init__(self, office: Office, address: str) -> None:
        self.office = office
        self.address = address

    # -- a client without scripts --------------------------------------------------------------------------------

    def visitor(self, **headers: str) -> httpx.AsyncClient:
        """Somebody's browser: cookies, and no scripts."""
        return httpx.AsyncClient(base_url=self.address, follow_redirects=True, headers=headers, timeout=20)

    async def asked(self, visitor: httpx.AsyncClient, **filled: Any) -> httpx.Response:
        """The first step filled in and sent; the answer is a page."""
        begun = await visitor.get("/demande")
        first = {"kind": "report", "subject": "street_light", "text": "Zzyxlampe éteinte.", **filled}
        return await visitor.post("/demande/sujet", data={**hidden(begun.text, "/demande/sujet"), **first})

    async def sent(self, visitor: httpx.AsyncClient, files: Any = None, **filled: Any) -> httpx.Response:
        """Both steps filled in and sent; the answer is the tracking page."""
        first = {name: filled.pop(name) for name in ("kind", "subject", "text") if name in filled}
        page = await self.asked(visitor, **first)
        if 'action="/demande/suite"' in page.text:
            page = await visitor.post("/demande/suite", data=hidden(page.text, "/demande/suite"))
        assert 'action="/demande/envoyer"' in page.text, page.text
        person = {"name": "Camille Exemple", "email": "camille@exemple.invalid", **filled}
        return await visitor.post(
            "/demande/envoyer", data={**hidden(page.text, "/demande/envoyer"), **person}, files=files or [no_file()]
        )

    async def act(self, visitor: httpx.AsyncClient, link: Link, act: str, **filled: Any) -> httpx.Response:
        """One of the tracking page's forms, filled in and sent."""
        page = await visitor.get(link.path)
        action = f"{link.path}/{act}"
        return await visitor.post(action, data={**hidden(page.text, action), **filled})

    # -- the town's part ----------------------------------------------------------------------------------------

    async def request_id(self, link: Link) -> str:
        """The request of a link."""
        return str((await self.office.ask(f"/references/{link.reference}", token="greffe")).json()["request_id"])

    async def facts(self, link: Link) -> list[Any]:
        """The facts of intake's part of a story."""
        story = await self.office.runtime.log.load(Service.INTAKE, await self.request_id(link))
        return [each.data for each in story.events]

    async def route(self, link: Link, department: str = "travaux_publics_voirie", due_days: int = 7) -> dt.date:
        """Routing and deadlines do their part; gives the last day."""
        due_on = (now() + dt.timedelta(days=due_days)).date()
        await self._decide(Service.ROUTING, link, RequestRouted(department=department, first_line=False))
        await self._decide(Service.DEADLINES, link, owed(due_on))
        return due_on

    async def fact(self, link: Link, event: Event) -> None:
        """Another service's fact."""
        await self._decide(Service(event.BY), link, event)

    async def _decide(self, service: Service, link: Link, event: Event) -> None:
        await self.office.runtime.decisions(service).decide(
            await self.request_id(link), lambda _: (Fact(event, now()),), cause_id=str(uuid.uuid4()), actor="rule:essai"
        )

    async def command(self, link: Link, command: str, token: str = "greffe", **body: Any) -> None:
        """What an agent does."""
        answer = await self.office.ask(f"/requests/{await self.request_id(link)}/{command}", body, token=token)
        assert answer.is_success, answer.text

    async def close(self, link: Link) -> None:
        """Answered by telephone, and closed."""
        await self.command(link, "answer", channel="phone")
        await self.command(link, "close")


def owed(due_on: dt.date) -> ObligationSet:
    """An answer that is owed by the end of a day."""
    due_at = dt.datetime.combine(due_on, dt.time(4), dt.UTC) + dt.timedelta(days=1)
    return ObligationSet.model_validate(
        {
            **ObligationSet.EXAMPLE,
            "obligation_id": "answer-1",
            "obligation": ObligationKind.ANSWER,
            "starts_at": now(),
            "due_at": due_at,
            "due_strict_on": due_on,
            "due_prudent_on": due_on,
            "warn_at": due_at,
        }
    )


def no_file() -> tuple[str, tuple[str, bytes, str]]:
    """What a browser sends of a field of files that is empty; it makes the form a multipart one."""
    return ("files", ("", b"", "application/octet-stream"))


def hidden(html: str, action: str) -> dict[str, Any]:
    """The hidden fields of a page's form."""
    form = next(match[0] for match in _FORM.finditer(html) if match[1] == action)
    found: dict[str, Any] = {}
    for name, value in _HIDDEN.findall(form):
        found[name] = [*found[name], value] if name in found and isinstance(found[name], list) else value
    return found


def link_of(page: httpx.Response) -> Link:
    """The link that a form led to."""
    parts = page.url.path.split("/")
    assert parts[1] == "suivi", (page.status_code, page.url, text_of(page.text)[:1500])
    return Link(parts[2], parts[3])


def text_of(html: str) -> str:
    """What a page says, without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.replace("\u00a0", " ")))

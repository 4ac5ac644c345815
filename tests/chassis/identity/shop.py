"""A small application that knows who is who: a page, a form, an API, and the way in."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Annotated, Any

import httpx
from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel
from starlette.datastructures import FormData

from clic_chassis.agents import Agent
from clic_chassis.clock import Clock
from clic_chassis.http import add_error_handlers, new_api
from clic_chassis.identity import (
    Identity,
    IdentityError,
    NoRoleError,
    checked_form,
    current,
    form_key,
    protect,
    signed_in,
)
from clic_chassis.identity.entrance import add_entrance
from clic_chassis.identity.oidc import Provider
from clic_chassis.identity.protection import Rates

HOME = "/guichet"
ORIGIN = "https://clic.exemple.invalid"
AGENTS = {
    hashlib.sha256(token.encode()).hexdigest(): Agent(agent=f"{token}.exemple", roles=roles)
    for token, roles in (("camille", ("agent",)), ("sacha", ("agent",)), ("portail", ("publisher:portail_web",)))
}


class Thing(BaseModel):
    """What is made."""

    name: str


def _may_enter(agent: Agent) -> None:
    if "agent" not in agent.roles:
        raise NoRoleError(f"{agent.agent} has no role here")


def shop(
    clock: Clock,
    provider: Provider | None = None,
    rates: Rates | None = None,
    agents: Mapping[str, Agent] = AGENTS,
) -> FastAPI:
    api = new_api(title="An application")
    add_error_handlers(api)
    identity = Identity(agents, clock, name="clic_shop", provider=provider, may_enter=_may_enter)
    protect(api, identity, rates or Rates())

    def draw(request: Request, *, then: str, why: IdentityError | None, with_provider: bool, status: int) -> Response:
        return HTMLResponse(f"<form>{_key(request)}{then} {why} {with_provider}</form>", status)

    add_entrance(api, identity, draw, homes=(HOME,))

    @api.get(HOME)
    async def home(request: Request, agent: Annotated[Agent, Depends(signed_in)]) -> HTMLResponse:
        return HTMLResponse(f"{agent.agent} {_key(request)}")

    @api.get("/demande")
    async def public(request: Request) -> HTMLResponse:
        return HTMLResponse(_key(request))

    @api.post("/demande")
    async def send(form: Annotated[FormData, Depends(checked_form)]) -> dict[str, str]:
        return {"text": str(form["text"])}

    @api.post("/things")
    async def make(thing: Thing, agent: Annotated[Agent, Depends(current)]) -> dict[str, str]:
        return {"by": agent.actor, "name": thing.name}

    @api.get("/roles")
    async def roles(agent: Annotated[Agent, Depends(current)]) -> list[str]:
        return list(agent.roles)

    @api.get("/defect")
    async def defect() -> None:
        raise RuntimeError("a defect")

    return api


def _key(request: Request) -> str:
    return f'<input type="hidden" name="form_key" value="{form_key(request)}">'


def key_in(page: httpx.Response) -> str:
    """The form key of a page."""
    return str(re.findall(r'name="form_key" value="([^"]+)"', page.text)[0])


def browser_of(api: Any, origin: str = ORIGIN, client: str = "192.0.2.1") -> httpx.AsyncClient:
    """A browser that keeps cookies and follows nothing by itself."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(api, client=(client, 1)), base_url=origin)


async def enter(browser: httpx.AsyncClient, token: str, then: str = HOME) -> httpx.Response:
    """Give a token at the entrance."""
    key = key_in(await browser.get("/login"))
    return await browser.post("/login", data={"token": token, "then": then, "form_key": key})

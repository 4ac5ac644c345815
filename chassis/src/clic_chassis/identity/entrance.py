"""The way in and out of a service's pages: a token that is given once, or the town's OpenID Connect provider."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from .access import Identity, address_of
from .error import IdentityError, TooManyTriesError
from .flow import Flow
from .oidc import Provider, ProviderAwayError
from .protection import ENTRANCE, EXIT

CALLBACK = "/login/callback"
"""Where a provider sends the browser back to: the redirect URI that its operator registers."""
START = "/login/start"
THEN_MAX = 2_000
"""Characters of the address to go on to."""


class EntrancePage(Protocol):
    """Draws the page where one enters."""

    def __call__(
        self, request: Request, *, then: str, why: IdentityError | None, with_provider: bool, status: int
    ) -> Response:
        """The page. `then` is where to go on to; `why` says why one may not enter; `status` is the answer's."""
        ...


@dataclass(frozen=True, slots=True)
class _Entrance:
    identity: Identity
    draw: EntrancePage
    homes: Sequence[str]

    def onward(self, asked: str) -> str:
        """Where to go on to: a page of ours and nowhere else (open redirection)."""
        ours = len(asked) <= THEN_MAX and asked.isprintable() and "\\" not in asked
        return asked if ours and any(_is_within(asked, home) for home in self.homes) else self.homes[0]

    def page(
        self, request: Request, then: str, why: IdentityError | None = None, status: int = HTTPStatus.OK
    ) -> Response:
        return self.draw(
            request, then=self.onward(then), why=why, with_provider=self.identity.provider is not None, status=status
        )

    def refused(self, request: Request, then: str, why: IdentityError) -> Response:
        match why:
            case TooManyTriesError(wait_s=wait_s):
                answer = self.page(request, then, why, HTTPStatus.TOO_MANY_REQUESTS)
                answer.headers["Retry-After"] = str(wait_s)
                return answer
            case ProviderAwayError():
                return self.page(request, then, why, HTTPStatus.SERVICE_UNAVAILABLE)
            case _:
                return self.page(request, then, why, HTTPStatus.FORBIDDEN)

    def let_in(self, request: Request, then: str, token: str) -> Response:
        """Into a new session; one that the browser had ends."""
        self.identity.leave(request)
        answer = _to(self.onward(then))
        self.identity.sessions.put(request, answer, token, lax=self.identity.provider is not None)
        return answer


def add_entrance(
    api: FastAPI,
    identity: Identity,
    draw: EntrancePage,
    *,
    homes: Sequence[str],
) -> None:
    """Add /login and /logout, and a provider's way in.

    `homes` are the beginnings of addresses that one may go on to; the first is where one goes where nothing is said.
    """
    entrance = _Entrance(identity, draw, homes)
    _add_token_way(api, entrance)
    if identity.provider is not None:
        _add_provider_way(api, entrance, identity.provider)


def _add_token_way(api: FastAPI, entrance: _Entrance) -> None:
    identity = entrance.identity

    @api.get(ENTRANCE, include_in_schema=False)
    async def ask(request: Request, then: str = "") -> Response:
        if identity.session(request) is not None:
            return _to(entrance.onward(then))
        return entrance.page(request, then)

    @api.post(ENTRANCE, include_in_schema=False)
    async def enter(request: Request) -> Response:
        form = await identity.checked_form(request)
        then = str(form.get("then", ""))
        try:
            token = await identity.enter(str(form.get("token", "")), address_of(request))
        except IdentityError as error:
            return entrance.refused(request, then, error)
        return entrance.let_in(request, then, token)

    @api.post(EXIT, include_in_schema=False)
    async def leave(request: Request) -> Response:
        if identity.session(request) is not None:
            await identity.checked_form(request)
            identity.leave(request)
        answer = _to(ENTRANCE)
        identity.sessions.remove(answer)
        return answer


def _add_provider_way(api: FastAPI, entrance: _Entrance, provider: Provider) -> None:
    @api.get(START, include_in_schema=False)
    async def start(request: Request, then: str = "") -> Response:
        flow = Flow(then=entrance.onward(then))
        try:
            answer = _to(await provider.start(_callback(request), flow))
        except IdentityError as error:
            return entrance.refused(request, then, error)
        flow.put(request, answer)
        return answer

    @api.get(CALLBACK, include_in_schema=False)
    async def back(request: Request) -> Response:
        then = ""
        try:
            flow = Flow.of(request)
            then = flow.then
            known = await provider.finish(request.query_params, _callback(request), flow)
            answer = entrance.let_in(request, then, entrance.identity.open_session(known.agent))
        except IdentityError as error:
            answer = entrance.refused(request, then, error)
        Flow.remove(answer)
        return answer


def _to(address: str) -> RedirectResponse:
    return RedirectResponse(address, HTTPStatus.SEE_OTHER, {"Cache-Control": "no-store"})


def _is_within(address: str, home: str) -> bool:
    """Whether an address is a page's or one below it."""
    return address == home or address.startswith((f"{home}/", f"{home}?"))


def _callback(request: Request) -> str:
    """Our redirect URI; a provider takes only those that its operator registered, whatever `Host` says."""
    return str(request.url.replace(path=CALLBACK, query=""))

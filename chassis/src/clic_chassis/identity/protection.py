"""What every application over HTTP has around it: who is asked, at which rate, and the way to the entrance."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlencode

from fastapi import FastAPI
from fastapi.responses import RedirectResponse
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from clic_chassis.http import plain_answer

from .access import Identity, address_of
from .error import EnterError
from .form import SAFE_METHODS, FormCookie
from .rate import Limiter, Rate

ENTRANCE = "/login"
EXIT = "/logout"
PROBES = frozenset({"/livez", "/readyz", "/metrics"})
"""An orchestrator's questions are never too many."""


READS = Rate(600, dt.timedelta(minutes=1))
"""Pages, files and lists that an address asks for without being known."""
WRITES = Rate(60, dt.timedelta(minutes=1))
"""What an address sends without being known: forms, Open311 posts, tries to enter."""
KNOWN = Rate(60_000, dt.timedelta(minutes=1))
"""What a token, an API key or a session asks for and sends: a thousand a second, far above a person or a portal."""


@dataclass(frozen=True, slots=True)
class Rates:
    """How much is taken at once, and again in each span."""

    reads: Rate = READS
    writes: Rate = WRITES
    known: Rate = KNOWN


RATES = Rates()


def protect(api: FastAPI, identity: Identity, rates: Rates = RATES) -> None:
    """Let an application know who is who: `current`, `signed_in`, `form_key` and `checked_form` work in it.

    To be called after `add_error_handlers`, whose guard stays around it.
    """
    api.state.identity = identity
    api.user_middleware.append(Middleware(RateLimit, identity=identity, rates=rates))
    api.user_middleware.append(Middleware(FormCookie))

    @api.exception_handler(EnterError)
    async def entrance(request: Request, _: EnterError) -> RedirectResponse:
        return to_entrance(request)


def to_entrance(request: Request) -> RedirectResponse:
    """To the page where one enters, and back from there."""
    then = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"{ENTRANCE}?{urlencode({'then': then})}", HTTPStatus.SEE_OTHER)


class RateLimit:
    """ASGI middleware: 429 with `Retry-After` beyond a rate, before anything else is done.

    Who showed something good before (`Identity.good`) is counted by that, everybody else by address: a made-up
    token gets nobody out of an address's rate, and a portal's key is not slowed by who shares its address.
    """

    def __init__(self, app: ASGIApp, identity: Identity, rates: Rates) -> None:
        self._app = app
        self._identity = identity
        self._reads, self._writes, self._known = (
            Limiter(each, identity.clock) for each in (rates.reads, rates.writes, rates.known)
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the class."""
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        shown = self._identity.good(request)
        if shown is not None:
            wait_s = self._known.take(shown)
        else:
            limiter = self._reads if request.method in SAFE_METHODS else self._writes
            wait_s = limiter.take(address_of(request))
        if not wait_s:
            await self._app(scope, receive, send)
            return
        detail = f"too many requests: wait {wait_s} s"
        await plain_answer(429, detail, {"Retry-After": str(wait_s)})(scope, receive, send)

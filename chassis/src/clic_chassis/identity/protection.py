"""What every application over HTTP has around it: who is asked, at which rate, and the way to the entrance."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse

from .access import Identity
from .error import EnterError
from .form import FormCookie

ENTRANCE = "/login"
EXIT = "/logout"


def protect(api: FastAPI, identity: Identity) -> None:
    """Let an application know who is who: `current`, `signed_in`, `form_key` and `checked_form` work in it."""
    api.state.identity = identity
    api.add_middleware(FormCookie)

    @api.exception_handler(EnterError)
    async def entrance(request: Request, _: EnterError) -> RedirectResponse:
        return to_entrance(request)


def to_entrance(request: Request) -> RedirectResponse:
    """To the page where one enters, and back from there."""
    then = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    answer = RedirectResponse(f"{ENTRANCE}?{urlencode({'then': then})}", HTTPStatus.SEE_OTHER)
    answer.headers["Cache-Control"] = "no-store"
    return answer

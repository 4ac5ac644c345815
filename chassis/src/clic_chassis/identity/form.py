"""Forms that only our own pages can send: where a request comes from, and a key that another site cannot know.

Who has a session has its key. Who has none (a citizen) has one made from a cookie of the browser (double submit).
Source: OWASP Cross-Site Request Forgery Prevention; Fetch Metadata (`Sec-Fetch-Site`).
"""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

from fastapi import HTTPException
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .session import HOST_PREFIX, SESSION_BYTES, digest, is_secure

FIELD = "form_key"
"""The hidden field of every form of ours."""
HEADER = "X-Form-Key"
"""The same for a script of ours that sends no form."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
FIELDS_MAX = 200
FILES_MAX = 10
FIELD_BYTES_MAX = 64 * 1024
"""Of a field that is no file."""
COOKIE = "clic_form"
COOKIE_LIFE_S = 86_400
_STATE = "clic_form_cookie"


def check_origin(request: Request) -> None:
    """A request that changes something comes from a page of ours, or from no page at all.

    Pages say `Referrer-Policy: no-referrer`, with which a browser's `Origin` is `null`: `Sec-Fetch-Site` tells then.

    Raises:
        HTTPException: 403, another site's page sent it.
    """
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin", "null")
    foreign = site not in ("same-origin", "none") if site else origin not in ("null", _own_origin(request))
    if foreign:
        raise HTTPException(403, "this form was sent by another site: use the page of ours")


def _own_origin(request: Request) -> str:
    parts = urlsplit(str(request.base_url))
    return f"{parts.scheme}://{parts.netloc}"


def check_key(known: str, given: object) -> None:
    """The key that a form of ours has.

    Raises:
        HTTPException: 403, it is another.
    """
    if not isinstance(given, str) or not secrets.compare_digest(known.encode(), given.encode()):
        raise HTTPException(403, "this form is not one of ours, or too old: load the page again")


async def read_form(request: Request) -> FormData:
    """A form's fields and files, within bounds; its bytes are bounded by the path (`clic_chassis.http`).

    Raises:
        HTTPException: 400, it cannot be read, or has too many parts; 415, it is no form.
    """
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        raise HTTPException(415, "a form is expected: application/x-www-form-urlencoded or multipart/form-data")
    return await request.form(max_files=FILES_MAX, max_fields=FIELDS_MAX, max_part_size=FIELD_BYTES_MAX)


def public_key(request: Request) -> str:
    """The form key of a browser without a session; `FormCookie` gives it the cookie with the answer."""
    state = request.scope.setdefault("state", {})
    secret = request.cookies.get(_name(request)) or state.get(_STATE)
    if secret is None:
        secret = state[_STATE] = secrets.token_urlsafe(SESSION_BYTES)
    return digest(f"form\n{secret}")


def _name(request: Request) -> str:
    return HOST_PREFIX + COOKIE if is_secure(request) else COOKIE


class FormCookie:
    """ASGI middleware: gives a browser the cookie that its form key was made from."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the class."""

        async def answer(message: Message) -> None:
            secret = scope.get("state", {}).get(_STATE)
            if message["type"] == "http.response.start" and secret is not None:
                message["headers"] = [*message.get("headers", ()), (b"set-cookie", _cookie(scope, secret))]
            await send(message)

        await self._app(scope, receive, answer)


def _cookie(scope: Scope, secret: str) -> bytes:
    secure = scope["scheme"] == "https"
    name, ending = (HOST_PREFIX + COOKIE, "; Secure") if secure else (COOKIE, "")
    return f"{name}={secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age={COOKIE_LIFE_S}{ending}".encode()

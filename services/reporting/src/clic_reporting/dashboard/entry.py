"""The way in and out: the page where a token is given once, the session's cookie, and the languages of a page."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import parse_qs, urlencode

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from clic_contracts.vocabulary import Language
from clic_reporting.access import (
    COOKIE,
    COOKIE_SECURE,
    SESSION_LIFE,
    Access,
    AccessError,
    TooManyTriesError,
)

from .page import DashboardPages, Look

HOME = "/dashboard"
LANGUAGE_COOKIE = "clic_lang"
FIELDS_MAX = 8
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy: files of ours, nothing from elsewhere, nothing within the page."""
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Vary": "Accept-Language, Cookie",
}


def language_of(request: Request) -> Language:
    """The page's language: what the address asks for, else what was asked for before, else what the browser prefers."""
    for asked in (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
        if asked in tuple(Language):
            return Language(asked)
    ranked: list[tuple[float, str]] = []
    for part in request.headers.get("Accept-Language", "").split(",")[:20]:
        tag, _, quality = part.strip().partition(";q=")
        try:
            ranked.append((-float(quality or 1), tag[:2].lower()))
        except ValueError:
            continue
    known = [tag for _, tag in sorted(ranked, key=lambda each: each[0]) if tag in tuple(Language)]
    return Language(known[0]) if known else Language.FR


def look_of(request: Request, access: Access) -> Look:
    """Who looks, and how."""
    return Look(language_of(request), request.url.path, request.query_params, access.session(request))


def page(request: Request, html: str, status: int = HTTPStatus.OK, headers: dict[str, str] | None = None) -> Response:
    """A page as an answer; a language that the address asked for is remembered."""
    answer = HTMLResponse(html, status, headers={**HEADERS, **(headers or {})})
    if request.query_params.get("lang") in tuple(Language):
        answer.set_cookie(
            LANGUAGE_COOKIE, request.query_params["lang"], max_age=365 * 86_400, samesite="lax", secure=_secure(request)
        )
    return answer


def wants_html(request: Request) -> bool:
    """Whether a person's browser asks."""
    return "text/html" in request.headers.get("Accept", "")


def to_entry(request: Request) -> Response:
    """To the page where a token is given, and back from there."""
    then = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/login?{urlencode({'then': then})}", HTTPStatus.SEE_OTHER)


def _secure(request: Request) -> bool:
    """Whether the browser speaks HTTPS, with us or with what stands before us."""
    return "https" in (request.url.scheme, request.headers.get("X-Forwarded-Proto"))


def _then(asked: str) -> str:
    """Where to go after entering: a page of the dashboard and nowhere else."""
    return asked if asked.startswith(HOME) and asked.isprintable() and "\\" not in asked else HOME


async def _fields(request: Request) -> dict[str, str]:
    """A form's fields.

    Raises:
        HTTPException: 400, it is no form; 403, it is another site's.
    """
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise HTTPException(403, "this form was sent by another site")
    try:
        body = (await request.body()).decode()
        return {name: values[0] for name, values in parse_qs(body, max_num_fields=FIELDS_MAX).items()}
    except ValueError as error:
        raise HTTPException(400, "the form cannot be read") from error


def add_entry(api: FastAPI, access: Access, pages: DashboardPages) -> None:
    """Add /login and /logout."""

    @api.get("/login", include_in_schema=False)
    async def entrance(request: Request, then: str = HOME) -> Response:
        if access.session(request) is not None:
            return RedirectResponse(_then(then), HTTPStatus.SEE_OTHER)
        return page(request, pages.enter(look_of(request, access), then=_then(then)))

    @api.post("/login", include_in_schema=False)
    async def enter(request: Request) -> Response:
        fields, look = await _fields(request), look_of(request, access)
        then = _then(fields.get("then", HOME))
        try:
            token = access.enter(fields.get("token", ""), request.client.host if request.client else "")
        except TooManyTriesError as error:
            why = pages.why(look, error)
            return page(
                request, pages.enter(look, then=then, why=why), HTTPStatus.TOO_MANY_REQUESTS,
                {"Retry-After": str(error.wait_s)},
            )  # fmt: skip
        except AccessError as error:
            why = pages.why(look, error)
            return page(request, pages.enter(look, then=then, why=why), HTTPStatus.FORBIDDEN)
        answer = RedirectResponse(then, HTTPStatus.SEE_OTHER, headers={"Cache-Control": "no-store"})
        secure = _secure(request)
        answer.set_cookie(
            COOKIE_SECURE if secure else COOKIE, token, max_age=int(SESSION_LIFE.total_seconds()), path="/",
            httponly=True, samesite="strict", secure=secure,
        )  # fmt: skip
        return answer

    @api.post("/logout", include_in_schema=False)
    async def leave(request: Request) -> Response:
        fields = await _fields(request)
        if access.session(request) is not None and not access.leave(request, fields.get("form_key", "")):
            raise HTTPException(403, "this form is not one of ours: use the button of the page")
        answer = RedirectResponse("/login", HTTPStatus.SEE_OTHER)
        for name, secure in ((COOKIE, False), (COOKIE_SECURE, True)):
            answer.delete_cookie(name, path="/", httponly=True, samesite="strict", secure=secure)
        return answer

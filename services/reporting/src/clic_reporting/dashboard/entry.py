"""The dashboard's page to enter, and the languages and headers of its pages."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse

from clic_chassis.identity import IdentityError
from clic_chassis.identity.entrance import add_entrance
from clic_chassis.identity.session import is_secure
from clic_contracts.vocabulary import Language
from clic_reporting.access import Access

from .page import DashboardPages, Look

HOME = "/dashboard"
LANGUAGE_COOKIE = "clic_lang"
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy: files of ours, nothing from elsewhere, nothing within the page."""
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
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
    identity = access.identity
    session = identity.session(request)
    return Look(
        language_of(request),
        request.url.path,
        request.query_params,
        name=session.agent.agent if session is not None else None,
        form_key=identity.form_key(request),
    )


def page(request: Request, html: str, status: int = HTTPStatus.OK, headers: dict[str, str] | None = None) -> Response:
    """A page as an answer; a language that the address asked for is remembered."""
    answer = HTMLResponse(html, status, headers={**HEADERS, **(headers or {})})
    if request.query_params.get("lang") in tuple(Language):
        answer.set_cookie(
            LANGUAGE_COOKIE,
            request.query_params["lang"],
            max_age=365 * 86_400,
            samesite="lax",
            secure=is_secure(request),
        )
    return answer


def wants_html(request: Request) -> bool:
    """Whether a person's browser asks."""
    return "text/html" in request.headers.get("Accept", "")


def add_entry(api: FastAPI, access: Access, pages: DashboardPages) -> None:
    """Add the way in and out."""

    def draw(request: Request, *, then: str, why: IdentityError | None, with_provider: bool, status: int) -> Response:
        look = look_of(request, access)
        said = pages.why(look, why) if why is not None else None
        return page(request, pages.enter(look, then=then, why=said, with_provider=with_provider), status)

    add_entrance(api, access.identity, draw, homes=(HOME,))

"""Pages as HTML: templates of every part of the desk on one base, in the language of who reads them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from importlib import resources
from typing import Any, NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import FastAPI
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from clic_contracts.town import Town
from clic_contracts.vocabulary import Language

from .language import COOKIE, COOKIE_MAX_AGE_S, PARAMETER, language_of
from .words import Words

_STYLE = "desk.css"
DIGEST_CHARACTERS = 12
_KEPT = f"public, max-age={365 * 24 * 3600}, immutable"


class _Web(NamedTuple):
    """What pages are made with; kept in the application's state."""

    town: Town
    zone: ZoneInfo
    environment: Environment


def add_web(api: FastAPI, town: Town) -> None:
    """Make pages possible, and serve what they load. Nothing is loaded from elsewhere."""
    style = resources.files("clic_intake").joinpath("web", "static", _STYLE).read_bytes()
    environment = Environment(
        loader=PackageLoader("clic_intake", ""),  # Each part of the desk has its templates in its own folder.
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    digest = hashlib.sha256(style).hexdigest()[:DIGEST_CHARACTERS]
    environment.globals["style"] = f"/static/{_STYLE}?v={digest}"
    environment.filters["paragraphs"] = paragraphs
    api.state.web = _Web(town, ZoneInfo(town.calendar.timezone), environment)

    @api.get("/static/{name}", include_in_schema=False)
    async def static(name: str) -> Response:
        """Named by its content, so that a browser may keep it."""
        if name != _STYLE:
            raise HTTPException(404, "no such file")
        return Response(style, media_type="text/css", headers={"Cache-Control": _KEPT})


def words_of(request: Request) -> Words:
    """The words of the language in which a page is asked for."""
    web: _Web = request.app.state.web
    return Words(language_of(request), web.zone)


def page(
    request: Request,
    template: str,
    *,
    status: int = 200,
    other_at: Callable[[str], str] | None = None,
    **context: Any,
) -> HTMLResponse:
    """A page. In its template `t` are the words of its language, `town` is the town, `name` names what it configured.

    `other_at` gives the address of the page in another language, where it is not the page's own.
    """
    web: _Web = request.app.state.web
    words = words_of(request)
    other = Language.FR if words.language is Language.EN else Language.EN
    html = web.environment.get_template(template).render(
        request=request,
        t=words,
        town=web.town,
        name=words.name,
        in_other=(other_at or _same(request))(other.value),
        **context,
    )
    response = HTMLResponse(html, status, {"Cache-Control": "no-store", "Vary": "Accept-Language, Cookie"})
    if request.query_params.get(PARAMETER) == words.language:
        response.set_cookie(
            COOKIE,
            words.language.value,
            max_age=COOKIE_MAX_AGE_S,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
    return response


def _same(request: Request) -> Callable[[str], str]:
    """The same page in another language; of a form that was sent, the form from its beginning."""
    query = {name: value for name, value in request.query_params.items() if name != PARAMETER}
    return lambda other: f"{request.url.path}?{urlencode({**query, PARAMETER: other})}"


def paragraphs(text: str) -> Markup:
    """A text of several paragraphs, lines that begin with « - » as a list. Nothing else of it is markup."""
    parts = (each.strip() for each in re.split(r"\n\s*\n", text.strip()))
    return Markup("\n").join(_block(each.splitlines()) for each in parts if each)


def _block(lines: list[str]) -> Markup:
    items = [line.strip().removeprefix("- ") for line in lines]
    if all(line.strip().startswith("- ") for line in lines):
        return Markup("<ul>{}</ul>").format(Markup().join(Markup("<li>{}</li>").format(each) for each in items))
    first = next((n for n, line in enumerate(lines) if line.strip().startswith("- ")), None)
    if first:
        return _block(lines[:first]) + Markup("\n") + _block(lines[first:])
    return Markup("<p>{}</p>").format(escape(" ".join(line.strip() for line in lines)))

"""Errors over HTTP: problems (RFC 9457) by what is to be done about them, whatever went wrong."""

import asyncio
import base64
import hashlib
import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi_offline import FastAPIOffline
from pydantic_core import ErrorDetails
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clic_contracts.problem import Problem, ProblemError, Wording, errors_from, problem, summary
from clic_contracts.submission import MAX_SUBMISSION_BYTES
from clic_contracts.vocabulary import Language

from .error import NotFoundError, RefusedError, RetryableError, UnreadableError
from .failure import where
from .language import preferred
from .safe_headers import PAGE_POLICY, SafeHeaders

log = structlog.get_logger()

PROBLEM_TYPE = "application/problem+json"
BODY_BYTES_MAX = MAX_SUBMISSION_BYTES
"""Of a request's body, where a path says nothing else."""
BODY_S_MAX = 60.0
"""From a request's first word to its body's last: a body that trickles would hold a place for as long as it likes."""

_TRY_AGAIN = Wording(fr="Réessayez", en="Try again")
_NOTHING_IS_LOST = Wording(
    fr="Le journal ou la base de données n’a pas répondu ; rien n’est perdu si vous renvoyez la même chose.",
    en="The log or the database did not answer; nothing is lost if you send the same again.",
)
_PHRASES = {
    400: "Requête illisible",
    401: "Qui demande n’est pas connu",
    403: "Accès refusé",
    408: "Contenu reçu trop lentement",
    413: "Contenu trop volumineux",
    415: "Type de contenu non accepté",
    422: "Contenu non conforme",
    429: "Trop de requêtes",
    503: "Service momentanément indisponible",
}
"""Of HTTP's own phrases, in French."""
_DOCS_FILES = "/static-offline-docs"
"""Where fastapi_offline serves them."""
_SCHEMA = "#/components/schemas/{model}"
_MEANINGS = {
    400: "The body cannot be read.",
    401: "Who asks is not known.",
    403: "Who asks may not.",
    404: "There is no such thing.",
    409: "A rule forbids it; nothing was recorded.",
    410: "It was erased.",
    413: "The body is too large.",
    415: "The body is of another type than is taken.",
    422: "The request does not fit its schema.",
    429: "Too much at once; `Retry-After` says when again.",
    503: "A server is away; the same may be sent again.",
}


def problem_of(error: RefusedError, language: Language = Language.EN) -> Problem:
    """A refusal as a problem."""
    missing = isinstance(error, NotFoundError)
    return problem(
        error.code.replace("_", "-"),
        _NOT_THERE if missing else _NOT_ALLOWED,
        404 if missing else 409,
        Wording(fr=error.fr, en=str(error)),
        language=language,
    )


_DOES_NOT_FIT = Wording(fr="La demande HTTP n’est pas conforme à son schéma", en="The request does not fit its schema")
_NOT_THERE = Wording(fr="Il n’existe rien de tel", en="There is no such thing")
_NOT_ALLOWED = Wording(fr="Les règles de la Ville ne le permettent pas", en="The town's rules do not allow it")


def language_of(request: Request) -> Language:
    """The language of a request's problems: what `Accept-Language` prefers, else its route's default, else English."""
    default: Language = getattr(request.state, "language", Language.EN)
    return preferred(request.headers.get("accept-language", ""), default)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route's documentation says of the problems that it may answer: FastAPI's `responses`.

    By reference: of a model FastAPI makes a validator for each route and status, half of intake's wiring.
    """
    content = {PROBLEM_TYPE: {"schema": {"$ref": _SCHEMA.format(model=Problem.__name__)}}}
    return {status: {"description": _MEANINGS[status], "content": content} for status in statuses}


def new_api(**described: Any) -> FastAPI:
    """A FastAPI application with safe headers, whose pages at /docs load nothing from elsewhere: tokens are typed in.

    FastAPI's own take scripts from a public network, which a town's may not reach, and which could be changed.
    """
    api = FastAPIOffline(docs_url=None, redoc_url=None, middleware=[Middleware(SafeHeaders)], **described)

    @api.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> HTMLResponse:
        root = request.scope.get("root_path", "")
        page = get_swagger_ui_html(
            openapi_url=f"{root}{api.openapi_url}",
            title=api.title,
            oauth2_redirect_url=None,
            swagger_js_url=f"{root}{_DOCS_FILES}/swagger-ui-bundle.js",
            swagger_css_url=f"{root}{_DOCS_FILES}/swagger-ui.css",
            swagger_favicon_url=f"{root}{_DOCS_FILES}/favicon.png",
        )
        # The page's own script is let in by its digest (CSP 3, 6.7.3.3), and no other.
        digests = [
            base64.b64encode(hashlib.sha256(script).digest()).decode()
            for script in re.findall(rb"<script>(.*?)</script>", bytes(page.body), re.DOTALL)
        ]
        let_in = " ".join(f"'sha256-{each}'" for each in digests)
        page.headers["Content-Security-Policy"] = PAGE_POLICY.replace("script-src", f"script-src {let_in}")
        return page

    return api


def add_error_handlers(api: FastAPI, *, larger_bodies: Mapping[str, int] | None = None) -> None:
    """Answer every error as a problem: refused 409, not found 404, does not fit 422, try again 503, a defect 500.

    `larger_bodies` gives the bytes that a path may take, where `BODY_BYTES_MAX` is too little; `*` stands for any part.
    """
    # The last is the innermost: safe headers stay around what the guard answers.
    api.user_middleware.append(Middleware(_Guard, larger_bodies=larger_bodies or {}))
    _document_as_problems(api)

    @api.exception_handler(RefusedError)
    async def refused(request: Request, error: RefusedError) -> JSONResponse:
        return answer_of(problem_of(error, language_of(request)))

    @api.exception_handler(UnreadableError)  # A fact of a later version: another instance may read it.
    @api.exception_handler(RetryableError)
    async def retryable(request: Request, __: RetryableError | UnreadableError) -> JSONResponse:
        return answer_of(
            problem("try-again", _TRY_AGAIN, 503, _NOTHING_IS_LOST, language=language_of(request)),
            {"Retry-After": "2"},
        )

    @api.exception_handler(RequestValidationError)
    async def unfit(request: Request, error: RequestValidationError) -> JSONResponse:
        language, found = language_of(request), error.errors()
        _, unnamed = errors_from([_located(each) for each in found], language=language)
        errors = tuple(_named(told, each) for told, each in zip(unnamed, found, strict=False))
        detail = summary(len(found), errors[0], language)
        return answer_of(problem("invalid-request", _DOES_NOT_FIT, 422, detail, language=language, errors=errors))

    @api.exception_handler(StarletteHTTPException)
    async def other(request: Request, error: StarletteHTTPException) -> JSONResponse:
        said: object = error.detail
        if isinstance(said, Wording):
            return answer_of(_worded(error.status_code, said, language_of(request)), error.headers)
        return plain_answer(error.status_code, str(said), error.headers)


def answer_of(problem: Problem, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """A problem as an answer."""
    return JSONResponse(problem.model_dump(mode="json"), problem.status, headers, media_type=PROBLEM_TYPE)


def plain_answer(status: int, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """A problem that its status says all about, as an answer."""
    return answer_of(_plain(status, detail), headers)


def _plain(status: int, detail: str) -> Problem:
    return _worded(status, Wording(fr=detail, en=detail), Language.EN)


def _worded(status: int, detail: Wording, language: Language) -> Problem:
    phrase = HTTPStatus(status).phrase
    title = Wording(fr=_PHRASES.get(status, phrase), en=phrase)
    return problem(phrase.lower().replace(" ", "-"), title, status, detail, language=language)


def _located(found: ErrorDetails) -> ErrorDetails:
    """An error of FastAPI with the place in the body as a pointer; a parameter has none."""
    place, *rest = found["loc"]
    return {**found, "loc": tuple(rest) if place == "body" and found["type"] != "json_invalid" else ()}


def _named(told: ProblemError, found: ErrorDetails) -> ProblemError:
    """What is told of a parameter, with its name."""
    place, *rest = found["loc"]
    if place == "body":
        return told
    return told.model_copy(update={"detail": f"{place} {'.'.join(map(str, rest))}: {told.detail}"})


def _document_as_problems(api: FastAPI) -> None:
    """FastAPI documents every answer as plain JSON; errors are problems."""
    plain = api.openapi

    def openapi() -> dict[str, Any]:
        document = plain()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        problem = Problem.model_json_schema(ref_template=_SCHEMA)
        schemas.update(problem.pop("$defs", {}), **{Problem.__name__: problem})
        for path in document.get("paths", {}).values():
            for operation in path.values():
                for status, answer in operation["responses"].items():
                    if status >= "400" and "application/json" in answer.get("content", {}):
                        answer["content"] = {PROBLEM_TYPE: answer["content"]["application/json"]}
        return document

    api.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend it


def _length(scope: Scope) -> int:
    """Bytes that a body says to have (RFC 9110, 8.6); 0 where it does not say."""
    said = Headers(scope=scope).get("Content-Length", "")
    return int(said) if said.isascii() and said.isdigit() else 0


class _Guard:
    """Bounds what is read of a body, and answers a defect of ours without telling the log what was sent."""

    def __init__(self, app: ASGIApp, larger_bodies: Mapping[str, int]) -> None:
        self._app = app
        self._larger_bodies = larger_bodies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        larger = (most for path, most in self._larger_bodies.items() if fnmatchcase(scope["path"], path))
        bytes_max = next(larger, BODY_BYTES_MAX)
        # What says itself that it is too large is not begun: of a form half read, files would stay open.
        said, read, began, whole = _length(scope), 0, False, False
        until = asyncio.get_running_loop().time() + BODY_S_MAX

        async def bounded() -> Message:
            nonlocal read, whole
            try:
                async with asyncio.timeout_at(None if whole else until):  # After the body it waits for a disconnect.
                    message = await receive()
            except TimeoutError:
                raise HTTPException(
                    408,
                    Wording(
                        fr=f"le contenu n’est pas arrivé en entier en {BODY_S_MAX:.0f} s",
                        en=f"the body did not arrive whole within {BODY_S_MAX:.0f} s",
                    ),
                    {"Connection": "close"},
                ) from None
            whole = whole or not message.get("more_body", False)
            read += len(message.get("body", b""))
            if max(said, read) > bytes_max:
                raise HTTPException(
                    413,
                    Wording(
                        fr=f"au plus {bytes_max} octets sont acceptés à la fois",
                        en=f"at most {bytes_max} bytes are taken at once",
                    ),
                )
            return message

        async def noticed(message: Message) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            await self._app(scope, bounded, noticed)
        except Exception as error:  # noqa: BLE001 - let through, the server would log it whole
            log.error(  # noqa: TRY400 - an exception with its message could tell what the citizen wrote
                "http_failed", method=scope["method"], error=type(error).__name__, where=where(error)
            )
            if not began:
                answer = plain_answer(500, "An error of ours; it is in the service's log.")
                await answer(scope, receive, send)

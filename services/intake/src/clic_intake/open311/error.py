"""What GeoReport answers where it cannot do what was asked, and how errors of ours and of the desk become that.

Of HTTP's codes the specification knows 404 for what does not exist, 403 for keys, and 400 for everything else; the
finer code stands in the answer's body. Only a defect of ours is 500, so that nobody looks for it in what was sent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from clic_chassis.error import NotFoundError, RefusedError, RetryableError
from clic_contracts.problem import Problem
from clic_intake.core import open311
from clic_intake.core.open311_argument import ArgumentError
from clic_intake.core.question import Told
from clic_intake.web import language_of

from .format import answer, format_of
from .submitting import OTHER_CONTENT

_RETRY_AFTER_S: Final = 2
_AS_THEY_ARE: Final = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})


class NoKeyError(RefusedError):
    """The API key is missing, or nobody's."""

    code = "api_key"


def refused(problem: Problem | None) -> Told:
    """Why the desk did not take a post."""
    if problem is not None and problem.type == OTHER_CONTENT:
        return Told(
            fr="Cette Idempotency-Key a servi à une autre demande\u00a0: donnez à chaque demande la sienne.",
            en="This Idempotency-Key was used for another request: give each request its own.",
        )
    why = problem.detail if problem is not None else ""
    return Told(fr=f"La demande n’est pas admise. ({why})", en=f"The request is not taken. ({why})")


_NOT_FOUND: Final[Mapping[str, Told]] = {
    "jurisdiction_id": Told(
        fr="jurisdiction_id\u00a0: ce territoire n’est pas servi ici.",
        en="jurisdiction_id: this jurisdiction is not served here.",
    ),
    "service_code": Told(
        fr="service_code\u00a0: ce service n’existe pas. La liste est à l’adresse services.",
        en="service_code: there is no such service. The list is at services.",
    ),
    "service_request_id": Told(
        fr="service_request_id\u00a0: aucune demande publique ne porte ce numéro.",
        en="service_request_id: no public request has this number.",
    ),
    "token": Told(fr="token\u00a0: ce jeton n’est pas connu.", en="token: this token is not known."),
}
_NO_ADDRESS: Final = Told(fr="Cette adresse n’existe pas.", en="There is no such address.")


def _error(request: Request, status: int, code: int, *told: Told) -> Response:
    return answer("errors", open311.errors(code, told, language_of(request)), format_of(request), status)


async def _unfit(request: Request, error: Exception) -> Response:
    assert isinstance(error, ArgumentError)
    return _error(request, HTTPStatus.BAD_REQUEST, HTTPStatus.BAD_REQUEST, *error.told)


async def _not_found(request: Request, error: Exception) -> Response:
    return _error(request, HTTPStatus.NOT_FOUND, HTTPStatus.NOT_FOUND, _NOT_FOUND.get(str(error), _NO_ADDRESS))


async def _no_key(request: Request, _: Exception) -> Response:
    told = Told(
        fr="api_key\u00a0: la clé manque ou n’est pas valide. Pour en obtenir une, voyez la page discovery.",
        en="api_key: the key is missing or not valid. The discovery page says how to get one.",
    )
    return _error(request, HTTPStatus.FORBIDDEN, HTTPStatus.FORBIDDEN, told)


async def _away(request: Request, _: Exception) -> Response:
    told = Told(
        fr="Le service ne répond pas pour l’instant. Réessayez dans quelques secondes.",
        en="The service does not answer for now. Try again in a few seconds.",
    )
    said = _error(request, HTTPStatus.BAD_REQUEST, HTTPStatus.SERVICE_UNAVAILABLE, told)
    said.headers["Retry-After"] = str(_RETRY_AFTER_S)
    return said


async def _other(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = error.status_code
    told = Told(fr="La requête n’est pas valide.", en="The request is not valid.")
    return _error(
        request,
        code if code in _AS_THEY_ARE else HTTPStatus.BAD_REQUEST,
        code,
        _NO_ADDRESS if code == HTTPStatus.NOT_FOUND else told,
    )


async def _defect(request: Request, _: Exception) -> Response:
    told = Told(
        fr="Une erreur de notre part. Prévenez-nous si elle se répète.",
        en="An error of ours. Tell us if it happens again.",
    )
    return _error(request, HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.INTERNAL_SERVER_ERROR, told)


HANDLERS: Final[Mapping[Any, Callable[[Request, Exception], Awaitable[Response]]]] = {
    ArgumentError: _unfit,
    NotFoundError: _not_found,
    NoKeyError: _no_key,
    RetryableError: _away,
    HTTPException: _other,
    Exception: _defect,
}
"""By what was raised."""

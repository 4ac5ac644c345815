"""The agents' pages over HTTP, and the page where agents enter. What goes wrong is a page, too."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import Depends, FastAPI, HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from clic_chassis.agents import Agent
from clic_chassis.error import NotFoundError, RefusedError, RetryableError
from clic_chassis.identity import Identity, IdentityError, NoRoleError, TooManyTriesError, form_key, signed_in
from clic_chassis.identity.entrance import add_entrance
from clic_contracts.vocabulary import RequestId
from clic_intake.api.letter import LetterPath
from clic_intake.api.staff import must_be_staff
from clic_intake.api.story import RequestPath
from clic_intake.web import Words, page, words_of
from clic_intake.worklist.query import ListName

from .error import why
from .frame import HOME, TEMPLATES, Frame
from .listing import ListPages
from .page import RequestPages

_Who = Annotated[Agent, Depends(signed_in)]
_Settling = Literal["again", "went-out"]
_TROUBLE: dict[int, tuple[str, str]] = {
    403: (
        "Cette page est trop vieille, ou vos rôles ne le permettent pas. Rechargez-la, puis recommencez.",
        "This page is too old, or your roles do not allow it. Reload it and try again.",
    ),
    404: (
        "Cette demande n'existe pas, ou elle ne vous est pas ouverte.",
        "There is no such request, or it is not open to you.",
    ),
    413: ("C'est trop long : un fichier a 10 Mo au plus.", "This is too large: a file has 10 MB at most."),
    503: (
        "Un serveur ne répond pas. Rien n'est perdu : recommencez dans un instant.",
        "A server does not answer. Nothing is lost: try again in a moment.",
    ),
}
_OTHER = ("Cette page ne peut pas être lue.", "This page cannot be read.")


class Shown:
    """Draws pages for staff, and what goes wrong as a page."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    async def __call__(self, request: Request, agent: Agent, drawn: Callable[[], Awaitable[Response]]) -> Response:
        """A page, or what went wrong as one."""
        trouble = self._frame.trouble
        try:
            must_be_staff(agent, self._frame.town)
            return await drawn()
        except HTTPException as error:
            return trouble(request, agent, error.status_code, _said(request, error.status_code))
        except RetryableError:
            return trouble(request, agent, HTTPStatus.SERVICE_UNAVAILABLE, _said(request, 503))
        except NotFoundError:
            return trouble(request, agent, HTTPStatus.NOT_FOUND, _said(request, 404))
        except RefusedError as error:
            return trouble(request, agent, HTTPStatus.CONFLICT, why(words_of(request), error))


def add_list_pages(api: FastAPI, lists: ListPages, shown: Shown) -> None:
    """Add lists and searches."""

    @api.get(HOME, include_in_schema=False)
    async def home(_: _Who) -> Response:
        return RedirectResponse(f"{HOME}/lists/{ListName.DEPARTMENT}", HTTPStatus.SEE_OTHER)

    @api.get(HOME + "/lists/{name}", include_in_schema=False)
    async def listing(request: Request, name: ListName, agent: _Who) -> Response:
        return await shown(request, agent, lambda: lists.listing(request, agent, name))

    @api.get(HOME + "/search", include_in_schema=False)
    async def search(request: Request, agent: _Who) -> Response:
        return await shown(request, agent, lambda: lists.search(request, agent))

    @api.post(HOME + "/search/person", include_in_schema=False)
    async def person(request: Request, agent: _Who) -> Response:
        return await shown(request, agent, lambda: lists.person(request, agent))


def add_request_pages(api: FastAPI, requests: RequestPages, shown: Shown) -> None:
    """Add a request's pages."""

    @api.get(HOME + "/requests/{request_id}", include_in_schema=False)
    async def story(request: Request, request_id: RequestPath, agent: _Who) -> Response:
        return await shown(request, agent, lambda: requests.story(request, agent, request_id))

    @api.post(HOME + "/requests/{request_id}/open", include_in_schema=False)
    async def open_seals(request: Request, request_id: RequestPath, agent: _Who) -> Response:
        return await shown(request, agent, lambda: requests.open(request, agent, request_id))

    @api.post(HOME + "/requests/{request_id}/files", include_in_schema=False)
    async def add_file(request: Request, request_id: RequestPath, agent: _Who) -> Response:
        return await shown(request, agent, lambda: requests.add_file(request, agent, request_id))

    @api.post(HOME + "/requests/{request_id}/files/{attachment_id}", include_in_schema=False)
    async def file(request: Request, request_id: RequestPath, attachment_id: RequestId, agent: _Who) -> Response:
        return await shown(request, agent, lambda: requests.file(request, agent, request_id, attachment_id))

    @api.get(HOME + "/requests/{request_id}/do/{path}", include_in_schema=False)
    async def form(request: Request, request_id: RequestPath, path: str, agent: _Who) -> Response:
        return await shown(request, agent, lambda: requests.form(request, agent, request_id, path))

    @api.post(HOME + "/requests/{request_id}/do/{path}", include_in_schema=False)
    async def send(request: Request, request_id: RequestPath, path: str, agent: _Who) -> Response:
        return await shown(request, agent, lambda: requests.send(request, agent, request_id, path))

    @api.post(HOME + "/requests/{request_id}/letters/{letter_id}/{what}", include_in_schema=False)
    async def settle(
        request: Request,
        request_id: RequestPath,
        letter_id: LetterPath,
        what: Literal["again", "went-out"],
        agent: _Who,
    ) -> Response:
        return await shown(request, agent, lambda: requests.settle(request, agent, request_id, letter_id, what))


def add_agents_entrance(api: FastAPI, identity: Identity) -> None:
    """Add the page where agents enter."""

    def draw(request: Request, *, then: str, why: IdentityError | None, with_provider: bool, status: int) -> Response:
        return page(
            request,
            f"{TEMPLATES}/enter.html",
            status=status,
            then=then,
            why=_why_not(words_of(request), why) if why is not None else "",
            with_provider=with_provider,
            form_key=form_key(request),
        )

    add_entrance(api, identity, draw, homes=(HOME,))


def _said(request: Request, status: int) -> str:
    return words_of(request)(*_TROUBLE.get(status, _OTHER))


def _why_not(t: Words, error: IdentityError) -> str:
    match error:
        case TooManyTriesError(wait_s=wait_s):
            return t(f"Trop d'essais : attendez {wait_s} s.", f"Too many tries: wait {wait_s} s.")
        case NoRoleError():
            return t(
                "Ce jeton est connu, mais n'ouvre rien ici. L'administration peut y joindre un rôle.",
                "This token is known, but opens nothing here. The administrator can give it a role.",
            )
        case _:
            return t("Ce jeton n'est celui de personne.", "This token is nobody's.")

"""What the citizens' routes have in common: errors as pages that say what to do, and how often one may try."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable

import structlog
from fastapi import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from clic_chassis.clock import Clock
from clic_chassis.error import RefusedError, RetryableError
from clic_chassis.identity import checked_form
from clic_chassis.identity.access import address_of
from clic_chassis.identity.rate import Limiter, Rate
from clic_intake.web import Filled, page, words_of

log = structlog.get_logger()

Handler = Callable[[Request], Awaitable[Response]]

FORM_BYTES_MAX = 32 * 1024 * 1024
"""Of a form with its files: ten of a telephone's pictures."""
SEND_PATH = "/demande/envoyer"
ADD_PATH = "/suivi/ajouter"
"""Without the request in it, so that its larger body can be allowed by its path."""
LARGER_FORMS = {SEND_PATH: FORM_BYTES_MAX, ADD_PATH: FORM_BYTES_MAX}
"""Bytes that the forms with files may have, by their path."""
SENDS = Rate(20, dt.timedelta(hours=1))
"""Forms that make something, from one address: a family's, a library's computer, and no machine's."""
WRONG_LINKS = Rate(30, dt.timedelta(hours=1))
"""Links that are none, from one address. A secret has 128 bits; this keeps the desk from being asked in vain."""

_SAID: dict[int, tuple[tuple[str, str], tuple[str, str]]] = {
    403: (
        ("Cette page est trop vieille", "This page is too old"),
        (
            "Un formulaire vaut un jour, là où il fut ouvert, témoins permis. Revenez, rechargez-le et renvoyez-le.",
            "A form is good for one day, where it was opened, cookies allowed. Go back, reload and send it again.",
        ),
    ),
    404: (
        ("Ce lien ne mène nulle part", "This link leads nowhere"),
        (
            "Il est incomplet, ou la demande a été effacée. Copiez-le en entier, tel qu'il est dans notre message.",
            "It is incomplete, or the request was erased. Copy it whole, as it stands in our message.",
        ),
    ),
    409: (
        ("Ce n'est plus possible", "This is no longer possible"),
        (
            "La demande a changé entre-temps. Sa page de suivi dit où elle en est et ce que vous pouvez faire.",
            "The request has changed in the meantime. Go back to its page: it says how it stands and what you can do.",
        ),
    ),
    413: (
        ("Vos fichiers sont trop lourds", "Your files are too large"),
        (
            "Envoyez au plus 10 fichiers de 10 Mo chacun, et 30 Mo en tout. Revenez pour en choisir moins.",
            "Send at most 10 files of 10 MB each, and 30 MB in all. Go back and choose fewer.",
        ),
    ),
    429: (
        ("Un instant, s'il vous plaît", "One moment, please"),
        (
            "Trop d'envois viennent de votre adresse. Réessayez dans quelques minutes, ou téléphonez-nous.",
            "Too much has been sent from your address. Try again in a few minutes, or telephone us.",
        ),
    ),
    503: (
        ("Nous n'y arrivons pas pour l'instant", "We cannot do this right now"),
        (
            "Rien n'est perdu : rechargez cette page dans un instant. Ce qui est déjà reçu ne l'est pas deux fois.",
            "Nothing is lost: reload this page in a moment. What was received already is not recorded twice.",
        ),
    ),
}
_OTHER = (
    ("Ce formulaire ne peut pas être lu", "This form cannot be read"),
    ("Revenez à la page précédente et envoyez-le de nouveau.", "Go back and send it again."),
)


def as_page(handler: Handler) -> Handler:
    """Answers what goes wrong with a page that says what to do; nothing of what was sent stands in it."""

    async def shown(request: Request) -> Response:
        try:
            return await handler(request)
        except HTTPException as error:
            return problem(request, error.status_code)
        except RetryableError:
            return problem(request, 503)
        except RefusedError as error:
            log.info("citizen_refused", code=error.code)
            return problem(request, 409)
        finally:
            await request.close()  # Files of a form, which nobody needs any more.

    return shown


def problem(request: Request, status: int) -> Response:
    """What went wrong, as a page."""
    title, text = _SAID.get(status, _OTHER)
    t = words_of(request)
    return page(
        request,
        "citizen/templates/problem.html",
        status=status,
        other_at=lambda other: f"/demande?lang={other}",
        title=t(*title),
        text=t(*text),
    )


async def filled_of(request: Request) -> Filled:
    """The fields of a form of ours.

    Raises:
        HTTPException: it is none of ours, too large, or cannot be read.
    """
    return Filled.of(await checked_form(request))


class Gate:
    """How often an address may send, and try links."""

    def __init__(self, clock: Clock) -> None:
        self._sends = Limiter(SENDS, clock)
        self._wrong = Limiter(WRONG_LINKS, clock)

    def send(self, request: Request) -> None:
        """Count something that is sent.

        Raises:
            HTTPException: 429, too much was.
        """
        if self._sends.take(address_of(request)):
            raise HTTPException(429, "too much was sent from this address: try again later")

    def may_try(self, request: Request) -> None:
        """Look whether a link may be tried.

        Raises:
            HTTPException: 429, too many were wrong.
        """
        if self._wrong.wait_s(address_of(request)):
            raise HTTPException(429, "too many links were none: try again later")

    def wrong(self, request: Request) -> None:
        """Count a link that is none."""
        self._wrong.count(address_of(request))

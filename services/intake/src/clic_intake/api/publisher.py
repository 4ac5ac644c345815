"""Who publishes over HTTP: by a key of its own, or by a token of the agents' file with its role; only as itself."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from fastapi import HTTPException, Request

from clic_chassis.agents import Agent
from clic_chassis.identity import current
from clic_chassis.identity.access import address_of, identity_of, token_of
from clic_contracts.problem import Wording
from clic_contracts.vocabulary import Language
from clic_intake.publisher_key import PREFIX, PublisherKeys

_ROLE = "publisher:"
_NO_PUBLISHER = Wording(
    fr="ce jeton n’est pas celui d’un éditeur : il faut une clé d’éditeur, ou un seul rôle publisher:<code>",
    en="this token is no publisher's: it needs a publisher's key, or one role publisher:<code>",
)
_NOBODYS = Wording(fr="cette clé n’est à personne, ou elle a pris fin", en="this key is nobody's, or it has ended")
_NEEDED = Wording(
    fr="il faut une clé d’éditeur : Authorization: Bearer clic_…",
    en="a publisher's key is needed: Authorization: Bearer clic_…",
)


def publisher_dependency(keys: PublisherKeys) -> Callable[[Request], Awaitable[str]]:
    """A dependency that gives the code of the publisher behind a request.

    It answers 401 where nobody is known, 403 where it is no publisher, 429 after too many wrong keys.
    """

    async def publisher(request: Request) -> str:
        request.state.language = Language.FR  # Of whoever is not known yet (C-11 art. 16).
        key = token_of(request) or ""
        code = await _by_key(request, key, keys) if key.startswith(PREFIX) else await _by_token(request, key)
        if code is None:
            raise HTTPException(403, _NO_PUBLISHER)
        return code

    return publisher


async def _by_key(request: Request, key: str, keys: PublisherKeys) -> str:
    identity, address = identity_of(request), address_of(request)
    known = identity.good(request) is not None
    if not known and (wait_s := identity.tries.wait_s(address)):
        too_many = Wording(
            fr=f"trop de mauvaises clés : attendez {wait_s} s", en=f"too many wrong keys: wait {wait_s} s"
        )
        raise HTTPException(429, too_many, headers={"Retry-After": str(wait_s)})
    code = await keys.publisher_of(key)
    if code is None:
        identity.tries.count(address)
        raise HTTPException(401, _NOBODYS, headers={"WWW-Authenticate": "Bearer"})
    identity.remember_good(key)
    return code


async def _by_token(request: Request, token: str) -> str | None:
    try:
        agent = await current(request)
    except HTTPException as error:
        if error.status_code != HTTPStatus.UNAUTHORIZED:
            raise
        raise HTTPException(401, _NOBODYS if token else _NEEDED, headers=error.headers) from error
    return publisher_code(agent)


def publisher_code(agent: Agent) -> str | None:
    """The publisher that a token is, by its one role `publisher:<code>`; None: it is none's, or not one's alone."""
    codes = [each.removeprefix(_ROLE) for each in agent.roles if each.startswith(_ROLE)]
    return codes[0] if len(codes) == 1 else None

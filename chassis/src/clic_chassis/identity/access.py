"""Tells who is behind a request over HTTP: by a bearer token, else by the session of a browser."""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Annotated

import structlog
from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.datastructures import FormData

from clic_chassis.agents import Agent
from clic_chassis.clock import Clock

from .error import EnterError, NoRoleError, TooManyTriesError, UnknownTokenError
from .form import FIELD, HEADER, SAFE_METHODS, check_key, check_origin, public_key, read_form
from .known import Known
from .oidc import Provider
from .rate import Limiter, Rate, source_of
from .session import Session, Sessions, digest

log = structlog.get_logger()

TRIES = Rate(5, dt.timedelta(minutes=1))
"""Tokens that are none, from one address."""
ADDRESSES_MAX = 1_000
"""Of which failed tries are remembered."""

GOOD_MAX = 10_000
"""Tokens and keys of which it is remembered that they were good, to count by them; the oldest is forgotten."""

_BEARER = HTTPBearer(auto_error=False, description="An agent's token: one of the town's file, or of OpenID Connect.")
_Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]


def anybody(agent: Agent) -> None:
    """Lets everybody enter who is known."""
    del agent


class Identity:
    """Agents' tokens, those of a provider, and the sessions that they open."""

    def __init__(
        self,
        agents: Mapping[str, Agent],
        clock: Clock,
        *,
        name: str = "clic_agent",
        provider: Provider | None = None,
        may_enter: Callable[[Agent], None] = anybody,
    ) -> None:
        """`agents` by the SHA-256 of their token, see `clic_chassis.agents.read_agents`; `name` is the cookie's.

        `provider` reads the tokens that are not among them, and is another way in at the entrance.
        `may_enter` raises `NoRoleError` for who may not open a session.
        """
        self._agents = agents
        self.clock = clock
        self.provider = provider
        self._may_enter = may_enter
        self.sessions = Sessions(clock, name)
        self.tries = Limiter(TRIES, clock, keys_max=ADDRESSES_MAX)
        self._good: OrderedDict[str, None] = OrderedDict()

    # -- who is it ---------------------------------------------------------------------------------------------------

    async def known(self, request: Request) -> Known | None:
        """Who is behind a request; None: nobody is known.

        A session that asks for a change sends its form key in the header `X-Form-Key` where it sends no form.

        Raises:
            HTTPException: 401, a token was given that is nobody's; 403, another site acts in the session; 429, too
                many wrong tokens came from the address.
        """
        token = token_of(request)
        if token is not None:
            return await self._by_token(request, token)
        session = self.session(request)
        if session is None:
            return None
        if request.method not in SAFE_METHODS:
            check_origin(request)
            try:
                check_key(session.form_key, request.headers.get(HEADER) or (await read_form(request)).get(FIELD))
            except HTTPException:
                await request.close()  # Files of a form, which nobody goes on to read.
                raise
        return Known(session.agent, session.ends_at)

    async def _by_token(self, request: Request, token: str) -> Known:
        try:
            known = await self._read(token, address_of(request))
        except TooManyTriesError as error:
            raise HTTPException(429, str(error), headers={"Retry-After": str(error.wait_s)}) from error
        except UnknownTokenError as error:
            challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
            raise HTTPException(401, str(error), headers=challenge) from error
        self.remember_good(token)
        return known

    async def _read(self, token: str, address: str) -> Known:
        """Who shows a token, given from an address.

        Raises:
            TooManyTriesError: that address has tried too often; asked of unknown tokens alone, so that who is known
                is not kept out by a neighbour.
            UnknownTokenError: the token is nobody's.
        """
        agent = self._agents.get(digest(token))
        if agent is not None:
            return Known(agent)
        wait_s = self.tries.wait_s(address)
        if wait_s:
            raise TooManyTriesError(wait_s)
        try:
            return await self._by_provider(token)
        except UnknownTokenError:
            self.tries.count(address)
            log.warning("token_refused")  # Never what was sent, which may be a password of something else.
            raise

    async def _by_provider(self, token: str) -> Known:
        if self.provider is None:
            raise UnknownTokenError("this token is nobody's")
        return await self.provider.known(token)

    def good(self, request: Request) -> str | None:
        """What a request shows that was good before: a digest of a token, of a key or of a session; None: nothing.

        It says who is counted together, not who may: that is asked anew each time.
        """
        token = token_of(request)
        if token is None:
            return self.sessions.key(request)
        key = digest(token)
        return key if key in self._good else None

    def remember_good(self, token: str) -> None:
        """A token or key was good."""
        self._good.pop(key := digest(token), None)
        self._good[key] = None
        while len(self._good) > GOOD_MAX:
            self._good.popitem(last=False)

    def stands(self, request: Request, known: Known) -> bool:
        """Whether who was known when an answer began still is: for answers that last."""
        token = token_of(request)
        if token is None:
            return self.session(request) is not None
        return digest(token) in self._agents if known.until is None else self.clock.now() < known.until

    # -- in and out --------------------------------------------------------------------------------------------------

    async def enter(self, token: str, address: str) -> str:
        """A session's token for an agent's, given from an address at the entrance.

        Raises:
            TooManyTriesError: that address has tried too often.
            UnknownTokenError: the token is nobody's.
            NoRoleError: they may not open a session here.
        """
        wait_s = self.tries.wait_s(address)
        if wait_s:  # Here everybody waits: a person types, and a guess that is right must not be told apart.
            raise TooManyTriesError(wait_s)
        token = token.strip()
        agent = (await self._read(token, address)).agent
        shown = digest(token)
        return self.open_session(agent, shown if shown in self._agents else None)

    def open_session(self, agent: Agent, shown: str | None = None) -> str:
        """A session's token for somebody who is known; `shown` is the digest of their token of the agents' file.

        Raises:
            NoRoleError: they may not open a session here.
        """
        self._may_enter(agent)
        token = self.sessions.open(agent, shown)
        log.info("session_opened", agent=agent.agent)
        return token

    def leave(self, request: Request) -> None:
        """End the browser's session, if it has one."""
        session = self.sessions.close(request)
        if session is not None:
            log.info("session_ended", agent=session.agent.agent)

    def session(self, request: Request) -> Session | None:
        """The browser's session, while it lasts; one of the agents' file has the roles that stand there now."""
        session = self.sessions.of(request)
        if session is None or session.shown is None:
            return session
        agent = self._agents.get(session.shown)
        if agent is None or agent.agent != session.agent.agent or not self._enters(agent):
            self.leave(request)
            return None
        session.agent = agent
        return session

    def _enters(self, agent: Agent) -> bool:
        try:
            self._may_enter(agent)
        except NoRoleError:
            return False
        return True

    # -- forms -------------------------------------------------------------------------------------------------------

    def form_key(self, request: Request) -> str:
        """What the hidden field `form_key` of a form on this page holds, with a session or without one."""
        session = self.session(request)
        return session.form_key if session is not None else public_key(request)

    async def checked_form(self, request: Request) -> FormData:
        """The form that a page of ours sent.

        Raises:
            HTTPException: 400, 415, it is no form; 403, it is another site's, or its key is another.
        """
        check_origin(request)
        form = await read_form(request)
        check_key(self.form_key(request), form.get(FIELD))
        return form


def address_of(request: Request) -> str:
    """Whom a request is counted as, behind trusted proxies (`CLIC_TRUSTED_PROXIES`)."""
    return source_of(request.client.host if request.client else None)


def token_of(request: Request) -> str | None:
    """What stands in `Authorization: Bearer …`; None: there is no such header (RFC 6750)."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def identity_of(request: Request) -> Identity:
    """The service's, as `protect` put it there."""
    identity: Identity = request.app.state.identity
    return identity


async def current(request: Request, _: _Bearer = None) -> Agent:
    """Who commands or reads. A FastAPI dependency.

    Raises:
        HTTPException: 401, nobody is known; 403, another site acts in their session; 429, too many wrong tokens.
    """
    known = await identity_of(request).known(request)
    if known is None:
        raise HTTPException(
            401, "a valid agent's token is needed: Authorization: Bearer …", headers={"WWW-Authenticate": "Bearer"}
        )
    return known.agent


async def signed_in(request: Request) -> Agent:
    """Who looks at a page; a browser without a session is led to the entrance. A FastAPI dependency.

    Raises:
        EnterError: nobody is known; `protect` answers it with a redirection.
        HTTPException: as `current`.
    """
    known = await identity_of(request).known(request)
    if known is None:
        raise EnterError("nobody is known behind this page")
    return known.agent


def form_key(request: Request) -> str:
    """What the hidden field `form_key` of a form on this page holds."""
    return identity_of(request).form_key(request)


async def checked_form(request: Request) -> FormData:
    """The form that a page of ours sent. A FastAPI dependency; raises as `Identity.checked_form`."""
    return await identity_of(request).checked_form(request)

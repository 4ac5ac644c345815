"""Who reads internal figures, and which: roles, the session of a browser, the token of a machine, and a note of it.

Without a reader there are the public edition of reports, the page to enter, and health. OpenID Connect will give an
`Agent` as a token does now, and open the same session with `Access.open_session`.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import structlog
from fastapi import HTTPException, Request

from clic_chassis.agents import Agent
from clic_chassis.clock import Clock
from clic_chassis.error import ClicError
from clic_chassis.telemetry import METRICS

log = structlog.get_logger()

DESK = "desk"
"""Reads every department's figures and lists; confidential requests only as counts."""
DIRECTION = "direction"
"""Reads every department's figures; lists name requests by reference, without a way to their files."""
ACCESS_ROLE = "greffe"
"""Reads access requests, besides its own department's (POL-20, POL-26)."""

COOKIE = "clic_reader"
COOKIE_SECURE = "__Host-clic_reader"
"""The same over HTTPS: no neighbour of the host can set it."""
SESSION_BYTES = 32
SESSION_LIFE = dt.timedelta(hours=10)
"""A long day at the desk; then the token is asked for again."""
SESSIONS_MAX = 1_000
"""Of one process; beyond it the oldest ends."""
TRIES_MAX = 5
TRIES_WITHIN = dt.timedelta(minutes=1)
ADDRESSES_MAX = 1_000
"""Of which failed tries are remembered; beyond it the oldest is forgotten."""


class AccessError(ClicError):
    """Somebody may not enter; the message says why."""

    code = "refused"


class UnknownTokenError(AccessError):
    """A token is nobody's."""

    code = "unknown_token"


class NoRoleError(AccessError):
    """Somebody has no role to read by."""

    code = "no_role"


class TooManyTriesError(AccessError):
    """Too many tokens that are none came from one address."""

    code = "too_many_tries"

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"too many tries: wait {wait_s} s")
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, and what. Codes of departments are those of the town."""

    name: str
    departments: frozenset[str] | None
    """Whose figures and lists; None: everybody's."""
    confidential: frozenset[str] = frozenset()
    """Departments whose confidential requests may be listed; `greffe` stands for the access requests too (POL-26)."""
    files: bool = True
    """Whether a reference leads to the request's file."""

    @property
    def sees_all(self) -> bool:
        """Exact figures of the whole town."""
        return self.departments is None

    def may(self, department: str) -> bool:
        """Whether a department's figures and lists are theirs to read."""
        return self.departments is None or department in self.departments


def reader_of(agent: Agent, departments: Collection[str]) -> Reader | None:
    """What an agent may read by their roles in a town of these departments; None: nothing internal.

    Roles add up. Source: POL-26, POL-29.
    """
    own = frozenset(agent.roles) & frozenset(departments)
    everything = {DESK, DIRECTION} & set(agent.roles)
    if not everything and not own:
        return None
    return Reader(
        name=agent.agent,
        departments=None if everything else own,
        confidential=own,
        files=DESK in agent.roles or bool(own),
    )


def told(reader: Reader, what: str, rows: int, **filtered: str | int | None) -> None:
    """Note that internal figures were read: who, what, filtered by what, how many rows. No personal data (POL-38)."""
    METRICS.reads.labels(what).inc()
    given = {name: value for name, value in filtered.items() if value is not None}
    log.info("report_read", reader=reader.name, what=what, filter=given, rows=rows)


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that has shown a token."""

    reader: Reader
    form_key: str
    """What a form of ours sends back and nobody else knows: another site's form cannot end the session."""
    ends_at: dt.datetime


@dataclass
class _Tries:
    """Failed tries by address, within bounds."""

    at: dict[str, list[dt.datetime]] = field(default_factory=dict)

    def check(self, address: str, now: dt.datetime) -> None:
        recent = [each for each in self.at.get(address, ()) if now - each < TRIES_WITHIN]
        if len(recent) >= TRIES_MAX:
            raise TooManyTriesError(1 + int((recent[0] + TRIES_WITHIN - now).total_seconds()))

    def failed(self, address: str, now: dt.datetime) -> None:
        recent = [each for each in self.at.pop(address, ()) if now - each < TRIES_WITHIN]
        self.at[address] = [*recent, now][-TRIES_MAX:]
        while len(self.at) > ADDRESSES_MAX:
            del self.at[next(iter(self.at))]


class Access:
    """Tells who is behind a request over HTTP."""

    def __init__(self, agents: Mapping[str, Agent], departments: Collection[str], clock: Clock) -> None:
        """`agents` by the SHA-256 of their token, see `clic_chassis.agents.read_agents`.

        Raises:
            AccessError: a department's code is that of a role.
        """
        if both := {DESK, DIRECTION} & set(departments):
            raise AccessError(f"the town's department {min(both)!r} has the name of a role: rename its code")
        self._agents = agents
        self._departments = frozenset(departments)
        self._clock = clock
        self._sessions: dict[str, Session] = {}
        self._tries = _Tries()

    def reader(self, request: Request) -> Reader | None:
        """Who reads: by `Authorization: Bearer`, else by the browser's session; None: the public. A FastAPI dependency.

        Raises:
            HTTPException: 401, a token was given that is nobody's.
        """
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            agent = self._agents.get(_digest(token.strip()))
            if agent is None:
                raise HTTPException(401, "this token is nobody's", headers={"WWW-Authenticate": "Bearer"})
            return reader_of(agent, self._departments)
        session = self.session(request)
        return session.reader if session is not None else None

    def required(self, request: Request) -> Reader:
        """Who reads internal figures. A FastAPI dependency.

        Raises:
            HTTPException: 401, nobody is known; 403, somebody is, who has no role to read by.
        """
        reader = self.reader(request)
        if reader is not None:
            return reader
        if request.headers.get("Authorization"):
            raise HTTPException(403, f"this token reads nothing here: {self._needs}")
        raise HTTPException(
            401,
            "internal figures need a reader: Authorization: Bearer …, or enter at /login",
            headers={"WWW-Authenticate": "Bearer"},
        )

    @property
    def _needs(self) -> str:
        return f"it needs the role {DESK}, {DIRECTION} or a department's code, which an operator gives"

    def session(self, request: Request) -> Session | None:
        """The browser's session, while it lasts."""
        token = request.cookies.get(COOKIE_SECURE) or request.cookies.get(COOKIE)
        if not token:
            return None
        session = self._sessions.get(_digest(token))
        return session if session is not None and self._clock.now() < session.ends_at else None

    def enter(self, token: str, address: str) -> str:
        """A session's token for an agent's, given from an address.

        Raises:
            TooManyTriesError: that address has tried too often.
            UnknownTokenError: the token is nobody's.
            NoRoleError: its agent has no role to read by.
        """
        now = self._clock.now()
        self._tries.check(address, now)
        agent = self._agents.get(_digest(token.strip()))
        if agent is None:
            self._tries.failed(address, now)
            log.warning("reader_refused")  # Never what was typed, which may be a password of something else.
            raise UnknownTokenError("this token is nobody's")
        return self.open_session(agent)

    def open_session(self, agent: Agent) -> str:
        """A session's token for somebody who is known, for the browser's cookie.

        Raises:
            NoRoleError: they have no role to read by.
        """
        reader = reader_of(agent, self._departments)
        if reader is None:
            raise NoRoleError(f"{agent.agent} reads nothing here: {self._needs}")
        token = secrets.token_urlsafe(SESSION_BYTES)
        self._forget_old()
        self._sessions[_digest(token)] = Session(
            reader, secrets.token_urlsafe(SESSION_BYTES), self._clock.now() + SESSION_LIFE
        )
        log.info("reader_entered", reader=reader.name)
        return token

    def _forget_old(self) -> None:
        """Keep the table within its bound: those that ended go first, then the oldest."""
        now = self._clock.now()
        for digest in [each for each, session in self._sessions.items() if session.ends_at <= now]:
            del self._sessions[digest]
        while len(self._sessions) >= SESSIONS_MAX:
            del self._sessions[next(iter(self._sessions))]

    def leave(self, request: Request, form_key: str) -> bool:
        """End the browser's session; False: the form was not one of ours, and nothing happened."""
        session = self.session(request)
        if session is None or not secrets.compare_digest(session.form_key.encode(), form_key.encode()):
            return False
        token = request.cookies.get(COOKIE_SECURE) or request.cookies.get(COOKIE) or ""
        del self._sessions[_digest(token)]
        log.info("reader_left", reader=session.reader.name)
        return True


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

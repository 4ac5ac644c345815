"""Sessions of browsers: a random cookie, a bounded table of this process, an end by time and by idleness."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from clic_chassis.agents import Agent
from clic_chassis.clock import Clock

SESSION_BYTES = 32
SESSION_LIFE = dt.timedelta(hours=10)
"""A long day at the desk; then one enters again. Also how long a stolen cookie serves at most."""
SESSION_IDLE = dt.timedelta(hours=2)
"""Without a request for so long a session ends: a browser that was left, a cookie that was copied and kept."""
SESSIONS_MAX = 1_000
"""Of one process; beyond it the oldest ends."""
HOST_PREFIX = "__Host-"
"""A cookie that no neighbour of the host can set (RFC 6265bis, 4.1.3.2); browsers take it over HTTPS alone."""


def digest(token: str) -> str:
    """What is kept of a token: whoever reads our memory or files cannot use it."""
    return hashlib.sha256(token.encode()).hexdigest()


def is_secure(request: Request) -> bool:
    """Whether the browser speaks HTTPS, with us or with a trusted proxy before us (`CLIC_TRUSTED_PROXIES`)."""
    return request.url.scheme == "https"


@dataclass(slots=True)
class Session:
    """A browser behind which somebody is known."""

    agent: Agent
    form_key: str
    """What a form of ours sends back and nobody else knows: another site's form cannot act in this session."""
    ends_at: dt.datetime
    seen_at: dt.datetime
    shown: str | None = None
    """The digest of the token that opened it, where that is one of the agents' file: it ends with it."""

    def stands(self, now: dt.datetime) -> bool:
        """Whether it has not ended."""
        return now < self.ends_at and now - self.seen_at < SESSION_IDLE


class Sessions:
    """The table. Several processes behind one address need a balancer that keeps a browser with its process."""

    def __init__(self, clock: Clock, name: str) -> None:
        """`name` is the cookie's: services of one host share its cookies, whatever their ports."""
        self._clock = clock
        self._name = name
        self._by_digest: dict[str, Session] = {}

    def __len__(self) -> int:
        return len(self._by_digest)

    def of(self, request: Request) -> Session | None:
        """The browser's session, while it lasts; asking keeps it from being idle."""
        session = self._by_digest.get(digest(self._token(request)))
        now = self._clock.now()
        if session is None or not session.stands(now):
            return None
        session.seen_at = now
        return session

    def open(self, agent: Agent, shown: str | None = None) -> str:
        """A new session's token, for the browser's cookie. It is always a new one (session fixation).

        `shown`: see `Session`.
        """
        token, now = secrets.token_urlsafe(SESSION_BYTES), self._clock.now()
        self._forget(now)
        form_key = secrets.token_urlsafe(SESSION_BYTES)
        self._by_digest[digest(token)] = Session(agent, form_key, now + SESSION_LIFE, now, shown)
        return token

    def close(self, request: Request) -> Session | None:
        """End the browser's session; None: it had none."""
        return self._by_digest.pop(digest(self._token(request)), None)

    def key(self, request: Request) -> str | None:
        """The digest of the browser's session, while it lasts."""
        return digest(self._token(request)) if self.of(request) is not None else None

    def _token(self, request: Request) -> str:
        return request.cookies.get(HOST_PREFIX + self._name) or request.cookies.get(self._name) or ""

    def _forget(self, now: dt.datetime) -> None:
        """Keep the table within its bound: those that ended go first, then the oldest."""
        for key in [each for each, session in self._by_digest.items() if not session.stands(now)]:
            del self._by_digest[key]
        while len(self._by_digest) >= SESSIONS_MAX:
            del self._by_digest[next(iter(self._by_digest))]

    def put(self, request: Request, answer: Response, token: str, *, lax: bool = False) -> None:
        """Give the browser its cookie. `lax`: it is to come along when another site leads here, as a provider does."""
        secure = is_secure(request)
        answer.set_cookie(
            HOST_PREFIX + self._name if secure else self._name, token, max_age=int(SESSION_LIFE.total_seconds()),
            path="/", httponly=True, samesite="lax" if lax else "strict", secure=secure,
        )  # fmt: skip

    def remove(self, answer: Response) -> None:
        """Take the cookie back from the browser."""
        for name, secure in ((self._name, False), (HOST_PREFIX + self._name, True)):
            answer.delete_cookie(name, path="/", httponly=True, samesite="strict", secure=secure)

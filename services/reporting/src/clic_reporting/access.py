"""Who reads internal figures, and which, and a note of it. Who somebody is, `clic_chassis.identity` tells.

Without a reader there are the public edition of reports, the page to enter, and health.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import structlog
from fastapi import HTTPException, Request

from clic_chassis.agents import Agent
from clic_chassis.clock import Clock
from clic_chassis.error import ClicError
from clic_chassis.identity import Identity, NoRoleError
from clic_chassis.identity.oidc import Provider
from clic_chassis.telemetry import METRICS

log = structlog.get_logger()

DESK = "desk"
"""Reads every department's figures and lists; confidential requests only as counts."""
DIRECTION = "direction"
"""Reads every department's figures; lists name requests by reference, without a way to their files."""
ACCESS_ROLE = "greffe"
"""Reads access requests, besides its own department's (POL-20, POL-26)."""

COOKIE = "clic_reader"
"""Of the session; intake has another: services of one host share its cookies."""


class AccessError(ClicError):
    """The town's codes and our roles do not go together."""


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


class Access:
    """Tells what whoever is behind a request over HTTP may read."""

    def __init__(
        self,
        agents: Mapping[str, Agent],
        departments: Collection[str],
        clock: Clock,
        provider: Provider | None = None,
    ) -> None:
        """`agents` by the SHA-256 of their token; `provider` reads the tokens that are not among them.

        Raises:
            AccessError: a department's code is that of a role.
        """
        if both := {DESK, DIRECTION} & set(departments):
            raise AccessError(f"the town's department {min(both)!r} has the name of a role: rename its code")
        self._departments = frozenset(departments)
        self.identity = Identity(agents, clock, name=COOKIE, provider=provider, may_enter=self._may_enter)

    async def reader(self, request: Request) -> Reader | None:
        """Who reads: by `Authorization: Bearer`, else by the browser's session; None: the public. A FastAPI dependency.

        Raises:
            HTTPException: 401, a token was given that is nobody's; 429, too many were.
        """
        known = await self.identity.known(request)
        return reader_of(known.agent, self._departments) if known is not None else None

    async def required(self, request: Request) -> Reader:
        """Who reads internal figures. A FastAPI dependency.

        Raises:
            HTTPException: 401, nobody is known; 403, somebody is, who has no role to read by; 429, as `reader`.
        """
        reader = await self.reader(request)
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

    def _may_enter(self, agent: Agent) -> None:
        """Raises `NoRoleError` for who would read nothing."""
        if reader_of(agent, self._departments) is None:
            raise NoRoleError(f"{agent.agent} reads nothing here: {self._needs}")

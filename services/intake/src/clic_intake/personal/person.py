"""Finding a person's requests again by keyed digests, and who opened them. Source: POL-30, A-2.1 art. 83."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from clic_chassis import sql
from clic_contracts.vocabulary import RequestId
from clic_intake.core.contact import email_key, phone_key
from clic_intake.core.name import key_of
from clic_intake.register import connected, contact_digester, name_digester
from clic_intake.seal import MasterKey

_SQL = sql.load("clic_intake.personal")

FOUND_MAX = 200
"""Requests of one person that are found at most: who has more is narrowed down by an address or a number."""
OPENINGS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Found:
    """A request that may be a person's. A name alone proves nothing: others have it, too."""

    request_id: RequestId
    reference: str | None
    by_name: bool
    by_contact: bool


@dataclass(frozen=True, slots=True)
class Opening:
    """Who opened what is sealed of a request, when and why (POL-30)."""

    opened_at: dt.datetime
    agent: str
    request_id: RequestId
    reason: str


class Persons:
    """Finds people. What is looked for is digested at once: it stands in no table, log or query."""

    def __init__(self, pool: asyncpg.Pool, master: MasterKey) -> None:
        self._pool = pool
        self._name_digest = name_digester(master)
        self._contact_digest = contact_digester(master)

    async def find(
        self, *, name: str | None = None, email: str | None = None, phone: str | None = None
    ) -> tuple[Found, ...]:
        """Requests that one of these leads to, at most `FOUND_MAX`, those that most lead to first; erased ones never.

        Raises:
            RetryableError: the database is away.
        """
        named = key_of(name) if name else None
        contacts = [email_key(email) if email else None, phone_key(phone) if phone else None]
        async with connected(self._pool) as connection:
            rows = await connection.fetch(
                _SQL["find_people"],
                [] if named is None else [self._name_digest(named)],
                [self._contact_digest(key) for key in contacts if key is not None],
                FOUND_MAX,
            )
        return tuple(Found(str(row["request_id"]), row["reference"], row["by_name"], row["by_contact"]) for row in rows)

    async def openings(self, request_ids: Sequence[RequestId]) -> tuple[Opening, ...]:
        """Who opened what is sealed of these requests, the newest first, at most `OPENINGS_MAX`.

        Raises:
            RetryableError: the database is away.
        """
        async with connected(self._pool) as connection:
            rows = await connection.fetch(_SQL["openings_of"], list(request_ids), OPENINGS_MAX)
        return _openings(rows)

    async def openings_by(self, agent: str, since: dt.datetime) -> tuple[Opening, ...]:
        """What somebody opened since an instant. As `openings`."""
        async with connected(self._pool) as connection:
            rows = await connection.fetch(_SQL["openings_by"], agent, since, OPENINGS_MAX)
        return _openings(rows)


def _openings(rows: Sequence[asyncpg.Record]) -> tuple[Opening, ...]:
    return tuple(Opening(row["opened_at"], row["agent"], str(row["request_id"]), row["reason"]) for row in rows)

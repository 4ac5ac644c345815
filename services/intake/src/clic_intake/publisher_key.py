"""Publishers' keys of the API: made once and shown once, kept as digests, ended at any time."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import asyncpg

from clic_chassis import sql
from clic_chassis.error import NotFoundError, RefusedError

from .register import connected

PREFIX: Final = "clic_"
"""How every key begins: scanners for secrets find one that leaked, and it is told from a person's token."""
KEY_BYTES: Final = 32
KEYS_MAX: Final = 10
"""Of a publisher at once: one in use, one that replaces it, some for its instances."""
LISTED_MAX: Final = 1_000
LABEL_CHARACTERS_MAX: Final = 100
_SQL: Final = sql.load("clic_intake", "publisher_key.sql")


class PublisherKeyError(RefusedError):
    """A key cannot be made; the message says why."""

    code = "publisher_key"


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key as it is shown to who asked for it, once."""

    key_id: str
    key: str


@dataclass(frozen=True, slots=True)
class ListedKey:
    """What is known of a key."""

    key_id: str
    publisher: str
    label: str
    made_at: dt.datetime
    made_by: str
    ended_at: dt.datetime | None
    ended_by: str | None


class PublisherKeys:
    """The table of keys."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def publisher_of(self, key: str) -> str | None:
        """Whose key it is; None: nobody's, or it has ended. Asked anew each time, so that an end is at once.

        Raises:
            RetryableError: the database is away; try again.
        """
        if not key.startswith(PREFIX):
            return None
        async with connected(self._pool) as connection:
            found: str | None = await connection.fetchval(_SQL["publisher_of_key"], _digest(key))
        return found

    async def add(self, publisher: str, label: str, *, known: Collection[str], made_by: str, at: dt.datetime) -> NewKey:
        """Make a key for one of the town's publishers, `known`.

        Raises:
            NotFoundError: the town has no such publisher.
            PublisherKeyError: it has as many keys as it may, or the label is too long.
            RetryableError: the database is away; try again.
        """
        if publisher not in known:
            raise NotFoundError(f"the town has no publisher {publisher!r}; its publishers.yaml has {', '.join(known)}")
        if len(label) > LABEL_CHARACTERS_MAX:
            raise PublisherKeyError(f"a label has at most {LABEL_CHARACTERS_MAX} characters")
        made = NewKey(str(uuid.uuid4()), PREFIX + secrets.token_urlsafe(KEY_BYTES))
        async with connected(self._pool) as connection, connection.transaction():
            await connection.execute(_SQL["lock_publisher_keys"])
            if await connection.fetchval(_SQL["count_publisher_keys"], publisher) >= KEYS_MAX:
                raise PublisherKeyError(f"{publisher} has {KEYS_MAX} keys already: end one that is not used any more")
            await connection.execute(
                _SQL["add_publisher_key"], made.key_id, publisher, label, _digest(made.key), at, made_by
            )
        return made

    async def end(self, key_id: str, *, ended_by: str, at: dt.datetime) -> str:
        """End a key; whose it was.

        Raises:
            NotFoundError: there is none, or it has ended.
            RetryableError: the database is away; try again.
        """
        async with connected(self._pool) as connection:
            # As text: what is no id at all is not there either.
            publisher: str | None = await connection.fetchval(_SQL["end_publisher_key"], key_id, at, ended_by)
        if publisher is None:
            raise NotFoundError(f"no key has the id {key_id}, or it has ended: see `clic publisher key list`")
        return publisher

    async def listed(self, publisher: str | None = None) -> list[ListedKey]:
        """The keys of a publisher, or of all, ended ones included; `LISTED_MAX` at most.

        Raises:
            RetryableError: the database is away; try again.
        """
        async with connected(self._pool) as connection:
            rows = await connection.fetch(_SQL["publisher_keys"], publisher, LISTED_MAX)
        return [ListedKey(**dict(row) | {"key_id": str(row["key_id"])}) for row in rows]


def _digest(key: str) -> bytes:
    """SHA-256: a slow hash guards what people choose, and this is 256 random bits."""
    return hashlib.sha256(key.encode()).digest()

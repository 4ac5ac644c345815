"""Where Open311 reads requests: a port, the worklists' table behind it, and its twin in memory."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from typing import Any, Final, Protocol
from uuid import UUID

import asyncpg

from clic_chassis import sql
from clic_contracts.town import Town
from clic_contracts.vocabulary import Kind, Phase
from clic_intake.core.open311 import PUBLIC_KINDS, Listed, is_public, offered
from clic_intake.core.open311_argument import Wanted, chosen
from clic_intake.register import connected

_COLUMNS: Final = ", ".join(
    f"r.{each}"
    for each in (
        "request_id::text", "request_key", "reference", "kind", "subject", "sector", "phase", "received_at",
        "updated_at", "closed_at", "department", "confidential_to", "public_text", "public_notes", "erased",
    )
)  # fmt: skip
_EXPECTED_AT: Final = (
    "(SELECT min((each ->> 'due_at')::timestamptz) FROM jsonb_array_elements(r.owed) each"
    " WHERE each ->> 'obligation' <> 'acknowledge') AS expected_at"
)
"""`Listed.expected_at` in SQL."""
_PUBLIC: Final = (
    "r.confidential_to IS NULL AND NOT r.erased AND r.phase <> 'voided'"
    f" AND r.kind IN ({', '.join(repr(each.value) for each in sorted(PUBLIC_KINDS))}) AND r.subject = ANY ($1::text[])"
)
"""`is_public` in SQL; the first two conditions are those of the indexes `request_public…`."""
_CHANGED_AT: Final = "(CASE WHEN r.pending THEN r.updated_at ELSE coalesce(r.closed_at, r.updated_at) END)"
"""`Listed.changed_at` in SQL, as the index `request_public_changed` has it."""

_FIRST_OF_CONDITIONS: Final = 4
"""The number of the first value that belongs to a condition."""


class Listing(Protocol):
    """The requests that anybody may read of."""

    async def find(self, wanted: Wanted) -> list[Listed]:
        """The public requests that are wanted, the newest first; at most `wanted.size`.

        Raises:
            RetryableError: the database is away.
        """
        ...

    async def became(self, request_id: str) -> Listed | None:
        """The public request that a submission became; None: there is none, or none that is public.

        Raises:
            RetryableError: the database is away.
        """
        ...


class PostgresListing:
    """The worklists' table: folded from the log, and never the log itself."""

    def __init__(self, pool: asyncpg.Pool, town: Town) -> None:
        self._pool = pool
        self._services = list(offered(town))

    async def find(self, wanted: Wanted) -> list[Listed]:
        """See `Listing.find`."""
        services = [each for each in self._services if wanted.services is None or each in wanted.services]
        if not services:  # What is hidden takes no more time to ask for than what does not exist (POL-26).
            return []
        conditions, values = _conditions(wanted)
        async with connected(self._pool) as connection:
            rows = await connection.fetch(
                _SQL["list"].replace("{conditions}", conditions), services, wanted.size, wanted.skip, *values
            )
        return [_listed(each) for each in rows]

    async def became(self, request_id: str) -> Listed | None:
        """See `Listing.became`."""
        try:
            known = UUID(request_id)
        except ValueError:
            return None
        if str(known) != request_id:  # PostgreSQL reads several forms of one id; a token has one.
            return None
        async with connected(self._pool) as connection:
            row = await connection.fetchrow(_SQL["by_id"], self._services, known)
        return _listed(row) if row is not None else None


class MemoryListing:
    """The port's twin: a plain filter over all requests."""

    def __init__(self, town: Town, requests: Iterable[Listed] = ()) -> None:
        self._town = town
        self._requests = list(requests)

    async def find(self, wanted: Wanted) -> list[Listed]:
        """See `Listing.find`."""
        return chosen(self._requests, wanted, self._town)

    async def became(self, request_id: str) -> Listed | None:
        """See `Listing.became`."""
        services = offered(self._town)
        return next(
            (each for each in self._requests if each.request_id == request_id and is_public(each, services)), None
        )


def _texts(values: tuple[str, ...]) -> list[str]:
    """Values of a condition, but those with a NUL: PostgreSQL cannot hold one, so that nothing is called so."""
    return [each for each in values if "\0" not in each]


def _listed(row: asyncpg.Record) -> Listed:
    said = dict(row)
    return Listed(**{**said, "kind": Kind(said["kind"]), "phase": Phase(said["phase"])})


def _conditions(wanted: Wanted) -> tuple[str, tuple[Any, ...]]:
    """The conditions that are given, services aside, in SQL, and their values: what is not given costs nothing."""
    given: list[tuple[str, tuple[Any, ...]]] = []
    if wanted.references is not None:
        given.append(("r.reference = ANY ({}::text[])", (_texts(wanted.references),)))
    if wanted.statuses is not None:
        given.append(("r.pending = ANY ({}::boolean[])", ([each == "open" for each in wanted.statuses],)))
    if wanted.requested is not None:
        given.append(("r.received_at BETWEEN {} AND {}", (wanted.requested.first, wanted.requested.last)))
    if wanted.updated is not None:
        given.append((f"{_CHANGED_AT} BETWEEN {{}} AND {{}}", (wanted.updated.first, wanted.updated.last)))
    numbers = count(_FIRST_OF_CONDITIONS)
    text = "".join(" AND " + condition.format(*(f"${next(numbers)}" for _ in values)) for condition, values in given)
    return text, tuple(value for _, values in given for value in values)


def _statements() -> dict[str, str]:
    """The package's statements, with the parts that both share."""
    columns = f"{_COLUMNS}, {_EXPECTED_AT}"
    return {
        name: statement.replace("{columns}", columns).replace("{public}", _PUBLIC)
        for name, statement in sql.load("clic_intake.open311").items()
    }


_SQL: Final = _statements()

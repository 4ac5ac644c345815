"""What intake's database knows of duplicates: which were joined to which, and digests of places, never a place."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import asyncpg

from clic_chassis import sql
from clic_chassis.error import RetryableError
from clic_chassis.log import EventLog
from clic_chassis.together import Together
from clic_contracts.event import RequestMerged
from clic_contracts.town import Town
from clic_contracts.vocabulary import Phase, Reference, RequestId, Service
from clic_intake.core.near import RECENT_DAYS, Reason, place_keys, reasons
from clic_intake.core.request import Merge, Record
from clic_intake.core.rule import MergeError, UnknownRequestError
from clic_intake.core.state import Request, state_of
from clic_intake.register import connected
from clic_intake.seal import MasterKey

JOINED_MAX = 200
"""Duplicates of one request at most; a storm that brings more is one note to everybody, not 200 letters."""
SUGGESTED_MAX = 10
"""Near requests that an agent is shown."""

_SQL = sql.load("clic_intake.duplicate")

_PlaceRow = tuple[RequestId, bytes, str]
"""A request, a digest, and of what."""


@dataclass(frozen=True, slots=True)
class Near:
    """A request that may be about the same matter, and why."""

    request_id: RequestId
    reference: Reference
    phase: Phase
    received_at: dt.datetime
    apart: dt.timedelta
    """Received so much later than the other, or earlier where it is negative."""
    reasons: tuple[Reason, ...]


class Duplicates:
    """Looks duplicates up, and remembers them."""

    def __init__(self, pool: asyncpg.Pool, log: EventLog, master: MasterKey, town: Town) -> None:
        self._pool = pool
        self._log = log
        self._digest = master.digester("places of requests 1")
        self._town = town
        self._places = Together(self._write_places)

    async def add_place(self, request_id: RequestId, place: Mapping[str, Any]) -> None:
        """Keep digests of a request's exact place, as it is sealed.

        Raises:
            RetryableError: the database is away; try again.
        """
        keys = place_keys(place, self._town.name.fr)
        if not keys:
            return
        await self._places.write(
            [
                *([(request_id, self._digest(f"address {keys.address}"), "address")] if keys.address else []),
                *([(request_id, self._digest(f"cell {keys.cell}"), "cell")] if keys.cell else []),
                *((request_id, self._digest(f"cell {each}"), "around") for each in sorted(keys.around)),
            ]
        )

    async def _write_places(self, places: Sequence[Sequence[_PlaceRow]]) -> None:
        async with connected(self._pool) as connection:
            await connection.execute(_SQL["add_places"], *map(list, zip(*chain(*places), strict=True)))

    async def near(self, request_id: RequestId, realms: Sequence[str]) -> tuple[Near, ...]:
        """Pending requests that may be about the same matter, likeliest first, `SUGGESTED_MAX` at most.

        Same subject, received within `RECENT_DAYS` of each other, and the same address, a near place or the same
        sector; of these `realms` alone (POL-26).

        Raises:
            RetryableError: the database is away, or the worklists are not made yet.
        """
        async with connected(self._pool) as connection:
            try:
                rows = await connection.fetch(
                    _SQL["near"], request_id, list(realms), dt.timedelta(days=RECENT_DAYS), SUGGESTED_MAX
                )
            except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError) as error:
                raise RetryableError("the worklists are not made yet") from error
        return tuple(
            Near(
                row["request_id"],
                row["reference"],
                Phase(row["phase"]),
                row["received_at"],
                row["apart"],
                reasons(same_address=row["same_address"], near_place=row["near_place"], same_sector=row["same_sector"]),
            )
            for row in rows
        )

    async def may_have_children(self, parent_id: RequestId) -> bool:
        """Whether a duplicate was ever about to be joined to a request: of most requests none was.

        Raises:
            RetryableError: the database is away; try again.
        """
        return bool(await self._candidates(parent_id))

    async def children(self, parent_id: RequestId) -> tuple[RequestId, ...]:
        """The duplicates that are joined to a request now: whoever tells its citizen something tells theirs, too.

        Raises:
            RetryableError: the database or the log is away; try again.
        """
        return tuple([each for each in await self._candidates(parent_id) if await self._is_joined(each, parent_id)])

    async def merging(self, child_id: RequestId, statement: Record) -> Merge:
        """A merge with what its rules look at; that it was tried is remembered before it is decided.

        Raises:
            MergeError: the request has as many duplicates as it may have.
            UnknownRequestError: the other request is not there.
            RetryableError: the database or the log is away; try again.
        """
        assert isinstance(statement.event, RequestMerged)
        into = statement.event.into
        other = await self.state(into)
        if other.phase is Phase.NEW:
            raise UnknownRequestError("into: no such request")
        if len(await self._candidates(into)) >= JOINED_MAX:
            raise MergeError(f"{other.reference} has {JOINED_MAX} duplicates, as many as it may have: answer this one")
        await self._remember(into, child_id)
        joined = len(await self.children(child_id))
        return Merge(into, other, joined, statement.at, statement.assumed)

    async def state(self, request_id: RequestId, *, before: int | None = None) -> Request:
        """A request as it is now, or as it was `before` a position of the log."""
        story = await self._log.load(Service.INTAKE, request_id, fresh=True)
        return state_of(
            event for commit in story.commits if before is None or commit.sequence < before for event in commit.events
        )

    async def _candidates(self, parent_id: RequestId) -> list[RequestId]:
        async with connected(self._pool) as connection:
            return [row["child_id"] for row in await connection.fetch(_SQL["joined_to"], parent_id, JOINED_MAX)]

    async def _remember(self, parent_id: RequestId, child_id: RequestId) -> None:
        async with connected(self._pool) as connection:
            await connection.execute(_SQL["join"], parent_id, child_id)

    async def _is_joined(self, child_id: RequestId, parent_id: RequestId) -> bool:
        child = await self.state(child_id)
        return child.merged_into == parent_id and child.phase is Phase.CLOSED

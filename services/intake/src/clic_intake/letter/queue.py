"""The letters on their way in PostgreSQL: derived from the log, shared by several instances, without anything personal.

A row says before a letter's text goes to the mail server that it is being handed over. So a crash leaves a trace, and
what may have gone out is never sent again by itself.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

import asyncpg

from clic_chassis import sql
from clic_chassis.log import EventLog
from clic_chassis.together import Together
from clic_contracts.event import (
    LetterFailed,
    LetterSent,
    LetterWritten,
    RequestMerged,
    RequestReceived,
    RequestReopened,
)
from clic_contracts.permission import role_needed
from clic_contracts.subject import log_subject
from clic_contracts.town import Town
from clic_contracts.vocabulary import Code, LetterFailure, LetterKind, RequestId, Service
from clic_intake.register import connected

if TYPE_CHECKING:
    from clic_contracts.envelope import Commit

    Connection: TypeAlias = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy

_SQL = sql.load("clic_intake.letter", "queue.sql")

NOTED = (LetterWritten, LetterSent, LetterFailed, RequestMerged, RequestReopened)
"""The facts that the queue takes note of, however old they are."""
LEASE_S = 300.0
"""How long a sender has a letter to itself; longer than handing it over may take (`sender.DATA_TIMEOUT_S`)."""
ASKED_MAX = 20_000
"""Requests of which a process remembers when it asked for them to be looked at again; more are asked for again."""
LIST_MAX = 200
"""Letters in one page of a list."""


class State(StrEnum):
    """Where a letter is."""

    WAITING = "waiting"
    HANDING_OVER = "handing_over"
    HANDED_OVER = "handed_over"
    DONE = "done"
    DOUBTFUL = "doubtful"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Taken:
    """A letter that this sender has under way."""

    letter_id: RequestId
    request_id: RequestId
    letter: LetterKind
    tries: int
    """How often it was tried in vain."""
    written_at: dt.datetime
    handed_over_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Listed:
    """A letter as agents see it in a list."""

    letter_id: RequestId
    request_id: RequestId
    letter: LetterKind
    state: State
    reason: LetterFailure | None
    status: str | None
    position: int
    written_at: dt.datetime
    tries: int
    try_at: dt.datetime


class LetterQueue:
    """Reads and writes the queue. Everything may be done again, in any order: positions of the log decide."""

    def __init__(self, pool: asyncpg.Pool, town: Town, *, lease_s: float = LEASE_S) -> None:
        """`lease_s` bounds how long a letter whose sender is gone stays unnoticed."""
        self._pool = pool
        self._town = town
        self._lease_s = lease_s
        self._own = uuid.uuid4()
        self._wakes = Together(self._write_wakes)
        self._asked: OrderedDict[RequestId, dt.datetime] = OrderedDict()
        """What this process has asked for, so that it asks once: each fact about a request that waits would."""

    # -- from the log -------------------------------------------------------------------------------------------

    async def fold(self, commits: Iterable[Commit], received: RequestReceived | None = None) -> None:
        """What commits of one request say of letters; `received` where its reception is not among them.

        Raises:
            RetryableError: the database is away.
        """
        noted: list[tuple[Commit, RequestReceived]] = []
        for commit in commits:
            received = received or _reception(commit)
            if received is not None and any(isinstance(each.data, NOTED) for each in commit.events):
                noted.append((commit, received))
        if not noted:
            return  # Most commits: they cost the database nothing.
        async with connected(self._pool) as connection, connection.transaction():
            for commit, reception in noted:
                await self._fold(connection, commit, reception, State.WAITING)

    async def _fold(self, connection: Connection, commit: Commit, received: RequestReceived, written_is: State) -> None:
        for each in commit.events:
            match each.data:
                case LetterWritten(letter_id=letter_id, letter=kind):
                    values = (
                        commit.request_id,
                        kind,
                        role_needed(received, self._town),
                        commit.sequence,
                        each.occurred_at,
                    )
                    await connection.execute(_SQL["add"], letter_id, *values, written_is)
                case LetterSent(letter_id=letter_id):
                    await connection.execute(_SQL["settle"], letter_id, State.DONE, None, None, commit.sequence)
                case LetterFailed(letter_id=letter_id, reason=reason, status=status):
                    state = State.DOUBTFUL if reason is LetterFailure.DOUBTFUL else State.FAILED
                    await connection.execute(_SQL["settle"], letter_id, state, reason, status, commit.sequence)
                case RequestMerged(into=into):
                    await connection.execute(_SQL["join"], commit.request_id, into)
                case RequestReopened():
                    await connection.execute(_SQL["part"], commit.request_id)
                case _:
                    pass

    async def make(self, log: EventLog) -> int:
        """Make the tables from the log where they were never made, or were emptied; how many commits were read.

        What was written and neither sent nor failed is in doubt then: the rows that said so are gone.

        Raises:
            RetryableError: the log or the database is away; nothing was made.
        """
        identity = await log.identity()
        count = 0
        async with connected(self._pool) as connection, connection.transaction():
            await connection.execute(_SQL["lock_source"])
            if await connection.fetchrow(_SQL["source"]) is not None:
                return 0
            known: dict[RequestId, RequestReceived] = {}
            async for commit in log.read(filters=[log_subject(Service.INTAKE, "*")]):
                count += 1
                if (received := _reception(commit)) is not None:
                    known[commit.request_id] = received
                if (received := known.get(commit.request_id)) is not None:
                    await self._fold(connection, commit, received, State.DOUBTFUL)
            await connection.execute(_SQL["set_source"], identity.stream, identity.created_at)
        return count

    async def joined(self, request_id: RequestId) -> list[RequestId]:
        """The requests that were joined to this one.

        Raises:
            RetryableError: the database is away.
        """
        async with connected(self._pool) as connection:
            return [str(row["request_id"]) for row in await connection.fetch(_SQL["joined"], request_id)]

    # -- waiting for more to be known ----------------------------------------------------------------------------

    async def wake(self, request_id: RequestId, at: dt.datetime) -> None:
        """Have a request looked at again then.

        Raises:
            RetryableError: the database is away.
        """
        if self._asked.get(request_id) == at:
            return
        await self._wakes.write((request_id, at))
        self._asked[request_id] = at
        if len(self._asked) > ASKED_MAX:
            self._asked.popitem(last=False)

    async def _write_wakes(self, wakes: Sequence[tuple[RequestId, dt.datetime]]) -> None:
        newest = dict(wakes)
        requests = sorted(newest)  # In one order everywhere, so that two instances never wait for each other.
        async with connected(self._pool) as connection:
            await connection.execute(_SQL["wake"], requests, [newest[each] for each in requests])

    async def due_wakes(self, now: dt.datetime, most: int) -> list[RequestId]:
        """Requests to be looked at again; they stay until they are `woken`.

        Raises:
            RetryableError: the database is away.
        """
        async with connected(self._pool) as connection:
            return [str(row["request_id"]) for row in await connection.fetch(_SQL["due_wakes"], now, most)]

    async def woken(self, requests: Sequence[RequestId], now: dt.datetime) -> None:
        """They were looked at.

        Raises:
            RetryableError: the database is away.
        """
        async with connected(self._pool) as connection:
            await connection.execute(_SQL["woken"], requests, now)

    # -- sending ------------------------------------------------------------------------------------------------

    async def take(self, state: State, now: dt.datetime, most: int) -> list[Taken]:
        """Letters that are due in a state and that no living sender has, now ours for `lease_s`.

        Raises:
            RetryableError: the database is away.
        """
        async with connected(self._pool) as connection:
            rows = await connection.fetch(_SQL["take"], state, now, most, self._own, self._lease_s)
        return [
            Taken(
                str(row["letter_id"]),
                str(row["request_id"]),
                LetterKind(row["letter"]),
                row["tries"],
                row["written_at"],
                row["handed_over_at"],
            )
            for row in rows
        ]

    async def begin(self, letter_id: RequestId) -> bool:
        """Leave the trace that a letter is being handed over; False: it is no longer ours.

        Raises:
            RetryableError: the database is away; it must not be handed over.
        """
        async with connected(self._pool) as connection:
            return bool(await connection.fetchval(_SQL["begin"], letter_id, self._own, self._lease_s))

    async def handed_over(self, letter_id: RequestId, at: dt.datetime) -> None:
        """The mail server took it.

        Raises:
            RetryableError: the database is away; it will be in doubt.
        """
        async with connected(self._pool) as connection:
            await connection.execute(_SQL["handed_over"], letter_id, at)

    async def postpone(self, letter: Taken, tries: int, until: dt.datetime, status: str | None = None) -> None:
        """It certainly did not go out, and is tried again.

        Raises:
            RetryableError: the database is away.
        """
        async with connected(self._pool) as connection:
            await connection.execute(_SQL["postpone"], letter.letter_id, self._own, tries, until, status)

    async def release(self) -> None:
        """Give back what was taken and not begun, and what is still to be recorded in the log.

        Raises:
            RetryableError: the database is away; others take it after `lease_s`.
        """
        async with connected(self._pool) as connection:
            await connection.execute(_SQL["release"], self._own)

    # -- looking ------------------------------------------------------------------------------------------------

    async def count(self) -> dict[State, int]:
        """How many letters are in each state that somebody has to do something about.

        Raises:
            RetryableError: the database is away.
        """
        async with connected(self._pool) as connection:
            rows = await connection.fetch(_SQL["count"])
        return {State(row["state"]): row["number"] for row in rows}

    async def oldest(self) -> dt.datetime | None:
        """When the oldest letter that is to go out was written; None: none is. Raises as `count`."""
        async with connected(self._pool) as connection:
            found: dt.datetime | None = await connection.fetchval(_SQL["oldest"])
        return found

    async def list(self, state: State, roles: Sequence[Code], after: int = 0) -> list[Listed]:
        """Letters in one state that these roles may see (POL-26), `LIST_MAX` at most, from a log position on.

        Raises:
            RetryableError: the database is away.
        """
        async with connected(self._pool) as connection:
            rows = await connection.fetch(_SQL["list"], state, after, roles, LIST_MAX)
        return [
            Listed(
                str(row["letter_id"]),
                str(row["request_id"]),
                LetterKind(row["letter"]),
                State(row["state"]),
                LetterFailure(row["reason"]) if row["reason"] else None,
                row["status"],
                row["position"],
                row["written_at"],
                row["tries"],
                row["try_at"],
            )
            for row in rows
        ]


def _reception(commit: Commit) -> RequestReceived | None:
    return next((each.data for each in commit.events if isinstance(each.data, RequestReceived)), None)

"""Bringing new tables further by the live way: the same store, rows and sums together, batch after batch."""

from __future__ import annotations

from contextlib import aclosing
from typing import Final

import asyncpg
from natsrpy import Nats

from clic_chassis.error import UnreadableError
from clic_chassis.log import LogIdentity
from clic_chassis.projector import CannotFoldError
from clic_reporting.core.narrow import NarrowCommit, decode_narrow
from clic_reporting.core.obligation import UnfoldableError
from clic_reporting.reader import Raw, read_raw
from clic_reporting.store import Store

from .swap import BUILD_SCHEMA

BATCH_COMMITS: Final = 1_000


class CatchUp:
    """New tables that follow the log. Each batch is a transaction of its own, as the sums need it."""

    def __init__(self, connection: asyncpg.Connection, reader: Nats, identity: LogIdentity, position: int) -> None:
        self._connection = connection
        self._reader = reader
        self._stream = identity.stream
        self._store = Store(BUILD_SCHEMA)
        self.position = position
        self.events = 0

    async def until(self, sequence: int) -> None:
        """Fold as far as a position; one that is reached already is nothing to do.

        Raises:
            CannotFoldError: a commit cannot be read or folded; it says which.
        """
        async with aclosing(read_raw(self._reader, self._stream, after=self.position, until=sequence)) as batches:
            async for commits in batches:
                for start in range(0, len(commits), BATCH_COMMITS):
                    await self._fold(commits[start : start + BATCH_COMMITS])

    async def _fold(self, commits: list[Raw]) -> None:
        decoded = [_decoded(*each) for each in commits]
        async with self._connection.transaction():
            try:
                changes = await self._store.fold(self._connection, decoded)
            except UnfoldableError as error:
                raise CannotFoldError(error.sequence, str(error)) from error
            await self._store.write(self._connection, changes)
            await self._connection.execute(
                f"UPDATE {BUILD_SCHEMA}.checkpoint SET sequence = $1, town = $2",  # noqa: S608 - our name
                decoded[-1].sequence,
                decoded[-1].events[-1].town,
            )
        self.position = decoded[-1].sequence
        self.events += len(changes.events)


def _decoded(sequence: int, request_id: str, body: bytes) -> NarrowCommit:
    try:
        return decode_narrow(request_id, sequence, body)
    except UnreadableError as error:
        raise CannotFoldError(sequence, str(error)) from error

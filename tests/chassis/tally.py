"""A small projection for tests of the projector: which commits were folded, in which order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import asyncpg

from clic_chassis.jetstream_log import decode
from clic_chassis.projector import CHECKPOINT_TABLE
from clic_contracts.envelope import Commit


class Tally:
    """One row per commit, numbered as it was folded; fails at the causes that it is told."""

    name = "tally"
    schema = "tally"
    decode = staticmethod(decode)

    def __init__(self, definition: str = "1") -> None:
        self.definition = definition
        self.failing: dict[str, Exception] = {}
        self.batches: list[int] = []
        self.forgot = 0

    async def prepare(self, connection: asyncpg.Connection) -> None:
        """Make schema, table and checkpoint."""
        if await connection.fetchval("SELECT to_regclass('tally.checkpoint')") is None:
            async with connection.transaction():
                await connection.execute("CREATE SCHEMA tally")
                await connection.execute(CHECKPOINT_TABLE.format(schema="tally"))
                await connection.execute(
                    "CREATE TABLE tally.folded (number bigserial, sequence bigint PRIMARY KEY, cause text)"
                )

    async def apply(self, connection: asyncpg.Connection, commits: Sequence[Commit]) -> None:
        """Write a row each, then fail where told: what was written before has to go."""
        for commit in commits:
            cause = commit.events[0].cause_id
            await connection.execute(
                "INSERT INTO tally.folded (sequence, cause) VALUES ($1, $2)", commit.sequence, cause
            )
            if (error := self.failing.get(cause)) is not None:
                raise error
        self.batches.append(len(commits))

    def forget(self) -> None:
        """Count how often it was told to."""
        self.forgot += 1


async def folded(pool: Any) -> str:
    """The causes that were folded, in the order of folding."""
    rows = await pool.fetch("SELECT cause FROM tally.folded ORDER BY number")
    return "".join(row["cause"] for row in rows)


async def position(pool: Any) -> int | None:
    """The checkpoint's position; None where there is none yet."""
    if await pool.fetchval("SELECT to_regclass('tally.checkpoint')") is None:
        return None
    found: int | None = await pool.fetchval("SELECT sequence FROM tally.checkpoint")
    return found

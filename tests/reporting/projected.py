"""Tables of reporting made of facts without a log: as the projector would, over one's own connection."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from tests.place import TOWN_DIR

from clic_chassis.town_file import read_town
from clic_contracts.envelope import Commit, encode_commit
from clic_contracts.subject import log_subject
from clic_contracts.town import Town
from clic_reporting.core.column import TABLES
from clic_reporting.core.narrow import NarrowCommit
from clic_reporting.projection import ReportingProjection, decode
from clic_reporting.store import LIVE_SCHEMA
from clic_reporting.sums import SUMS


@cache
def town() -> Town:
    """The sample town."""
    return read_town(TOWN_DIR)


def narrow(commits: Sequence[Commit]) -> list[NarrowCommit]:
    """Commits as reporting reads them from the log."""
    return [
        decode(log_subject(each.service, each.request_id), each.sequence, encode_commit(each.events))
        for each in commits
    ]


class Projected:
    """A schema of reporting and the projection that fills it."""

    def __init__(self, connection: Any, schema: str = LIVE_SCHEMA) -> None:
        self.connection = connection
        self.schema = schema
        self.projection = ReportingProjection(schema, town=town())

    async def prepare(self) -> None:
        """Make the schema, with the town's dimensions."""
        await self.projection.prepare(self.connection)

    async def begin(self) -> None:
        """Empty what the log is folded into, and stand before its first commit."""
        self.projection.forget()
        names = ", ".join(f"{self.schema}.{each}" for each in (*TABLES, *(each.table for each in SUMS), "checkpoint"))
        await self.connection.execute(f"TRUNCATE {names}")
        await self.connection.execute(
            f"INSERT INTO {self.schema}.checkpoint "
            "(projection, sequence, stream, stream_created_at, definition, generation) "
            "VALUES ('reporting', 0, 'CLIC_LOG', '2024-01-01T00:00Z', $1, 1)",
            self.projection.definition,
        )

    async def fold(self, commits: Sequence[Commit], *, at_a_time: int = 7) -> None:
        """Fold commits, a few in each transaction."""
        for first in range(0, len(commits), at_a_time):
            some = commits[first : first + at_a_time]
            async with self.connection.transaction():
                await self.connection.execute(
                    f"UPDATE {self.schema}.checkpoint SET sequence = $1, town = $2",
                    some[-1].sequence,
                    some[-1].events[-1].town,
                )
                await self.projection.apply(self.connection, narrow(some))

"""How old the last good backup is, as `clic backup` remembers it."""

from __future__ import annotations

import asyncpg

from clic_chassis import sql
from clic_chassis.clock import Clock
from clic_chassis.telemetry import METRICS

from .register import connected

_SQL = sql.load("clic_intake", "backup.sql")


class BackupAge:
    """A measurement; it tells nothing where no backup was ever taken."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def take(self) -> None:
        """Look how old the newest backup of each part is.

        Raises:
            RetryableError: the database is away.
        """
        async with connected(self._pool) as connection:
            rows = await connection.fetch(_SQL["newest_backups"])
        for row in rows:
            METRICS.backup_age.labels(row["part"]).set((self._clock.now() - row["taken_at"]).total_seconds())

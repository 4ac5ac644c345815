"""What is open of the town's promises, counted for metrics: by duty, department and standing, and nothing finer."""

from __future__ import annotations

import asyncpg

from clic_chassis import sql
from clic_chassis.clock import Clock
from clic_chassis.telemetry import METRICS
from clic_contracts.vocabulary import WINDOWS

_SQL = sql.load("clic_deadlines.docket")
NO_DEPARTMENT = "none"
"""Nobody answers yet: it was not routed."""


class Standings:
    """Counts the docket."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def take(self) -> None:
        """Count now. Raises what asyncpg does where the docket is away or not made yet."""
        rows = await self._pool.fetch(_SQL["standings"], self._clock.now(), sorted(WINDOWS))
        METRICS.obligations.clear()
        METRICS.obligations_due.clear()
        for row in rows:
            department = row["department"] or NO_DEPARTMENT
            METRICS.obligations.labels(row["obligation"], department, row["state"]).set(row["number"])
        for obligation in {row["obligation"] for row in rows}:
            due = sum(row["due"] for row in rows if row["obligation"] == obligation)
            METRICS.obligations_due.labels(obligation).set(due)

"""Which access requests there are, for the greffe: those at work, those done with, those of a year (POL-20, POL-26)."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from typing import Final

from clic_chassis import sql
from clic_chassis.agents import Agent
from clic_contracts.vocabulary import RequestId

from .query import Worklists

LISTED_MAX: Final = 100
"""Of those at work, and of those done with: a town has some dozen. One more is asked for, to know whether there are."""
_SQL: Final = sql.load("clic_intake.worklist", "access.sql")
_BEFORE_ALL: Final = -1


class AccessLists:
    """Reads which access requests there are."""

    def __init__(self, lists: Worklists) -> None:
        self._lists = lists

    async def pending(self, agent: Agent) -> list[RequestId]:
        """Those that are not done with, what is due first first; one more than `LISTED_MAX` at most.

        Raises:
            RetryableError: the database is away, or the lists are being made anew.
        """
        return await self._ids("pending", agent)

    async def done(self, agent: Agent) -> list[RequestId]:
        """Those that are done with, the newest first. As `pending` otherwise."""
        return await self._ids("done", agent)

    async def received(self, since: dt.datetime, until: dt.datetime, at_once: int) -> AsyncIterator[list[RequestId]]:
        """Every one that was received from `since` and before `until`, in that order, so many at a time.

        Raises as `pending`.
        """
        after = (since, _BEFORE_ALL)
        while True:
            rows = await self._lists.fetch(_SQL["received"], after[0], until, after[1], at_once)
            if rows:
                yield [row["id"] for row in rows]
                after = (rows[-1]["received_at"], rows[-1]["request_key"])
            if len(rows) < at_once:
                return

    async def position(self) -> int:
        """How far the lists hold the log. Raises as `pending`."""
        return await self._lists.position()

    async def _ids(self, name: str, agent: Agent) -> list[RequestId]:
        statement = _SQL[name].replace("{limit}", str(LISTED_MAX + 1))
        return [row["id"] for row in await self._lists.fetch(statement, self._lists.realms_of(agent))]

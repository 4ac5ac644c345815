"""The worklists' table in a test's own database: filled from facts as the projector would, or with made rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import asyncpg

from clic_chassis import sql
from clic_chassis.agents import Agent
from clic_chassis.scenario import NOON, recorded
from clic_contracts.envelope import Commit, derive_id
from clic_contracts.event import Event
from clic_contracts.permission import confidential_to
from clic_contracts.town import Town
from clic_contracts.vocabulary import Phase
from clic_intake.core.worklist import Owed, Row, fold
from clic_intake.worklist.projection import WorklistProjection, values
from clic_intake.worklist.query import Worklists

DESK = Agent(agent="alex.exemple", roles=("agent",))
OTHER = Agent(agent="sacha.exemple", roles=("agent",))
ROADS = Agent(agent="camille.exemple", roles=("voirie",))
GREFFE = Agent(agent="dominique.exemple", roles=("agent", "greffe"))
WRITE = sql.load("clic_intake.worklist", "projection.sql")["write"]


class NoonClock:
    """It is always Friday noon."""

    def now(self) -> dt.datetime:
        """See `Clock.now`."""
        return NOON


def request_id(number: int) -> str:
    """An invented request."""
    return derive_id("request", "/essai", str(number))


def commit(sequence: int, number: int, *events: Event, at: dt.datetime = NOON, actor: str = "agent:exemple") -> Commit:
    """A decision about an invented request."""
    which = request_id(number)
    told = tuple(
        recorded(each, at=at, request_id=which, cause_id=str(sequence)).model_copy(update={"actor": actor})
        for each in events
    )
    return Commit(sequence, events[0].BY, which, told)


def row(number: int, **changes: Any) -> Row:
    """A made row; due in `number` hours after noon unless it says otherwise."""
    owed = (Owed("answer-1", "answer", NOON + dt.timedelta(hours=number)),)
    plain = Row(
        request_id=request_id(number), request_key=number, reference=f"2026-{number:06d}", kind="report",
        subject="pothole", sector="centre", channel="phone", language="fr", origin="live", publisher="telephonie",
        phase=Phase.IN_TREATMENT, received_at=NOON, updated_at=NOON, last_sequence=number, urgent=False,
        confidential_to=None, department="voirie", owed=owed,
    )  # fmt: skip
    return replace(plain, **changes)


def due(hours: float, *, warned: bool = False, missed: bool = False) -> tuple[Owed, ...]:
    """One obligation, due so many hours after noon."""
    return (Owed("answer-1", "answer", NOON + dt.timedelta(hours=hours), warned, missed),)


class Table:
    """The table, and who reads it."""

    def __init__(self, pool: asyncpg.Pool, town: Town) -> None:
        self.pool = pool
        self.town = town
        self.projection = WorklistProjection(town)
        self.lists = Worklists(pool, town, NoonClock())

    async def prepare(self) -> None:
        """As the projector does at its start."""
        async with self.pool.acquire() as connection:
            await self.projection.prepare(connection)  # type: ignore[arg-type]  # The pool's proxy does what a connection does.

    async def empty(self) -> None:
        """As before the log's first commit."""
        await self.pool.execute("TRUNCATE desk.request")

    async def fold(self, batches: Sequence[Sequence[Commit]]) -> None:
        """As the projector does, batch by batch."""
        async with self.pool.acquire() as connection:
            for each in batches:
                async with connection.transaction():
                    await self.projection.apply(connection, each)  # type: ignore[arg-type]  # As above.

    async def put(self, *rows: Row) -> None:
        """Rows as they are."""
        async with self.pool.acquire() as connection:
            await connection.executemany(WRITE, [values(each) for each in rows])

    async def rows(self) -> list[dict[str, Any]]:
        """All that stands in it."""
        return [dict(each) for each in await self.pool.fetch("SELECT * FROM desk.request ORDER BY request_key")]

    def folded(self, commits: Sequence[Commit]) -> dict[str, Row]:
        """What the pure fold makes of them."""
        rows: dict[str, Row] = {}
        role_of = partial(confidential_to, town=self.town)
        for each in commits:
            after = fold(rows.get(each.request_id), each.events, each.sequence, role_of)
            if after is not None:
                rows[each.request_id] = after
        return rows

"""Reporting says of each obligation how it stands as the deadlines service does, whatever happened to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from random import Random

import asyncpg
import pytest_asyncio
from tests.reporting.history import history
from tests.reporting.projected import Projected

from clic_contracts.envelope import Commit
from clic_contracts.vocabulary import Service
from clic_deadlines.core.standing import Obligations, State, evolve, state_of

SEEDS, STORIES = 8, 40


@pytest_asyncio.fixture
async def connection(postgres_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A database with empty tables of reporting."""
    connection = await asyncpg.connect(postgres_url)
    await Projected(connection).prepare()
    yield connection
    await connection.close()


def by_deadlines(commits: list[Commit]) -> dict[str, Obligations]:
    """What deadlines knows of each request after these commits."""
    known: dict[str, Obligations] = defaultdict(Obligations)
    for commit in commits:
        if commit.service is Service.DEADLINES:
            for fact in commit.events:
                known[commit.request_id] = evolve(known[commit.request_id], fact)
    return known


async def test_every_obligation_stands_as_the_deadlines_service_says(connection: asyncpg.Connection) -> None:
    """POL-29: the same limit, pause and standing, now and as of any position of the log."""
    seen: set[str] = set()
    projected = Projected(connection)
    for seed in range(SEEDS):
        chance = Random(seed)
        commits = history(chance, STORIES)
        await projected.begin()
        await projected.fold(commits, at_a_time=40)
        for position in (len(commits), chance.randrange(1, len(commits))):
            seen |= await _compared(connection, commits[:position])
    assert seen == set(State)


async def _compared(connection: asyncpg.Connection, commits: list[Commit]) -> set[str]:
    """As of the last of these commits; gives how obligations stood."""
    await connection.execute("SELECT set_config('clic.as_of', $1, false)", str(len(commits)))
    now = await connection.fetchval("SELECT instant FROM reporting.as_of")
    rows = await connection.fetch(
        "SELECT r.request_id::text, o.obligation_id, o.standing, o.due_at, o.paused_since, o.overdue "
        "FROM reporting.obligation o JOIN reporting.request r USING (request_key)"
    )
    await connection.execute("SET clic.as_of = ''")
    known = by_deadlines(commits)
    assert len(rows) == sum(len(each.by_id) for each in known.values())
    seen: set[str] = set()
    for row in rows:
        obligation = known[row["request_id"]].by_id[row["obligation_id"]]
        state = state_of(obligation, now)
        assert (row["standing"], row["due_at"]) == (state, obligation.due.due_at), row
        assert row["paused_since"] == (obligation.paused_since if obligation.is_open else None), row
        assert row["overdue"] == (state is State.MISSED), row
        seen.add(state)
    return seen

"""How PostgreSQL reads the timers: from the index, whatever is pending and whatever it knows when it plans."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from clic_chassis.migration import migrate
from clic_deadlines.timer_table import SQL

PENDING, DUE, BATCH = 50_000, 500, 200
FILL = """
INSERT INTO timer (request_id, obligation_id, at, position, try_at)
SELECT gen_random_uuid(), 'answer-1', at, n, at
FROM generate_series(1, $1::int) n, LATERAL (SELECT timestamptz '2026-05-01' + n * interval '1 minute' AS at) due
"""
CALLS = {
    "any_due": ("(timestamptz)", "({at})"),
    "next_due": ("", ""),
    "take_due": ("(timestamptz, int)", f"({{at}}, {BATCH})"),
}
"""Statement → types of its parameters, and values."""
NOTHING_DUE = "'2026-01-01'"
SOME_DUE = f"(SELECT timestamptz '2026-05-01' + {DUE} * interval '1 minute')"


@pytest_asyncio.fixture
async def filled(postgres_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A database of the service with many timers pending, as its statistics know them."""
    connection = await asyncpg.connect(postgres_url)
    await migrate(connection, "clic_deadlines")
    await connection.execute(FILL, PENDING)
    await connection.execute("VACUUM ANALYZE timer")
    yield connection
    await connection.close()


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """A plan's nodes, itself first."""
    return [plan, *(node for each in plan.get("Plans", []) for node in nodes(each))]


@pytest.mark.parametrize("due", [NOTHING_DUE, SOME_DUE])
@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_timers_are_read_from_the_index_alone(filled: asyncpg.Connection, mode: str, name: str, due: str) -> None:
    """A prepared statement is planned without its values after a few uses: it must not read the table through then.

    Neither a scan nor a sort: what is read is what is taken.
    """
    types, values = CALLS[name]
    at = await filled.fetchval(f"SELECT quote_literal({due}::timestamptz)")
    await filled.execute(f"SET plan_cache_mode = {mode}")
    await filled.execute(f"PREPARE reading {types} AS {SQL[name]}")
    rows = await filled.fetch(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE reading {values.format(at=at)}")
    found = nodes(json.loads(rows[0][0])[0]["Plan"])
    reading = [node for node in found if node.get("Relation Name") == "timer"]
    assert {node["Node Type"] for node in reading} <= {"Index Scan", "Index Only Scan"}
    assert {node["Index Name"] for node in reading} == {"timer_to_do"}
    assert not [node for node in found if "Sort" in node["Node Type"]]
    wanted = {"any_due": 1, "next_due": 1, "take_due": 0 if due == NOTHING_DUE else BATCH}[name]
    assert max(node["Actual Rows"] for node in reading) == wanted
    # A row under lock is written, and its page may be another for each: never more than the batch asks for.
    assert found[0]["Shared Hit Blocks"] + found[0]["Shared Read Blocks"] <= 4 * BATCH

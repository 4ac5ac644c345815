"""What was known at any position of the log, against a projection that has read no further."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from random import Random
from zoneinfo import ZoneInfo

import asyncpg
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.reporting.history import history
from tests.reporting.projected import Projected

from clic_contracts.envelope import Commit
from clic_reporting.sums import off_balance

TORONTO = ZoneInfo("America/Toronto")
STORIES = 25
_OWN_EXAMPLES = settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)


@pytest_asyncio.fixture
async def connection(postgres_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A database with two empty schemas, `reporting` and `past`."""
    connection = await asyncpg.connect(postgres_url)
    for schema in ("reporting", "past"):
        await Projected(connection, schema).prepare()
    yield connection
    await connection.close()


async def told(connection: asyncpg.Connection, schema: str, as_of: str) -> dict[str, list[str]]:
    """Every row of every view as of a day or position, in an order of its own."""
    await connection.execute("SELECT set_config('clic.as_of', $1, false)", as_of)
    views = await connection.fetch(
        "SELECT viewname FROM pg_views WHERE schemaname = $1 "
        "AND viewname !~ '^_|^version$|^calendar_day$|^indicator_.*_v[0-9]+$' ORDER BY viewname",
        schema,
    )
    rows = {name: await connection.fetch(f"SELECT * FROM {schema}.{name}") for (name,) in views}
    await connection.execute("SET clic.as_of = ''")
    (known,) = rows.pop("as_of")
    return {"as_of": [repr((known["position"], known["instant"]))]} | {
        name: sorted(map(repr, found)) for name, found in rows.items()
    }


def _days_known(commits: list[Commit]) -> dict[dt.date, int]:
    """Day → how many commits were recorded before the first one of a later day: what its end knew."""
    recorded = [each.events[0].recorded_at.astimezone(TORONTO).date() for each in commits]
    return {
        day: next((n for n, later in enumerate(recorded) if later > day), len(recorded))
        for day in sorted(set(recorded))
    }


@_OWN_EXAMPLES
@given(seed=st.integers(0, 2**32), cuts=st.lists(st.floats(0, 1), min_size=2, max_size=2))
async def test_as_of_a_position_every_view_tells_what_a_projection_tells_that_read_no_further(
    connection: asyncpg.Connection, seed: int, cuts: list[float]
) -> None:
    """POL-29, POL-31 to POL-36: what was known, and not what was corrected since; the sums are the facts'."""
    commits = history(Random(seed), STORIES)
    whole, past = Projected(connection), Projected(connection, "past")
    await whole.begin()
    await past.begin()
    await whole.fold(commits, at_a_time=40)

    at = 0
    for cut in sorted(int(each * len(commits)) for each in cuts):
        await past.fold(commits[at:cut])
        at = cut
        then = await told(connection, "reporting", str(cut))
        for view, rows in (await told(connection, "past", "")).items():
            assert (view, rows) == (view, then[view])

    assert await off_balance(connection, "reporting") == await off_balance(connection, "past") == {}


async def test_as_of_a_day_is_what_was_recorded_before_the_next_one(connection: asyncpg.Connection) -> None:
    """POL-29, POL-31 to POL-36: the end of a day is its midnight in Toronto, overdue is what was due before it."""
    commits = sorted(history(Random(3), STORIES), key=lambda each: each.events[0].recorded_at)
    stories = {each.request_id for each in commits if each.events[0].type.endswith("received.v1")}
    begun: set[str] = set()
    told_in_order: list[Commit] = []
    for each in commits:  # By recording, and without what older records say before the reception.
        if each.events[0].type.endswith("received.v1"):
            begun.add(each.request_id)
        if each.request_id in begun or each.request_id not in stories:
            told_in_order.append(Commit(len(told_in_order) + 1, each.service, each.request_id, each.events))
    known = _days_known(told_in_order)
    days = list(known)
    whole, past = Projected(connection), Projected(connection, "past")
    await whole.begin()
    await past.begin()
    await whole.fold(told_in_order, at_a_time=40)

    at = 0
    for day in (days[len(days) // 3], days[2 * len(days) // 3]):
        await past.fold(told_in_order[at : known[day]])
        at = known[day]
        then = await told(connection, "reporting", day.isoformat())
        midnight = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), TORONTO).astimezone(dt.UTC)
        assert [repr((at, midnight))] == then["as_of"]
        assert await told(connection, "past", day.isoformat()) == then


async def test_what_names_no_knowledge_is_refused_and_says_how_to_mend_it(connection: asyncpg.Connection) -> None:
    """A figure of another day than was asked for would be worse than none."""
    for as_of, why in {
        "yesterday": "neither a day nor a position",
        "2026-02-30": "neither a day nor a position",
        "17": "hold the log up to position 0",
    }.items():
        await connection.execute("SELECT set_config('clic.as_of', $1, false)", as_of)

        with pytest.raises(asyncpg.InvalidParameterValueError, match=why) as refused:
            await connection.fetch("SELECT * FROM reporting.request_count")

        assert (refused.value.hint or "").startswith(("Write SET clic.as_of", "Give a position"))

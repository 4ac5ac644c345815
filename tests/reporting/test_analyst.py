"""Who reads as an analyst sees the views of reporting, and nothing else; nobody of them notices a rebuild."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
import pytest_asyncio
from tests.reporting.projected import Projected
from tests.reporting.town import TOWN, settle

from clic_chassis.testing import wait_until
from clic_contracts.envelope import Commit, derive_id
from clic_contracts.vocabulary import Service
from clic_reporting.model import ANALYST, analyst_sql

PASSWORD = "l'analyste"  # With a quote, which must not end anything.
OUT_OF_REACH = (
    "SELECT * FROM reporting.fact_request",
    "SELECT * FROM reporting.fact_event",
    "SELECT * FROM reporting.dim_date",
    "SELECT * FROM reporting.sum_request",
    "SELECT * FROM reporting.checkpoint",
    "SELECT * FROM reporting._request_then",
    "SELECT * FROM reporting._request_cell",
    "SELECT * FROM intake.key",
    "INSERT INTO reporting.learning VALUES (1, 1, '2024-Q1', 'x', now())",
    "UPDATE reporting.channel SET name_fr = 'x'",
    "DELETE FROM reporting.request",
    "CREATE TABLE reporting.mine (a int)",
    "CREATE TABLE public.mine (a int)",
    "CREATE TEMP TABLE mine (a int)",
    "CREATE SCHEMA mine",
    "SELECT lo_from_bytea(0, 'x')",
    "SELECT pg_read_file('postgresql.conf')",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "SET log_statement = 'none'",
    "SET ROLE pg_read_all_data",
)


def _as_analyst(url: str) -> str:
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{ANALYST}:{PASSWORD.replace(chr(39), '%27')}@{place}"))


@pytest_asyncio.fixture
async def connection(postgres_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A database that holds the small town, where an administrator made the role; another schema beside it."""
    connection = await asyncpg.connect(postgres_url)
    await connection.execute(analyst_sql(urlsplit(postgres_url).path[1:], PASSWORD))
    await connection.execute("CREATE SCHEMA intake; CREATE TABLE intake.key AS SELECT 1 AS wrapped")
    await settle(connection, *TOWN)
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def analyst(connection: asyncpg.Connection, postgres_url: str) -> AsyncIterator[asyncpg.Connection]:
    """An analyst's session."""
    analyst = await asyncpg.connect(_as_analyst(postgres_url))
    yield analyst
    await analyst.close()


async def test_an_analyst_reads_every_view_and_reaches_nothing_else(
    connection: asyncpg.Connection, analyst: asyncpg.Connection, postgres_url: str
) -> None:
    """POL-38: grants are what holds; that the session begins read-only and with a limit is for accidents."""
    views = await connection.fetch(
        "SELECT viewname FROM pg_views WHERE schemaname = 'reporting' AND viewname !~ '^_' ORDER BY viewname"
    )
    for as_of in ("", "3", "2024-02-20"):
        await analyst.execute("SELECT set_config('clic.as_of', $1, false)", as_of)
        for (view,) in views:
            await analyst.fetch(f"SELECT * FROM {view}")
        await analyst.fetch("SELECT * FROM report_difference('2024-01-01', '2024-03-31', '2024-02-20', '')")
    assert await analyst.fetchval("SHOW default_transaction_read_only") == "on"
    assert await analyst.fetchval("SHOW statement_timeout") == "1min"

    await analyst.execute("SET default_transaction_read_only = off; SET clic.as_of = ''")
    for statement in OUT_OF_REACH:
        with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.ObjectNotInPrerequisiteStateError)):
            await analyst.execute(statement)


async def test_a_confidential_request_is_counted_and_never_told(
    connection: asyncpg.Connection, analyst: asyncpg.Connection
) -> None:
    """POL-26: E of the small town. Neither its id nor what only its row would tell is in a view."""
    confidential = derive_id("town", "E")

    rows = {
        view: await analyst.fetch(f"SELECT * FROM {view}")
        for view in ("request", "assignment", "treatment", "obligation", "interaction", "event")
    }

    (own,) = [row for row in rows["request"] if row["confidential"]]
    assert (own["request_id"], own["reference"], own["subject"], own["sector"]) == (None,) * 4
    assert not [row for every in rows.values() for row in every if confidential in map(str, row.values())]
    assert own["request_key"] not in {row["request_key"] for row in rows["event"]}
    counted = "SELECT sum(requests) FROM request_count WHERE confidential"
    assert await analyst.fetchval(counted) == 1


async def test_a_rebuild_is_not_noticed_by_sessions_that_are_open(
    connection: asyncpg.Connection, analyst: asyncpg.Connection
) -> None:
    """Statements that were prepared read the new tables after the swap, and the role reads them without a new grant."""
    prepared = await analyst.prepare("SELECT count(*) FROM reporting.request")
    assert await prepared.fetchval() == 5
    build = Projected(connection, "reporting_build")
    await build.prepare()
    await build.begin()
    commits = [Commit(n, Service.INTAKE, each.request_id, (each,)) for n, each in enumerate(TOWN[:3], 1)]
    await build.fold(commits)

    async with connection.transaction():
        await connection.execute("ALTER SCHEMA reporting RENAME TO reporting_old")
        await connection.execute("ALTER SCHEMA reporting_build RENAME TO reporting")

    async def swapped() -> bool:
        return bool(await prepared.fetchval() == 1)

    await wait_until(swapped, 60, what="the prepared statement reads the new tables")
    await analyst.execute("SET clic.as_of = '2'")
    assert await analyst.fetchval("SELECT position FROM as_of") == 2
    assert await analyst.fetchval("SELECT count(*) FROM indicator_pol32_balance") == 1
    assert await analyst.fetchval("SELECT count(*) FROM report_difference('2024-01-01', '2024-12-31', '1', '3')") >= 1
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await analyst.execute("SELECT * FROM reporting.fact_request")


async def test_a_role_that_is_made_later_reads_from_the_next_start_on(postgres_url: str) -> None:
    """The order in which an administrator does things does not matter."""
    connection = await asyncpg.connect(postgres_url)
    try:
        await settle(connection, *TOWN)
        await connection.execute(analyst_sql(urlsplit(postgres_url).path[1:], PASSWORD))
        await connection.execute(f"REVOKE ALL ON reporting.request FROM {ANALYST}")
        assert not await connection.fetchval(f"SELECT has_table_privilege('{ANALYST}', 'reporting.request', 'SELECT')")

        await Projected(connection).prepare()

        assert await connection.fetchval(f"SELECT has_table_privilege('{ANALYST}', 'reporting.request', 'SELECT')")
    finally:
        await connection.close()

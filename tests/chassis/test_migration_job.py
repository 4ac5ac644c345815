"""Migrations as a job of their own: the command that applies them, and the service that waits for it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping

import asyncpg
import pytest
from structlog.testing import capture_logs
from tests.place import TOWN_DIR

from clic_chassis.migration import missing_migrations
from clic_chassis.service import open_runtime
from clic_chassis.settings import Settings
from clic_chassis.testing import wait_until

SERVICE = "clic_deadlines"

pytestmark = pytest.mark.timeout(300)  # Each test starts Python with a whole service once or twice.


async def migrating(service: str, environment: Mapping[str, str], *arguments: str) -> tuple[int, str]:
    """The exit code of `python -m <service> migrate`, and what it said."""
    path = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", service, *(arguments or ("migrate",)), env={**path, **environment},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await asyncio.wait_for(process.communicate(), 90)
    return process.returncode or 0, said.decode()


async def missing(url: str) -> list[str]:
    connection = await asyncpg.connect(url)
    try:
        return await missing_migrations(connection, SERVICE)
    finally:
        await connection.close()


async def test_the_job_needs_nothing_but_the_database(postgres_url: str) -> None:
    """No town, no keys, no NATS; and a second one finds nothing to do."""
    code, said = await migrating(SERVICE, {"CLIC_POSTGRES_URL": postgres_url})
    assert (code, "0001_timer.sql" in said) == (0, True), said
    assert await missing(postgres_url) == []
    code, said = await migrating(SERVICE, {"CLIC_POSTGRES_URL": postgres_url})
    assert (code, "migration_applied" in said, "schema_up_to_date" in said) == (0, False, True), said


@pytest.mark.parametrize(
    ("service", "environment", "arguments", "expected", "says"),
    [
        ("clic_routing", {}, ("migrate",), 0, "nothing_to_migrate"),
        (SERVICE, {}, ("migrate",), 1, "CLIC_POSTGRES_URL is not set"),
        (SERVICE, {"CLIC_LOG_LEVEL": "loud"}, ("migrate",), 2, "CLIC_LOG_LEVEL"),
        (SERVICE, {}, ("migrade",), 2, "python -m clic_deadlines migrate its migrations"),
    ],
)
async def test_what_cannot_be_migrated_is_told(
    service: str, environment: Mapping[str, str], arguments: tuple[str, ...], expected: int, says: str
) -> None:
    """A job that did nothing must not look as if it had: but where a service has no tables of its own."""
    code, said = await migrating(service, environment, *arguments)
    assert (code, says in said) == (expected, True), said


async def test_a_service_that_does_not_migrate_waits_for_the_job(nats_url: str, postgres_url: str) -> None:
    """It is not there, so not ready, on a schema older than its own; once that is made it goes on by itself."""
    settings = Settings(nats_url=nats_url, postgres_url=postgres_url, town_dir=TOWN_DIR, migrate_at_start=False)

    async def opened() -> list[str]:
        async with open_runtime("deadlines", settings, migrations=SERVICE):
            return await missing(postgres_url)

    with capture_logs() as told:
        opening = asyncio.create_task(opened())
        await wait_until(lambda: [each for each in told if each["event"] == "schema_older"], what="it waits")
    assert not opening.done()
    assert await missing(postgres_url) != []
    assert (await migrating(SERVICE, {"CLIC_POSTGRES_URL": postgres_url}))[0] == 0
    assert await asyncio.wait_for(opening, 30) == []

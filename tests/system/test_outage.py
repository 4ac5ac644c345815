"""Everything is killed in the middle of an import, then stopped: the same figures, nothing twice, nothing missing."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from nats.errors import Error as NatsError
from tests.system.house import House, finished, open_house
from tests.system.plateau import contacts_of, figures_of, read_rows, write_slice
from tests.system.submitting import report

from clic_chassis.nats_credential import NatsCredential
from clic_chassis.quarantine import Quarantine
from clic_chassis.testing import wait_until
from clic_reporting.core.column import TABLES
from clic_reporting.rebuild import rebuild

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

ROWS = 1_500
ROWS_STOPPED = 600
COMMITS_PER_ROW = 5
"""Decisions that a row causes at least: received, routed, obligations set, closed, obligations met."""
VICTIMS = ("intake", "nats", "deadlines", "postgres", "reporting", "routing")
SUPERVISED_EVERY_S = 0.2
PROGRESS_S = 120.0
IMPORT_S = 300.0
YEARS = (2022, 2023, 2024)
QUARTERS = [f"{year}-Q{quarter}" for year in YEARS for quarter in (1, 2, 3, 4)]
Tables = dict[str, list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """A house that only these tests use; not traced, as in an import of years."""
    with open_house() as opened:
        yield opened


@contextlib.asynccontextmanager
async def supervised(house: House) -> AsyncIterator[None]:
    """Services that end are started again, as any supervisor does."""

    async def supervise() -> None:
        while True:
            house.revive()
            await asyncio.sleep(SUPERVISED_EVERY_S)

    task = asyncio.create_task(supervise())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def position(house: House) -> int:
    """How many decisions the log holds."""
    async with house.client() as client:
        return (await client.jetstream().stream_info("CLIC_LOG")).state.last_seq


async def reached(house: House, wanted: int, importing: subprocess.Popen[str]) -> None:
    """Wait until the log holds so many decisions, while the import still runs."""

    async def there() -> bool:
        assert importing.poll() is None, f"the import ended too early:\n{importing.communicate()[0]}"
        try:
            return await position(house) >= wanted
        except NatsError:
            return False  # It came back a moment ago, and did not answer within five seconds.

    await wait_until(there, PROGRESS_S, what=f"the log holds {wanted} decisions")


async def figures(house: House) -> dict[str, dict[str, Any]]:
    """Each quarter's received, by kind, by status and by first channel, without what is 0."""
    found: dict[str, dict[str, Any]] = {}
    for period in QUARTERS:
        requests = (await report(house, period))["requests"]
        if requests["received"]:
            by = {
                name: {key: count for key, count in requests[name].items() if count}
                for name in ("by_kind", "by_status", "by_first_channel")
            }
            found[period] = {"received": requests["received"], **by}
    return found


async def check_balance(house: House) -> None:
    """POL-32, in every quarter and from each to the next."""
    pending = 0
    for period in QUARTERS:
        requests = (await report(house, period))["requests"]
        assert requests["pending_at_start"] == pending, period
        pending = requests["pending_at_end"]
        assert requests["pending_at_start"] + requests["received"] - requests["treated"] == pending, period


async def tables(house: House) -> Tables:
    """Every row of reporting's tables."""
    async with house.database("reporting") as connection:
        return {
            name: [
                tuple(row)
                for row in await connection.fetch(f"SELECT * FROM reporting.{name} ORDER BY {', '.join(table.key)}")
            ]
            for name, table in TABLES.items()
        }


async def check_everything(house: House, files: list[Path]) -> None:
    """The figures are the files', each thing is there once, and the same again from nothing."""
    rows = [row for file in files for row in read_rows(file)]
    assert await figures(house) == figures_of(rows)
    interactions = [(await report(house, period))["interactions"]["total"] for period in QUARTERS]
    assert sum(interactions) == contacts_of(rows)
    await check_balance(house)
    async with house.client() as client:
        assert [entry async for entry in Quarantine(client).entries()] == []
    before = await tables(house)
    assert len({row[2] for row in before["fact_request"]}) == len(rows), "every request has a reference of its own"
    async with house.client("reporting") as client:
        await rebuild(
            nats=client,
            nats_url=house.nats.url,
            credential=NatsCredential("reporting", house.servers.users["reporting"]),
            postgres_url=house.database_url("reporting"),
        )
    assert await tables(house) == before


async def test_kill_9_of_everything_in_the_middle_of_an_import_changes_no_figure(house: House) -> None:
    """POL-10, POL-31, POL-32: each service, NATS and PostgreSQL, one after the other, while the import goes on."""
    file = write_slice(house.folder, ROWS)
    importing = house.spawn_clic("import", "montreal-311", str(file))
    try:
        async with supervised(house):
            for number, victim in enumerate(VICTIMS, start=1):
                await reached(house, number * ROWS * COMMITS_PER_ROW // (2 * len(VICTIMS)), importing)
                house.kill(victim)
                if victim in ("nats", "postgres"):
                    await asyncio.to_thread(house.restart, victim)
            await finished(importing, IMPORT_S)
            await house.settled()
    finally:
        importing.kill()
    await house.ready()
    await check_everything(house, [file])

    end = await position(house)
    for again in ([], ["--no-resume"]):
        await house.clic("import", "montreal-311", str(file), *again)
        assert await house.settled() == end, "importing again adds nothing"


async def test_sigterm_under_load_ends_each_service_in_time_and_loses_nothing(house: House) -> None:
    """A deployment in the middle of the day: graceful, bounded, exit code 0."""
    async with supervised(house):
        await house.settled()
    began, before = await position(house), await figures(house)
    file = write_slice(house.folder, ROWS_STOPPED, part=1)
    importing = house.spawn_clic("import", "montreal-311", str(file))
    try:
        for number, service in enumerate(house.services, start=1):
            await reached(house, began + number * ROWS_STOPPED * COMMITS_PER_ROW // 10, importing)
            await asyncio.to_thread(house.stop, service)
            house.start(service)
        await finished(importing, IMPORT_S)
    finally:
        importing.kill()
    await house.settled()
    await house.ready()
    after = await figures(house)
    added = {
        period: after[period]["received"] - before.get(period, {"received": 0})["received"]
        for period in after
        if after[period] != before.get(period)
    }
    assert added == {period: each["received"] for period, each in figures_of(read_rows(file)).items()}
    await check_balance(house)

"""Made again from the same position and versions, a report is the same, byte for byte, in every format."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import sys
from collections.abc import AsyncIterator
from random import Random
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from tests.place import ROOT
from tests.reporting.history import history
from tests.reporting.projected import Projected, town
from tests.reporting.rendering import every

from clic_contracts.vocabulary import Language
from clic_reporting.core.label import Labels
from clic_reporting.document import Format
from clic_reporting.document.edition import publish_now
from clic_reporting.report import period_report

COMMITS = history(Random(52), 140)
POSITION = len(COMMITS) * 2 // 3


@pytest_asyncio.fixture
async def tables(postgres_url: str) -> AsyncIterator[Projected]:
    """Tables that hold the log up to a position, with a published report."""
    connection = await asyncpg.connect(postgres_url)
    tables = Projected(connection)
    await tables.prepare()
    await tables.begin()
    await tables.fold(COMMITS[:POSITION], at_a_time=100)
    labels = Labels(town(), Language.FR)
    await publish_now(
        connection, "2024-Q3", labels, as_of=None, at=dt.datetime(2024, 10, 20, tzinfo=dt.UTC), by="Une greffière"
    )
    yield tables
    await connection.close()


async def elsewhere(url: str, as_of: str, **environment: str) -> dict[str, dict[str, str]]:
    """What another process makes."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.reporting.rendering", url, as_of, cwd=ROOT, env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await process.communicate()
    assert process.returncode == 0
    found: dict[str, dict[str, str]] = json.loads(out)
    return found


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_report_made_again_is_the_same_byte_for_byte_after_the_log_went_on(
    tables: Projected, postgres_url: str
) -> None:
    """In other processes, with other hash seeds, zones and ideas of the date; internal and as published (POL-38)."""
    then = await every(tables.connection, None)
    before = await elsewhere(
        postgres_url, str(POSITION), PYTHONHASHSEED="1", TZ="UTC", SOURCE_DATE_EPOCH="0", LC_ALL="C"
    )
    await tables.fold(COMMITS[POSITION:], at_a_time=100)
    after = await elsewhere(
        postgres_url,
        str(POSITION),
        PYTHONHASHSEED="77",
        TZ="Asia/Tokyo",
        SOURCE_DATE_EPOCH="1900000000",
        LC_ALL="C.UTF-8",
    )
    now = await every(tables.connection, None)

    assert set(then["quarter"]) == {*map(str, Format), "html", "text"}
    for report in then:
        for form in then[report]:
            assert then[report][form] == before[report][form] == after[report][form], (report, form)
    assert now["published"] == then["published"]
    assert all(now["quarter"][form] != then["quarter"][form] for form in now["quarter"])


@pytest.mark.parametrize("back", [37])
async def test_what_was_known_at_a_position_is_what_the_tables_told_when_they_stood_there(
    tables: Projected, back: int
) -> None:
    """Point 3: figures from the facts as of a position are those that the sums gave then."""
    position = POSITION - back
    other: Any = Projected(tables.connection)
    await other.begin()
    await other.fold(COMMITS[:position], at_a_time=100)
    then = [await period_report(tables.connection, each) for each in ("2024-Q3", "2024-Q4", "2025")]
    await other.fold(COMMITS[position:], at_a_time=100)

    again = [
        await period_report(tables.connection, each, as_of=str(position)) for each in ("2024-Q3", "2024-Q4", "2025")
    ]

    assert again == then

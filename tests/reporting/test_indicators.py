"""Delays, limits and backlog (POL-29) of a desk whose figures are counted by hand; versions side by side."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from importlib import resources
from pathlib import Path
from typing import Any

import asyncpg
import pytest_asyncio
from tests.reporting.projected import town
from tests.reporting.town import DESK, GREFFE, URBANISME, VOIRIE, settle

from clic_contracts.town_text import Names
from clic_contracts.town_time import Closing
from clic_reporting.model import INDICATORS, create_views, load_indicators, refresh_dimensions, views_version
from clic_reporting.sums import off_balance

Line = tuple[Any, ...]

# Line by line as they are told in town.py. The columns are those of the views, after the period.
DELAYS: list[Line] = [
    # A1 and A3 the same day or over a weekend, A2 the next business day: 0, 0, 1.
    ("2024-Q1", "acknowledged", "department", VOIRIE, 3, 0, 1),
    ("2024-Q1", "acknowledged", "town", None, 3, 0, 1),
    # A1, A2, A3: 1, 3, 8; A5: 0; A6 is assumed. Of four the second is the median, the fourth the ninth tenth.
    ("2024-Q1", "answered", "department", GREFFE, 1, 0, 0),
    ("2024-Q1", "answered", "department", VOIRIE, 3, 3, 8),
    ("2024-Q1", "answered", "town", None, 4, 1, 8),
    # A1 twice, A2, A3: 1, 28, 3, 8; A8, not routed: 1. A5 and A6 are assumed, A7 was withdrawn.
    ("2024-Q1", "treated", "department", VOIRIE, 4, 3, 28),
    ("2024-Q1", "treated", "department", None, 1, 1, 1),
    ("2024-Q1", "treated", "town", None, 5, 3, 28),
    # A4, over Easter.
    ("2024-Q2", "acknowledged", "department", VOIRIE, 1, 1, 1),
    ("2024-Q2", "acknowledged", "town", None, 1, 1, 1),
    ("2024-Q2", "answered", "department", VOIRIE, 1, 1, 1),
    ("2024-Q2", "answered", "town", None, 1, 1, 1),
    ("2024-Q2", "treated", "department", VOIRIE, 1, 1, 1),
    ("2024-Q2", "treated", "town", None, 1, 1, 1),
]
ON_TIME: list[Line] = [
    # due, met, late, missed, overdue, open, lifted, assumed, on_time
    ("2024-Q1", "answer", "department", GREFFE, 2, 0, 0, 0, 1, 0, 0, 1, 0.0),  # K overdue, A5 assumed
    ("2024-Q1", "answer", "department", VOIRIE, 5, 1, 3, 0, 0, 0, 1, 0, 0.25),  # A1; A2, A3, A4; A7
    ("2024-Q1", "answer", "department", URBANISME, 1, 0, 0, 1, 0, 0, 0, 0, 0.0),  # A9, whoever had it before
    ("2024-Q1", "answer", "town", None, 8, 1, 3, 1, 1, 0, 1, 1, 0.1667),
    ("2024-Q2", "answer", "department", URBANISME, 1, 0, 0, 0, 0, 1, 0, 0, None),  # A10
    ("2024-Q2", "answer", "town", None, 1, 0, 0, 0, 0, 1, 0, 0, None),
]
BACKLOG: list[Line] = [
    # K grows old: 1, 4, 7, 10, 13 and 16 months. A4, A9 and A10 came in March; A4 is treated in April.
    ("2023-Q1", GREFFE, "m1_2", 1, 1, 1),
    ("2023-Q2", GREFFE, "m3_5", 4, 4, 1),
    ("2023-Q3", GREFFE, "m6_11", 7, 7, 1),
    ("2023-Q4", GREFFE, "m6_11", 10, 10, 1),
    ("2024-Q1", GREFFE, "m12", 13, 13, 1),
    ("2024-Q1", VOIRIE, "m0", 0, 0, 1),
    ("2024-Q1", URBANISME, "m0", 0, 0, 2),
    ("2024-Q2", GREFFE, "m12", 16, 16, 1),
    ("2024-Q2", URBANISME, "m3_5", 3, 3, 2),
]
BALANCE: list[Line] = [
    # start, received, treatments, reopenings, treated, end
    ("2023-Q1", 0, 1, 0, 0, 0, 1),
    ("2023-Q2", 1, 0, 0, 0, 0, 1),
    ("2023-Q3", 1, 0, 0, 0, 0, 1),
    ("2023-Q4", 1, 0, 0, 0, 0, 1),
    ("2024-Q1", 1, 10, 8, 1, 7, 4),  # A1 twice, A2, A3, A5, A6, A7, A8; A1 came back
    ("2024-Q2", 4, 0, 1, 0, 1, 3),
]
REOPENED: list[Line] = [
    ("2024-Q1", GREFFE, 2, 0, 0.0),
    ("2024-Q1", VOIRIE, 5, 1, 0.2),
    ("2024-Q1", None, 1, 0, 0.0),
    ("2024-Q2", VOIRIE, 1, 0, 0.0),
]
TRANSFERS: list[Line] = [("2024-Q1", VOIRIE, URBANISME, 1)]
BY_HAND = {
    "pol29_delays": DELAYS, "pol29_on_time": ON_TIME, "pol29_backlog": BACKLOG, "pol32_balance": BALANCE,
    "pol32_reopened": REOPENED, "pol35_transfers": TRANSFERS,
}  # fmt: skip


@pytest_asyncio.fixture
async def connection(postgres_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A database that holds the desk."""
    connection = await asyncpg.connect(postgres_url)
    await settle(connection, *DESK)
    yield connection
    await connection.close()


async def test_every_indicator_says_what_was_counted_by_hand(connection: asyncpg.Connection) -> None:
    """POL-29, POL-32, POL-35: medians and ninth tenths by nearest rank, late ones that are open, backlog by age."""
    for name, by_hand in BY_HAND.items():
        rows = await connection.fetch(f"SELECT * FROM reporting.indicator_{name}")
        assert sorted(map(repr, by_hand)) == sorted(repr(tuple(row)) for row in rows), name


async def test_business_days_of_a_request_leave_out_weekends_holidays_and_closings(
    connection: asyncpg.Connection,
) -> None:
    """POL-13: over Easter, and over the town's own closing at New Year."""
    over_easter = await connection.fetchrow(
        "SELECT acknowledged_business_days, answered_business_days, treated_business_days FROM reporting.request "
        "WHERE received_on = '2024-03-28'"
    )
    new_year = await connection.fetch(
        "SELECT closed_because FROM reporting.calendar_day WHERE day BETWEEN '2023-12-30' AND '2024-01-03' ORDER BY day"
    )

    assert tuple(over_easter or ()) == (1, 1, 1)
    assert [row["closed_because"] for row in new_year] == ["weekend", "weekend", "holiday", "town_closing", None]


async def test_another_closing_of_the_town_counts_every_delay_anew(connection: asyncpg.Connection) -> None:
    """POL-13, POL-29: the town says later that it was closed on 16 January: A2 was answered after 2 days, not 3."""
    calendar = town().calendar
    day = dt.date(2024, 1, 16)
    closing = Closing(first_on=day, last_on=day, why=Names(fr="Tempête", en="Storm"))
    closed = town().model_copy(
        update={"calendar": calendar.model_copy(update={"closings": (*calendar.closings, closing)})}
    )

    assert await refresh_dimensions(connection, "reporting", closed)
    assert not await refresh_dimensions(connection, "reporting", closed), "counted once"

    delays = await connection.fetch(
        "SELECT business_days FROM reporting.delay_count "
        "WHERE measure = 'answered' AND month = '2024-01-01' ORDER BY business_days"
    )
    assert [row["business_days"] for row in delays] == [1, 2, 8]
    assert await off_balance(connection, "reporting") == {}


async def test_what_was_known_before_a_correction_can_still_be_told(connection: asyncpg.Connection) -> None:
    """POL-29: on 26 January A3 was missed, and nobody knew that it would be met late; A1 had not come back."""
    await connection.execute("SET clic.as_of = '2024-01-26'")

    on_time = await connection.fetchrow(
        "SELECT met, late, missed, overdue FROM reporting.indicator_pol29_on_time "
        "WHERE period = '2024-Q1' AND scope = 'town'"
    )
    balance = await connection.fetchrow(
        "SELECT received, treated, pending_at_end FROM reporting.indicator_pol32_balance WHERE period = '2024-Q1'"
    )

    assert (tuple(on_time or ()), tuple(balance or ())) == ((1, 1, 1, 0), (3, 2, 2))


async def test_what_differs_between_two_knowledges_is_told_request_by_request(connection: asyncpg.Connection) -> None:
    """POL-38: by reference alone. January as it was known on the 26th, and as corrected since."""
    rows = await connection.fetch(
        "SELECT what, earlier, later, requests "
        "FROM reporting.report_difference('2024-01-01', '2024-01-31', '2024-01-26', '')"
    )
    nothing = await connection.fetch(
        "SELECT * FROM reporting.report_difference('2023-01-01', '2024-12-31', '2024-05-01', '')"
    )

    assert [tuple(row) for row in rows] == [
        ("answered", None, "2024-01-31", 1),
        ("obligation", "answer missed", "answer late", 1),
        ("status", "open", "closed", 1),
        ("treated", None, "closed 2024-01-31", 1),
    ]
    assert nothing == []


def test_a_published_definition_never_changes() -> None:
    """A figure that was published can be made again: another definition is another version, in another file."""
    listed = resources.files("clic_reporting").joinpath("schema/indicators/published.txt").read_text("utf-8")

    assert [f"{each.name}.v{each.version} {each.digest}" for each in INDICATORS] == [
        line for line in listed.splitlines() if not line.startswith("#")
    ], "give the changed text back, and put the new one into a file of the next version with a line of its own"


async def test_both_versions_of_an_indicator_stand_side_by_side(connection: asyncpg.Connection, tmp_path: Path) -> None:
    """POL-35: a second version is planted; the first keeps its figures, the name without a version is the second."""
    for each in INDICATORS:
        (tmp_path / f"{each.name}.v{each.version}.sql").write_text(each.sql, "utf-8")
    second = next(each.sql for each in INDICATORS if each.name == "pol35_departments")
    (tmp_path / "pol35_departments.v2.sql").write_text(
        second.replace("GROUP BY q.period", "WHERE NOT r.confidential AND r.department IS NOT NULL GROUP BY q.period"),
        "utf-8",
    )
    planted = load_indicators(tmp_path)
    reader = await connection.prepare("SELECT count(*) FROM reporting.indicator_pol35_departments")
    assert await reader.fetchval() == 5

    assert await create_views(connection, "reporting", planted)
    assert not await create_views(connection, "reporting", planted), "made once"

    counts = [
        await connection.fetchval(f"SELECT count(*) FROM reporting.indicator_pol35_departments{version}")
        for version in ("_v1", "_v2", "")
    ]
    assert counts == [5, 4, 4]
    assert await reader.fetchval() == 4, "a session that was open reads the new definition"
    assert await connection.fetchval("SELECT views FROM reporting.version") == views_version(planted) != views_version()

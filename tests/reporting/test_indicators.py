"""Delays, limits and backlog (POL-29) of a desk whose figures are counted by hand; versions side by side."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from importlib import resources
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from tests.reporting.projected import town
from tests.reporting.town import DESK, GREFFE, URBANISME, VOIRIE, settle

from clic_contracts.envelope import derive_id
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
    # due, met, late, missed, overdue, open, of these paused, lifted, assumed, on_time
    ("2024-Q1", "answer", "department", GREFFE, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0.0),  # K overdue, A5 assumed
    ("2024-Q1", "answer", "department", VOIRIE, 5, 1, 3, 0, 0, 0, 0, 1, 0, 0.25),  # A1; A2, A3, A4; A7
    ("2024-Q1", "answer", "department", URBANISME, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0.0),  # A9, whoever had it before
    ("2024-Q1", "answer", "town", None, 8, 1, 3, 1, 1, 0, 0, 1, 1, 0.1667),
    ("2024-Q2", "answer", "department", URBANISME, 1, 0, 0, 0, 0, 1, 0, 0, 0, None),  # A10
    ("2024-Q2", "answer", "town", None, 1, 0, 0, 0, 0, 1, 0, 0, 0, None),
    ("2024-Q1", "judge", "department", VOIRIE, 2, 1, 0, 1, 0, 0, 0, 0, 0, 0.5),  # A2, corrected; A3
    ("2024-Q1", "judge", "department", URBANISME, 1, 0, 0, 0, 0, 1, 1, 0, 0, None),  # A10 stands still, and is not late
    ("2024-Q1", "judge", "town", None, 3, 1, 0, 1, 0, 1, 1, 0, 0, 0.5),
    ("2024-Q2", "judge", "department", VOIRIE, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1.0),  # A1, moved there by a pause
    ("2024-Q2", "judge", "town", None, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1.0),
    ("2024-Q1", "outside_work", "department", GREFFE, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0.0),  # K, open and late
    ("2024-Q1", "outside_work", "town", None, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0.0),
]
ON_TIME_V1 = [(*line[:10], *line[11:]) for line in ON_TIME]
"""The first version does not tell apart what of the open ones stands still."""
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
    "pol29_delays": DELAYS, "pol29_on_time": ON_TIME, "pol29_on_time_v1": ON_TIME_V1, "pol29_backlog": BACKLOG,
    "pol32_balance": BALANCE, "pol32_reopened": REOPENED, "pol35_transfers": TRANSFERS,
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
        "WHERE period = '2024-Q1' AND scope = 'town' AND obligation = 'answer'"
    )
    judged = await connection.fetchrow(
        "SELECT due, met, missed, paused FROM reporting.indicator_pol29_on_time "
        "WHERE period = '2024-Q1' AND scope = 'town' AND obligation = 'judge'"
    )
    balance = await connection.fetchrow(
        "SELECT received, treated, pending_at_end FROM reporting.indicator_pol32_balance WHERE period = '2024-Q1'"
    )

    assert (tuple(on_time or ()), tuple(balance or ())) == ((1, 1, 1, 0), (3, 2, 2))
    assert tuple(judged or ()) == (2, 0, 1, 1), "A3 was missed, A2 no more; A1 was due in the second quarter already"


@pytest.mark.parametrize(
    ("as_of", "standing"),
    [
        ("2024-01-08", {"A1": ("running", 10)}),
        ("2024-01-15", {"A1": ("paused", 10), "A2": ("running", 18)}),
        ("2024-01-18", {"A1": ("paused", 10), "A2": ("missed", 18)}),
        ("2024-01-21", {"A1": ("running", 3), "A2": ("missed", 18), "A3": ("running", 23)}),
        ("2024-01-22", {"A1": ("running", 3), "A2": ("paused", 18), "A3": ("at_risk", 23)}),
        ("2024-01-26", {"A1": ("running", 3), "A2": ("paused", 18), "A3": ("missed", 23)}),
        ("2024-01-27", {"A1": ("running", 3), "A2": ("met", 25), "A3": ("missed", 23)}),
        ("", {"A1": ("met", 3), "A2": ("met", 25), "A3": ("missed", 23), "A10": ("paused", 28)}),
    ],
)
async def test_how_an_obligation_stood_and_by_which_limit_can_be_told_of_any_day(
    connection: asyncpg.Connection, as_of: str, standing: dict[str, Line]
) -> None:
    """POL-29: pauses and another calendar move a limit from the day on which that was recorded, and not before."""
    names = {derive_id("town", name): name for name in ("A1", "A2", "A3", "A10")}
    await connection.execute("SELECT set_config('clic.as_of', $1, false)", as_of)

    rows = await connection.fetch(
        "SELECT r.request_id::text, o.standing, extract(day FROM o.due_on)::int AS day, o.overdue, o.paused_since "
        "FROM reporting.obligation o JOIN reporting.request r USING (request_key) WHERE o.obligation = 'judge'"
    )

    assert {names[row[0]]: (row["standing"], row["day"]) for row in rows} == standing
    assert all(row["overdue"] == (row["standing"] == "missed") for row in rows)
    assert all((row["paused_since"] is not None) == (row["standing"] == "paused") for row in rows)


async def test_the_time_of_others_is_told_as_what_it_is_and_counted_nowhere(connection: asyncpg.Connection) -> None:
    """POL-29: a citizen's or a third party's time is never late, and no rate has it."""
    told = await connection.fetch(
        "SELECT obligation, owed_by, standing, overdue, due_on FROM reporting.obligation WHERE owed_by <> 'town' "
        "ORDER BY due_at"
    )
    counted = await connection.fetch("SELECT DISTINCT obligation FROM reporting.obligation_count ORDER BY obligation")

    assert [tuple(row) for row in told] == [
        ("citizen_reply", "citizen", "lapsed", False, dt.date(2024, 1, 30)),
        ("third_party_response", "third_party", "lapsed", False, dt.date(2024, 3, 1)),
        ("citizen_reply", "citizen", "running", False, dt.date(2024, 4, 20)),
    ]
    assert [row[0] for row in counted] == ["answer", "judge", "outside_work"]


async def test_each_escalation_is_told_once(connection: asyncpg.Connection) -> None:
    """POL-29: A3 went up to the person and then to the head; on the 24th the head knew nothing yet."""
    found = "SELECT obligation, step, escalated_to FROM reporting.escalation ORDER BY sequence"
    everything = [tuple(row) for row in await connection.fetch(found)]
    await connection.execute("SET clic.as_of = '2024-01-24'")

    assert everything == [("judge", 1, "person"), ("judge", 2, "head")]
    assert [tuple(row) for row in await connection.fetch(found)] == everything[:1]


async def test_a_limit_that_moved_differs_between_two_knowledges(connection: asyncpg.Connection) -> None:
    """POL-29: on the 18th A1 stood still and was due in the quarter, and A2 was missed."""
    rows = await connection.fetch(
        "SELECT earlier, later "
        "FROM reporting.report_difference('2024-01-01', '2024-03-31', '2024-01-18', '2024-01-28') "
        "WHERE what = 'obligation' AND (earlier LIKE 'judge %' OR later LIKE 'judge %') ORDER BY 1, 2"
    )

    assert [tuple(row) for row in rows] == [
        ("judge missed", "judge met"),  # A2
        ("judge open", None),  # A1, due in the second quarter now
        (None, "judge missed"),  # A3 came in later
    ]


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
        ("obligation", "judge open", "judge met", 1),
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

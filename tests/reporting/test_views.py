"""Each indicator's view and the report of a small town, against figures counted by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest_asyncio
from tests.reporting.town import TOWN, settle

from clic_reporting.report import overview, period_comparison, period_report

BY_HAND: dict[str, list[dict[str, Any]]] = {
    "indicator_pol31_interactions": [
        {"period": "2024-Q2", "channel": "email", "interactions": 1, "first_contacts": 0},
        {"period": "2024-Q2", "channel": "letter", "interactions": 1, "first_contacts": 1},
        {"period": "2024-Q1", "channel": "counter", "interactions": 1, "first_contacts": 1},
        {"period": "2024-Q1", "channel": "email", "interactions": 2, "first_contacts": 2},
        {"period": "2024-Q1", "channel": "phone", "interactions": 3, "first_contacts": 1},
    ],
    "indicator_pol32_balance": [
        {
            "period": "2024-Q2", "pending_at_start": 2, "received": 1, "treatments": 1, "reopenings": 1, "treated": 0,
            "pending_at_end": 3,
        },
        {
            "period": "2024-Q1", "pending_at_start": 0, "received": 4, "treatments": 2, "reopenings": 0, "treated": 2,
            "pending_at_end": 2,
        },
    ],
    "indicator_pol33_direction_generale": [
        {"period": "2024-Q2", "complaints": 0},
        {"period": "2024-Q1", "complaints": 1},
    ],
    "indicator_pol34_first_line": [
        {
            "period": "2024-Q2", "requests": 1, "first_line": 1, "share": 1.0, "follow_ups": 1,
            "follow_ups_first_line": 1,
        },
        {
            "period": "2024-Q1", "requests": 4, "first_line": 1, "share": 0.25, "follow_ups": 2,
            "follow_ups_first_line": 1,
        },
    ],
    "indicator_pol35_departments": [
        {"period": "2024-Q2", "department": "clic", "requests": 1},
        {"period": "2024-Q1", "department": "clic", "requests": 1},
        {"period": "2024-Q1", "department": "direction_generale", "requests": 1},
        {"period": "2024-Q1", "department": "travaux_publics_voirie", "requests": 1},
        {"period": "2024-Q1", "department": None, "requests": 1},
    ],
    "indicator_pol35_subjects": [
        {"period": "2024-Q2", "subject": "pothole", "requests": 1},
        {"period": "2024-Q1", "subject": "employee_conduct", "requests": 1},
        {"period": "2024-Q1", "subject": "library", "requests": 1},
        {"period": "2024-Q1", "subject": "pothole", "requests": 1},
        {"period": "2024-Q1", "subject": None, "requests": 1},
    ],
    "indicator_pol36_unusual": [
        {
            "period": "2024-Q2", "kind": "access_to_information", "first_channel": "letter", "department": "clic",
            "requests": 1,
        },
        {"period": "2024-Q1", "kind": "request", "first_channel": "email", "department": "clic", "requests": 1},
    ],
}  # fmt: skip


@pytest_asyncio.fixture
async def connection(postgres_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A database that holds the small town."""
    connection = await asyncpg.connect(postgres_url)
    await settle(connection, *TOWN)
    yield connection
    await connection.close()


async def test_every_view_says_what_was_counted_by_hand(connection: asyncpg.Connection) -> None:
    """POL-31 to POL-36: the newest quarter first, then in the order of the columns."""
    for view, by_hand in BY_HAND.items():
        rows = await connection.fetch(f"SELECT * FROM reporting.{view} v ORDER BY v.period DESC, v")
        assert (view, by_hand) == (view, [dict(row) for row in rows])


async def test_the_report_says_what_was_counted_by_hand(connection: asyncpg.Connection) -> None:
    """POL-01, POL-02, POL-03, POL-04 (each kind apart), POL-31 to POL-36, and what is assumed."""
    report = await period_report(connection, "2024-Q1")

    assert report.requests.model_dump() == {
        "received": 4,
        "by_kind": {
            "request": 2, "complaint": 1, "suggestion": 1, "access_to_information": 0, "comment": 0, "report": 0,
        },
        "by_status": {"closed": 1, "open": 1, "refused": 1, "reopened": 1, "voided": 0, "withdrawn": 0},
        "by_first_channel": {"email": 2, "counter": 1, "phone": 1},
        "by_department": {"(none)": 1, "clic": 1, "direction_generale": 1, "travaux_publics_voirie": 1},
        "by_subject": {"(none)": 1, "employee_conduct": 1, "library": 1, "pothole": 1},
        "treated": 2,
        "reopenings": 0,
        "pending_at_start": 0,
        "pending_at_end": 2,
        "first_line": 1,
        "to_direction_generale": 1,
        "unusual": 1,
        "unusual_by_kind": {"request": 1},
        "unusual_by_channel": {"email": 1},
        "unusual_by_department": {"clic": 1},
        "transfers": 0,
        "treated_by_department": {"clic": 1, "travaux_publics_voirie": 1},
        "pending_by_department": {"(none)": 1, "direction_generale": 1},
        "pending_by_age": {"m0": 1, "m1_2": 1, "m3_5": 0, "m6_11": 0, "m12": 0},
        "backlog": 1,
        "confidential": 0,
    }  # fmt: skip
    assert report.interactions.model_dump() == {
        "total": 6, "by_channel": {"phone": 3, "email": 2, "counter": 1}, "follow_ups": 2, "follow_ups_first_line": 1,
    }  # fmt: skip
    counts = {
        "met": 2,
        "late": 0,
        "missed": 1,
        "open": 0,
        "overdue": 0,
        "lifted": 0,
        "met_assumed": 1,
        "late_assumed": 0,
    }
    assert report.obligations.model_dump() == {**counts, "by_kind": {"answer": counts}}
    assert (report.obligations.kept, report.obligations.measured) == (1, 2)
    assert report.assumed.model_dump() == {"outcomes": 1, "treatments": 1, "obligations": 1}


async def test_a_quarter_outside_the_log_is_a_report_of_zeros_compared_with_nothing(
    connection: asyncpg.Connection,
) -> None:
    """POL-32: what was pending before it is still pending in it."""
    later = await period_comparison(connection, "2030-Q1")
    first = await period_comparison(connection, "2024-Q1")
    second = await period_comparison(connection, "2024-Q2")

    requests = later.report.requests
    assert (requests.received, requests.pending_at_start, requests.treated, requests.pending_at_end) == (0, 3, 0, 3)
    assert (later.before, first.before) == (None, None)
    assert second.before == first.report
    assert [each.period for each in (await overview(connection)).quarters] == ["2024-Q2", "2024-Q1"]

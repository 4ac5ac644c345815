"""The report's figures from folded facts, on a real PostgreSQL."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise
from random import Random
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from tests.reporting.history import fact, history
from tests.reporting.projected import Projected

from clic_contracts.envelope import Commit, Recorded, derive_id
from clic_contracts.event import (
    InteractionRecorded,
    ObligationMet,
    ObligationMissed,
    ObligationSet,
    RequestClosed,
    RequestReceived,
    RequestReopened,
    RequestRouted,
)
from clic_contracts.vocabulary import Service
from clic_reporting.core.figure import NONE, Report
from clic_reporting.core.period import PeriodError, Quarter
from clic_reporting.report import NotProjectedError, period_report

QUARTERS = [f"{year}-Q{number}" for year in (2023, 2024, 2025, 2026) for number in (1, 2, 3, 4)]


@pytest_asyncio.fixture
async def connection(postgres_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A database with reporting's tables and a checkpoint."""
    connection = await asyncpg.connect(postgres_url)
    yield connection
    await connection.close()


async def put(connection: asyncpg.Connection, *facts: Recorded) -> None:
    """Reporting's tables made of facts, each a commit of its own."""
    await projected(
        connection, [Commit(n, Service.INTAKE, each.request_id, (each,)) for n, each in enumerate(facts, 1)]
    )


async def projected(connection: asyncpg.Connection, commits: Sequence[Commit]) -> None:
    """Reporting's tables made anew of commits."""
    tables = Projected(connection)
    await tables.prepare()
    await tables.begin()
    await tables.fold(commits, at_a_time=50)


def at(text: str) -> dt.datetime:
    """An instant in Toronto's winter or summer time, as written."""
    return dt.datetime.fromisoformat(text)


R1, R2 = derive_id("r", "1"), derive_id("r", "2")


async def test_the_balance_holds_in_every_quarter_of_any_history(connection: asyncpg.Connection) -> None:
    """POL-32: pending at start + received - treated = pending at end, and the quarters join end to start."""
    commits = history(Random(32), 400)
    await projected(connection, commits)

    reports = [await period_report(connection, period) for period in QUARTERS]

    received = sum(isinstance(event.data, RequestReceived) for commit in commits for event in commit.events)
    assert received == sum(report.requests.received for report in reports)
    assert received > 300
    for report in reports:
        requests = report.requests
        assert requests.pending_at_start + requests.received - requests.treated == requests.pending_at_end
        assert requests.received == sum(requests.by_kind.values()) == sum(requests.by_status.values())
        assert requests.received == sum(requests.by_department.values()) == sum(requests.by_subject.values())
    for earlier, later in pairwise(reports):
        assert earlier.requests.pending_at_end == later.requests.pending_at_start
    assert reports[-1].requests.pending_at_end == await connection.fetchval(
        "SELECT count(*) FROM reporting.fact_request WHERE status IN ('open', 'reopened')"
    )


async def test_the_views_say_what_the_report_says(connection: asyncpg.Connection) -> None:
    """POL-31 to POL-36: analysts who query the views find the published figures."""
    await projected(connection, history(Random(31), 300))

    for period in (row["period"] for row in await connection.fetch("SELECT period FROM reporting.calendar_quarter")):
        report = await period_report(connection, period)

        async def rows(view: str, period: str = period) -> list[Any]:
            return list(await connection.fetch(f"SELECT * FROM reporting.{view} WHERE period = $1", period))

        balance = (await rows("indicator_pol32_balance"))[0]
        requests = report.requests
        assert requests.received == balance["received"]
        assert requests.treated == balance["treated"]
        assert requests.pending_at_start == balance["pending_at_start"]
        assert requests.pending_at_end == balance["pending_at_end"]
        assert report.interactions.by_channel == {
            row["channel"]: row["interactions"] for row in await rows("indicator_pol31_interactions")
        }
        assert requests.to_direction_generale == (await rows("indicator_pol33_direction_generale"))[0]["complaints"]
        first_line = (await rows("indicator_pol34_first_line"))[0]
        assert requests.first_line == first_line["first_line"]
        assert report.interactions.follow_ups == first_line["follow_ups"]
        assert requests.by_department == {
            row["department"] or NONE: row["requests"] for row in await rows("indicator_pol35_departments")
        }
        assert requests.by_subject == {
            row["subject"] or NONE: row["requests"] for row in await rows("indicator_pol35_subjects")
        }
        unusual: Counter[str] = Counter()
        for row in await rows("indicator_pol36_unusual"):
            unusual[row["kind"]] += row["requests"]
        assert requests.unusual_by_kind == dict(unusual)
        assert requests.unusual == unusual.total()


async def test_a_past_quarter_does_not_change_when_something_is_reopened_later(connection: asyncpg.Connection) -> None:
    """POL-32: the reopening counts in the quarter in which it happened."""
    await put(
        connection,
        fact(RequestReceived, R1, at("2024-02-01T09:00-05:00")),
        fact(RequestClosed, R1, at("2024-03-01T09:00-05:00")),
        fact(RequestReopened, R1, at("2024-05-01T09:00-04:00")),
    )

    first, second = [(await period_report(connection, each)).requests for each in ("2024-Q1", "2024-Q2")]

    assert (first.pending_at_start, first.received, first.treated, first.pending_at_end) == (0, 1, 1, 0)
    assert (second.pending_at_start, second.received, second.treated, second.pending_at_end) == (0, 0, -1, 1)
    assert first.by_status["reopened"] == 1


async def test_a_quarter_begins_and_ends_at_midnight_in_toronto(connection: asyncpg.Connection) -> None:
    """POL-31: dates are America/Toronto's, in winter and in summer time."""
    await put(
        connection,
        fact(RequestReceived, R1, at("2024-04-01T03:59:59+00:00")),
        fact(RequestReceived, R2, at("2024-04-01T04:00:00+00:00")),
    )

    assert (await period_report(connection, "2024-Q1")).requests.received == 1
    assert (await period_report(connection, "2024-Q2")).requests.received == 1


async def test_interactions_count_the_first_contact_and_the_further_ones(connection: asyncpg.Connection) -> None:
    """POL-31, POL-34."""
    noon = at("2024-02-01T12:00-05:00")
    await put(
        connection,
        fact(RequestReceived, R1, noon, channel="phone"),
        fact(InteractionRecorded, R1, noon, interaction_id=R2, about=R1, channel="email", answered_first_line=False),
        fact(InteractionRecorded, derive_id("i"), noon, interaction_id=derive_id("i"), channel="email"),
    )

    interactions = (await period_report(connection, "2024-Q1")).interactions

    assert interactions.by_channel == {"email": 2, "phone": 1}
    assert (interactions.total, interactions.follow_ups, interactions.follow_ups_first_line) == (3, 2, 1)


async def test_a_complaint_given_to_the_direction_generale_is_counted_apart(connection: asyncpg.Connection) -> None:
    """POL-33: complaints alone, whatever else the Direction générale answers."""
    noon = at("2024-02-01T12:00-05:00")
    await put(
        connection,
        fact(RequestReceived, R1, noon, kind="complaint"),
        fact(RequestReceived, R2, noon, kind="request"),
        fact(RequestRouted, R1, noon, department="direction_generale"),
        fact(RequestRouted, R2, noon, department="direction_generale"),
    )

    requests = (await period_report(connection, "2024-Q1")).requests

    assert requests.by_department == {"direction_generale": 2}
    assert requests.to_direction_generale == 1


async def test_what_no_rule_foresaw_stays_unusual_when_a_person_gives_it_to_somebody(
    connection: asyncpg.Connection,
) -> None:
    """POL-36: whoever answers it, no rule foresaw it."""
    noon = at("2024-02-01T12:00-05:00")
    await put(
        connection,
        fact(RequestReceived, R1, noon, subject="pothole"),
        fact(RequestRouted, R1, noon, unusual=True),
        fact(RequestRouted, R1, noon, n=1, department="loisirs", rule=None, unusual=False),
        fact(RequestReceived, R2, noon, subject="pothole"),
    )

    requests = (await period_report(connection, "2024-Q1")).requests

    assert (requests.unusual, requests.by_department) == (1, {NONE: 1, "loisirs": 1})


async def test_an_obligation_missed_and_then_known_to_be_met_counts_as_met(connection: asyncpg.Connection) -> None:
    """POL-13: what is recorded late but happened in time corrects the figure, across transactions."""
    noon, due = at("2024-02-01T12:00-05:00"), at("2024-02-03T00:00-05:00")
    names: dict[str, Any] = {"obligation_id": "acknowledge-1", "obligation": "acknowledge"}
    facts = (
        fact(RequestReceived, R1, noon),
        fact(ObligationSet, R1, noon, **names, due_at=due),
        fact(ObligationMissed, R1, due, **names, due_at=due),
    )
    await put(connection, *facts)
    missed = (await period_report(connection, "2024-Q1")).obligations
    await put(connection, *facts, fact(ObligationMet, R1, due, **names, met_at=at("2024-02-02T09:00-05:00")))
    met = (await period_report(connection, "2024-Q1")).obligations

    assert (missed.met, missed.missed) == (0, 1)
    assert (met.met, met.missed) == (1, 0)
    acknowledge = met.by_kind["acknowledge"]
    assert (acknowledge.kept, acknowledge.measured) == (1, 1)


async def test_the_report_says_how_many_instants_are_assumed(connection: asyncpg.Connection) -> None:
    """POL-32: older records without the date of their last status take the creation instant, and it is said."""
    noon = at("2024-02-01T12:00-05:00")
    await put(connection, fact(RequestReceived, R1, noon), fact(RequestClosed, R1, noon, assumed=True))

    assumed = (await period_report(connection, "2024-Q1")).assumed

    assert (assumed.outcomes, assumed.treatments, assumed.any) == (1, 1, True)


async def test_the_same_position_gives_the_same_report_byte_for_byte(connection: asyncpg.Connection) -> None:
    """Every report names what it was made from and can be made again."""
    commits = history(Random(1), 100)
    await projected(connection, commits)

    one, two = [await period_report(connection, "2024-Q3") for _ in range(2)]

    assert one.model_dump_json() == two.model_dump_json()
    assert one == Report.model_validate_json(one.model_dump_json())
    assert (one.position, one.versions.town) == (len(commits), "0123456789ab")


async def test_a_database_without_tables_is_told_as_such(postgres_url: str) -> None:
    """An error says what to do."""
    connection = await asyncpg.connect(postgres_url)
    try:
        with pytest.raises(NotProjectedError, match="has not run"):
            await period_report(connection, "2024-Q1")
    finally:
        await connection.close()


@pytest.mark.parametrize("text", ["2024", "2024-Q5", "2024-Q0", "Q1-2024", "24-Q1", "0000-Q1", "", "2024-Q1 et 2"])
def test_what_is_no_quarter_is_refused_with_the_form_it_should_have(text: str) -> None:
    """POL-31: a period is a quarter of the civil year."""
    with pytest.raises(PeriodError, match="2022-Q1"):
        Quarter.parse(text)

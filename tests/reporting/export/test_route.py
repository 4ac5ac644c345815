"""The JSON API, on a real database: pages of one snapshot, all rows in bounded memory, each reader their own."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import asyncpg
import httpx
import psutil
import pytest
import pytest_asyncio
import structlog
from fastapi import FastAPI
from tests.place import TOWN_DIR
from tests.reporting.history import fact
from tests.reporting.open_data.reports import report
from tests.reporting.projected import Projected
from tests.reporting.town import TOWN, on

from clic_chassis.agents import Agent
from clic_chassis.clock import ManualClock
from clic_chassis.http import PROBLEM_TYPE, add_error_handlers, new_api
from clic_chassis.town_file import read_town
from clic_contracts.envelope import Commit, Recorded, derive_id
from clic_contracts.event import RequestReceived
from clic_contracts.vocabulary import Service
from clic_reporting.access import Access
from clic_reporting.api import add_own_error_handlers, connected
from clic_reporting.export.reading import STREAMED_ROWS, TABLES, every_page, page, rows_question
from clic_reporting.export.route import Exports, add_exports
from clic_reporting.model import INDICATORS
from clic_reporting.open_data.route import OpenData, add_open_data

CLOCK = ManualClock(on(8, 1))
CONFIG = read_town(TOWN_DIR)
DESK, GREFFE, NOBODY = ({"Authorization": f"Bearer {token}"} for token in ("desk-token", "greffe-token", "other-token"))
AGENTS = {
    hashlib.sha256(f"{agent}-token".encode()).hexdigest(): Agent(agent=agent, roles=roles)
    for agent, roles in (("desk", ("desk",)), ("greffe", ("direction_generale",)), ("other", ("nothing",)))
}


def commits_of(facts: tuple[Recorded, ...], first: int = 1) -> list[Commit]:
    """Each fact as a commit of its own."""
    return [Commit(n, Service.INTAKE, each.request_id, (each,)) for n, each in enumerate(facts, first)]


def api_over(pool: asyncpg.Pool) -> FastAPI:
    """The API as the service wires it, without its pages."""
    access = Access(AGENTS, [each.code for each in CONFIG.departments], CLOCK)
    api = new_api(title="test", version="1", summary="test")
    add_error_handlers(api)
    add_own_error_handlers(api)
    add_exports(api, Exports(lambda: connected(pool), access, CLOCK))
    add_open_data(api, OpenData(lambda: connected(pool), access, CONFIG))
    return api


@pytest_asyncio.fixture
async def pool(postgres_url: str) -> AsyncIterator[asyncpg.Pool]:
    """Reporting's database with the small town."""
    async with asyncpg.create_pool(postgres_url, min_size=1, max_size=3) as pool:
        async with pool.acquire() as connection:
            projected = Projected(connection)
            await projected.prepare()
            await projected.begin()
            await projected.fold(commits_of(TOWN), at_a_time=100)
        yield pool


@pytest_asyncio.fixture
async def client(pool: asyncpg.Pool) -> AsyncIterator[httpx.AsyncClient]:
    """Over HTTP, as the desk."""
    transport = httpx.ASGITransport(api_over(pool))
    async with httpx.AsyncClient(transport=transport, base_url="http://clic.example", headers=DESK) as client:
        yield client


async def pages_of(client: httpx.AsyncClient, path: str, **asked: Any) -> list[dict[str, Any]]:
    """Every page, by the links."""
    answer = await client.get(path, params=asked or None)
    found = [answer.json()]
    while (following := answer.links.get("next")) is not None:
        answer = await client.get(following["url"])
        found.append(answer.json())
        assert found[-2]["next"] == following["url"]
    return found


async def test_indicators_are_listed_with_what_the_database_says_of_them(client: httpx.AsyncClient) -> None:
    """POL-29, POL-31 to POL-36."""
    listed = (await client.get("/api/v1/indicators")).json()

    assert {each["name"] for each in listed} == {each.name for each in INDICATORS}
    for each in listed:
        assert each["description"].startswith("POL-")
        assert all(column["description"] and column["type"] for column in each["columns"])
        assert (await client.get(each["href"])).status_code == 200


async def test_pages_are_of_one_snapshot_while_the_log_goes_on(client: httpx.AsyncClient, pool: asyncpg.Pool) -> None:
    """The first page's position is in the cursor: what comes meanwhile is in none of the pages."""
    path = "/api/v1/indicators/pol31_interactions"
    whole = (await client.get(path)).json()
    first = await client.get(path, params={"limit": 2})
    more = (fact(RequestReceived, derive_id("town", "F"), on(1, 11), channel="fax"),)
    async with pool.acquire() as connection:
        await Projected(connection).fold(commits_of(more, len(TOWN) + 1))

    rest = await pages_of(client, first.links["next"]["url"])
    now = (await client.get(path)).json()

    assert first.json()["rows"] + [row for each in rest for row in each["rows"]] == whole["rows"]
    assert {each["position"] for each in rest} == {first.json()["position"]} == {len(TOWN)}
    assert now["position"] == len(TOWN) + 1
    assert {row["channel"] for row in now["rows"]} - {row["channel"] for row in whole["rows"]} == {"fax"}


async def test_an_indicator_is_told_of_a_period_as_of_a_day_and_by_a_version(client: httpx.AsyncClient) -> None:
    """POL-32: the first quarter as it was known at the end of March, and as it is known now."""
    path = "/api/v1/indicators/pol32_balance"
    (now,) = (await client.get(path, params={"period": "2024-q1", "version": 1})).json()["rows"]
    then = (await client.get(path, params={"as_of": "2024-02-28", "to": "2024-Q4"})).json()

    assert (now["received"], now["treated"], now["pending_at_end"]) == (4, 2, 2)
    assert [row["received"] for row in then["rows"] if row["period"] == "2024-Q1"] == [2]
    assert then["position"] < len(TOWN)


async def test_an_etag_spares_what_did_not_change(client: httpx.AsyncClient, pool: asyncpg.Pool) -> None:
    """RFC 9110: by the position of the log, the definitions and the question."""
    path = "/api/v1/indicators/pol32_balance"
    etag = (await client.get(path)).headers["ETag"]

    same = await client.get(path, headers={"If-None-Match": etag})
    other = await client.get(path, params={"limit": 1}, headers={"If-None-Match": etag})
    async with pool.acquire() as connection:
        await Projected(connection).fold(
            commits_of((fact(RequestReceived, derive_id("town", "G"), on(1, 11)),), len(TOWN) + 1)
        )
    later = await client.get(path, headers={"If-None-Match": etag})

    assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", etag)
    assert (other.status_code, later.status_code) == (200, 200)


async def test_rows_are_paged_by_their_keys_and_the_same_as_lines_and_as_csv(client: httpx.AsyncClient) -> None:
    """One way to read a few rows, one to read all of them."""
    for name, table in TABLES.items():
        path = f"/api/v1/rows/{name}"
        paged = [row for each in await pages_of(client, path, limit=2) for row in each["rows"]]
        lines = await client.get(path, headers={"Accept": "application/x-ndjson"})
        sheet = await client.get(path, params={"format": "csv"})
        keys = [tuple(row[key] for key, _ in table.key) for row in paged]

        assert paged, name
        assert keys == sorted(set(keys))
        assert [json.loads(line) for line in lines.text.splitlines()] == paged
        assert list(csv.DictReader(io.StringIO(sheet.text))) == [
            {key: "" if value is None else str(value) for key, value in row.items()} for row in paged
        ]


async def test_rows_of_days_are_those_of_the_town(client: httpx.AsyncClient) -> None:
    """Both days are inclusive."""
    found = (await client.get("/api/v1/rows/request", params={"from": "2024-02-01", "to": "2024-03-31"})).json()

    assert [row["received_on"] for row in found["rows"]] == ["2024-02-01", "2024-03-01", "2024-03-31"]


async def test_a_confidential_request_has_a_row_that_says_nothing(client: httpx.AsyncClient) -> None:
    """POL-26."""
    rows = (await client.get("/api/v1/rows/request")).json()["rows"]
    (access,) = [row for row in rows if row["confidential"]]

    assert {access[name] for name in ("request_id", "reference", "subject", "sector")} == {None}


async def test_who_may_read_what(client: httpx.AsyncClient) -> None:
    """POL-26, POL-38: the public nothing, a department its own rows, and nothing that is of the whole town."""
    own = (await client.get("/api/v1/rows/request", headers=GREFFE)).json()
    statuses = {
        (path, name): (await client.get(path, headers={"Authorization": "", **headers})).status_code
        for path in ("/api/v1/indicators", "/api/v1/rows/event", "/api/v1/open-data/requetes.csv")
        for name, headers in {"public": {}, "nobody": NOBODY, "department": GREFFE}.items()
    }

    assert {row["department"] for row in own["rows"]} == {"direction_generale"}
    assert [statuses[path, "public"] for path, name in statuses if name == "public"] == [401] * 3
    assert [statuses[path, "nobody"] for path, name in statuses if name == "nobody"] == [403] * 3
    assert [status for (_, name), status in statuses.items() if name == "department"] == [200, 403, 403]


async def test_reading_is_noted(client: httpx.AsyncClient) -> None:
    """POL-38: who, what, how many rows."""
    with structlog.testing.capture_logs() as logs:
        await client.get("/api/v1/rows/request", params={"limit": 2})
        await client.get("/api/v1/rows/request", params={"format": "ndjson"})

    noted = [each for each in logs if each["event"] == "report_read"]
    assert [(each["reader"], each["what"], each["rows"]) for each in noted] == [
        ("desk", "api:request", 2),
        ("desk", "api:request", 5),
    ]


REFUSED = (
    ("/api/v1/indicators/pol99_nothing", 404, "there are: pol29_backlog"),
    ("/api/v1/indicators/pol32_balance?version=9", 404, "newest is 1"),
    ("/api/v1/indicators/pol32_balance?period=winter", 404, "as in 2022-Q1"),
    ("/api/v1/indicators/pol32_balance?as_of=hier", 409, "as in 2026-04-15"),
    ("/api/v1/indicators/pol32_balance?limit=0", 422, "limit"),
    ("/api/v1/indicators/pol32_balance?perod=2024-Q1", 422, "perod"),
    ("/api/v1/rows/fact_request", 404, "there are: request"),
    ("/api/v1/rows/request?cursor=AAAA", 409, "follow the link"),
    ("/api/v1/open-data/requetes.csv?to=2024-13", 409, "as in 2026-05"),
)


async def test_what_does_not_fit_is_told(client: httpx.AsyncClient) -> None:
    """RFC 9457: a misspelt parameter would else be left aside in silence."""
    for path, status, told in REFUSED:
        answer = await client.get(path)

        assert (path, answer.status_code, answer.headers["content-type"]) == (path, status, PROBLEM_TYPE)
        assert told in answer.text


async def test_a_cursor_is_of_its_question_and_of_its_definitions(
    client: httpx.AsyncClient, pool: asyncpg.Pool
) -> None:
    """Pages of two definitions side by side would be no snapshot: the reading begins again."""
    following = (await client.get("/api/v1/rows/event", params={"limit": 2})).json()["next"]
    other = await client.get(following.replace("/event", "/interaction"))
    await pool.execute("UPDATE reporting.checkpoint SET definition = 'other'")
    gone = await client.get(following)

    assert (other.status_code, gone.status_code) == (409, 410)
    assert "begin" in gone.json()["detail"]


async def test_the_open_data_is_downloaded_by_who_may_publish_it(client: httpx.AsyncClient, pool: asyncpg.Pool) -> None:
    """POL-38: after the reports of its quarters."""
    uncovered = await client.get("/api/v1/open-data/requetes.csv", params={"from": "2024-01", "to": "2024-03"})
    async with pool.acquire() as connection:
        await report(connection)
    answer = await client.get("/api/v1/open-data/requetes.csv", params={"from": "2024-01", "to": "2024-03"})

    assert (uncovered.status_code, "clic report 2024-Q1" in uncovered.text) == (409, True)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert answer.text.splitlines()[0].startswith("ID_UNIQUE,NATURE,ACTI_NOM")


@pytest.mark.slow
async def test_any_number_of_rows_is_read_in_the_memory_of_a_page(pool: asyncpg.Pool) -> None:
    """Exports that stop at a few thousand rows are what today's systems do wrong."""
    async with pool.acquire() as connection:
        await connection.execute(
            "INSERT INTO reporting.fact_interaction (sequence, ordinal, interaction_id, channel, first_contact, "
            "answered_first_line, origin, publisher, occurred_at, recorded_at) "
            "SELECT n, 1, gen_random_uuid(), 'phone', false, true, 'live', 'telephonie', "
            "'2024-01-01Z'::timestamptz + n * interval '1 minute', now() FROM generate_series(1000, 200999) n"
        )
        await connection.execute("UPDATE reporting.checkpoint SET sequence = 300000")
        await connection.execute("ANALYZE reporting.fact_interaction")
    question = rows_question(TABLES["interaction"], None, None, None)
    read, size = 0, 0
    async with connected(pool) as connection:
        first = await page(connection, question, as_of=None, cursor=None, limit=STREAMED_ROWS, today=CLOCK.now().date())
    process = psutil.Process()
    before = peak = process.memory_info().rss
    async with aclosing(every_page(lambda: connected(pool), question, first, CLOCK.now().date())) as pages:
        async for each in pages:
            read += len(each.rows)
            size += sum(map(len, each.rows))
            peak = max(peak, process.memory_info().rss)

    assert read == 200_000 + len([each for each in TOWN if "received" in each.type or "interaction" in each.type])
    assert size > 50_000_000
    assert peak - before < 20_000_000

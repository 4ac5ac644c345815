"""Reporting over HTTP, wired as it runs, on real servers."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from random import Random

import asyncpg
import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from nats.aio.client import Client
from pydantic import SecretStr
from tests.place import TOWN_DIR
from tests.reporting.history import append, history
from tests.reporting.town import TOWN, on, settle

from clic_chassis.agents import Agent
from clic_chassis.clock import ManualClock
from clic_chassis.http import PROBLEM_TYPE
from clic_chassis.service import open_runtime
from clic_chassis.settings import SettingsError
from clic_chassis.testing import Server, at_work, wait_until
from clic_chassis.town_file import read_town
from clic_reporting.access import Access
from clic_reporting.api import make_api
from clic_reporting.app import wire
from clic_reporting.core.figure import Report
from clic_reporting.page import POLICY, Pages
from clic_reporting.report import period_report
from clic_reporting.settings import Settings

LINKS = {"Réception": "http://127.0.0.1:8081/docs"}
DESK = {"Authorization": "Bearer jeton-du-comptoir"}
AGENTS = {hashlib.sha256(b"jeton-du-comptoir").hexdigest(): Agent(agent="comptoir", roles=("desk",))}


@contextlib.contextmanager
def _client(api: FastAPI) -> Iterator[httpx.AsyncClient]:
    """Whoever reads the whole town's figures; what others get is in `test_report_route`."""
    yield httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://clic.example", headers=DESK)


def _api(pool: asyncpg.Pool, *, links: Mapping[str, str], standing: str | None = None) -> FastAPI:
    clock = ManualClock(on(5, 2))
    access = Access(AGENTS, [], clock)
    return make_api(pool, Pages(read_town(TOWN_DIR)), clock, links=links, standing=lambda: standing, access=access)


@pytest_asyncio.fixture
async def small(postgres_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """The small town over HTTP, which stands still."""
    async with asyncpg.create_pool(postgres_url, min_size=1, max_size=2) as pool:
        async with pool.acquire() as connection:
            await settle(connection, *TOWN)
        api = _api(pool, links=LINKS, standing="run `clic rebuild`")
        with _client(api) as client:
            yield client


async def test_the_service_reports_what_is_in_the_log(
    nats: Client, nats_url: str, postgres_url: str, tmp_path: Path
) -> None:
    """From the log over the tables to the report, as `python -m clic_reporting` wires it."""
    commits = history(Random(21), 150)
    await append(nats, commits)
    agents = tmp_path / "agents.json"
    agents.write_text(json.dumps({digest: agent.model_dump() for digest, agent in AGENTS.items()}))
    settings = Settings(nats_url=nats_url, postgres_url=SecretStr(postgres_url), town_dir=TOWN_DIR, agents_file=agents)
    async with open_runtime("reporting", settings) as runtime:
        wiring = await wire(runtime)
        assert wiring.http is not None
        async with at_work(*wiring.components):
            with _client(wiring.http) as client:

                async def caught_up() -> Report | None:
                    answer = await client.get("/reports/2024-Q3.json")
                    told = answer.json() if answer.is_success else None
                    report = told and Report.model_validate({key: told[key] for key in Report.model_fields})
                    return report if report is not None and report.position == len(commits) else None

                found = await wait_until(caught_up, 60, what="the report holds the whole log")
                page = await client.get("/reports/2024-Q3")
    connection = await asyncpg.connect(postgres_url)
    assert found == await period_report(connection, "2024-Q3")
    await connection.close()
    assert found is not None
    assert found.requests.received > 0
    assert "Troisième trimestre 2024" in page.text


async def test_the_report_as_json_has_the_shape_that_was_promised(small: httpx.AsyncClient) -> None:
    """POL-31 to POL-36."""
    answer = await small.get("/reports/2024-q1.json")
    report = answer.json()

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert {"period", "requests", "interactions", "obligations", "position", "versions"} <= report.keys()
    assert {
        "received", "by_kind", "by_status", "by_first_channel", "by_department", "by_subject", "treated",
        "pending_at_start", "pending_at_end", "first_line", "to_direction_generale", "unusual",
    } <= report["requests"].keys()  # fmt: skip
    assert report["requests"]["by_status"].keys() == {"closed", "refused", "withdrawn", "voided", "open", "reopened"}
    assert {"total", "by_channel"} <= report["interactions"].keys()
    assert {"met", "late", "missed", "open"} <= report["obligations"].keys()
    assert (report["period"], report["requests"]["received"], report["position"]) == ("2024-Q1", 4, len(TOWN))


async def test_a_page_is_served_with_a_policy_that_lets_nothing_else_in(small: httpx.AsyncClient) -> None:
    """The page's own policy, and nobody may frame it."""
    answer = await small.get("/reports/2024-Q2")

    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == f"{POLICY}; frame-ancestors 'none'"
    assert "Deuxième trimestre 2024" in answer.text
    assert "Trimestre en cours" in answer.text
    assert "run `clic rebuild`" in answer.text


async def test_the_front_page_leads_to_every_quarter_and_to_the_other_services(small: httpx.AsyncClient) -> None:
    """POL-32: what a person who was given one address finds there."""
    text = (await small.get("/")).text

    for part in ("reports/2024-Q1", "reports/2024-Q2.json", "Premier trimestre 2024", LINKS["Réception"], "Position"):
        assert part in text
    for address in ("2024", "2024.pdf", "docs"):
        assert f'href="{"reports/" * address.startswith("2024")}{address}"' in text
    missing = [
        link
        for link in re.findall(r'href="([^"#]+)"', text)
        if not link.startswith("http") and (await small.get(f"/{link}")).status_code == 404
    ]
    assert missing == [], "no link of the page leads nowhere"


@pytest.mark.parametrize("path", ["/reports/2024-Q5", "/reports/2024-Q5.json", "/reports/hiver"])
async def test_what_is_no_quarter_is_a_problem_that_says_how_to_write_one(small: httpx.AsyncClient, path: str) -> None:
    """RFC 9457."""
    answer = await small.get(path)

    assert (answer.status_code, answer.headers["content-type"]) == (404, PROBLEM_TYPE)
    assert "as in 2022-Q1" in answer.json()["detail"]


async def test_a_quarter_without_facts_is_a_report_of_zeros(small: httpx.AsyncClient) -> None:
    """POL-32: that nothing came in is an answer, too."""
    requests = (await small.get("/reports/2031-Q4.json")).json()["requests"]

    assert (requests["received"], sum(requests["by_kind"].values())) == (0, 0)
    assert (await small.get("/reports/2031-Q4")).status_code == 200


async def test_before_anything_is_folded_the_answer_is_not_yet(postgres_url: str) -> None:
    """Not an error of ours: whoever asks is told to come back."""
    async with asyncpg.create_pool(postgres_url, min_size=1, max_size=1) as pool:
        api = _api(pool, links={})
        with _client(api) as client:
            answers = [await client.get(path) for path in ("/", "/reports/2024-Q1", "/reports/2024-Q1.json")]

    assert [each.status_code for each in answers] == [503, 503, 503]
    assert "has not run on this database yet" in answers[0].json()["detail"]


async def test_tables_of_another_version_ask_for_a_rebuild(postgres_url: str) -> None:
    """After an upgrade a column may be missing until `clic rebuild` has run."""
    async with asyncpg.create_pool(postgres_url, min_size=1, max_size=1) as pool:
        async with pool.acquire() as connection:
            await settle(connection, *TOWN)
            await connection.execute("ALTER TABLE reporting.fact_request DROP COLUMN unusual CASCADE")
        api = _api(pool, links={})
        with _client(api) as client:
            answer = await client.get("/reports/2024-Q1.json")

    assert answer.status_code == 503
    assert "clic rebuild" in answer.json()["detail"]


async def test_without_its_database_the_answer_is_try_again(own_postgres: Server) -> None:
    """An outage is told as one."""
    async with asyncpg.create_pool(own_postgres.url, min_size=1, max_size=1) as pool:
        async with pool.acquire() as connection:
            await settle(connection, *TOWN)
        api = _api(pool, links={})
        own_postgres.kill()
        with _client(api) as client:
            answer = await client.get("/reports/2024-Q1.json")

    assert (answer.status_code, answer.headers["content-type"]) == (503, PROBLEM_TYPE)


@pytest.mark.parametrize("links", ["{", '["http://a"]', json.dumps({"Ailleurs": "javascript:alert(1)"})])
def test_links_that_are_none_are_refused_at_the_start(links: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable is named."""
    monkeypatch.setenv("CLIC_LINKS", links)
    monkeypatch.setenv("CLIC_POSTGRES_URL", "postgresql://127.0.0.1/clic")
    monkeypatch.setenv("CLIC_TOWN_DIR", str(TOWN_DIR))

    with pytest.raises(SettingsError, match="CLIC_LINKS:"):
        Settings.from_environment()


def test_reporting_needs_its_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable is named."""
    monkeypatch.delenv("CLIC_POSTGRES_URL", raising=False)
    monkeypatch.setenv("CLIC_TOWN_DIR", str(TOWN_DIR))

    with pytest.raises(SettingsError, match="CLIC_POSTGRES_URL"):
        Settings.from_environment()

"""The way in to the dashboard over HTTP: sessions, tokens, and the note of each reading."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator

import asyncpg
import httpx
import pytest
import pytest_asyncio
from structlog.testing import capture_logs
from tests.reporting.board import (
    PAGES,
    REFERENCES,
    Settled,
    bearer,
    board_api,
    client_of,
    enter,
    settled,
)

from clic_chassis.clock import ManualClock
from clic_chassis.identity.session import HOST_PREFIX
from clic_chassis.telemetry import METRICS
from clic_chassis.testing import Server
from clic_reporting.access import COOKIE


@pytest.fixture(scope="module")
def small(postgres_server: Server) -> Iterator[Settled]:
    """The small town's tables."""
    yield from settled(postgres_server.url)


@pytest_asyncio.fixture
async def pool(small: Settled) -> AsyncIterator[asyncpg.Pool]:
    """Connections to the small town's tables, to read."""
    async with asyncpg.create_pool(small.url, min_size=1, max_size=3) as pool:
        yield pool


@pytest_asyncio.fixture
async def browser(pool: asyncpg.Pool, small: Settled) -> AsyncIterator[httpx.AsyncClient]:
    """A browser without a session, as of the instant that the town is as of."""
    async with client_of(board_api(pool, ManualClock(small.now))[0]) as client:
        yield client


async def test_nobody_reads_without_a_reader(browser: httpx.AsyncClient) -> None:
    """POL-38: a browser is led to the entrance and back, a machine gets a problem."""
    entrance = await browser.get("/dashboard/requests?show=late&lang=en")
    unknown = await browser.get("/dashboard", headers=bearer("nobody"))
    unread = [await browser.get(each, headers=bearer("publisher")) for each in (*PAGES, "/dashboard/live")]
    machine = await browser.get("/dashboard/live")

    assert (entrance.status_code, entrance.headers["location"]) == (
        303,
        "/login?then=%2Fdashboard%2Frequests%3Fshow%3Dlate%26lang%3Den",
    )
    assert unknown.status_code == 401
    assert {each.status_code for each in unread} == {403}
    assert "it needs the role desk" in unread[0].json()["detail"]
    assert machine.status_code == 401


async def test_a_browser_enters_with_a_token_and_leaves_with_the_button(browser: httpx.AsyncClient) -> None:
    """The cookie is the browser's alone; the page's form ends the session, another site's does not."""
    answer = await enter(browser, "desk", "/dashboard/requests?show=late")
    cookie = answer.headers["set-cookie"]
    page = await browser.get(PAGES[0])
    form_key = re.findall(r'name="form_key" value="([^"]+)"', page.text)[0]
    refused = [
        await browser.post("/logout", data={"form_key": "guessed"}),
        await browser.post("/logout", data={"form_key": form_key}, headers={"Sec-Fetch-Site": "cross-site"}),
    ]

    assert (answer.status_code, answer.headers["location"]) == (303, "/dashboard/requests?show=late")
    assert cookie.startswith(f"{COOKIE}=")
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= {each.strip() for each in cookie.split(";")}
    assert (page.status_code, "desk.exemple" in page.text) == (200, True)
    assert [each.status_code for each in refused] == [403, 403]
    assert (await browser.get(PAGES[0])).status_code == 200
    assert (await browser.post("/logout", data={"form_key": form_key})).headers["location"] == "/login"
    assert (await browser.get(PAGES[0])).status_code == 303


async def test_over_https_the_cookie_belongs_to_the_host(browser: httpx.AsyncClient) -> None:
    """No neighbour can set it, and it never travels in clear."""
    browser.base_url = httpx.URL("https://clic.example")
    answer = await enter(browser, "desk")

    assert answer.headers["set-cookie"].startswith(f"{HOST_PREFIX}{COOKIE}=")
    assert "Secure" in answer.headers["set-cookie"]


@pytest.mark.parametrize("then", ["https://ailleurs.example/", "//ailleurs.example", "/dashboard\\@x", "/dashboard\n"])
async def test_the_way_in_leads_nowhere_else(browser: httpx.AsyncClient, then: str) -> None:
    """An address that somebody sent may not use our entrance to lead away."""
    assert (await enter(browser, "desk", then)).headers["location"] == "/dashboard"


async def test_a_wrong_token_is_told_and_many_are_slowed_down(browser: httpx.AsyncClient) -> None:
    """In words, and without what was typed."""
    answers = [await enter(browser, token) for token in ("publisher", *["secret-typed"] * 6)]

    assert [each.status_code for each in answers] == [403] * 6 + [429]
    assert "ne donne rien à lire ici" in answers[0].text
    assert "Ce jeton n’est celui de personne." in answers[1].text
    assert "Trop d’essais" in answers[-1].text
    assert int(answers[-1].headers["retry-after"]) > 0
    assert "secret-typed" not in "".join(each.text for each in answers)


async def test_reading_is_noted(browser: httpx.AsyncClient) -> None:
    """POL-38: who read what, filtered by what, how many rows; a page that keeps itself up to date is one reading."""
    before = METRICS.reads.labels("requests")._value.get()
    with capture_logs() as logs:
        for headers in ({}, {}, {"X-Clic-Live": "4"}):
            await browser.get("/dashboard", headers={**bearer("desk"), **headers})
        await browser.get("/dashboard/requests?show=late&department=travaux_publics_voirie", headers=bearer("voirie"))
        await browser.get("/dashboard/departments/clic", headers=bearer("voirie"))
    read = [each for each in logs if each["event"] == "report_read"]

    assert [(each["reader"], each["what"]) for each in read] == [
        ("desk.exemple", "dashboard"),
        ("desk.exemple", "dashboard"),
        ("voirie.exemple", "requests"),
    ]
    assert read[-1]["rows"] == 1
    assert read[-1]["filter"] == {"show": "late", "department": "travaux_publics_voirie"}
    assert REFERENCES["late"] not in json.dumps(logs)
    assert METRICS.reads.labels("requests")._value.get() == before + 1

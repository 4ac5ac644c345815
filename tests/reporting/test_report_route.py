"""Reports over HTTP: exact figures for readers of the whole town, what was published for everybody else (POL-38)."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import AsyncIterator
from random import Random
from typing import NamedTuple

import asyncpg
import httpx
import pypdf
import pytest
import pytest_asyncio
from tests.reporting.counted import KNOWN_AT
from tests.reporting.history import history
from tests.reporting.projected import Projected, town

from clic_chassis.agents import Agent
from clic_chassis.clock import ManualClock
from clic_chassis.http import PROBLEM_TYPE
from clic_contracts.vocabulary import Language
from clic_reporting.access import Access
from clic_reporting.api import make_api
from clic_reporting.core.figure import Report
from clic_reporting.core.label import Labels
from clic_reporting.document.edition import publish_now
from clic_reporting.page import POLICY, Pages
from clic_reporting.report import period_report

COMMITS = history(Random(61), 90)
EARLIER = len(COMMITS) // 2
AGENTS = {
    hashlib.sha256(token.encode()).hexdigest(): Agent(agent=token, roles=(role,))
    for token, role in (("desk-token", "desk"), ("roads-token", "travaux_publics_voirie"))
}
DESK, ROADS = ({"Authorization": f"Bearer {token}"} for token in ("desk-token", "roads-token"))
PERIOD = "2024-Q3"


class Served(NamedTuple):
    """The service over HTTP, and its database."""

    client: httpx.AsyncClient
    pool: asyncpg.Pool


@pytest_asyncio.fixture
async def served(postgres_url: str) -> AsyncIterator[Served]:
    """A history over HTTP, which stands still."""
    async with asyncpg.create_pool(postgres_url, min_size=1, max_size=3) as pool:
        async with pool.acquire() as connection:
            tables = Projected(connection)
            await tables.prepare()
            await tables.begin()
            await tables.fold(COMMITS, at_a_time=100)
        clock = ManualClock(KNOWN_AT)
        access = Access(AGENTS, [each.code for each in town().departments], clock)
        api = make_api(pool, Pages(town()), clock, links={}, standing=lambda: None, access=access)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://clic.example") as client:
            yield Served(client, pool)


async def publish(served: Served) -> None:
    """Publish the quarter."""
    async with served.pool.acquire() as connection:
        labels = Labels(town(), Language.FR)
        await publish_now(connection, PERIOD, labels, as_of=None, at=KNOWN_AT, by="Une greffière")


async def test_readers_of_the_whole_town_get_exact_figures_and_it_is_noted(served: Served) -> None:
    """POL-31 to POL-38."""
    answer = await served.client.get(f"/reports/{PERIOD}.json", headers=DESK)
    async with served.pool.acquire() as connection:
        exact = await period_report(connection, PERIOD)

    found = answer.json()
    assert (answer.status_code, answer.headers["content-type"], found["edition"]) == (
        200,
        "application/json",
        "internal",
    )
    assert Report.model_validate({key: found[key] for key in Report.model_fields}) == exact
    assert exact.requests.received > 5


@pytest.mark.parametrize("headers", [{}, ROADS], ids=["public", "a department"])
async def test_what_is_not_published_is_told_to_nobody_else(served: Served, headers: dict[str, str]) -> None:
    """POL-38: figures that change by the hour cannot be protected; published ones can."""
    machine = await served.client.get(f"/reports/{PERIOD}.json", headers=headers)
    page = await served.client.get(f"/reports/{PERIOD}", headers={**headers, "Accept": "text/html"})
    front = await served.client.get("/", headers=headers)

    assert (machine.status_code, machine.headers["content-type"]) == (404, PROBLEM_TYPE)
    assert (page.status_code, "Ce rapport n’est pas publié" in page.text) == (404, True)
    assert "Aucun rapport n’est encore publié." in front.text
    assert "reports/2024" not in front.text


@pytest.mark.parametrize("headers", [{}, ROADS], ids=["public", "a department"])
async def test_what_is_published_is_told_to_everybody_with_small_counts_withheld(
    served: Served, headers: dict[str, str]
) -> None:
    """POL-38."""
    await publish(served)

    machine = (await served.client.get(f"/reports/{PERIOD}.json", headers=headers)).json()
    page = await served.client.get(f"/reports/{PERIOD}", headers=headers)
    front = await served.client.get("/", headers=headers)

    assert machine["edition"] == "public"
    assert page.headers["content-security-policy"] == f"{POLICY}; frame-ancestors 'none'"
    assert '<b class="edition">Édition publique</b>' in page.text
    assert f'href="reports/{PERIOD}"' in front.text
    cells = [cell for table in machine["tables"] for row in table["rows"] for cell in row["cells"]]
    small = [cell for cell in cells if isinstance(cell["value"], int) and 0 < cell["value"] < 5 and "of" not in cell]
    assert [cell for cell in cells if cell.get("withheld")]
    assert not small


FILES = [
    ("pdf", "application/pdf", ".pdf"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"),
    ("csv", "application/zip", "-csv.zip"),
    ("parquet", "application/zip", "-parquet.zip"),
]


async def test_formats_are_downloads_with_a_name(served: Served) -> None:
    """One finds them again in the folder of downloads."""
    for form, media, ending in FILES:
        answer = await served.client.get(f"/reports/{PERIOD}.{form}", headers=DESK)
        english = await served.client.get(f"/reports/2024.{form}", headers=DESK, params={"language": "en"})

        assert (answer.status_code, answer.headers["content-type"]) == (200, media)
        assert answer.headers["content-disposition"] == f'attachment; filename="rapport-{PERIOD}-internal{ending}"'
        assert english.headers["content-disposition"] == f'attachment; filename="report-2024-internal{ending}"'
        if form == "pdf":
            assert "Troisième trimestre 2024" in pypdf.PdfReader(io.BytesIO(answer.content)).pages[0].extract_text()
        else:
            assert zipfile.ZipFile(io.BytesIO(answer.content)).testzip() is None


async def test_a_report_is_told_as_it_was_known_and_what_was_corrected_since(served: Served) -> None:
    """Point 3: in the page, the JSON, and request by request, by reference."""
    asked = {"as_of": str(EARLIER)}
    then = (await served.client.get(f"/reports/{PERIOD}.json", params=asked, headers=DESK)).json()
    now = (await served.client.get(f"/reports/{PERIOD}.json", params={"since": str(EARLIER)}, headers=DESK)).json()
    page = await served.client.get(f"/reports/{PERIOD}", params={"since": str(EARLIER)}, headers=DESK)
    found = await served.client.get(f"/reports/{PERIOD}/differences", params={"earlier": str(EARLIER)}, headers=DESK)

    assert then["position"] == EARLIER
    assert then["requests"]["received"] < now["requests"]["received"]
    corrected = {table["key"]: table for table in now["tables"]}
    figures = {row["key"]: [cell["value"] for cell in row["cells"]] for row in corrected["corrected_figures"]["rows"]}
    assert figures["requests.received"][:2] == [then["requests"]["received"], now["requests"]["received"]]
    assert "Corrigé depuis" in page.text
    assert "Demande par demande" in page.text
    differences = found.json()
    assert differences["earlier"]["position"] == EARLIER
    assert {"reference", "what", "earlier", "later", "requests"} == set(differences["changes"][0])
    assert len(corrected["corrected_requests"]["rows"]) == len(differences["changes"]) > 5
    received = sum(each["requests"] for each in differences["changes"] if each["what"] == "received")
    assert received == now["requests"]["received"] - then["requests"]["received"]


async def test_other_knowledge_than_the_published_is_told_to_readers_alone(served: Served) -> None:
    """POL-38: the difference of two days is a small count."""
    await publish(served)

    as_of = await served.client.get(f"/reports/{PERIOD}.json", params={"as_of": str(EARLIER)})
    differences = await served.client.get(f"/reports/{PERIOD}/differences", params={"earlier": "1"})
    of_roads = await served.client.get(f"/reports/{PERIOD}/differences", params={"earlier": "1"}, headers=ROADS)

    assert [as_of.status_code, differences.status_code, of_roads.status_code] == [422, 401, 404]


async def test_what_is_no_day_and_no_position_is_refused_with_the_mend(served: Served) -> None:
    """RFC 9457."""
    for as_of in ("hier", "2026-13-01", "999999999", "2024-02-30"):
        answer = await served.client.get(f"/reports/{PERIOD}.json", params={"as_of": as_of}, headers=DESK)

        assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM_TYPE)
        assert "position" in answer.json()["detail"]


async def test_what_is_no_period_or_format_is_a_problem_that_says_how_to_write_one(served: Served) -> None:
    """RFC 9457."""
    for path in ("/reports/2024-Q5", "/reports/2024-Q5.json", "/reports/hiver.pdf", "/reports/2024-Q1.doc"):
        answer = await served.client.get(path, headers=DESK)

        assert (answer.status_code, answer.headers["content-type"]) == (404, PROBLEM_TYPE)
        detail = answer.json()["detail"]
        assert "as in 2022-Q1" in detail or "pdf, xlsx, csv, parquet, json" in detail


async def test_the_page_is_there_in_english(served: Served) -> None:
    """English available."""
    page = await served.client.get(f"/reports/{PERIOD}", params={"language": "en"}, headers=DESK)

    assert '<html lang="en-CA">' in page.text
    assert "Third quarter of 2024" in page.text
    assert f'href="{PERIOD}?language=fr"' in page.text

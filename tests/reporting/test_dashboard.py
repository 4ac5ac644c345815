"""The dashboard over HTTP, on real servers: its figures, its lists, and what each reader sees of them."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from collections.abc import AsyncIterator, Iterator
from html.parser import HTMLParser

import asyncpg
import httpx
import pytest
import pytest_asyncio
from tests.reporting.board import (
    FILES,
    PAGES,
    REFERENCES,
    Settled,
    bearer,
    board_api,
    board_town,
    client_of,
    enter,
    received,
    settled,
)
from tests.reporting.projected import town
from tests.reporting.town import settle

from clic_chassis.clock import ManualClock
from clic_chassis.http import PROBLEM_TYPE
from clic_chassis.testing import Server
from clic_reporting.access import COOKIE
from clic_reporting.dashboard.entry import POLICY
from clic_reporting.dashboard.route import ROWS_MAX, addresses
from clic_reporting.dashboard.selection import Cursor, CursorError

TOWN_COMMITS = len(board_town(dt.datetime.now(dt.UTC)))


class Page(HTMLParser):
    """A page taken apart."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        """Text, wherever it stands."""
        self.text += data

    def all(self, name: str) -> list[str]:
        """The values of an attribute, in the page's order."""
        return [values[name] for _, values in self.tags if name in values]


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


async def references(browser: httpx.AsyncClient, address: str, token: str) -> list[str]:
    """What a list shows to somebody: the names in `board_town`."""
    text = (await browser.get(address, headers=bearer(token))).text
    names = {reference: name for name, reference in REFERENCES.items()}
    return [names[each] for each in re.findall(r"2026-[0-9]{6}(?=<)", text) if each in names]


async def test_the_figures_are_those_of_the_small_town(browser: httpx.AsyncClient) -> None:
    """POL-29, POL-32: counted by hand in `board_town`."""
    page = Page((await browser.get("/dashboard", headers=bearer("desk"))).text)
    tiles = re.findall(
        r"([0-9]+) (reçues aujourd’hui|traitées aujourd’hui|en attente|obligations en retard|à risque)", page.text
    )

    assert {name: int(value) for value, name in tiles} == {
        "reçues aujourd’hui": 1,
        "traitées aujourd’hui": 1,
        "en attente": 4,
        "obligations en retard": 1,
        "à risque": 1,
    }
    assert f"La plus ancienne en attente\u00a0: {REFERENCES['late']}" in page.text
    assert f"Position dans le journal\u00a0: {TOWN_COMMITS}" in page.text


async def test_a_department_page_counts_its_own(browser: httpx.AsyncClient) -> None:
    """POL-29."""
    page = Page((await browser.get(PAGES[1], headers=bearer("voirie"))).text)
    own = Page((await browser.get("/dashboard", headers=bearer("voirie"))).text)

    assert "Travaux publics – voirie" in page.text
    for each in (page, own):
        assert "2 en attente" in each.text
        assert "Services juridiques" not in each.text


@pytest.mark.parametrize(
    ("token", "show", "shown"),
    [
        ("desk", "pending", ["late", "waits", "new"]),
        ("direction", "pending", ["late", "waits", "new"]),
        ("voirie", "pending", ["late", "new"]),
        ("greffe", "pending", ["access"]),
        ("both", "pending", ["late", "waits", "access", "new"]),
        ("desk", "late", ["late"]),
        ("greffe", "late", []),
        ("desk", "risk", ["new"]),
        ("desk", "today", ["new"]),
        ("voirie", "risk", ["new"]),
        ("desk", "pending&department=(none)", ["waits"]),
        ("desk", "pending&subject=street_light", ["new"]),
        ("desk", "pending&subject=(none)", ["waits"]),
    ],
)
async def test_a_list_shows_what_its_reader_may_see(
    browser: httpx.AsyncClient, token: str, show: str, shown: list[str]
) -> None:
    """POL-26: a confidential request is listed to the greffe alone."""
    assert await references(browser, f"/dashboard/requests?show={show}", token) == shown


async def test_a_reference_leads_to_its_file_but_for_the_direction(browser: httpx.AsyncClient) -> None:
    """POL-33."""
    link = FILES.format(reference=REFERENCES["late"])

    pages = {name: (await browser.get(PAGES[2], headers=bearer(name))).text for name in ("desk", "voirie", "direction")}
    assert {name: link in text for name, text in pages.items()} == {"desk": True, "voirie": True, "direction": False}


@pytest.mark.parametrize("address", ["/dashboard/departments/clic", "/dashboard/requests?department=clic"])
async def test_a_department_may_not_read_another(browser: httpx.AsyncClient, address: str) -> None:
    """POL-29: and it is told why, as a page or as a problem."""
    page = await browser.get(address, headers=bearer("voirie"))
    problem = await browser.get(address, headers={**bearer("voirie"), "Accept": "application/json"})

    assert (page.status_code, problem.status_code) == (403, 403)
    assert "Vos rôles ne donnent pas à lire « CLIC – accueil et communications »" in Page(page.text).text
    assert problem.headers["content-type"] == PROBLEM_TYPE
    assert "'clic'" in problem.json()["detail"]


@pytest.mark.parametrize("address", [*PAGES, "/login"])
async def test_a_page_is_of_its_language_and_lets_nothing_else_in(browser: httpx.AsyncClient, address: str) -> None:
    """French unless asked otherwise: by the address, by what was asked before, by the browser."""
    await enter(browser, "desk")
    if address == "/login":
        browser.cookies.delete(COOKIE)
    joint = "&" if "?" in address else "?"
    french = await browser.get(address)
    preferred = await browser.get(address, headers={"Accept-Language": "de, en-CA;q=0.8, fr;q=0.5"})
    asked = await browser.get(f"{address}{joint}lang=en", headers={"Accept-Language": "fr"})
    remembered = await browser.get(address, headers={"Accept-Language": "fr"})

    for answer, language in ((french, "fr-CA"), (preferred, "en-CA"), (asked, "en-CA"), (remembered, "en-CA")):
        page = Page(answer.text)
        assert answer.status_code == 200
        assert page.tags[0] == ("html", {"lang": language})
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["cache-control"] == "no-store"
        assert page.all("style") + page.all("onclick") == []
        assert [each for each in page.all("src") + page.all("href") if each.startswith("http")] in (
            [], [FILES.format(reference=REFERENCES["late"])],
        )  # fmt: skip
        assert {"main", "h1", "title"} <= {tag for tag, _ in page.tags}
        tags = [tag for tag, _ in page.tags]
        assert tags.count("table") == tags.count("caption")
        ids = page.all("id")
        assert len(ids) == len(set(ids))
    assert "lang=fr" in re.findall(r'<a href="([^"]+)" lang="fr"', asked.text)[0]


async def test_every_page_of_the_list_for_measuring_answers(browser: httpx.AsyncClient) -> None:
    """What the bench asks for are the pages that there are."""
    for address in addresses(town())[:8] + addresses(town())[-2:]:
        assert (await browser.get(address, headers=bearer("both"))).status_code == 200


async def test_charts_and_files_are_served_from_here(browser: httpx.AsyncClient) -> None:
    """Each chart has its words beside it, its drawing for wide and for narrow screens, and nothing from elsewhere."""
    page = Page((await browser.get("/dashboard", headers=bearer("desk"))).text)
    charts = [each for each in page.all("src") + page.all("srcset") if "/charts/" in each]
    files = [each for each in page.all("href") + page.all("src") if "/static/" in each]

    assert (len(charts), len(files), len([each for each in page.all("alt") if each])) == (6, 2, 3)
    for address in charts:
        drawn = await browser.get(address, headers=bearer("desk"))
        assert (drawn.status_code, drawn.headers["content-type"]) == (200, "image/svg+xml")
        assert "var(--first)" in drawn.text
        assert "immutable" in drawn.headers["cache-control"]
        assert (await browser.get(address)).status_code == 401
    for address in files:
        assert "immutable" in (await browser.get(address)).headers["cache-control"]
    assert (await browser.get("/dashboard/static/..%2Fapp.py")).status_code == 404


@pytest.mark.parametrize(
    "address",
    [
        "/dashboard/charts/flow.svg?d=2026-01,1",
        "/dashboard/charts/pending.svg?d=2026-13,1",
        "/dashboard/charts/other.svg?d=2026-01,1",
        "/dashboard/charts/pending.svg?d=" + ";".join(["2026-01,1"] * 14),
        "/dashboard/charts/pending.svg?d=" + "9" * 2000,
        "/dashboard/requests?show=everything",
        "/dashboard/requests?after=5_nonsense_",
        "/dashboard/requests?subject=" + "x" * 200,
    ],
)
async def test_what_is_no_page_of_ours_is_a_problem(browser: httpx.AsyncClient, address: str) -> None:
    """RFC 9457; nothing is drawn or read of it."""
    answer = await browser.get(address, headers=bearer("desk"))

    assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM_TYPE)


async def test_a_department_that_there_is_not_is_told(browser: httpx.AsyncClient) -> None:
    """As a page for a person."""
    answer = await browser.get("/dashboard/departments/lune", headers=bearer("desk"))

    assert answer.status_code == 404
    assert "La Ville n’a pas de service « lune »." in Page(answer.text).text


@pytest.mark.parametrize("show", ["pending", "quarter"])
async def test_a_list_goes_on_where_its_page_ended(postgres_url: str, show: str) -> None:
    """No request twice, none left out."""
    now = dt.datetime.now(dt.UTC)
    many = [each for n in range(ROWS_MAX + 7) for each in received(f"{n:06d}", now, "clic", reference=f"2026-9{n:05d}")]
    async with contextlib.AsyncExitStack() as stack:
        pool = await stack.enter_async_context(asyncpg.create_pool(postgres_url, min_size=1, max_size=2))
        async with pool.acquire() as connection:
            await settle(connection, *many)
        client = await stack.enter_async_context(client_of(board_api(pool, ManualClock(now))[0], **bearer("desk")))
        found: list[str] = []
        address: str | None = f"/dashboard/requests?show={show}"
        pages = 0
        while address is not None:
            text = (await client.get(address)).text
            found += re.findall(r"2026-9[0-9]{5}(?=<)", text)
            following = re.findall(r'<a href="([^"]+)" rel="next"', text)
            address = following[0].replace("&amp;", "&") if following else None
            pages += 1

    assert pages == 2
    assert sorted(found) == [f"2026-9{n:05d}" for n in range(ROWS_MAX + 7)]


@pytest.mark.parametrize(
    "text", ["", "x", "-1__", "99999999999999999999__", "1_2026-01-01T00:00:00_", "1__" + "y" * 200]
)
def test_a_cursor_that_is_none_is_refused(text: str) -> None:
    """It says how to go on."""
    with pytest.raises(CursorError, match="begin without it"):
        Cursor.parse(text)

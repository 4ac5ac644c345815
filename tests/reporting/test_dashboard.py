"""The dashboard over HTTP, on real servers: its figures, its lists, who reads them, and how soon they tell an event."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import re
from collections.abc import AsyncIterator, Iterator
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path
from time import monotonic

import asyncpg
import httpx
import pytest
import pytest_asyncio
from nats.aio.client import Client
from pydantic import SecretStr
from structlog.testing import capture_logs
from tests.place import TOWN_DIR
from tests.reporting.board import (
    FILES,
    REFERENCES,
    Settled,
    agents,
    bearer,
    board_api,
    board_town,
    client_of,
    received,
    served,
    settled,
)
from tests.reporting.history import append
from tests.reporting.projected import town
from tests.reporting.town import settle

from clic_chassis.clock import ManualClock, SystemClock
from clic_chassis.http import PROBLEM_TYPE
from clic_chassis.service import open_runtime
from clic_chassis.telemetry import METRICS
from clic_chassis.testing import Server, at_work, wait_until
from clic_contracts.envelope import Commit
from clic_contracts.vocabulary import Service
from clic_reporting.access import COOKIE, COOKIE_SECURE
from clic_reporting.app import wire
from clic_reporting.dashboard import live as live_module
from clic_reporting.dashboard.entry import POLICY
from clic_reporting.dashboard.live import Changes, FullError
from clic_reporting.dashboard.route import ROWS_MAX, addresses
from clic_reporting.dashboard.selection import Cursor, CursorError
from clic_reporting.settings import Settings

TOWN_COMMITS = len(board_town(dt.datetime.now(dt.UTC)))
PAGES = ("/dashboard", "/dashboard/departments/travaux_publics_voirie", "/dashboard/requests?show=late")


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


async def enter(browser: httpx.AsyncClient, token: str, then: str = "/dashboard") -> httpx.Response:
    return await browser.post("/login", data={"token": token, "then": then})


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
    answer = await browser.post("/login", data={"token": "desk"}, headers={"X-Forwarded-Proto": "https"})

    assert answer.headers["set-cookie"].startswith(f"{COOKIE_SECURE}=")
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
    many = [
        each
        for n in range(ROWS_MAX + 7)
        for each in received(f"{n:06d}", now - dt.timedelta(seconds=2), "clic", reference=f"2026-9{n:05d}")
    ]
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


async def test_before_anything_is_folded_the_answer_is_not_yet(postgres_url: str) -> None:
    """Not an error of ours, and the live stream waits."""
    async with asyncpg.create_pool(postgres_url, min_size=1, max_size=2) as pool:
        api, changes = board_api(pool, SystemClock())
        async with client_of(api, **bearer("desk")) as client:
            answer = await client.get("/dashboard")
        with changes.seat("desk"):
            async with at_work(changes):
                await pool.fetchval("SELECT 1")

    assert answer.status_code == 503
    assert changes.position is None


async def test_viewers_are_bounded(pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """One reader's forgotten pages do not take the places of the others."""
    monkeypatch.setattr(live_module, "VIEWERS_MAX", 4)
    monkeypatch.setattr(live_module, "VIEWERS_EACH_MAX", 3)
    changes = Changes(pool)
    with contextlib.ExitStack() as seats:
        for _ in range(3):
            seats.enter_context(changes.seat("desk"))
        with pytest.raises(FullError), changes.seat("desk"):
            pass
        seats.enter_context(changes.seat("voirie"))
        with pytest.raises(FullError), changes.seat("greffe"):
            pass
        api, _ = board_api(pool, SystemClock())
    assert changes.viewers == 0
    async with client_of(api, **bearer("desk")) as client:
        monkeypatch.setattr(live_module, "VIEWERS_MAX", 0)
        answer = await client.get("/dashboard/live")
    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)


async def test_an_event_is_on_the_page_within_a_second(
    nats: Client, nats_url: str, postgres_url: str, tmp_path: Path
) -> None:
    """From the log over the projection and the stream of changes to the page, wired as it runs.

    The limit is generous, as machines of tests are shared; the second itself is for the bench.
    """
    file = tmp_path / "agents.json"
    file.write_text(json.dumps({digest: each.model_dump() for digest, each in agents().items()}), encoding="utf-8")
    settings = Settings(nats_url=nats_url, postgres_url=SecretStr(postgres_url), town_dir=TOWN_DIR, agents_file=file)
    facts = [received(f"90000{n}", dt.datetime.now(dt.UTC), "clic") for n in range(2)]
    commits = [Commit(n, Service.INTAKE, of[0].request_id, (of[0],)) for n, of in enumerate(facts, 1)]
    async with open_runtime("reporting", settings) as runtime:
        wiring = await wire(runtime)
        assert wiring.http is not None
        async with served(wiring.http) as url, httpx.AsyncClient(base_url=url, headers=bearer("desk")) as client:
            async with at_work(*wiring.components):
                await append(nats, commits[:1])

                async def there() -> bool:
                    return "1 en attente" in Page((await client.get("/dashboard")).text).text

                await wait_until(there, what="the first request is on the page")
                async with client.stream("GET", "/dashboard/live", timeout=20) as stream:
                    lines = stream.aiter_lines()
                    told = [line async for line in _data(lines, until="1")]
                    began = monotonic()
                    await append(nats, commits[1:])
                    told += [line async for line in _data(lines, until="2")]
                    text = Page((await client.get("/dashboard", headers={"X-Clic-Live": "1"})).text).text
                    took_s = monotonic() - began
            assert stream.headers["content-type"].startswith("text/event-stream")

    assert told == ["1", "2"]
    assert "2 en attente" in text
    assert took_s < 8


async def _data(lines: AsyncIterator[str], *, until: str) -> AsyncIterator[str]:
    """The data of a stream's events, to the one that is waited for."""
    async for line in lines:
        if line.startswith("data: "):
            yield line.removeprefix("data: ")
            if line == f"data: {until}":
                return


async def test_a_stop_ends_the_streams(pool: asyncpg.Pool) -> None:
    """A page that is open does not hold up the service's stop."""
    api, changes = board_api(pool, SystemClock())
    async with contextlib.AsyncExitStack() as stack:
        url = await stack.enter_async_context(served(api))
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=url, headers=bearer("desk"), timeout=20))
        async with at_work(changes):
            stream = await stack.enter_async_context(client.stream("GET", "/dashboard/live"))
            lines = stream.aiter_lines()
            assert [each async for each in _data(lines, until=str(TOWN_COMMITS))]
        assert [line async for line in lines if line.startswith("data: ")] == []
    await wait_until(lambda: changes.viewers == 0, what="nobody watches")


def test_the_script_is_small_and_by_itself() -> None:
    """It can be read in one sitting, and loads nothing."""
    script = resources.files("clic_reporting").joinpath("static/dashboard.js").read_text(encoding="utf-8")
    assert len(script.splitlines()) <= 100
    assert "import" not in script
    assert "innerHTML" not in script

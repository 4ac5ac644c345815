"""The dashboard in a browser: accessible, by keyboard, on a telephone, on paper, without scripts, and live."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, expect
from tests.axe import violations
from tests.reporting.board import Settled, board_api, received, served, settled
from tests.reporting.projected import Projected

from clic_chassis.clock import SystemClock
from clic_chassis.testing import Server, at_work
from clic_contracts.envelope import Commit
from clic_contracts.vocabulary import Service

PAGES = (
    "/dashboard",
    "/dashboard/departments/travaux_publics_voirie",
    "/dashboard/departments/lune",
    "/dashboard/requests",
    "/dashboard/requests?show=late",
)
PATIENCE_MS = 60_000
DESK = {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def small(postgres_server: Server) -> Iterator[Settled]:
    """The small town's tables; the test of what is live adds to them, and is the last."""
    yield from settled(postgres_server.url)


@pytest_asyncio.fixture
async def address(small: Settled) -> AsyncIterator[str]:
    """Where the dashboard is served, with what keeps it live."""
    async with contextlib.AsyncExitStack() as stack:
        pool = await stack.enter_async_context(asyncpg.create_pool(small.url, min_size=1, max_size=4))
        api, changes = board_api(pool, SystemClock())
        url = await stack.enter_async_context(served(api))
        await stack.enter_async_context(at_work(changes))
        yield url


async def entered(browser: Browser, address: str, token: str = "both", **look: object) -> tuple[BrowserContext, Page]:
    """A person's browser, past the entrance."""
    context = await browser.new_context(**{"locale": "fr-CA", "viewport": DESK, **look})  # type: ignore[arg-type]  # Each by its own name.
    page = await context.new_page()
    await page.goto(f"{address}/dashboard")
    await page.fill("#token", token)
    await page.press("#token", "Enter")
    await page.wait_for_url("**/dashboard")
    return context, page


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_axe_finds_nothing_on_any_page_in_either_language(browser: Browser, address: str) -> None:
    """SGQRI 008, WCAG 2.1 AA: the entrance, every page, and what is refused."""
    context, page = await entered(browser, address)
    found = []
    for language in ("fr", "en"):
        for each in PAGES:
            joint = "&" if "?" in each else "?"
            await page.goto(f"{address}{each}{joint}lang={language}")
            if each == PAGES[0]:
                await page.locator("summary").click()
            found += await violations(page)
    await context.clear_cookies()
    for language in ("fr", "en"):
        await page.goto(f"{address}/login?lang={language}")
        found += await violations(page)
        await page.fill("#token", "wrong")
        await page.press("#token", "Enter")
        await page.wait_for_selector("#why")
        await page.wait_for_load_state()  # The rest of the page, and its style.
        found += await violations(page)
    await context.close()

    assert found == []


async def test_everything_can_be_reached_and_done_by_keyboard(browser: Browser, address: str) -> None:
    """The first key leads past the navigation; what has the focus shows it; lists and tables open without a mouse."""
    context, page = await entered(browser, address)
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.className") == "skip"
    await page.keyboard.press("Enter")
    assert await page.evaluate("location.hash") == "#contenu"

    seen, outlines = [], []
    for _ in range(60):
        await page.keyboard.press("Tab")
        at = await page.evaluate(
            "(() => { const e = document.activeElement; return [e.tagName, e.getAttribute('href') || e.id || '', "
            "getComputedStyle(e).outlineStyle, e.getBoundingClientRect().width > 0]; })()"
        )
        if at[0] == "BODY":
            break
        seen.append(at[1])
        outlines.append((at[2], at[3]))
        if at[0] == "SUMMARY":
            await page.keyboard.press("Enter")
    assert {"/dashboard/requests?show=pending", "/dashboard/requests?show=late"} <= set(seen)
    assert "/dashboard/departments/travaux_publics_voirie" in seen
    assert set(outlines) == {("solid", True)}
    assert await page.locator("#trends-table").get_attribute("open") is not None

    await page.goto(f"{address}/dashboard/requests")
    await page.focus("select[name=show]")
    await page.keyboard.press("O")  # Of several letters a browser forgets the first when the second is a second late.
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**show=late**")
    assert await page.locator("tbody tr").count() == 1
    await context.close()


async def test_it_can_be_read_without_scripts(browser: Browser, address: str) -> None:
    """Only what keeps it up to date is missing."""
    context, page = await entered(browser, address, java_script_enabled=False)

    assert await page.locator(".tiles a").first.is_visible()
    assert await page.locator("img").count() == 3
    assert not await page.locator("[data-live-mark]").is_visible()
    await page.locator(".tiles a", has_text="en retard").click()
    await page.wait_for_url("**show=late**")
    assert await page.locator("tbody tr").count() == 1
    await page.locator("header button").click()
    await page.wait_for_url("**/login")
    await context.close()


async def test_nothing_is_refused_by_the_policy_of_the_page(browser: Browser, address: str) -> None:
    """The browser complains of nothing, and every drawing is there."""
    context, page = await entered(browser, address)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    await page.goto(f"{address}/dashboard", wait_until="load")
    await page.wait_for_selector("[data-live-mark]:visible")
    drawn = await page.evaluate("[...document.images].map(each => each.complete && each.naturalWidth > 0)")
    await context.close()

    assert said == []
    assert drawn == [True] * 3


async def test_paper_shows_the_figures_and_what_is_folded_away(browser: Browser, address: str) -> None:
    """Without navigation and buttons, with the table of the trends, in ink on paper."""
    context, page = await entered(browser, address, color_scheme="dark")
    await page.emulate_media(media="print")
    hidden = [await page.locator(each).first.is_visible() for each in ("nav", "header button", "summary", ".skip")]
    colours = await page.evaluate(
        "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
    )
    table = await page.locator("#trends-table table").evaluate("each => each.getBoundingClientRect().height > 0")
    await context.close()

    assert hidden == [False] * 4
    assert colours == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]
    assert table


async def test_nothing_moves_for_who_wants_it_still(browser: Browser, address: str) -> None:
    """prefers-reduced-motion."""
    context, page = await entered(browser, address, reduced_motion="reduce")
    still = await page.evaluate("getComputedStyle(document.querySelector('.live'), '::before').animationName")
    await context.close()

    assert still == "none"


async def test_a_live_page_keeps_the_focus_and_what_was_opened(browser: Browser, address: str, small: Settled) -> None:
    """An event shows by itself; who is reading is not disturbed, and a screen reader is told politely."""
    context, page = await entered(browser, address)
    await page.wait_for_selector("[data-live-mark]:visible")
    await page.locator("summary").click()
    tile = page.locator(".tiles a[href='/dashboard/requests?show=pending']")
    await tile.focus()
    assert await tile.locator("b").inner_text() == "4"

    connection = await asyncpg.connect(small.url)
    position = await connection.fetchval("SELECT sequence FROM reporting.checkpoint")
    projected = Projected(connection)
    facts = received("900001", small.now, "clic")
    await projected.fold(
        [Commit(position + n, Service.INTAKE, each.request_id, (each,)) for n, each in enumerate(facts, 1)]
    )
    await connection.close()
    await expect(tile.locator("b")).to_have_text("5", timeout=PATIENCE_MS)
    await expect(page.locator("main")).to_have_attribute(
        "data-position", str(position + len(facts)), timeout=PATIENCE_MS
    )

    assert await page.evaluate("document.activeElement.getAttribute('href')") == "/dashboard/requests?show=pending"
    assert await page.locator("#trends-table").get_attribute("open") is not None
    await expect(page.locator("[data-announced]")).to_contain_text("en attente\u00a0: 5", timeout=PATIENCE_MS)
    await context.close()

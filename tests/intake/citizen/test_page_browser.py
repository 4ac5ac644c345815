"""The citizens' pages in a browser: accessible in every look, by keyboard, on the narrowest telephone, on paper."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, BrowserContext, Page
from tests.axe import shown, violations
from tests.intake.citizen.visit import Hall, Link

pytestmark = pytest.mark.timeout(300)  # Axe alone takes two minutes on a machine that is busy with ten other things.

DESK = {"width": 1280, "height": 900}


async def visiting(browser: Browser, **look: object) -> tuple[BrowserContext, Page]:
    context = await browser.new_context(**{"locale": "fr-CA", "viewport": DESK, **look})  # type: ignore[arg-type]  # Each by its own name.
    return context, await context.new_page()


async def first_step(page: Page, hall: Hall, language: str, subject: str = "pothole") -> None:
    await page.goto(f"{hall.address}/demande?lang={language}")
    await page.check("#f-kind-complaint")
    await page.select_option("#f-subject", subject)
    await page.fill("#f-text", "Ma jante est brisée par un nid-de-poule.")
    await page.click("main button")
    await page.wait_for_url("**/demande/sujet")


async def whole_way(page: Page, hall: Hall, language: str) -> tuple[list[str], Link]:
    """Every page of the form, its faults included; what axe finds, and the link at its end."""
    await page.goto(f"{hall.address}/demande?lang={language}")
    found = await violations(page)
    await page.evaluate("document.querySelectorAll('form').forEach(each => each.noValidate = true)")
    await page.click("main button")
    await shown(page, "#faults")
    found += await violations(page)
    await first_step(page, hall, language)
    found += await violations(page)
    await page.click("form[action='/demande/suite'] button")
    await page.wait_for_url("**/demande/suite")
    found += await violations(page)
    await page.click("main .actions button")
    await shown(page, "#faults")
    found += await violations(page)
    await page.fill("#f-name", "Camille Exemple")
    await page.fill("#f-phone", "450 555-0134")
    await page.click("main .actions button")
    await page.wait_for_url("**/suivi/**")
    link = Link(*page.url.partition("?")[0].split("/")[-2:])
    return found, link


async def tracked(page: Page, hall: Hall, link: Link, language: str) -> list[str]:
    """The tracking page with everything unfolded, as it changes."""
    found = []
    for state in ("new", "asked", "closed"):
        if state == "asked":
            await hall.route(link)
            await hall.command(link, "ask", channel="phone", missing=["name", "contact", "precision"])
        if state == "closed":
            await hall.close(link)
        await page.goto(f"{hall.address}{link.path}?lang={language}")
        for each in await page.locator("summary").all():
            await each.click()
        found += await violations(page)
    await page.goto(f"{hall.address}/suivi/2026-999999/x?lang={language}")
    return found + await violations(page)


@pytest.mark.slow
async def test_axe_finds_nothing_on_any_page(browser: Browser, hall: Hall) -> None:
    """SGQRI 008, WCAG 2.1 AA, at 320 pixels, too."""
    context, page = await visiting(browser)
    found: list[str] = []
    for language in ("fr", "en"):
        more, link = await whole_way(page, hall, language)
        found += more
        found += await tracked(page, hall, link, language)
    await context.close()

    assert found == []


@pytest.mark.slow
async def test_a_request_is_made_by_keyboard_alone(browser: Browser, hall: Hall) -> None:
    """What has the focus shows it; the first key leads past the header; a fault leads to its field."""
    context, page = await visiting(browser)
    await page.goto(f"{hall.address}/demande")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.className") == "skip"
    await page.keyboard.press("Enter")
    outlines = set()

    async def to(element: str) -> None:
        for _ in range(30):
            await page.keyboard.press("Tab")
            at, outline = await page.evaluate(
                "[document.activeElement.id || document.activeElement.tagName, "
                "getComputedStyle(document.activeElement).outlineStyle]"
            )
            outlines.add(outline)
            if at == element:
                return
        raise AssertionError(f"the keyboard does not reach {element}")

    await to("f-kind-report")
    await page.keyboard.press("Space")
    await to("f-text")
    await page.keyboard.type("Une girafe quantique.")
    await to("BUTTON")
    await page.keyboard.press("Enter")
    await shown(page, "#f-name")
    await to("f-phone")
    await page.keyboard.type("450 555-0134")
    await to("f-files")
    await to("BUTTON")
    await page.keyboard.press("Enter")
    await shown(page, "#faults")
    await to("A")  # The town's name
    await page.focus("#faults a")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**#f-name")
    await page.locator("#f-name:focus").wait_for()
    await page.keyboard.type("Camille Exemple")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/suivi/**")
    await context.close()

    assert outlines == {"solid"}


async def test_the_browser_complains_of_nothing_and_loads_nothing_from_elsewhere(browser: Browser, hall: Hall) -> None:
    """The page's policy lets its own style in, and nothing else is asked for."""
    context, page = await visiting(browser)
    said: list[str] = []
    asked: set[str] = set()
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda request: asked.add(request.url.partition("?")[0]))
    await page.goto(f"{hall.address}/demande", wait_until="load")
    await context.close()

    assert said == []
    assert {each for each in asked if not each.startswith("data:")} == {
        f"{hall.address}/demande", f"{hall.address}/static/desk.css",
    }  # fmt: skip


async def test_paper_shows_the_steps_and_no_buttons(browser: Browser, hall: Hall) -> None:
    """In ink on paper, also for who reads in the dark."""
    context, page = await visiting(browser, color_scheme="dark")
    _, link = await whole_way(page, hall, "fr")
    await page.goto(f"{hall.address}{link.path}")
    await page.emulate_media(media="print")
    hidden = [await page.locator(each).first.is_visible() for each in ("form", "details", ".who", ".skip")]
    colours = await page.evaluate(
        "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
    )
    steps = await page.locator(".steps li").count()
    await context.close()

    assert hidden == [False] * 4
    assert colours == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]
    assert steps > 2

"""The agents' pages in a browser: accessible, by keyboard, on a telephone, on paper, and without scripts.

With `CLIC_SCREENSHOTS` set to a folder, what was seen is kept there: `docs/screenshots/desk-*.png`.
"""

from __future__ import annotations

import pytest
from playwright.async_api import Browser
from tests.axe import seen, shown, violations
from tests.intake.desk_page.visit import Bureau, entered

pytestmark = pytest.mark.timeout(300)  # A busy machine draws a page in seconds.


async def peopled(bureau: Bureau) -> str:
    """A late request, one at risk, and one that no rule foresaw and that waits for the citizen; the first one's id."""
    late = await bureau.received()
    await bureau.routed(late, "clic", first_line=True)
    await bureau.due(late, -30)
    risky = await bureau.received(subject="street_light", place={"sector": "gare"})
    await bureau.routed(risky, "clic")
    await bureau.due(risky, 5, warned=True)
    unusual = await bureau.received(subject=None, kind="complaint", requester=None)
    await bureau.routed(unusual, "clic", unusual=True)
    return late


@pytest.mark.slow
async def test_axe_finds_nothing_on_any_page(browser: Browser, bureau: Bureau) -> None:
    """WCAG 2.1 AA: entrance, list, story, what was opened, an unfit file, forms, faults, a conflict, what is not."""
    request_id = await peopled(bureau)
    context, page = await entered(browser, bureau)
    here = f"{bureau.address}/desk/requests/{request_id}"
    found = []
    await page.locator("summary").click()
    found += await violations(page)
    await seen(page, "desk-list")
    for path in ("do/describe", "do/answer", "do/ask", "do/merge", "do/split"):
        await page.goto(f"{here}/{path}?lang={'en' if path == 'do/ask' else 'fr'}")
        found += await violations(page)

    await page.goto(f"{here}/do/describe?lang=fr")
    await page.get_by_label("Texte publié").fill("Trou devant une école.")
    async with bureau.client("greffe") as other:
        await other.do(request_id, "describe", public_text="Trou devant un parc.")
    await page.get_by_role("button", name="Décrire pour le public").click()
    await shown(page, "#meanwhile")
    found += await violations(page)
    await seen(page, "desk-conflict")
    await page.goto(f"{here}/do/note")
    await page.get_by_role("button", name="Ajouter une note").click()
    await shown(page, "#faults")
    found += await violations(page)

    await page.goto(here)
    found += await violations(page)
    await page.fill("#reason", "Rappeler la personne")
    await page.get_by_role("button", name="Ouvrir").click()
    await shown(page, ".opened")
    found += await violations(page)
    await seen(page, "desk-request")
    await page.get_by_text("Autres organismes").click()
    await page.set_input_files("#f-file", {"name": "page.html", "mimeType": "text/html", "buffer": b"<html></html>"})
    await page.get_by_role("button", name="Ajouter", exact=True).click()
    await shown(page, ".fault")
    found += await violations(page)
    await seen(page, "desk-file")
    await page.goto(f"{bureau.address}/desk/search?q=2020-000001")
    found += await violations(page)
    await context.clear_cookies()
    await page.goto(f"{bureau.address}/login")
    await page.fill("#token", "wrong")
    await page.press("#token", "Enter")
    await shown(page, "#why")
    found += await violations(page)
    await context.close()

    assert found == []


@pytest.mark.slow
async def test_a_request_is_treated_by_keyboard_without_scripts(browser: Browser, bureau: Bureau) -> None:
    """The first key leads past the navigation; what has the focus shows it; a request is found, taken and answered."""
    request_id = await peopled(bureau)
    context, page = await entered(browser, bureau, java_script_enabled=False)
    await page.keyboard.press("Tab")
    assert await page.locator(":focus").get_attribute("class") == "skip"
    await page.keyboard.press("Enter")
    await page.wait_for_url("**#contenu")
    await page.focus("#q")
    await page.keyboard.type("1")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/desk/requests/{request_id}")

    await page.get_by_role("button", name="Prendre en charge").focus()
    assert await page.locator(":focus").is_visible()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**done=take")
    assert "alex.exemple" in await page.locator("main").inner_text()
    await page.get_by_role("link", name="Noter la réponse donnée").focus()
    await page.keyboard.press("Enter")
    await page.get_by_label("Par quel canal").select_option("phone")
    await page.get_by_label("Ce qui a été répondu").fill("Ce sera réparé mardi.")
    await page.get_by_role("button", name="Noter la réponse donnée").press("Enter")
    await page.wait_for_url("**done=answer")
    assert "Réponse donnée" in await page.locator("main").inner_text()
    await context.close()


@pytest.mark.slow
async def test_paper_shows_the_story_and_neither_commands_nor_navigation(browser: Browser, bureau: Bureau) -> None:
    """POL-28: the file of a request, in ink on paper."""
    request_id = await peopled(bureau)
    context, page = await entered(browser, bureau, color_scheme="dark")
    await page.goto(f"{bureau.address}/desk/requests/{request_id}")
    await page.emulate_media(media="print")
    hidden = [await page.locator(each).first.is_visible() for each in (".who", ".commands", ".seal", ".back")]
    colours = await page.evaluate(
        "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
    )
    told = await page.locator(".story li").first.is_visible()
    await context.close()

    assert hidden == [False] * 4
    assert colours == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]
    assert told

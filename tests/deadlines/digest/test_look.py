"""The digest as a mail program shows it: accessible, on a telephone too.

With `CLIC_SCREENSHOTS` set to a folder, what was seen is kept there: `docs/screenshots/digest*.png`.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from playwright.async_api import ViewportSize, async_playwright
from tests.deadlines.digest.docket import HOUR, MORNING, THURSDAY
from tests.place import TOWN_DIR

from clic_chassis.town_file import read_town
from clic_deadlines.core.calendar import Calendar
from clic_deadlines.core.digest import Notice, digest
from clic_deadlines.core.digest_text import write
from clic_deadlines.core.moment import Moment

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
"""SGQRI 008, WCAG 2.1 AA."""
WINDOWS = {"": ViewportSize(width=760, height=600), "-telephone": ViewportSize(width=360, height=640)}


@pytest.mark.slow
async def test_axe_finds_nothing_and_nothing_is_wider_than_a_telephone(chromium: str) -> None:
    """WCAG 2.1 AA, of each notice in each width."""
    town = read_town(TOWN_DIR)
    moment = Moment.of(Calendar(town.calendar), THURSDAY, HOUR)
    found = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for notice, code in (
            (Notice.DEPARTMENT, "travaux_publics_voirie"),
            (Notice.HEAD, "travaux_publics_voirie"),
            (Notice.GENERAL_MANAGEMENT, "direction_generale"),
        ):
            page_text = write(digest(notice, code, MORNING, town, moment)).html
            for width, window in WINDOWS.items():
                page = await browser.new_page(viewport=window)
                await page.set_content(page_text)
                await page.evaluate(AXE_FILE_PATH.read_text(encoding="utf-8"))
                told = await page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
                found += [f"{notice}{width}: {each['id']}" for each in told["violations"]]
                if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                    found.append(f"{notice}{width}: wider than its window")
                folder = os.environ.get("CLIC_SCREENSHOTS")
                if folder and notice is Notice.DEPARTMENT:
                    await page.screenshot(path=Path(folder) / f"digest{width}.png", full_page=True)
        await browser.close()
    assert found == []

"""What axe finds on a page, in each look in which people see it. Source: SGQRI 008, WCAG 2.1 AA."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Literal

from axe_playwright_python.base import AXE_FILE_PATH
from playwright.async_api import Page, ViewportSize

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
CONTRAST = "color-contrast"
"""What axe needs most of its time for, and all that a dark page can have wrong beside a light one."""
TELEPHONE: ViewportSize = {"width": 320, "height": 640}
"""The narrowest on which nothing may run out of the window (WCAG 2.1, 1.4.10)."""

Look = Literal["light", "dark", "telephone"]
OPTIONS: dict[Look, dict[str, Any]] = {
    "light": {"runOnly": RULES},
    "dark": {"runOnly": {"type": "rule", "values": [CONTRAST]}},
    "telephone": {"runOnly": RULES, "rules": {CONTRAST: {"enabled": False}}},
}


async def shown(page: Page, element: str) -> None:
    """Wait for the page that has this element, the whole of it: its end may come after its beginning."""
    await page.wait_for_selector(element)
    await page.wait_for_load_state()


async def looks(page: Page) -> AsyncIterator[Look]:
    """The page in one look after the other: as it was opened, in the dark, on a telephone. It is light afterwards."""
    size = page.viewport_size
    assert size is not None
    yield "light"
    await page.emulate_media(color_scheme="dark")
    yield "dark"
    await page.emulate_media(color_scheme="light")
    await page.set_viewport_size(TELEPHONE)
    yield "telephone"
    await page.set_viewport_size(size)


async def violations(page: Page) -> list[str]:
    """What axe finds, as `look, rule: the element`, and where the page is wider than its window.

    It is run past the page's policy, which lets no script in.
    """
    await page.evaluate(AXE_FILE_PATH.read_text(encoding="utf-8"))
    said: list[str] = []
    async for look in looks(page):
        found = await page.evaluate("options => axe.run(document, options)", OPTIONS[look])
        said += [
            f"{look}, {each['id']}: {node['html'][:160]}" for each in found["violations"] for node in each["nodes"]
        ]
        if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            said.append(f"{look}, wider than the window: {page.url}")
    return said


async def seen(page: Page, name: str) -> None:
    """Keep what is seen, in each look, where `CLIC_SCREENSHOTS` names a folder: `docs/screenshots`."""
    if folder := os.environ.get("CLIC_SCREENSHOTS"):
        async for look in looks(page):
            await page.screenshot(path=Path(folder) / f"{name}-{look}.png", full_page=True)

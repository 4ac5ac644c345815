"""The check of pages finds what is wrong in one look alone."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser
from tests.axe import violations

PAGE = """<!doctype html><html lang="fr"><head><title>Girafe</title>
<meta name="viewport" content="width=device-width"><style>
body { color: #111; background: #fff } %s
</style></head><body><main><h1>Girafe</h1><p>Une girafe quantique.</p>%s</main></body></html>"""


@pytest.mark.parametrize(
    ("style", "content", "found"),
    [
        ("", "", []),
        ("@media (prefers-color-scheme: light) { p { color: #ccc } }", "", ["light, color-contrast"]),
        ("@media (prefers-color-scheme: dark) { p { color: #ccc } }", "", ["dark, color-contrast"]),
        ("p { min-width: 400px }", "", ["telephone, wider than the window"]),
        ("", "<img src='data:,'>", ["light, image-alt", "telephone, image-alt"]),
    ],
)
async def test_a_fault_is_found_in_the_look_that_has_it(
    browser: Browser, style: str, content: str, found: list[str]
) -> None:
    page = await browser.new_page()
    await page.set_content(PAGE % (style, content))
    said = [each.partition(":")[0] for each in await violations(page)]
    await page.close()

    assert said == found

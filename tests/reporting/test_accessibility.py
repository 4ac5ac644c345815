"""The page in a browser: axe finds nothing, on a screen and on a telephone. Source: SGQRI 008 (WCAG 2.1 AA)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, sync_playwright
from tests.reporting.counted import KNOWN_AT, VERSIONS, comparison, counted, internal
from tests.reporting.projected import town

from clic_contracts.vocabulary import Language
from clic_reporting.core.counting import balances
from clic_reporting.core.figure import Overview
from clic_reporting.page import Pages, links_of

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}
PAGES = Pages(town())
FEW = counted(requests=12)
"""Rows enough for every sort of table: what axe takes grows with the page."""
QUARTER, YEAR = comparison("2026-Q2", FEW), comparison("2025", FEW)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """A browser without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"], timeout=60_000
        )
        yield browser
        browser.close()


def html_of(name: str) -> str:
    """One of the pages."""
    overview = Overview(quarters=balances(FEW), position=48_213, updated_at=KNOWN_AT, versions=VERSIONS)
    pages = {
        "quarter": lambda: PAGES.report(internal(QUARTER), links=links_of(QUARTER, Language.FR, {})),
        "year": lambda: PAGES.report(internal(YEAR, Language.EN), links=links_of(YEAR, Language.EN, {})),
        "front": lambda: PAGES.front(
            overview, today=KNOWN_AT.date(), links={"Réception": "http://127.0.0.1:8081/docs"}
        ),
        "missing": lambda: PAGES.missing("2026-Q4"),
    }
    return pages[name]()


@pytest.mark.parametrize(
    ("name", "width", "scheme"),
    [("quarter", 1280, "light"), ("year", 390, "dark"), ("front", 390, "light"), ("missing", 1280, "dark")],
)
def test_a_page_has_nothing_that_axe_knows_to_be_a_barrier(
    browser: Browser, name: str, width: int, scheme: Any
) -> None:
    """For who reads by ear, by keyboard, enlarged, or in the dark; and nothing runs out of the screen."""
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
    page.set_content(html_of(name))

    found = Axe().run(page, options=RULES)
    across = page.evaluate("document.documentElement.scrollWidth")
    page.close()

    assert found.violations_count == 0, found.generate_report()
    assert across <= width

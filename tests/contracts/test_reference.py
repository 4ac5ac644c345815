"""The reference for people: whole, readable by everybody, and its links lead somewhere."""

from __future__ import annotations

import re
from typing import Any

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from playwright.async_api import Browser
from tests.place import ROOT

from clic_contracts.artifact import REFERENCE, artifacts
from clic_contracts.asyncapi import asyncapi
from clic_contracts.event import EVENTS
from clic_contracts.feed import FEED_EVENTS
from clic_contracts.reference import reference
from clic_contracts.schema import schemas
from clic_contracts.submission import SUBMISSIONS
from clic_contracts.word import FEED_WORDS, SUBMISSION_WORDS

PAGE = reference(schemas(), asyncapi())
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def test_every_type_that_others_send_or_hear_is_there_in_both_languages() -> None:
    """Issue 6: a human-readable reference; a type without words fails here."""
    assert set(SUBMISSION_WORDS) == {each.TYPE for each in SUBMISSIONS}
    assert set(FEED_WORDS) == {each.TYPE for each in FEED_EVENTS}
    for words, prefix in ((SUBMISSION_WORDS, ""), (FEED_WORDS, "feed.")):
        for wire_type, word in words.items():
            _, _, told = PAGE.partition(f'<h3 id="{prefix}{wire_type}">')
            told = told.partition("</h3>")[0] + told.partition("</h3>")[2][:600]
            assert f'<span lang="fr">{word.name.fr}</span>' in told, wire_type
            assert word.name.en in told


def test_nothing_of_the_inside_is_described() -> None:
    """The log's types are named as what is not told, and no more."""
    inside = {each.TYPE for each in EVENTS} - {each.TYPE for each in FEED_EVENTS}
    assert not [each for each in inside if f'id="feed.{each}"' in PAGE]
    assert "AES-256" not in PAGE


def test_every_link_leads_somewhere_and_nothing_is_loaded() -> None:
    """Read from a checkout, without a network."""
    anchors = set(re.findall(r'id="([^"]+)"', PAGE))
    links = set(re.findall(r'href="([^"]+)"', PAGE))
    here = (ROOT / REFERENCE).parent
    made = {(ROOT / path).resolve() for path in artifacts()}

    assert {each for each in links if each.startswith("#") and each[1:] not in anchors} == set()
    files = [(here / each).resolve() for each in links if not each.startswith("#")]
    assert [each for each in files if each not in made and not each.exists()] == []
    assert not re.search(r"<script|src=|@import|url\(|https?://", PAGE)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
async def test_it_is_readable_on_a_screen_and_on_a_telephone(browser: Browser, width: int, scheme: Any) -> None:
    """Source: SGQRI 008 (WCAG 2.1 AA); with every example open nothing runs out of the screen."""
    page = await browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    await page.set_content(PAGE)
    await page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    await page.evaluate(AXE_FILE_PATH.read_text(encoding="utf-8"))
    # Contrast takes axe most of its time and every type has the same colours; all else does not depend on the size.
    everything = {"rules": {"color-contrast": {"enabled": False}}, "runOnly": RULES}
    places = [["header"], ["nav"], ["main > section:nth-of-type(1)"], ["main > section:nth-of-type(3)"]]
    found = await page.evaluate(
        "([include, options]) => axe.run({include}, options)", [places, {"runOnly": ["color-contrast"]}]
    )
    violations = found["violations"]
    if scheme == "dark":
        violations += (await page.evaluate("options => axe.run(document, options)", everything))["violations"]

    assert [f"{each['id']}: {each['nodes'][0]['html'][:160]}" for each in violations] == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    await page.close()

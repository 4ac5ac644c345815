"""The desk at work, its pages on a port, and a browser."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, async_playwright
from tests.intake.citizen.visit import Hall
from tests.intake.service.conftest import office as office
from tests.intake.service.conftest import runtime as runtime
from tests.intake.service.conftest import settings as settings
from tests.intake.service.office import Office
from tests.reporting.board import served


@pytest_asyncio.fixture
async def hall(office: Office) -> AsyncIterator[Hall]:
    """The town hall's pages, where a browser can reach them."""
    assert office.wiring.http is not None
    async with served(office.wiring.http) as address:
        yield Hall(office, address)


@pytest_asyncio.fixture
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """A browser without a window."""
    async with async_playwright() as playwright:
        found = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield found
        await found.close()

"""The desk at work, its pages on a port, and the browser."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from tests.conftest import browser as browser
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

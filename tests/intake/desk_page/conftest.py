"""The desk at work with its pages on a port, requests in its lists, and a browser."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from tests.intake.citizen.conftest import browser as browser
from tests.intake.desk_page.visit import Bureau
from tests.intake.service.conftest import office as office
from tests.intake.service.conftest import runtime as runtime
from tests.intake.service.conftest import settings as settings
from tests.intake.service.office import Office
from tests.reporting.board import served


@pytest_asyncio.fixture
async def bureau(office: Office) -> AsyncIterator[Bureau]:
    """The agents' pages, where a browser and a client can reach them."""
    assert office.wiring.http is not None
    async with served(office.wiring.http) as address:
        yield Bureau(office, address)

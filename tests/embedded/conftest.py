"""What tests of the embedded deployment share: the town, a desk that answers, real data where a checkout has it."""

from __future__ import annotations

from pathlib import Path

import pytest
import pytest_asyncio
from nats.aio.client import Client
from tests.embedded.double import FakeDesk
from tests.place import ROOT, TOWN_DIR

from clic_chassis.town_file import read_town
from clic_contracts.town import Town


@pytest.fixture(scope="session")
def town() -> Town:
    """Mont-Saint-Hilaire."""
    return read_town(TOWN_DIR)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real open data, beside the checkout; it is not copied into the project."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no real data here: this test reads Montréal's open data from ../shared/data beside the checkout")
    return folder


@pytest_asyncio.fixture
async def fake_desk(nats: Client) -> FakeDesk:
    """A desk that answers on a real server."""
    desk = FakeDesk(nats)
    await desk.start()
    return desk

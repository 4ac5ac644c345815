"""A town with subscribers, and its feed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from tests.contracts.feed_town import FLEET, Feed, Town
from tests.embedded.credential import credentials_of, public_keys
from tests.intake.service.conftest import office as office
from tests.intake.service.conftest import runtime as runtime
from tests.intake.service.conftest import settings as settings

from clic.nats_config import OPS, authorization, users
from clic_chassis.embedded import start_nats
from clic_chassis.testing import open_folder


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    """With two subscribers."""
    with open_folder() as folder:
        everybody = users((), ("flotte", "carte"))
        credentials = credentials_of(folder, everybody)
        config = authorization(everybody, public_keys(credentials))
        server = start_nats(folder / "nats", extra_config=config)
        yield Town(server, credentials)
        server.stop()


@pytest_asyncio.fixture
async def feed(town: Town) -> AsyncIterator[Feed]:
    """An empty feed."""
    operator, intake = await town.client(OPS), await town.client("intake")
    made = Feed(town.server, operator, intake, town.seed_file(FLEET))
    await made.make()
    yield made
    await made.remove()
    await intake.close()
    await operator.close()

"""A mail server, a database, and a town whose departments have addresses."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio
from tests.deadlines.digest.bureau import Bureau, addressed
from tests.intake.letter.post_office import PostOffice, open_post_office
from tests.place import TOWN_DIR

from clic_chassis.migration import migrate
from clic_chassis.town_file import read_town
from clic_contracts.town import Town


@pytest.fixture(scope="session")
def town() -> Town:
    """A real town's folder; every department has an address, Public Works' roads a head."""
    return addressed(read_town(TOWN_DIR))


@pytest_asyncio.fixture
async def post_office() -> AsyncIterator[PostOffice]:
    """A mail server that takes everything."""
    async with open_post_office() as opened:
        yield opened


@pytest_asyncio.fixture
async def pool(postgres_url: str) -> AsyncIterator[asyncpg.Pool]:
    """The service's own database, migrated."""
    async with asyncpg.create_pool(postgres_url, min_size=1, max_size=6) as pool:
        async with pool.acquire() as connection:
            await migrate(connection, "clic_deadlines")
        yield pool


@pytest.fixture
def bureau(town: Town, pool: asyncpg.Pool, post_office: PostOffice) -> Bureau:
    """What digests are sent from, at half past seven."""
    return Bureau(town, pool, post_office.url)

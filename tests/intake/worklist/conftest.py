"""The worklists' table, empty."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest_asyncio
from tests.intake.worklist.table import Table

from clic_contracts.town import Town


@pytest_asyncio.fixture
async def table(postgres_url: str, town: Town) -> AsyncIterator[Table]:
    """In a database of the test's own."""
    async with asyncpg.create_pool(postgres_url, min_size=1, max_size=2) as pool:
        made = Table(pool, town)
        await made.prepare()
        yield made

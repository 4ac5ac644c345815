"""The docket's tables, empty."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest_asyncio
from tests.deadlines.docket.book import Book

from clic_contracts.town import Town


@pytest_asyncio.fixture
async def book(postgres_url: str, town: Town) -> AsyncIterator[Book]:
    """In a database of the test's own."""
    async with asyncpg.create_pool(postgres_url, min_size=1, max_size=2) as pool:
        made = Book(pool, town)
        await made.prepare()
        yield made

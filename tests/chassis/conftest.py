"""Fixtures of the chassis' own tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.chassis.workshop import settings

from clic_chassis import failure
from clic_chassis.service import Runtime, open_runtime
from clic_chassis.settings import Settings


@pytest_asyncio.fixture
async def runtime(nats_url: str) -> AsyncIterator[Runtime[Settings]]:
    """A runtime of a service named routing, on fresh streams."""
    async with open_runtime("routing", settings(nats_url)) as opened:
        yield opened


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails is tried again sooner than in the town."""
    monkeypatch.setattr(failure, "BACKOFF_FIRST_S", 0.01)
    monkeypatch.setattr(failure, "BACKOFF_MAX_S", 0.05)
    monkeypatch.setattr(failure, "MAX_TRIES_RETRYABLE", 10_000)  # A hundred would be over in five seconds.

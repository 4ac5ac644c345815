"""The desk on real servers: its runtime, its parts, and the inbox as it is wired."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from pydantic import SecretStr
from tests.intake.service.office import KEY, Office
from tests.place import TOWN_DIR

from clic_chassis.service import Runtime, open_runtime
from clic_chassis.testing import at_work
from clic_intake.app import wire
from clic_intake.settings import IntakeSettings


@pytest.fixture
def settings(nats_url: str, postgres_url: str, tmp_path: Path) -> IntakeSettings:
    """Of an intake with servers of the test's own, and one agent each of the desk, of the greffe and of the portal."""
    key_file, agents_file = tmp_path / "master.key", tmp_path / "agents.json"
    key_file.write_text(base64.b64encode(KEY).decode(), encoding="ascii")
    agents_file.write_text(Office.agents(), encoding="utf-8")
    return IntakeSettings(
        nats_url=nats_url,
        postgres_url=SecretStr(postgres_url),
        town_dir=TOWN_DIR,
        master_key_file=key_file,
        agents_file=agents_file,
    )


@pytest_asyncio.fixture
async def runtime(settings: IntakeSettings) -> AsyncIterator[Runtime[IntakeSettings]]:
    """What the chassis gives intake."""
    async with open_runtime("intake", settings, migrations="clic_intake") as opened:
        yield opened


@pytest_asyncio.fixture
async def office(runtime: Runtime[IntakeSettings]) -> AsyncIterator[Office]:
    """Intake at work: every component runs, its lists are made, and its HTTP answers in-process."""
    wiring = await wire(runtime)
    async with at_work(*wiring.components), Office.open(runtime, wiring) as opened:
        await opened.lists_are_made()
        yield opened

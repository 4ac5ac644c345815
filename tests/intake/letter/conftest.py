"""A mail server, and the letters of a desk on real servers, by a clock that tests move."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from pydantic import SecretStr
from tests.intake.letter.bureau import Bureau
from tests.intake.letter.post_office import PostOffice, open_post_office
from tests.intake.service.office import KEY, Office
from tests.place import TOWN_DIR

from clic_chassis.clock import ManualClock
from clic_chassis.service import Runtime, open_runtime
from clic_intake.settings import IntakeSettings


@pytest_asyncio.fixture
async def post_office() -> AsyncIterator[PostOffice]:
    """A mail server that takes everything."""
    async with open_post_office() as opened:
        yield opened


@pytest.fixture
def settings(nats_url: str, postgres_url: str, tmp_path: Path, post_office: PostOffice) -> IntakeSettings:
    """Of an intake with servers of the test's own."""
    key_file, agents_file = tmp_path / "master.key", tmp_path / "agents.json"
    key_file.write_text(base64.b64encode(KEY).decode(), encoding="ascii")
    agents_file.write_text(Office.agents(), encoding="utf-8")
    return IntakeSettings(
        nats_url=nats_url,
        postgres_url=SecretStr(postgres_url),
        town_dir=TOWN_DIR,
        master_key_file=key_file,
        agents_file=agents_file,
        smtp_url=post_office.url,
        smtp_tls="none",
        public_url="https://clic.exemple.invalid",
    )


@pytest.fixture
def clock() -> ManualClock:
    """Now, until a test moves it."""
    return ManualClock(dt.datetime.now(dt.UTC))


@pytest_asyncio.fixture
async def runtime(settings: IntakeSettings, clock: ManualClock) -> AsyncIterator[Runtime[IntakeSettings]]:
    """What the chassis gives intake."""
    async with open_runtime("intake", settings, migrations="clic_intake", clock=clock) as opened:
        yield opened


@pytest_asyncio.fixture
async def bureau(runtime: Runtime[IntakeSettings]) -> Bureau:
    """The letters of a desk; nothing runs by itself."""
    return await Bureau.open(runtime)

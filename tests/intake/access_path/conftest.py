"""A desk and its letters on real servers, by a clock that tests move."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from tests.intake.letter.conftest import bureau as bureau
from tests.intake.letter.conftest import clock as clock
from tests.intake.letter.conftest import post_office as post_office
from tests.intake.letter.conftest import runtime as runtime
from tests.intake.letter.conftest import settings as settings
from tests.intake.service.office import Office

from clic_chassis.service import Runtime
from clic_intake.app import wire
from clic_intake.settings import IntakeSettings


@pytest_asyncio.fixture
async def office(runtime: Runtime[IntakeSettings]) -> AsyncIterator[Office]:
    """The desk's HTTP; its components do not run, so that a test says when something is sent."""
    wiring = await wire(runtime)
    async with Office.open(runtime, wiring) as opened:
        yield opened

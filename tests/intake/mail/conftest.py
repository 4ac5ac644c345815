"""The desk with a way in for mail."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.intake.mail.dovecot import Dovecot, start_dovecot
from tests.intake.mail.mailroom import Mailroom
from tests.intake.service import conftest as desk
from tests.intake.service.conftest import runtime as runtime

from clic_chassis.service import Runtime
from clic_chassis.testing import at_work
from clic_intake.settings import IntakeSettings

desk_settings = desk.settings


@pytest.fixture
def settings(desk_settings: IntakeSettings) -> IntakeSettings:
    """With LMTP and SMTP on free ports."""
    return desk_settings.model_copy(update={"lmtp_port": 0, "smtp_in_port": 0})


@pytest_asyncio.fixture
async def room(runtime: Runtime[IntakeSettings]) -> AsyncIterator[Mailroom]:
    """Intake as it is wired, of which the parts that take mail are at work."""
    mailroom = await Mailroom.of(runtime)
    async with at_work(mailroom.lmtp, mailroom.smtp):
        yield mailroom


@pytest.fixture(scope="session")
def dovecot(server_folder: Path) -> Iterator[Dovecot]:
    """Debian's IMAP server on loopback; where there is none the tests say so, and on CI that is a failure."""
    found = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI must have an IMAP server: install the package dovecot-imapd")
        pytest.skip("there is no dovecot here: install Debian's package dovecot-imapd to try mailboxes")
    with start_dovecot(found, server_folder / "dovecot") as server:
        yield server

"""Killed at every point between the log, the queue and the mail server: each letter once, or in doubt."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import signal
import sys

import pytest
from tests.intake.letter.bureau import Bureau
from tests.intake.letter.post_office import PostOffice
from tests.place import ROOT

from clic_chassis.clock import ManualClock
from clic_chassis.testing import wait_until
from clic_contracts.vocabulary import RequestId
from clic_intake.letter.queue import State
from clic_intake.settings import IntakeSettings


async def killed_at(point: str, settings: IntakeSettings) -> None:
    """A process that writes and sends, and dies there."""
    assert settings.postgres_url is not None
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "tests" / "intake" / "letter" / "killed.py"),
        point,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "CLIC_NATS_URL": settings.nats_url,
            "CLIC_POSTGRES_URL": settings.postgres_url.get_secret_value(),
            "CLIC_TOWN_DIR": str(settings.town_dir),
            "CLIC_MASTER_KEY_FILE": str(settings.master_key_file),
            "CLIC_SMTP_URL": settings.smtp_url or "",
            "CLIC_SMTP_TLS": settings.smtp_tls,
        },
        stderr=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
    )
    _, told = await asyncio.wait_for(process.communicate(), 90)
    assert process.returncode == -signal.SIGKILL, told.decode()


async def after_restart(bureau: Bureau, state: str) -> None:
    """Everything is written and sent that is to be, until the letter is where it is expected."""

    async def there() -> bool:
        await bureau.write_all()
        await bureau.send()
        return await bureau.states() == [state]

    await wait_until(there, 30, what=f"the letter to be {state}")
    await bureau.send()


@pytest.mark.slow
@pytest.mark.parametrize(
    "outcome",
    [
        ("written", 0, "done", "request.acknowledged"),
        ("begun", 0, "doubtful", "letter.failed"),
        ("taken", 1, "doubtful", "letter.failed"),
        ("noted", 1, "done", "request.acknowledged"),
        ("recorded", 1, "done", "request.acknowledged"),
    ],
    ids=lambda outcome: outcome[0],
)
async def test_after_a_kill_each_letter_is_there_once_or_in_doubt(
    bureau: Bureau,
    settings: IntakeSettings,
    clock: ManualClock,
    post_office: PostOffice,
    outcome: tuple[str, int, str, str],
) -> None:
    """POL-18, POL-27: between append and letter, between letter and record, between record and append.

    Never twice; never said to have gone out where nobody knows; never forgotten.
    """
    point, taken, state, last = outcome
    request_id: RequestId = await bureau.received_and_ready()

    await killed_at(point, settings)
    assert len(post_office.messages) == taken
    clock.set(dt.datetime.now(dt.UTC))
    # As if the lease of who died had run out: five minutes, by the database's clock.
    await bureau.runtime.pool.execute("UPDATE letter SET taken_until = '-infinity'")
    await after_restart(Bureau(bureau.runtime, bureau.register, lease_s=300.0), state)

    told = await bureau.types(request_id)
    assert told[-1] == last
    assert told.count("letter.written") == 1
    assert len(post_office.messages) == (1 if state == "done" else taken)
    if state == "doubtful":
        (shown,) = await bureau.letters.queue.list(State.DOUBTFUL, ())
        assert shown.request_id == request_id

"""A rolling upgrade under load: old and new code side by side, on the new schema, and back again."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.changing.later import MIGRATION, plant
from tests.chaos.load import Load
from tests.chaos.town import INSTANCES, Town, running_town
from tests.chaos.verdict import check
from tests.intake.letter.post_office import open_post_office

pytestmark = [pytest.mark.system, pytest.mark.timeout(1200)]

FLOWS_S = 90.0
EVERY_S = 1.0
STOP_BOUND_S = 30.0
MIGRATE_S = 180.0
ROLLED = ("intake", "routing", "deadlines")
"""Reporting has no migrations: where its tables mean something else it says so, and `clic rebuild` makes them."""
MIGRATED = ("intake", "deadlines")


@pytest.fixture
def later(tmp_path: Path) -> dict[str, str]:
    """The environment of a process of the later version."""
    return plant(tmp_path / "later")


async def migrate(town: Town, code: dict[str, str]) -> None:
    """What the job of an upgrade does, with the new code, before any of it serves."""
    for service in MIGRATED:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", f"clic_{service}", "migrate", env={**town.settings((service, 1)), **code},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await asyncio.wait_for(process.communicate(), MIGRATE_S)
        assert process.returncode == 0, output.decode()
        assert MIGRATION in output.decode()


async def replace(town: Town, services: Sequence[str], number: int, code: dict[str, str]) -> None:
    """Stop one process of each service as a rollout does; the supervisor starts it with other code."""
    before = {(service, number): town.processes[service, number] for service in services}
    for each in before:
        town.code[each] = {"CLIC_MIGRATE_AT_START": "false", **code}
    for process in before.values():
        process.signal(signal.SIGTERM)
    for each, process in before.items():
        ended = await asyncio.to_thread(process.wait, STOP_BOUND_S)
        assert ended, f"{each} did not end:\n{town.said(each)[-3000:]}"
        assert process.popen is not None
        assert process.popen.returncode == 0, (
            f"{each} ended with {process.popen.returncode}:\n{town.said(each)[-2000:]}"
        )
    await town.ready(before)


async def test_old_and_new_code_stand_side_by_side_forward_and_back(later: dict[str, str]) -> None:
    """Nothing is lost, said twice or stuck: under load, on the new schema, with lists that are made anew each time."""
    async with open_post_office() as office, running_town(office.url, servers=1, standby=False) as town:
        load = Load(town)
        async with load.running(EVERY_S):
            await load.flows(FLOWS_S, "the first answers")
            await migrate(town, later)
            await load.flows(FLOWS_S, "answers of old code that runs, on the new schema")
            for number in range(1, INSTANCES + 1):
                await replace(town, ROLLED, number, later)
                await load.flows(FLOWS_S, f"answers with {number} of {INSTANCES} new")
            await replace(town, MIGRATED, 1, {})
            await load.flows(FLOWS_S, "answers of old code that was started on the new schema, beside new")
        await check(town, load, office)

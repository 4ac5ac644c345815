"""Servers, databases and services are lost under a steady load: what was accepted is there once, and all follows."""

from __future__ import annotations

from random import Random

import pytest
from tests.chaos.fault import DISK_MB, FAULTS, IN_CI, Fault, why_no_mount
from tests.chaos.load import Load
from tests.chaos.town import running_town
from tests.chaos.verdict import check
from tests.intake.letter.post_office import open_post_office

pytestmark = [pytest.mark.system, pytest.mark.timeout(1200)]

SEED = 11
FLOWS_S = 90.0


async def flows_during(fault: Fault, load: Load, random: Random) -> None:
    """Everybody is answered while something is lost, and again once it is back."""
    async with fault.harm(load.town, random):
        await load.goes_on(FLOWS_S, f"answers with {fault.name}", silent=fault.silences)
    await load.flows(FLOWS_S, f"answers after {fault.name}")


async def test_whatever_is_lost_each_accepted_submission_is_in_the_log_once_and_everything_follows(
    subtests: pytest.Subtests,
) -> None:
    """POL-10: three NATS servers, two PostgreSQL, two instances of each service, one loss after the other."""
    random, why_not = Random(SEED), why_no_mount()
    async with open_post_office() as office, running_town(office.url, disk_mb=None if why_not else DISK_MB) as town:
        load = Load(town)
        async with load.running():
            await load.flows(FLOWS_S, "the first answers")
            for fault in FAULTS[:IN_CI]:
                with subtests.test(fault.name):
                    if fault.needs_mount and why_not is not None:
                        pytest.skip(why_not)
                    await flows_during(fault, load, random)
        assert len(load.receipts) > len(FAULTS)
        await check(town, load, office)

"""How long nobody is answered when something is lost, under a steady load by NATS and HTTP: the failover gap."""

from __future__ import annotations

import asyncio
import os
from random import Random
from time import monotonic

from tests.chaos.fault import FAULTS, Fault
from tests.chaos.load import HTTP, PUBLISHERS, Load
from tests.chaos.town import Town, running_town
from tests.intake.letter.post_office import open_post_office

from .measure import Measure

MEASURED = {
    "leader": "the leader killed",
    "server": "a follower killed",
    "cut_off": "the leader cut off",
    "hangs": "the leader hangs",
    "instance": "instances killed",
    "postgres": "PostgreSQL failed over",
}
"""Name of the figure → what is lost. PostgreSQL comes last: there is one standby."""
QUICK = ("leader", "postgres")
EVERY_S = 0.1
"""Between two submissions of each of three publishers and of HTTP: a gap is known to a tenth of a second at best."""
FLOWS_S = 120.0
SETTLE_S = 3.0
SEED = 7


def measure() -> list[Measure]:
    """Lose one thing after the other, and look for the longest silence that anybody heard."""
    return asyncio.run(_measure(QUICK if os.environ.get("BENCH_EVENTS") else tuple(MEASURED)))


async def _measure(names: tuple[str, ...]) -> list[Measure]:
    by_name: dict[str, Fault] = {each.name: each for each in FAULTS}
    found: list[Measure] = []
    async with open_post_office() as office, running_town(office.url) as town:
        load = Load(town)
        async with load.running(EVERY_S):
            await load.flows(FLOWS_S, "the first answers")
            await asyncio.sleep(SETTLE_S)
            for name in names:
                found += await _gaps(name, by_name[MEASURED[name]], town, load)
    return found


async def _gaps(name: str, fault: Fault, town: Town, load: Load) -> list[Measure]:
    """Over all who submit, and of whoever waited longest: the publishers' client goes to another server by itself."""
    began = monotonic()
    async with fault.harm(town, Random(SEED)):
        await load.flows(FLOWS_S, f"answers with {fault.name}")
        await asyncio.sleep(SETTLE_S)
        ended = monotonic()
    await load.flows(FLOWS_S, f"answers after {fault.name}")
    await asyncio.sleep(SETTLE_S)
    longest = max(load.gap_s(began, ended, who) for who in (HTTP, *PUBLISHERS))
    return [
        Measure(f"failing_over.{name}_s", load.gap_s(began, ended), "s without an answer to anybody"),
        Measure(f"failing_over.{name}_longest_s", longest, "s without an answer to one of them"),
    ]

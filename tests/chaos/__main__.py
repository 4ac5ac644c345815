"""`make chaos`: losses at random for minutes, from a seed, with everything looked at again and again."""

from __future__ import annotations

import argparse
import asyncio
import sys
from random import Random
from time import monotonic

from tests.chaos.fault import DISK_MB, FAULTS, Fault, why_no_mount
from tests.chaos.load import Load
from tests.chaos.town import running_town
from tests.chaos.verdict import check
from tests.intake.letter.post_office import open_post_office

LOOKED_AT_EVERY = 6
"""Losses between two looks at everything."""
FLOWS_S = 90.0
BETWEEN_S = 3.0


def write(text: str) -> None:
    """To whoever looks on."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


async def lose(seed: int, minutes: float) -> None:
    """Lose one thing after the other, until the time is over.

    Raises:
        AssertionError: something is not as it must be.
    """
    random, why_not = Random(seed), why_no_mount()
    end = monotonic() + minutes * 60
    if why_not:
        write(f"without full disks: {why_not}")
    faults = [each for each in FAULTS if why_not is None or not each.needs_mount]
    async with open_post_office() as office, running_town(office.url, disk_mb=None if why_not else DISK_MB) as town:
        load = Load(town)
        while monotonic() < end:
            async with load.running():
                await load.flows(FLOWS_S, "the first answers")
                for _ in range(LOOKED_AT_EVERY):
                    if monotonic() > end:
                        break
                    fault = random.choice(faults)
                    if fault.is_once:
                        faults.remove(fault)
                    await _once(fault, load, random)
            write(await check(town, load, office))


async def _once(fault: Fault, load: Load, random: Random) -> None:
    began = monotonic()
    async with fault.harm(load.town, random):
        await load.goes_on(FLOWS_S, f"answers with {fault.name}", silent=fault.silences)
        await asyncio.sleep(random.uniform(0, BETWEEN_S))
    await load.flows(FLOWS_S, f"answers after {fault.name}")
    write(f"{fault.name}: nobody was answered for {load.gap_s(began, monotonic()):.1f} s")


def main() -> int:
    """1 where something was not as it must be."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    try:
        asyncio.run(lose(given.seed, given.minutes))
    except AssertionError as error:
        write(f"seed {given.seed}: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

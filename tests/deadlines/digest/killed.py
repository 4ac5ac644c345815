"""Sends digests in a process of its own, and kills it like a power cut: `python killed.py POINT POSTGRES_URL SMTP_URL`.

Points: `begun` (nothing is handed over yet), `taken` (the mail server has one, nothing is noted).
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import Any

import asyncpg
from tests.deadlines.digest.bureau import Bureau, addressed
from tests.place import TOWN_DIR

from clic_chassis.town_file import read_town
from clic_deadlines.digest.table import DigestTable, Outcome, Taken


def die() -> None:
    """As a power cut: nothing is said, nothing is given back."""
    os.kill(os.getpid(), signal.SIGKILL)


class Dying(DigestTable):
    """A table at which the process dies."""

    point = ""

    async def begin(self, taken: Taken) -> bool:
        """See `DigestTable.begin`."""
        began = await super().begin(taken)
        if self.point == "begun":
            die()
        return began

    async def settle(self, taken: Taken, outcome: Outcome, *said: Any) -> None:
        """See `DigestTable.settle`."""
        if self.point == "taken" and outcome is Outcome.SENT:
            die()
        await super().settle(taken, outcome, *said)


async def main(point: str, postgres_url: str, smtp_url: str) -> None:
    """Send, until it dies."""
    async with asyncpg.create_pool(postgres_url, min_size=1, max_size=2) as pool:
        sender = Bureau(addressed(read_town(TOWN_DIR)), pool, smtp_url).sender()
        sender._table = Dying(pool)
        Dying.point = point
        await sender.send_due()
    sys.exit("it lived")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

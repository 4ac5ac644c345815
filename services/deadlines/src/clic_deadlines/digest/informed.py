"""Whether the docket knows all that happened: asked before anything is called late in a mail."""

from __future__ import annotations

import asyncio
from typing import Protocol

from clic_chassis.log import EventLog
from clic_deadlines.progress import Progress

LOOKS_MAX = 10
LOOK_EVERY_S = 0.2


class Positioned(Protocol):
    """Tables folded from the log; `Docket` is the real one."""

    async def position(self) -> int:
        """How far they hold the log."""
        ...


class Informed:
    """First that what intake recorded has its consequences in the log, then that the docket holds them."""

    def __init__(self, progress: Progress, log: EventLog, docket: Positioned) -> None:
        self._progress = progress
        self._log = log
        self._docket = docket

    async def __call__(self) -> bool:
        """Whether all that the log holds at the time of the call is in the docket; waits some seconds at most.

        Raises:
            RetryableError: the log is away, or the docket is being made anew.
        """
        if not await self._progress.caught_up():
            return False
        end = (await self._log.identity()).last_sequence
        for look in range(LOOKS_MAX):
            if look:
                await asyncio.sleep(LOOK_EVERY_S)
            if await self._docket.position() >= end:
                return True
        return False

"""What goes wrong in a simulated year: when each part is away, how often a call fails, how far clocks are off."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import dataclass
from random import Random

SKEW_MAX_S = 6.0
OUTAGE_MAX_S = 12 * 3600.0
SPELL_EVERY_S = 9 * 86400.0
FAILS_ALWAYS = 0.004
CRASHES_ALWAYS = 0.001
FAILS_IN_A_STORM = 0.25
CRASHES_IN_A_STORM = 0.03
LAG_MAX = dt.timedelta(seconds=3)
"""How far a replica is behind at most."""

SPELLS = ("log", "database", "one", "both", "storm", "storm", "clock", "clock")


@dataclass
class Weather:
    """How things are now."""

    chance: Random
    log_away: asyncio.Future[None] | None = None
    """While the log is: who waits for it is told when it is back."""
    database_is_away: bool = False
    fails: float = FAILS_ALWAYS
    crashes: float = CRASHES_ALWAYS
    is_calm: bool = False
    """Nothing goes wrong any more."""

    def happens(self, probability: float) -> bool:
        """Whether something does that is as probable."""
        return not self.is_calm and self.chance.random() < probability

    def calm(self) -> None:
        """From now on."""
        self.is_calm = True

    async def log_is_back(self) -> None:
        """Wait for the log, if it is away."""
        if self.log_away is not None:
            await self.log_away

    def end_log_outage(self) -> None:
        """It is back, if it was away."""
        if self.log_away is not None:
            self.log_away.set_result(None)
            self.log_away = None

    def latency_s(self) -> float | None:
        """How long a call to a server takes; None: the answer is there before anybody else does anything."""
        die = self.chance.random()
        if die < 0.75:
            return None
        return self.chance.uniform(0.0, 0.05) if die < 0.98 else self.chance.uniform(0.0, 3.0)

    def outage_s(self) -> float:
        """How long something stays away: minutes mostly, half a day at most."""
        return min(self.chance.expovariate(1 / 2400.0), OUTAGE_MAX_S)

"""An event loop whose time is that of the simulation: where nothing is to be done, it is later at once."""

from __future__ import annotations

import asyncio
import selectors
from typing import Any

RESOLUTION_S = 1e-6


class StalledError(RuntimeError):
    """Everybody waits, and for nobody."""


class _Skipping(selectors.SelectSelector):
    """Waits for no file, and for no time either."""

    def __init__(self) -> None:
        super().__init__()
        self.passed_s = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        """Let the time pass that one would have waited."""
        if timeout is None:
            raise StalledError
        self.passed_s += max(timeout, 0.0)
        return []


class SimulatedLoop(asyncio.SelectorEventLoop):
    """Begins at 0 s. Who waits for the same instant goes on in the order of the waiting: the same run each time."""

    def __init__(self) -> None:
        self._skipping = _Skipping()
        super().__init__(self._skipping)
        self._clock_resolution = RESOLUTION_S

    def time(self) -> float:
        """Seconds since the beginning."""
        return self._skipping.passed_s

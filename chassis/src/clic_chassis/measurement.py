"""What has to be looked up to be known, measured now and then beside a service's work and told as metrics."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from .clock import Clock
from .pause import pause
from .telemetry import METRICS

log = structlog.get_logger()

MEASURE_EVERY_S = 30.0
"""What alerts wait minutes for is fresh enough."""
MEASURE_MAX_S = 20.0
AGAIN_AFTER_S = 5.0
"""At a start what is measured may not be there yet: tables that a projection makes."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One look; `take` sets the metrics that it knows."""

    name: str
    take: Callable[[], Awaitable[None]]
    every_s: float = MEASURE_EVERY_S


class Measuring:
    """A component that takes measurements, each by itself. One that fails says so, and keeps nobody from working."""

    name = "measuring"

    def __init__(self, measurements: Sequence[Measurement], clock: Clock) -> None:
        self._measurements = measurements
        self._clock = clock
        self._failing: set[str] = set()

    def not_ready(self) -> str | None:
        """Always ready: what cannot be measured is told by `clic_measured_timestamp_seconds`."""
        return None

    async def run(self, stop: asyncio.Event) -> None:
        """Measure until told to stop."""
        await asyncio.gather(*(self._repeat(each, stop) for each in self._measurements))
        await stop.wait()

    async def _repeat(self, measurement: Measurement, stop: asyncio.Event) -> None:
        while not stop.is_set():
            taken = await self.take(measurement)
            await pause(stop, measurement.every_s if taken else min(measurement.every_s, AGAIN_AFTER_S))

    async def take(self, measurement: Measurement) -> bool:
        """Take one, within a bound; whether it could be taken."""
        name = measurement.name
        try:
            async with asyncio.timeout(MEASURE_MAX_S):
                await measurement.take()
        except Exception as error:  # noqa: BLE001 - whatever it is, the service goes on and the metrics tell
            METRICS.measurement_failures.labels(name).inc()
            if name not in self._failing:
                log.warning("measurement_failed", measurement=name, error=type(error).__name__)
            self._failing.add(name)
            return False
        if name in self._failing:
            log.info("measurement_taken_again", measurement=name)
            self._failing.discard(name)
        METRICS.measured_at.labels(name).set(self._clock.now().timestamp())
        return True

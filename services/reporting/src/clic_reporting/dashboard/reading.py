"""Notes that internal figures were read; a page that keeps itself up to date is one reading, not one a second."""

from __future__ import annotations

import datetime as dt

from fastapi import Request

from clic_chassis.clock import Clock
from clic_chassis.telemetry import METRICS
from clic_reporting.access import Reader, told

LIVE_HEADER = "X-Clic-Live"
"""Sent by an open page that fetches itself again."""
AGAIN_AFTER = dt.timedelta(minutes=10)
"""An open page is noted again after so long."""
KEPT_MAX = 1_000


class Readings:
    """Writes the notes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._noted: dict[tuple[object, ...], dt.datetime] = {}

    def note(self, request: Request, reader: Reader, what: str, rows: int, **filtered: str | None) -> None:
        """Note a reading; of an open page, once in `AGAIN_AFTER`."""
        now = self._clock.now()
        key = (reader.name, what, *filtered.items())
        since = self._noted.get(key)
        if LIVE_HEADER in request.headers and since is not None and now - since < AGAIN_AFTER:
            METRICS.reads.labels(what).inc()
            return
        self._noted.pop(key, None)
        self._noted[key] = now
        while len(self._noted) > KEPT_MAX:
            del self._noted[next(iter(self._noted))]
        told(reader, what, rows, **filtered)

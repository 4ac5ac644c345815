"""How long from publishing a submission until its request stands in reporting's view `request`, at a steady load."""

from __future__ import annotations

import asyncio
from time import perf_counter

from tests.system.house import House, open_house
from tests.system.submitting import SOURCE, now, publisher, request

from clic_contracts.envelope import request_id_for

from .measure import Measure, percentile

PER_S = 50
SECONDS = 20
WARM_UP = 100
"""Of the first ones the time is not counted: what is used for the first time is slow."""
LOOK_EVERY_S = 0.005
SEEN_S = 60.0
PUBLISHER = "portail_web"


def measure() -> list[Measure]:
    """Publish at a steady load and look for each request in the view, which adds up to 5 ms."""
    with open_house() as house:
        delays_s = asyncio.run(_measure(house))
    return [
        Measure("visible.load_per_s", PER_S, "submissions/s"),
        Measure("visible.p50_ms", 1000 * percentile(delays_s, 0.5), "ms"),
        Measure("visible.p99_ms", 1000 * percentile(delays_s, 0.99), "ms", "< 500"),
        Measure("visible.max_ms", 1000 * max(delays_s), "ms"),
    ]


async def _measure(house: House) -> list[float]:
    published: dict[str, float] = {}
    looking = asyncio.create_task(_look(house, WARM_UP + PER_S * SECONDS))
    async with publisher(house, PUBLISHER) as connected:
        began = perf_counter()
        for number in range(WARM_UP + PER_S * SECONDS):
            await asyncio.sleep(max(0.0, began + number / PER_S - perf_counter()))
            event_id = f"visible-{number}"
            published[request_id_for(SOURCE, event_id)] = perf_counter()
            await connected.publish(request(), source=SOURCE, event_id=event_id, occurred_at=now())
        await connected.flush()
    seen = await asyncio.wait_for(looking, SEEN_S)
    return [seen[request_id] - at for request_id, at in list(published.items())[WARM_UP:]]


async def _look(house: House, count: int) -> dict[str, float]:
    """When each request was first seen."""
    seen: dict[str, float] = {}
    last = 0
    async with house.database("reporting") as facts:
        statement = await facts.prepare(
            "SELECT request_id::text, request_key FROM reporting.request WHERE request_key > $1"
        )
        while len(seen) < count:
            rows = await statement.fetch(last)
            at = perf_counter()
            seen.update((row["request_id"], at) for row in rows)
            last = max([last, *(row["request_key"] for row in rows)])
            await asyncio.sleep(LOOK_EVERY_S)
    return seen

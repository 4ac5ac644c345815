"""The rebuild of reporting's tables, beside a bare read of the same stream."""

from __future__ import annotations

import asyncio
import uuid
from statistics import median
from time import perf_counter

from nats.js import JetStreamContext
from natsrpy import Nats
from natsrpy.js import AckPolicy, DeliverPolicy, PullConsumerConfig
from tests.system.house import House
from tests.system.plateau import write_slice

from clic_contracts.subject import LOG_STREAM
from clic_reporting.rebuild import rebuild

from .guest import GUEST, open_guest_house
from .measure import Measure

ROWS = 500
COPIES = 25
FETCH = 5_000
"""As the rebuild fetches."""
RUNS = 3


def measure() -> list[Measure]:
    """A log of an import, copied until it is long; rebuild and bare read in turns, the median of each."""
    with open_guest_house() as house:
        commits = asyncio.run(_fill(house))
        for service in house.services:
            house.stop(service)
        rebuilt_s, read_s, events = asyncio.run(_measure(house, commits))
    return [
        Measure("rebuild.events", events, "events"),
        Measure("rebuild.commits", commits, "commits"),
        Measure("rebuild.events_per_s", events / rebuilt_s, "events/s"),
        Measure("rebuild.bare_read_events_per_s", events / read_s, "events/s"),
        Measure("rebuild.over_bare_read", read_s / rebuilt_s, "ratio", "≥ 0.5"),
    ]


async def _fill(house: House) -> int:
    """Import rows, stop the services, then write the log again under other requests; gives its commits."""
    await house.clic("import", "montreal-311", str(write_slice(house.folder, ROWS)))
    last = await house.settled()
    for service in ("intake", "routing", "deadlines"):
        await asyncio.to_thread(house.stop, service)
    async with house.client(GUEST) as client:
        stream = client.jetstream(timeout=30)
        stored = [await stream.get_msg(LOG_STREAM, sequence) for sequence in range(1, last + 1)]
        for copy in range(COPIES):
            await _copy(stream, copy, [(each.subject or "", each.data or b"", each.headers or {}) for each in stored])
        return (await stream.stream_info(LOG_STREAM)).state.messages


async def _copy(stream: JetStreamContext, copy: int, stored: list[tuple[str, bytes, dict[str, str]]]) -> None:
    """The same stories, each under a request's id of its own."""
    acknowledged = []
    for subject, body, headers in stored:
        prefix, request_id = subject.rsplit(".", 1)
        other = str(uuid.uuid5(uuid.UUID(request_id), str(copy)))
        kept = {name: value for name, value in headers.items() if not name.startswith("Nats-")}
        written = body.replace(request_id.encode(), other.encode())
        acknowledged.append(await stream.publish_async(f"{prefix}.{other}", written, headers=kept))
    await asyncio.gather(*acknowledged)


async def _measure(house: House, commits: int) -> tuple[float, float, int]:
    """Median seconds of a rebuild and of a bare read, and the events of the log."""
    rebuilt_s: list[float] = []
    read_s: list[float] = []
    events = 0
    async with house.client("reporting") as client:
        for _ in range(RUNS):
            began = perf_counter()
            done = await rebuild(
                nats=client,
                nats_url=house.nats.url,
                nats_user="reporting",
                nats_password=house.servers.users["reporting"],
                postgres_url=house.database_url("reporting"),
            )
            rebuilt_s.append(perf_counter() - began)
            events = done.events
            read_s.append(await _bare_read_s(house, commits))
    return median(rebuilt_s), median(read_s), events


async def _bare_read_s(house: House, commits: int) -> float:
    """Seconds in which natsrpy hands over every message of the log, undecoded."""
    reader = Nats(
        addrs=[house.nats.url],
        user_and_pass=("reporting", house.servers.users["reporting"]),
        custom_inbox_prefix="_INBOX_reporting",
    )
    await reader.startup()
    try:
        began = perf_counter()
        consumers = (await (await reader.jetstream()).streams.get(LOG_STREAM)).consumers
        consumer = await consumers.create(
            PullConsumerConfig(deliver_policy=DeliverPolicy.ALL, ack_policy=AckPolicy.NONE, memory_storage=True)
        )
        read = 0
        while read < commits:
            read += len(await consumer.fetch(max_messages=min(FETCH, commits - read), timeout=30))
        return perf_counter() - began
    finally:
        await reader.shutdown()

"""The bare read that the rebuild is compared with: natsrpy hands over every message of the log, undecoded."""

from __future__ import annotations

from time import perf_counter

from natsrpy import Nats
from natsrpy.js import AckPolicy, DeliverPolicy, PullConsumerConfig

from clic_contracts.subject import LOG_STREAM

FETCH = 5_000
"""As the rebuild fetches."""


async def bare_read_s(nats_url: str, commits: int) -> float:
    """Seconds for so many commits."""
    reader = Nats(addrs=[nats_url])
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

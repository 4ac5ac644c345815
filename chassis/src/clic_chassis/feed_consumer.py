"""The durable consumer of a subscriber of the feed, which its operator makes: nobody outside makes consumers.

Whoever may make a consumer may have it deliver to any subject, the server's permissions notwithstanding.
"""

from __future__ import annotations

from collections.abc import Collection

from nats.aio.client import Client
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from clic_contracts.subject import FEED_PREFIX, FEED_STREAM

from .streams import DAY_NS, STREAMS

ACK_WAIT_S = 60.0
INACTIVE_S_MAX = (STREAMS[FEED_STREAM]["max_age"] - DAY_NS) / 1e9
"""A consumer that nobody asks is removed a day before the first event that it did not tell is no longer kept.

Else whoever comes back later would miss events and not be told: the server moves such a consumer on by itself.
"""
MAX_ACK_PENDING = 1_000
"""Events that a subscriber's instances have in hand at most."""


async def ensure_feed_consumer(nats: Client, name: str, events: Collection[str] = ()) -> None:
    """Make a subscriber's durable consumer, from the beginning of what is kept; one that is there keeps its place.

    `events` are those that it waits for, as the feed's subjects name them (`closed`); without any a new consumer waits
    for all, and one that is there for what it did.
    """
    filters = [f"{FEED_PREFIX}.{each}.*" for each in events] or [f"{FEED_PREFIX}.>"]
    one, several = (filters[0], None) if len(filters) == 1 else (None, filters)
    try:
        config = (await nats.jetstream().consumer_info(FEED_STREAM, name)).config
    except NotFoundError:
        config = ConsumerConfig(
            durable_name=name,
            deliver_policy=DeliverPolicy.ALL,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=ACK_WAIT_S,
            max_ack_pending=MAX_ACK_PENDING,
            inactive_threshold=INACTIVE_S_MAX,
        )
    else:
        if not events:
            return
    await nats.jetstream().add_consumer(FEED_STREAM, config.evolve(filter_subject=one, filter_subjects=several))


async def remove_feed_consumer(nats: Client, name: str) -> bool:
    """Remove it with its place; whether it was there."""
    try:
        return await nats.jetstream().delete_consumer(FEED_STREAM, name)
    except NotFoundError:
        return False

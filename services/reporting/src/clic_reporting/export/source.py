"""Messages of the log as they are stored, read by natsrpy at full speed for an export."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from natsrpy import Nats
from natsrpy.js import AckPolicy, DeliverPolicy, PullConsumer, PullConsumerConfig

from clic_chassis.error import RetryableError
from clic_chassis.log_tail import GapError

FETCH_COMMITS = 5_000
"""Messages of one fetch. Two lists of them are in memory at most: one that is read, one that is coming."""
FETCH_TIMEOUT_S = 10.0


async def read_messages(reader: Nats, stream: str, *, after: int, until: int) -> AsyncGenerator[list[Any], None]:
    """Messages after a position (exclusive) to another (inclusive), in lists; the next fetch is always under way.

    Raises:
        GapError: a message is missing.
        RetryableError: the server did not answer.
    """
    if after >= until:
        return
    consumer = await _consumer(reader, stream, after)
    position = after
    fetch: asyncio.Task[list[Any]] | None = asyncio.create_task(_fetch(consumer, until - position))
    try:
        while fetch is not None:
            messages = await fetch
            if not messages:
                raise RetryableError(f"{stream} gave nothing after {position} for {FETCH_TIMEOUT_S:.0f} s")
            left = until - position - len(messages)
            fetch = asyncio.create_task(_fetch(consumer, left)) if left > 0 else None
            for message in messages:
                position += 1
                if message.stream_sequence != position:
                    raise GapError(position, message.stream_sequence)
            yield messages
    finally:
        if fetch is not None:
            fetch.cancel()
            await asyncio.wait({fetch})
            if not fetch.cancelled():
                fetch.exception()  # Looked at, and of no more interest: the reading was given up.


async def _consumer(reader: Nats, stream: str, after: int) -> PullConsumer:
    config = PullConsumerConfig(
        deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
        delivery_start_sequence=after + 1,
        ack_policy=AckPolicy.NONE,
        inactive_threshold=60,
        memory_storage=True,
        num_replicas=1,
    )
    try:
        return await (await (await reader.jetstream()).streams.get(stream)).consumers.create(config)
    except Exception as error:
        raise RetryableError(f"{stream} cannot be read now: {type(error).__name__}") from error


async def _fetch(consumer: PullConsumer, wanted: int) -> list[Any]:
    try:
        return list(await consumer.fetch(max_messages=min(FETCH_COMMITS, wanted), timeout=FETCH_TIMEOUT_S))
    except Exception as error:
        raise RetryableError(f"the log did not answer: {type(error).__name__}") from error

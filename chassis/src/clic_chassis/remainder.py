"""What a consumer of a whole stream, or of some of its subjects, has still to settle."""

from __future__ import annotations

import contextlib

from nats.aio.client import Client
from nats.js.api import ConsumerInfo
from nats.js.errors import NotFoundError


async def left_to_do(nats: Client, stream: str, info: ConsumerInfo) -> int:
    """How many messages the consumer has still to settle, as it tells; at least one while the last was not delivered.

    The server's own count may lack a message that its publisher knows to be stored: it is counted a moment later
    (nats-server 2.15; on a busy machine once in 3,000 times). Raises what nats-py does.
    """
    if waiting := (info.num_pending or 0) + (info.num_ack_pending or 0):
        return waiting
    delivered = info.delivered.stream_seq if info.delivered is not None else 0
    last = 0
    for each in info.config.filter_subjects or [info.config.filter_subject or ">"]:
        with contextlib.suppress(NotFoundError):  # Nothing of it is in the stream.
            last = max(last, (await nats.jetstream().get_last_msg(stream, each)).seq or 0)
    return int(last > delivered)

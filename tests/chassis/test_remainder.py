"""What a consumer has still to settle, also where its server has not counted it yet."""

from __future__ import annotations

from dataclasses import replace

import pytest
from nats.aio.client import Client
from nats.js.api import ConsumerConfig

from clic_chassis.remainder import left_to_do
from clic_contracts.subject import LOG_STREAM

ONE, OTHER = "clic.log.intake.*", "clic.log.routing.*"


@pytest.mark.parametrize(
    "config",
    [
        ConsumerConfig(),
        ConsumerConfig(filter_subject=ONE),
        ConsumerConfig(filter_subjects=[ONE, "clic.log.deadlines.*"]),
    ],
)
async def test_a_message_that_the_server_has_not_counted_yet_is_left_to_do(
    nats: Client, config: ConsumerConfig
) -> None:
    """Nothing may be called missed while an answer is stored and not heard (POL-29)."""
    stream = nats.jetstream()
    before = await stream.add_consumer(LOG_STREAM, replace(config, durable_name="test"))
    assert await left_to_do(nats, LOG_STREAM, before) == 0
    await stream.publish(ONE.replace("*", "x"), b"[]")
    assert await left_to_do(nats, LOG_STREAM, before) == 1
    subscription = await stream.pull_subscribe_bind("test", stream=LOG_STREAM)
    [message] = await subscription.fetch(1, timeout=30)
    assert await left_to_do(nats, LOG_STREAM, await stream.consumer_info(LOG_STREAM, "test")) == 1, "taken, not settled"
    await message.ack_sync(timeout=30)
    assert await left_to_do(nats, LOG_STREAM, await stream.consumer_info(LOG_STREAM, "test")) == 0


async def test_what_a_consumer_does_not_hear_of_is_not_left_to_do(nats: Client) -> None:
    stream = nats.jetstream()
    info = await stream.add_consumer(LOG_STREAM, ConsumerConfig(durable_name="test", filter_subject=OTHER))
    await stream.publish(ONE.replace("*", "x"), b"[]")
    assert await left_to_do(nats, LOG_STREAM, info) == 0

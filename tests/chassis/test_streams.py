"""The streams are made by one piece of code, and keep up with it; the log's settings are never changed in passing."""

from __future__ import annotations

import json

import pytest
from nats.aio.client import Client

from clic_chassis.streams import STREAMS, StreamError, ensure_streams
from clic_contracts.subject import LOG_STREAM, QUARANTINE_STREAM, RECEIPT_STREAM


async def update(nats: Client, stream: str, **settings: object) -> None:
    """As another version had it."""
    config = json.loads((await nats.request(f"$JS.API.STREAM.INFO.{stream}", b"")).data)["config"]
    answer = await nats.request(f"$JS.API.STREAM.UPDATE.{stream}", json.dumps({**config, **settings}).encode())
    assert "error" not in json.loads(answer.data)


async def setting(nats: Client, stream: str, name: str) -> object:
    """A setting as the server has it."""
    return json.loads((await nats.request(f"$JS.API.STREAM.INFO.{stream}", b"")).data)["config"].get(name)


async def test_a_stream_of_an_earlier_version_gets_the_settings_of_this_one(nats: Client) -> None:
    await update(nats, QUARANTINE_STREAM, max_msgs=5)
    await update(nats, RECEIPT_STREAM, max_age=0)
    await ensure_streams(nats)
    assert await setting(nats, QUARANTINE_STREAM, "max_msgs") == STREAMS[QUARANTINE_STREAM]["max_msgs"]
    assert await setting(nats, RECEIPT_STREAM, "max_age") == STREAMS[RECEIPT_STREAM]["max_age"]


async def test_the_logs_settings_are_checked_and_left_alone(nats: Client) -> None:
    """Whoever changes the log's stream does it knowingly: a setting may cost facts."""
    await update(nats, LOG_STREAM, discard="old")
    with pytest.raises(StreamError, match="discard is 'old', not 'new'"):
        await ensure_streams(nats)
    assert await setting(nats, LOG_STREAM, "discard") == "old"


async def test_making_them_again_changes_nothing(nats: Client) -> None:
    await ensure_streams(nats)
    await ensure_streams(nats)
    assert await setting(nats, LOG_STREAM, "deny_purge") is True

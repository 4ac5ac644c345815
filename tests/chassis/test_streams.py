"""The streams are made by one piece of code, and keep up with it; the log's settings are never changed in passing."""

from __future__ import annotations

import json

import pytest
from nats.aio.client import Client
from tests.chassis.not_heard_yet import NotHeardYet

from clic_chassis.error import RetryableError
from clic_chassis.streams import STREAMS, StreamError, ensure_streams, remove_streams
from clic_chassis.testing import wait_until_done
from clic_contracts.subject import LOG_STREAM, QUARANTINE_STREAM, RECEIPT_STREAM


async def update(nats: Client, stream: str, **settings: object) -> None:
    """As another version had it."""
    config = json.loads((await nats.request(f"$JS.API.STREAM.INFO.{stream}", b"", timeout=10)).data)["config"]
    body = json.dumps({**config, **settings}).encode()
    answer = await nats.request(f"$JS.API.STREAM.UPDATE.{stream}", body, timeout=10)
    assert "error" not in json.loads(answer.data)


async def setting(nats: Client, stream: str, name: str) -> object:
    """A setting as the server has it."""
    return json.loads((await nats.request(f"$JS.API.STREAM.INFO.{stream}", b"", timeout=10)).data)["config"].get(name)


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


async def test_a_cluster_that_hears_of_its_servers_anew_is_waited_for(nats: Client) -> None:
    """A leader places nothing on a server whose routes came anew until it says what room it has."""
    await remove_streams(nats)
    anew = NotHeardYet(nats, 2)
    await wait_until_done(lambda: ensure_streams(anew.client), what="the streams are made anew")
    assert anew.times == 0
    assert await setting(nats, LOG_STREAM, "deny_purge") is True


async def test_a_cluster_that_does_not_hear_of_its_servers_is_told(nats: Client) -> None:
    """Within a bound, and as something that may succeed later."""
    await remove_streams(nats)
    with pytest.raises(RetryableError, match=f"stream {LOG_STREAM}: no suitable peers for placement, peer offline"):
        await ensure_streams(NotHeardYet(nats, 100).client, place_wait_s=0.3)

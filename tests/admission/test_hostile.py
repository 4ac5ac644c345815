"""A publisher that means harm, or is broken, on a real server: it is bounded, and the others go on."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator

import nats as nats_client
import pytest
from nats.aio.client import Client
from tests.admission.test_matrix import Guarded
from tests.embedded.credential import open_guarded

from clic.nats_config import CONNECTIONS_MAX, PAYLOAD_BYTES_MAX, SUBSCRIPTIONS_MAX, users
from clic_chassis.embedded.port import ask
from clic_chassis.testing import wait_until
from clic_contracts.subject import INBOX_STREAM

HOSTILE, GOOD = "publisher-portail_web", "publisher-telephonie"
SUBJECT = "clic.inbox.telephonie.submission.request.v1"
ANSWER_S = 30.0


@pytest.fixture(scope="module")
def guarded() -> Iterator[Guarded]:
    """A server that knows two publishers."""
    with open_guarded(users(("portail_web", "telephonie"))) as (server, credentials):
        yield Guarded(server, credentials)


@contextlib.asynccontextmanager
async def connected(guarded: Guarded, user: str) -> AsyncIterator[tuple[Client, list[str]]]:
    """A client that does not come back, and what it heard."""
    heard: list[str] = []

    async def hear(error: Exception) -> None:
        heard.append(str(error).lower())

    client = await nats_client.connect(
        guarded.server.url,
        allow_reconnect=False,
        connect_timeout=ANSWER_S,
        error_cb=hear,
        **guarded.credentials[user].options(),
    )
    try:
        yield client, heard
    finally:
        with contextlib.suppress(nats_client.errors.Error):
            await client.close()


@contextlib.asynccontextmanager
async def others_go_on(guarded: Guarded) -> AsyncIterator[None]:
    """Another publisher's connection stands all the while, and its submissions are taken before and after."""
    await wait_until(lambda: _connections(guarded, HOSTILE) == 0, ANSWER_S, what="those of before are forgotten")
    async with connected(guarded, GOOD) as (client, heard):
        jetstream = client.jetstream(timeout=ANSWER_S)
        assert (await jetstream.publish(SUBJECT, b"{}")).stream == INBOX_STREAM
        yield
        assert (await jetstream.publish(SUBJECT, b"{}")).stream == INBOX_STREAM
        assert heard == []


def _connections(guarded: Guarded, account: str) -> int:
    """By which the server bounds an account."""
    said = ask(f"{guarded.server.monitoring_url}/accstatz?unused=1")[1]
    return next((int(each["conns"]) for each in (said or {}).get("account_statz", ()) if each["acc"] == account), -1)


async def test_its_connections_are_counted_under_all_its_keys(guarded: Guarded) -> None:
    """Beyond the bound none is opened: the server's room for others stays."""
    async with others_go_on(guarded), contextlib.AsyncExitStack() as stack:
        for _ in range(CONNECTIONS_MAX):
            await stack.enter_async_context(connected(guarded, HOSTILE))
        with pytest.raises(nats_client.errors.Error, match=r"(?i)maximum account active connections"):
            await stack.enter_async_context(connected(guarded, HOSTILE))


async def test_its_subscriptions_are_bounded(guarded: Guarded) -> None:
    """The server says so and closes the connection."""
    async with others_go_on(guarded), connected(guarded, HOSTILE) as (client, _):
        for number in range(SUBSCRIPTIONS_MAX):
            await client.subscribe(f"clic.receipt.portail_web.{number}")
        await client.flush()
        assert client.is_connected
        await client.subscribe("clic.receipt.portail_web.beyond")
        await wait_until(lambda: client.is_closed, timeout_s=ANSWER_S, what="the server closes the connection")
        assert "maximum subscriptions" in str(client.last_error).lower()


async def test_a_message_that_is_too_large_ends_its_connection_and_nothing_else(guarded: Guarded) -> None:
    async with others_go_on(guarded):
        reader, writer = await asyncio.open_connection("127.0.0.1", guarded.server.port)
        signed = guarded.credentials[HOSTILE].sign(_nonce_of(await reader.readline()))
        connect = f'CONNECT {{"verbose":false,"nkey":"{signed["nkey"]}","sig":"{signed["sig"]}"}}\r\n'
        writer.write(connect.encode() + b"PUB clic.inbox.portail_web.x %d\r\n" % (PAYLOAD_BYTES_MAX + 1))
        await writer.drain()
        assert b"Maximum Payload Violation" in await asyncio.wait_for(reader.read(), ANSWER_S)
        writer.close()


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00" * 10_000,
        b"GET / HTTP/1.1\r\n\r\n",
        b"PUB " + b"a" * 20_000 + b" 1\r\n",
        b"CONNECT {" + b"[" * 3_000 + b"\r\n",
    ],
    ids=["zeros", "http", "long line", "brackets"],
)
async def test_what_is_not_nats_is_cut_off(guarded: Guarded, garbage: bytes) -> None:
    async with others_go_on(guarded):
        reader, writer = await asyncio.open_connection("127.0.0.1", guarded.server.port)
        await reader.readline()
        writer.write(garbage)
        with contextlib.suppress(ConnectionError):
            await writer.drain()
            await asyncio.wait_for(reader.read(), ANSWER_S)
        writer.close()


async def test_who_connects_and_says_nothing_is_cut_off(guarded: Guarded) -> None:
    """A hundred of them at once; whoever does not sign in within two seconds is gone."""
    async with others_go_on(guarded):
        held = [await asyncio.open_connection("127.0.0.1", guarded.server.port) for _ in range(100)]
        for reader, writer in held:
            with contextlib.suppress(ConnectionError):
                await asyncio.wait_for(reader.read(), ANSWER_S)
            writer.close()


def _nonce_of(info: bytes) -> str:
    nonce: str = json.loads(info.removeprefix(b"INFO "))["nonce"]
    return nonce

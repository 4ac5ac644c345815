"""Permissions tried for real: each user against what it may do, and against what it may not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import nats as nats_client
import pytest
from nats.aio.client import Client
from nats.js.api import AckPolicy, ConsumerConfig
from tests.embedded.credential import credentials_of, public_keys

from clic.nats_config import DOMAIN, OPS, SERVICES, authorization, inbox_prefix, publisher_user, subscriber_user, users
from clic_chassis.embedded import NatsServer, start_nats
from clic_chassis.log_tail import open_tail
from clic_chassis.nats_credential import NatsCredential
from clic_chassis.streams import ensure_streams
from clic_chassis.testing import open_folder, wait_until
from clic_contracts.subject import FEED_STREAM, INBOX_STREAM, LOG_STREAM, RECEIPT_STREAM

PUBLISHERS = ("portail_web", "comptoir")
PORTAL = publisher_user("portail_web")
BOARD = subscriber_user("tableau")
EVERYBODY = [user.name for user in users(PUBLISHERS, ["tableau"])]
CREDENTIALS: dict[str, NatsCredential] = {}
REQUEST = "0b1e1a54-0000-5000-8000-000000000001"
EVENT = b"[]"


@pytest.fixture(scope="module")
def guarded() -> Iterator[NatsServer]:
    """A NATS server that knows the users of a town with two publishers."""
    with open_folder() as folder:
        everybody = users(PUBLISHERS, ["tableau"])
        CREDENTIALS.update(credentials_of(folder, everybody))
        config = authorization(everybody, public_keys(CREDENTIALS))
        server = start_nats(folder / "nats", extra_config=config)

        async def make_streams() -> None:
            async with connected(server, OPS) as (ops, _):
                await ensure_streams(ops)

        asyncio.run(make_streams())
        yield server
        server.stop()


@asynccontextmanager
async def connected(server: NatsServer, user: str) -> AsyncIterator[tuple[Client, list[str]]]:
    """A client of the user, and what the server told it of violations."""
    violations: list[str] = []

    async def hear(error: Exception) -> None:
        violations.append(str(error))

    client = await nats_client.connect(server.url, error_cb=hear, **CREDENTIALS[user].options())
    try:
        yield client, violations
    finally:
        await client.close()


async def may_publish(server: NatsServer, user: str, subject: str, body: bytes = b"") -> bool:
    """Whether the server takes a message of the user on the subject, by its own word."""
    async with connected(server, user) as (client, violations):
        await client.publish(subject, body)
        return await heard_nothing(client, violations)


async def may_subscribe(server: NatsServer, user: str, subject: str) -> bool:
    """Whether the server lets the user listen."""
    async with connected(server, user) as (client, violations):
        await client.subscribe(subject)
        return await heard_nothing(client, violations)


async def heard_nothing(client: Client, violations: list[str]) -> bool:
    """Whether the server had no objection: it objects before it answers, and the client tells us a moment after."""
    await client.flush(30)
    await client.flush(30)
    return not violations


async def count(server: NatsServer, stream: str) -> int:
    """Messages on a stream, as ops sees it."""
    async with connected(server, OPS) as (ops, _):
        return (await ops.jetstream().stream_info(stream)).state.messages


async def has(server: NatsServer, stream: str, messages: int) -> None:
    """Wait until a stream has so many: it stores them after the server has answered a flush."""

    async def stored() -> bool:
        return await count(server, stream) >= messages

    await wait_until(stored, what=f"{stream} has {messages} messages")


@pytest.mark.parametrize("service", ["intake", "routing", "deadlines"])
async def test_a_service_appends_to_its_own_subjects_alone(guarded: NatsServer, service: str) -> None:
    """The log is guarded by the server, not by manners."""
    before = await count(guarded, LOG_STREAM)
    for other in (*SERVICES, "stranger"):
        allowed = await may_publish(guarded, service, f"clic.log.{other}.{REQUEST}", EVENT)
        assert allowed is (other == service), other
    await has(guarded, LOG_STREAM, before + 1)
    assert await count(guarded, LOG_STREAM) == before + 1


async def test_reporting_may_write_nothing(guarded: NatsServer) -> None:
    """It only counts."""
    subjects = ["clic.log.reporting.x", "clic.log.intake.x", "clic.inbox.portail_web.x", "clic.receipt.portail_web.x",
                "clic.feed.closed.x", "clic.quarantine.reporting.x.1", "clic.anything"]  # fmt: skip
    assert [s for s in subjects if await may_publish(guarded, "reporting", s)] == []


async def test_intake_follows_the_log_for_its_worklists_and_touches_no_consumer_of_others(guarded: NatsServer) -> None:
    """A projector's consumer has no durable name; those of routing and deadlines stand on the same stream."""
    async with connected(guarded, "intake") as (client, violations):
        async with open_tail(client, after=0) as tail:
            await tail.take(1, 0.1)
        assert violations == []
        for call in ("CREATE", "DELETE", "MSG.NEXT"):
            await client.publish(f"$JS.API.CONSUMER.{call}.{LOG_STREAM}.routing", b"{}")
        await client.publish(f"$JS.API.CONSUMER.DELETE.{LOG_STREAM}.relay", b"")
        await client.flush()
        await wait_until(lambda: len(violations) == 4, what="four violations")


async def test_deadlines_follows_the_log_for_its_docket_and_touches_no_consumer_of_others(guarded: NatsServer) -> None:
    """Beside its own durable one, which it may make and never delete."""
    async with connected(guarded, "deadlines") as (client, violations):
        async with open_tail(client, after=0) as tail:
            await tail.take(1, 0.1)
        assert violations == []
        for subject in (
            f"MSG.NEXT.{LOG_STREAM}.routing",
            f"DELETE.{LOG_STREAM}.relay",
            f"DELETE.{LOG_STREAM}.deadlines",
        ):
            await client.publish(f"$JS.API.CONSUMER.{subject}", b"{}")
        await client.flush()
        await wait_until(lambda: len(violations) == 3, what="three violations")


async def test_reporting_reads_the_log(guarded: NatsServer) -> None:
    """By a consumer without a durable name, as the projector does."""
    await may_publish(guarded, "intake", f"clic.log.intake.{REQUEST}", EVENT)
    async with connected(guarded, "reporting") as (client, violations):
        jetstream = client.jetstream()
        consumer = await jetstream.add_consumer(LOG_STREAM, ConsumerConfig(inactive_threshold=5))
        subscription = await jetstream.pull_subscribe_bind(stream=LOG_STREAM, consumer=consumer.name)
        assert len(await subscription.fetch(1, timeout=30)) == 1
        assert await jetstream.delete_consumer(LOG_STREAM, consumer.name)
        assert violations == []


@pytest.mark.parametrize(
    ("service", "stream", "durable"),
    [("intake", INBOX_STREAM, "intake"), ("intake", LOG_STREAM, "relay"), ("routing", LOG_STREAM, "routing"),
     ("deadlines", LOG_STREAM, "deadlines")],
)  # fmt: skip
async def test_a_service_consumes_by_its_own_durable(
    guarded: NatsServer, service: str, stream: str, durable: str
) -> None:
    """Made, asked, pulled and acknowledged; and none of it by another service."""
    await may_publish(guarded, PORTAL, "clic.inbox.portail_web.x", EVENT)
    await may_publish(guarded, "intake", f"clic.log.intake.{REQUEST}", EVENT)
    async with connected(guarded, service) as (client, violations):
        jetstream = client.jetstream()
        await jetstream.add_consumer(stream, ConsumerConfig(durable_name=durable, filter_subject="clic.>"))
        subscription = await jetstream.pull_subscribe_bind(stream=stream, consumer=durable)
        [message] = await subscription.fetch(1, timeout=30)
        await message.ack_sync(timeout=30)
        assert (await jetstream.consumer_info(stream, durable)).num_ack_pending == 0
        assert violations == []
    for other in (name for name in SERVICES if name != service):
        for call in ("MSG.NEXT", "DELETE", "CREATE"):
            assert not await may_publish(guarded, other, f"$JS.API.CONSUMER.{call}.{stream}.{durable}"), (other, call)


@pytest.mark.parametrize("user", EVERYBODY)
async def test_nobody_may_delete_purge_or_update_the_log(guarded: NatsServer, user: str) -> None:
    """Not even who operates: the record is for ever."""
    before = await count(guarded, LOG_STREAM)
    for call in ("DELETE", "PURGE", "UPDATE", "MSG.DELETE"):
        assert not await may_publish(guarded, user, f"$JS.API.STREAM.{call}.{LOG_STREAM}", b"{}"), call
    assert await count(guarded, LOG_STREAM) == before


@pytest.mark.parametrize("user", [name for name in EVERYBODY if name != OPS])
async def test_only_who_operates_makes_streams(guarded: NatsServer, user: str) -> None:
    """A service that could make a stream could catch what is not meant for it."""
    assert not await may_publish(guarded, user, "$JS.API.STREAM.CREATE.MINE", b"{}")
    assert not await may_publish(guarded, user, "$JS.API.STREAM.DELETE.CLIC_FEED", b"")


async def test_a_publisher_reaches_its_inbox_and_nobody_elses(guarded: NatsServer) -> None:
    """Whoever gives in a request speaks for itself alone."""
    before = await count(guarded, INBOX_STREAM)
    assert await may_publish(guarded, PORTAL, "clic.inbox.portail_web.request.submitted.v1", b"{}")
    assert not await may_publish(guarded, PORTAL, "clic.inbox.comptoir.request.submitted.v1", b"{}")
    for subject in (f"clic.log.intake.{REQUEST}", "clic.receipt.portail_web.x", "clic.feed.closed.x"):
        assert not await may_publish(guarded, PORTAL, subject), subject
    await has(guarded, INBOX_STREAM, before + 1)
    assert await count(guarded, INBOX_STREAM) == before + 1


async def test_a_publisher_can_read_neither_the_log_nor_the_inbox(guarded: NatsServer) -> None:
    """Requests of others are none of its business."""
    calls = ("DIRECT.GET", "STREAM.MSG.GET", "STREAM.INFO", "CONSUMER.CREATE", "CONSUMER.CREATE.x")
    ways = [f"$JS.API.{call}.{stream}" for stream in (LOG_STREAM, INBOX_STREAM) for call in calls]
    assert [subject for subject in ways if await may_publish(guarded, PORTAL, subject, b'{"seq": 1}')] == []
    for subject in ("clic.log.>", "clic.inbox.>", "clic.>", "_INBOX.>", f"{inbox_prefix('intake')}.>", ">"):
        assert not await may_subscribe(guarded, PORTAL, subject), subject


async def test_a_publisher_hears_and_finds_its_own_receipts_alone(guarded: NatsServer) -> None:
    """A receipt says what became of a submission: to who gave it in."""
    assert await may_publish(guarded, "intake", "clic.receipt.portail_web.a", b"mine")
    assert await may_publish(guarded, "intake", "clic.receipt.comptoir.b", b"theirs")
    assert await may_subscribe(guarded, PORTAL, "clic.receipt.portail_web.>")
    assert not await may_subscribe(guarded, PORTAL, "clic.receipt.>")
    get = f"$JS.API.DIRECT.GET.{RECEIPT_STREAM}"
    async with connected(guarded, PORTAL) as (client, _):
        await wait_until(lambda: count(guarded, RECEIPT_STREAM), what="the receipts on their stream")
        assert (await client.request(f"{get}.clic.receipt.portail_web.a", timeout=30)).data == b"mine"
    assert not await may_publish(guarded, PORTAL, f"{get}.clic.receipt.comptoir.b")
    assert not await may_publish(guarded, PORTAL, get, json.dumps({"seq": 2}).encode())


@pytest.mark.parametrize(
    "aimed_at", ["clic.log.intake.x", "clic.inbox.comptoir.x", "clic.receipt.comptoir.x", "clic.feed.x.y"]
)
async def test_an_answer_cannot_be_aimed_at_what_is_not_the_publishers(guarded: NatsServer, aimed_at: str) -> None:
    """Permissions do not cover the subject that a message names for its answer, and JetStream answers there.

    In one account with the streams, the acknowledgement of a submission was stored in the log so.
    """
    stream = {"log": LOG_STREAM, "inbox": INBOX_STREAM, "receipt": RECEIPT_STREAM, "feed": FEED_STREAM}[
        aimed_at.split(".")[1]
    ]
    before = await count(guarded, stream)
    async with connected(guarded, PORTAL) as (client, _):
        await client.publish("clic.inbox.portail_web.x", b"{}", reply=aimed_at)
        await client.publish(f"$JS.API.DIRECT.GET.{RECEIPT_STREAM}.clic.receipt.portail_web.none", b"", reply=aimed_at)
        assert (await client.jetstream().publish("clic.inbox.portail_web.x", b"{}")).stream == INBOX_STREAM
    assert await count(guarded, stream) == before + (2 if stream == INBOX_STREAM else 0)


async def test_a_subscriber_takes_the_feed_by_its_own_consumer_and_reads_it_from_any_place(guarded: NatsServer) -> None:
    """Pulled and acknowledged, and read again from a position; JetStream's domain is `feed` for it."""
    async with connected(guarded, OPS) as (ops, _):
        await ops.jetstream().add_consumer(
            FEED_STREAM, ConsumerConfig(durable_name=BOARD, ack_policy=AckPolicy.EXPLICIT, filter_subject="clic.feed.>")
        )
    before = await count(guarded, FEED_STREAM)
    for event in ("received", "closed"):
        assert await may_publish(guarded, "intake", f"clic.feed.{event}.{REQUEST}", b"{}")
        before += 1
        await has(guarded, FEED_STREAM, before)
    async with connected(guarded, BOARD) as (client, violations):
        jetstream = client.jetstream(domain=DOMAIN)
        subscription = await jetstream.pull_subscribe_bind(stream=FEED_STREAM, consumer=BOARD)
        messages = await subscription.fetch(2, timeout=30)
        for each in messages:
            await each.ack_sync(timeout=30)
        assert [each.subject.split(".")[2] for each in messages] == ["received", "closed"]
        assert (await subscription.consumer_info()).num_ack_pending == 0
        last = (await jetstream.stream_info(FEED_STREAM)).state.last_seq
        asked = json.dumps({"seq": last, "next_by_subj": "clic.feed.>"}).encode()
        again = await client.request(f"$JS.{DOMAIN}.API.DIRECT.GET.{FEED_STREAM}", asked, timeout=30)
        assert (again.headers or {})["Nats-Subject"] == f"clic.feed.closed.{REQUEST}"
        assert violations == []


async def test_a_subscriber_reaches_the_feed_alone_and_no_consumer_of_others(guarded: NatsServer) -> None:
    """It makes no consumer either: that could be told to deliver anywhere."""
    calls = [f"CONSUMER.{call}.{FEED_STREAM}.{BOARD}" for call in ("CREATE", "DELETE", "DURABLE.CREATE")]
    calls += [f"CONSUMER.MSG.NEXT.{FEED_STREAM}.other", f"STREAM.PURGE.{FEED_STREAM}", f"STREAM.INFO.{LOG_STREAM}"]
    ways = [f"$JS.{api}API.{call}" for call in calls for api in ("", f"{DOMAIN}.")]
    assert [each for each in ways if await may_publish(guarded, BOARD, each, b"{}")] == []
    for subject in (f"clic.log.intake.{REQUEST}", "clic.inbox.portail_web.x", f"clic.feed.closed.{REQUEST}"):
        assert not await may_publish(guarded, BOARD, subject), subject
    for subject in ("clic.log.>", "clic.receipt.>", "clic.>", f"{inbox_prefix(PORTAL)}.>"):
        assert not await may_subscribe(guarded, BOARD, subject), subject


async def test_a_stranger_is_not_let_in(guarded: NatsServer) -> None:
    """No anonymous user."""
    with pytest.raises(nats_client.errors.Error, match=r"(?i)authorization"):
        await nats_client.connect(guarded.url, allow_reconnect=False)

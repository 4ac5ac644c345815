"""A subscriber's client against a real server, as a user that may do nothing else: places, dates, gaps and outages."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.admission.certificate import Authority
from tests.contracts.feed_town import FLEET, Feed, Town
from tests.embedded.credential import credentials_of, public_keys

from clic.nats_config import DOMAIN, authorization, subscriber_user, users
from clic_chassis import feed_consumer
from clic_chassis.embedded import start_nats
from clic_chassis.feed_consumer import ensure_feed_consumer, remove_feed_consumer
from clic_chassis.streams import STREAMS
from clic_chassis.testing import open_folder, wait_until
from clic_contracts import feed_connection
from clic_contracts.event import RequestAnswered, RequestClosed, RequestReceived
from clic_contracts.schema import example_recorded
from clic_contracts.subject import FEED_DOMAIN, FEED_STREAM
from clic_contracts.subscriber import (
    FeedDeniedError,
    FeedReplacedError,
    FeedUnansweredError,
    Gap,
    Heard,
    Position,
    Subscriber,
    SubscriberError,
)

LIMIT_S = 60.0


async def taken(
    source: AsyncGenerator[Heard | Gap, None] | AsyncGenerator[Heard, None], count: int | None = None
) -> list[Heard | Gap]:
    """The next ones, or all of what ends; within a limit."""
    found: list[Heard | Gap] = []
    async with asyncio.timeout(LIMIT_S):
        async for each in source:
            found.append(each)
            if len(found) == count:
                break
    await source.aclose()
    return found


def ids(found: Sequence[Heard | Gap]) -> list[str | Gap]:
    return [each.event_id if isinstance(each, Heard) else each for each in found]


def positions(found: Sequence[Heard | Gap]) -> list[Position]:
    return [each.position for each in found if isinstance(each, Heard)]


async def done_with(feed: Feed, sequence: int) -> None:
    """Wait until the server has heard that the fleet is done with this event, and not with the next one."""

    async def heard() -> bool:
        info = await feed.operator.jetstream().consumer_info(FEED_STREAM, FLEET)
        return info.ack_floor is not None and info.ack_floor.stream_seq == sequence

    await wait_until(heard, LIMIT_S, what=f"the server to hear that event {sequence} is done with")


async def test_a_subscriber_reads_what_is_kept_and_is_told_what_was_left_out(feed: Feed) -> None:
    """Issue 6: lifecycle events without personal data; each says what its type never carries."""
    told = await feed.tell(RequestReceived, RequestClosed)
    async with await feed.subscriber() as subscriber:
        found = await taken(subscriber.read(live=False))

    assert told == ids(found)
    received = found[0]
    assert isinstance(received, Heard)
    assert (received.type, received.data["kind"]) == ("request.received.v1", "report")
    assert "/data/sealed" in received.left_out
    assert "sealed" not in received.data
    assert received.occurred_at == example_recorded(RequestReceived).occurred_at


async def test_events_by_type_keep_their_positions(feed: Feed) -> None:
    """What a subscriber filters out itself is no gap."""
    await feed.tell(RequestReceived, RequestAnswered, RequestClosed, RequestReceived)
    async with await feed.subscriber() as subscriber:
        found = await taken(subscriber.read(["request.closed.v1", "request.received.v1"], live=False))
        assert [each.sequence for each in positions(found)] == [1, 3, 4]
        with pytest.raises(ValueError, match=r"does not tell request\.cloosed\.v1; it tells .*request\.closed\.v1"):
            await taken(subscriber.read(["request.cloosed.v1"]))


async def test_reading_goes_on_after_a_position(feed: Feed) -> None:
    """Also one that was written down as text."""
    told = await feed.tell(*[RequestClosed] * 250)
    async with await feed.subscriber() as subscriber:
        before = await taken(subscriber.read(), 120)
        place = Position.parse(str(positions(before)[-1]))
        after = await taken(subscriber.read(after=place, live=False))

    assert told == ids([*before, *after])


@pytest.mark.parametrize("text", ["", "17", "/x", "a/x", "-1/x"])
def test_a_text_that_is_no_position_is_refused(text: str) -> None:
    """Somebody else's cursor."""
    with pytest.raises(ValueError, match="is no position"):
        Position.parse(text)


async def test_reading_begins_at_an_instant(feed: Feed) -> None:
    """When the feed took it, by the server's clock."""
    await feed.tell(RequestReceived)
    kept = await feed.operator.jetstream().get_msg(FEED_STREAM, 1)
    assert kept.time is not None
    told = await feed.tell(RequestAnswered, RequestClosed, first=2)
    since = kept.time + dt.timedelta(microseconds=1)
    async with await feed.subscriber() as subscriber:
        assert told == ids(await taken(subscriber.read(since=since, live=False)))
        assert len(await taken(subscriber.read(since=kept.time - dt.timedelta(days=3), live=False))) == 3
        later = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
        assert await taken(subscriber.read(since=later, live=False)) == []


async def test_what_comes_is_heard_as_it_comes(feed: Feed) -> None:
    """Live, after what was kept."""
    before = await feed.tell(RequestReceived)
    async with await feed.subscriber() as subscriber:
        reading = subscriber.read()
        first = await anext(reading)
        waiting = asyncio.create_task(taken(reading, 2))
        later = await feed.tell(RequestAnswered, RequestClosed, first=2)
        assert before + later == ids([first, *await waiting])


async def test_positions_that_are_no_longer_kept_are_a_gap(feed: Feed) -> None:
    """Issue 6: who was away for too long is told so, and what is left goes on."""
    told = await feed.tell(*[RequestClosed] * 5)
    async with await feed.subscriber() as subscriber:
        (first,) = positions(await taken(subscriber.read(), 1))
        await feed.operator.jetstream().purge_stream(FEED_STREAM, seq=4)

        assert [Gap(2, 3), *told[3:]] == ids(await taken(subscriber.read(after=first, live=False)))
        assert told[3:] == ids(await taken(subscriber.read(live=False)))


async def test_an_event_that_was_taken_out_is_a_gap(feed: Feed) -> None:
    """Nothing leaves unseen."""
    told = await feed.tell(*[RequestClosed] * 3)
    await feed.operator.jetstream().delete_msg(FEED_STREAM, 2)
    async with await feed.subscriber() as subscriber:
        assert [told[0], Gap(2, 2), told[2]] == ids(await taken(subscriber.read(live=False)))


async def test_an_instant_before_what_is_kept_is_a_gap(feed: Feed) -> None:
    """The feed reaches back for a configured time."""
    await feed.tell(*[RequestClosed] * 3)
    await feed.operator.jetstream().purge_stream(FEED_STREAM, seq=3)
    now = dt.datetime.now(dt.UTC)
    async with await feed.subscriber() as subscriber:
        early = await taken(subscriber.read(since=now - dt.timedelta(days=91), live=False))
        within = await taken(subscriber.read(since=now - dt.timedelta(days=80), live=False))

    assert early[0] == Gap(1, 2)
    assert [each.sequence for each in positions(within)] == [3]
    assert len(within) == 1


@pytest.mark.parametrize("anew", [1, 3], ids=["shorter", "as long"])
async def test_a_feed_that_was_made_anew_is_noticed(feed: Feed, anew: int) -> None:
    """A position is recognized by its event: to go on after another one would lose what is before it."""
    await feed.tell(*[RequestClosed] * 2)
    async with await feed.subscriber() as subscriber:
        place = positions(await taken(subscriber.read(live=False)))[-1]
        await feed.remove()
        await feed.make()
        await feed.tell(*[RequestClosed] * anew, first=100)

        with pytest.raises(FeedReplacedError, match="made anew"):
            await taken(subscriber.read(after=place))


async def test_the_durable_consumer_keeps_the_place_and_an_event_in_hand_is_told_again(feed: Feed) -> None:
    """At least once: what was not done with comes again."""
    await ensure_feed_consumer(feed.operator, FLEET)
    told = await feed.tell(*[RequestClosed] * 4)
    async with await feed.subscriber() as subscriber:
        first = await taken(subscriber.follow(), 3)  # The third is in hand when it stops.
    assert told[:3] == ids(first)
    await done_with(feed, 2)
    config = (await feed.operator.jetstream().consumer_info(FEED_STREAM, FLEET)).config
    await feed.operator.jetstream().add_consumer(FEED_STREAM, config, ack_wait=0.5)
    again: set[str | Gap] = set()
    async with (
        await feed.subscriber() as subscriber,
        contextlib.aclosing(subscriber.follow()) as following,
        asyncio.timeout(LIMIT_S),
    ):
        async for each in following:  # Also the fourth twice, where this machine is slow to be done with it.
            again.add(each.event_id)
            if again == set(told[2:]):
                break
        else:
            raise AssertionError(f"it ended after {again}")


async def test_a_consumer_that_nobody_asks_is_removed_before_events_go_unseen(
    feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server would go on after what it no longer keeps without a word; so it is said that there is no place."""
    assert STREAMS[FEED_STREAM]["max_age"] / 1e9 - 86_400 == feed_consumer.INACTIVE_S_MAX
    monkeypatch.setattr(feed_consumer, "INACTIVE_S_MAX", 0.2)
    await ensure_feed_consumer(feed.operator, FLEET)

    async def is_gone() -> bool:
        return (await feed.operator.jetstream().stream_info(FEED_STREAM)).state.consumer_count == 0

    await wait_until(is_gone, LIMIT_S, what="the server to remove the consumer")
    async with await feed.subscriber() as subscriber:
        with pytest.raises(SubscriberError, match="events were missed"):
            await taken(subscriber.follow())


async def test_a_consumer_is_made_once_and_keeps_its_place(feed: Feed) -> None:
    """An operator says it again without harm; removing it ends its place."""
    await ensure_feed_consumer(feed.operator, FLEET)
    told = await feed.tell(*[RequestClosed] * 3)
    async with await feed.subscriber() as subscriber:
        await taken(subscriber.follow(), 2)
        await ensure_feed_consumer(feed.operator, FLEET)
        await done_with(feed, 1)
        assert await remove_feed_consumer(feed.operator, FLEET)
        assert not await remove_feed_consumer(feed.operator, FLEET)
        with pytest.raises(SubscriberError, match="no consumer subscriber-flotte"):
            await taken(subscriber.follow())
        await ensure_feed_consumer(feed.operator, FLEET)
        assert told == ids(await taken(subscriber.follow(), 3))


async def test_a_consumer_may_wait_for_some_events_alone_and_its_filter_may_change(feed: Feed) -> None:
    """`clic subscriber add --only`; said again without, nothing changes, and its place never does."""
    told = await feed.tell(RequestReceived, RequestClosed, RequestAnswered, RequestClosed)
    await ensure_feed_consumer(feed.operator, FLEET, ["closed"])
    await ensure_feed_consumer(feed.operator, FLEET)
    async with await feed.subscriber() as subscriber:
        assert [told[1], told[3]] == ids(await taken(subscriber.follow(), 2))
        await ensure_feed_consumer(feed.operator, FLEET, ["closed", "answered"])
        later = await feed.tell(RequestReceived, RequestAnswered, first=5)
        found = ids(await taken(subscriber.follow(), 1))
        assert found in ([told[3]], [later[1]])  # The one that was in hand comes again, some time.
    filters = (await feed.operator.jetstream().consumer_info(FEED_STREAM, FLEET)).config.filter_subjects
    assert filters == ["clic.feed.closed.*", "clic.feed.answered.*"]


async def test_only_what_is_wanted_is_followed(feed: Feed) -> None:
    """The rest is done with as it passes."""
    await ensure_feed_consumer(feed.operator, FLEET)
    told = await feed.tell(RequestReceived, RequestClosed, RequestAnswered, RequestClosed)
    async with await feed.subscriber() as subscriber:
        found = await taken(subscriber.follow(["request.closed.v1"]), 2)

    assert [told[1], told[3]] == ids(found)


@pytest.mark.parametrize("way", [Subscriber.read, Subscriber.follow], ids=["read", "follow"])
async def test_an_outage_is_lived_through(
    feed: Feed, way: Callable[[Subscriber], AsyncGenerator[Any, None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is lost; what came while nobody was connected is found."""
    await ensure_feed_consumer(feed.operator, FLEET)
    first = await feed.tell(RequestReceived)
    async with await feed.subscriber() as subscriber:
        reading = way(subscriber)
        assert first == ids([await anext(reading)])
        # From here on an answer that does not come is asked for again; at the beginning it would have been an error.
        monkeypatch.setattr("clic_contracts.subscriber.LOOK_AGAIN_S", 0.5)
        monkeypatch.setattr("clic_contracts.subscriber.ANSWER_TIMEOUT_S", 0.5)
        monkeypatch.setattr(feed_connection, "ANSWER_TIMEOUT_S", 0.5)
        waiting = asyncio.create_task(taken(reading, 2))
        feed.server.kill()
        await asyncio.to_thread(feed.server.restart)
        later = await feed.tell(RequestAnswered, RequestClosed, first=2)
        found = ids(await waiting)

    assert later == [each for each in found if each not in first][:2]


async def test_a_subscriber_of_another_name_reads_nothing_by_this_ones_consumer(feed: Feed, town: Town) -> None:
    """Each has its own; the server says no, and the client says it as such."""
    await ensure_feed_consumer(feed.operator, FLEET)
    async with await Subscriber.connect(
        feed.server.url, "flotte", nkey_seed_file=town.seed_file("subscriber-carte")
    ) as subscriber:
        with pytest.raises(FeedDeniedError, match="Ask the town"):
            await taken(subscriber.read(live=False))


async def test_a_server_without_a_feed_says_so(feed: Feed) -> None:
    """A URL of another NATS; and an answer that does not come is bounded."""
    await feed.remove()
    try:
        async with await feed.subscriber() as subscriber:
            with pytest.raises(SubscriberError, match="is CLIC"):
                await taken(subscriber.read())
            with pytest.raises(FeedUnansweredError):
                await subscriber._feed.kept({"seq": 1})
    finally:
        await feed.make()


def test_the_servers_configuration_and_the_client_name_the_feed_alike() -> None:
    """Two places that must agree."""
    assert (DOMAIN, subscriber_user("flotte")) == (FEED_DOMAIN, FLEET)


async def test_a_key_that_the_town_does_not_know_is_refused(feed: Feed, tmp_path: Path) -> None:
    """Errors say whose fault it is."""
    (stranger,) = credentials_of(tmp_path, [each for each in users((), ("flotte",)) if each.name == FLEET]).values()
    with pytest.raises(FeedDeniedError, match=r"(?i)authorization violation.*Ask the town"):
        await Subscriber.connect(feed.server.url, "flotte", nkey_seed_file=stranger.seed_file)


async def test_the_server_proves_who_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TLS: a server whose certificate is from somebody else is not spoken to."""
    authority, stranger = Authority(tmp_path, "authority"), Authority(tmp_path, "stranger")
    files = authority.give()
    tls = json.dumps({"cert_file": str(files.certificate), "key_file": str(files.key)})
    with open_folder() as folder:
        everybody = users((), ("flotte",))
        credentials = credentials_of(folder, everybody)
        config = f"{authorization(everybody, public_keys(credentials))}\ntls: {tls}"
        server = start_nats(folder / "nats", extra_config=config)
        seed_file, url = credentials[FLEET].seed_file, server.url.replace("nats://", "tls://")
        try:
            async with await Subscriber.connect(
                url, "flotte", nkey_seed_file=seed_file, ca_file=authority.file
            ) as subscriber:
                with pytest.raises(SubscriberError, match="there is no feed"):
                    await taken(subscriber.read())
            monkeypatch.setattr(feed_connection, "CONNECT_TIMEOUT_S", 5.0)
            with pytest.raises(SubscriberError, match=r"(?i)certificate"):
                await Subscriber.connect(url, "flotte", nkey_seed_file=seed_file, ca_file=stranger.file)
        finally:
            server.stop()

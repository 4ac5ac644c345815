"""A subscriber's client: reads the feed from a position or a date, tells what is missing, and goes on as it comes.

Needs the extra `client` (nats-py). Two ways, by who keeps the place: `read` leaves it to the subscriber, which stores a
`Position` beside what it made of the events and may read again from any; `follow` leaves it to the server, by the
durable consumer that the town made for this subscriber, so that several instances share the work.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncGenerator, Collection
from pathlib import Path
from ssl import SSLContext
from types import TracebackType
from typing import Self

import nats.errors

from .feed import FEED_EVENTS
from .feed_connection import (
    ANSWER_TIMEOUT_S,
    EVERYTHING,
    FeedConnection,
    FeedDeniedError,
    FeedUnansweredError,
    SubscriberError,
    heard,
)
from .heard import Gap, Heard, Position
from .subject import FEED_STREAM

__all__ = [
    "FeedDeniedError",
    "FeedReplacedError",
    "FeedUnansweredError",
    "Gap",
    "Heard",
    "Position",
    "Subscriber",
    "SubscriberError",
]

BATCH_EVENTS = 100
"""Events that one question asks for."""
LOOK_FIRST_S = 0.05
"""The server tells listeners of a message before it has stored it: who looks at once may not find it yet."""
LOOK_AGAIN_S = 10.0
"""How long nothing is heard before the feed is looked at anyway: what came during an outage was not heard."""
_TYPES = frozenset(event.TYPE for event in FEED_EVENTS)


class FeedReplacedError(SubscriberError):
    """What stands at the position is not what was read there: the feed was made anew, or lost its end in a crash.

    Read again with `since`, from a little before the last event that was heard; events keep their ids.
    """


class Subscriber:
    """One subscriber. Made by `connect`, closed by `close` or by leaving `async with`."""

    def __init__(self, feed: FeedConnection) -> None:
        self._feed = feed

    @classmethod
    async def connect(
        cls,
        url: str,
        subscriber: str,
        *,
        nkey_seed_file: Path | None = None,
        ca_file: Path | None = None,
        tls: SSLContext | None = None,
    ) -> Self:
        """Connect as the subscriber with this code; reconnects by itself for as long as it lives.

        `nkey_seed_file` is the key that the town knows; `ca_file` whom the server's certificate must be from.

        Raises:
            FeedDeniedError: the server does not know the key.
            SubscriberError: it does not answer.
        """
        user = f"subscriber-{subscriber}"
        return cls(await FeedConnection.connect(url, user, nkey_seed_file=nkey_seed_file, ca_file=ca_file, tls=tls))

    async def read(
        self,
        types: Collection[str] = (),
        *,
        after: Position | None = None,
        since: dt.datetime | None = None,
        live: bool = True,
    ) -> AsyncGenerator[Heard | Gap, None]:
        """The feed after a position, or what it took since an instant; without either, all that is kept.

        Only events of these wire types, where some are named. A `Gap` stands where positions are missing, whatever
        their types were. `live`: goes on as events come, through outages; else it ends where the feed ends.

        Raises:
            FeedReplacedError: another event stands at the position.
            FeedDeniedError: this user may not read the feed.
            FeedUnansweredError: the server does not answer: at the beginning, and where it is not `live`.
            ValueError: the feed has no such type.
        """
        wanted = _known(types)
        expected = await self._begin(after, since)
        place, wait_s = after, LOOK_FIRST_S
        async with self._feed.stirring() if live else contextlib.nullcontext():
            while True:
                try:
                    await self._recognize_after_outage(place)
                    found = await self._feed.kept({"seq": expected, "next_by_subj": EVERYTHING, "batch": BATCH_EVENTS})
                except FeedUnansweredError:
                    if not live:
                        raise
                    found = ()
                for event in found:
                    if event.position.sequence > expected:
                        yield Gap(expected, event.position.sequence - 1)
                    place, expected = event.position, event.position.sequence + 1
                    if not wanted or event.type in wanted:
                        yield event
                if found:
                    wait_s = LOOK_FIRST_S
                elif not live:
                    return
                else:
                    wait_s = LOOK_FIRST_S if await self._stirred_within(wait_s) else min(2 * wait_s, LOOK_AGAIN_S)

    async def follow(self, types: Collection[str] = ()) -> AsyncGenerator[Heard, None]:
        """What this subscriber was not told yet, by its durable consumer, and then as it comes, through outages.

        An event is told again until the next one is asked for: do what it asks for before that. The server removes a
        consumer that nobody asked for as long as the feed is kept: no gap passes in silence here either.

        Raises:
            FeedDeniedError: this user may not read the feed.
            FeedUnansweredError: the server does not answer at the beginning.
            SubscriberError: there is no consumer for this subscriber, or no more.
            ValueError: the feed has no such type.
        """
        wanted = _known(types)
        await self._feed.consumer()
        pulling = await self._feed.stream.pull_subscribe_bind(self._feed.user, FEED_STREAM)
        try:
            while True:
                try:
                    messages = await self._feed.answer_to(pulling.fetch(1, timeout=ANSWER_TIMEOUT_S))
                except FeedUnansweredError as error:
                    if not isinstance(error.__cause__, TimeoutError):  # Not that nothing came: nobody is there.
                        await self._stirred_within(LOOK_AGAIN_S)
                        with contextlib.suppress(FeedUnansweredError):
                            await self._feed.consumer()
                    continue
                for message in messages:
                    event = heard(message, message.metadata.sequence.stream)
                    if not wanted or event.type in wanted:
                        yield event
                    await message.ack()
        finally:
            with contextlib.suppress(nats.errors.Error):  # A lost connection has unsubscribed already.
                await pulling.unsubscribe()

    async def close(self) -> None:
        """Close the connection."""
        await self._feed.nats.close()

    async def __aenter__(self) -> Self:
        """Use it as a context; leaving it closes."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        await self.close()

    async def _begin(self, after: Position | None, since: dt.datetime | None) -> int:
        """The position that is expected first."""
        if after is not None:
            await self._recognize(after)
            return after.sequence + 1
        state = await self._feed.state()
        if since is None:
            return max(state.first, 1)
        if state.kept_since is not None and since < state.kept_since and state.first > 1:
            return 1  # What is no longer kept may have come since then.
        found = await self._feed.kept({"start_time": since.isoformat(), "next_by_subj": EVERYTHING, "batch": 1})
        return found[0].position.sequence if found else state.last + 1

    async def _recognize(self, place: Position) -> None:
        """See that the position is where it was; one that is no longer kept is taken at its word."""
        state = await self._feed.state()
        there = await self._feed.kept({"seq": place.sequence}) if state.first <= place.sequence <= state.last else ()
        if place.sequence > state.last or any(each.position != place for each in there):
            raise FeedReplacedError(f"another event stands at {place}, or none: the feed was made anew")

    async def _recognize_after_outage(self, place: Position | None) -> None:
        if self._feed.was_away and place is not None:
            await self._recognize(place)
        self._feed.was_away = False

    async def _stirred_within(self, limit_s: float) -> bool:
        try:
            async with asyncio.timeout(limit_s):
                await self._feed.stirred.wait()
        except TimeoutError:
            return False
        self._feed.stirred.clear()
        return True


def _known(types: Collection[str]) -> frozenset[str]:
    if unknown := sorted(set(types) - _TYPES):
        raise ValueError(f"the feed does not tell {', '.join(unknown)}; it tells {', '.join(sorted(_TYPES))}")
    return frozenset(types)

"""A subscriber's connection to the feed: asks for what is kept, and hears when something comes.

It makes no consumer and asks nothing of the server's configuration: what a subscriber may do is read.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
from collections.abc import AsyncIterator, Coroutine, Sequence
from pathlib import Path
from ssl import SSLContext
from typing import Any, NamedTuple, Self, TypeVar

import nats
import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import ConsumerInfo

from .client.connection import RECONNECT_WAIT_S, sign_in, tls_context
from .client.error import ClientError
from .feed import LEFT_OUT_HEADER
from .heard import Heard, heard_from
from .server_list import in_any_order
from .subject import FEED_DOMAIN, FEED_PREFIX, FEED_STREAM

CONNECT_TIMEOUT_S = 10.0
ANSWER_TIMEOUT_S = 5.0
EVERYTHING = f"{FEED_PREFIX}.>"
API = f"$JS.{FEED_DOMAIN}.API"
_Result = TypeVar("_Result")


class SubscriberError(Exception):
    """Something about reading the feed did not work; the text says what, and what to do."""


class FeedDeniedError(SubscriberError):
    """The server does not let this user read so: the town has to allow it."""


class FeedUnansweredError(SubscriberError):
    """Nobody answers for the feed, now."""

    def __init__(self, error: Exception | str) -> None:
        why = error if isinstance(error, str) else type(error).__name__
        super().__init__(f"the feed does not answer ({why}): is CLIC at work there?")


class FeedState(NamedTuple):
    """What the server keeps of the feed."""

    first: int
    last: int
    kept_since: dt.datetime | None
    """Everything from then on is there; None: everything is."""


class FeedConnection:
    """Made by `connect`."""

    def __init__(self, user: str) -> None:
        self.user = user
        self.stirred = asyncio.Event()
        """Something came, or the connection was lost and made anew."""
        self.was_away = False
        """The connection was made anew since this was last set to False."""
        self._denials: asyncio.Queue[str] = asyncio.Queue()
        self._said = "no answer"
        self.nats: Client

    @classmethod
    async def connect(
        cls, url: str, user: str, *, nkey_seed_file: Path | None, ca_file: Path | None, tls: SSLContext | None
    ) -> Self:
        """Connect; see `Subscriber.connect`.

        Raises:
            FeedDeniedError: the server does not know the key.
            SubscriberError: it does not answer, or a file cannot be used.
        """
        self = cls(user)
        try:
            options = sign_in(user=None, password=None, nkey_seed=None, nkey_seed_file=nkey_seed_file)
            if (context := tls_context(tls, ca_file)) is not None:
                options["tls"] = context
        except ClientError as error:
            raise SubscriberError(str(error)) from error
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                connecting = nats.connect(
                    in_any_order(url),
                    dont_randomize=True,
                    name=user,
                    error_cb=self._on_error,
                    reconnected_cb=self._on_reconnected,
                    max_reconnect_attempts=-1,  # And so the first connection is tried without end: bounded here.
                    reconnect_time_wait=RECONNECT_WAIT_S,
                    inbox_prefix=f"_INBOX_{user}".encode(),
                    **options,
                )
                self.nats = await self.answer_to(connecting)
        except (TimeoutError, OSError) as error:
            why = f"within {CONNECT_TIMEOUT_S:.0f} s: {self._said}"
            raise SubscriberError(f"no connection to the server {why}") from error
        return self

    @property
    def stream(self) -> JetStreamContext:
        """JetStream, as the feed's readers name it."""
        return self.nats.jetstream(domain=FEED_DOMAIN, timeout=ANSWER_TIMEOUT_S)

    async def state(self) -> FeedState:
        """What is kept now.

        Raises:
            FeedDeniedError: it may not be asked.
            FeedUnansweredError: nobody answers.
            SubscriberError: there is no feed.
        """
        asking = self.nats.request(f"{API}.STREAM.INFO.{FEED_STREAM}", b"", timeout=ANSWER_TIMEOUT_S)
        said = json.loads((await self.answer_to(asking)).data)
        if "error" in said:
            raise SubscriberError(f"there is no feed ({said['error'].get('description')}): is CLIC set up there?")
        state, age_ns = said["state"], said["config"].get("max_age", 0)
        since = dt.datetime.fromisoformat(said["ts"]) - dt.timedelta(microseconds=age_ns / 1000) if age_ns else None
        return FeedState(state["first_seq"], state["last_seq"], since)

    async def kept(self, question: dict[str, Any]) -> Sequence[Heard]:
        """What a direct get finds; nothing where nothing is.

        Raises:
            FeedDeniedError: it may not be read.
            FeedUnansweredError: nobody answers.
        """
        inbox = self.nats.new_inbox()
        found: list[Heard] = []
        answers = await self.nats.subscribe(inbox)
        try:
            await self.nats.publish(f"{API}.DIRECT.GET.{FEED_STREAM}", json.dumps(question).encode(), reply=inbox)
            while True:
                answer = await self.answer_to(answers.next_msg(timeout=ANSWER_TIMEOUT_S))
                headers = answer.headers or {}
                if (status := headers.get("Status")) in ("204", "404"):  # That was all; there is nothing.
                    return found
                if status is not None:
                    raise FeedUnansweredError(f"status {status}")
                found.append(heard(answer, int(headers["Nats-Sequence"])))
                if "batch" not in question:
                    return found
        finally:
            with contextlib.suppress(nats.errors.Error):  # A lost connection has unsubscribed already.
                await answers.unsubscribe()

    async def consumer(self) -> ConsumerInfo:
        """Where the durable consumer stands that the town made for this subscriber.

        Raises:
            FeedDeniedError: it may not be asked.
            FeedUnansweredError: nobody answers.
            SubscriberError: there is none.
        """
        try:
            return await self.answer_to(self.stream.consumer_info(FEED_STREAM, self.user))
        except nats.js.errors.NotFoundError as error:
            raise SubscriberError(
                f"there is no consumer {self.user}: it was never made, or nobody asked for as long as the feed is kept "
                "and events were missed. Ask the town for it."
            ) from error

    @contextlib.asynccontextmanager
    async def stirring(self) -> AsyncIterator[None]:
        """While it lasts, `stirred` is set whenever something comes."""

        async def stir(_: Msg) -> None:
            self.stirred.set()

        listening = await self.nats.subscribe(EVERYTHING, cb=stir)
        try:
            yield
        finally:
            with contextlib.suppress(nats.errors.Error):
                await listening.unsubscribe()

    async def answer_to(self, question: Coroutine[Any, Any, _Result]) -> _Result:
        """Wait for an answer, or for the server's word that the question is denied: it says so elsewhere.

        Raises:
            FeedDeniedError: it is.
            FeedUnansweredError: there is no answer.
        """
        waiting, denial = asyncio.create_task(question), asyncio.create_task(self._denials.get())
        tasks: set[asyncio.Task[Any]] = {waiting, denial}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done():
                raise FeedDeniedError(f"the feed may not be read so: {denial.result()}. Ask the town for it.")
            return waiting.result()
        except nats.js.errors.NotFoundError:
            raise
        except (nats.errors.Error, TimeoutError) as error:
            raise FeedUnansweredError(error) from error
        finally:
            for each in tasks:
                each.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _on_error(self, error: Exception) -> None:
        self._said = str(error) or type(error).__name__
        if "violation" in self._said.lower():  # Of a permission, or of the authorization to be there at all.
            self._denials.put_nowait(self._said.removeprefix("nats: "))

    async def _on_reconnected(self) -> None:
        self.was_away = True
        self.stirred.set()


def heard(message: Msg, sequence: int) -> Heard:
    """An event of the feed as it came."""
    return heard_from(message.data, sequence, (message.headers or {}).get(LEFT_OUT_HEADER, ""))

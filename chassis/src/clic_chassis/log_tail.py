"""The log in order, from a position on, by a raw pull loop on nats-py.

Tried (docs/architecture.md, Projector): nats-py's `fetch` reads 25,000 messages/s, this 100,000, and nats-py's
ordered push consumer showed gaps with a slow handler. The consumer is ephemeral and acknowledges nothing: what was
read is known by the reader's own checkpoint.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import AsyncIterator
from time import monotonic

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from clic_contracts.subject import LOG_STREAM

from .error import ClicError, RetryableError

PULL_MESSAGES = 1_000
"""Messages asked for at once. Two pulls are under way at most, so at most 2,000 messages wait here."""
PULL_EXPIRES_S = 20.0
HEARTBEAT_S = 1.0
SILENCE_MAX_S = 3.5
"""Without a message or heartbeat for so long the consumer is taken for lost: a server that came back forgot it."""
INACTIVE_S = 30.0
OPEN_TIMEOUT_S = 5.0
_SHORT_REPLY_PARTS = 9


class GapError(ClicError):
    """A message is missing: the log's sequences have no gaps, so something is wrong. Never skipped."""

    def __init__(self, expected: int, found: int) -> None:
        super().__init__(
            f"after position {expected - 1} came {found}: {found - expected} messages of the log are missing"
        )
        self.expected = expected
        self.found = found


class LogTail:
    """Messages in order. Made by `open_tail`."""

    def __init__(self, nats: Client, pull_subject: str, inbox: str, after: int) -> None:
        self._nats = nats
        self._pull_subject = pull_subject
        self._inbox = inbox
        self._last = after
        self._waiting: deque[tuple[int, Msg]] = deque()
        self._there = asyncio.Event()
        self._asked = 0
        self._lost: str | None = None
        self._heard_at = monotonic()
        self.pending = 0
        """Messages that the server has still to send, as the last message said."""

    @property
    def lag(self) -> int:
        """Messages that this reader has still to take."""
        return self.pending + len(self._waiting)

    async def take(self, at_most: int, wait_s: float) -> list[tuple[int, Msg]]:
        """What is there now, with its positions, `at_most` of it; waits up to `wait_s` for the first message.

        Raises:
            GapError: a message is missing.
            RetryableError: the consumer is lost; open another tail after the last position.
        """
        await self._ask()
        if not self._waiting:
            self._there.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._there.wait(), wait_s)
        if not self._waiting:
            if self._lost is not None:
                raise RetryableError(f"the log's reader was lost: {self._lost}")
            if monotonic() - self._heard_at > SILENCE_MAX_S:
                raise RetryableError(f"nothing was heard from the log's reader for {SILENCE_MAX_S} s")
        taken: list[tuple[int, Msg]] = []
        while self._waiting and len(taken) < at_most:
            sequence, message = self._waiting.popleft()
            if sequence != self._last + 1:
                raise GapError(self._last + 1, sequence)
            self._last = sequence
            taken.append((sequence, message))
        return taken

    async def _ask(self) -> None:
        """Keep one to two pulls under way, so that the server never waits for us while we work."""
        if self._asked + len(self._waiting) > PULL_MESSAGES or self._lost is not None:
            return
        self._asked += PULL_MESSAGES
        body = {"batch": PULL_MESSAGES, "expires": int(PULL_EXPIRES_S * 1e9), "idle_heartbeat": int(HEARTBEAT_S * 1e9)}
        try:
            await self._nats.publish(self._pull_subject, json.dumps(body).encode(), reply=self._inbox)
        except (NatsError, OSError) as error:
            self._lost = type(error).__name__

    async def received(self, message: Msg) -> None:
        """Take a message or a status from the server."""
        self._heard_at = monotonic()
        status = message.headers.get("Status") if message.headers and not message.data else None
        if status is None:
            # Either $JS.ACK.<stream>.<consumer>.<tries>.<stream sequence>.<consumer sequence>.<instant>.<pending>, or
            # with <domain>.<account> before the stream and a token at the end.
            parts = message.reply.split(".")
            shift = 0 if len(parts) == _SHORT_REPLY_PARTS else 2
            self.pending = int(parts[8 + shift])
            self._asked -= 1
            self._waiting.append((int(parts[5 + shift]), message))
        elif status == "100":
            return
        elif status in ("404", "408"):  # This pull is over; what it did not bring is said by a header.
            self._asked = max(0, self._asked - int((message.headers or {}).get("Nats-Pending-Messages", PULL_MESSAGES)))
        else:
            self._lost = f"{status} {(message.headers or {}).get('Description', '')}".strip()
        self._there.set()


@contextlib.asynccontextmanager
async def open_tail(nats: Client, *, after: int, stream: str = LOG_STREAM) -> AsyncIterator[LogTail]:
    """Read the log after a position (exclusive).

    Raises:
        RetryableError: the server did not answer.
    """
    try:
        info = await nats.jetstream(timeout=OPEN_TIMEOUT_S).add_consumer(
            stream,
            ConsumerConfig(
                deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
                opt_start_seq=after + 1,
                ack_policy=AckPolicy.NONE,
                inactive_threshold=INACTIVE_S,
                mem_storage=True,
                num_replicas=1,
            ),
        )
        inbox = nats.new_inbox()
        tail = LogTail(nats, f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{info.name}", inbox, after)
        tail.pending = info.num_pending or 0
        subscription = await nats.subscribe(inbox, cb=tail.received)
    except (NatsError, OSError, TimeoutError) as error:
        raise RetryableError(f"{stream} cannot be read now ({type(error).__name__})") from error
    try:
        yield tail
    finally:
        with contextlib.suppress(NatsError, OSError, TimeoutError):  # Gone already, and it goes by itself when unused.
            await subscription.unsubscribe()
            await nats.jetstream(timeout=1).delete_consumer(stream, info.name)

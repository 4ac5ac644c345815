"""The log in order, from a position on.

The consumer is ephemeral and acknowledges nothing: what was read is known by the reader's own checkpoint. Tried
(`docs/architecture.md`, Projector): nats-py's ordered push consumer showed gaps with a slow handler.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from clic_contracts.subject import LOG_STREAM

from .error import ClicError, RetryableError
from .pull import Pull, position_of

PULL_MESSAGES = 1_000
"""Messages asked for at once. Two requests are under way at most, so at most 2,000 messages wait here."""
INACTIVE_S = 30.0
OPEN_TIMEOUT_S = 5.0


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

    def __init__(self, pull: Pull, after: int) -> None:
        self._pull = pull
        self._last = after

    @property
    def lag(self) -> int:
        """Messages that this reader has still to take."""
        return self._pull.pending + len(self._pull.waiting)

    async def take(self, at_most: int, wait_s: float) -> list[tuple[int, Msg]]:
        """What is there now, with its positions, `at_most` of it; waits up to `wait_s` for the first message.

        Raises:
            GapError: a message is missing; what stands before it was given by the call before.
            RetryableError: the consumer is lost; open another tail after the last position.
        """
        taken: list[tuple[int, Msg]] = []
        messages = await self._pull.take(at_most, wait_s)
        for index, message in enumerate(messages):
            sequence = position_of(message).sequence
            if sequence != self._last + 1:
                if not taken:
                    raise GapError(self._last + 1, sequence)
                self._pull.waiting.extendleft(reversed(messages[index:]))
                break
            self._last = sequence
            taken.append((sequence, message))
        return taken


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
        pull = Pull(nats, stream, info.name, messages_max=PULL_MESSAGES)
        pull.pending = info.num_pending or 0
        await pull.open()
    except (NatsError, OSError, TimeoutError) as error:
        raise RetryableError(f"{stream} cannot be read now ({type(error).__name__})") from error
    try:
        yield LogTail(pull, after)
    finally:
        await pull.close()
        with contextlib.suppress(NatsError, OSError, TimeoutError):  # It goes by itself when nobody asks.
            await nats.jetstream(timeout=1).delete_consumer(stream, info.name)

"""The pull subscription that FastStream drives in place of nats-py's own; see `pull.py` for why."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NothingThereError

from .error import RetryableError
from .lane import say
from .pull import Pull

log = structlog.get_logger()

REOPEN_AFTER_S = 1.0


class PatientSubscription:
    """Gives FastStream what is there as soon as something is there, and opens a lost consumer again.

    FastStream 0.7.8 asks for a batch, and then for the rest of it until its time is over; the second question is
    answered by nats-py's TimeoutError, which FastStream takes for the end of the batch.
    """

    def __init__(self, open_pull: Callable[[], Awaitable[Pull]], *, batch_max: int) -> None:
        """`open_pull` makes sure that the consumer is there."""
        self._open_pull = open_pull
        self._batch_max = batch_max
        self._pull: Pull | None = None
        self._closed = asyncio.Event()
        self._never = asyncio.Event()

    async def fetch(self, batch: int, timeout: float | None) -> list[Msg]:  # noqa: ASYNC109 - the signature is nats-py's
        """At least one message.

        Raises:
            NothingThereError: nats-py's TimeoutError: nothing came within the time, or the batch is as full as it gets.
        """
        if self._closed.is_set():
            await self._never.wait()  # FastStream cancels this when it is stopped.
        if batch < self._batch_max:
            raise NothingThereError
        try:
            if self._pull is None:
                self._pull = await self._open_pull()
            messages = await self._pull.take(batch, timeout or 0.0)
        except (RetryableError, NatsError, OSError) as error:
            log.warning("consumer_lost", error=type(error).__name__, detail=str(error)[:300])
            await self._drop()
            await asyncio.sleep(REOPEN_AFTER_S)
            raise NothingThereError from error
        if self._closed.is_set():
            await _give_back(messages)
            await self._never.wait()
        if not messages:
            raise NothingThereError
        return messages

    async def touch(self) -> None:
        """Tell the server that what came and was not taken yet is under way."""
        if self._pull is not None:
            for message in list(self._pull.waiting):
                await say(message.in_progress)

    async def unsubscribe(self) -> None:
        """Give FastStream nothing more; what comes, or came and was not taken, is given back to the server."""
        self._closed.set()
        if self._pull is not None:
            self._pull.wake()
        await self._drop()

    async def _drop(self) -> None:
        if (pull := self._pull) is not None:
            self._pull = None
            await pull.close()
            await _give_back(list(pull.waiting))


async def _give_back(messages: list[Msg]) -> None:
    for message in messages:
        await say(message.nak)

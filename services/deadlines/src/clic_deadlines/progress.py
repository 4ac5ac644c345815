"""Whether the service has seen the log: the guard before anything is called missed."""

from __future__ import annotations

import asyncio

from nats.aio.client import Client
from nats.js.errors import NotFoundError

from clic_chassis.log import EventLog
from clic_chassis.remainder import left_to_do
from clic_contracts.subject import LOG_STREAM

LOOKS_MAX = 5
LOOK_EVERY_S = 0.2


class Progress:
    """How far a durable consumer of the log has been handled."""

    def __init__(self, nats: Client, log: EventLog, durable: str) -> None:
        self._nats = nats
        self._log = log
        self._durable = durable

    async def caught_up(self) -> bool:
        """Whether all that the log holds now, at the time of the call, is handled and acknowledged; waits 1 s at most.

        Under a steady load there is always something under way: that the acknowledgements have passed the end that
        the log had at the call is enough.
        """
        end = (await self._log.identity()).last_sequence
        for look in range(LOOKS_MAX):
            if look:
                await asyncio.sleep(LOOK_EVERY_S)
            try:
                info = await self._nats.jetstream().consumer_info(LOG_STREAM, self._durable)
            except NotFoundError:
                return False  # The consumer is not made yet: nothing was handled.
            if not await left_to_do(self._nats, LOG_STREAM, info):
                return True
            if info.ack_floor is not None and info.ack_floor.stream_seq >= end:
                return True
        return False

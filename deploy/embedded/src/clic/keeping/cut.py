"""The log up to an earlier position: told again, message by message, on a stream of its own.

No API of JetStream cuts a stream's end off, and the log's stream lets nobody delete. Subjects, headers, bodies and
positions are the same; the instant at which the server stored a message, which nothing of ours reads, is another one.
Each message still expects what it expected, so that the server itself refuses a story that is not the same.
"""

from __future__ import annotations

import asyncio
import json

from nats.aio.client import Client
from nats.aio.msg import Msg

from clic_chassis.error import RetryableError
from clic_contracts.subject import LOG_STREAM

from .error import KeepingError
from .log_digest import BATCH_PREFIX, messages

UNDER_WAY_MAX = 256
"""Messages that are sent and not acknowledged: they reach one disk together."""
SILENCE_MAX_S = 30.0


async def tell_again(source: Client, target: Client, *, until: int) -> None:
    """Append the first messages of one server's log to another's, which is empty, each at its own position.

    Raises:
        KeepingError: the server refused one, or gave it another position.
        RetryableError: a server did not answer.
    """
    room, wrong = asyncio.Semaphore(UNDER_WAY_MAX), list[str]()

    async def hear(answer: Msg) -> None:
        said, position = json.loads(answer.data or b"{}"), int(answer.subject.rpartition(".")[2])
        if said.get("seq") != position:
            why = said.get("error", {}).get("description") or f"it is at {said.get('seq')}"
            wrong.append(f"the message at {position} could not be told again: {why}")
        room.release()

    inbox = target.new_inbox()
    subscription = await target.subscribe(f"{inbox}.*", cb=hear)
    try:
        async for sequence, message in messages(source, until=until, stream=LOG_STREAM):
            await _wait(room)
            if wrong:
                room.release()
                break
            # Of an atomic batch that came whole: alone it would wait for the rest of it.
            headers = {k: v for k, v in (message.headers or {}).items() if not k.startswith(BATCH_PREFIX)}
            await target.publish(message.subject, message.data, reply=f"{inbox}.{sequence}", headers=headers or None)
        for _ in range(UNDER_WAY_MAX):
            await _wait(room)
    finally:
        await subscription.unsubscribe()
    if wrong:
        raise KeepingError(wrong[0])


async def _wait(room: asyncio.Semaphore) -> None:
    try:
        await asyncio.wait_for(room.acquire(), SILENCE_MAX_S)
    except TimeoutError as error:
        raise RetryableError(f"the server acknowledged nothing for {SILENCE_MAX_S:.0f} s") from error

"""Puts one submission into the inbox: tried again with backoff, a bounded number of times."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass

import nats.errors
import nats.js.errors

from clic_contracts.envelope import EVENT_CONTENT_TYPE

from .connection import Connection, DeniedError

MAX_PENDING = 256
"""Submissions that wait for the inbox's answer at most."""
TRIES = 5
ANSWER_TIMEOUT_S = 5.0
BACKOFF_FIRST_S = 0.1
BACKOFF_MAX_S = 2.0

_RETRIED = (
    nats.errors.TimeoutError,
    nats.errors.NoRespondersError,
    nats.errors.OutboundBufferLimitError,
    nats.errors.ConnectionReconnectingError,
    nats.js.errors.NoStreamResponseError,
    nats.js.errors.ServiceUnavailableError,
    nats.js.errors.ServerError,
)
_IN_PROCESS = 10158
"""Of a cluster: what is published again while its first try is still being agreed on."""
_FINAL = (nats.errors.MaxPayloadError, nats.js.errors.BadRequestError)
"""What the server would never take as it is."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A submission on its way."""

    subject: str
    event_id: str
    message_id: str
    """The server drops what comes under the same one again, for two minutes."""
    body: bytes


@dataclass(frozen=True, slots=True)
class Delivered:
    """What came of it: it is in the inbox, or why not."""

    reason: str | None = None
    """None: it is there."""
    is_denied: bool = False
    is_final: bool = True
    """Trying again later changes nothing."""
    is_duplicate: bool = False
    """It was there before."""

    @property
    def is_there(self) -> bool:
        """Whether the inbox has it."""
        return self.reason is None


async def deliver(connection: Connection, out: Outgoing, *, tries: int, timeout_s: float) -> Delivered:
    """Publish until the inbox has it, or the tries are used up."""
    headers = {"Nats-Msg-Id": out.message_id, "Content-Type": EVENT_CONTENT_TYPE}
    reason = ""
    for attempt in range(tries):
        try:
            stream = (await connection.client(timeout_s)).jetstream()
            ack = await connection.unless_denied(
                (out.subject,), stream.publish(out.subject, out.body, timeout=timeout_s, headers=dict(headers))
            )
        except DeniedError as error:
            return Delivered(f"{error}. Ask the town for the permission", is_denied=True)
        except (*_RETRIED, nats.js.errors.APIError) as error:
            if not isinstance(error, _RETRIED) and getattr(error, "err_code", None) != _IN_PROCESS:
                return Delivered(str(error), is_final=isinstance(error, _FINAL))
            reason = f"{str(error) or type(error).__name__} (tried {attempt + 1} times)"
            delay_s = min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2**attempt)
            if isinstance(error, nats.errors.TimeoutError):
                await connection.leave(timeout_s)
            await asyncio.sleep(delay_s * random.uniform(0.5, 1.0))
        except nats.errors.Error as error:
            return Delivered(str(error) or type(error).__name__, is_final=isinstance(error, _FINAL))
        else:
            return Delivered(is_duplicate=bool(ack.duplicate))
    return Delivered(reason, is_final=False)

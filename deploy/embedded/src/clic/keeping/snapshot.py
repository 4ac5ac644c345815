"""JetStream's own snapshots of a stream, taken and given back by its API: positions, instants and headers as they were.

The server sends pieces to a subject and waits after so many bytes until they are acknowledged; without messages that
is said by a status (tried on 2.15: `204` at the end, another one where something went wrong).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from clic_chassis.error import RetryableError
from clic_chassis.nats_error import STREAM_NOT_FOUND
from clic_chassis.streams import PLACE_WAIT_S, placed

from .error import KeepingError
from .sealed_file import Sink

PIECE_BYTES = 128 * 1024
WINDOW_BYTES = 4 * 1024 * 1024
"""How much is under way unacknowledged, and so how much waits here at most."""
SILENCE_MAX_S = 30.0
END_TIMEOUT_S = 600.0
"""A stream is looked through before its snapshot begins, and before it is told to be restored."""
OVER = "204"


@dataclass(frozen=True, slots=True)
class StreamState:
    """A stream as it was at the instant of its snapshot."""

    config: Mapping[str, Any]
    state: Mapping[str, Any]

    @property
    def last_sequence(self) -> int:
        """Position of the last message that was ever in it."""
        return int(self.state["last_seq"])

    @property
    def messages(self) -> int:
        """How many it holds."""
        return int(self.state["messages"])


async def take(nats: Client, stream: str, sink: Sink) -> StreamState:
    """Write a stream's snapshot, without its consumers: services make theirs, and what was told twice is done once.

    Raises:
        RetryableError: the server did not answer, or broke off.
        KeepingError: it refused.
    """
    pieces: asyncio.Queue[Msg] = asyncio.Queue()

    async def hear(message: Msg) -> None:
        pieces.put_nowait(message)

    subject = nats.new_inbox()
    subscription = await nats.subscribe(subject, cb=hear, pending_msgs_limit=-1, pending_bytes_limit=-1)
    try:
        wanted = {
            "deliver_subject": subject,
            "no_consumers": True,
            "chunk_size": PIECE_BYTES,
            "window_size": WINDOW_BYTES,
            "jsck": True,  # Every message's own checksum is looked at first: a damaged log is no backup.
        }
        said = await _ask(nats, f"$JS.API.STREAM.SNAPSHOT.{stream}", json.dumps(wanted).encode(), END_TIMEOUT_S)
        while True:
            try:
                message = await asyncio.wait_for(pieces.get(), SILENCE_MAX_S)
            except TimeoutError as error:
                raise RetryableError(f"{stream}: the server broke off its snapshot") from error
            if not message.data:
                break
            await sink.write(message.data)
            if message.reply:
                await nats.publish(message.reply)
    finally:
        await subscription.unsubscribe()
    headers = message.headers or {}
    if headers.get("Status", OVER) != OVER:
        raise RetryableError(f"{stream}: no whole snapshot: {headers['Status']} {headers.get('Description', '')}")
    return StreamState(said["config"], said["state"])


async def give(nats: Client, stream: str, of: StreamState, pieces: AsyncIterator[bytes], replicas: int = 1) -> None:
    """Make a stream from its snapshot, where there is none of its name.

    Raises:
        RetryableError: the server did not answer.
        KeepingError: it refused: a stream stands there, or the snapshot is damaged.
    """
    config = {**of.config, "num_replicas": replicas}
    if replicas > 1:
        config.pop("persist_mode", None)  # As `streams.ensure_streams`: the server takes it on one replica alone.
    body = json.dumps({"config": config, "state": of.state}).encode()
    said = await _placed(nats, "RESTORE", stream, body)
    subject = said["deliver_subject"]
    async for piece in pieces:
        for start in range(0, len(piece), PIECE_BYTES):
            answer = await _request(nats, subject, piece[start : start + PIECE_BYTES], SILENCE_MAX_S)
            _taken(stream, _said(answer))
    _taken(stream, _said(await _request(nats, subject, b"", END_TIMEOUT_S)))


async def make(nats: Client, stream: str, settings: Mapping[str, Any], replicas: int) -> None:
    """Make an empty stream. Raises as `info`, and KeepingError where it cannot be made."""
    wanted = {"name": stream, "storage": "file", "num_replicas": replicas, **settings}
    await _placed(nats, "CREATE", stream, json.dumps(wanted).encode())


async def info(nats: Client, stream: str) -> StreamState | None:
    """A stream as it is now; None where there is none.

    Raises:
        RetryableError: the server did not answer.
        KeepingError: it refused.
    """
    said = json.loads((await _request(nats, f"$JS.API.STREAM.INFO.{stream}", b"", SILENCE_MAX_S)).data)
    if said.get("error", {}).get("err_code") == STREAM_NOT_FOUND:
        return None
    if "error" in said:
        raise KeepingError(f"{stream}: {said['error'].get('description')}")
    return StreamState(said["config"], said["state"])


async def _ask(nats: Client, subject: str, body: bytes, timeout_s: float) -> Any:
    return _taken(subject.rpartition(".")[2], _said(await _request(nats, subject, body, timeout_s)))


async def _placed(nats: Client, call: str, stream: str, body: bytes) -> dict[str, Any]:
    """What a call that makes a stream says, once a cluster has found servers for it."""

    async def ask() -> dict[str, Any]:
        return _said(await _request(nats, f"$JS.API.STREAM.{call}.{stream}", body, SILENCE_MAX_S))

    return _taken(stream, await placed(ask, monotonic() + PLACE_WAIT_S))


async def _request(nats: Client, subject: str, body: bytes, timeout_s: float) -> Msg:
    try:
        return await nats.request(subject, body, timeout=timeout_s)
    except (NatsError, OSError) as error:
        raise RetryableError(f"{subject}: no answer ({type(error).__name__}); may this user do it?") from error


def _said(answer: Msg) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(answer.data or b"{}")
    return said


def _taken(stream: str, said: dict[str, Any]) -> dict[str, Any]:
    if (error := said.get("error")) is not None:
        raise KeepingError(f"{stream}: {error.get('description')}")
    return said

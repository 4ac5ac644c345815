"""The streams, made by one piece of code: whoever operates calls it, never a service.

FastStream's own declaration would reset `discard`, compression and the rest (`JStream(…, declare=False)` everywhere).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from functools import partial
from time import monotonic
from typing import Any

from nats.aio.client import Client

from clic_contracts.subject import (
    ATTACHMENT_PREFIX,
    ATTACHMENT_STREAM,
    FEED_PREFIX,
    FEED_STREAM,
    INBOX_PREFIX,
    INBOX_STREAM,
    LOG_PREFIX,
    LOG_STREAM,
    QUARANTINE_PREFIX,
    QUARANTINE_STREAM,
    RECEIPT_PREFIX,
    RECEIPT_STREAM,
)
from clic_contracts.submission import MAX_SUBMISSION_BYTES

from .error import ClicError, RetryableError
from .nats_error import NO_PLACE, STREAM_NOT_FOUND

DAY_NS = 24 * 3600 * 1_000_000_000
MAX_MSG_BYTES = 1024 * 1024
REQUEST_TIMEOUT_S = 10.0
STORE_IN_THE_WAY = "error creating store"
"""NATS removes a stream's folder after it has answered that the stream is removed."""
PLACE_WAIT_S = 15.0
"""The leader of a cluster forgets what a server said of its room when their routes come anew, and places nothing on it
until it says so again, every 10 s at most (nats-server 2.15, `addRoute`, `nodeInfo.selectable`); a server that joined
late is not counted at first."""
PLACE_EVERY_S = 0.2

STREAMS: dict[str, dict[str, Any]] = {
    LOG_STREAM: {
        "subjects": [f"{LOG_PREFIX}.*.*"],
        "retention": "limits",
        "discard": "new",
        "deny_delete": True,
        "deny_purge": True,
        "allow_direct": True,
        # Unused today (one decision is one message); it stands here because nobody may update the log's stream later.
        "allow_atomic": True,
        "compression": "s2",
        "max_msg_size": MAX_MSG_BYTES,
    },
    INBOX_STREAM: {
        # A way in, not a second archive: what was judged is securely erased, so deleting is allowed here.
        "subjects": [f"{INBOX_PREFIX}.>"],
        "retention": "limits",
        "discard": "new",
        "allow_direct": True,
        # Room for what is too large to take: it is refused with a receipt rather than by the server in silence.
        "max_msg_size": max(2 * 1024 * 1024, 2 * MAX_SUBMISSION_BYTES),
        "max_bytes": 8 * 1024**3,
        "duplicate_window": 120_000_000_000,
    },
    RECEIPT_STREAM: {
        "subjects": [f"{RECEIPT_PREFIX}.>"],
        "retention": "limits",
        "discard": "old",
        "allow_direct": True,
        "max_msgs_per_subject": 1,  # exactly one receipt: a second writing replaces the first
        "max_age": 30 * DAY_NS,
        "max_msg_size": MAX_MSG_BYTES,
        "persist_mode": "async",
    },
    FEED_STREAM: {
        "subjects": [f"{FEED_PREFIX}.>"],
        "retention": "limits",
        "discard": "old",
        "allow_direct": True,
        "max_age": 90 * DAY_NS,
        "max_msg_size": MAX_MSG_BYTES,
        "duplicate_window": 120_000_000_000,
        "persist_mode": "async",
    },
    QUARANTINE_STREAM: {
        "subjects": [f"{QUARANTINE_PREFIX}.>"],
        "retention": "limits",
        "discard": "new",
        "allow_direct": True,
        "max_msgs_per_subject": 1,
        "allow_msg_ttl": True,  # A settled entry goes by itself after a while; one that is held never does.
        "max_msgs": 1_000_000,
        "max_msg_size": 64 * 1024,
    },
    ATTACHMENT_STREAM: {
        # Beside the log, so that a backup holds both; sealed, and purged by request when one is erased.
        "subjects": [f"{ATTACHMENT_PREFIX}.*.*.*"],
        "retention": "limits",
        "discard": "new",
        "allow_direct": True,
        "max_msgs_per_subject": 1,  # said twice, kept once
        "max_msg_size": MAX_MSG_BYTES,
    },
}
"""Configurations as the JetStream API takes them, storage and replicas aside.

`persist_mode: async` on receipts and feed: both can be made again (a submission is known, the relay goes on from its
consumer), and syncing each would take a third of the log's own appends.
"""


class StreamError(ClicError):
    """A stream could not be made or is not as it must be."""


class StreamDiffersError(StreamError):
    """A stream stands there with other settings, which trying again does not mend."""


async def ensure_streams(nats: Client, *, replicas: int = 1, place_wait_s: float = PLACE_WAIT_S) -> None:
    """Make the streams that are missing, and give those there the settings of this version; the log is only checked.

    Raises:
        RetryableError: the server is still removing the folder of a stream of the same name, or a cluster finds
            no place on enough of its servers within `place_wait_s`.
        StreamError: the server refused, or the log stands there with other settings, which nobody changes in passing.
    """
    end = monotonic() + place_wait_s
    for name in STREAMS:
        wanted = _wanted(name, replicas)
        there = await _api(nats, f"STREAM.INFO.{name}", {})
        if there.get("error", {}).get("err_code") == STREAM_NOT_FOUND:
            there = await placed(partial(_api, nats, f"STREAM.CREATE.{name}", wanted), end)
        if name != LOG_STREAM and "error" not in there and _wrong(there["config"], wanted):
            there = await _api(nats, f"STREAM.UPDATE.{name}", {**there["config"], **wanted})
        if "error" in there:
            why = f"stream {name}: {there['error'].get('description')}"
            may_come = STORE_IN_THE_WAY in why or there["error"].get("err_code") == NO_PLACE
            raise RetryableError(why) if may_come else StreamError(why)
        if wrong := _wrong(there["config"], wanted):
            raise StreamDiffersError(
                f"stream {name} is not as it must be: {'; '.join(wrong)}. An operator must mend it."
            )


async def placed(ask: Callable[[], Awaitable[dict[str, Any]]], end: float) -> dict[str, Any]:
    """What NATS says of a stream to be made, asked again until `end` while a cluster finds too few servers for it."""
    while True:
        said = await ask()
        if said.get("error", {}).get("err_code") != NO_PLACE or monotonic() > end:
            return said
        await asyncio.sleep(PLACE_EVERY_S)


def differing(name: str, have: dict[str, Any], replicas: int) -> list[str]:
    """What of a stream's configuration is not as this version makes it."""
    return _wrong(have, _wanted(name, replicas))


def _wanted(name: str, replicas: int) -> dict[str, Any]:
    wanted = {"name": name, "storage": "file", "num_replicas": replicas, **STREAMS[name]}
    if replicas > 1:
        wanted.pop("persist_mode", None)  # The server takes it on a single replica alone.
    return wanted


def _wrong(have: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    return [f"{k} is {have.get(k)!r}, not {v!r}" for k, v in wanted.items() if have.get(k) != v]


async def remove_streams(nats: Client) -> None:
    """Remove every stream; for tests alone (no service's permissions allow it)."""
    for name in STREAMS:
        answer = await _api(nats, f"STREAM.DELETE.{name}", {})
        if "error" in answer and answer["error"].get("err_code") != STREAM_NOT_FOUND:
            raise StreamError(f"stream {name}: {answer['error'].get('description')}")


async def _api(nats: Client, call: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await nats.request(
        f"$JS.API.{call}", json.dumps(body).encode() if body else b"", timeout=REQUEST_TIMEOUT_S
    )
    parsed: dict[str, Any] = json.loads(answer.data)
    return parsed

"""Leaves a NATS server from which the log cannot be written: it hangs, or it is cut off from the others of its cluster.

A connection to such a server stands, its pings are answered, and nats-py goes to another server only when a connection
breaks. Tried: beside a server whose links were cut no append was answered in 40 s. What the log's leader says
of its stream is no proof either: cut off, it goes on answering for 20 s and more, and tells of its peers that it has
not heard them.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from time import monotonic
from typing import Any

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError

from clic_contracts.subject import LOG_STREAM

from .pause import pause

log = structlog.get_logger()

EVERY_S = 1.0
ASK_TIMEOUT_S = 2.0
UNANSWERED_MAX_S = 4.0
"""A cluster elects a leader in about as long; who leaves meanwhile has lost nothing."""
SILENT_NS = 4_000_000_000
"""A leader hears each peer every second."""


class Reach:
    """A component that asks whether the log can be written from here, and goes to another server where it cannot."""

    name = "reach"

    def __init__(
        self, nats: Client, can_write: Callable[[], Awaitable[bool]], *, unanswered_max_s: float = UNANSWERED_MAX_S
    ) -> None:
        """`can_write` is `log_has_majority`, or stands for it in a test."""
        self._nats = nats
        self._can_write = can_write
        self._unanswered_max_s = unanswered_max_s

    async def run(self, stop: asyncio.Event) -> None:
        """Ask until told to stop."""
        well_at = monotonic()
        while not stop.is_set():
            if not self._nats.is_connected or await self._can_write():
                well_at = monotonic()  # Who is not connected looks for a server by itself.
            elif monotonic() - well_at > self._unanswered_max_s and _has_others(self._nats):
                log.warning("nats_server_left", server=_name_of(self._nats))
                await self._nats.force_reconnect()
                well_at = monotonic()
            await pause(stop, EVERY_S)

    def not_ready(self) -> str | None:
        """Always ready: what does not work meanwhile says so itself."""
        return None


async def log_has_majority(nats: Client, stream: str = LOG_STREAM) -> bool:
    """Whether the log's leader answers from here, and hears a majority of its cluster."""
    try:
        answer = await nats.request(f"$JS.API.STREAM.INFO.{stream}", b"", timeout=ASK_TIMEOUT_S)
    except (NatsError, OSError):
        return False
    said = json.loads(answer.data)
    return "error" not in said and _has_majority(said.get("cluster") or {})


def _has_majority(cluster: Mapping[str, Any]) -> bool:
    peers = cluster.get("replicas") or []
    if not peers:
        return True  # One server, which answered.
    heard = sum(not each.get("offline", False) and each["active"] < SILENT_NS for each in peers)
    return "leader" in cluster and 2 * (heard + 1) > len(peers) + 1


def _has_others(nats: Client) -> bool:
    """Whether there is another server to go to: by its own URL, or behind the one name of a cluster."""
    return len(nats.servers) > 1 or "cluster" in nats._server_info  # noqa: SLF001 - nats-py tells it nowhere else


def _name_of(nats: Client) -> str:
    url = nats.connected_url
    return f"{url.hostname}:{url.port}" if url is not None else "?"

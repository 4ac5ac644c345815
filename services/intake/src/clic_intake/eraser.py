"""The inbox is a way in, not a second archive: what was judged is erased from it, out of the server's files too.

See `docs/decisions/0010-the-inbox-is-erased-whole.md` for what was measured.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError

from clic_chassis.error import RetryableError
from clic_chassis.nats_error import ALREADY_DELETED
from clic_chassis.pause import pause
from clic_chassis.quarantine import Quarantine
from clic_contracts.subject import INBOX_STREAM

from .inbox import ask

log = structlog.get_logger()

LOOK_EVERY_S = 0.5
OVERWRITTEN_AT_ONCE = 100
"""Messages overwritten one by one in one look, while one of them is in quarantine: each rewrites its block."""
KEPT_BYTES_MAX = 64 * 1024 * 1024
"""What was judged and waits for the inbox to fall idle, at most; beyond it whole blocks are dropped meanwhile."""


class InboxEraser:
    """Erases what was judged, and nothing that is in quarantine. Several instances may look at once."""

    name = "inbox-eraser"

    def __init__(self, nats: Client, quarantine: Quarantine, durable: str) -> None:
        self._nats = nats
        self._quarantine = quarantine
        self._durable = durable
        self._done_before = 0
        """Up to where everything was judged or quarantined at the last look."""
        self._overwritten_to = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Look until told to stop."""
        while not stop.is_set():
            await pause(stop, LOOK_EVERY_S)
            if stop.is_set():
                return
            try:
                await self.look()
            except (NatsError, OSError, RetryableError) as error:
                log.warning("inbox_not_erased", error=type(error).__name__)  # The next look does it.

    async def look(self) -> None:
        """Erase what was done with at the last look.

        Not what is done with now: in a cluster the entry of what was just quarantined may not have reached the replica
        that is asked for entries.

        Raises:
            RetryableError, NatsError, OSError: something is away.
        """
        state = (await self._call("STREAM.INFO", {}))["state"]
        if not state["messages"]:
            return
        info = await self._nats.jetstream().consumer_info(INBOX_STREAM, self._durable)
        done, self._done_before = self._done_before, info.ack_floor.stream_seq if info.ack_floor else 0
        held = {e.sequence async for e in self._quarantine.entries(service="intake") if e.stream == INBOX_STREAM}
        if held and min(held) <= done:
            await self._overwrite(max(state["first_seq"], self._overwritten_to + 1), done, held)
        elif done >= state["last_seq"] or state["bytes"] > KEPT_BYTES_MAX:
            # Of a stream that becomes empty no file stays; of a block that is read into, the beginning does.
            await self._call("STREAM.PURGE", {"seq": done + 1})

    async def _overwrite(self, first: int, last: int, held: set[int]) -> None:
        for sequence in range(first, min(last, first + OVERWRITTEN_AT_ONCE) + 1):
            if sequence not in held:
                await self._call("STREAM.MSG.DELETE", {"seq": sequence}, well=ALREADY_DELETED)
            self._overwritten_to = sequence

    async def _call(self, call: str, body: dict[str, Any], *, well: frozenset[int] = frozenset()) -> dict[str, Any]:
        said = await ask(self._nats, f"$JS.API.{call}.{INBOX_STREAM}", json.dumps(body).encode() if body else b"")
        if "error" in said and said["error"].get("err_code") not in well:
            raise RetryableError(f"{call}: {said['error'].get('description')}")
        return said

    def not_ready(self) -> str | None:
        """Always ready: a look that fails is taken again."""
        return None

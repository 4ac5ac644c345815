"""Fairness between publishers: while one's submissions fill the inbox, the others' are taken before their turn.

The inbox is one stream and is consumed in its order; behind 100,000 submissions of one publisher those of another
would wait for minutes. While the queue is long, this looks which publishers wait and handles some of each one's, oldest
first; the consumer finds them done when it comes to them. What a publisher has waiting beyond its quota is counted
here too, and refused by `Inbox` with a receipt. See decision 0031.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError as ConsumerNotThereError

from clic_chassis.error import ClicError, RetryableError
from clic_chassis.nats_header import status_of
from clic_chassis.pause import pause
from clic_chassis.process import Delivery, Process
from clic_contracts.subject import INBOX_PREFIX, INBOX_STREAM

from .inbox import JETSTREAM_TIMEOUT_S, Inbox, ask, inbox_key
from .publisher_admission import Quotas

log = structlog.get_logger()

LOOK_EVERY_S = 0.5
LONG_FROM = 500
"""Messages that the consumer has still to give from which on the queue is long: below, all are served in a second or
two."""
TAKEN_AT_ONCE = 64
"""Of one publisher in one look."""
SIDE_BY_SIDE = 16
"""Of those under way at once: as many as a fair part of the process beside which this works."""
PUBLISHERS_AT_ONCE = 16
GIVEN_WAY = 0.75
"""Of the process, from when others than the one who fills the queue wait until the queue is short."""
AHEAD_MAX = 100_000
"""Submissions that were handled before their turn, or left to it, and whose turn has not come; beyond, nobody is
taken ahead."""
BYTES_AT_ONCE = 16 * 1024 * 1024
ENDED = ("204", "404")
"""What the server says behind the last of a batch, and where there is nothing."""


@dataclass(slots=True)
class Read:
    """Submissions that were read without being taken, and how many of the same publisher are behind them."""

    deliveries: list[Delivery] = field(default_factory=list)
    left: int = 0


class FairShare:
    """A component beside the process that consumes the inbox."""

    name = "inbox-fairness"

    def __init__(
        self,
        nats: Client,
        inbox: Inbox,
        quotas: Quotas,
        durable: str,
        *,
        is_busy: Callable[[str], bool],
        process: Process | None = None,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        """`is_busy` tells of a key that something of it is under way or in quarantine, and must not be overtaken.

        `process` is the one that consumes the inbox: it gives way while others wait.
        """
        self._nats = nats
        self._inbox = inbox
        self._quotas = quotas
        self._durable = durable
        self._is_busy = is_busy
        self._process = process
        self._giving_way: asyncio.Task[None] | None = None
        self._look_every_s = look_every_s
        self._position: dict[str, int] = {}
        """Up to where a publisher was taken ahead."""
        self._left: dict[str, int] = {}
        """Keys of what was left to its turn, by the last such position; bounded by what is taken ahead."""

    async def run(self, stop: asyncio.Event) -> None:
        """Look until told to stop."""
        while not stop.is_set():
            try:
                await self.look()
            except ConsumerNotThereError:
                pass  # Its process makes it in a moment.
            except (NatsError, OSError, RetryableError) as error:
                log.warning("inbox_not_shared", error=type(error).__name__)  # The next look does it.
            await pause(stop, self._look_every_s)
        self._give_way(wanted=False)

    def _give_way(self, *, wanted: bool) -> None:
        """Whoever fills the queue is handled by all the slots of the process otherwise, and who is ahead by a few."""
        if self._process is None or wanted is (self._giving_way is not None):
            return
        if self._giving_way is None:
            self._giving_way = asyncio.create_task(self._process.give_way(GIVEN_WAY), name="inbox-gives-way")
            return
        self._giving_way.cancel()
        self._giving_way = None
        self._process.take_back()

    async def look(self) -> None:
        """Count what waits, and take some of everybody but the one who has the most waiting: the consumer serves that.

        Raises:
            RetryableError, NatsError, OSError: something is away.
        """
        info = await self._nats.jetstream(timeout=JETSTREAM_TIMEOUT_S).consumer_info(INBOX_STREAM, self._durable)
        given = info.delivered.stream_seq if info.delivered is not None else 0
        settled = info.ack_floor.stream_seq if info.ack_floor is not None else 0
        self._inbox.forget_ahead(settled)
        self._left = {key: sequence for key, sequence in self._left.items() if sequence > settled}
        if (info.num_pending or 0) < LONG_FROM:
            self._inbox.refuse_beyond({})
            self._position.clear()
            self._give_way(wanted=False)
            return
        first = {each: await self._read(each, given + 1, 1) for each in await self._publishers()}
        waiting = {publisher: len(each.deliveries) + each.left for publisher, each in first.items()}
        self._inbox.refuse_beyond({each: count - self._quotas.of(each).pending for each, count in waiting.items()})
        others = sorted((each for each, count in waiting.items() if count), key=waiting.__getitem__)[:-1]
        if others:
            self._give_way(wanted=True)
        for at in range(0, len(others), PUBLISHERS_AT_ONCE):
            await asyncio.gather(*(self._take(each, given) for each in others[at : at + PUBLISHERS_AT_ONCE]))

    async def _take(self, publisher: str, given: int) -> None:
        """Handle a publisher's next submissions, those of one request in their order."""
        for _ in range(TAKEN_AT_ONCE // SIDE_BY_SIDE):
            room = min(SIDE_BY_SIDE, AHEAD_MAX - self._inbox.ahead - len(self._left))
            if room <= 0:
                return
            first = max(self._position.get(publisher, 0), given) + 1
            by_key: dict[str, list[Delivery]] = {}
            for each in (await self._read(publisher, first, room)).deliveries:
                self._position[publisher] = each.sequence
                by_key.setdefault(inbox_key(each), []).append(each)
            if not by_key:
                return
            await asyncio.gather(*(self._handle(key, each) for key, each in by_key.items()))

    async def _handle(self, key: str, deliveries: list[Delivery]) -> None:
        """What cannot be handled waits for its turn, with all tries and the quarantine; and what is behind it does."""
        for delivery in deliveries:
            if key not in self._left and not self._is_busy(key):
                try:
                    await self._inbox.handle_ahead(delivery)
                except Exception as error:  # noqa: BLE001 - its turn comes
                    log.info("not_taken_ahead", error=type(error).__name__, expected=isinstance(error, ClicError))
                else:
                    continue
            self._left[key] = delivery.sequence

    async def _publishers(self) -> list[str]:
        """Who has anything in the inbox."""
        said = await self._asked(f"STREAM.INFO.{INBOX_STREAM}", {"subjects_filter": f"{INBOX_PREFIX}.>"})
        subjects = said["state"].get("subjects") or {}
        return sorted({each.split(".")[2] for each in subjects})

    async def _read(self, publisher: str, first: int, count: int) -> Read:
        """A publisher's next submissions from a position on, in their order, by one question (ADR-31 of NATS).

        Raises:
            RetryableError, NatsError, OSError: nobody answers.
        """
        said = {
            "seq": first,
            "next_by_subj": f"{INBOX_PREFIX}.{publisher}.>",
            "batch": count,
            "max_bytes": BYTES_AT_ONCE,
        }
        found = Read()
        replies = await self._nats.subscribe(inbox := self._nats.new_inbox())
        try:
            await self._nats.publish(f"$JS.API.DIRECT.GET.{INBOX_STREAM}", json.dumps(said).encode(), reply=inbox)
            while True:
                answer = await replies.next_msg(timeout=JETSTREAM_TIMEOUT_S)
                headers = answer.headers or {}
                if (status := status_of(headers)) in ENDED:
                    return found
                if status is not None:
                    raise RetryableError(f"the inbox cannot be read ({status})")
                sequence = int(headers["Nats-Sequence"])
                found.deliveries.append(
                    Delivery(INBOX_STREAM, headers["Nats-Subject"], sequence, answer.data, dict(headers))
                )
                found.left = int(headers["Nats-Num-Pending"])
        finally:
            await replies.unsubscribe()

    async def _asked(self, call: str, body: dict[str, Any]) -> dict[str, Any]:
        said = await ask(self._nats, f"$JS.API.{call}", json.dumps(body).encode())
        if "error" in said:
            raise RetryableError(f"{call}: {said['error'].get('description')}")
        return said

    def not_ready(self) -> str | None:
        """Always ready: without it everybody is served in turn."""
        return None

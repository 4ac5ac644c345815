"""Publishes many submissions through the public inbox, and counts the receipt of every one."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import NamedTuple, Self

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from clic_chassis.error import ClicError
from clic_contracts.client import ClientError, PublishDeniedError, Publisher, PublishFailedError
from clic_contracts.subject import RECEIPT_PREFIX, RECEIPT_STREAM, receipt_subject
from clic_contracts.submission import Receipt, Submission

from .connection import Connection, NotReachedError

UNANSWERED_MAX = 4096
"""Submissions without receipt at most; beyond, publishing waits for the desk, so that the inbox stays short."""

RETRIES = 40
RETRY_WAIT_S = 3.0
"""With the client's own tries a server may be away for minutes before an import gives up."""

QUIET_S = 1.0
"""After so long without a receipt they are looked up: one may have come while the connection was away."""

RESEND_AFTER_S = 20.0
"""After so long without any receipt what has none is sent again, and after twice as long again: a server that was
killed may have lost receipts that it had taken (docs/decisions/0009)."""

STALL_S = 180.0
"""After so long without any receipt the desk is taken to be away."""

LOOKED_UP_AT_ONCE = 64
EXAMPLES_MAX = 20


class OutboxError(ClicError):
    """Not everything was taken; the message says what to do. Publishing again adds nothing twice."""


class Outgoing(NamedTuple):
    """One submission to publish. `about` names the request that it is about, or itself."""

    publisher: str
    submission: Submission
    source: str
    event_id: str
    occurred_at: dt.datetime

    @property
    def story(self) -> tuple[str, str]:
        """The request that this belongs to, by its submission's source and id."""
        about = getattr(self.submission, "about", None)
        if about is None:
            return self.source, self.event_id
        return (about.source, about.id) if about.reference is None else ("", about.reference)


class _Waiting(NamedTuple):
    """A submission without receipt, and how many were sent before it."""

    number: int
    outgoing: Outgoing


@dataclass
class Tally:
    """What became of the submissions."""

    published: int = 0
    by_status: Counter[str] = field(default_factory=Counter)
    """Receipts by status."""
    problems: Counter[str] = field(default_factory=Counter)
    """Refusals by what is wrong."""
    examples: list[str] = field(default_factory=list)
    """The first refusals, as sentences."""

    @property
    def answered(self) -> int:
        """Receipts of this run."""
        return self.by_status.total()


class Outbox:
    """Connections of one or more publishers. Use as `async with`; ends with `settle`."""

    def __init__(
        self,
        connections: Mapping[str, Connection],
        *,
        resend_after_s: float = RESEND_AFTER_S,
        stall_s: float = STALL_S,
    ) -> None:
        self._connections = connections
        self._resend_after_s = resend_after_s
        self._stall_s = stall_s
        self._stack = AsyncExitStack()
        self._publishers: dict[str, Publisher] = {}
        self._listening: dict[str, Client] = {}
        self._sent = self._resent = 0
        self._unanswered: dict[str, _Waiting] = {}
        self._heard = asyncio.Event()
        self._started_at = dt.datetime.now(dt.UTC)
        self.tally = Tally()

    async def __aenter__(self) -> Self:
        try:
            for code, connection in self._connections.items():
                client = await connection.connect(f"receipts of {code}")
                self._stack.push_async_callback(client.close)
                self._listening[code] = client
                await client.subscribe(f"{RECEIPT_PREFIX}.{code}.>", cb=self._on_receipt)
                await client.flush()
                publisher = await Publisher.connect(
                    connection.nats_url,
                    code,
                    nkey_seed_file=connection.credential.seed_file,
                    inbox_prefix=connection.credential.inbox_prefix,
                )
                self._stack.push_async_callback(publisher.close)
                self._publishers[code] = publisher
        except (NotReachedError, ClientError, nats.errors.Error, OSError) as error:
            await self._stack.aclose()
            raise OutboxError(f"no connection: {error}") from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @property
    def unanswered(self) -> int:
        """Submissions that have no receipt yet."""
        return len(self._unanswered)

    @property
    def settled(self) -> int:
        """So many submissions, from the first one on, have their receipts."""
        return next((each.number for each in self._unanswered.values()), self._sent)

    async def send(self, wave: Sequence[Outgoing]) -> None:
        """Publish; returns when the inbox has stored all of it.

        What belongs to one request goes in steps, each stored before the next is sent, so that not even a repeated
        sending can put an outcome before its request.

        Raises:
            OutboxError: the inbox took it in none of the tries, or the desk writes no receipts.
        """
        await self._wait_until(lambda: len(self._unanswered) < UNANSWERED_MAX)
        steps: list[list[Outgoing]] = []
        told: Counter[tuple[str, str]] = Counter()
        for each in wave:
            step = told[each.story]
            told[each.story] += 1
            if step == len(steps):
                steps.append([])
            steps[step].append(each)
        for step_items in steps:
            await self._store(step_items)
        self.tally.published += len(wave)

    async def settle(self, on_progress: Callable[[int], None] = lambda _: None) -> None:
        """Wait until every submission has its receipt; `on_progress` is told how many have none yet.

        Raises:
            OutboxError: the desk has written none for a while.
        """

        def done() -> bool:
            on_progress(len(self._unanswered))
            return not self._unanswered

        await self._wait_until(done)

    async def _store(self, items: Sequence[Outgoing], *, again: int = 0) -> None:
        for each in items if not again else ():
            self._unanswered[receipt_subject(each.publisher, each.event_id)] = _Waiting(self._sent, each)
            self._sent += 1
        for attempt in range(RETRIES):
            try:
                for each in items:
                    await self._publishers[each.publisher].publish(
                        each.submission,
                        source=each.source,
                        event_id=each.event_id,
                        occurred_at=each.occurred_at,
                        again=again,
                    )
                for code in {each.publisher for each in items}:
                    await self._publishers[code].flush()
            except PublishDeniedError as error:
                raise OutboxError(str(error)) from error
            except PublishFailedError as error:
                if attempt + 1 == RETRIES:
                    raise OutboxError(f"{error}. Is CLIC running? Then run this again; it goes on here.") from error
                await asyncio.sleep(RETRY_WAIT_S)
            else:
                return

    async def _wait_until(self, done: Callable[[], bool]) -> None:
        clock = asyncio.get_running_loop().time
        count, quiet_since, resent = self.tally.answered, clock(), 0
        while not done():
            self._heard.clear()
            try:
                await asyncio.wait_for(self._heard.wait(), QUIET_S)
            except TimeoutError:
                await self._look_up()
            quiet_s = clock() - quiet_since
            if self.tally.answered > count:
                count, quiet_since, resent = self.tally.answered, clock(), 0
            elif quiet_s > self._stall_s:
                raise OutboxError(
                    f"the desk has not answered {len(self._unanswered)} submissions: is intake running? They are "
                    "stored; run this again later to see what became of them, it adds nothing twice."
                )
            elif quiet_s > self._resend_after_s * (2 ** (resent + 1) - 1):
                resent += 1
                self._resent += 1
                await self._store([each.outgoing for each in self._unanswered.values()], again=self._resent)

    async def _look_up(self) -> None:
        """Read stored receipts of the oldest that have none: they may have come unheard, or in an earlier run."""
        oldest = [each for each, _ in zip(self._unanswered.items(), range(16 * LOOKED_UP_AT_ONCE), strict=False)]
        for start in range(0, len(oldest), LOOKED_UP_AT_ONCE):
            part = oldest[start : start + LOOKED_UP_AT_ONCE]
            found = await asyncio.gather(*(self._stored(subject, each.outgoing.publisher) for subject, each in part))
            if not any(found):
                return

    async def _stored(self, subject: str, publisher: str) -> bool:
        client = self._listening[publisher]
        try:
            message = await client.request(f"$JS.API.DIRECT.GET.{RECEIPT_STREAM}.{subject}", b"", timeout=QUIET_S)
        except (nats.errors.Error, TimeoutError):
            return False  # The server is away; whoever waits asks again, and knows when to stop.
        if (message.headers or {}).get("Status"):
            return False
        self._take(subject, message.data)
        return True

    async def _on_receipt(self, message: Msg) -> None:
        self._take(message.subject, message.data)

    def _take(self, subject: str, body: bytes) -> None:
        if self._unanswered.pop(subject, None) is None:
            return  # Of somebody else's submission, or told twice.
        receipt = Receipt.model_validate_json(body)
        # A receipt from before this run: the server itself knew the submission again and dropped it.
        earlier = receipt.status == "accepted" and receipt.at < self._started_at
        self.tally.by_status["known" if earlier else receipt.status] += 1
        if receipt.problem is not None:
            self.tally.problems[receipt.problem.title] += 1
            if len(self.tally.examples) < EXAMPLES_MAX:
                self.tally.examples.append(f"{receipt.id}: {receipt.problem.detail}")
        self._heard.set()

"""A publisher's client: puts submissions into the inbox and reads their receipts.

Needs the extra `client` (nats-py). JetStream answers a publisher that lacks a permission with silence, and tells the
reason only to the connection's error callback; this client brings the two together.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import hashlib
import math
import random
from collections.abc import Coroutine
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any, Self, TypeVar

import nats
import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from pydantic import TypeAdapter, ValidationError

from .envelope import EVENT_CONTENT_TYPE, derive_id
from .subject import RECEIPT_STREAM, inbox_subject, receipt_subject
from .submission import Receipt, Submission, encode_submission
from .vocabulary import Code

MAX_PENDING = 256
"""Submissions that wait for the inbox's answer at most; `publish` waits for room."""
TRIES = 5
ANSWER_TIMEOUT_S = 5.0
CONNECT_TIMEOUT_S = 10.0
RECEIPT_TIMEOUT_S = 10.0
LOOK_AGAIN_S = 1.0
"""How long a receipt is listened for before it is looked for again; see `Publisher.receipt`."""
BACKOFF_FIRST_S = 0.1
BACKOFF_MAX_S = 2.0
MAX_FAILURES_KEPT = 100
"""Failures that one error names at most; it counts the others."""

_RETRIED = (
    nats.errors.TimeoutError,
    nats.errors.NoRespondersError,
    nats.errors.OutboundBufferLimitError,
    nats.errors.ConnectionReconnectingError,
    nats.js.errors.NoStreamResponseError,
    nats.js.errors.ServiceUnavailableError,
    nats.js.errors.ServerError,
)
_CODE: TypeAdapter[str] = TypeAdapter(Code)
_Result = TypeVar("_Result")


class ClientError(Exception):
    """Something about publishing or receipts did not work; the text says what, and what to do."""


class PublishFailedError(ClientError):
    """Submissions that were handed over are not in the inbox: publish them again, with the same ids."""

    def __init__(self, failures: list[tuple[str, str]], count: int) -> None:
        event_id, reason = failures[0]
        more = f", and {count - 1} more" if count > 1 else ""
        super().__init__(f"submission {event_id!r}{more} could not be published: {reason}")
        self.event_ids = tuple(event_id for event_id, _ in failures)
        """Ids of the submissions, the first hundred of them."""
        self.count = count


class PublishDeniedError(PublishFailedError):
    """The server does not let this user publish there: the town has to allow it."""


class ReceiptTimeoutError(ClientError):
    """No receipt came in time; the submission may still be judged later."""


class ReceiptDeniedError(ClientError):
    """The server does not let this user read its receipts: the town has to allow it."""


class _DeniedError(Exception):
    """What the server said of a subject that we may not use."""


def _abandon(task: asyncio.Task[Any]) -> None:
    """Cancel what nobody waits for any more; nats-py ends some cancelled calls with errors of its own."""
    task.cancel()
    task.add_done_callback(_hear_out)


def _hear_out(task: asyncio.Task[Any]) -> None:
    """Take the outcome, so that asyncio does not report it as forgotten."""
    if not task.cancelled():
        task.exception()


class Publisher:
    """One publisher's connection. Made by `connect`, closed by `close` or by leaving `async with`."""

    def __init__(self, connection: Client, publisher: str, *, max_pending: int, tries: int, timeout_s: float) -> None:
        self._nats = connection
        self._publisher = publisher
        self._tries = tries
        self._timeout_s = timeout_s
        self._room = asyncio.Semaphore(max_pending)
        self._pending: set[asyncio.Task[None]] = set()
        self._denials: dict[str, set[asyncio.Future[str]]] = {}
        self._failures: list[tuple[str, str]] = []
        self._failed = 0
        self._denied = False
        self._left_at = -math.inf

    @classmethod
    async def connect(
        cls,
        url: str,
        publisher: str,
        *,
        user: str | None = None,
        password: str | None = None,
        nkey_seed_file: Path | None = None,
        inbox_prefix: str = "_INBOX",
        max_pending: int = MAX_PENDING,
        tries: int = TRIES,
        timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> Self:
        """Connect as the publisher with this code; reconnects by itself for as long as it lives.

        `url` may name several servers of a cluster, separated by commas: one that does not answer is left for another.
        `inbox_prefix` is where answers come back, where the town gives each publisher a prefix of its own.

        Raises:
            ClientError: the code is none, or the server does not answer or does not know the user.
        """
        try:
            _CODE.validate_python(publisher)
        except ValidationError as error:
            raise ClientError(f"{publisher!r} is no publisher's code: lower case, digits, underscores") from error
        made: list[Publisher] = []
        refused: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
        heard: list[Exception] = []

        async def on_error(error: Exception) -> None:  # The protocol of nats-py: a coroutine.
            heard[:] = [error]
            if "authorization violation" in str(error).lower() and not refused.done():
                refused.set_result(error)
            for each in made:
                each._hear(error)  # noqa: SLF001 - of this very class

        options: dict[str, Any] = {"user": user, "password": password} if user is not None else {}
        if nkey_seed_file is not None:
            options = {"nkeys_seed": str(nkey_seed_file)}
        connecting: asyncio.Task[Client] = asyncio.create_task(
            nats.connect(
                random.sample(servers := url.split(","), len(servers)),  # Not everybody on the first one.
                dont_randomize=True,  # Who leaves a server goes to another one.
                name=f"publisher {publisher}",
                error_cb=on_error,
                max_reconnect_attempts=-1,  # And so the first connection is tried without end: bounded here.
                reconnect_time_wait=0.5,
                inbox_prefix=inbox_prefix.encode(),
                **options,
            )
        )
        tasks: set[asyncio.Future[Any]] = {connecting, refused}
        try:
            await asyncio.wait(tasks, timeout=CONNECT_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED)
            if refused.done():
                raise ClientError(f"the server does not know this user and password: {refused.result()}")
            if not connecting.done():
                why = str(heard[0]) or type(heard[0]).__name__ if heard else "no answer"
                raise ClientError(f"no connection to the server within {CONNECT_TIMEOUT_S:.0f} s: {why}")
            connection = connecting.result()
        except (nats.errors.Error, OSError) as error:
            raise ClientError(f"no connection to the server: {str(error) or type(error).__name__}") from error
        finally:
            _abandon(connecting)
        self = cls(connection, publisher, max_pending=max_pending, tries=tries, timeout_s=timeout_s)
        made.append(self)
        return self

    async def publish(
        self, submission: Submission, *, source: str, event_id: str, occurred_at: dt.datetime, again: int = 0
    ) -> None:
        """Hand a submission over; waits while the window is full. `flush` tells whether all have arrived.

        `source` and `event_id` name the submission for ever: the same again is known, not registered twice. The server
        drops it unseen for two minutes, unless `again` counts up: the desk then judges it anew, and gives the receipt
        that the first one lacks.

        Raises:
            PublishFailedError: submissions that were handed over earlier are not in the inbox; this one was not tried.
        """
        self._raise_failures()
        body = encode_submission(submission, source=source, event_id=event_id, occurred_at=occurred_at)
        await self._room.acquire()
        subject = inbox_subject(self._publisher, submission.TYPE)
        # A courtesy: a retry of a success is dropped. The content is in it, because the same id with other content
        # has to reach the desk and be refused there.
        once = (hashlib.sha256(body).hexdigest(), *((f"again {again}",) if again else ()))
        message_id = derive_id("inbox", self._publisher, source, event_id, *once)
        task = asyncio.create_task(self._deliver(subject, event_id, body, message_id))
        self._pending.add(task)
        task.add_done_callback(self._delivered)

    async def flush(self) -> None:
        """Wait until all that was handed over is in the inbox, or was given up.

        Bounded by the tries and time-outs of each submission.

        Raises:
            PublishDeniedError: the server does not let this user publish there.
            PublishFailedError: others could not be published.
        """
        while self._pending:
            await asyncio.wait(self._pending)
        self._raise_failures()

    async def receipt(self, event_id: str, timeout_s: float = RECEIPT_TIMEOUT_S) -> Receipt:
        """The receipt of a submission, waited for where it is not there yet.

        Raises:
            ReceiptTimeoutError: none came within `timeout_s`.
            ReceiptDeniedError: this user may not read its receipts.
        """
        subject = receipt_subject(self._publisher, event_id)
        ask = f"$JS.API.DIRECT.GET.{RECEIPT_STREAM}.{subject}"
        # Listen, then look, then look again: the server tells listeners of a message before it has stored it, so that
        # who comes in between neither hears nor finds it (tried: 31 of 3,000), and what comes during an outage is not
        # heard at all.
        listening = await self._nats.subscribe(subject)
        found: Msg | None = None
        try:
            async with asyncio.timeout(timeout_s):
                while found is None:
                    kept = await self._unless_denied((ask, subject), self._nats.request(ask, b"", timeout=timeout_s))
                    if (kept.headers or {}).get("Status"):  # 404: none yet
                        with contextlib.suppress(nats.errors.TimeoutError):
                            found = await self._unless_denied((subject,), self._next(listening, LOOK_AGAIN_S))
                    else:
                        found = kept
        except TimeoutError as error:
            raise ReceiptTimeoutError(f"no receipt of {event_id!r} within {timeout_s} s") from error
        except nats.errors.NoRespondersError as error:
            raise ClientError(f"the server has no receipts ({RECEIPT_STREAM}): is CLIC set up there?") from error
        except _DeniedError as error:
            raise ReceiptDeniedError(f"receipts may not be read: {error}. Ask the town for the permission.") from error
        finally:
            with contextlib.suppress(nats.errors.Error):  # A lost connection has unsubscribed already.
                await listening.unsubscribe()
        return Receipt.model_validate_json(found.data)

    async def close(self) -> None:
        """Close the connection; what is still pending is given up. Call `flush` before."""
        for task in self._pending:
            task.cancel()
        await asyncio.gather(*self._pending, return_exceptions=True)
        await self._nats.close()

    async def __aenter__(self) -> Self:
        """Use it as a context; leaving it flushes and closes."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Flush, unless an error is on its way already, and close."""
        try:
            if error is None:
                await self.flush()
        finally:
            await self.close()

    async def _deliver(self, subject: str, event_id: str, body: bytes, message_id: str) -> None:
        """Publish until the inbox has it; a failure is kept for `flush`."""
        headers = {"Nats-Msg-Id": message_id, "Content-Type": EVENT_CONTENT_TYPE}
        stream = self._nats.jetstream()
        reason = ""
        for attempt in range(self._tries):
            try:
                await self._unless_denied(
                    (subject,), stream.publish(subject, body, timeout=self._timeout_s, headers=dict(headers))
                )
            except _DeniedError as error:
                self._denied = True
                reason = f"{error}. Ask the town for the permission"
                break
            except _RETRIED as error:
                reason = f"{str(error) or type(error).__name__} (tried {attempt + 1} times)"
                delay_s = min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2**attempt)
                if isinstance(error, nats.errors.TimeoutError):
                    await self._leave()
                await asyncio.sleep(delay_s * random.uniform(0.5, 1.0))
            except nats.errors.Error as error:
                reason = str(error) or type(error).__name__
                break
            else:
                return
        self._failed += 1
        if len(self._failures) < MAX_FAILURES_KEPT:
            self._failures.append((event_id, reason))

    async def _leave(self) -> None:
        """Go to another server: one that hangs, or is cut off from its cluster, holds the connection in silence."""
        if len(self._nats.servers) > 1 and monotonic() - self._left_at > self._timeout_s:
            self._left_at = monotonic()
            await self._nats.force_reconnect()

    def _delivered(self, task: asyncio.Task[None]) -> None:
        self._pending.discard(task)
        self._room.release()

    def _raise_failures(self) -> None:
        if self._failures:
            failures, count, denied = self._failures, self._failed, self._denied
            self._failures, self._failed, self._denied = [], 0, False
            raise (PublishDeniedError if denied else PublishFailedError)(failures, count)

    def _hear(self, error: Exception) -> None:
        """An error of the connection: where it is a permission's, whoever waits for that subject is told."""
        said = str(error)
        if "permissions violation" not in said.lower():
            return  # nats-py reconnects by itself; what was under way times out and is tried again.
        for subject, waiting in self._denials.items():
            if f'"{subject.lower()}"' in said.lower():  # nats-py puts the server's text into lower case
                for denial in waiting:
                    if not denial.done():
                        denial.set_result(said.removeprefix("nats: "))

    async def _unless_denied(self, subjects: tuple[str, ...], answer: Coroutine[Any, Any, _Result]) -> _Result:
        """Wait for an answer, or for the server's word that one of the subjects is denied."""
        denial: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        for subject in subjects:
            self._denials.setdefault(subject, set()).add(denial)
        waiting = asyncio.create_task(answer)
        tasks: set[asyncio.Future[Any]] = {waiting, denial}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done():
                raise _DeniedError(denial.result())
            return waiting.result()
        finally:
            _abandon(waiting)
            for subject in subjects:
                self._denials[subject].discard(denial)
                if not self._denials[subject]:
                    del self._denials[subject]

    async def _next(self, listening: Any, timeout_s: float) -> Msg:
        """The next message of a subscription."""
        message: Msg = await listening.next_msg(timeout=timeout_s)
        return message

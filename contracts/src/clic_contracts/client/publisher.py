"""One publisher: hands submissions over, waits where too many are under way, and reads receipts."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import hashlib
import ssl
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import nats.errors
from nats.aio.msg import Msg
from pydantic import TypeAdapter, ValidationError

from clic_contracts.envelope import derive_id
from clic_contracts.subject import RECEIPT_STREAM, inbox_subject, receipt_subject
from clic_contracts.submission import Receipt, Submission, encode_submission
from clic_contracts.vocabulary import Code

from .connection import Connection, DeniedError, sign_in, tls_context
from .delivery import ANSWER_TIMEOUT_S, MAX_PENDING, TRIES, Delivered, Outgoing, deliver
from .drain import Drain
from .error import (
    ClientError,
    NotDeliveredError,
    PublishDeniedError,
    PublishFailedError,
    ReceiptDeniedError,
    ReceiptTimeoutError,
)
from .spool import SPOOL_BYTES_MAX, Spool

RECEIPT_TIMEOUT_S = 10.0
LOOK_AGAIN_S = 1.0
"""How long a receipt is listened for before it is looked for again; see `Publisher.receipt`."""
MAX_FAILURES_KEPT = 100
"""Failures that one error names at most; it counts the others."""

_CODE: TypeAdapter[str] = TypeAdapter(Code)


class Publisher:
    """One publisher's connection. Made by `connect`, closed by `close` or by leaving `async with`."""

    def __init__(
        self,
        connection: Connection,
        publisher: str,
        spool: Spool | None,
        *,
        max_pending: int,
        tries: int,
        timeout_s: float,
    ) -> None:
        self._connection = connection
        self._publisher = publisher
        self._tries = tries
        self._timeout_s = timeout_s
        self._room = asyncio.Semaphore(max_pending)
        self._pending: set[asyncio.Task[None]] = set()
        self._failures: list[tuple[str, str]] = []
        self._failed = 0
        self._denied = False
        self._drain = Drain(spool, self._deliver, self._failed_for_good, batch=max_pending) if spool else None

    @classmethod
    async def connect(  # noqa: PLR0913 - a keyword for each thing that a publisher may say of its connection
        cls,
        url: str,
        publisher: str,
        *,
        nkey_seed: str | None = None,
        nkey_seed_file: Path | None = None,
        user: str | None = None,
        password: str | None = None,
        tls: ssl.SSLContext | None = None,
        ca_file: Path | None = None,
        inbox_prefix: str | None = None,
        spool: Path | None = None,
        spool_bytes_max: int = SPOOL_BYTES_MAX,
        max_pending: int = MAX_PENDING,
        tries: int = TRIES,
        timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> Self:
        """Connect as the publisher with this code; reconnects by itself for as long as it lives.

        `url` may name several servers of a cluster, separated by commas: one that does not answer is left for another.
        `spool` is a file that keeps what was handed over until the inbox has it; with one, a server that is away is
        no error. `ca_file` is whoever signed the server's certificate, `tls` says all about TLS instead.
        `inbox_prefix` is where answers come back, where the town gives another one than is usual.

        Raises:
            ClientError: the code is none, or the server does not answer or does not know the user.
            SpoolError: the spool cannot be used.
        """
        try:
            _CODE.validate_python(publisher)
        except ValidationError as error:
            raise ClientError(f"{publisher!r} is no publisher's code: lower case, digits, underscores") from error
        options: dict[str, Any] = sign_in(
            user=user, password=password, nkey_seed=nkey_seed, nkey_seed_file=nkey_seed_file
        )
        if (context := tls_context(tls, ca_file)) is not None:
            options["tls"] = context
        prefix = inbox_prefix if inbox_prefix is not None else f"_INBOX_publisher-{publisher}"
        options |= {"name": f"publisher {publisher}", "inbox_prefix": prefix.encode()}
        kept = await Spool.open(spool, publisher, spool_bytes_max) if spool is not None else None
        try:
            connection = await Connection.open(url, options, may_come_later=kept is not None)
        except BaseException:
            if kept is not None:
                await kept.close()
            raise
        return cls(connection, publisher, kept, max_pending=max_pending, tries=tries, timeout_s=timeout_s)

    async def publish(
        self, submission: Submission, *, source: str, event_id: str, occurred_at: dt.datetime, again: int = 0
    ) -> None:
        """Hand a submission over; waits while the window is full. `flush` tells whether all have arrived.

        With a spool it returns as soon as the file has it, and it is delivered even if this process ends.
        `source` and `event_id` name the submission for ever: the same again is known, not registered twice. The server
        drops it unseen for two minutes, unless `again` counts up: the desk then judges it anew, and gives the receipt
        that the first one lacks.

        Raises:
            PublishFailedError: submissions that were handed over earlier are not in the inbox; this one was not tried.
            SpoolFullError: the spool has no room; this one was not taken.
        """
        self._raise_failures()
        out = self._outgoing(submission, source, event_id, occurred_at, again)
        if self._drain is not None:
            await self._drain.add(out)
            return
        await self._room.acquire()
        task = asyncio.create_task(self._deliver_and_tell(out))
        self._pending.add(task)
        task.add_done_callback(self._delivered)

    async def publish_and_wait(
        self,
        submission: Submission,
        *,
        source: str,
        event_id: str,
        occurred_at: dt.datetime,
        timeout_s: float = RECEIPT_TIMEOUT_S,
    ) -> Receipt:
        """Hand one submission over and wait for its receipt, which may say that it was refused.

        A receipt of something else under the same id, from before, is not taken for it.

        Raises:
            PublishFailedError: it is not in the inbox.
            SpoolFullError: the spool has no room.
            ReceiptTimeoutError: there is no receipt yet; with a spool, perhaps the server is away.
            ReceiptDeniedError: this user may not read its receipts.
        """
        try:
            async with asyncio.timeout(timeout_s):
                before = await self._last_receipt(event_id)
                out = self._outgoing(submission, source, event_id, occurred_at, 0)
                if self._drain is not None:
                    delivered = await self._drain.add_and_wait(out)
                else:
                    delivered = await self._deliver(out)
        except TimeoutError as error:
            raise _no_receipt(event_id, timeout_s) from error
        if delivered.reason is not None:
            kind = PublishDeniedError if delivered.is_denied else PublishFailedError
            raise kind([(event_id, delivered.reason)], 1)
        return await self._receipt(event_id, timeout_s, newer_than=0 if delivered.is_duplicate else before)

    async def flush(self) -> None:
        """Wait until all that was handed over is in the inbox, or was given up.

        Bounded by the tries and time-outs of each submission.

        Raises:
            PublishDeniedError: the server does not let this user publish there.
            PublishFailedError: others could not be published.
            NotDeliveredError: with a spool: they wait there, and will be delivered.
        """
        while self._pending:
            await asyncio.wait(self._pending)
        try:
            if self._drain is not None:
                await self._drain.flush()
        finally:
            self._raise_failures()

    async def receipt(self, event_id: str, timeout_s: float = RECEIPT_TIMEOUT_S) -> Receipt:
        """The receipt of a submission, waited for where it is not there yet.

        Raises:
            ReceiptTimeoutError: none came within `timeout_s`.
            ReceiptDeniedError: this user may not read its receipts.
        """
        return await self._receipt(event_id, timeout_s, newer_than=0)

    @property
    def spooled(self) -> int:
        """Submissions that wait in the spool."""
        return self._drain.waiting if self._drain is not None else 0

    async def close(self) -> None:
        """Close the connection; what is still pending is given up, unless a spool has it. Call `flush` before."""
        for task in self._pending:
            task.cancel()
        await asyncio.gather(*self._pending, return_exceptions=True)
        if self._drain is not None:
            await self._drain.close()
        await self._connection.close()

    async def __aenter__(self) -> Self:
        """Use it as a context; leaving it flushes and closes."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Flush, unless an error is on its way already, and close. What waits in a spool is no error: it is kept."""
        try:
            if error is None:
                with contextlib.suppress(NotDeliveredError):
                    await self.flush()
        finally:
            await self.close()

    # -- publishing ---------------------------------------------------------------------------------------------------

    def _outgoing(
        self, submission: Submission, source: str, event_id: str, occurred_at: dt.datetime, again: int
    ) -> Outgoing:
        body = encode_submission(submission, source=source, event_id=event_id, occurred_at=occurred_at)
        # A courtesy: a retry of a success is dropped. The content is in it, because the same id with other content
        # has to reach the desk and be refused there.
        once = (hashlib.sha256(body).hexdigest(), *((f"again {again}",) if again else ()))
        message_id = derive_id("inbox", self._publisher, source, event_id, *once)
        return Outgoing(inbox_subject(self._publisher, submission.TYPE), event_id, message_id, body)

    async def _deliver(self, out: Outgoing) -> Delivered:
        return await deliver(self._connection, out, tries=self._tries, timeout_s=self._timeout_s)

    async def _deliver_and_tell(self, out: Outgoing) -> None:
        """A failure is kept for `flush`."""
        delivered = await self._deliver(out)
        if not delivered.is_there:
            self._failed_for_good(out, delivered)

    def _failed_for_good(self, out: Outgoing, delivered: Delivered) -> None:
        self._denied = self._denied or delivered.is_denied
        self._failed += 1
        if len(self._failures) < MAX_FAILURES_KEPT:
            self._failures.append((out.event_id, delivered.reason or ""))

    def _delivered(self, task: asyncio.Task[None]) -> None:
        self._pending.discard(task)
        self._room.release()

    def _raise_failures(self) -> None:
        if self._failures:
            failures, count, denied = self._failures, self._failed, self._denied
            self._failures, self._failed, self._denied = [], 0, False
            raise (PublishDeniedError if denied else PublishFailedError)(failures, count)

    # -- receipts -----------------------------------------------------------------------------------------------------

    async def _receipt(self, event_id: str, timeout_s: float, *, newer_than: int) -> Receipt:
        subject = receipt_subject(self._publisher, event_id)
        ask = f"$JS.API.DIRECT.GET.{RECEIPT_STREAM}.{subject}"
        listening: Any = None
        found: Msg | None = None
        try:
            async with asyncio.timeout(timeout_s):
                client = await self._connection.client(timeout_s)
                # Listen, then look, then look again: the server tells listeners of a message before it has stored it,
                # so that who comes in between neither hears nor finds it (tried: 31 of 3,000), and what comes during an
                # outage is not heard at all.
                listening = await client.subscribe(subject)
                while found is None:
                    kept = await self._unless_denied((ask, subject), client.request(ask, b"", timeout=timeout_s))
                    if _position_of(kept) <= newer_than:  # 0: none yet
                        with contextlib.suppress(nats.errors.TimeoutError):
                            found = await self._unless_denied((subject,), self._next(listening, LOOK_AGAIN_S))
                    else:
                        found = kept
        except TimeoutError as error:
            raise _no_receipt(event_id, timeout_s) from error
        except nats.errors.NoRespondersError as error:
            raise ClientError(f"the server has no receipts ({RECEIPT_STREAM}): is CLIC set up there?") from error
        except DeniedError as error:
            raise ReceiptDeniedError(f"receipts may not be read: {error}. Ask the town for the permission.") from error
        finally:
            if listening is not None:
                with contextlib.suppress(nats.errors.Error):  # A lost connection has unsubscribed already.
                    await listening.unsubscribe()
        return Receipt.model_validate_json(found.data)

    async def _last_receipt(self, event_id: str) -> int:
        """Position of the receipt that stands under an id before it is published again; 0: there is none."""
        ask = f"$JS.API.DIRECT.GET.{RECEIPT_STREAM}.{receipt_subject(self._publisher, event_id)}"
        try:
            client = await self._connection.client(self._timeout_s)
            return _position_of(await self._unless_denied((ask,), client.request(ask, b"", timeout=self._timeout_s)))
        except nats.errors.TimeoutError:
            if self._drain is None:
                raise
            return 0  # The server is away: the spool takes it all the same.
        except nats.errors.NoRespondersError as error:
            raise ClientError(f"the server has no receipts ({RECEIPT_STREAM}): is CLIC set up there?") from error
        except DeniedError as error:
            raise ReceiptDeniedError(f"receipts may not be read: {error}. Ask the town for the permission.") from error

    async def _unless_denied(self, subjects: tuple[str, ...], answer: Any) -> Msg:
        found: Msg = await self._connection.unless_denied(subjects, answer)
        return found

    async def _next(self, listening: Any, timeout_s: float) -> Msg:
        """The next message of a subscription."""
        message: Msg = await listening.next_msg(timeout=timeout_s)
        return message


def _position_of(kept: Msg) -> int:
    """Of a message that was asked for; 0: there is none."""
    headers = kept.headers or {}
    return 0 if headers.get("Status") else int(headers.get("Nats-Sequence", 0))


def _no_receipt(event_id: str, timeout_s: float) -> ReceiptTimeoutError:
    return ReceiptTimeoutError(f"no receipt of {event_id!r} within {timeout_s} s")

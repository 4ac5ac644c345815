"""The process runner: takes messages from a stream, one key in order, and acknowledges what is done.

A process acts (it appends to the log); a projector only folds, see `projector.py`. A message is acknowledged
after its handler returned, so that a crash in between delivers it again. What fails is tried again with
backoff, with a bound; then it is quarantined, and later messages of the same key wait behind it, in order.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Any

import asyncpg
import structlog
from faststream import AckPolicy
from faststream.nats import JStream, PullSub
from faststream.nats.annotations import NatsMessage
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy as JsAckPolicy
from nats.js.api import ConsumerConfig, DeliverPolicy

from clic_contracts.envelope import Commit
from clic_contracts.subject import LOG_STREAM, QUARANTINE_PREFIX

from .error import RetryableError, UnreadableError
from .jetstream_log import decode
from .quarantine import Entry
from .telemetry import METRICS, continued

if TYPE_CHECKING:
    from .service import Runtime

log = structlog.get_logger()

ACK_WAIT_S = 30.0
MAX_ACK_PENDING = 2_000
"""Messages under way at most, and so the bound of everything that a process remembers of them."""
MAX_TRIES_RETRYABLE = 100
"""A server that is away: with the backoff below about seven minutes, longer than any restart we planned for."""
MAX_TRIES_UNEXPECTED = 5
"""An error that nobody foresaw: trying a little again tells a hiccup from a defect."""
BACKOFF_FIRST_S = 0.1
BACKOFF_MAX_S = 5.0
LAG_EVERY_S = 1.0
STUCK_AFTER_S = 60.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as it was taken from its stream."""

    stream: str
    subject: str
    sequence: int
    body: bytes
    headers: dict[str, str]
    tries: int = 0
    """How often it failed already, in this process."""


class Process:
    """A component that handles each message of a stream once, in the sense of `docs/architecture.md`."""

    def __init__(
        self,
        runtime: Runtime[Any],
        *,
        durable: str,
        filters: Sequence[str],
        handle_delivery: Callable[[Delivery], Awaitable[None]] | None = None,
        handle: Callable[[Commit], Awaitable[None]] | None = None,
        key: Callable[[Delivery], str] | None = None,
        stream: str = LOG_STREAM,
        skip: Callable[[Delivery], bool] | None = None,
    ) -> None:
        """Give either `handle` (commits of the log, keyed by request) or `handle_delivery` with `key`.

        `skip` tells, from headers and subject, what need not be decoded at all.
        """
        if (handle is None) == (handle_delivery is None):
            raise ValueError("give either handle or handle_delivery")
        self.name = durable
        self._runtime = runtime
        self._durable = durable
        self._stream = stream
        self._filters = list(filters)
        self._skip = skip
        self._key = key or (lambda delivery: delivery.subject.rsplit(".", 1)[1])
        self._handle = handle_delivery or _decoding(handle)
        self._slots = asyncio.Semaphore(runtime.settings.concurrency_max)
        self._failures: dict[int, int] = {}
        self._held: dict[str, int] = {}
        """Key → the first sequence that is being tried again: later ones of the key wait."""
        self._parked: set[str] = set()
        """Keys with an entry in quarantine: later messages of the key wait behind it."""
        self._key_locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._resumptions: asyncio.Queue[str] = asyncio.Queue(maxsize=10_000)
        self._lag = 0
        self._progress_at = monotonic()
        self._started = False

    async def run(self, stop: asyncio.Event) -> None:
        """Take and handle messages until told to stop; what is under way is finished first."""
        await self._ensure_consumer()
        await self._load_parked()
        changes = await self._runtime.nats.subscribe(
            f"{QUARANTINE_PREFIX}.{self._runtime.name}.>", cb=self._quarantine_changed
        )
        settings = self._runtime.settings
        subscriber = self._runtime.broker.subscriber(
            self._filters[0],
            stream=JStream(self._stream, declare=False),
            durable=self._durable,
            pull_sub=PullSub(batch_size=settings.batch_messages_max, timeout=settings.batch_wait_s, batch=True),
            ack_policy=AckPolicy.MANUAL,
            # FastStream does not take the connection's: without it a user with permissions of its own hears nothing.
            inbox_prefix=f"{settings.inbox_prefix}.".encode(),
        )
        subscriber(self._take)
        await subscriber.start()
        self._started = True
        resuming = asyncio.create_task(self._resume_forever(), name=f"{self.name}-resume")
        try:
            while not stop.is_set():
                await self._measure_lag()
                if resuming.done():
                    resuming.result()  # Raises what ended it; the service stops and is restarted.
                try:
                    await asyncio.wait_for(stop.wait(), LAG_EVERY_S)
                except TimeoutError:
                    continue
        finally:
            resuming.cancel()
            await subscriber.stop()
            await changes.unsubscribe()

    def not_ready(self) -> str | None:
        """None, or why nothing is being done."""
        if not self._started:
            return "not started"
        if self._lag and monotonic() - self._progress_at > STUCK_AFTER_S:
            return f"{self._lag} messages wait and none was done in {STUCK_AFTER_S:.0f} s"
        return None

    async def _ensure_consumer(self) -> None:
        config = ConsumerConfig(
            durable_name=self._durable,
            ack_policy=JsAckPolicy.EXPLICIT,
            deliver_policy=DeliverPolicy.ALL,
            ack_wait=ACK_WAIT_S,
            max_deliver=-1,  # We bound tries ourselves: a finite one stops delivering without a word.
            max_ack_pending=MAX_ACK_PENDING,
            filter_subject=self._filters[0] if len(self._filters) == 1 else None,
            filter_subjects=self._filters if len(self._filters) > 1 else None,
        )
        await self._runtime.nats.jetstream().add_consumer(self._stream, config)

    async def _measure_lag(self) -> None:
        try:
            info = await self._runtime.nats.jetstream().consumer_info(self._stream, self._durable)
        except (NatsError, OSError) as error:
            log.warning("consumer_unknown", consumer=self._durable, error=type(error).__name__)
            return
        self._lag = (info.num_pending or 0) + (info.num_ack_pending or 0)
        METRICS.consumer_lag.labels(self._durable).set(self._lag)
        if not self._lag:
            self._progress_at = monotonic()

    async def _take(self, message: NatsMessage) -> None:
        """One batch: keys side by side, messages of one key one after the other."""
        by_key: dict[str, list[tuple[Delivery, Msg]]] = {}
        raw: Any = message.raw_message  # A list, in batches; FastStream types it as one message.
        for each in raw:
            sequence = each.metadata.sequence.stream
            delivery = Delivery(
                self._stream, each.subject, sequence, each.data, each.headers or {}, self._failures.get(sequence, 0)
            )
            if self._skip is not None and self._skip(delivery):
                await each.ack()
                continue
            by_key.setdefault(self._key(delivery), []).append((delivery, each))
        await asyncio.gather(*(self._in_order(key, messages) for key, messages in by_key.items()))

    async def _in_order(self, key: str, messages: list[tuple[Delivery, Msg]]) -> None:
        async with self._slots:
            for delivery, message in messages:
                await self._one(key, delivery, message)

    async def _one(self, key: str, delivery: Delivery, message: Msg) -> None:
        held = self._held.get(key)
        if held is not None and held < delivery.sequence:
            await message.nak(delay=BACKOFF_FIRST_S)
            return
        try:
            if key in self._parked and await self._wait_behind(key, delivery):
                await message.ack()
                return
            await self._handled(delivery)
        except Exception as error:  # noqa: BLE001 - whatever it is: tried again with a bound, then quarantined
            await self._failed(key, delivery, message, error)
            return
        await message.ack()
        self._done(key, delivery)

    async def _handled(self, delivery: Delivery) -> None:
        started = perf_counter()
        with continued(delivery.headers, f"handle {self._durable}", sequence=delivery.sequence):
            await self._handle(delivery)
        METRICS.loop_seconds.labels(self._durable).observe(perf_counter() - started)

    def _done(self, key: str, delivery: Delivery) -> None:
        METRICS.events_in.labels(self._durable).inc()
        self._progress_at = monotonic()
        self._failures.pop(delivery.sequence, None)
        if self._held.get(key) == delivery.sequence:
            del self._held[key]

    async def _failed(self, key: str, delivery: Delivery, message: Msg, error: Exception) -> None:
        tries = self._failures[delivery.sequence] = self._failures.get(delivery.sequence, 0) + 1
        bound = tries_for(error)
        log.warning(
            "message_failed",
            consumer=self._durable,
            sequence=delivery.sequence,
            key=key,
            tries=tries,
            error=type(error).__name__,
            where=_where(error),
        )
        if tries < bound:
            METRICS.retries.labels(self._durable).inc()
            self._held[key] = delivery.sequence
            await message.nak(delay=min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2 ** (tries - 1)))
            return
        try:
            await self._park(key, delivery, "failed", reason_of(error), tries)
        except RetryableError:
            await message.nak(delay=BACKOFF_MAX_S)  # Not stored, so not acknowledged: nothing is lost.
            return
        log.error(
            "message_quarantined", consumer=self._durable, sequence=delivery.sequence, key=key, reason=reason_of(error)
        )
        await message.ack()
        self._done(key, delivery)

    # -- quarantine ---------------------------------------------------------------------------------------------

    async def _park(self, key: str, delivery: Delivery, state: Any, reason: str, tries: int) -> None:
        now = self._runtime.clock.now()
        await self._runtime.quarantine.put(
            Entry(
                service=self._runtime.name,
                consumer=self._durable,
                stream=self._stream,
                sequence=delivery.sequence,
                subject=delivery.subject,
                key=key,
                state=state,
                reason=reason,
                tries=tries,
                since=now,
                changed_at=now,
            )
        )
        self._parked.add(key)
        METRICS.quarantined.labels(self._runtime.name).inc()

    async def _wait_behind(self, key: str, delivery: Delivery) -> bool:
        """Put a message behind what is parked of its key; False: the key was freed meanwhile."""
        async with self._key_locks[key]:
            if key not in self._parked:
                return False
            await self._park(key, delivery, "waiting", "behind an earlier message of the same key", 0)
            return True

    async def _entries(self) -> list[Entry]:
        return [
            entry
            async for entry in self._runtime.quarantine.entries(service=self._runtime.name)
            if entry.consumer == self._durable
        ]

    async def _load_parked(self) -> None:
        entries = await self._entries()
        self._parked = {entry.key for entry in entries}
        METRICS.quarantined.labels(self._runtime.name).set(len(entries))
        wanted = {e.key for e in entries if e.state == "retry"}
        # A key without a failed or retried entry was freed by a discard while nobody was listening.
        wanted |= self._parked - {e.key for e in entries if e.state in ("failed", "retry")}
        for key in wanted:
            self._resumptions.put_nowait(key)

    async def _quarantine_changed(self, message: Msg) -> None:
        if not message.data or message.subject.startswith("$"):
            return
        entry = Entry.model_validate_json(message.data)
        if entry.consumer == self._durable and entry.state in ("retry", "discarded"):
            await self._resumptions.put(entry.key)

    async def _resume_forever(self) -> None:
        while True:
            key = await self._resumptions.get()
            try:
                await self._resume(key)
            except RetryableError as error:
                log.warning("quarantine_resume_failed", key=key, error=type(error).__name__)
                await asyncio.sleep(BACKOFF_MAX_S)
                await self._resumptions.put(key)

    async def _resume(self, key: str) -> None:
        """Try what is parked of a key again, in order; stop at the first that fails again."""
        async with self._key_locks[key]:
            entries = sorted((e for e in await self._entries() if e.key == key), key=lambda e: e.sequence)
            for entry in entries:
                if entry.state == "failed":
                    return  # Nobody asked for this one yet, and the rest waits behind it.
                try:
                    await self._handled(await self._fetch(entry))
                except RetryableError:
                    raise
                except Exception as error:  # noqa: BLE001 - recorded as the entry's new reason
                    await self._settle(entry, "failed", reason_of(error))
                    log.warning("quarantine_retry_failed", entry=entry.entry_id, reason=reason_of(error))
                    return
                await self._settle(entry, "resolved", entry.reason)
                METRICS.quarantined.labels(self._runtime.name).dec()
                log.info("quarantine_resolved", entry=entry.entry_id)
            self._parked.discard(key)
        self._key_locks.pop(key, None)

    async def _settle(self, entry: Entry, state: Any, reason: str) -> None:
        await self._runtime.quarantine.put(
            entry.model_copy(
                update={
                    "state": state,
                    "reason": reason,
                    "tries": entry.tries + 1,
                    "changed_at": self._runtime.clock.now(),
                }
            )
        )

    async def _fetch(self, entry: Entry) -> Delivery:
        answer = await self._runtime.nats.request(
            f"$JS.API.DIRECT.GET.{entry.stream}", json.dumps({"seq": entry.sequence}).encode(), timeout=5
        )
        headers = answer.headers or {}
        if "Nats-Sequence" not in headers:
            raise UnreadableError(f"{entry.stream} at {entry.sequence} is gone: {headers.get('Description', '')}")
        return Delivery(entry.stream, headers["Nats-Subject"], entry.sequence, answer.data, headers)


_FETCH = JetStreamContext.PullSubscription.fetch


async def _fetch_mended(
    self: JetStreamContext.PullSubscription,
    batch: int = 1,
    timeout: float | None = 5,  # noqa: ASYNC109 - the signature is nats-py's
    heartbeat: float | None = None,
) -> list[Msg]:
    """Let FastStream 0.7.8 see the time-outs of nats-py 2.16.

    nats-py ends some fetches with the built-in TimeoutError, FastStream expects nats-py's own: the batch fetched so
    far was thrown away with the loop, and came again only after `ack_wait`, 30 s later (`test_process.py` shows it).
    """
    try:
        return await _FETCH(self, batch, timeout, heartbeat)
    except TimeoutError as error:
        raise NatsTimeoutError from error


JetStreamContext.PullSubscription.fetch = _fetch_mended  # type: ignore[method-assign]  # see its docstring


def _decoding(handle: Callable[[Commit], Awaitable[None]] | None) -> Callable[[Delivery], Awaitable[None]]:
    assert handle is not None

    async def handle_delivery(delivery: Delivery) -> None:
        await handle(decode(delivery.subject, delivery.sequence, delivery.body, delivery.headers))

    return handle_delivery


def tries_for(error: Exception) -> int:
    """How often a message may fail in this way before it is quarantined."""
    if isinstance(error, UnreadableError):
        return 1
    if isinstance(
        error,
        RetryableError
        | NatsError
        | OSError
        | TimeoutError
        | asyncpg.PostgresConnectionError
        | asyncpg.InterfaceError
        | asyncpg.CannotConnectNowError
        | asyncpg.AdminShutdownError
        | asyncpg.CrashShutdownError
        | asyncpg.TooManyConnectionsError
        | asyncpg.DeadlockDetectedError,
    ):
        return MAX_TRIES_RETRYABLE
    return MAX_TRIES_UNEXPECTED


def reason_of(error: Exception) -> str:
    """An error for the quarantine: our own messages hold no personal data, others might and are left out."""
    if isinstance(error, UnreadableError | RetryableError):
        return f"{type(error).__name__}: {error}"[:500]
    return f"{type(error).__name__} at {_where(error)}"


def _where(error: Exception) -> str:
    trace = error.__traceback__
    if trace is None:
        return "?"
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}"

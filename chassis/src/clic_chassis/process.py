"""The process runner: takes messages from a stream, one key in order, and acknowledges what is done.

A process acts (it appends to the log); a projector only folds, see `projector.py`. A message is acknowledged
after its handler returned, so that a crash in between delivers it again. What fails is tried again with
backoff, with a bound; then it is quarantined, and later messages of the same key wait behind it, in order.

The order of a key holds within one running process. After a crash, or between several instances that share a
durable, a message can overtake an earlier one that was delivered to the other and not acknowledged yet, and one
message can be under way twice. So a handler must be right in any order and any number of times: routing decides once
per request and cause; deadlines reconciles from both stories; intake lets an outcome wait for its request longer than
`ACK_WAIT_S`; the feed tells the order by each event's time. The expected sequence and the cause keep the log whole.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from operator import itemgetter
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Any

import structlog
from faststream import AckPolicy
from faststream.nats import JStream, PullSub
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy as JsAckPolicy
from nats.js.api import ConsumerConfig, DeliverPolicy

from clic_contracts.envelope import Commit, derive_id
from clic_contracts.subject import LOG_STREAM

from . import failure
from .delivery import Delivery
from .error import RetryableError, TooEarlyError
from .jetstream_log import decode
from .lane import Carried, Lanes, say
from .logging import bound
from .parking import OnParked, Parking
from .pull import Pull, position_of
from .subscription import PatientSubscription
from .telemetry import METRICS, continued

if TYPE_CHECKING:
    from .service import Runtime

__all__ = ["Delivery", "Process"]

log = structlog.get_logger()

ACK_WAIT_S = 10.0
"""How soon what a crashed process had under way is delivered again; a living one says more often that it works."""
MAX_ACK_PENDING = 2_000
"""Messages under way at most, and so the bound of everything that a process remembers of them."""
PULL_BYTES_MAX = 16 * 1024 * 1024
HANDLE_MAX_S = 180.0
"""One try at most: all tries of `Decisions` with their time-outs fit in, and a hanging handler is cut off."""
FETCH_S = 1.0
"""How soon a lost consumer is noticed, beside `pull.SILENCE_MAX_S`."""
LAG_EVERY_S = 1.0
LAG_TIMEOUT_S = 1.0
OLDEST_EVERY_S = 5.0
STUCK_AFTER_S = 60.0
KEY_CHARACTERS_MAX = 200
CANCEL_AGAIN_S = 0.1
CLOSE_SHARE = 0.7
"""Of a service's bound on stopping: what a process takes to finish what it has begun."""


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
        on_parked: OnParked | None = None,
    ) -> None:
        """Give either `handle` (commits of the log, keyed by request) or `handle_delivery` with `key`.

        `skip` tells, from headers and subject, what need not be decoded at all. `on_parked` is told, at least once
        and before the acknowledgement, of each message that was quarantined, because it failed or behind one that did,
        with the reason; where it fails itself it is told again.
        """
        if (handle is None) == (handle_delivery is None):
            raise ValueError("give either handle or handle_delivery")
        self.name = durable
        self._runtime = runtime
        self._durable = durable
        self._stream = stream
        self._filters = list(filters)
        self._skip = skip
        self._key = key or _last_token
        self._handle = handle_delivery or _decoding(handle)
        self._slots = asyncio.Semaphore(runtime.settings.concurrency_max)
        self._given_way = 0
        self._lanes = Lanes(self._settle, ready_max=runtime.settings.batch_messages_max, touch_every_s=ACK_WAIT_S / 3)
        self._parking = Parking(runtime, consumer=durable, stream=stream, handle=self._handled, on_parked=on_parked)
        self._subscription = PatientSubscription(self._open_pull, batch_max=runtime.settings.batch_messages_max)
        self._seconds = METRICS.loop_seconds.labels(durable)
        self._done = METRICS.events_in.labels(durable)
        self._lag = 0
        self._oldest_asked_at = -OLDEST_EVERY_S
        self._progress_at = monotonic()
        self._why_not: str | None = "not started"

    async def run(self, stop: asyncio.Event) -> None:
        """Take and handle messages until told to stop; what is begun is finished, the rest is given back."""
        loaded = asyncio.Event()
        parking = asyncio.create_task(self._parking.run(loaded), name=f"{self.name}-parking")
        subscriber: Any = None
        try:
            while not stop.is_set():
                if parking.done():
                    parking.result()  # Raises what ended it; the service stops and is restarted.
                if not loaded.is_set():
                    self._why_not = "its quarantine could not be read yet: were the streams made?"
                elif subscriber is None and await self._consumer_is_there():
                    subscriber = await self._subscribed()
                if subscriber is not None:
                    await self._measure_lag()
                    await self._subscription.touch()
                    await self._lanes.touch()
                await _first(stop, None if loaded.is_set() else loaded, LAG_EVERY_S)
        finally:
            self._why_not = "stopping"
            await self._subscription.unsubscribe()
            await self._lanes.close(self._runtime.settings.stop_timeout_s * CLOSE_SHARE)
            if subscriber is not None:
                await subscriber.stop()
            await _ended(parking)

    def is_busy(self, key: str) -> bool:
        """Whether something of a key is under way or in quarantine, so that what comes later must wait for it."""
        return self._parking.holds(key) or self._lanes.holds(key)

    async def give_way(self, share: float) -> None:
        """Leave a share of what is handled at once to others, as soon as it is free, until `take_back`."""
        while self._given_way < int(self._runtime.settings.concurrency_max * share):
            await self._slots.acquire()
            self._given_way += 1

    def take_back(self) -> None:
        """Handle as much at once as before."""
        while self._given_way:
            self._given_way -= 1
            self._slots.release()

    def not_ready(self) -> str | None:
        """None, or why nothing is being done."""
        if self._why_not is not None:
            return self._why_not
        if self._lag and monotonic() - self._progress_at > STUCK_AFTER_S:
            return f"{self._lag} messages wait and none was done in {STUCK_AFTER_S:.0f} s"
        return None

    # -- taking -------------------------------------------------------------------------------------------------

    async def _subscribed(self) -> Any:
        """FastStream's subscriber, started, on a subscription of ours."""
        subscriber: Any = self._runtime.broker.subscriber(
            self._filters[0],
            stream=JStream(self._stream, declare=False),
            durable=self._durable,
            pull_sub=PullSub(batch_size=self._runtime.settings.batch_messages_max, timeout=FETCH_S, batch=True),
            ack_policy=AckPolicy.MANUAL,
            decoder=_raw,
            # FastStream does not take the connection's, and a user may listen on its own prefix alone.
            inbox_prefix=f"{self._runtime.settings.inbox_prefix}.".encode(),
        )
        subscriber(self._take)
        await subscriber.start()
        theirs, subscriber.subscription = subscriber.subscription, self._subscription
        await theirs.unsubscribe()
        self._why_not = None
        return subscriber

    async def _consumer_is_there(self) -> bool:
        try:
            await self._ensure_consumer()
        except (NatsError, OSError) as error:
            self._why_not = f"no consumer on {self._stream} ({type(error).__name__}): were the streams made?"
            log.warning("consumer_not_there", consumer=self._durable, why=self._why_not)
            return False
        return True

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

    async def _open_pull(self) -> Pull:
        await self._ensure_consumer()  # Somebody may have deleted it; what was handled is known by its cause.
        pull = Pull(
            self._runtime.nats,
            self._stream,
            self._durable,
            messages_max=self._runtime.settings.batch_messages_max,
            bytes_max=PULL_BYTES_MAX,
        )
        await pull.open()
        return pull

    async def _measure_lag(self) -> None:
        try:
            info = await self._runtime.nats.jetstream(timeout=LAG_TIMEOUT_S).consumer_info(self._stream, self._durable)
        except (NatsError, OSError) as error:
            log.warning("consumer_unknown", consumer=self._durable, error=type(error).__name__)
            return
        self._lag = (info.num_pending or 0) + (info.num_ack_pending or 0)
        METRICS.consumer_lag.labels(self._durable).set(self._lag)
        if not self._lag:
            self._progress_at = monotonic()
            METRICS.consumer_oldest.labels(self._durable).set(0)
        elif monotonic() - self._oldest_asked_at > OLDEST_EVERY_S:
            self._oldest_asked_at = monotonic()
            await self._measure_oldest(info.ack_floor.stream_seq if info.ack_floor else 0)

    async def _measure_oldest(self, done: int) -> None:
        """Since when the first message behind the acknowledged ones stands in the stream."""
        stored_at: list[dt.datetime] = []
        for each in self._filters:
            body = json.dumps({"seq": done + 1, "next_by_subj": each}).encode()
            try:
                answer = await self._runtime.nats.request(f"$JS.API.DIRECT.GET.{self._stream}", body, LAG_TIMEOUT_S)
            except (NatsError, OSError):
                return  # Asked again soon; the lag itself tells that something waits.
            if (stamp := (answer.headers or {}).get("Nats-Time-Stamp")) is not None:
                stored_at.append(dt.datetime.fromisoformat(stamp))
        now = self._runtime.clock.now()
        age_s = max((now - each).total_seconds() for each in stored_at) if stored_at else 0.0
        METRICS.consumer_oldest.labels(self._durable).set(max(0.0, age_s))

    async def _take(self, raw: Any) -> None:
        """Put what came into lanes, and wait until there is room for more."""
        # What comes again (after a stop, a crash) comes in no order that the server promises.
        for sequence, each in sorted(((position_of(each).sequence, each) for each in raw), key=itemgetter(0)):
            delivery = Delivery(self._stream, each.subject, sequence, each.data, each.headers or {})
            if self._skip is not None and self._skip(delivery):
                self._progress_at = monotonic()
                await say(each.ack)
            else:
                self._lanes.put(self._key_of(delivery), Carried(delivery, each))
        await self._lanes.room()

    def _key_of(self, delivery: Delivery) -> str:
        """The key of a message: what nobody can read, or is no good as a key, has one of its own."""
        try:
            key = self._key(delivery)
        except Exception as error:  # noqa: BLE001 - a body from outside; its handler tells what is wrong with it
            log.warning("message_without_key", sequence=delivery.sequence, error=type(error).__name__)
            return f"unreadable-{delivery.sequence}"
        return key if len(key) <= KEY_CHARACTERS_MAX else derive_id("key", key)

    # -- handling -----------------------------------------------------------------------------------------------

    async def _settle(self, key: str, carried: Carried) -> bool:
        """Handle a message, with its tries, or park it; False: the process stops before it is settled."""
        structlog.contextvars.bind_contextvars(key=key)  # In the context of this lane's task alone.
        while not self._lanes.closing.is_set():
            delivery = carried.delivery
            try:
                if self._parking.holds(key) and await self._parking.wait_behind(key, delivery):
                    return True
            except RetryableError as error:
                log.warning("message_not_parked", consumer=self._durable, error=failure.reason_of(error))
                await self._lanes.stall(key, failure.BACKOFF_MAX_S)
                continue
            try:
                await self._handled(delivery)
            except Exception as error:  # noqa: BLE001 - whatever it is: tried again with a bound, then quarantined
                if await self._parked(key, carried, error):
                    return True
                if isinstance(error, TooEarlyError) and self._lanes.let_pass(key):
                    return False
            else:
                return True
        return False

    async def _handled(self, delivery: Delivery) -> None:
        async with self._slots:
            started = perf_counter()
            with (
                bound(consumer=self._durable, sequence=delivery.sequence),
                continued(delivery.headers, f"handle {self._durable}", sequence=delivery.sequence),
            ):
                try:
                    async with asyncio.timeout(HANDLE_MAX_S):
                        await self._handle(delivery)
                except Exception as error:
                    where, tries = failure.where(error), delivery.tries + 1
                    log.warning("message_failed", tries=tries, error=type(error).__name__, where=where)
                    raise
            self._seconds.observe(perf_counter() - started)
        self._done.inc()
        self._progress_at = monotonic()

    async def _parked(self, key: str, carried: Carried, error: Exception) -> bool:
        """After a failure: wait for another try (False), or park the message for good (True)."""
        carried.delivery = replace(carried.delivery, tries=carried.delivery.tries + 1)
        tries = carried.delivery.tries
        if tries < failure.tries_for(error):
            METRICS.retries.labels(self._durable).inc()
            await self._lanes.stall(key, failure.backoff_s(tries))
            return False
        try:
            await self._parking.park(key, carried.delivery, failure.reason_of(error), tries)
        except RetryableError as not_stored:
            log.warning("message_not_parked", consumer=self._durable, error=failure.reason_of(not_stored))
            await self._lanes.stall(key, failure.BACKOFF_MAX_S)
            return False
        self._progress_at = monotonic()
        return True


def _last_token(delivery: Delivery) -> str:
    return delivery.subject.rsplit(".", 1)[1]


def _decoding(handle: Callable[[Commit], Awaitable[None]] | None) -> Callable[[Delivery], Awaitable[None]]:
    assert handle is not None

    async def handle_delivery(delivery: Delivery) -> None:
        commit = decode(delivery.subject, delivery.sequence, delivery.body, delivery.headers)
        with bound(request_id=commit.request_id):
            await handle(commit)

    return handle_delivery


async def _raw(message: Any) -> list[Msg]:
    """The messages as they came: bodies are for handlers to read.

    FastStream's own decoder reads JSON from every body of a batch; one that it cannot (a header that promises JSON, too
    many brackets) threw the whole batch away, to come again after `ACK_WAIT_S`, for ever.
    """
    messages: list[Msg] = message.raw_message
    return messages


async def _ended(task: asyncio.Task[None]) -> None:
    """Cancel until it has ended.

    Python 3.11's `wait_for`, in which nats-py waits for answers, loses a cancellation that comes with the answer.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=CANCEL_AGAIN_S)
    await asyncio.gather(task, return_exceptions=True)


async def _first(stop: asyncio.Event, other: asyncio.Event | None, seconds: float) -> None:
    """Wait for one of two events, so long at most."""
    tasks = [asyncio.ensure_future(each.wait()) for each in (stop, other) if each is not None]
    await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()

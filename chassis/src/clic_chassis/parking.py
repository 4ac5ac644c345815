"""What a process could not handle: parked in quarantine, with later messages of its key behind it, in order.

A person asks for another try or discards (`clic quarantine`); then what is parked of the key is handled in order.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import structlog
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from clic_contracts.subject import QUARANTINE_PREFIX, token

from . import failure
from .delivery import Delivery
from .error import RetryableError, UnreadableError
from .nats_header import status_of
from .quarantine import Entry, State
from .telemetry import METRICS

if TYPE_CHECKING:
    from .service import Runtime

log = structlog.get_logger()

RESUMPTIONS_MAX = 10_000
"""Keys that wait to be tried again; who asks for more waits, and the rest is found at the next start."""
FETCH_TIMEOUT_S = 5.0
BEHIND = "behind an earlier message of the same key"

Handle = Callable[[Delivery], Awaitable[None]]
OnParked = Callable[[Delivery, str], Awaitable[None]]


class Parking:
    """The quarantine of one consumer of a service."""

    def __init__(
        self, runtime: Runtime[Any], *, consumer: str, stream: str, handle: Handle, on_parked: OnParked | None = None
    ) -> None:
        """`handle` tries a parked message again; `on_parked` is told of each with the reason."""
        self._runtime = runtime
        self._consumer = consumer
        self._stream = stream
        self._handle = handle
        self._on_parked = on_parked
        self._parked: set[str] = set()
        """Keys with an entry in quarantine; bounded as the quarantine's stream is."""
        # Entries die with the last task that waits: bounded by the messages under way.
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._resumptions: asyncio.Queue[str] = asyncio.Queue(maxsize=RESUMPTIONS_MAX)

    def holds(self, key: str) -> bool:
        """Whether something of a key is parked, so that later messages of it have to wait."""
        return key in self._parked

    async def run(self, loaded: asyncio.Event) -> None:
        """Load what is parked, set `loaded`, then try again what people ask for, until cancelled."""
        changes = await self._runtime.nats.subscribe(
            f"{QUARANTINE_PREFIX}.{self._runtime.name}.{token(self._consumer)}.>", cb=self._changed
        )
        try:
            await self._load_when_it_answers()
            loaded.set()
            while True:
                key = await self._resumptions.get()
                try:
                    await self._resume(key)
                except RetryableError as error:
                    log.warning("quarantine_resume_failed", key=key, error=failure.reason_of(error))
                    await asyncio.sleep(failure.BACKOFF_MAX_S)
                    await self._resumptions.put(key)
        finally:
            with contextlib.suppress(NatsError):  # Gone with its connection.
                await changes.unsubscribe()

    async def park(self, key: str, delivery: Delivery, reason: str, tries: int) -> None:
        """Store a message that failed for good, and tell `on_parked`.

        Raises:
            RetryableError: not known to be stored, or `on_parked` failed: then the message is stored and its key held,
                and `wait_behind` tells `on_parked` again.
        """
        async with self._lock(key):
            await self._put(key, delivery, "failed", reason, tries)
        log.error("message_quarantined", consumer=self._consumer, sequence=delivery.sequence, key=key, reason=reason)
        await self._tell(delivery, reason)

    async def wait_behind(self, key: str, delivery: Delivery) -> bool:
        """Put a message behind what is parked of its key; False: the key was freed meanwhile.

        A message that is parked already (a crash came before its acknowledgement) keeps the state that it has.

        Raises:
            RetryableError: not known to be stored, or `on_parked` failed; when it comes again, it is told again.
        """
        async with self._lock(key):
            there = await self._runtime.quarantine.newest(self._entry(key, delivery, "waiting", "", 0))
            if there is None:
                if not await self._entries(key):  # Another instance freed it.
                    self._parked.discard(key)
                if key not in self._parked:
                    return False
                await self._put(key, delivery, "waiting", BEHIND, 0)
                await self._tell(delivery, BEHIND)
            elif there.state in ("failed", "waiting"):
                # Within the lock: once it is handled, nobody is told any more that it waits.
                await self._tell(delivery, there.reason)
            return True

    async def _tell(self, delivery: Delivery, reason: str) -> None:
        if self._on_parked is None:
            return
        try:
            await self._on_parked(delivery, reason)
        except Exception as error:
            raise RetryableError(f"nobody could be told of it: {failure.reason_of(error)}") from error

    def _lock(self, key: str) -> asyncio.Lock:
        return self._locks.setdefault(key, asyncio.Lock())

    def _entry(self, key: str, delivery: Delivery, state: State, reason: str, tries: int) -> Entry:
        now = self._runtime.clock.now()
        return Entry(
            service=self._runtime.name,
            consumer=self._consumer,
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

    async def _put(self, key: str, delivery: Delivery, state: State, reason: str, tries: int) -> None:
        await self._runtime.quarantine.put(self._entry(key, delivery, state, reason, tries))
        self._parked.add(key)
        METRICS.quarantined.labels(self._runtime.name).inc()

    async def _entries(self, key: str | None = None) -> list[Entry]:
        found = self._runtime.quarantine.entries(service=self._runtime.name, consumer=self._consumer, key=key)
        return [entry async for entry in found]

    async def _load_when_it_answers(self) -> None:
        while True:
            try:
                await self._load()
            except RetryableError as error:
                log.warning("quarantine_not_there", consumer=self._consumer, error=failure.reason_of(error))
                await asyncio.sleep(1.0)
            else:
                return

    async def _load(self) -> None:
        entries = await self._entries()
        self._parked = {entry.key for entry in entries}
        METRICS.quarantined.labels(self._runtime.name)  # Said from the start; `watch.Held` counts them.
        wanted = {e.key for e in entries if e.state == "retry"}
        # A key without a failed or retried entry was freed by a discard while nobody was listening.
        wanted |= self._parked - {e.key for e in entries if e.state in ("failed", "retry")}
        for key in sorted(wanted)[:RESUMPTIONS_MAX]:
            self._resumptions.put_nowait(key)

    async def _changed(self, message: Msg) -> None:
        """Hear of an entry: another instance parked it, or a person asks for another try or discards it."""
        entry = Entry.model_validate_json(message.data)
        if entry.state in ("failed", "waiting"):
            self._parked.add(entry.key)  # If it was freed meanwhile, `wait_behind` finds that out.
        elif entry.state in ("retry", "discarded"):
            if entry.state == "discarded":
                METRICS.quarantined.labels(self._runtime.name).dec()
            await self._resumptions.put(entry.key)

    async def _resume(self, key: str) -> None:
        """Try what is parked of a key again, in order; stop at the first that fails again."""
        async with self._lock(key):
            for entry in sorted(await self._entries(key), key=lambda e: e.sequence):
                if entry.state == "failed":
                    return  # Nobody asked for this one yet, and the rest waits behind it.
                if not await self._retried(entry):
                    return
            self._parked.discard(key)

    async def _retried(self, entry: Entry) -> bool:
        """Handle one parked message again; False: it failed for good once more, with a new reason.

        Raises:
            RetryableError: a server is away; the entry stays as it is.
        """
        delivery: Delivery | None = None
        try:
            delivery = await self._fetch(entry)
            await self._handle(delivery)
        except Exception as error:
            if failure.is_outage(error):
                raise RetryableError(f"{entry.entry_id}: {type(error).__name__}") from error
            reason = failure.reason_of(error)
            if delivery is not None:
                await self._tell(delivery, reason)
            await self._settle(entry, "failed", reason)
            log.warning("quarantine_retry_failed", entry=entry.entry_id, reason=reason)
            return False
        await self._settle(entry, "resolved", entry.reason)
        METRICS.quarantined.labels(self._runtime.name).dec()
        log.info("quarantine_resolved", entry=entry.entry_id)
        return True

    async def _settle(self, entry: Entry, state: State, reason: str) -> None:
        now = self._runtime.clock.now()
        changed = {"state": state, "reason": reason, "tries": entry.tries + 1, "changed_at": now}
        await self._runtime.quarantine.put(entry.model_copy(update=changed))

    async def _fetch(self, entry: Entry) -> Delivery:
        """The message of an entry. Raises what nats-py does, RetryableError, or UnreadableError: it is gone."""
        answer = await self._runtime.nats.request(
            f"$JS.API.DIRECT.GET.{entry.stream}",
            json.dumps({"seq": entry.sequence}).encode(),
            timeout=FETCH_TIMEOUT_S,
        )
        headers = answer.headers or {}
        status = status_of(headers)
        if status == "404":
            raise UnreadableError(f"{entry.stream} at {entry.sequence} is gone")
        if status is not None:
            raise RetryableError(f"{entry.stream}: {status} {headers.get('Description', '')}")
        return Delivery(entry.stream, headers["Nats-Subject"], entry.sequence, answer.data, headers, entry.tries)

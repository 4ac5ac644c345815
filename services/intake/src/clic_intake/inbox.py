"""The inbox: every submission that publishers put on the stream ends in exactly one receipt."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError
from pydantic_core import from_json

from clic_chassis.clock import Clock
from clic_chassis.error import RetryableError
from clic_chassis.nats_error import ALREADY_DELETED
from clic_chassis.process import Delivery
from clic_chassis.quarantine import Quarantine
from clic_contracts.envelope import request_id_for
from clic_contracts.subject import INBOX_STREAM, receipt_subject
from clic_contracts.submission import Problem, Receipt

from .core.request import UnknownRequestError
from .desk import Desk

log = structlog.get_logger()

RECEIPT_TIMEOUT_S = 5.0
WAIT_FOR_REQUEST_TRIES = 6
"""A submission about a request may overtake the request on its way here: with the runner's backoff about 6 s."""
ERASE_EVERY_S = 5.0


class NotThereYetError(RetryableError):
    """A submission is about a request that is not there, or not yet."""


class Inbox:
    """Handles deliveries of the inbox for a process."""

    def __init__(self, desk: Desk, nats: Client, clock: Clock) -> None:
        self._desk = desk
        self._nats = nats
        self._clock = clock

    async def handle(self, delivery: Delivery) -> None:
        """Judge one submission, store its receipt, and erase what arrived in clear.

        Raises:
            RetryableError: something is away; the submission stays in the inbox.
        """
        publisher = delivery.subject.split(".")[2]
        try:
            receipt = await self._desk.submit(publisher, delivery.body)
        except UnknownRequestError as error:
            if delivery.tries < WAIT_FOR_REQUEST_TRIES:
                raise NotThereYetError("the request that this is about is not there yet") from error
            receipt = self._unknown_request(delivery, str(error))
        await self._give(publisher, delivery, receipt)
        if receipt.status == "refused" or holds_clear_text(delivery.body):
            await self._erase(delivery)

    def _unknown_request(self, delivery: Delivery, detail: str) -> Receipt:
        raw = from_json(delivery.body)
        return Receipt(
            status="refused",
            source=raw["source"],
            id=raw["id"],
            at=self._clock.now(),
            problem=Problem(
                type="urn:clic:problem:unknown-request", title="Unknown request", status=404, detail=detail
            ),
        )

    async def _give(self, publisher: str, delivery: Delivery, receipt: Receipt) -> None:
        """Store the receipt under the submission's id, or the inbox position where it has none."""
        subject = receipt_subject(publisher, receipt.id or f"inbox-{delivery.sequence}")
        try:
            answer = await self._nats.request(
                subject, receipt.model_dump_json(exclude_none=True).encode(), timeout=RECEIPT_TIMEOUT_S
            )
        except (NatsError, OSError) as error:
            raise RetryableError(f"no answer to a receipt ({type(error).__name__})") from error
        if "error" in (said := json.loads(answer.data)):
            raise RetryableError(f"receipt: {said['error'].get('description')}")

    async def _erase(self, delivery: Delivery) -> None:
        """Overwrite a judged submission on disk: the inbox is a way in, not a second archive."""
        try:
            answer = await self._nats.request(
                f"$JS.API.STREAM.MSG.DELETE.{INBOX_STREAM}",
                json.dumps({"seq": delivery.sequence}).encode(),
                timeout=RECEIPT_TIMEOUT_S,
            )
        except (NatsError, OSError) as error:
            raise RetryableError(f"no answer to an erasure ({type(error).__name__})") from error
        said = json.loads(answer.data)
        if "error" in said and said["error"].get("err_code") not in ALREADY_DELETED:
            raise RetryableError(f"erasure: {said['error'].get('description')}")


class InboxSweeper:
    """Drops what was judged and held nothing personal, so that the inbox stays short."""

    name = "inbox-sweeper"

    def __init__(self, nats: Client, quarantine: Quarantine, durable: str) -> None:
        self._nats = nats
        self._quarantine = quarantine
        self._durable = durable

    async def run(self, stop: asyncio.Event) -> None:
        """Sweep every few seconds until told to stop."""
        while not stop.is_set():
            try:
                await asyncio.wait_for(stop.wait(), ERASE_EVERY_S)
            except TimeoutError:
                try:
                    await self.sweep()
                except (NatsError, OSError, RetryableError) as error:
                    log.warning("inbox_sweep_failed", error=type(error).__name__)

    async def sweep(self) -> None:
        """Purge up to the consumer's floor, but nothing that is in quarantine."""
        info = await self._nats.jetstream().consumer_info(INBOX_STREAM, self._durable)
        floor = info.ack_floor.stream_seq if info.ack_floor else 0
        held = [e.sequence async for e in self._quarantine.entries(service="intake") if e.stream == INBOX_STREAM]
        keep_from = min([floor + 1, *held])
        if keep_from > 1:
            await self._nats.request(
                f"$JS.API.STREAM.PURGE.{INBOX_STREAM}", json.dumps({"seq": keep_from}).encode(), timeout=10
            )

    def not_ready(self) -> str | None:
        """Always ready: a sweep that fails is tried again."""
        return None


def inbox_key(delivery: Delivery) -> str:
    """Which request a submission is about, so that a request's submissions stay in order."""
    try:
        raw: Any = from_json(delivery.body)
        about = raw["data"].get("about")
        if about is None:
            return request_id_for(raw["source"], raw["id"])
        return about.get("reference") or request_id_for(about["source"], about["id"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return f"unreadable-{delivery.sequence}"


_CLEAR = (b'"text"', b'"requester"', b'"address"', b'"latitude"')


def holds_clear_text(body: bytes) -> bool:
    """Whether a well-formed submission carries a field that is sealed; what was refused is erased in any case."""
    return any(each in body for each in _CLEAR)

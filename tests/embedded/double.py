"""Doubles for tests of the embedded deployment: the real desk on memory, and a fake one on a real server."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg

from clic_chassis.clock import ManualClock
from clic_chassis.decision import Decisions
from clic_chassis.error import NotFoundError
from clic_chassis.memory_log import MemoryLog
from clic_contracts.problem import Problem
from clic_contracts.subject import INBOX_PREFIX, receipt_subject
from clic_contracts.submission import Receipt
from clic_contracts.town import Town
from clic_contracts.vocabulary import Service
from clic_intake.desk import Desk
from clic_intake.register import Entry
from clic_intake.seal import RequestKey


@dataclass
class MemoryRegister:
    """The desk's register without PostgreSQL: references in order of arrival, a key for each request."""

    entries: dict[str, Entry] = field(default_factory=dict)

    async def register(
        self, request_id: str, year: int, *, with_key: bool, requester: Mapping[str, Any] | None = None
    ) -> Entry:
        """See `Register.register`; nobody is looked up here."""
        del requester
        if request_id not in self.entries:
            key = RequestKey(request_id, bytes(32)) if with_key else None
            self.entries[request_id] = Entry(f"{year}-{len(self.entries) + 1:06d}", key, erased=False)
        return self.entries[request_id]

    async def add_person(self, request_id: str, requester: Mapping[str, Any]) -> None:
        """See `Register.add_person`."""

    async def entry(self, request_id: str, *, with_key: bool = False) -> Entry:
        """See `Register.entry`."""
        if request_id not in self.entries:
            raise NotFoundError("no such request")
        entry = self.entries[request_id]
        if with_key and entry.key is None:
            entry = self.entries[request_id] = replace(entry, key=RequestKey(request_id, bytes(32)))
        return entry


class NoDuplicates:
    """The desk's index of duplicates where nobody looks for any."""

    async def add_place(self, request_id: str, place: Mapping[str, Any]) -> None:
        """See `Duplicates.add_place`; no place is found again."""


@dataclass
class MemoryDesk:
    """The real desk on a log and a register in memory."""

    log: MemoryLog
    desk: Desk
    clock: ManualClock


def memory_desk(town: Town, now: dt.datetime) -> MemoryDesk:
    """A desk that has nothing yet."""
    log, clock = MemoryLog(), ManualClock(now)
    decisions = Decisions(log, Service.INTAKE, clock, town.version)
    return MemoryDesk(log, Desk(decisions, MemoryRegister(), NoDuplicates(), town, clock), clock)  # type: ignore[arg-type]  # A twin of what the desk asks of it.


class FakeDesk:
    """Answers the inbox as the desk does, from what it has seen: for tests of whoever publishes.

    `silent` events are judged and get no receipt the first time, as when a killed server lost it; `refuses` get a
    problem; while `asleep` nothing is judged at all.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._judged: set[str] = set()
        self.order: list[str] = []
        """Ids of events as they were judged first."""
        self.again: list[str] = []
        """Ids of events that were judged once more."""
        self.silent: set[str] = set()
        self.refuses: set[str] = set()
        self._awake = asyncio.Event()
        self._awake.set()

    async def start(self) -> None:
        """Begin to read; what is in the inbox already is judged too."""
        stream = self._client.jetstream()
        await stream.subscribe(f"{INBOX_PREFIX}.>", cb=self._judge, manual_ack=True, pending_msgs_limit=1_000_000)

    def sleep(self) -> None:
        """Judge nothing until woken."""
        self._awake.clear()

    def wake(self) -> None:
        """Go on."""
        self._awake.set()

    async def _judge(self, message: Msg) -> None:
        await self._awake.wait()
        event = json.loads(message.data)
        event_id = event["id"]
        known = event_id in self._judged
        (self.again if known else self.order).append(event_id)
        self._judged.add(event_id)
        if event_id not in self.silent or known:
            await self._client.publish(
                receipt_subject(message.subject.split(".")[2], event_id), self._receipt(event, known=known)
            )
        await message.ack()

    def _receipt(self, event: dict[str, Any], *, known: bool) -> bytes:
        refused = event["id"] in self.refuses
        problem = Problem(type="urn:clic:problem:planted", title="Planted", status=422, detail="because we say so")
        receipt = Receipt(
            status="refused" if refused else "known" if known else "accepted",
            source=event["source"],
            id=event["id"],
            problem=problem if refused else None,
            at=dt.datetime.now(dt.UTC),
        )
        return receipt.model_dump_json(exclude_none=True).encode()

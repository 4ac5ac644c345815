"""A desk that only says what it would do: the same code on a log and a register that keep nothing.

What is judged by it is stored nowhere, uses up no reference and makes no key. Within one rehearsal what comes later
sees what came before, as the submissions of a batch do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from clic_chassis.decision import Decisions
from clic_chassis.error import ConflictError, NotFoundError
from clic_chassis.log import EventLog, LogIdentity, Story
from clic_chassis.service import Runtime
from clic_contracts.envelope import Commit, Recorded
from clic_contracts.subject import log_subject
from clic_contracts.submission import Receipt
from clic_contracts.vocabulary import Language, Reference, RequestId, Service

from .desk import Desk
from .duplicate.index import Duplicates
from .register import Entry, Register
from .seal import MasterKey
from .settings import IntakeSettings

NO_REFERENCE: Reference = "0000-000000"
"""Stands for the reference that nobody was given; no receipt shows it."""


class Rehearsal:
    """Of the submissions of one call."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def submit(self, publisher: str, body: bytes, *, language: Language | None = None) -> Receipt:
        """The receipt that a submission would have now, without the reference and the letter that it would give.

        Raises:
            RetryableError: something is away; try again.
        """
        receipt = await self._desk.submit(publisher, body, language=language)
        if receipt.reference != NO_REFERENCE:
            return receipt
        return receipt.model_copy(update={"reference": None, "acknowledgement": None})


def rehearsals(runtime: Runtime[IntakeSettings], master: MasterKey) -> Callable[[], Rehearsal]:
    """Makes a new rehearsal for each call: nothing is left of the one before."""

    def new() -> Rehearsal:
        desk = Desk(
            Decisions(_UnstoredLog(runtime.log), Service.INTAKE, runtime.clock, runtime.town.version),
            _UnstoredRegister(runtime.pool, master),
            _UnstoredDuplicates(runtime.pool, runtime.log, master, runtime.town),
            runtime.town,
            runtime.clock,
        )
        return Rehearsal(desk)

    return new


class _UnstoredLog:
    """The log as it is, and on top of it what would have been appended."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._commits: defaultdict[str, list[Commit]] = defaultdict(list)

    async def append(
        self, service: Service, request_id: RequestId, events: Sequence[Recorded], *, expected: int
    ) -> int:
        """See `EventLog.append`; it is kept here alone."""
        subject = log_subject(service, request_id)
        if (await self.load(service, request_id)).last_sequence != expected:
            raise ConflictError(subject, expected)
        self._commits[subject].append(Commit(expected + 1, service, request_id, tuple(events)))
        return expected + 1

    async def load(self, service: Service, request_id: RequestId, *, fresh: bool = False) -> Story:
        """See `EventLog.load`."""
        stored = await self._log.load(service, request_id, fresh=fresh)
        return Story((*stored.commits, *self._commits[log_subject(service, request_id)]))

    def read(self, *, after: int = 0, filters: Sequence[str] = ()) -> AsyncIterator[Commit]:
        """See `EventLog.read`: what is stored."""
        return self._log.read(after=after, filters=filters)

    async def identity(self) -> LogIdentity:
        """See `EventLog.identity`."""
        return await self._log.identity()


class _UnstoredRegister(Register):
    """The register as it is, and on top of it what would have been registered."""

    def __init__(self, pool: Any, master: MasterKey) -> None:
        super().__init__(pool, master)
        self._keys = master
        self._entries: dict[str, Entry] = {}

    async def register(
        self, request_id: str, year: int | None, *, with_key: bool, requester: Mapping[str, Any] | None = None
    ) -> Entry:
        """See `Register.register`."""
        del requester
        try:
            return await self.entry(request_id, with_key=with_key)
        except NotFoundError:
            self._entries[request_id] = Entry(NO_REFERENCE if year is not None else None, None, erased=False)
            return await self.entry(request_id, with_key=with_key)

    async def entry(self, request_id: str, *, with_key: bool = False) -> Entry:
        """See `Register.entry`."""
        entry = self._entries.get(request_id) or await super().entry(request_id)
        if with_key and entry.key is None and not entry.erased:
            key = self._keys.unwrap(request_id, self._keys.new_wrapped(request_id))
            entry = self._entries[request_id] = replace(entry, key=key)
        return entry

    async def add_person(self, request_id: str, requester: Mapping[str, Any], *, instead: bool = False) -> None:
        """See `Register.add_person`: nobody is."""


class _UnstoredDuplicates(Duplicates):
    """Duplicates as they are."""

    async def add_place(self, request_id: RequestId, place: Mapping[str, Any]) -> None:
        """See `Duplicates.add_place`: none is."""

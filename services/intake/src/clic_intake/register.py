"""The desk's register in PostgreSQL: references and wrapped keys, many requests in one transaction."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg

from clic_chassis import sql
from clic_chassis.error import ClicError, NotFoundError, RetryableError
from clic_chassis.failure import FAILED_OVER
from clic_chassis.settings import SettingsError
from clic_chassis.together import Together

from .core.contact import contact_keys
from .core.name import entries
from .seal import INDEX_PURPOSES, MasterKey, RequestKey, SealError

_SQL = sql.load("clic_intake")

BATCH_MAX = 256
"""Registrations in one transaction at most; who waits beyond is in the next one."""
ACQUIRE_TIMEOUT_S = 10.0
"""How long to wait for a connection of the pool; a statement's own limit is the pool's."""

NAMES, CONTACTS = INDEX_PURPOSES[:2]

_AWAY = (
    *FAILED_OVER,
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # stopping, starting, or killed
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,  # deadlock, serialization
    asyncpg.UniqueViolationError,  # another instance registered it in this instant: it is known the next time
)
"""Errors of the database that trying again may mend."""

if TYPE_CHECKING:
    _Connection: TypeAlias = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy


class RegisterLostError(ClicError):
    """The register's database is not the one of this log; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What the register holds of a request, or of a contact that opened none."""

    reference: str | None
    """None: a contact that opened no request has a key and no number."""
    key: RequestKey | None
    erased: bool

    @property
    def digest(self) -> Callable[[bytes], str] | None:
        """The digest under the request's key; None where it has none."""
        return None if self.key is None else self.key.digest


@dataclass(slots=True, eq=False)
class _Wanted:
    request_id: str
    year: int | None
    with_key: bool
    requester: Mapping[str, Any] = field(default_factory=dict, repr=False)
    outcome: Entry | Exception | None = None


class Register:
    """Gives references and keys. Registering the same request again gives what it has.

    Who registers while a transaction is under way waits for the next one, and whoever is first then writes for all:
    as many as wait go in one transaction, and nobody waits for a batch to fill.
    """

    def __init__(self, pool: asyncpg.Pool, master: MasterKey) -> None:
        self._pool = pool
        self._master = master
        self._name_digest = name_digester(master)
        self._contact_digest = contact_digester(master)
        self._writes = Together(self._write, most=BATCH_MAX)

    async def check_master_key(self) -> None:
        """Look that what the register holds can be unwrapped.

        Raises:
            SettingsError: some keys are wrapped by another deployment key.
            RetryableError: the database is away.
        """
        async with self._connection() as connection:
            known = [self._master.key_id, *self._master.previous_ids]
            other = await connection.fetchval(_SQL["foreign_key"], known)
        if other is not None:
            raise SettingsError(
                f"CLIC_MASTER_KEY_FILE: it holds the key {self._master.key_id}, but the register has keys that are "
                f"wrapped by {other}: what is sealed with those could never be opened. Give the key that was used."
            )

    async def check_not_lost(self, position: int) -> None:
        """Look that an empty register does not stand beside a log that goes to a position: references would begin anew.

        Raises:
            RegisterLostError: it does.
            RetryableError: the database is away.
        """
        async with self._connection() as connection:
            is_empty = await connection.fetchval(_SQL["is_empty"])
        if is_empty and position:
            raise RegisterLostError(
                f"the register is empty, and the log holds {position:,} commits: its database was lost, and with it "
                "the keys of everything sealed. Nothing is taken until they are back: `clic restore --keys BACKUP`, or "
                "`clic restore --without-keys` where no backup is left (docs/ops/backup.md)"
            )

    async def register(
        self, request_id: str, year: int | None, *, with_key: bool, requester: Mapping[str, Any] | None = None
    ) -> Entry:
        """Reference and key of a request, given now if it has none; without a year no reference is used up.

        Of the `requester` (name, email, phone) digests are kept, for a new request.

        Raises:
            SealError: its key is wrapped by another deployment key.
            RetryableError: the database is away; try again.
        """
        wanted = _Wanted(request_id, year, with_key, requester or {})
        await self._writes.write(wanted)
        if isinstance(wanted.outcome, Exception):
            raise wanted.outcome
        entry = wanted.outcome
        assert entry is not None  # Written, or it would have raised.
        if with_key and entry.key is None and not entry.erased:
            return await self.entry(request_id, with_key=True)
        return entry

    async def _write(self, batch: Sequence[_Wanted]) -> None:
        """Write what waits in one transaction, and give each its entry."""
        try:
            rows = await self._registered(batch)
            for each in batch:
                each.outcome = self._outcome(rows[each.request_id])
        except Exception:
            self._master.refresh()  # Perhaps the key was retired a moment ago.
            raise

    async def _registered(self, batch: Sequence[_Wanted]) -> dict[str, asyncpg.Record]:
        wanted = list({each.request_id: each for each in batch}.values())
        async with self._connection() as connection, connection.transaction():
            rows = await connection.fetch(_SQL["registered"], [each.request_id for each in wanted])
            known = {str(row["request_id"]) for row in rows}
            new = [each for each in wanted if each.request_id not in known]
            if new:
                await connection.execute(_SQL["lock_counters"], [each.year for each in new])
                await connection.execute(
                    _SQL["register"],
                    [each.request_id for each in new],
                    [each.year for each in new],
                    [self._master.key_id if each.with_key else None for each in new],
                    [self._master.new_wrapped(each.request_id) if each.with_key else None for each in new],
                )
                people = [(each.request_id, each.requester) for each in new if each.requester]
                await self._index(connection, people, is_new=True)
                rows += await connection.fetch(_SQL["registered"], [each.request_id for each in new])
        return {str(row["request_id"]): row for row in rows}

    def _outcome(self, row: asyncpg.Record) -> Entry | Exception:
        """One key that does not unwrap is no reason to fail the rest of a batch."""
        try:
            return self._entry(row)
        except SealError as error:
            return error

    def _entry(self, row: asyncpg.Record) -> Entry:
        wrapped = row["wrapped_key"]
        if wrapped is not None and row["key_id"] not in (self._master.key_id, *self._master.previous_ids):
            self._master.refresh()  # Another instance may have been told of a new key before this one.
        key = self._master.unwrap(str(row["request_id"]), wrapped) if wrapped is not None else None
        return Entry(row["reference"], key, row["erased_at"] is not None)

    async def entry(self, request_id: str, *, with_key: bool = False) -> Entry:
        """What the register holds; `with_key` gives a request that had nothing to seal a key.

        Raises:
            NotFoundError: it does not know the request.
            SealError: its key is wrapped by another deployment key.
            RetryableError: the database is away; try again.
        """
        async with self._connection() as connection:
            row = await connection.fetchrow(_SQL["registered"], [request_id])
            if with_key and row is not None and row["key_id"] is None and row["erased_at"] is None:
                wrapped = self._master.new_wrapped(request_id)
                await connection.execute(_SQL["add_key"], request_id, self._master.key_id, wrapped)
                row = await connection.fetchrow(_SQL["registered"], [request_id])
        if row is None:
            raise NotFoundError(
                "no such request: send its submission first, or correct the reference",
                fr="aucune demande de ce genre : déposez-la d’abord, ou corrigez la référence",
            )
        return self._entry(row)

    async def find(self, reference: str) -> str:
        """The request of a reference.

        Raises:
            NotFoundError: there is none.
            RetryableError: the database is away; try again.
        """
        async with self._connection() as connection:
            request_id = await connection.fetchval(_SQL["by_reference"], reference)
        if request_id is None:
            raise NotFoundError(
                f"no request has the reference {reference}", fr=f"aucune demande ne porte la référence {reference}"
            )
        return str(request_id)

    async def record_opening(self, at: dt.datetime, agent: str, request_id: str, reason: str) -> None:
        """Remember who opened sealed data and why (POL-30).

        Raises:
            RetryableError: the database is away; try again.
        """
        async with self._connection() as connection:
            await connection.execute(_SQL["record_opening"], at, agent, request_id, reason)

    async def add_person(self, request_id: str, requester: Mapping[str, Any], *, instead: bool = False) -> None:
        """Keep digests of a requester who was named later; `instead`: of their contacts in the place of those before.

        Raises:
            RetryableError: the database is away; try again.
        """
        async with self._connection() as connection, connection.transaction():
            if instead:
                await connection.execute(_SQL["remove_contacts"], request_id)
            await self._index(connection, [(request_id, requester)], is_new=False)

    async def _index(
        self, connection: _Connection, people: Sequence[tuple[str, Mapping[str, Any]]], *, is_new: bool
    ) -> None:
        """Add digests; of requests that this transaction registers (`is_new`) nobody else can be adding any."""
        names = [(each, self._name_digest(key)) for each, who in people for key in entries(who.get("name") or "")]
        contacts = [(each, self._contact_digest(key)) for each, who in people for key in contact_keys(who)]
        for found, statement in ((names, "names"), (contacts, "contacts")):
            if found:
                verb = "add_new" if is_new else "add"
                await connection.execute(_SQL[f"{verb}_{statement}"], *map(list, zip(*found, strict=True)))

    def _connection(self) -> contextlib.AbstractAsyncContextManager[_Connection]:
        return connected(self._pool)


def name_digester(master: MasterKey) -> Callable[[str], bytes]:
    """The digest under which names are indexed."""
    return master.digester(NAMES)


def contact_digester(master: MasterKey) -> Callable[[str], bytes]:
    """The digest under which requesters' e-mail addresses and telephones are indexed."""
    return master.digester(CONTACTS)


@contextlib.asynccontextmanager
async def connected(pool: asyncpg.Pool) -> AsyncIterator[_Connection]:
    """A connection of intake's database.

    Raises:
        RetryableError: the database is away, or something else than the statements kept it from doing them.
    """
    try:
        async with pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection:
            yield connection
    except _AWAY as error:
        raise RetryableError(f"the register's database did not do it ({type(error).__name__})") from error

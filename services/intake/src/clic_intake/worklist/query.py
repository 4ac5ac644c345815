"""The lists that agents read: pages by key, counts with a bound, and nothing of what somebody may not see (POL-26)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import asyncpg

from clic_chassis import sql
from clic_chassis.agents import Agent
from clic_chassis.clock import Clock
from clic_chassis.error import RefusedError, RetryableError
from clic_contracts.permission import DESK, confidential_to
from clic_contracts.town import Town
from clic_contracts.vocabulary import Kind, RequestId
from clic_intake.register import connected

PAGE_ROWS: Final = 50
EXAMINED_MAX: Final = 2_000
"""Rows that one page of a filtered list looks at; where they hold too few that fit, the page says where to go on."""
COUNTED_MAX: Final = 1_000
"""A list is counted this far; beyond, it has more."""
SEARCHED_MAX: Final = 100
"""Requests of one person that a search shows."""
_EVERYBODY: Final = ""
"""The realm of what every agent may see."""
_LAST_KEY: Final = 2**63 - 1
_FIRST_DUE: Final = dt.datetime(1, 1, 1, tzinfo=dt.UTC)


class ListName(StrEnum):
    """The lists, in the order in which they are offered."""

    MINE = "mine"
    DEPARTMENT = "department"
    UNASSIGNED = "unassigned"
    RISK = "risk"
    LATE = "late"
    WAITING = "waiting"
    UNUSUAL = "unusual"
    LETTERS = "letters"
    NEWS = "news"
    PENDING = "pending"
    ALL = "all"


_WHERE: Final[Mapping[ListName, str]] = {
    ListName.MINE: "r.pending AND r.assigned_to = part.value",
    ListName.DEPARTMENT: "r.pending AND r.department = part.value",
    ListName.UNASSIGNED: "r.pending AND r.assigned_to IS NULL",
    ListName.RISK: "r.pending AND r.warned AND r.due_order > $3",
    ListName.LATE: "r.pending AND r.due_order <= $3",
    # POL-06: a safety report waits for nobody.
    ListName.WAITING: "r.pending AND r.missing IS NOT NULL AND NOT r.urgent",
    ListName.UNUSUAL: "r.pending AND r.unusual",
    ListName.LETTERS: "r.letters_failed > 0",
    ListName.NEWS: "r.heard_since IS NOT NULL",
    ListName.PENDING: "r.pending",
}
_OF_A_DEPARTMENT: Final[Mapping[ListName, str]] = {
    ListName.PENDING: "r.pending AND r.department = part.value",
    ListName.LATE: "r.pending AND r.department = part.value AND r.due_order <= $3",
}
"""Lists that an index reads for one department at once; the others are filtered."""
_ORDER: Final[Mapping[ListName, str]] = {ListName.NEWS: "heard_since"}
"""Lists that begin with something else than what is due first."""
_DUE: Final = "due_order"
_SQL: Final = sql.load("clic_intake.worklist")


def _statement(name: str, where: str, limit: int, order: str = _DUE) -> str:
    return _SQL[name].replace("{where}", where).replace("{limit}", str(limit)).replace("{order}", order)


class CursorError(RefusedError):
    """A page was asked for that no page led to."""

    code = "cursor"


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed by; None: by nothing."""

    department: str | None = None
    subject: str | None = None
    kind: str | None = None
    sector: str | None = None
    phase: str | None = None

    @property
    def values(self) -> tuple[str | None, ...]:
        """In the order of the statements."""
        return (self.department, self.subject, self.kind, self.sector, self.phase)

    def __bool__(self) -> bool:
        return any(self.values)


@dataclass(frozen=True, slots=True)
class Entry:
    """A request in a list."""

    request_id: RequestId
    request_key: int
    reference: str
    kind: str
    subject: str | None
    sector: str | None
    channel: str
    phase: str
    received_at: dt.datetime
    last_sequence: int
    closed_at: dt.datetime | None
    department: str | None
    first_line: bool
    unusual: bool
    urgent: bool
    confidential: bool
    assigned_to: str | None
    missing: tuple[str, ...]
    waiting_since: dt.datetime | None
    next_obligation: str | None
    due_at: dt.datetime | None
    warned: bool
    letters_failed: int
    answered: bool
    merged_into: RequestId | None
    public_text: str
    public_notes: str
    erased: bool
    heard_since: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list."""

    entries: tuple[Entry, ...]
    after: str | None
    """Where the next page begins; None: this is the last one."""


class Worklists:
    """Reads the lists, each time as one agent may see them."""

    def __init__(self, pool: asyncpg.Pool, town: Town, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        subjects = (None, *(each.code for each in town.subjects))
        roles = {confidential_to(kind, subject, town) for kind in Kind for subject in subjects}
        self._realms = frozenset(each for each in roles if each is not None)
        self._departments = frozenset(each.code for each in town.departments)
        self._first_line = next(each.code for each in town.departments if each.first_line)

    def departments_of(self, agent: Agent) -> tuple[str, ...]:
        """The departments that an agent belongs to, by their roles; the desk's own is the first line."""
        own = {self._first_line} if DESK in agent.roles else set()
        return tuple(sorted(own | self._departments.intersection(agent.roles)))

    async def page(
        self, agent: Agent, name: ListName, filters: Filters | None = None, after: str | None = None
    ) -> Page:
        """A page of a list, in constant time.

        Raises:
            CursorError: `after` is not what a page gave.
            RetryableError: the database is away, or the lists are being made anew.
        """
        narrowed = filters or Filters()
        limit = EXAMINED_MAX if narrowed else PAGE_ROWS + 1
        if name is ListName.ALL:
            key = _LAST_KEY if after is None else _key_of(after)
            rows = await self.fetch(
                _statement("recent", "", limit), self.realms_of(agent), key, *narrowed.values, PAGE_ROWS + 2
            )
            return _page(rows, limit, lambda row: str(row["request_key"]))
        where, parts = self._part(agent, name, narrowed.department)
        order = _ORDER.get(name, _DUE)
        rows = await self.fetch(
            _statement("by_due", where, limit, order),
            self.realms_of(agent),
            parts,
            self._clock.now(),
            *((_FIRST_DUE, 0) if after is None else _due_of(after)),
            *narrowed.values,
            PAGE_ROWS + 2,
        )
        return _page(rows, limit, lambda row: f"{row[order].isoformat()}~{row['request_key']}")

    async def counts(self, agent: Agent) -> dict[ListName, int]:
        """How many stand in each list but that of all: `COUNTED_MAX + 1` is more than are counted. Raises as `page`."""
        now, realms = self._clock.now(), self.realms_of(agent)
        found: dict[ListName, int] = {}
        for name in _WHERE:
            where, parts = self._part(agent, name, None)
            rows = await self.fetch(
                _statement("count", where, COUNTED_MAX + 1, _ORDER.get(name, _DUE)), realms, parts, now
            )
            found[name] = rows[0]["count"]
        return found

    async def by_reference(self, agent: Agent, reference: str) -> Entry | None:
        """The request that a citizen names; None where there is none, or none that the agent may see."""
        rows = await self.fetch(_SQL["by_reference"], reference, self.realms_of(agent))
        return _entry(rows[0]) if rows else None

    async def by_id(self, agent: Agent, request_ids: Iterable[RequestId]) -> tuple[Entry, ...]:
        """Those of these requests that the agent may see, newest first, `SEARCHED_MAX` at most."""
        wanted = list(request_ids)[:SEARCHED_MAX]
        return tuple(map(_entry, await self.fetch(_SQL["by_id"], wanted, self.realms_of(agent))))

    async def position(self) -> int:
        """How far the lists hold the log; 0 while they hold nothing yet. Raises RetryableError as `page`."""
        rows = await self.fetch(_SQL["position"])
        return int(rows[0]["sequence"]) if rows else 0

    def realms_of(self, agent: Agent) -> list[str]:
        """What an agent may see, as the table names it (POL-26)."""
        return [_EVERYBODY, *sorted(self._realms.intersection(agent.roles))]

    def _part(self, agent: Agent, name: ListName, department: str | None) -> tuple[str, list[str]]:
        """A list's condition, and the parts that it is read in."""
        if department is not None and name in _OF_A_DEPARTMENT:
            return _OF_A_DEPARTMENT[name], [department]
        match name:
            case ListName.MINE:
                return _WHERE[name], [agent.actor]
            case ListName.DEPARTMENT:
                return _WHERE[name], list(self.departments_of(agent))
            case _:
                return _WHERE[name], [""]

    async def fetch(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        """What a statement reads of the lists' schema. Raises RetryableError as `page`."""
        async with connected(self._pool) as connection:
            try:
                return await connection.fetch(statement, *values)
            except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError) as error:
                raise RetryableError("the worklists are not made yet") from error


def _page(rows: Sequence[asyncpg.Record], limit: int, cursor: Any) -> Page:
    fitting = [row for row in rows if row["fits"]]
    entries = tuple(_entry(row) for row in fitting[:PAGE_ROWS])
    if len(fitting) > PAGE_ROWS:
        return Page(entries, cursor(fitting[PAGE_ROWS - 1]))
    if rows and rows[-1]["examined"] == limit:
        return Page(entries, cursor(rows[-1]))
    return Page(entries, None)


def _entry(row: asyncpg.Record) -> Entry:
    return Entry(
        request_id=row["id"],
        confidential=row["confidential_to"] is not None,
        missing=tuple(row["missing"] or ()),
        merged_into=row["parent"],
        **{name: row[name] for name in _PLAIN},
    )


_PLAIN: Final = tuple(
    each for each in Entry.__slots__ if each not in ("request_id", "confidential", "missing", "merged_into")
)


def _key_of(after: str) -> int:
    try:
        key = int(after)
    except ValueError as error:
        raise _no_cursor() from error
    if not 0 <= key <= _LAST_KEY:
        raise _no_cursor()
    return key


def _due_of(after: str) -> tuple[dt.datetime, int]:
    due, _, key = after.partition("~")
    try:
        at = dt.datetime.fromisoformat(due)
    except ValueError as error:
        raise _no_cursor() from error
    if at.tzinfo is None:
        raise _no_cursor()
    return at, _key_of(key)


def _no_cursor() -> CursorError:
    return CursorError("after: no page gave this; take what the page before answered, or leave it out")

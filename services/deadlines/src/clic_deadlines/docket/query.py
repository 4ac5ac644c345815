"""What people read of the docket: pages in constant time, and nothing of what somebody may not see (POL-26)."""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import asyncpg

from clic_chassis import sql
from clic_chassis.clock import Clock
from clic_chassis.error import RefusedError, RetryableError
from clic_contracts.permission import may_see
from clic_contracts.vocabulary import (
    WINDOWS,
    Code,
    DepartmentCode,
    Escalation,
    Kind,
    ObligationKind,
    Reference,
    RequestId,
    SubjectCode,
)
from clic_deadlines.core.docket_row import DocketRow
from clic_deadlines.core.obligation import State

EXAMINED_MAX: Final = 2_000
"""Rows that a page narrowed by subject looks at; where they hold too few that fit, it says where to go on."""
_SQL: Final = sql.load("clic_deadlines.docket")
_EVERYBODY: Final = ""
"""The realm of what everybody at the desk and in the departments may see."""
_ALL: Final = ("running", "at_risk", "paused", "window")
OWED: Final = ("running", "at_risk")
"""Standings of what the town owes by a limit that runs."""
_STANDINGS: Final[Mapping[State, tuple[str, ...]]] = {
    State.RUNNING: ("running", "window"),
    State.AT_RISK: ("at_risk",),
    State.PAUSED: ("paused",),
    State.MISSED: OWED,
    State.LAPSED: ("window",),
}
_LAST: Final = dt.datetime(9999, 12, 31, tzinfo=dt.UTC)
_FIRST: Final = (dt.datetime(1, 1, 1, tzinfo=dt.UTC), UUID(int=0), "")
_OBLIGATION_ID: Final = re.compile(r"[a-z_]{1,40}-[0-9]{1,9}")
_COLUMNS: Final = ("reference", "subject", "department", "assignee", "confidential_to", "obligation_id", "starts_at",
                   "due_at", "due_strict_on", "due_prudent_on", "warn_at", "paused_since", "missed_at", "recounts",
                   "changed_at")  # fmt: skip


class CursorError(RefusedError):
    """A page was asked for that no page led to."""

    code = "cursor"


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed by; None: by nothing."""

    department: DepartmentCode | None = None
    subject: SubjectCode | None = None
    state: State | None = None
    before: dt.datetime | None = None
    """Limits before this instant."""
    owed: bool = False
    """Only what the town owes by a limit that runs: neither what is paused nor the time of somebody else."""


@dataclass(frozen=True, slots=True)
class FoundRequest:
    """A request that something is open of."""

    request_id: RequestId
    reference: Reference
    department: DepartmentCode | None
    subject: SubjectCode | None
    confidential_to: Code | None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the docket."""

    rows: tuple[DocketRow, ...]
    after: str | None
    """Where the next page begins; None: this is the last one."""


class Docket:
    """Reads the docket."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def page(self, roles: Collection[str], filters: Filters, *, limit: int, after: str | None = None) -> Page:
        """A page of what somebody with these roles may see, soonest limit first.

        Raises:
            CursorError: `after` is not what a page gave.
            RetryableError: the docket is being made anew.
        """
        now = self._clock.now()
        start = _FIRST if after is None else _row_of(after)
        before = filters.before or _LAST
        if filters.state in (State.MISSED, State.LAPSED):
            before = min(before, now + dt.timedelta(microseconds=1))
        elif filters.state in (State.RUNNING, State.AT_RISK):
            start = max(start, (now, UUID(int=2**128 - 1), "~"))
        most = EXAMINED_MAX if filters.subject is not None else limit + 1
        rows = await self._fetch(
            _statement("o.department = $7" if filters.department is not None else "TRUE", most),
            [_EVERYBODY, *sorted(roles)],
            list(_standings(filters)),
            *start,
            before,
            *([filters.department] if filters.department is not None else []),
        )
        fitting = [row for row in rows if filters.subject in (None, row["subject"])]
        shown = tuple(_row(row, now) for row in fitting[:limit])
        if len(fitting) > limit:
            return Page(shown, _cursor(fitting[limit - 1]))
        return Page(shown, _cursor(rows[-1]) if len(rows) == most else None)

    async def open_of(self, department: DepartmentCode | None, limit: int) -> list[DocketRow]:
        """What is open of a department, or of all, soonest limit first, for a reader that tells realms apart itself.

        Raises:
            RetryableError: the docket is being made anew.
        """
        now = self._clock.now()
        return [_row(row, now) for row in await self._fetch(_SQL["of_everybody"], department, limit)]

    async def requests_after(self, request_id: RequestId | None, limit: int) -> list[FoundRequest]:
        """Requests that something is open of, by their ids, whoever may see them. Raises as `open_of`."""
        rows = await self._fetch(_SQL["requests_after"], request_id or str(UUID(int=0)), limit)
        return [FoundRequest(**row) for row in rows]

    async def request_of(self, reference: Reference, roles: Collection[str]) -> RequestId | None:
        """The request that a citizen names; None where there is none, or none for these roles. Raises as `open_of`."""
        found = await self._fetch(_SQL["by_reference"], reference)
        return found[0]["request_id"] if found and may_see(roles, found[0]["confidential_to"]) else None

    async def position(self) -> int:
        """How far the docket holds the log; 0 while it holds nothing yet. Raises as `open_of`."""
        rows = await self._fetch(_SQL["position"])
        return int(rows[0]["sequence"]) if rows else 0

    async def _fetch(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        try:
            return await self._pool.fetch(statement, *values)
        except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError) as error:
            raise RetryableError("the docket is not made yet") from error


def _statement(where: str, limit: int) -> str:
    return _SQL["page"].replace("{where}", where).replace("{limit}", str(limit))


def _standings(filters: Filters) -> Sequence[str]:
    standings = _ALL if filters.state is None else _STANDINGS.get(filters.state, ())
    return [each for each in standings if each in OWED] if filters.owed else standings


def _row(row: asyncpg.Record, now: dt.datetime) -> DocketRow:
    return DocketRow(
        request_id=row["id"],
        kind=Kind(row["kind"]),
        obligation=ObligationKind(row["obligation"]),
        state=_state(row, now),
        escalated_to=Escalation(row["escalated_to"]) if row["escalated_to"] else None,
        **{name: row[name] for name in _COLUMNS},
    )


def _state(row: asyncpg.Record, now: dt.datetime) -> State:
    """A limit that has passed makes it missed, said or not; the time of somebody else is over then."""
    is_over = row["due_at"] <= now
    match row["standing"]:
        case "paused":
            return State.PAUSED
        case _ if row["obligation"] in WINDOWS:
            return State.LAPSED if is_over else State.RUNNING
        case _ if is_over:
            return State.MISSED
        case standing:
            return State(standing)


def _cursor(row: asyncpg.Record) -> str:
    """Opaque, so that nobody builds one."""
    said = json.dumps([row["due_at"].isoformat(), row["id"], row["obligation_id"]])
    return base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")


def _row_of(after: str) -> tuple[dt.datetime, UUID, str]:
    try:
        due_at, request_id, obligation_id = json.loads(base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)))
        at = dt.datetime.fromisoformat(due_at).astimezone(dt.UTC)
        known = _OBLIGATION_ID.fullmatch(obligation_id)
        row = (at, UUID(request_id), obligation_id)
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise _no_cursor() from error
    if known is None:
        raise _no_cursor()
    return row


def _no_cursor() -> CursorError:
    return CursorError("after: no page gave this; take what the page before answered, or leave it out")

"""The docket as a projection: two tables, folded from the log; made anew where they mean something else."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, Final

import asyncpg

from clic_chassis import disposable, sql
from clic_chassis.jetstream_log import decode
from clic_contracts.envelope import Commit
from clic_contracts.permission import role_needed, roles_needed
from clic_contracts.town import Town
from clic_contracts.vocabulary import Escalation, Kind, ObligationKind
from clic_deadlines.core.docket import READS, Entry, Open, fold

NAME: Final = "docket"
SCHEMA: Final = "docket"
_SQL: Final = sql.load("clic_deadlines.docket", "projection.sql")
_TABLES: Final = ("clic_deadlines.docket", "schema.sql")
_MEANING: Final = (("clic_deadlines.core", "docket.py"), _TABLES)
"""Another version of these means other rows."""


class DocketProjection:
    """The docket's tables, made where they are missing and folded from the log.

    Folded rather than written with each decision: a department comes from routing and a person from intake, which may
    have said so long before this table was thought of, and an upgrade has to know it all the same.
    """

    name = NAME
    schema = SCHEMA

    def __init__(self, town: Town) -> None:
        self._role_of = partial(role_needed, town=town)
        self.definition = definition(town)

    async def prepare(self, connection: asyncpg.Connection) -> None:
        """Make the schema where there is none, or where it means something else than this code and town do."""
        await disposable.prepare(connection, name=NAME, schema=SCHEMA, tables=_TABLES, meaning=self.definition)

    def decode(self, subject: str, sequence: int, body: bytes, headers: dict[str, str] | None) -> Commit:
        """See `Projection.decode`."""
        return decode(subject, sequence, body, headers)

    async def apply(self, connection: asyncpg.Connection, commits: Sequence[Commit]) -> None:
        """Fold commits and write what changed."""
        telling = [each for each in commits if any(isinstance(event.data, READS) for event in each.events)]
        if not telling:
            return
        before = await _entries(connection, list({each.request_id for each in telling}))
        after = dict(before)
        for commit in telling:
            entry = fold(after.get(commit.request_id), commit.events, self._role_of)
            if entry is not None:
                after[commit.request_id] = entry
        changed = [(before.get(request_id), entry) for request_id, entry in after.items()]
        await _write(connection, [each for each in changed if each[0] != each[1]])

    def forget(self) -> None:
        """See `Projection.forget`; nothing is kept between batches."""


def definition(town: Town) -> str:
    """What the rows mean: the fold, the tables, and whom this town lets see which kind and subject (POL-26)."""
    return disposable.definition(_MEANING, roles_needed(town))


async def _entries(connection: asyncpg.Connection, request_ids: list[str]) -> dict[str, Entry]:
    """What the tables hold of these requests."""
    found: dict[str, dict[str, Open]] = {}
    for row in await connection.fetch(_SQL["obligations"], request_ids):
        known = {**row, "obligation": ObligationKind(row["obligation"])}
        known["escalated_to"] = Escalation(row["escalated_to"]) if row["escalated_to"] else None
        request_id, obligation_id = known.pop("request_id"), known.pop("obligation_id")
        found.setdefault(request_id, {})[obligation_id] = Open(**known)
    return {
        row["request_id"]: Entry(
            **{**row, "kind": Kind(row["kind"])}, open=MappingProxyType(found.get(row["request_id"], {}))
        )
        for row in await connection.fetch(_SQL["requests"], request_ids)
    }


async def _write(connection: asyncpg.Connection, changed: Sequence[tuple[Entry | None, Entry]]) -> None:
    requests, written, ended = [], [], []
    for before, entry in changed:
        known = before.open if before is not None else {}
        if before is None or _place(before) != _place(entry):
            requests.append(_place(entry))
            known_rows = {}
        else:
            known_rows = dict(known)
        ended += [(entry.request_id, each) for each in known if each not in entry.open]
        written += [
            values(entry, each, stands) for each, stands in entry.open.items() if known_rows.get(each) != stands
        ]
    await connection.executemany(_SQL["write_request"], requests)
    await connection.executemany(_SQL["remove_obligation"], ended)
    await connection.executemany(_SQL["write_obligation"], written)


def _place(entry: Entry) -> tuple[Any, ...]:
    """A request in the order of the statement `write_request`."""
    return (
        entry.request_id, entry.reference, entry.kind, entry.subject, entry.department, entry.assignee,
        entry.confidential_to,
    )  # fmt: skip


def values(entry: Entry, obligation_id: str, stands: Open) -> tuple[Any, ...]:
    """An obligation in the order of the statement `write_obligation`."""
    return (
        entry.request_id, obligation_id, stands.obligation, entry.reference, entry.kind, entry.subject,
        entry.department, entry.assignee, entry.confidential_to, stands.starts_at, stands.due_at, stands.due_strict_on,
        stands.due_prudent_on, stands.warn_at, stands.warned, stands.paused_since, stands.missed_at,
        stands.escalated_to, stands.recounts, stands.changed_at, stands.standing,
    )  # fmt: skip

"""The worklists as a projection: one table, folded from the log; made anew where it means something else."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import Any, Final

import asyncpg

from clic_chassis import disposable, sql
from clic_chassis.jetstream_log import decode
from clic_contracts.envelope import Commit
from clic_contracts.permission import confidential_to, roles_needed
from clic_contracts.town import Town
from clic_contracts.vocabulary import LetterKind, Missing, Phase
from clic_intake.core.worklist import Owed, Row, Undelivered, fold

NAME: Final = "desk"
SCHEMA: Final = "desk"
_SQL: Final = sql.load("clic_intake.worklist", "projection.sql")
_TABLES: Final = ("clic_intake.worklist", "schema.sql")
_MEANING: Final = (("clic_intake.core", "worklist.py"), _TABLES)
"""Another version of these means other rows."""


class WorklistProjection:
    """The table of the worklists, made where it is missing and folded from the log.

    When its definition changes it is dropped and folded again from the log's beginning: until that is done the lists
    are short, and say so. A second schema beside, to be swapped, would spare agents some minutes at an upgrade and
    would cost a second projector.
    """

    name = NAME
    schema = SCHEMA

    def __init__(self, town: Town) -> None:
        self._role_of = partial(confidential_to, town=town)
        self.definition = definition(town)

    async def prepare(self, connection: asyncpg.Connection) -> None:
        """Make the schema where there is none, or where it means something else than this code and town do."""
        await disposable.prepare(connection, name=NAME, schema=SCHEMA, tables=_TABLES, meaning=self.definition)

    def decode(self, subject: str, sequence: int, body: bytes, headers: dict[str, str] | None) -> Commit:
        """See `Projection.decode`."""
        return decode(subject, sequence, body, headers)

    async def apply(self, connection: asyncpg.Connection, commits: Sequence[Commit]) -> None:
        """Fold commits and write what changed. Requests at once: those of one batch, at most."""
        wanted = list({each.request_id for each in commits})
        rows = {row["request_id"]: _row(row) for row in await connection.fetch(_SQL["rows"], wanted)}
        for commit in commits:
            row = fold(rows.get(commit.request_id), commit.events, commit.sequence, self._role_of)
            if row is not None:
                rows[commit.request_id] = row
        await connection.executemany(_SQL["write"], [values(each) for each in rows.values()])

    def forget(self) -> None:
        """See `Projection.forget`; nothing is kept between batches."""


def definition(town: Town) -> str:
    """What the rows mean: the fold, the tables, and whom this town lets see which kind and subject (POL-26)."""
    return disposable.definition(_MEANING, roles_needed(town))


def values(row: Row) -> tuple[Any, ...]:
    """A row in the order of the statement `write`."""
    due = row.next_owed
    return (
        row.request_id, row.request_key, row.reference, row.kind, row.subject, row.sector, row.channel, row.language,
        row.origin, row.publisher, row.phase, row.received_at, row.updated_at, row.last_sequence, row.closed_at,
        row.department, row.first_line, row.unusual, row.urgent, row.confidential_to, row.assigned_to,
        list(row.missing) or None, row.waiting_since,
        due.obligation if due else None, due.due_at if due else None,
        any(each.warned for each in row.owed), any(each.missed for each in row.owed),
        row.answered, row.merged_into, row.rating, len(row.undelivered), row.public_text, row.public_notes, row.erased,
        json.dumps([{**asdict(each), "due_at": each.due_at.isoformat()} for each in row.owed]),
        json.dumps([asdict(each) for each in row.undelivered]),
        row.pending, row.heard_since,
    )  # fmt: skip


def _row(record: asyncpg.Record) -> Row:
    """The fold's row from the table's."""
    return Row(
        **{
            **dict(record),
            "phase": Phase(record["phase"]),
            "missing": tuple(Missing(each) for each in record["missing"] or ()),
            "owed": tuple(
                Owed(**{**each, "due_at": dt.datetime.fromisoformat(each["due_at"])})
                for each in json.loads(record["owed"])
            ),
            "undelivered": tuple(
                Undelivered(each["letter_id"], LetterKind(each["letter"])) for each in json.loads(record["undelivered"])
            ),
        }
    )

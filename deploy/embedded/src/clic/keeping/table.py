"""What PostgreSQL holds that no log can tell again: which tables those are, copied out and in.

Every table is kept but those that are named here as derived: a new one that nobody thought of is in the backup, and a
test wants it named. Copies are PostgreSQL's own text format, so that `COPY … FROM` reads them without us. Runner-up:
`pg_dump`, which has to be of the server's version at least, and which an image of Python has not.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from clic_chassis import sql
from clic_chassis.migration import migrate

from .error import KeepingError
from .sealed_file import Sink

SQL: Final = sql.load("clic.keeping")
PACKAGES: Final[Mapping[str, str]] = {"intake": "clic_intake", "deadlines": "clic_deadlines"}
"""Databases with tables of record, and whose migrations make them. Reporting's ledger goes with the log."""

RECORD: Final[Mapping[str, frozenset[str]]] = {
    "intake": frozenset(
        {
            "article_draft", "deployment_key", "erasure", "index_key", "joined", "learning", "learning_draft",
            "learning_publication", "learning_reading", "mail_kept", "opening", "place_digest", "publisher_key",
            "reference_counter", "request", "requester_contact", "requester_name", "retention_run",
        }
    ),
    "deadlines": frozenset({"due_feed"}),
}  # fmt: skip
DERIVED: Final[Mapping[str, frozenset[str]]] = {
    # Letters are made again from the log with what was neither sent nor given up in doubt. A copy of the queue would
    # say of a letter that went out after it was copied that it still waits, and it would go out twice.
    "intake": frozenset({"letter", "letter_wake", "letter_joined", "letter_source"})
    # Made from the town's folder; and when a backup was taken, which says nothing of a house that was restored.
    | {"knowledge_index", "knowledge_document", "backup"},
    # Digests: the newest day's alone matters, and it goes out at least once.
    "deadlines": frozenset({"timer", "digest"}),
}
"""Tables that are made again from the log or the town's folder, or are not worth it; as every schema but `public`."""
MIGRATION: Final = "migration"
LAST: Final = ("deployment_key",)
"""Filled last: from then on a trigger refuses what an older key wraps, of which a rotation leaves some for a while."""


@dataclass(frozen=True, slots=True)
class Columns:
    """A table and what is copied of it."""

    table: str
    columns: tuple[str, ...]


async def kept_tables(connection: asyncpg.Connection, service: str) -> list[Columns]:
    """What is to be copied of a service's database, in the order in which it can be filled again."""
    rows = await connection.fetch(SQL["columns"])
    left = DERIVED[service] | {MIGRATION}
    found = [Columns(row["table"], tuple(row["columns"])) for row in rows if row["table"] not in left]
    return sorted(found, key=lambda each: (each.table in LAST, each.table))


async def copy_out(connection: asyncpg.Connection, of: Columns, sink: Sink) -> int:
    """Write a table's rows; gives how many."""
    status = await connection.copy_from_table(of.table, columns=of.columns, output=sink.write)
    return int(status.rpartition(" ")[2])


async def copy_in(connection: asyncpg.Connection, of: Columns, pieces: AsyncIterator[bytes]) -> int:
    """Fill a table; gives how many rows came."""
    status = await connection.copy_to_table(of.table, columns=of.columns, source=pieces)
    return int(status.rpartition(" ")[2])


async def migrations(connection: asyncpg.Connection) -> list[str]:
    """The migrations that a database has seen."""
    if not await connection.fetchval(SQL["is_migrated"]):
        return []
    return [row["name"] for row in await connection.fetch(SQL["migrations"])]


async def migrate_until(connection: asyncpg.Connection, service: str, wanted: Sequence[str]) -> None:
    """Make the tables of an empty database as they were when they were copied.

    Raises:
        KeepingError: this version of CLIC does not know one of the migrations.
        MigrationError: one of them is another one here.
    """
    await migrate(connection, PACKAGES[service], only=wanted)
    if ahead := sorted(set(wanted) - set(await migrations(connection))):
        raise KeepingError(
            f"the backup of {service} is of a newer CLIC, with {', '.join(ahead)}: restore it with that version"
        )


async def clear_derived(connection: asyncpg.Connection, service: str) -> None:
    """Empty what is made again, in whichever version of the tables."""
    there = {row["table"] for row in await connection.fetch(SQL["columns"])}
    if tables := sorted(there & DERIVED[service]):
        await connection.execute(f"TRUNCATE {', '.join(tables)}")


async def is_empty(connection: asyncpg.Connection, service: str) -> bool:
    """Whether a database holds nothing that a copy would meet."""
    for each in await kept_tables(connection, service):
        if await connection.fetchval(f"SELECT EXISTS (SELECT FROM {each.table})"):  # noqa: S608 - names of the catalogue
            return False
    return True


async def checksum(connection: asyncpg.Connection, table: str) -> tuple[int, int]:
    """How many rows a table has, and a checksum that does not hang on their order."""
    row: Any = await connection.fetchrow(SQL["checksum"].replace("{table}", table))
    return int(row["rows"]), int(row["checksum"])

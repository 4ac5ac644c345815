"""Migrations of a service's own database: plain numbered SQL files, applied once, in order, each in a transaction.

A migration expands: code of the version before works on, so that instances of both versions stand side by side while
they are replaced, and a step back needs no step back of the database. One that takes away what older code needs says so
in its first line (`-- contracts`), and comes a version after the last code that needed it; older code refuses it.

A library was looked for first (docs/decisions/0007): the well-kept ones bring a second database driver or an ORM for
what is forty lines here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from importlib import resources
from typing import NamedTuple

import asyncpg

from .error import ClicError

_LOCK = 0x434C4943  # "CLIC": one migrator at a time per database
_TABLE = """
CREATE TABLE IF NOT EXISTS migration (
  name text PRIMARY KEY, digest text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE migration ADD COLUMN IF NOT EXISTS contracts boolean NOT NULL DEFAULT false;
"""
_APPLIED = """
SELECT name, digest, coalesce((to_jsonb(migration) ->> 'contracts')::boolean, false) AS contracts
FROM migration ORDER BY name
"""
"""Also of a table from before there was such a column, which whoever only looks does not add."""
CONTRACTS = "-- contracts"

Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy


class MigrationError(ClicError):
    """The database and the code's migrations do not fit; nothing was changed."""


class _File(NamedTuple):
    name: str
    text: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def contracts(self) -> bool:
        return self.text.startswith(CONTRACTS)


async def migrate(connection: Connection, package: str, *, only: Collection[str] | None = None) -> list[str]:
    """Apply the migrations of `<package>/migrations/NNNN_name.sql` that the database has not seen; give their names.

    `only` those of these names: a copy of an older database is filled as it was, and brought up to date then.

    Raises:
        MigrationError: an applied file was changed, or the database has left this code behind.
    """
    await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
    try:
        await connection.execute(_TABLE)
        missing = [each for each in await _missing(connection, package) if only is None or each.name in only]
        for each in missing:
            async with connection.transaction():
                await connection.execute(each.text)
                await connection.execute(
                    "INSERT INTO migration (name, digest, contracts) VALUES ($1, $2, $3)",
                    each.name,
                    each.digest,
                    each.contracts,
                )
        return [each.name for each in missing]
    finally:
        await connection.execute("SELECT pg_advisory_unlock($1)", _LOCK)


async def missing_migrations(connection: Connection | asyncpg.Pool, package: str) -> list[str]:
    """Which migrations of the package the database has not seen; nothing is applied. Raises as `migrate`."""
    if not await connection.fetchval("SELECT to_regclass('migration') IS NOT NULL"):
        return [each.name for each in _files(package)]
    return [each.name for each in await _missing(connection, package)]


async def _missing(connection: Connection | asyncpg.Pool, package: str) -> list[_File]:
    files = _files(package)
    known = {each.name for each in files}
    applied: dict[str, str] = {}
    for row in await connection.fetch(_APPLIED):
        applied[row["name"]] = row["digest"]
        if row["name"] not in known and row["contracts"]:
            raise MigrationError(f"the database has left this code behind by {row['name']}. Run newer code.")
    for each in files:
        if applied.get(each.name, each.digest) != each.digest:
            raise MigrationError(f"{each.name} was changed after it was applied. Restore it and add a new file.")
    return [each for each in files if each.name not in applied]


def _files(package: str) -> list[_File]:
    folder = resources.files(package).joinpath("migrations")
    return sorted(_File(f.name, f.read_text(encoding="utf-8")) for f in folder.iterdir() if f.name.endswith(".sql"))

"""Migrations of a service's own database: plain numbered SQL files, applied once, in order, each in a transaction.

A library was looked for first (docs/decisions/0007): the well-kept ones bring a second database driver or an ORM for
what is forty lines here.
"""

from __future__ import annotations

import hashlib
from importlib import resources

import asyncpg

from .error import ClicError

_LOCK = 0x434C4943  # "CLIC": one migrator at a time per database


class MigrationError(ClicError):
    """The database and the code's migrations do not fit; nothing was changed."""


async def migrate(connection: asyncpg.Connection | asyncpg.pool.PoolConnectionProxy, package: str) -> list[str]:
    """Apply the migrations of `<package>/migrations/NNNN_name.sql` that the database has not seen; give their names.

    Raises:
        MigrationError: an applied file was changed, or the database is ahead of the code.
    """
    folder = resources.files(package).joinpath("migrations")
    files = sorted((f.name, f.read_text(encoding="utf-8")) for f in folder.iterdir() if f.name.endswith(".sql"))
    await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
    try:
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS migration (name text PRIMARY KEY, digest text NOT NULL, "
            "applied_at timestamptz NOT NULL DEFAULT now())"
        )
        rows = await connection.fetch("SELECT name, digest FROM migration")
        applied: dict[str, str] = {row["name"]: row["digest"] for row in rows}
        if ahead := sorted(set(applied) - {name for name, _ in files}):
            raise MigrationError(f"the database is ahead of this code: {', '.join(ahead)}. Run newer code.")
        done: list[str] = []
        for name, text in files:
            digest = hashlib.sha256(text.encode()).hexdigest()
            if name in applied:
                if applied[name] != digest:
                    raise MigrationError(f"{name} was changed after it was applied. Restore it and add a new file.")
                continue
            async with connection.transaction():
                await connection.execute(text)
                await connection.execute("INSERT INTO migration (name, digest) VALUES ($1, $2)", name, digest)
            done.append(name)
        return done
    finally:
        await connection.execute("SELECT pg_advisory_unlock($1)", _LOCK)

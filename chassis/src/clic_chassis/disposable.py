"""Tables of a projection that are made anew, from the log's beginning, where they mean something else than before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from importlib import resources

import asyncpg
import structlog

from .projector import CHECKPOINT_TABLE

log = structlog.get_logger()

Source = tuple[str, str]
"""A file of a package: the package's name, the file's."""


def definition(sources: Sequence[Source], told: object) -> str:
    """What rows mean: by the fold and the tables, and by what a fold is told of the town, as JSON can hold it."""
    digest = hashlib.sha256()
    for source in sources:
        digest.update(_text(source).encode())
    digest.update(json.dumps(told).encode())
    return digest.hexdigest()[:16]


async def prepare(connection: asyncpg.Connection, *, name: str, schema: str, tables: Source, meaning: str) -> None:
    """Make a schema where there is none, or where it means something else than this code and town do."""
    async with connection.transaction():
        if await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", f"{schema}.checkpoint"):
            asked = f"SELECT definition FROM {schema}.checkpoint WHERE projection = $1"  # noqa: S608 - a name of ours
            if await connection.fetchval(asked, name) in (None, meaning):
                return
            log.warning("tables_made_anew", projection=name, definition=meaning)
        await connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
        await connection.execute(f"CREATE SCHEMA {schema}")
        await connection.execute(CHECKPOINT_TABLE.replace("{schema}", schema))
        await connection.execute(_text(tables))


def _text(source: Source) -> str:
    package, file = source
    return resources.files(package).joinpath(file).read_text(encoding="utf-8")

"""Where the last good backup is remembered, so that intake can tell its age (`clic_backup_age_seconds`)."""

from __future__ import annotations

from collections.abc import Iterable

from clic_chassis.postgres_credential import connect

from .manifest import Manifest
from .table import SQL


async def remember(url: str, manifests: Iterable[Manifest]) -> None:
    """Note whole backups in intake's database."""
    connection = await connect(url)
    try:
        for each in manifests:
            await connection.execute(SQL["remember"], each.what, each.backup_id, each.position, each.taken_at)
    finally:
        await connection.close()

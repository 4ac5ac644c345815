"""What must not come back with a backup of before: erasures, and publishers' keys that ended; kept apart from backups.

A backup of the night knows nothing of who was erased at noon. This register does, if it is written often: it holds no
personal data, is added to and never cut, and a restore applies it. Source: POL-30, A-2.1 art. 73.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import asyncpg
from pydantic import BaseModel, ConfigDict, ValidationError

from .error import KeepingError
from .sealed_file import OWNER_ONLY
from .table import SQL

FORMAT: Final = 1


class ErasedRequest(BaseModel):
    """Whose key was destroyed, on which ground, by whom."""

    model_config = ConfigDict(frozen=True)

    ground: str
    actor: str
    erased_at: dt.datetime


class EndedKey(BaseModel):
    """A publisher's key that ended."""

    model_config = ConfigDict(frozen=True)

    ended_at: dt.datetime
    ended_by: str


class ErasureRegister(BaseModel):
    """Everything that ended, by the id of a request or a key."""

    model_config = ConfigDict(frozen=True)

    format: int = FORMAT
    written_at: dt.datetime
    erasures: Mapping[str, ErasedRequest] = {}
    ended_keys: Mapping[str, EndedKey] = {}

    def joined(self, other: ErasureRegister) -> ErasureRegister:
        """What either holds: nothing that ended begins again."""
        return ErasureRegister(
            written_at=max(self.written_at, other.written_at),
            erasures={**other.erasures, **self.erasures},
            ended_keys={**other.ended_keys, **self.ended_keys},
        )


async def of_database(connection: asyncpg.Connection, now: dt.datetime) -> ErasureRegister:
    """What intake's database has as ended."""
    erasures = await connection.fetch(SQL["erasures"])
    ended = await connection.fetch(SQL["ended_keys"])
    return ErasureRegister(
        written_at=now,
        erasures={
            row["request_id"]: ErasedRequest(ground=row["ground"], actor=row["actor"], erased_at=row["erased_at"])
            for row in erasures
        },
        ended_keys={row["key_id"]: EndedKey(ended_at=row["ended_at"], ended_by=row["ended_by"] or "") for row in ended},
    )


def read_register(file: Path) -> ErasureRegister:
    """The register in a file.

    Raises:
        KeepingError: it is missing or cannot be read.
    """
    try:
        found = ErasureRegister.model_validate_json(file.read_bytes())
    except FileNotFoundError as error:
        raise KeepingError(f"{file}: there is no register of erasures; `clic backup erasures` writes one") from error
    except (OSError, ValidationError) as error:
        raise KeepingError(f"{file} is no register of erasures ({type(error).__name__})") from error
    if found.format != FORMAT:
        raise KeepingError(f"{file} has format {found.format}; this version of CLIC reads {FORMAT}")
    return found


def add_to(file: Path, newest: ErasureRegister) -> ErasureRegister:
    """Write what ended since into the file, whole or not at all; what stands there stays.

    Raises:
        KeepingError: it cannot be read or written.
    """
    joined = newest.joined(read_register(file)) if file.exists() else newest
    partial = file.with_name(f"{file.name}.partial")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWNER_ONLY)
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            out.write(joined.model_dump_json(indent=1) + "\n")
            out.flush()
            os.fsync(out.fileno())
        partial.replace(file)
    except OSError as error:
        raise KeepingError(f"{file} cannot be written: {error.strerror}") from error
    return joined

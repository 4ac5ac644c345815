"""What an export's folder holds and how far it came: `manifest.json`, replaced as a whole after each step."""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from clic_chassis.error import ClicError

NAME = "manifest.json"
LOCK = ".lock"
FILES = "year=*/month=*/part-*.parquet"
"""The files of an export; others in its folder are left alone."""
UNFINISHED = f"{FILES}.new"


class ExportFolderError(ClicError):
    """The folder cannot take this export, or does not hold what its manifest says; the message says how to mend it."""


class Part(BaseModel):
    """One Parquet file: whole decisions, in the log's order, all of them recorded in one month."""

    model_config = ConfigDict(frozen=True)

    path: str = Field(description="From the folder, with `/`.")
    month: str = Field(description="Month of recording in America/Toronto: 2026-05.")
    rows: int
    commits: int = Field(description="Positions of the log in it.")
    first_sequence: int
    last_sequence: int
    bytes: int
    sha256: str


class Step(BaseModel):
    """What was written at once: the positions from one to another, without a gap, over the months that they lie in."""

    model_config = ConfigDict(frozen=True)

    first_sequence: int
    last_sequence: int
    parts: tuple[Part, ...]


class Manifest(BaseModel):
    """The whole export. `columns` is the version of the columns, `first_sequence` what was asked for."""

    model_config = ConfigDict(frozen=True)

    stream: str
    stream_created_at: dt.datetime
    columns: str
    first_sequence: int
    steps: tuple[Step, ...] = ()

    @property
    def last_sequence(self) -> int:
        """How far it came; the position before the first where it holds nothing yet."""
        return self.steps[-1].last_sequence if self.steps else self.first_sequence - 1

    @property
    def parts(self) -> tuple[Part, ...]:
        """Every file."""
        return tuple(part for step in self.steps for part in step.parts)

    def with_step(self, step: Step) -> Manifest:
        """The manifest after a further step."""
        return self.model_copy(update={"steps": (*self.steps, step)})


def read_manifest(folder: Path) -> Manifest | None:
    """What stands in a folder; None where no export does.

    Raises:
        ExportFolderError: it cannot be read.
    """
    try:
        return Manifest.model_validate_json((folder / NAME).read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise ExportFolderError(f"{folder / NAME} cannot be read: export into an empty folder") from error


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Put it in the place of the one before, which stays until the new one is whole and on the disk."""
    new = folder / f"{NAME}.new"
    new.write_text(manifest.model_dump_json(indent=1) + "\n", encoding="utf-8")
    put_in_place(new, folder / NAME)


def put_in_place(new: Path, path: Path) -> None:
    """Rename a file once its bytes are on the disk."""
    with new.open("rb") as file:
        os.fsync(file.fileno())
    new.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Put a folder's names on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def clear_unfinished(folder: Path, manifest: Manifest) -> int:
    """Remove what an export that was killed left behind; gives how many files."""
    known = {part.path for part in manifest.parts}
    left = [path for path in folder.glob(FILES) if path.relative_to(folder).as_posix() not in known]
    left += folder.glob(UNFINISHED)
    for path in left:
        path.unlink()
    return len(left)


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """The folder, made where it is missing, for one export at a time.

    Raises:
        ExportFolderError: another export is at work on it, or it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / LOCK).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise ExportFolderError(f"another export is at work on {folder}: wait for it") from error
            yield
    except OSError as error:
        raise ExportFolderError(f"{folder} cannot be written: {error.strerror or error}") from error

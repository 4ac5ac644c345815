"""What a backup says of itself: written last, so that one without it, or with a file that differs, is none.

A manifest is read without any key, by whoever lists, watches or destroys backups: it holds positions, instants, counts
and digests, and nothing of anybody.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from .error import DamagedError, KeepingError
from .sealed_file import OWNER_ONLY, SUFFIX, Written, file_sha256

FILE: Final = "manifest.json"
FORMAT: Final = 1
PARTIAL: Final = ".partial"

What = Literal["log", "keys"]


class KeptFile(BaseModel):
    """One file of a backup."""

    model_config = ConfigDict(frozen=True)

    name: str
    bytes: int
    sha256: str
    content_bytes: int
    content_sha256: str
    told: Mapping[str, Any] = {}
    """What is needed to make it again: a stream's configuration, a table's columns and rows."""


class Manifest(BaseModel):
    """One artefact of a backup: the log with what goes with it, or the keys."""

    model_config = ConfigDict(frozen=True)

    format: int = FORMAT
    what: What
    backup_id: str
    """The same in both artefacts of a backup."""
    taken_at: dt.datetime
    town: str
    """The town's name, as its folder has it."""
    position: int
    """Up to where the log is in it, exactly; what the keys hold is at least as new."""
    log_created_at: str
    log_sha256: str
    """Of every message of the log up to the position (`log_digest`)."""
    deployment_key: str | None = None
    """Id of the deployment's key that wraps the keys in it. The key itself is in no backup."""
    told: Mapping[str, Any] = {}
    files: tuple[KeptFile, ...]

    def file(self, name: str) -> KeptFile | None:
        """A file by the name of what is in it; None where this backup has none."""
        return next((each for each in self.files if each.name == name + SUFFIX), None)

    @property
    def bytes(self) -> int:
        """All of it, on the disk."""
        return sum(each.bytes for each in self.files)


def kept(name: str, written: Written, **told: Any) -> KeptFile:
    """What the manifest says of a file that was written."""
    return KeptFile(
        name=name + SUFFIX,
        bytes=written.bytes,
        sha256=written.sha256,
        content_bytes=written.content_bytes,
        content_sha256=written.content_sha256,
        told=told,
    )


class Unfinished:
    """An artefact that is being written, under a name by which nobody takes it for whole."""

    def __init__(self, into: Path, name: str) -> None:
        self._whole = into / name
        self.path = into / f"{name}{PARTIAL}"
        try:
            into.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path.mkdir(mode=0o700)
        except OSError as error:
            raise KeepingError(f"{self.path} cannot be made: {error.strerror}") from error

    def finish(self, manifest: Manifest) -> Path:
        """Write its manifest, and give it its name once everything is on the disk."""
        descriptor = os.open(self.path / FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(manifest.model_dump_json(indent=1) + "\n")
            file.flush()
            os.fsync(file.fileno())
        _sync(self.path)
        self.path.rename(self._whole)
        _sync(self._whole.parent)
        return self._whole

    def abandon(self) -> None:
        """Remove what was written."""
        shutil.rmtree(self.path, ignore_errors=True)


def read_manifest(folder: Path, what: What | None = None) -> Manifest:
    """What a backup says of itself.

    Raises:
        DamagedError: it has no manifest, so that it was cut off, or one that cannot be read.
        KeepingError: it is the other artefact, or of another format.
    """
    path = folder / FILE
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        if held.get("format") != FORMAT:
            raise KeepingError(f"{path} has format {held.get('format')}; this version of CLIC reads {FORMAT}")
        found = Manifest.model_validate(held)
    except FileNotFoundError as error:
        raise DamagedError(f"{path} is missing: {folder} is no whole backup") from error
    except (OSError, ValueError, ValidationError) as error:
        raise DamagedError(f"{path} cannot be read ({type(error).__name__})") from error
    if what is not None and found.what != what:
        raise KeepingError(f"{folder} holds the {found.what}, not the {what}")
    return found


def check_files(folder: Path, manifest: Manifest) -> None:
    """Look that every file is as it was written; nothing is opened.

    Raises:
        DamagedError: one is missing, cut short or changed; it names the file.
    """
    for each in manifest.files:
        path = folder / each.name
        if Path(each.name).name != each.name:
            raise DamagedError(f"{folder / FILE} names a file elsewhere: {each.name}")
        if not path.is_file():
            raise DamagedError(f"{path} is missing: the manifest names it")
        if (size := path.stat().st_size) != each.bytes:
            raise DamagedError(f"{path} has {size:,} bytes, not {each.bytes:,}: it was cut short or changed")
        if file_sha256(path) != each.sha256:
            raise DamagedError(f"{path} was changed: its digest is another one than the manifest's")


def backups_in(folder: Path, what: What) -> list[tuple[Path, Manifest]]:
    """The whole backups of a folder, the oldest first. What cannot be read is none of them."""
    found: list[tuple[Path, Manifest]] = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.is_dir() and not path.name.endswith(PARTIAL) and (path / FILE).exists():
            manifest = read_manifest(path)
            if manifest.what == what:
                found.append((path, manifest))
    return sorted(found, key=lambda each: each[1].taken_at)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

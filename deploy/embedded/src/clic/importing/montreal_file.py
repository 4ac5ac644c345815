"""Reads a file in the layout of Montréal's open data, row by row, and knows what came before each row."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import hashlib
import io
import sqlite3
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

from clic_chassis.error import ClicError
from clic_contracts.vocabulary import SubjectCode

from .montreal_311 import REQUIRED, Mapped, Refused, Sighting, map_row, named_by_content, row_digest

MEMORY_KIB = 32 * 1024
"""Memory for what was seen; beyond it a temporary file takes over, so that millions of rows need no more."""


CHUNK_BYTES = 1024 * 1024


class MontrealFileError(ClicError):
    """The file is not of this layout, or ends early; the message says what to do."""


class Line(NamedTuple):
    """One row of the file, and what it becomes. `number` is the line, from 1, at which the row ends."""

    number: int
    result: Mapped | Refused


class Checked(NamedTuple):
    """What is known of a file before its first row is read."""

    digest: str
    """SHA-256 of the file as it is, hexadecimal."""
    lines: int
    """Lines of its text: rows, and the header."""


def check_file(path: Path) -> Checked:
    """Read a whole file once, so that one that is cut off is refused before anything of it is published.

    Raises:
        MontrealFileError: it cannot be read, or is cut off.
    """
    with _told_in_words(path):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        with _open_bytes(path) as file:
            lines, last = 0, b"\n"
            while chunk := file.read(CHUNK_BYTES):
                lines, last = lines + chunk.count(b"\n"), chunk[-1:]
        return Checked(digest, lines + (last != b"\n"))


def map_file(path: Path, categories: Mapping[str, SubjectCode], now: dt.datetime) -> Iterator[Line]:
    """The rows of a file in order, as submissions: plain or gzip, UTF-8 with or without byte order mark.

    Raises:
        MontrealFileError: it cannot be opened, lacks columns, or is cut off.
    """
    with _told_in_words(path), _open(path) as text, closing(_Seen()) as seen:
        for number, row in _rows(path, text):
            if isinstance(row, Refused):
                yield Line(number, row)
                continue
            sighting = seen.sight(row)
            result = map_row(row, sighting, categories, now)
            if isinstance(result, Mapped) and not named_by_content(row, id_taken=sighting.id_taken):
                seen.take_id(row["ID_UNIQUE"].strip())
            yield Line(number, result)


@contextmanager
def _told_in_words(path: Path) -> Iterator[None]:
    """What can be wrong with a file, as an error that says what to do."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise MontrealFileError(f"{path}: the gzip file is cut off or damaged; download it again") from error
    except OSError as error:
        raise MontrealFileError(f"{path}: cannot be read: {error.strerror or error}") from error


def _open(path: Path) -> IO[str]:
    # What is not UTF-8 spoils its own row, not the file: each such row is refused by itself.
    return io.TextIOWrapper(_open_bytes(path), encoding="utf-8-sig", errors="surrogateescape", newline="")


def _open_bytes(path: Path) -> Any:
    with path.open("rb") as start:
        magic = start.read(2)
    if magic in (b"\xff\xfe", b"\xfe\xff"):
        raise MontrealFileError(f"{path}: in UTF-16; save it in UTF-8")
    return gzip.open(path) if magic == b"\x1f\x8b" else path.open("rb")


def _rows(path: Path, text: IO[str]) -> Iterator[tuple[int, Mapping[str, str] | Refused]]:
    reader = csv.reader(text)
    header = [name.strip() for name in next(reader, [])]
    if missing := [name for name in REQUIRED if name not in header]:
        raise MontrealFileError(
            f"{path}: no column {', '.join(missing)}; expected Montréal's « Requêtes 311 », separated by commas"
        )
    while True:
        before = reader.line_num
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield (reader.line_num, Refused("unreadable_csv", f"{error}{_span(before, reader.line_num)}"))
            continue
        if not cells:
            continue  # An empty line is no row.
        if len(cells) != len(header):
            detail = f"{len(cells)} instead of {len(header)}{_span(before, reader.line_num)}"
            yield (reader.line_num, Refused("wrong_number_of_columns", detail))
        elif any("\udc80" <= c <= "\udcff" for cell in cells if not cell.isascii() for c in cell):
            yield (reader.line_num, Refused("not_utf8"))
        else:
            yield reader.line_num, dict(zip(header, cells, strict=True))


def _span(before: int, number: int) -> str:
    """Which lines were taken for one row: a quotation mark that is never closed swallows those after it."""
    return f"; lines {before + 1} to {number} are taken for one row" if number > before + 1 else ""


class _Seen:
    """Ids and rows of the file so far, in a private temporary database that spills to disk."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute(f"PRAGMA cache_size = -{MEMORY_KIB}")
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("CREATE TABLE seen (key TEXT PRIMARY KEY, times INTEGER NOT NULL) WITHOUT ROWID")

    def sight(self, row: Mapping[str, str]) -> Sighting:
        request_id = row["ID_UNIQUE"].strip()
        taken = bool(request_id) and bool(
            self._db.execute("SELECT 1 FROM seen WHERE key = ?", (f"id {request_id}",)).fetchone()
        )
        times = self._count(f"row {row_digest(row)}") if named_by_content(row, id_taken=taken) else 0
        return Sighting(taken, times)

    def take_id(self, request_id: str) -> None:
        self._count(f"id {request_id}")

    def _count(self, key: str) -> int:
        """How often it was counted before now."""
        (times,) = self._db.execute(
            "INSERT INTO seen VALUES (?, 1) ON CONFLICT (key) DO UPDATE SET times = times + 1 RETURNING times", (key,)
        ).fetchone()
        return int(times) - 1

    def close(self) -> None:
        self._db.close()

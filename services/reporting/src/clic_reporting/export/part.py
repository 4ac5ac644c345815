"""The Parquet files of one step of an export: one per month of recording, invisible until the step is whole."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from .column import REPEATED, SCHEMA
from .manifest import Part, Step, put_in_place

ROW_GROUP_ROWS = 65_536
"""Rows of a row group, some 40 MB before compression: what one month keeps in memory at most."""
BUFFERED_ROWS_MAX = 2 * ROW_GROUP_ROWS
"""Rows that all months of a step together keep in memory; beyond, the fullest month is written."""
ZSTD_LEVEL = 3


@dataclass(slots=True)
class _Month:
    """A file that is being written."""

    path: Path
    writer: pq.ParquetWriter
    waiting: list[pa.Table] = field(default_factory=list)
    waiting_rows: int = 0
    rows: int = 0
    commits: int = 0
    first_sequence: int = 0
    last_sequence: int = 0


class StepWriter:
    """Writes a step. `finish` makes its files visible; one that is abandoned leaves nothing that counts."""

    def __init__(self, folder: Path, first_sequence: int) -> None:
        self._folder = folder
        self._first_sequence = first_sequence
        self._months: dict[str, _Month] = {}

    @property
    def months(self) -> int:
        """Files that are open."""
        return len(self._months)

    def add(self, month: str, rows: pa.Table, commits: int) -> None:
        """Take up whole decisions that were recorded in a month, after those before."""
        open_month = self._months.get(month) or self._open(month)
        sequences = rows.column("sequence")
        open_month.first_sequence = open_month.first_sequence or sequences[0].as_py()
        open_month.last_sequence = sequences[-1].as_py()
        open_month.waiting.append(rows)
        open_month.waiting_rows += rows.num_rows
        open_month.commits += commits
        if open_month.waiting_rows >= ROW_GROUP_ROWS:
            _write(open_month)
        elif sum(each.waiting_rows for each in self._months.values()) > BUFFERED_ROWS_MAX:
            _write(max(self._months.values(), key=lambda each: each.waiting_rows))

    def _open(self, month: str) -> _Month:
        year, number = month.split("-")
        folder = self._folder / f"year={year}" / f"month={number}"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"part-{self._first_sequence:012d}.parquet.new"
        writer = pq.ParquetWriter(
            path, SCHEMA, compression="zstd", compression_level=ZSTD_LEVEL, use_dictionary=REPEATED
        )
        self._months[month] = opened = _Month(path, writer)
        return opened

    def finish(self, last_sequence: int) -> Step:
        """Write what waits, put the files on the disk, and give them their names."""
        parts = []
        for month, each in sorted(self._months.items()):
            _write(each)
            each.writer.close()
            path = each.path.with_suffix("")
            size, digest = _size_and_digest(each.path)
            put_in_place(each.path, path)
            parts.append(
                Part(
                    path=path.relative_to(self._folder).as_posix(),
                    month=month,
                    rows=each.rows,
                    commits=each.commits,
                    first_sequence=each.first_sequence,
                    last_sequence=each.last_sequence,
                    bytes=size,
                    sha256=digest,
                )
            )
        return Step(first_sequence=self._first_sequence, last_sequence=last_sequence, parts=tuple(parts))

    def abandon(self) -> None:
        """Close and remove the files."""
        for each in self._months.values():
            each.writer.close()
            each.path.unlink(missing_ok=True)


def _write(month: _Month) -> None:
    if month.waiting:
        month.writer.write_table(pa.concat_tables(month.waiting), row_group_size=ROW_GROUP_ROWS)
        month.rows += month.waiting_rows
        month.waiting, month.waiting_rows = [], 0


def _size_and_digest(path: Path) -> tuple[int, str]:
    with path.open("rb") as file:
        return path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()

"""Whether an export holds what its manifest says: every file whole, every decision there once, none missing."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from clic_chassis.error import ClicError

from .manifest import ExportFolderError, Manifest, Part, Step, read_manifest

_READ_ROWS = 65_536


class ExportDamagedError(ClicError):
    """A file is not as it was written, or a decision is missing; the message says which."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What a whole export holds."""

    first_sequence: int
    last_sequence: int
    files: int
    rows: int
    rows_by_month: dict[str, int]


def verify(folder: Path) -> Verified:
    """Read the positions of every file and compare them with the manifest. Needs no server.

    Raises:
        ExportFolderError: there is no export.
        ExportDamagedError: it is not whole.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        raise ExportFolderError(f"{folder} holds no export: `clic log export` makes one")
    _check_steps(manifest)
    for step in manifest.steps:
        _check_step(folder, step)
    rows: Counter[str] = Counter()
    for part in manifest.parts:
        rows[part.month] += part.rows
    return Verified(
        manifest.first_sequence, manifest.last_sequence, len(manifest.parts), rows.total(), dict(sorted(rows.items()))
    )


def _check_steps(manifest: Manifest) -> None:
    expected = manifest.first_sequence
    for step in manifest.steps:
        if step.first_sequence != expected:
            raise ExportDamagedError(f"positions {expected} to {step.first_sequence - 1} are in no step")
        expected = step.last_sequence + 1


def _check_step(folder: Path, step: Step) -> None:
    """Every position of a step stands in exactly one of its files."""
    seen = bytearray(step.last_sequence - step.first_sequence + 1)
    for part in step.parts:
        for sequence in _positions(folder, part):
            if not step.first_sequence <= sequence <= step.last_sequence or seen[sequence - step.first_sequence]:
                raise ExportDamagedError(f"{part.path}: position {sequence} does not belong there")
            seen[sequence - step.first_sequence] = 1
    if (missing := seen.find(0)) >= 0:
        raise ExportDamagedError(f"position {step.first_sequence + missing} of the log is in no file")


def _positions(folder: Path, part: Part) -> list[int]:
    """The positions in a file, once each, after it was compared with what the manifest says of it."""
    path = folder / part.path
    positions: list[int] = []
    rows, last, ordinal = 0, 0, 0
    try:
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != part.sha256:
                raise ExportDamagedError(f"{part.path} is not as it was written: export again into an empty folder")
        with pq.ParquetFile(path) as file:
            # No threads: a process that ends while Arrow starts them is aborted by it.
            for batch in file.iter_batches(_READ_ROWS, columns=["sequence", "ordinal"], use_threads=False):
                rows += batch.num_rows
                for sequence, place in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                    ordinal = ordinal + 1 if sequence == last else 1
                    if place != ordinal:
                        raise ExportDamagedError(f"{part.path}: a fact of position {sequence} is missing")
                    if sequence != last:
                        positions.append(sequence)
                    last = sequence
    except (OSError, pa.ArrowException) as error:
        raise ExportDamagedError(f"{part.path} cannot be read: {error}") from error
    if (rows, len(positions)) != (part.rows, part.commits):
        raise ExportDamagedError(f"{part.path} holds {rows} rows of {len(positions)} decisions, not what was written")
    return positions

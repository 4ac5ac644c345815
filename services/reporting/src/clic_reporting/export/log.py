"""The log as Parquet files, partitioned by the month in which the log took each decision.

Read at full speed, in steps: a step's files get their names, then the manifest tells of them. Killed at any point, the
export goes on after its last whole step and removes what lies there unfinished. Memory does not grow with the log.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pyarrow as pa
from natsrpy import Nats

from clic_chassis.collector import no_collections
from clic_chassis.error import UnreadableError
from clic_chassis.log import LogIdentity
from clic_chassis.projector import CannotFoldError
from clic_contracts.event import RequestReceived
from clic_reporting.reader import Raw, read_raw

from .column import COLUMNS, SCHEMA, Rows, pseudonym, table
from .manifest import ExportFolderError, Manifest, clear_unfinished, held, read_manifest, write_manifest
from .part import StepWriter
from .shape import read_facts

STEP_COMMITS = 200_000
"""Decisions of one step: what a kill can cost, and how large files grow."""
MONTHS_OPEN_MAX = 48
"""Files open at once; a log whose instants jump about ends its steps early."""
ZONE = ZoneInfo("America/Toronto")
HOURS_CACHED_MAX = 4_096


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an export came."""

    position: int
    last_sequence: int
    events: int
    seconds: float

    @property
    def events_per_s(self) -> float:
        """The pace so far."""
        return self.events / max(self.seconds, 0.001)


Told = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Exported:
    """An export that came to the end of the log as it was when it began."""

    manifest: Manifest
    progress: Progress
    removed: int
    """Files that an export before it had left unfinished."""


async def export_log(
    reader: Nats,
    identity: LogIdentity,
    folder: Path,
    *,
    first_sequence: int = 1,
    resume: bool = False,
    told: Told = lambda _: None,
    step_commits: int = STEP_COMMITS,
) -> Exported:
    """Write the log from a position to its end as `identity` names it; with `resume`, go on where an export ended.

    Raises:
        ExportFolderError: the folder holds an export already, or one that cannot be gone on with.
        CannotFoldError: a decision cannot be read; it says which, and nothing of it or after it is written.
        GapError: a message of the log is missing.
        RetryableError: the log did not answer.
    """
    began = monotonic()
    with held(folder), no_collections():
        manifest = _begun(folder, identity, first_sequence, resume=resume)
        removed = clear_unfinished(folder, manifest)
        write_manifest(folder, manifest)
        rows = Rows(await _confidential(reader, identity.stream, until=manifest.last_sequence))
        export = _Export(folder, manifest, rows, step_commits)
        commits = read_raw(reader, identity.stream, after=manifest.last_sequence, until=identity.last_sequence)
        try:
            async with contextlib.aclosing(commits) as batches:
                async for batch in batches:
                    await export.take(batch)
                    told(Progress(export.position, identity.last_sequence, export.events, monotonic() - began))
            await export.finish_step()
        except BaseException:
            await export.abandon()
            raise
    done = Progress(export.position, identity.last_sequence, export.events, monotonic() - began)
    return Exported(export.manifest, done, removed)


def _begun(folder: Path, identity: LogIdentity, first_sequence: int, *, resume: bool) -> Manifest:
    """The manifest to go on from."""
    found = read_manifest(folder)
    if found is None:
        return Manifest(
            stream=identity.stream,
            stream_created_at=identity.created_at,
            columns=COLUMNS,
            first_sequence=first_sequence,
        )
    if not resume:
        raise ExportFolderError(f"{folder} holds an export up to position {found.last_sequence}: add --resume to go on")
    if (found.stream, found.stream_created_at) != (identity.stream, identity.created_at):
        raise ExportFolderError(f"{folder} holds an export of another log: export into an empty folder")
    if found.columns != COLUMNS:
        raise ExportFolderError(f"{folder} was written by a CLIC with other columns: export into an empty folder")
    if found.last_sequence > identity.last_sequence:
        raise ExportFolderError(
            f"{folder} goes to position {found.last_sequence}, the log to {identity.last_sequence} alone: it has lost "
            "messages, see its backup"
        )
    return found


class _Export:
    """Rows by month into files; one write is under way while the next rows are made."""

    def __init__(self, folder: Path, manifest: Manifest, rows: Rows, step_commits: int) -> None:
        self.manifest = manifest
        self.position = manifest.last_sequence
        self.events = 0
        self._folder = folder
        self._rows = rows
        self._step_commits = step_commits
        self._step: StepWriter | None = None
        self._writing: asyncio.Task[None] | None = None

    async def take(self, commits: Sequence[Raw]) -> None:
        """Commits in the log's order."""
        for start in range(0, len(commits), self._step_commits):
            await self._take(commits[start : start + self._step_commits])

    async def _take(self, commits: Sequence[Raw]) -> None:
        by_month: dict[str, _MonthRows] = {}
        for sequence, _, body in commits:
            month, rows = self._decision(sequence, body)
            of_month = by_month.setdefault(month, _MonthRows())
            of_month.rows += rows
            of_month.commits += 1
        await self._written()
        if self._step is None:
            self._step = StepWriter(self._folder, self.position + 1)
        step = self._step
        self.position += len(commits)
        self.events += sum(len(each.rows) for each in by_month.values())
        self._writing = asyncio.create_task(asyncio.to_thread(_add, step, by_month))
        if self.position - self.manifest.last_sequence >= self._step_commits or step.months > MONTHS_OPEN_MAX:
            await self.finish_step()

    def _decision(self, sequence: int, body: bytes) -> tuple[str, list[tuple[Any, ...]]]:
        """The rows of a decision, and the month in which it was recorded."""
        try:
            rows = [self._rows.row(sequence, ordinal, *fact) for ordinal, fact in enumerate(read_facts(body), 1)]
            return month_of(rows[0][_RECORDED_AT]), rows
        except (UnreadableError, ValueError, msgspec.MsgspecError) as error:
            raise CannotFoldError(sequence, str(error)) from error

    async def finish_step(self) -> None:
        """Make the files of the step visible, then tell of them."""
        await self._written()
        if self._step is not None:
            step = await asyncio.to_thread(self._step.finish, self.position)
            self._step = None
            self.manifest = self.manifest.with_step(step)
            write_manifest(self._folder, self.manifest)

    async def _written(self) -> None:
        writing, self._writing = self._writing, None
        if writing is not None:
            await writing

    async def abandon(self) -> None:
        """Remove what is not whole; what failed was told already."""
        if self._writing is not None:
            await asyncio.wait({self._writing})
        if self._step is not None:
            self._step.abandon()


class _MonthRows:
    """Rows of one month."""

    __slots__ = ("commits", "rows")

    def __init__(self) -> None:
        self.rows: list[tuple[Any, ...]] = []
        self.commits = 0


_RECORDED_AT = SCHEMA.get_field_index("recorded_at")
"""Where `recorded_at` stands in a row."""


def _add(step: StepWriter, by_month: dict[str, _MonthRows]) -> None:
    for month, each in by_month.items():
        try:
            rows = table(each.rows)
        except pa.ArrowInvalid as error:
            raise CannotFoldError(each.rows[0][0], f"from here on, a value cannot be stored: {error}") from error
        step.add(month, rows, each.commits)


def month_of(instant: str) -> str:
    """The month of an instant in America/Toronto: `2026-05`.

    Raises:
        ValueError: it is no instant.
    """
    return _month_of_hour(instant[:13], "+00:00" if instant.endswith("Z") else instant[-6:])


@lru_cache(maxsize=HOURS_CACHED_MAX)
def _month_of_hour(hour: str, offset: str) -> str:
    return f"{dt.datetime.fromisoformat(f'{hour}:00:00{offset}').astimezone(ZONE):%Y-%m}"


async def _confidential(reader: Nats, stream: str, *, until: int) -> dict[str, str]:
    """The confidential requests received up to a position, with their made-up ids.

    They are looked up in the log each time: a folder that is handed on says nothing about them.
    """
    found: dict[str, str] = {}
    async with contextlib.aclosing(read_raw(reader, stream, after=0, until=until)) as batches:
        async for batch in batches:
            for sequence, _, body in batch:
                if b'"confidential":true' in body:
                    for fact, data in read_facts(body):
                        if fact.type == RequestReceived.TYPE and msgspec.json.decode(data).get("confidential"):
                            found[fact.subject] = pseudonym(sequence)
    return found

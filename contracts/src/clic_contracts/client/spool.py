"""A publisher's spool: one SQLite file that keeps what was handed over until the inbox has it, whatever happens to us.

`publish` returns when the file system has it (WAL, `synchronous=FULL`). The file holds personal data in clear until
then, and is its owner's alone (mode 0600).
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar

from .delivery import Outgoing
from .error import SpoolError, SpoolFullError

SPOOL_BYTES_MAX = 64 * 1024 * 1024
"""Of the submissions that a spool holds; its file is at most about twice as large."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS submission (
    position   INTEGER PRIMARY KEY AUTOINCREMENT,
    publisher  TEXT NOT NULL,
    subject    TEXT NOT NULL,
    event_id   TEXT NOT NULL,
    message_id TEXT NOT NULL,
    body       BLOB NOT NULL
)
"""
_HOLDS = "SELECT count(*), coalesce(sum(length(body)), 0), coalesce(max(publisher), '') FROM submission"
_ADD = (
    "INSERT INTO submission (publisher, subject, event_id, message_id, body) VALUES (?, ?, ?, ?, ?) RETURNING position"
)
_OLDEST = "SELECT position, subject, event_id, message_id, body FROM submission ORDER BY position LIMIT ?"
_REMOVE = "DELETE FROM submission WHERE position = ?"

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Spooled:
    """A submission in the file."""

    position: int
    out: Outgoing


class Spool:
    """One file, for one publisher and one process at a time. Made by `open`."""

    def __init__(self, path: Path, publisher: str, bytes_max: int) -> None:
        self._path = path
        self._publisher = publisher
        self._bytes_max = bytes_max
        # One thread has the connection: SQLite's waits for the disk are not the event loop's.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="spool")
        self._file: sqlite3.Connection
        self._waiting: list[tuple[Outgoing, asyncio.Future[int]]] = []
        self._writing: asyncio.Task[None] | None = None
        self.count = 0
        """Submissions in the file."""
        self.size_bytes = 0
        """Of them, those that are about to be written included."""

    @classmethod
    async def open(cls, path: Path, publisher: str, bytes_max: int) -> Self:
        """Open the file, or make it.

        Raises:
            SpoolError: it cannot be used, another process uses it, or it is another publisher's.
        """
        self = cls(path, publisher, bytes_max)
        try:
            await self._do(self._open)
        except BaseException:
            self._thread.shutdown(wait=False)
            raise
        return self

    async def add(self, out: Outgoing) -> int:
        """Keep a submission; when this returns the file has it. Gives its position.

        Who comes while others are being written goes with the next ones, in one transaction.

        Raises:
            SpoolFullError: there is no room.
            SpoolError: the file cannot be written.
        """
        if self.size_bytes + len(out.body) > self._bytes_max:
            raise SpoolFullError(
                f"the spool {self._path} holds {self.count} submissions of {self.size_bytes} bytes, and at most "
                f"{self._bytes_max} are allowed: publish {out.event_id!r} again later"
            )
        self.size_bytes += len(out.body)
        kept: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append((out, kept))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        return await asyncio.shield(kept)

    async def oldest(self, limit: int) -> list[Spooled]:
        """The oldest ones, in the order in which they came. Raises as `add`."""
        rows = await self._do(lambda: self._file.execute(_OLDEST, (limit,)).fetchall())
        return [Spooled(position, Outgoing(*rest)) for position, *rest in rows]

    async def remove(self, delivered: Iterable[Spooled]) -> None:
        """Forget what the inbox has. Raises as `add`."""
        gone = list(delivered)
        await self._do(lambda: self._in_transaction(_REMOVE, [(each.position,) for each in gone]))
        self.count -= len(gone)
        self.size_bytes -= sum(len(each.out.body) for each in gone)

    async def close(self) -> None:
        """Write what was handed over, and close the file."""
        if self._writing is not None:
            await asyncio.wait({self._writing})
        await self._do(self._file.close)
        self._thread.shutdown()

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            rows = [(self._publisher, out.subject, out.event_id, out.message_id, out.body) for out, _ in batch]
            try:
                positions = await self._do(partial(self._in_transaction, _ADD, rows))
            except SpoolError as error:
                self.size_bytes -= sum(len(out.body) for out, _ in batch)
                for _, kept in batch:
                    kept.set_exception(error)
                    kept.exception()  # Whoever handed it over may be gone.
                continue
            self.count += len(batch)
            for (_, kept), position in zip(batch, positions, strict=True):
                kept.set_result(position)
        self._writing = None

    # -- in the thread ------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        self._path.touch(mode=0o600)
        # Nobody waits for another process: whoever has the file has it until it ends.
        self._file = sqlite3.connect(self._path, isolation_level=None, timeout=0)
        try:
            for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=FULL"):
                self._file.execute(f"PRAGMA {pragma}")
            self._file.execute(_SCHEMA)
            self.count, self.size_bytes, publisher = self._file.execute(_HOLDS).fetchone()
        except sqlite3.Error:
            self._file.close()
            raise
        if self.count and publisher != self._publisher:
            self._file.close()
            raise SpoolError(f"the spool {self._path} holds submissions of {publisher}: give each publisher its own")

    def _in_transaction(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> list[int]:
        """What each row returns."""
        self._file.execute("BEGIN")
        try:
            found = [self._file.execute(statement, row).fetchone() for row in rows]
            self._file.execute("COMMIT")
        except sqlite3.Error:
            self._file.execute("ROLLBACK")
            raise
        return [each[0] for each in found if each is not None]

    async def _do(self, work: Callable[[], _Result]) -> _Result:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except (sqlite3.Error, OSError) as error:
            in_use = "locked" in str(error)
            why = "another process uses it" if in_use else str(error)
            raise SpoolError(f"the spool {self._path} cannot be used: {why}") from error

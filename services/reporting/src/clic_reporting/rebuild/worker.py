"""Who folds for a rebuild: one process per core for a long log, the rebuild's own for a short one."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import sys
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final, Protocol

from clic_chassis.error import RetryableError
from clic_chassis.projector import CannotFoldError
from clic_reporting.reader import Raw, ended
from clic_reporting.shard import (
    HEADER_BYTES,
    Batch,
    End,
    Failed,
    Folded,
    Open,
    Shard,
    Summary,
    answer,
    frame,
    open_connection,
)

COMMITS_PER_WORKER: Final = 20_000
"""A log shorter than this is folded here: starting processes would take longer."""
WORKERS_MAX: Final = 8
BATCHES_UNDER_WAY_MAX: Final = 3
"""Batches that a worker was given and has not folded; of `reader.FETCH_COMMITS` commits at most, so some 17 MB."""
END_TIMEOUT_S: Final = 10.0
PIPE_BYTES: Final = 1 << 20


class Hands(Protocol):
    """Whoever folds."""

    @property
    def events(self) -> int:
        """Facts folded so far."""
        ...

    async def fold(self, commits: list[Raw]) -> None:
        """Take commits, in the log's order; waits while too many are under way."""
        ...

    async def settled(self) -> None:
        """Wait until what was taken is folded."""
        ...

    async def finish(self) -> list[Summary]:
        """Wait until everything is folded and written."""
        ...


def workers_for(commits: int) -> int:
    """How many processes a log of so many commits is worth; 0: none but the rebuild's own."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return 0 if commits < COMMITS_PER_WORKER or cores < 2 else min(cores, WORKERS_MAX)  # noqa: PLR2004 - one core is one worker


@contextlib.asynccontextmanager
async def open_hands(postgres_url: str, schema: str, workers: int) -> AsyncIterator[Hands]:
    """Workers that end with the block, however it ends; with 0 the caller's process does their work."""
    if workers == 0:
        connection = await open_connection(postgres_url)
        try:
            yield _Own(Shard(connection, schema))
        finally:
            await connection.close(timeout=END_TIMEOUT_S)
        return
    started: list[_Worker] = []
    try:
        while len(started) < workers:
            started.append(await _Worker.start(postgres_url, schema))
        yield _Workers(started)
    finally:
        for each in started:
            await each.end()


class _Own:
    """The rebuild's own process."""

    def __init__(self, shard: Shard) -> None:
        self._shard = shard
        self.events = 0

    async def fold(self, commits: list[Raw]) -> None:
        self.events += await self._shard.fold(commits)

    async def settled(self) -> None:
        """Nothing is ever under way."""

    async def finish(self) -> list[Summary]:
        return [await self._shard.finish()]


class _Worker:
    """One process and what it said."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._said, self._answers = process.stdin, process.stdout
        self._room = asyncio.Semaphore(BATCHES_UNDER_WAY_MAX)
        self._under_way = 0
        self._moved = asyncio.Event()
        self.events = 0
        self.failed: Exception | None = None
        self.summary: Summary | None = None
        self._hearing = asyncio.create_task(self._hear())

    @classmethod
    async def start(cls, postgres_url: str, schema: str) -> _Worker:
        """Start a process; what it needs to know goes through the pipe, where nobody else can read it."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "clic_reporting.shard",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the rebuild, which ends its workers.
        )
        worker = cls(process)
        worker._widen()
        await worker._say(Open(postgres_url, schema))
        return worker

    def _widen(self) -> None:
        """Let a batch through the pipe in a few pieces instead of fifty, where the system can."""
        pipe = self._said.transport.get_extra_info("pipe")
        if pipe is not None and hasattr(fcntl, "F_SETPIPE_SZ"):
            with contextlib.suppress(OSError):  # More than an unprivileged user may have.
                fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)

    async def give(self, commits: Sequence[Raw]) -> None:
        """Hand over commits; waits for room."""
        await self._room.acquire()
        if self.failed is not None:
            raise self.failed
        self._under_way += 1
        await self._say(Batch(commits))

    async def settled(self) -> None:
        """Wait until nothing is under way, or it failed."""
        while self._under_way and self.failed is None:
            self._moved.clear()
            await self._moved.wait()

    async def finish(self) -> Summary:
        """Wait until everything is written."""
        await self._say(End())
        while self.summary is None:
            if self.failed is not None:
                raise self.failed
            self._moved.clear()
            await self._moved.wait()
        return self.summary

    async def end(self) -> None:
        """End the process, at its work or done, and wait for it."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        await ended(self._hearing, "worker")

    async def _say(self, message: Any) -> None:
        try:
            self._said.write(frame(message))
            await self._said.drain()
        except OSError as error:
            await ended(self._hearing, "worker")
            raise self.failed or RetryableError(f"a worker of the rebuild cannot be told: {error}") from error

    async def _hear(self) -> None:
        while True:
            try:
                size = int.from_bytes(await self._answers.readexactly(HEADER_BYTES), "big")
                said = answer(await self._answers.readexactly(size))
            except asyncio.IncompleteReadError:
                said = Failed(f"a worker of the rebuild ended with {await self._process.wait()}")
            match said:
                case Folded(events):
                    self.events += events
                    self._under_way -= 1
                case Failed(why, None):
                    self.failed = RetryableError(f"{why}. The live tables are as they were")
                case Failed(why, int(sequence)):
                    self.failed = CannotFoldError(sequence, why)
                case Summary():
                    self.summary = said
            self._moved.set()
            self._room.release()
            if self.failed is not None or self.summary is not None:
                return


class _Workers:
    """Processes, each with the requests whose ids end as its number says."""

    def __init__(self, workers: list[_Worker]) -> None:
        self._workers = workers
        count = len(workers)
        self._of = {digit: int(digit, 16) % count for digit in "0123456789abcdef"}

    @property
    def events(self) -> int:
        """Facts folded so far."""
        return sum(each.events for each in self._workers)

    async def fold(self, commits: list[Raw]) -> None:
        shares: list[list[Raw]] = [[] for _ in self._workers]
        shard_of = self._of.get
        for each in commits:
            shares[shard_of(each[1][-1:], 0)].append(each)
        try:
            for worker, share in zip(self._workers, shares, strict=True):
                if share:
                    await worker.give(share)
        except (CannotFoldError, RetryableError):
            await self.settled()
            raise

    async def settled(self) -> None:
        """Raises the failure that stands first in the log, where there are several."""
        for each in self._workers:
            await each.settled()
        failures = [each.failed for each in self._workers if each.failed is not None]
        if failures:
            raise min(failures, key=_position)

    async def finish(self) -> list[Summary]:
        await self.settled()
        return list(await asyncio.gather(*(each.finish() for each in self._workers)))


def _position(failure: Exception) -> float:
    return failure.sequence if isinstance(failure, CannotFoldError) else float("inf")

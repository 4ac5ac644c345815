"""Many small writes as one: what comes while a statement is under way goes together in the next."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from .error import RetryableError

T = TypeVar("T")

BATCH_MAX = 256
"""Writes in one statement, unless said otherwise; who waits beyond is in the next one."""


@dataclass(slots=True, eq=False)
class _Wanted(Generic[T]):
    what: T
    is_done: bool = False
    error: Exception | None = None


class Together(Generic[T]):
    """Writes for all who wait, and tells each what came of it; nobody waits for a batch to fill."""

    def __init__(self, write: Callable[[Sequence[T]], Awaitable[None]], *, most: int = BATCH_MAX) -> None:
        """`most` is how many go in one batch."""
        self._write = write
        self._most = most
        self._writing = asyncio.Lock()
        self._waiting: deque[_Wanted[T]] = deque()
        """Bounded by the tasks that write, each of which waits here once."""

    async def write(self, what: T) -> None:
        """Return once it is written. Raises what the statement raised.

        Raises:
            RetryableError: whoever wrote for all was cut off.
        """
        wanted = _Wanted(what)
        self._waiting.append(wanted)
        try:
            async with self._writing:
                while not wanted.is_done:
                    await self._write_waiting()
        except asyncio.CancelledError:
            if wanted in self._waiting:
                self._waiting.remove(wanted)
            raise
        if wanted.error is not None:
            raise wanted.error

    async def _write_waiting(self) -> None:
        batch = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
        error: Exception | None = RetryableError("the write was cut off")
        try:
            await self._write([each.what for each in batch])
            error = None
        except Exception as failed:  # noqa: BLE001 - each of those who wait raises it
            error = failed
        finally:
            for each in batch:
                each.is_done, each.error = True, error

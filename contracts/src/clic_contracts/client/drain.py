"""Empties a spool into the inbox, oldest first, for as long as the publisher lives."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from .delivery import BACKOFF_MAX_S, Delivered, Outgoing
from .error import NotDeliveredError, SpoolError
from .spool import Spool, Spooled


class Drain:
    """Delivers what a spool holds, `batch` at once; what the inbox does not take now it takes later.

    What it will never take so (denied, too large) stands aside until the publisher starts again, and holds up nothing.
    """

    def __init__(
        self,
        spool: Spool,
        deliver: Callable[[Outgoing], Awaitable[Delivered]],
        given_up: Callable[[Outgoing, Delivered], None],
        *,
        batch: int,
    ) -> None:
        self._spool = spool
        self._deliver = deliver
        self._given_up = given_up
        self._batch = batch
        self._aside: set[int] = set()
        self._watched: dict[str, asyncio.Future[Delivered]] = {}
        """By message id, what somebody waits for."""
        self._wake = asyncio.Event()
        self._round = asyncio.Condition()
        self._rounds_failed = 0
        self._reason = ""
        self._working = asyncio.create_task(self._work())

    @property
    def waiting(self) -> int:
        """Submissions in the file, those that were denied included."""
        return self._spool.count

    async def add(self, out: Outgoing) -> None:
        """Keep one. Raises as `Spool.add`."""
        await self._spool.add(out)
        self._wake.set()

    async def add_and_wait(self, out: Outgoing) -> Delivered:
        """Keep one, and wait until it is in the inbox or never will be. Raises as `Spool.add`."""
        watched = self._watched.setdefault(out.message_id, asyncio.get_running_loop().create_future())
        try:
            await self.add(out)
            return await asyncio.shield(watched)  # Another may wait for the same.
        finally:
            self._watched.pop(out.message_id, None)

    async def flush(self) -> None:
        """Wait until the inbox has all that it may have, or does not take it now.

        Raises:
            NotDeliveredError: some wait; the server is away, or the file cannot be read.
        """
        async with self._round:
            failed_before = self._rounds_failed
            await self._round.wait_for(lambda: self._is_empty or self._rounds_failed > failed_before)
        if not self._is_empty:
            raise NotDeliveredError(self._spool.count - len(self._aside), self._reason)

    async def close(self) -> None:
        """Stop; the file keeps what is left."""
        self._working.cancel()
        await asyncio.gather(self._working, return_exceptions=True)
        await self._spool.close()

    @property
    def _is_empty(self) -> bool:
        return self._spool.count <= len(self._aside)

    async def _work(self) -> None:
        while True:
            self._wake.clear()
            try:
                found = await self._spool.oldest(self._batch + len(self._aside))
                if due := [each for each in found if each.position not in self._aside][: self._batch]:
                    await self._deliver_all(due)
                    continue
            except SpoolError as error:
                await self._failed(str(error))
                continue
            await self._wake.wait()

    async def _deliver_all(self, due: list[Spooled]) -> None:
        outcomes = await asyncio.gather(*(self._deliver(each.out) for each in due))
        pairs = list(zip(due, outcomes, strict=True))
        await self._spool.remove(each for each, outcome in pairs if outcome.is_there)
        left = [outcome for _, outcome in pairs if not outcome.is_final]
        for each, outcome in pairs:
            if not outcome.is_final:
                continue
            if not outcome.is_there:
                self._aside.add(each.position)
                self._given_up(each.out, outcome)
            watched = self._watched.get(each.out.message_id)
            if watched is not None and not watched.done():
                watched.set_result(outcome)
        if left:
            await self._failed(left[0].reason or "")
        else:
            await self._tell()

    async def _failed(self, reason: str) -> None:
        """A round after which something is left: told to whoever flushes, and tried again after a while."""
        self._reason = reason
        self._rounds_failed += 1
        await self._tell()
        await asyncio.sleep(BACKOFF_MAX_S)

    async def _tell(self) -> None:
        async with self._round:
            self._round.notify_all()

"""What keeps open dashboards up to date: the position of the tables, looked at for all of them together."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from time import monotonic

import asyncpg
import structlog

from clic_chassis.error import ClicError
from clic_chassis.failure import is_outage

from .figures import statement

log = structlog.get_logger()

LOOK_EVERY_S = 0.25
"""Between two looks, while somebody watches: a quarter of the second within which a page has to tell an event."""
HEARTBEAT_S = 15.0
"""After so long without a word a page is told the position again, so that one that went away is noticed."""
VIEWERS_MAX = 200
VIEWERS_EACH_MAX = 10
"""Of one reader: pages that nobody closed must not take the others' places."""


class FullError(ClicError):
    """As many pages as may be are kept up to date already."""


class Changes:
    """A component that looks where the tables are and tells whoever watches.

    The checkpoint is read, not the projector: an instance on standby, whose tables another one writes, is live too.
    """

    name = "dashboard-changes"

    def __init__(self, pool: asyncpg.Pool, *, look_every_s: float = LOOK_EVERY_S) -> None:
        self._pool = pool
        self._look_every_s = look_every_s
        self._viewers: Counter[str] = Counter()
        self._watched = asyncio.Event()
        self._moved = asyncio.Event()
        self._over = False
        self._away = False
        self.position: int | None = None

    def not_ready(self) -> str | None:
        """Never a reason: pages without news still answer."""
        return None

    @property
    def viewers(self) -> int:
        """Pages that are kept up to date now."""
        return self._viewers.total()

    async def run(self, stop: asyncio.Event) -> None:
        """Look while somebody watches, until told to stop; then every page's stream ends."""
        stopping = asyncio.create_task(stop.wait())
        while not stop.is_set():
            watched = asyncio.create_task(self._watched.wait())
            await asyncio.wait({stopping, watched}, return_when=asyncio.FIRST_COMPLETED)
            watched.cancel()
            began = monotonic()
            if not stop.is_set():
                await self._look()
            left_s = max(0.0, self._look_every_s - (monotonic() - began))
            await asyncio.wait({stopping}, timeout=left_s)
        self._over = True
        self._tell()

    async def _look(self) -> None:
        try:
            position = await self._pool.fetchval(statement("position"), timeout=5)
        except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
            return  # Nothing was folded yet.
        except Exception as error:
            if not is_outage(error):
                raise
            if not self._away:
                log.warning("dashboard_waits", error=type(error).__name__)
            self._away = True
            return
        self._away = False
        if position != self.position:
            self.position = position
            self._tell()

    def _tell(self) -> None:
        told, self._moved = self._moved, asyncio.Event()
        told.set()

    @contextlib.contextmanager
    def seat(self, reader: str) -> Iterator[None]:
        """A place among those who watch.

        Raises:
            FullError: there is none.
        """
        if self.viewers >= VIEWERS_MAX or self._viewers[reader] >= VIEWERS_EACH_MAX:
            raise FullError("as many pages as may be are kept up to date already: close some, or reload this one later")
        self._viewers[reader] += 1
        self._watched.set()
        try:
            yield
        finally:
            self._viewers -= Counter({reader: 1})
            if not self.viewers:
                self._watched.clear()

    async def positions(self, stands: Callable[[], bool]) -> AsyncIterator[int]:
        """The position now, again whenever it moved, and every `HEARTBEAT_S`, while the reader's session `stands`.

        It ends with the service, too: nothing may hold up a stop.
        """
        told: int | None = None
        while not self._over and stands():
            moved = self._moved
            if self.position is not None and self.position != told:
                told = self.position
                yield told
                continue
            try:
                await asyncio.wait_for(moved.wait(), HEARTBEAT_S)
            except TimeoutError:
                told = None

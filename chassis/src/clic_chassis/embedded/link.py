"""The links between the servers of a cluster: TCP connections through a thread of ours, so that they can be cut.

Network namespaces would be nearer to a real network, and need root; this works everywhere. A cut link keeps its
connections and lets nothing through, as a network that lost its way does: nobody is told.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from .port import LOOPBACK

CHUNK_BYTES = 64 * 1024
CALL_TIMEOUT_S = 10.0

T = TypeVar("T")


@dataclass
class _Way:
    """One direction between two servers."""

    is_open: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.is_open.set()


class Links:
    """Ports that stand for others: who connects to `port(a, b)` reaches b's port as a, while the link lets it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._ways: dict[tuple[str, str], _Way] = {}
        self._servers: list[asyncio.Server] = []
        self._connections: set[asyncio.Task[Any]] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, name="links", daemon=True)
        self._thread.start()

    def open(self, source: str, target: str, target_port: int) -> int:
        """A port for `source` alone, behind which `target` listens; nothing need listen there yet."""
        return self._call(self._open(source, target, target_port))

    def cut(self, source: str, target: str) -> None:
        """Let nothing through from the one to the other; the way back stays as it is."""
        self._call(self._set(source, target, lets_through=False))

    def mend(self, source: str, target: str) -> None:
        """Let everything through again, first what was held."""
        self._call(self._set(source, target, lets_through=True))

    def mend_all(self) -> None:
        """Mend every link."""
        for source, target in list(self._ways):
            self.mend(source, target)

    def close(self) -> None:
        """End every connection and the thread; once more changes nothing."""
        if self._thread.is_alive():
            self._call(self._close())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(CALL_TIMEOUT_S)
            self._loop.close()

    def _call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(CALL_TIMEOUT_S)

    async def _open(self, source: str, target: str, target_port: int) -> int:
        there, back = (self._ways.setdefault(pair, _Way()) for pair in ((source, target), (target, source)))

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._connections.add(task)
            try:
                await _carry(reader, writer, target_port, there, back)
            except asyncio.CancelledError:
                pass  # The links are closed; asyncio's streams of Python 3.11 would tell it as a failure.
            finally:
                self._connections.discard(task)

        server = await asyncio.start_server(connected, LOOPBACK, 0, limit=CHUNK_BYTES)
        self._servers.append(server)
        port: int = server.sockets[0].getsockname()[1]
        return port

    async def _set(self, source: str, target: str, *, lets_through: bool) -> None:
        is_open = self._ways[source, target].is_open
        if lets_through:
            is_open.set()
        else:
            is_open.clear()

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        for each in (connections := list(self._connections)):
            each.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


async def _carry(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target_port: int, there: _Way, back: _Way
) -> None:
    """One connection, until either end closes it."""
    with contextlib.closing(writer):
        # A handshake needs both ways.
        await there.is_open.wait()
        await back.is_open.wait()
        try:
            target_reader, target_writer = await asyncio.open_connection(LOOPBACK, target_port, limit=CHUNK_BYTES)
        except OSError:
            return  # Nobody listens there now; whoever connected is closed and tries again.
        with contextlib.closing(target_writer):
            pumps = {
                asyncio.create_task(_pump(reader, target_writer, there)),
                asyncio.create_task(_pump(target_reader, writer, back)),
            }
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for each in pumps:
                    each.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: _Way) -> None:
    with contextlib.suppress(OSError):  # The other end went away.
        while chunk := await reader.read(CHUNK_BYTES):
            await way.is_open.wait()
            writer.write(chunk)
            await writer.drain()

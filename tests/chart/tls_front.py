"""TLS before a PostgreSQL of the wheel, which is built without it; Debian 12's own is older than CLIC needs."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

from tests.admission.certificate import Authority

from clic_chassis.embedded.port import LOOPBACK, free_port

SSL_REQUEST = (8).to_bytes(4, "big") + (80877103).to_bytes(4, "big")
"""What a client says first that wants TLS (PostgreSQL, Message Formats); `S` takes it."""
PIECE_BYTES = 65_536
START_S = 30.0


@contextlib.contextmanager
def tls_front(postgres_url: str, authority: Authority) -> Iterator[str]:
    """The address of the same server with a certificate of this authority; whoever comes in clear is shown out."""
    behind, port = urlsplit(postgres_url), free_port()
    files = authority.give("postgres")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.certificate, files.key)
    loop, listening, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            if await reader.readexactly(len(SSL_REQUEST)) == SSL_REQUEST:
                writer.write(b"S")
                await writer.start_tls(context)
                there, back = await asyncio.open_connection(behind.hostname, behind.port)
                await asyncio.gather(_pass_on(reader, back), _pass_on(there, writer))
        writer.close()

    async def run() -> None:
        async with await asyncio.start_server(serve, LOOPBACK, port):
            listening.set()
            await stop.wait()
        for each in asyncio.all_tasks() - {asyncio.current_task()}:
            each.cancel()

    # In a thread: the test itself waits for processes to end, which say good-bye to PostgreSQL.
    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    try:
        assert listening.wait(START_S)
        yield behind._replace(netloc=f"{behind.netloc.rpartition('@')[0]}@{LOOPBACK}:{port}").geturl()
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while piece := await reader.read(PIECE_BYTES):
            writer.write(piece)
            await writer.drain()
    writer.close()

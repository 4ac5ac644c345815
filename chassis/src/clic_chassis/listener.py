"""Where a service listens for HTTP."""

from __future__ import annotations

import socket

from .error import ClicError


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 chooses a free one.

    Raises:
        ClicError: nobody can listen there.
    """
    try:
        listener = socket.create_server((host, port))
    except OSError as error:
        raise ClicError(
            f"CLIC_HTTP_HOST, CLIC_HTTP_PORT: nobody can listen on {host}:{port}: {error.strerror}"
        ) from error
    # Connections inherit it. asyncio sets it for sockets that it made itself; without it an answer of two writes waits
    # 40 ms for the client's delayed acknowledgement (Nagle; measured: 49 ms instead of 9).
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener

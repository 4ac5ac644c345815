"""Headers that cannot be read end nothing: what others have stored may be any bytes.

nats-py 2.16 reads a block of headers outside of its `try`. One that is cut short (`NATS/1.0` without the end of a
line) is stored by the server, and ends the read loop of whoever consumes it: the connection stands and hears nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from nats.aio.client import Client

log = structlog.get_logger()


def status_of(headers: Mapping[str, str]) -> str | None:
    """What the server says in place of a message that was asked for by direct get; None: it is the message.

    A message may have any header of its publisher's, a status too; its sequence is always the server's.
    """
    return None if "Nats-Sequence" in headers else headers.get("Status", "no status")


def withstand(connection: Client) -> None:
    """Have a connection take what cannot be read for no headers at all."""
    read = connection._process_headers  # noqa: SLF001 - there is no other place between the server's bytes and the loop

    async def _process_headers(headers: Any) -> dict[str, str] | None:
        try:
            return await read(headers)
        except (IndexError, ValueError) as error:
            log.warning("headers_unreadable", error=type(error).__name__)
            return None

    connection._process_headers = _process_headers  # type: ignore[method-assign]  # noqa: SLF001 - the same

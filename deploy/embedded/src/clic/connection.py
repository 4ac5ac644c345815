"""How a `clic` command reaches NATS: from the environment, or from what `clic up` wrote into its folder."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nats
from nats.aio.client import Client

from clic_chassis.error import ClicError

CONNECT_TIMEOUT_S = 10


class ConnectionUnknownError(ClicError):
    """Nothing says where NATS is, or as whom to speak to it; the message says how to mend it."""


@dataclass(frozen=True, slots=True)
class Connection:
    """Where NATS is, and as whom we speak to it."""

    nats_url: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def inbox_prefix(self) -> str:
        """Where answers to this user come back: each user has a prefix of its own."""
        return f"_INBOX_{self.user}" if self.user else "_INBOX"

    async def connect(self, name: str) -> Client:
        """A connection that reconnects by itself for as long as it lives."""
        options: dict[str, Any] = {} if self.user is None else {"user": self.user, "password": self.password}
        return await nats.connect(
            self.nats_url,
            name=name,
            inbox_prefix=self.inbox_prefix.encode(),
            connect_timeout=CONNECT_TIMEOUT_S,
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.5,
            **options,
        )


def clic_dir() -> Path:
    """The folder of this installation: `CLIC_DIR`, or `.clic` where one stands."""
    return Path(os.environ.get("CLIC_DIR") or ".clic")


def publisher_connection(publisher: str) -> Connection:
    """As this publisher: by `CLIC_NATS_URL`, `CLIC_NATS_USER`, `CLIC_NATS_PASSWORD`, or `connection.json`.

    Raises:
        ConnectionUnknownError: neither says how.
    """
    if url := os.environ.get("CLIC_NATS_URL"):
        return Connection(url, os.environ.get("CLIC_NATS_USER"), os.environ.get("CLIC_NATS_PASSWORD"))
    path = clic_dir() / "connection.json"
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        account = said.get("publishers", {}).get(publisher)
        if account is None and said.get("publishers"):
            raise ConnectionUnknownError(f"{path}: no publisher {publisher}; known: {', '.join(said['publishers'])}")
        account = account or {}
        return Connection(said["nats_url"], account.get("user"), account.get("password"))
    except FileNotFoundError as error:
        raise ConnectionUnknownError(
            f"CLIC does not run from {path.parent}: start it with `clic up`, or name its folder in CLIC_DIR"
        ) from error
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise ConnectionUnknownError(f"{path}: cannot be read ({error}); `clic up` writes it anew") from error

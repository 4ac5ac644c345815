"""What could not be handled: kept with its reason, listed, tried again or discarded, and never dropped.

An entry names the message (stream and sequence) rather than copying it: an inbox message stays in the inbox until
it is judged, a commit stays in the log for ever. Entries live on the stream CLIC_QUARANTINE, one subject each:
`clic.quarantine.<service>.<consumer>.<key>.<sequence>`; the newest message of a subject is the entry's state.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import AsyncIterator
from typing import Any, Literal

from nats.aio.client import Client
from nats.errors import Error as NatsError
from pydantic import AwareDatetime, BaseModel, ConfigDict

from clic_contracts.subject import QUARANTINE_PREFIX, QUARANTINE_STREAM, quarantine_subject, token

from .error import NotFoundError, RetryableError
from .nats_header import status_of

REQUEST_TIMEOUT_S = 5.0
SETTLED_KEPT = "2160h"
"""How long a settled entry can be looked up: 90 days, in NATS' words. What is held stays until it is settled."""
State = Literal["failed", "waiting", "retry", "resolved", "discarded"]
HELD: tuple[State, ...] = ("failed", "waiting", "retry")
"""States in which an entry holds back later messages of its key."""


class Entry(BaseModel):
    """One message in quarantine."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    service: str
    consumer: str
    stream: str
    sequence: int
    subject: str
    key: str
    state: State
    """`failed`: could not be handled; `waiting`: behind a failed one of its key; `retry`: to be tried again;
    `resolved`: handled since; `discarded`: a person decided to leave it."""
    reason: str
    """The error's type and, where it can hold no personal data, its message."""
    tries: int
    since: AwareDatetime
    changed_at: AwareDatetime
    by: str = ""

    @property
    def entry_id(self) -> str:
        """What an operator names it by: `<consumer>.<sequence>`. Consumers' names are unique over services."""
        return f"{self.consumer}.{self.sequence}"

    @property
    def entry_subject(self) -> str:
        """Where it is stored."""
        return quarantine_subject(self.service, self.consumer, self.key, self.sequence)


class Quarantine:
    """Reads and writes entries; of one service where the permissions say so."""

    def __init__(self, nats: Client) -> None:
        self._nats = nats

    async def put(self, entry: Entry) -> None:
        """Store an entry's newest state.

        Raises:
            RetryableError: it is not known to be stored.
        """
        try:
            answer = await self._nats.request(
                entry.entry_subject,
                entry.model_dump_json().encode(),
                timeout=REQUEST_TIMEOUT_S,
                headers=None if entry.state in HELD else {"Nats-TTL": SETTLED_KEPT},
            )
        except (NatsError, OSError) as error:
            raise RetryableError(f"quarantine {entry.entry_id}: {type(error).__name__}") from error
        if "error" in (said := json.loads(answer.data)):
            raise RetryableError(f"quarantine {entry.entry_id}: {said['error'].get('description')}")

    async def newest(self, entry: Entry) -> Entry | None:
        """The state in which an entry is stored now; None: it never was.

        Raises:
            RetryableError: no answer.
        """
        answer = await self._get({"last_by_subj": entry.entry_subject})
        return None if answer is None else answer[1]

    async def entries(
        self, *, service: str = "*", consumer: str = "*", key: str | None = None, states: tuple[State, ...] = HELD
    ) -> AsyncIterator[Entry]:
        """Entries in these states, oldest change first; of a service, of one of its consumers, of a key.

        Raises:
            RetryableError: no answer.
        """
        sequence = 1
        whose = consumer if consumer == "*" else token(consumer)
        pattern = f"{QUARANTINE_PREFIX}.{service}.{whose}.{'*' if key is None else token(key)}.*"
        while (answer := await self._get({"seq": sequence, "next_by_subj": pattern})) is not None:
            position, entry = answer
            sequence = position + 1
            if entry.state in states:
                yield entry

    async def _get(self, what: dict[str, Any]) -> tuple[int, Entry] | None:
        """One direct get: position and entry, or None."""
        try:
            answer = await self._nats.request(
                f"$JS.API.DIRECT.GET.{QUARANTINE_STREAM}", json.dumps(what).encode(), timeout=REQUEST_TIMEOUT_S
            )
        except (NatsError, OSError) as error:
            raise RetryableError(f"quarantine: no answer ({type(error).__name__})") from error
        headers = answer.headers or {}
        status = status_of(headers)
        if status == "404":
            return None
        if status is not None:
            raise RetryableError(f"quarantine: {status} {headers.get('Description', '')}")
        return int(headers["Nats-Sequence"]), Entry.model_validate_json(answer.data)

    async def find(self, entry_id: str) -> Entry:
        """The entry of an id `<consumer>.<sequence>`.

        Raises:
            NotFoundError: there is none that is held.
        """
        consumer, _, sequence = entry_id.rpartition(".")
        if consumer and sequence.isdigit():
            async for entry in self.entries(consumer=consumer):
                if entry.sequence == int(sequence):
                    return entry
        raise NotFoundError(f"no entry {entry_id!r} is in quarantine; `clic quarantine list` shows those that are")

    async def retry(self, entry_id: str, *, by: str, now: dt.datetime) -> Entry:
        """Ask the service to try an entry, and those waiting behind it, again. Raises as `find`."""
        return await self._change(await self.find(entry_id), "retry", by, now)

    async def discard(self, entry_id: str, *, by: str, reason: str, now: dt.datetime) -> Entry:
        """Leave an entry for good; those waiting behind it are then handled. Raises as `find`."""
        entry = await self.find(entry_id)
        return await self._change(
            entry.model_copy(update={"reason": f"{entry.reason}; {reason}"}), "discarded", by, now
        )

    async def _change(self, entry: Entry, state: State, by: str, now: dt.datetime) -> Entry:
        changed = entry.model_copy(update={"state": state, "by": by, "changed_at": now})
        await self.put(changed)
        return changed

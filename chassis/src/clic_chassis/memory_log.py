"""The event log's in-memory twin, for fast tests and simulation."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Sequence

from clic_contracts.envelope import Commit, Recorded, decode_commit, encode_commit
from clic_contracts.subject import LOG_STREAM, log_subject
from clic_contracts.vocabulary import RequestId, Service

from .error import ConflictError
from .log import LogIdentity, Story


class MemoryLog:
    """Holds commits as their stored bytes, so that what cannot be stored fails here too."""

    def __init__(self, created_at: dt.datetime | None = None) -> None:
        self._created_at = created_at or dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        self._commits: list[tuple[str, Service, RequestId, bytes]] = []
        self._positions: dict[str, list[int]] = {}
        """Of each subject's commits."""

    async def append(
        self, service: Service, request_id: RequestId, events: Sequence[Recorded], *, expected: int
    ) -> int:
        """See `EventLog.append`."""
        subject = log_subject(service, request_id)
        positions = self._positions.setdefault(subject, [])
        if (positions[-1] if positions else 0) != expected:
            raise ConflictError(subject, expected)
        self._commits.append((subject, service, request_id, encode_commit(events)))
        positions.append(len(self._commits))
        return len(self._commits)

    async def load(self, service: Service, request_id: RequestId, *, fresh: bool = False) -> Story:
        """See `EventLog.load`; what is in memory is always fresh."""
        del fresh
        return Story(tuple(self._commit(each) for each in self._positions.get(log_subject(service, request_id), ())))

    async def read(self, *, after: int = 0, filters: Sequence[str] = ()) -> AsyncIterator[Commit]:
        """See `EventLog.read`."""
        for sequence, (subject, *_) in enumerate(list(self._commits), start=1):
            if sequence > after and (not filters or any(_matches(subject, each) for each in filters)):
                yield self._commit(sequence)

    async def identity(self) -> LogIdentity:
        """See `EventLog.identity`."""
        return LogIdentity(LOG_STREAM, self._created_at, len(self._commits))

    def _commit(self, sequence: int) -> Commit:
        _, service, request_id, body = self._commits[sequence - 1]
        return Commit(sequence, service, request_id, decode_commit(body))


def _matches(subject: str, pattern: str) -> bool:
    """Whether a subject falls under a NATS filter."""
    have, want = subject.split("."), pattern.split(".")
    for position, part in enumerate(want):
        if part == ">":
            return len(have) > position
        if position >= len(have) or part not in ("*", have[position]):
            return False
    return len(have) == len(want)

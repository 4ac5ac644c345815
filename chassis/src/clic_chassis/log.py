"""The event log as the services see it: append on an expectation, load a story, read in order."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from clic_contracts.envelope import Commit, Recorded
from clic_contracts.event import RequestReceived
from clic_contracts.vocabulary import RequestId, Service

MAX_STORY_COMMITS = 10_000
"""Decisions in one service's part of one request at most; a longer story is a loop somewhere."""


@dataclass(frozen=True, slots=True)
class Story:
    """One service's part of a request, and the position that a decision on it has to name."""

    commits: tuple[Commit, ...]

    @property
    def last_sequence(self) -> int:
        """Position of the last commit; 0: there is none."""
        return self.commits[-1].sequence if self.commits else 0

    @property
    def events(self) -> tuple[Recorded, ...]:
        """The facts in order."""
        return tuple(event for commit in self.commits for event in commit.events)

    def caused_by(self, cause_id: str) -> tuple[Recorded, ...]:
        """The facts that this cause made already: said twice, done once."""
        return tuple(event for event in self.events if event.cause_id == cause_id)


@dataclass(frozen=True, slots=True)
class Whole:
    """A request's facts over all services, in the log's order."""

    commits: tuple[Commit, ...]

    @property
    def events(self) -> tuple[Recorded, ...]:
        """Every fact."""
        return tuple(event for commit in self.commits for event in commit.events)

    @property
    def received(self) -> RequestReceived | None:
        """Its reception; None: it is no request's story."""
        return next((each.data for each in self.events if isinstance(each.data, RequestReceived)), None)


@dataclass(frozen=True, slots=True)
class LogIdentity:
    """Which log this is: a projection refuses to go on with another one."""

    stream: str
    created_at: dt.datetime
    last_sequence: int


class EventLog(Protocol):
    """The port; `jetstream_log` is the real one, `memory_log` its twin. Both pass one contract test suite."""

    async def append(
        self, service: Service, request_id: RequestId, events: Sequence[Recorded], *, expected: int
    ) -> int:
        """Store one decision whole, on the expectation that the story still ends at `expected` (0: is empty).

        Returns its position.

        Raises:
            ConflictError: the story went on.
            AppendUnknownError: no answer; it may be stored or not.
        """
        ...

    async def load(self, service: Service, request_id: RequestId, *, fresh: bool = False) -> Story:
        """The story so far, in one round trip; `fresh` reads from the leader, as after a conflict.

        Raises:
            RetryableError: no answer.
            UnreadableError: a stored commit cannot be read.
        """
        ...

    def read(self, *, after: int = 0, filters: Sequence[str] = ()) -> AsyncIterator[Commit]:
        """Commits in the log's order from `after` (exclusive) to what is the end now; for tools and tests."""
        ...

    async def identity(self) -> LogIdentity:
        """Which log this is and how long."""
        ...


async def load_whole(log: EventLog, request_id: RequestId, *, fresh: bool = False) -> Whole:
    """What every service recorded of a request. Raises as `EventLog.load`."""
    stories = [await log.load(service, request_id, fresh=fresh) for service in Service]
    commits = (commit for story in stories for commit in story.commits)
    return Whole(tuple(sorted(commits, key=lambda commit: commit.sequence)))

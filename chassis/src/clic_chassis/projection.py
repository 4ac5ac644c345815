"""What a projection is: tables that a projector keeps up to date, and how much of the log they need to be read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

import asyncpg


class Fact(Protocol):
    """What a projector itself looks at in a fact."""

    @property
    def town(self) -> str:
        """Version of the town's configuration that decided it."""
        ...


class Readable(Protocol):
    """What a projector itself looks at in a commit, whichever way it was decoded."""

    @property
    def sequence(self) -> int:
        """Its position in the log."""
        ...

    @property
    def events(self) -> Sequence[Fact]:
        """Its facts, at least one."""
        ...


CommitT = TypeVar("CommitT", bound=Readable)


class Projection(Protocol[CommitT]):
    """What a projector keeps up to date, and how it reads the log: all of a commit, or only what it needs."""

    name: str
    schema: str
    definition: str

    def decode(self, subject: str, sequence: int, body: bytes, headers: dict[str, str] | None, /) -> CommitT:
        """A commit from a message of the log; `clic_chassis.jetstream_log.decode` reads all of it.

        Raises:
            UnreadableError: it cannot be read; ValueError as well.
        """
        ...

    async def prepare(self, connection: asyncpg.Connection) -> None:
        """Make the tables where they are missing, the checkpoint's among them."""
        ...

    async def apply(self, connection: asyncpg.Connection, commits: Sequence[CommitT]) -> None:
        """Fold commits, in order, inside the caller's transaction."""
        ...

    def forget(self) -> None:
        """Drop what is kept in memory: the last transaction did not commit, or the tables were replaced."""
        ...

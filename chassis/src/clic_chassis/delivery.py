"""A message as a process takes it from its stream."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from clic_contracts.envelope import TYPES_HEADER
from clic_contracts.event import Event


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message of a stream."""

    stream: str
    subject: str
    sequence: int
    body: bytes
    headers: dict[str, str]
    tries: int = 0
    """How often it failed already, in this process."""

    def may_hold(self, events: Iterable[type[Event]]) -> bool:
        """Whether a commit holds one of these events, in any version, as far as its types header tells."""
        types = self.headers.get(TYPES_HEADER)
        return types is None or not _names_in(types).isdisjoint(_names_of(tuple(events)))


HEADERS_REMEMBERED_MAX = 1_024
"""Values of the types header: as many as there are decisions that differ by what they say, some dozens."""


@lru_cache(HEADERS_REMEMBERED_MAX)
def _names_in(types: str) -> frozenset[str]:
    return frozenset(_unversioned(each) for each in types.split(","))


@lru_cache
def _names_of(events: tuple[type[Event], ...]) -> frozenset[str]:
    return frozenset(_unversioned(each.TYPE) for each in events)


def _unversioned(wire_type: str) -> str:
    """A stored type of an old version is lifted to today's: `request.received`, whatever its version."""
    return wire_type.rpartition(".")[0]

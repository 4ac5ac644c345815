"""A message as a process takes it from its stream."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

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
        if types is None:
            return True
        return not {_unversioned(each) for each in types.split(",")}.isdisjoint(_unversioned(e.TYPE) for e in events)


def _unversioned(wire_type: str) -> str:
    """A stored type of an old version is lifted to today's: `request.received`, whatever its version."""
    return wire_type.rpartition(".")[0]

"""How far a rebuild is, and what it says when it is given up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from clic_chassis.error import ClicError


class RebuildError(ClicError):
    """The rebuild was given up; the live tables are as they were."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a rebuild is."""

    commits: int
    events: int
    last_sequence: int
    seconds: float
    doing: str = "folding"
    """folding, keys, sums, verifying, catching up, swapping or done."""
    parts: dict[str, float] = field(default_factory=dict)
    """Part of the work → seconds: read, decode, fold and write in all processes together, the others by the clock."""
    verified: tuple[str, ...] = ()
    """What was found to agree, a sentence each."""

    @property
    def events_per_s(self) -> float:
        """Events per second so far."""
        return self.events / self.seconds if self.seconds else 0.0


Told = Callable[[Progress], None]

"""One figure of a benchmark, and how figures of several runs become one."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure. `name` is the benchmark's and, after a dot, what was measured; `aim` is for people."""

    name: str
    value: float
    unit: str
    aim: str = ""

    def as_json(self) -> dict[str, str | float]:
        """What `bench/results.json` holds of it."""
        return {"name": self.name, "value": round(self.value, 4), "unit": self.unit}


def percentile(values: list[float], share: float) -> float:
    """The value that so large a share of the values does not exceed (nearest rank)."""
    ranked = sorted(values)
    return ranked[max(0, ceil(share * len(ranked)) - 1)]

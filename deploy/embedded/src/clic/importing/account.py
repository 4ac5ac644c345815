"""The account of an import: every row is in one of its lines."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from clic_contracts.submission import InteractionSubmission, OutcomeSubmission, RequestSubmission

from .montreal_311 import Mapped, Refused

EXAMPLES_MAX = 3
"""Lines named for each reason of refusal."""


@dataclass
class Account:
    """What became of the rows of a file."""

    rows: int = 0
    mapped: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    refused_lines: dict[str, list[str]] = field(default_factory=dict)
    """The first lines of each reason, with what stands there."""
    notes: Counter[str] = field(default_factory=Counter)
    unmapped: Counter[str] = field(default_factory=Counter)
    """Rows by category that stands for no subject of the town."""
    requests: Counter[str] = field(default_factory=Counter)
    """By kind."""
    further_contacts: int = 0
    interactions: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)

    def add(self, line: int, result: Mapped | Refused) -> None:
        """Take in one row."""
        self.rows += 1
        if isinstance(result, Refused):
            self.refused[result.reason] += 1
            lines = self.refused_lines.setdefault(result.reason, [])
            if len(lines) < EXAMPLES_MAX:
                lines.append(f"line {line}: {result.detail}" if result.detail else f"line {line}")
            return
        self.mapped += 1
        self.notes.update(result.notes)
        if result.unmapped is not None:
            self.unmapped[result.unmapped] += 1
        for item in result.items:
            match item.submission:
                case RequestSubmission(kind=kind, also_by=also_by):
                    self.requests[kind.value] += 1
                    self.further_contacts += len(also_by)
                case InteractionSubmission():
                    self.interactions += 1
                case OutcomeSubmission(outcome=outcome):
                    self.outcomes[outcome] += 1
                case _:
                    raise AssertionError(item)

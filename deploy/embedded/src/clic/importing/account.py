"""The account of an import: every row is in one of its lines."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from rich.markup import escape
from rich.table import Table

from clic.outbox import Tally
from clic_contracts.submission import InteractionSubmission, OutcomeSubmission, RequestSubmission

from .montreal_311 import NOTES, REASONS, Mapped, Refused

EXAMPLES_MAX = 3
"""Lines named for each reason of refusal."""
LISTED_MAX = 12
"""Unmapped categories that are listed by name; the rest are counted together."""


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
    assumed: int = 0
    """Outcomes whose instant is the creation's, because the file does not tell it."""

    @property
    def submissions(self) -> int:
        """What the mapped rows become."""
        return self.requests.total() + self.interactions + self.outcomes.total()

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
                case OutcomeSubmission(outcome=outcome, time_assumed=assumed):
                    self.outcomes[outcome] += 1
                    self.assumed += assumed
                case _:
                    raise AssertionError(item)


def account_table(account: Account, tally: Tally | None) -> Table:
    """The account of an import as a table; with receipts, where something was to be published."""
    table = Table(title="Import of Montréal's 311 data", show_header=False, title_justify="left")
    table.add_column(overflow="fold")
    table.add_column(justify="right", no_wrap=True)
    _line(table, "rows read", account.rows, style="bold")
    _line(table, "  mapped", account.mapped)
    _line(table, "  refused", account.refused.total(), style="red" if account.refused else "")
    for reason, count in account.refused.most_common():
        _line(table, f"    {REASONS[reason]} ({'; '.join(account.refused_lines[reason])})", count, style="red")
    table.add_section()
    _line(table, "submissions", account.submissions, style="bold")
    _part(table, "  requests", account.requests)
    _line(table, "    further contacts told with them", account.further_contacts)
    _line(table, "  interactions without request of their own", account.interactions)
    _part(table, "  outcomes", account.outcomes)
    if account.assumed:
        _line(table, "    at an assumed instant: the file does not tell when", account.assumed)
    if account.notes:
        table.add_section()
        _line(table, "mapped with a note", account.notes.total(), style="bold")
        for note, count in account.notes.most_common():
            _line(table, f"  {NOTES[note]}", count)
    if account.unmapped:
        table.add_section()
        _line(table, "rows in a category that is no subject of the town", account.unmapped.total(), "bold")
        listed = account.unmapped.most_common()
        for category, count in listed[:LISTED_MAX]:
            _line(table, f"  {category}", count)
        if others := listed[LISTED_MAX:]:
            _line(table, f"  {len(others)} further categories", sum(count for _, count in others))
    if tally is not None:
        _receipts(table, tally)
    return table


def _receipts(table: Table, tally: Tally) -> None:
    table.add_section()
    _line(table, "published now", tally.published, style="bold")
    for status, count in tally.by_status.most_common():
        _line(table, f"  receipts: {status}", count, style="red" if status in ("refused", "quarantined") else "")
    for problem, count in tally.problems.most_common():
        _line(table, f"    {problem}", count, style="red")
    for example in tally.examples:
        table.add_row(f"      {escape(example)}", "", style="red")


def _part(table: Table, name: str, counts: Counter[str]) -> None:
    _line(table, name, counts.total())
    for each, count in counts.most_common():
        _line(table, f"    {each}", count)


def _line(table: Table, name: str, count: int, style: str = "") -> None:
    table.add_row(escape(name), f"{count:,}".replace(",", " "), style=style)

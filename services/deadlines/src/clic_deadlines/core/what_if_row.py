"""What a what-if found, a row for each department, subject and obligation: what was beside what would be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from clic_contracts.town import Town
from clic_contracts.vocabulary import ObligationKind

from .what_if import CONFIDENTIAL, Outcome, Sums


@dataclass(frozen=True, slots=True)
class Side:
    """How so many obligations ended, or stand."""

    met: int = 0
    late: int = 0
    """Kept after their limit."""
    missed: int = 0
    """Open after their limit."""
    open: int = 0
    """Their limit is to come, or they stand still."""
    lifted: int = 0

    @property
    def on_time(self) -> float | None:
        """The share in time of what is due, 0 to 1; open overdue ones count as late. None: nothing is due."""
        due = self.met + self.late + self.missed
        return self.met / due if due else None


@dataclass(frozen=True, slots=True)
class Row:
    """One row."""

    department: str | None
    """None: nobody had it."""
    subject: str | None
    """None: no subject foresaw it; `CONFIDENTIAL`: it is not told."""
    obligation: ObligationKind | None
    """None: all together."""
    was: Side
    would: Side
    differ: int
    """How many would have another outcome."""


def rows_of(sums: Sums, town: Town) -> tuple[Row, ...]:
    """Every row, in the order of the town's departments and subjects."""
    departments = {each.code: n for n, each in enumerate(town.departments)}
    subjects = {each.code: n for n, each in enumerate(town.subjects)}
    kinds = {kind: n for n, kind in enumerate(ObligationKind)}
    last = len(subjects)

    def place(row: Row) -> tuple[int, str, int, str, int]:
        subject = last + 2 if row.subject == CONFIDENTIAL else last + (row.subject is None)
        return (
            departments.get(row.department or "", len(departments)),
            row.department or "",
            subjects.get(row.subject or "", subject),
            row.subject or "",
            kinds[row.obligation] if row.obligation is not None else -1,
        )

    return tuple(sorted((_row(*key, counts) for key, counts in sums.rows.items()), key=place))


def together(rows: Iterable[Row], *, department: str | None = None, subject: str | None = None) -> Row:
    """Rows as one, under these names."""
    every = list(rows)
    return Row(
        department,
        subject,
        None,
        _added(each.was for each in every),
        _added(each.would for each in every),
        sum(each.differ for each in every),
    )


def _row(
    department: str | None,
    subject: str | None,
    obligation: ObligationKind,
    counts: Counter[tuple[Outcome, Outcome]],
) -> Row:
    was, would = Counter[Outcome](), Counter[Outcome]()
    for (before, after), count in counts.items():
        was[before] += count
        would[after] += count
    differ = sum(count for (before, after), count in counts.items() if before is not after)
    return Row(department, subject, obligation, _side(was), _side(would), differ)


def _side(counts: Counter[Outcome]) -> Side:
    return Side(
        counts[Outcome.MET],
        counts[Outcome.LATE],
        counts[Outcome.MISSED],
        counts[Outcome.OPEN],
        counts[Outcome.LIFTED],
    )


def _added(sides: Iterable[Side]) -> Side:
    every = list(sides)
    return Side(
        sum(each.met for each in every),
        sum(each.late for each in every),
        sum(each.missed for each in every),
        sum(each.open for each in every),
        sum(each.lifted for each in every),
    )

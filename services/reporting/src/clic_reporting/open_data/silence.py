"""What the rows of a quarter leave unsaid, so that they do not undo what its published report hides. Source: POL-38.

Pure. A code whose count is hidden becomes, in every row, the same as the other hidden codes of its column. So the file
is made of what such rows say alone: every world in which the report's hidden counts differ has the same file, byte for
byte, and whoever has both knows no more than the report tells. This comes before k-anonymity, which then only sees
what is the same in all those worlds. Why: docs/decisions/0018.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from clic_reporting.core.figure import NONE, STATUSES
from clic_reporting.core.period import Quarter

from .layout import CHANNELS, INFORMATION, NATURES, OTHER, Cell, Layout
from .layout import STATUSES as STATUS_WORDS

NO_REQUESTS = frozenset({"requests.received"})
"""Hidden, even the number of rows would tell too much."""
NO_CONTACTS = frozenset({"interactions.total", "interactions.follow_ups", "interactions.follow_ups_first_line"})
NO_STATUS = frozenset(
    {
        "requests.pending_at_start", "requests.pending_at_end", "requests.treated", "requests.reopenings",
        "requests.pending_by_age.m0", "requests.pending_by_age.m1_2",
    }
)  # fmt: skip
"""Counts that the last status tells of, with the month of reception; older ages are of other quarters' rows."""
DEPARTMENTS = {
    "requests.to_direction_generale": "direction_generale",
    "requests.first_line": "clic",
    "requests.confidential": "greffe",
}
"""Counts of few departments: rows of these are part of them, or of what is left of them."""
_COLUMN = re.compile(
    r"(?:requests\.(?P<column>by_kind|by_status|by_first_channel|by_department|by_subject)"
    r"|interactions\.(?P<contacts>by_channel))\.(?P<code>[^.]+)"
)
_DONE_BY = re.compile(
    r"(?:requests\.(?:pending|treated)_by_department|delays\.by_department|due\.by_department)\.(?P<code>[^.]+)(?:\..+)?"
)
"""How far a department is: with its unit, the last status tells of it."""
_STILL_OWED = re.compile(r"due\.(?:by_kind\.[^.]+\.)?(?:overdue|waiting)|delays\.by_measure\.[^.]+\.requests")
"""What is owed by requests that are open, and how many are done."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Words that stand in no row of a quarter, by column; see `Layout` for the words."""

    natures: frozenset[str] = frozenset()
    """Their rows are left out whole: the layout knows no request without a nature."""
    categories: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()
    units_without_status: frozenset[str] = frozenset()

    @classmethod
    def of(cls, hidden: Iterable[str], quarter: Quarter, layout: Layout) -> Self:
        """What a quarter's rows leave unsaid.

        Args:
            hidden: names of what no reader of the reports is shown, such as `2026-Q1/requests.by_kind.complaint`;
                those of other periods are left aside.
            quarter: whose rows.
            layout: several codes can have one word there, which then is unsaid for all of them.
        """
        codes: dict[str, set[str]] = {}
        for name in hidden:
            period, _, path = name.partition("/")
            if period == str(quarter):
                for column, code in _codes(path):
                    codes.setdefault(column, set()).add(code)
        of = {column: frozenset(found) for column, found in codes.items()}
        nothing: frozenset[str] = frozenset()
        units = of.get("by_department", nothing)
        return cls(
            natures=frozenset(NATURES[kind] for kind in of.get("by_kind", nothing) if kind in NATURES)
            | of.get("nature", nothing),
            categories=frozenset(layout.category(_or_none(code)) for code in of.get("by_subject", nothing)),
            units=frozenset(layout.unit(_or_none(code)) for code in units),
            channels=frozenset(_channel(code) for code in of.get("by_channel", nothing)),
            statuses=frozenset(STATUS_WORDS[code] for code in of.get("by_status", nothing)),
            units_without_status=frozenset(layout.unit(_or_none(code)) for code in of.get("done_by", nothing)),
        )

    def __call__(self, cell: Cell) -> Cell | None:
        """What is said of a row; None: it is left out."""
        if cell.nature in self.natures:
            return None
        said = self._without_channels(cell)
        if cell.category in self.categories:
            said = said._replace(category=OTHER, unit="")
        if cell.nature == INFORMATION:
            return said
        if cell.unit in self.units:
            said = said._replace(category=OTHER, unit="")  # A category is one unit's, as everybody can look up.
        if cell.status in self.statuses or cell.unit in self.units_without_status:
            said = said._replace(status="")
        return said

    def _without_channels(self, cell: Cell) -> Cell:
        if not self.channels:
            return cell
        unsaid = {column for name, column in CHANNELS.values() if name in self.channels}
        counts = tuple(0 if column in unsaid else count for column, count in enumerate(cell.counts))
        return cell._replace(channel="" if cell.channel in self.channels else cell.channel, counts=counts)


def _codes(path: str) -> Iterable[tuple[str, str]]:
    """What a hidden count makes unsaid: columns with codes."""
    if path in NO_REQUESTS:
        yield from (("nature", nature) for nature in NATURES.values())
    if path in NO_CONTACTS:
        yield "nature", INFORMATION
        yield from (("by_channel", channel) for channel in CHANNELS)
    if path in NO_STATUS or _STILL_OWED.fullmatch(path):
        yield from (("by_status", status) for status in STATUSES)
    if path in DEPARTMENTS:
        yield "by_department", DEPARTMENTS[path]
    if match := _COLUMN.fullmatch(path):
        column = match["column"] or match["contacts"]
        yield "by_channel" if column == "by_first_channel" else column, match["code"]
    if match := _DONE_BY.fullmatch(path):
        yield "done_by", match["code"]


def _or_none(code: str) -> str | None:
    return None if code == NONE else code


def _channel(code: str) -> str:
    return CHANNELS[code][0] if code in CHANNELS else ""

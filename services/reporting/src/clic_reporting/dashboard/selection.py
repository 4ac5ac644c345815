"""Which list a reader asks for: what it shows, filtered by what, and where a page of it begins."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Self
from urllib.parse import urlencode

from clic_chassis.error import RefusedError

TEXT_MAX = 100
"""Characters of a filter or a cursor."""


class Show(StrEnum):
    """The lists there are. Each is bounded by a short range of an index."""

    PENDING = "pending"
    LATE = "late"
    RISK = "risk"
    DUE_TODAY = "due_today"
    DUE_WEEK = "due_week"
    TODAY = "today"
    QUARTER = "quarter"


class CursorError(RefusedError):
    """A text is no place in a list."""

    code = "invalid_cursor"


class Cursor(NamedTuple):
    """A place in a list: after the row of this key, this instant and this obligation."""

    key: int | None = None
    instant: dt.datetime | None = None
    obligation: str = ""

    def __str__(self) -> str:
        instant = "" if self.instant is None else self.instant.astimezone(dt.UTC).isoformat()
        return f"{self.key}_{instant}_{self.obligation}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` wrote.

        Raises:
            CursorError: it is none.
        """
        key, _, rest = text.partition("_")
        instant, _, obligation = rest.partition("_")
        none = CursorError("`after` is no place in the list: begin without it")
        try:
            at = dt.datetime.fromisoformat(instant) if instant else None
            cursor = cls(int(key), at, obligation)
        except ValueError as error:
            raise none from error
        if len(text) > TEXT_MAX or (at is not None and at.tzinfo is None) or not 0 <= int(key) < 2**63:
            raise none
        return cursor


@dataclass(frozen=True, slots=True)
class Selection:
    """A list, its filters, and where its page begins."""

    show: Show = Show.PENDING
    department: str | None = None
    subject: str | None = None
    after: Cursor | None = None

    def address(self, after: Cursor | None = None) -> str:
        """The list's address, from its beginning, or the page after a place in it."""
        parts = {"show": str(self.show), "department": self.department, "subject": self.subject}
        if after is not None:
            parts["after"] = str(after)
        return f"/dashboard/requests?{urlencode({name: value for name, value in parts.items() if value})}"

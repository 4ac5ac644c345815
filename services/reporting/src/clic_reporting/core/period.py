"""A period of the report: one quarter of the civil year, in the town's time."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Self

from clic_chassis.error import RefusedError

_QUARTERS = 4
_FORM = re.compile(r"^([0-9]{4})-[Qq]([1-4])$")


class PeriodError(RefusedError):
    """A text is not a period."""

    code = "invalid_period"


@dataclass(frozen=True, slots=True, order=True)
class Quarter:
    """A quarter, written `2022-Q1`. Source: POL-31 (quarterly and annual report)."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `2022-Q1`.

        Raises:
            PeriodError: it is not a quarter.
        """
        match = _FORM.match(text.strip())
        if match is None or not dt.MINYEAR < int(match[1]) < dt.MAXYEAR:  # It has neighbours, then.
            raise PeriodError(f"{text!r} is not a quarter: write the year, -Q and 1 to 4, as in 2022-Q1")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, day: dt.date) -> Self:
        """The quarter that a day lies in."""
        return cls(day.year, (day.month + 2) // 3)

    @property
    def first_on(self) -> dt.date:
        """Its first day."""
        return dt.date(self.year, 3 * self.number - 2, 1)

    @property
    def last_on(self) -> dt.date:
        """Its last day."""
        return self.next_on - dt.timedelta(days=1)

    @property
    def next_on(self) -> dt.date:
        """The first day after it."""
        return self.next.first_on

    @property
    def next(self) -> Quarter:
        """The quarter after it."""
        return Quarter(self.year, self.number + 1) if self.number < _QUARTERS else Quarter(self.year + 1, 1)

    @property
    def previous(self) -> Quarter:
        """The quarter before it."""
        return Quarter(self.year, self.number - 1) if self.number > 1 else Quarter(self.year - 1, _QUARTERS)

    @property
    def name_fr(self) -> str:
        """« Premier trimestre 2022 »."""
        ordinal = {1: "Premier", 2: "Deuxième", 3: "Troisième", 4: "Quatrième"}[self.number]
        return f"{ordinal} trimestre {self.year}"

    def __str__(self) -> str:
        return f"{self.year:04d}-Q{self.number}"

"""A period of the report: a quarter or a year of the civil calendar, in the town's time."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Self

from clic_chassis.error import RefusedError

_QUARTERS = 4
_QUARTER = re.compile(r"^([0-9]{4})-[Qq]([1-4])$")
_YEAR = re.compile(r"^([0-9]{4})$")


class PeriodError(RefusedError):
    """A text is not a period."""

    code = "invalid_period"


def _year(text: str) -> int | None:
    """A year that has neighbours in the calendar."""
    return int(text) if dt.MINYEAR < int(text) < dt.MAXYEAR else None


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
        match = _QUARTER.match(text.strip())
        year = _year(match[1]) if match else None
        if match is None or year is None:
            raise PeriodError(f"{text!r} is not a quarter: write the year, -Q and 1 to 4, as in 2022-Q1")
        return cls(year, int(match[2]))

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
    def year_before(self) -> Quarter:
        """The same quarter of the year before."""
        return Quarter(self.year - 1, self.number)

    @property
    def months(self) -> tuple[dt.date, ...]:
        """The first days of its months."""
        return tuple(dt.date(self.year, 3 * self.number - back, 1) for back in (2, 1, 0))

    @property
    def parts(self) -> tuple[Quarter, ...]:
        """The periods that it is made of: none that are reported."""
        return ()

    def __str__(self) -> str:
        return f"{self.year:04d}-Q{self.number}"


@dataclass(frozen=True, slots=True, order=True)
class Year:
    """A civil year, written `2022`. Source: POL-31 (quarterly and annual report)."""

    year: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `2022`.

        Raises:
            PeriodError: it is not a year.
        """
        match = _YEAR.match(text.strip())
        year = _year(match[1]) if match else None
        if year is None:
            raise PeriodError(f"{text!r} is not a year: write its four digits, as in 2022")
        return cls(year)

    @property
    def first_on(self) -> dt.date:
        """Its first day."""
        return dt.date(self.year, 1, 1)

    @property
    def last_on(self) -> dt.date:
        """Its last day."""
        return dt.date(self.year, 12, 31)

    @property
    def next_on(self) -> dt.date:
        """The first day after it."""
        return dt.date(self.year + 1, 1, 1)

    @property
    def next(self) -> Year:
        """The year after it."""
        return Year(self.year + 1)

    @property
    def previous(self) -> Year:
        """The year before it."""
        return Year(self.year - 1)

    @property
    def year_before(self) -> Year:
        """The year before it, too."""
        return self.previous

    @property
    def parts(self) -> tuple[Quarter, ...]:
        """Its quarters."""
        return tuple(Quarter(self.year, number) for number in range(1, _QUARTERS + 1))

    def __str__(self) -> str:
        return f"{self.year:04d}"


Period = Quarter | Year


def parse_period(text: str) -> Period:
    """Read a quarter such as `2022-Q1`, or a year such as `2022`.

    Raises:
        PeriodError: it is neither.
    """
    for form in (Quarter, Year):
        try:
            return form.parse(text)
        except PeriodError:
            continue
    raise PeriodError(f"{text!r} is no period: write a quarter, as in 2022-Q1, or a year, as in 2022")

"""What of a period's figures is worth a sentence: chosen once, worded by `highlight_french` and `highlight_english`.

They are told of the tables' figures and not of the report's: a sentence never says what a table withholds (POL-38).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from .figure import NONE, Comparison, Satisfaction
from .period import Period, Quarter, parse_period

STEADY_PERCENT: Final = 1.0
"""A change of less than this is told as none to speak of."""
FEW: Final = 20
"""Below so many, a change is told in numbers: a percentage of few says more than there is."""

Figures = Mapping[str, int | float | str | None]
"""By name, as `table.figures` gives them; None: withheld."""


class Change(Enum):
    """How a change is told."""

    NONE = auto()
    ABOUT_NONE = auto()
    BY_NUMBER = auto()
    BY_SHARE = auto()


def change(now: int, before: int) -> Change:
    """How the change from one count to another is told."""
    if now == before:
        return Change.NONE
    if min(now, before) < FEW:
        return Change.BY_NUMBER
    return Change.ABOUT_NONE if abs(100 * (now - before) / before) < STEADY_PERCENT else Change.BY_SHARE


@dataclass(frozen=True, slots=True)
class Earlier:
    """What an earlier period received."""

    received: int
    a_year_before: bool
    """The same quarter of the year before; else the period just before."""


@dataclass(frozen=True, slots=True)
class Balance:
    """Treated in the period, pending at its start and at its end."""

    treated: int
    before: int
    now: int


@dataclass(frozen=True, slots=True)
class Contacts:
    """All interactions, and those that opened no request; 0: none, or withheld."""

    total: int
    follow_ups: int


@dataclass(frozen=True, slots=True)
class TopSubject:
    """The most frequent subject, and of how many requests; code None: no request names one."""

    code: str | None
    requests: int
    of: int


@dataclass(frozen=True, slots=True)
class FirstLine:
    """What CLIC took care of itself, of how many received; and follow-ups that it answered on the spot, of how many."""

    requests: int
    of: int
    follow_ups_answered: int
    follow_ups: int


@dataclass(frozen=True, slots=True)
class Kept:
    """Obligations kept in time, of how many measured, and those that were not kept at all."""

    in_time: int
    measured: int
    missed: int


@dataclass(frozen=True, slots=True)
class Delays:
    """Of requests treated, in business days."""

    median: int
    p90: int


@dataclass(frozen=True, slots=True)
class Rating:
    """The mean of ratings, 1 to 5, and how many there were."""

    mean: float
    people: int


@dataclass(frozen=True, slots=True)
class Telling:
    """What may be told of a period; None (or nothing in it): withheld, in no table, or not worth a sentence."""

    is_quarter: bool
    year: int
    received: int | None
    earlier: tuple[Earlier, ...]
    balance: Balance | None
    contacts: Contacts | None
    subject: TopSubject | None
    first_line: FirstLine | None
    kept: Kept | None
    kept_assumed: int
    """Obligations of which nobody recorded when they were kept."""
    delays: Delays | None
    waiting_a_year: int
    """Pending requests that had been received twelve months earlier or more."""
    complaints: int | None
    unusual: int | None
    rating: Rating | None


def telling(comparison: Comparison, figures: Figures, *, complete: bool) -> Telling:
    """Choose. One that is not `complete` yet is compared with nothing: a part would be with a whole."""
    known = _Known(comparison, figures)
    received = known.count("requests.received")
    return Telling(
        is_quarter=isinstance(known.period, Quarter),
        year=known.period.year,
        received=received,
        earlier=known.earlier() if complete and received else (),
        balance=known.balance(),
        contacts=known.contacts(),
        subject=known.subject(),
        first_line=known.first_line(),
        kept=known.kept(),
        kept_assumed=known.count("due.kept_assumed") or 0,
        delays=known.delays(),
        waiting_a_year=known.count("requests.pending_by_age.m12") or 0,
        complaints=known.count("requests.to_direction_generale"),
        unusual=known.count("requests.unusual"),
        rating=known.rating(),
    )


class _Known:
    """The figures that may be told."""

    def __init__(self, comparison: Comparison, figures: Figures) -> None:
        self._report = comparison.report
        self._figures = figures
        self.period: Period = parse_period(comparison.report.period)

    def count(self, path: str, period: Period | None = None) -> int | None:
        """A count of the report's period or another; None: withheld, or in no table."""
        value = self._figures.get(f"{period or self.period}/{path}")
        return value if isinstance(value, int) else None

    def counts(self, *paths: str) -> tuple[int, ...] | None:
        """Several of them; None where one is not to be told."""
        found = [self.count(path) for path in paths]
        return tuple(each for each in found if each is not None) if None not in found else None

    def earlier(self) -> tuple[Earlier, ...]:
        """For a quarter the one before and that of the year before; for a year the one before."""
        periods = {self.period.previous: False}
        if isinstance(self.period, Quarter):
            periods[self.period.year_before] = True
        found = ((self.count("requests.received", each), a_year_before) for each, a_year_before in periods.items())
        return tuple(Earlier(received, a_year_before) for received, a_year_before in found if received is not None)

    def balance(self) -> Balance | None:
        """POL-32."""
        found = self.counts("requests.treated", "requests.pending_at_start", "requests.pending_at_end")
        return Balance(*found) if found else None

    def contacts(self) -> Contacts | None:
        """POL-31."""
        total = self.count("interactions.total")
        return Contacts(total, self.count("interactions.follow_ups") or 0) if total else None

    def subject(self) -> TopSubject | None:
        """POL-35."""
        received = self.count("requests.received")
        if not received:
            return None
        codes = [code for code in self._report.requests.by_subject if code != NONE]
        top = self.count(f"requests.by_subject.{codes[0]}") if codes else None
        if top is not None:
            return TopSubject(codes[0], top, received)
        if self.count(f"requests.by_subject.{NONE}") == received:
            return TopSubject(None, received, received)
        return None

    def first_line(self) -> FirstLine | None:
        """POL-34."""
        found = self.counts("requests.first_line", "requests.received")
        follow_ups = self.counts("interactions.follow_ups_first_line", "interactions.follow_ups") or (0, 0)
        if found is None or not (found[1] or follow_ups[1]):
            return None
        return FirstLine(*found, *follow_ups)

    def kept(self) -> Kept | None:
        """POL-29; open ones that are past due count as not kept."""
        found = self.counts("due.kept", "due.kept_late", "due.missed")
        if found is None or not any(found):
            return None
        in_time, late, missed = found
        missed += self.count("due.overdue") or 0
        return Kept(in_time, in_time + late + missed, missed)

    def delays(self) -> Delays | None:
        """POL-29."""
        found = self.counts("delays.by_measure.treated.median_days", "delays.by_measure.treated.p90_days")
        return Delays(*found) if found else None

    def rating(self) -> Rating | None:
        """POL-39; only where all ratings may be told."""
        ratings = list(self._report.satisfaction.by_rating)
        told = self.counts(*(f"satisfaction.by_rating.{rating}" for rating in ratings))
        mean = Satisfaction(by_rating=dict(zip(ratings, told, strict=True))).mean if told else None
        people = self.count("satisfaction.total")
        return Rating(mean, people) if mean is not None and people else None

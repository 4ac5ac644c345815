"""The figures of a period, as they are published: the shape of the report and nothing else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict, Field

STATUSES = ("closed", "refused", "withdrawn", "voided", "open", "reopened")
"""What a request can be now."""
AGES = ("m0", "m1_2", "m3_5", "m6_11", "m12")
"""Ages of what is pending at the end of a period, by the month of reception: in its last month, one or two before it,
three to five, six to eleven, twelve or more."""
RATINGS = ("1", "2", "3", "4", "5")
"""Satisfaction, the best last (POL-39)."""
NONE = "(none)"
"""Key of what has no value: no subject of the town foresaw it, or no department has it yet."""


class _Figures(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RequestFigures(_Figures):
    """Requests received in the period, and the balance of all requests over it. Source: POL-32 to POL-36."""

    received: int = Field(description="Received in the period, voided ones included.")
    by_kind: dict[str, int] = Field(description="Received, by kind; every kind (POL-01, POL-02, POL-03, POL-04).")
    by_status: dict[str, int] = Field(description="Received, by what they are now; every status.")
    by_first_channel: dict[str, int] = Field(description="Received, by the channel of the first contact.")
    by_department: dict[str, int] = Field(description="Received, by who answers; `(none)`: not routed yet.")
    by_subject: dict[str, int] = Field(description="Received, by subject; `(none)`: no subject foresaw them.")
    treated: int = Field(description="Treatments less reopenings in the period, whenever received.")
    reopenings: int = Field(description="Reopenings in the period, already taken off `treated`.")
    pending_at_start: int = Field(description="Pending at the first instant of the period.")
    pending_at_end: int = Field(description="Pending at the first instant after the period.")
    first_line: int = Field(description="Received and given to CLIC's first line (POL-34).")
    to_direction_generale: int = Field(description="Complaints received and given to the Direction générale (POL-33).")
    unusual: int = Field(description="Received and foreseen by no rule or subject (POL-36).")
    unusual_by_kind: dict[str, int] = Field(description="The unusual ones by kind: their portrait (POL-36).")
    unusual_by_channel: dict[str, int] = Field(default={}, description="The unusual ones by first channel (POL-36).")
    unusual_by_department: dict[str, int] = Field(default={}, description="The unusual ones by who answers (POL-36).")
    transfers: int = Field(default=0, description="Routings in the period that took a request from a department.")
    treated_by_department: dict[str, int] = Field(default={}, description="`treated`, by who answers (POL-29).")
    pending_by_department: dict[str, int] = Field(default={}, description="`pending_at_end`, by who answers (POL-29).")
    pending_by_age: dict[str, int] = Field(
        default={}, description="`pending_at_end` by months since reception: m0, m1_2, m3_5, m6_11, m12 (POL-29)."
    )
    backlog: int = Field(description="Received and taken over from an older system's records.")
    confidential: int = Field(description="Received and confidential: in the report as counts alone (POL-26).")


class InteractionFigures(_Figures):
    """Contacts with citizens in the period, the one that opened a request included. Source: POL-31."""

    total: int
    by_channel: dict[str, int]
    follow_ups: int = Field(description="Of these, the ones that opened no request.")
    follow_ups_first_line: int = Field(description="Of these, the ones that CLIC answered on the spot (POL-34).")


class ObligationCounts(_Figures):
    """Obligations by what came of them."""

    met: int = Field(default=0, description="Kept in time.")
    late: int = Field(default=0, description="Kept, after their limit.")
    missed: int = Field(default=0, description="Past their limit and not kept.")
    open: int = Field(default=0, description="Still to be kept, those past their limit included.")
    overdue: int = Field(default=0, description="Of `open`: past their limit, and nobody has said so yet.")
    lifted: int = Field(default=0, description="No longer binding: refused, withdrawn, merged, voided or replaced.")
    met_assumed: int = Field(default=0, description="Of `met`: at an assumed instant, which measures no delay.")
    late_assumed: int = Field(default=0, description="Of `late`: at an assumed instant.")

    @property
    def total(self) -> int:
        """All of them."""
        return self.met + self.late + self.missed + self.open + self.lifted

    @property
    def kept(self) -> int:
        """Of the measured ones, those kept in time."""
        return self.met - self.met_assumed

    @property
    def kept_late(self) -> int:
        """Of the measured ones, those kept after their limit."""
        return self.late - self.late_assumed

    @property
    def kept_assumed(self) -> int:
        """Those kept at an assumed instant, which measures nothing."""
        return self.met_assumed + self.late_assumed

    @property
    def waiting(self) -> int:
        """Those still to be kept whose limit is to come."""
        return self.open - self.overdue

    @property
    def measured(self) -> int:
        """Obligations of which somebody recorded whether they were kept in time."""
        return self.kept + self.late + self.missed + self.overdue - self.late_assumed


class ObligationFigures(ObligationCounts):
    """Obligations of the requests received in the period. Source: POL-13 to POL-15, POL-19, POL-22, POL-29."""

    by_kind: dict[str, ObligationCounts] = Field(description="By what was owed.")


class DueFigures(ObligationCounts):
    """Obligations whose limit lies in the period, whenever their requests were received. Source: POL-29.

    On time are `kept` of `measured`: those that are late and still open count against it.
    """

    by_kind: dict[str, ObligationCounts] = Field(description="By what was owed.")
    by_department: dict[str, ObligationCounts] = Field(description="By who answers.")


class Delay(_Figures):
    """Business days from reception to something that happened in the period. Source: POL-29."""

    requests: int = Field(description="Of how many requests.")
    median_days: int = Field(description="Half of them took at most so many business days (nearest rank).")
    p90_days: int = Field(description="Nine of ten took at most so many business days (nearest rank).")


class DelayFigures(_Figures):
    """Delays by what is measured: acknowledged, answered or treated; what did not happen is left out."""

    by_measure: dict[str, Delay]
    by_department: dict[str, dict[str, Delay]] = Field(description="By who answers, then by what is measured.")


class Satisfaction(_Figures):
    """Ratings of requests received in the period. Source: POL-39."""

    by_rating: dict[str, int] = Field(description="1 to 5, the best last.")

    @property
    def total(self) -> int:
        """How many were rated."""
        return sum(self.by_rating.values())

    @property
    def mean(self) -> float | None:
        """The mean rating; None where nothing was rated."""
        points = sum(int(rating) * count for rating, count in self.by_rating.items())
        return points / self.total if self.total else None


class Learning(_Figures):
    """What exchanges with citizens taught, reviewed and signed off. Source: POL-37."""

    period: str = Field(description="The quarter for which it was published.")
    text: str


class Assumed(_Figures):
    """Instants that no record tells: an older system's file has no date for the last status, for example."""

    outcomes: int = Field(description="Requests received in the period whose last outcome has an assumed instant.")
    treatments: int = Field(description="Treatments and reopenings counted in the period at an assumed instant.")
    obligations: int = Field(description="Obligations of its requests that were kept at an assumed instant.")

    @property
    def any(self) -> bool:
        """Whether the report has to say so."""
        return bool(self.outcomes or self.treatments or self.obligations)


class Versions(_Figures):
    """By what the figures were made: the same versions and position give the same report."""

    definition: str = Field(description="What the rows mean: digest of fold and schema.")
    indicators: str = Field(default="", description="How figures are made of the rows: digest of the views.")
    town: str | None = Field(description="The newest version of the town's rules in the log; null: no fact yet.")
    log: str = Field(description="Which log: its stream and when it was made.")


class Report(_Figures):
    """One period, as known at one position of the log. Source: POL-29, POL-31 to POL-37, POL-39."""

    period: str = Field(description="A quarter or a year, such as `2022-Q1` or `2022`.", examples=["2022-Q1"])
    requests: RequestFigures
    interactions: InteractionFigures
    obligations: ObligationFigures
    due: DueFigures = DueFigures(by_kind={}, by_department={})
    delays: DelayFigures = DelayFigures(by_measure={}, by_department={})
    satisfaction: Satisfaction = Satisfaction(by_rating={})
    learnings: tuple[Learning, ...] = ()
    assumed: Assumed
    position: int = Field(description="Position in the log of the last fact that the figures hold.")
    known_at: dt.datetime | None = Field(
        default=None, description="The instant as of which they are told: that fact's, or the end of the day asked for."
    )
    as_of: str | None = Field(default=None, description="The day as of which it is told; null: that fact's instant.")
    versions: Versions


class QuarterBalance(_Figures):
    """One quarter among others, as the view `indicator_pol32_balance` tells it. Source: POL-32."""

    period: str
    received: int
    treated: int
    pending_at_end: int


class Overview(_Figures):
    """Every quarter that the log knows of, and how far it was read."""

    quarters: tuple[QuarterBalance, ...] = Field(description="From the first fact to the last, the newest first.")
    position: int = Field(description="Position in the log of the last fact that the figures hold.")
    updated_at: dt.datetime = Field(description="When that fact was folded.")
    versions: Versions


class Change(_Figures):
    """What differs of one request between two positions of the log. Named by its reference alone (POL-38)."""

    reference: str | None = Field(description="What the citizen quotes; null: confidential (POL-26).")
    what: str = Field(description="Which of its properties.")
    earlier: str | None = Field(description="As known at the earlier position; null: not known of yet, or no value.")
    later: str | None = Field(description="As known at the later one.")
    requests: int = Field(default=1, description="How many: confidential ones are told together.")


class Differences(_Figures):
    """What of a period is told otherwise now than it was before. Source: POL-32."""

    earlier: Report = Field(description="The period as it was known.")
    changes: tuple[Change, ...] = Field(description="Request by request.")
    more: bool = Field(description="Whether there are changes beyond the bound.")


class Comparison(_Figures):
    """A period's report with what it is compared with, all from one snapshot and as of one position."""

    report: Report
    before: Report | None = Field(description="The period before; null where the log knows nothing of it.")
    year_before: Report | None = Field(default=None, description="The same period of the year before, likewise.")
    parts: tuple[Report, ...] = Field(default=(), description="Of a year its quarters; those to come too.")
    quarters: tuple[QuarterBalance, ...] = Field(description="From the first fact to the last, the newest first.")
    differences: Differences | None = Field(default=None, description="Corrected since; null: not asked for.")

    def balance(self, period: str) -> QuarterBalance | None:
        """A quarter's line."""
        return next((each for each in self.quarters if each.period == period), None)

    @property
    def reports(self) -> Iterator[Report]:
        """The report and those beside it, each period once."""
        found = {each.period: each for each in (self.report, *self.parts, self.before, self.year_before) if each}
        return iter(found.values())

"""The figures of a period, as they are published: the shape of the report and nothing else."""

from __future__ import annotations

import datetime as dt

from pydantic import BaseModel, ConfigDict, Field

STATUSES = ("closed", "refused", "withdrawn", "voided", "open", "reopened")
"""What a request can be now."""
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
    open: int = Field(default=0, description="Still to be kept.")
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
    def measured(self) -> int:
        """Obligations of which somebody recorded whether they were kept in time."""
        return self.kept + self.late + self.missed - self.late_assumed


class ObligationFigures(ObligationCounts):
    """Obligations of the requests received in the period. Source: POL-13 to POL-15, POL-19, POL-22, POL-29."""

    by_kind: dict[str, ObligationCounts] = Field(description="By what was owed.")


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
    town: str | None = Field(description="The town's configuration that decided the last fact; null: no fact yet.")
    log: str = Field(description="Which log: its stream and when it was made.")


class Report(_Figures):
    """One quarter. Source: POL-31 to POL-36."""

    period: str = Field(description="Such as `2022-Q1`.", examples=["2022-Q1"])
    requests: RequestFigures
    interactions: InteractionFigures
    obligations: ObligationFigures
    assumed: Assumed
    position: int = Field(description="Position in the log of the last fact that the figures hold.")
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


class Comparison(_Figures):
    """A quarter's report with what it is compared with, all from one snapshot."""

    report: Report
    before: Report | None = Field(description="The quarter before; null where the log knows nothing of it.")
    quarters: tuple[QuarterBalance, ...] = Field(description="From the first fact to the last, the newest first.")

    def balance(self, period: str) -> QuarterBalance | None:
        """A quarter's line."""
        return next((each for each in self.quarters if each.period == period), None)

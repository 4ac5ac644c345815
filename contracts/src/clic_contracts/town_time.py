"""How a town counts time: delays, calendars, and what is told of a limit that was not kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, StringConstraints, field_validator, model_validator

from .holiday import is_public_holiday
from .town_text import Configured, Names
from .vocabulary import DelayUnit, DepartmentCode, Escalation, Kind

SATURDAY = 6
"""ISO weekday."""


class Delay(Configured):
    """How long: exactly one unit."""

    business_days: Annotated[int, Field(ge=0, le=400)] | None = None
    calendar_days: Annotated[int, Field(ge=0, le=400)] | None = None
    hours: Annotated[int, Field(ge=1, le=2000, description="Elapsed ones.")] | None = None
    business_hours: Annotated[int, Field(ge=1, le=2000, description="Of the desk's opening hours.")] | None = None

    @model_validator(mode="after")
    def _one_unit(self) -> Self:
        if sum(getattr(self, unit) is not None for unit in DelayUnit) != 1:
            raise ValueError(f"give exactly one of {', '.join(DelayUnit)}")
        return self

    @property
    def unit(self) -> DelayUnit:
        """In what it is counted."""
        return next(unit for unit in DelayUnit if getattr(self, unit) is not None)

    @property
    def amount(self) -> int:
        """How many of its unit."""
        amount: int = getattr(self, self.unit)
        return amount


class Standard(Configured):
    """A delay for answering, by kind, where the subject has none."""

    kind: Kind
    answer_within: Delay


class Closing(Configured):
    """A day, or a run of days, on which the town is closed though it is no public holiday."""

    first_on: dt.date
    last_on: dt.date
    why: Names

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.last_on < self.first_on:
            raise ValueError("last_on is before first_on")
        return self


class Slot(Configured):
    """Opening hours: a span of one weekday."""

    weekday: Annotated[int, Field(ge=1, le=7, description="ISO: Monday is 1.")]
    opens: dt.time
    closes: dt.time

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.closes <= self.opens:
            raise ValueError("closes is not after opens")
        return self


class CalendarConfig(Configured):
    """The desk's days. Public holidays are Québec's law and are not configured."""

    version: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    effective_on: dt.date | None = Field(
        default=None, description="From when on it holds for delays that begin; None: always, of the oldest."
    )
    timezone: str = "America/Toronto"
    slots: tuple[Slot, ...] = ()
    closings: tuple[Closing, ...] = ()

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"{name!r} is no time zone") from error
        return name

    def closed_because(self, day: dt.date) -> str | None:
        """Why the desk does not count a day (`weekend`, `holiday`, `town_closing`); None: a business day. POL-13."""
        if day.isoweekday() >= SATURDAY:
            return "weekend"
        if is_public_holiday(day):
            return "holiday"
        if any(closing.first_on <= day <= closing.last_on for closing in self.closings):
            return "town_closing"
        return None


class Judging(Configured):
    """By when a person says whether a request is admissible. Source: POL-05 to POL-09, POL-12."""

    within: Delay
    kinds: tuple[Kind, ...] = (Kind.COMPLAINT,)


class CitizenReply(Configured):
    """How long a request waits for what the citizen was asked for. Source: POL-06, POL-21."""

    remind_after: Delay
    within: Delay


class EscalationStep(Configured):
    """Who is told of a limit that was not kept, and how long after it."""

    to: Escalation
    after: Delay | None = Field(default=None, description="None: at the limit itself.")


class Deadlines(Configured):
    """The delays that hold for every subject."""

    acknowledge_within: Delay
    answer_within: Delay
    decide_access_within: Delay
    warn_at_share: Annotated[float, Field(gt=0, lt=1)] = 0.75
    reopen_within_days: Annotated[int, Field(ge=0, le=3650, description="Calendar days.")] = 30
    judge: Judging | None = None
    citizen_reply: CitizenReply | None = None
    outside_work_within: Delay | None = Field(
        default=None, description="Of work that was handed to an outside body, where no date was agreed with it."
    )
    complaint_extension_days: Annotated[
        int, Field(ge=0, le=10, description="Business days at most, once, with a reason; 0: never.")
    ] = 10
    escalation: tuple[EscalationStep, ...] = Field(default=(), max_length=20)
    general_management: DepartmentCode | None = Field(
        default=None, description="Where `general_management` is told; needed where a step names it."
    )

    def delays(self) -> Iterator[tuple[str, Delay]]:
        """Each delay that it holds, with the key under which it stands."""
        yield "acknowledge_within", self.acknowledge_within
        yield "answer_within", self.answer_within
        yield "decide_access_within", self.decide_access_within
        if self.judge is not None:
            yield "judge", self.judge.within
        if self.citizen_reply is not None:
            yield "citizen_reply", self.citizen_reply.remind_after
            yield "citizen_reply", self.citizen_reply.within
        if self.outside_work_within is not None:
            yield "outside_work_within", self.outside_work_within
        for step in self.escalation:
            if step.after is not None:
                yield "escalation", step.after

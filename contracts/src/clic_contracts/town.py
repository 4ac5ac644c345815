"""A town's configuration: everything that is one town's rather than CLIC's.

The models check the meaning; `clic_chassis.town_file` reads the folder and says where an error stands.
"""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from .vocabulary import BodyCode, Channel, Code, DepartmentCode, Kind, RuleCode, SubjectCode, TermCode

Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class _Configured(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Names(_Configured):
    """What a thing is called, French first."""

    fr: Label
    en: Label


class Department(_Configured):
    """Who answers. `first_line` marks the desk itself (POL-34)."""

    code: DepartmentCode
    name: Names
    first_line: bool = False
    email: str | None = None


class Body(_Configured):
    """Whom a citizen can turn to instead (POL-07)."""

    code: BodyCode
    name: Names
    contact: Names


class Delay(_Configured):
    """How long: exactly one unit."""

    business_days: Annotated[int, Field(ge=0, le=400)] | None = None
    calendar_days: Annotated[int, Field(ge=0, le=400)] | None = None
    hours: Annotated[int, Field(ge=1, le=2000)] | None = None

    @model_validator(mode="after")
    def _one_unit(self) -> Self:
        if sum(value is not None for value in (self.business_days, self.calendar_days, self.hours)) != 1:
            raise ValueError("give exactly one of business_days, calendar_days, hours")
        return self


class Subject(_Configured):
    """What a request can be about, and the standard for answering it (POL-29)."""

    code: SubjectCode
    name: Names
    department: DepartmentCode | None = Field(default=None, description="None: outside the town's competence.")
    answer_within: Delay | None = Field(default=None, description="None: the kind's standard, or the default.")
    turn_to: BodyCode | None = Field(default=None, description="Outside the town's competence: who can help (POL-07).")
    confidential: bool = False
    terms: tuple[TermCode, ...] = Field(default=(), description="Terms that the desk looks for in the text.")

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if (self.department is None) == (self.turn_to is None):
            raise ValueError("a subject has either a department, or a body to turn to")
        return self


class Term(_Configured):
    """A word of the closed vocabulary, found in a text by any of its forms (case and accents aside)."""

    code: TermCode
    name: Names
    forms: tuple[str, ...] = Field(min_length=1)


class RoutingRule(_Configured):
    """Who answers what. Rules are tried in order; every condition that is given must hold."""

    code: RuleCode
    kinds: tuple[Kind, ...] = ()
    subjects: tuple[SubjectCode, ...] = ()
    terms: tuple[TermCode, ...] = ()
    channels: tuple[Channel, ...] = ()
    department: DepartmentCode | None = Field(default=None, description="None: the department of the subject.")


class Standard(_Configured):
    """A delay for answering, by kind, where the subject has none."""

    kind: Kind
    answer_within: Delay


class Closing(_Configured):
    """A day, or a run of days, on which the town is closed though it is no public holiday."""

    first_on: dt.date
    last_on: dt.date
    why: Names

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.last_on < self.first_on:
            raise ValueError("last_on is before first_on")
        return self


class Slot(_Configured):
    """Opening hours: a span of one weekday."""

    weekday: Annotated[int, Field(ge=1, le=7, description="ISO: Monday is 1.")]
    opens: dt.time
    closes: dt.time

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.closes <= self.opens:
            raise ValueError("closes is not after opens")
        return self


class CalendarConfig(_Configured):
    """The desk's days. Public holidays are Québec's law and are not configured."""

    version: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    timezone: str = "America/Toronto"
    slots: tuple[Slot, ...] = ()
    closings: tuple[Closing, ...] = ()


class Deadlines(_Configured):
    """The delays that hold for every subject."""

    acknowledge_within: Delay
    answer_within: Delay
    decide_access_within: Delay
    warn_at_share: Annotated[float, Field(gt=0, lt=1)] = 0.75
    reopen_within_days: Annotated[int, Field(ge=0, le=3650, description="Calendar days.")] = 30


class Publisher(_Configured):
    """Who may publish submissions."""

    code: Code
    name: Names
    may_withhold_requester: bool = False
    may_backlog: bool = False


class Routing(_Configured):
    """The ordered rules, and who gets what no rule foresaw."""

    rules: tuple[RoutingRule, ...]
    unforeseen: DepartmentCode


class Town(_Configured):
    """The whole configuration of one town."""

    code: Code
    name: Names
    desk: Names
    departments: tuple[Department, ...] = Field(min_length=1)
    bodies: tuple[Body, ...] = ()
    subjects: tuple[Subject, ...] = Field(min_length=1)
    vocabulary: tuple[Term, ...] = ()
    sectors: tuple[Code, ...] = ()
    routing: Routing
    deadlines: Deadlines
    standards: tuple[Standard, ...] = ()
    calendar: CalendarConfig
    publishers: tuple[Publisher, ...]
    complaint_criteria: tuple[Code, ...] = ()
    version: str = Field(default="", description="Content hash of the folder; set by the reader, never in a file.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        departments = {d.code for d in self.departments}
        bodies = {b.code for b in self.bodies}
        terms = {t.code for t in self.vocabulary}
        subjects = {s.code for s in self.subjects}
        wrong: list[str] = []
        for name, codes in {
            "departments": [d.code for d in self.departments],
            "bodies": [b.code for b in self.bodies],
            "subjects": [s.code for s in self.subjects],
            "vocabulary": [t.code for t in self.vocabulary],
            "routing.rules": [r.code for r in self.routing.rules],
            "publishers": [p.code for p in self.publishers],
        }.items():
            wrong += [f"{name}: {code} stands twice" for code in sorted({c for c in codes if codes.count(c) > 1})]
        for s in self.subjects:
            if s.department is not None and s.department not in departments:
                wrong.append(f"subjects: {s.code}: no department {s.department}")
            if s.turn_to is not None and s.turn_to not in bodies:
                wrong.append(f"subjects: {s.code}: no body {s.turn_to}")
            wrong += [f"subjects: {s.code}: no term {t}" for t in s.terms if t not in terms]
        for r in self.routing.rules:
            if r.department is not None and r.department not in departments:
                wrong.append(f"routing.rules: {r.code}: no department {r.department}")
            wrong += [f"routing.rules: {r.code}: no subject {c}" for c in r.subjects if c not in subjects]
            wrong += [f"routing.rules: {r.code}: no term {t}" for t in r.terms if t not in terms]
        if self.routing.unforeseen not in departments:
            wrong.append(f"routing.unforeseen: no department {self.routing.unforeseen}")
        if not any(d.first_line for d in self.departments):
            wrong.append("departments: none is first_line; one must be the desk itself")
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    @cached_property
    def subject_by_code(self) -> dict[str, Subject]:
        """Subjects by code."""
        return {s.code: s for s in self.subjects}

    @cached_property
    def department_by_code(self) -> dict[str, Department]:
        """Departments by code."""
        return {d.code: d for d in self.departments}

    @cached_property
    def body_by_code(self) -> dict[str, Body]:
        """Other bodies by code."""
        return {b.code: b for b in self.bodies}

    @cached_property
    def publisher_by_code(self) -> dict[str, Publisher]:
        """Publishers by code."""
        return {p.code: p for p in self.publishers}

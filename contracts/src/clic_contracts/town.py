"""A town's configuration: everything that is one town's rather than CLIC's.

The models check the meaning; `clic_chassis.town_file` reads the folder and says where an error stands.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from functools import cached_property
from typing import Literal, NamedTuple, Self

from pydantic import Field, model_validator

from .town_text import Article, Configured, Correspondence, Letter, Names, Retention
from .town_time import SATURDAY, CalendarConfig, Deadlines, Delay, Standard
from .vocabulary import (
    BodyCode,
    Channel,
    Code,
    DepartmentCode,
    Escalation,
    Kind,
    Language,
    LetterKind,
    RuleCode,
    SubjectCode,
    TermCode,
)

Loc = tuple[str | int, ...]
"""Where in the configuration: keys and positions, as pydantic tells them."""


class Inconsistency(NamedTuple):
    """Two places of a configuration that do not fit together."""

    loc: Loc
    detail: str
    mend: str


class InconsistentTownError(ValueError):
    """Every part of a town's configuration is well-formed, but they do not fit together."""

    def __init__(self, inconsistencies: tuple[Inconsistency, ...]) -> None:
        super().__init__("; ".join(f"{'.'.join(str(p) for p in i.loc)}: {i.detail}" for i in inconsistencies))
        self.inconsistencies = inconsistencies


class Department(Configured):
    """Who answers. `first_line` marks the desk itself (POL-34)."""

    code: DepartmentCode
    name: Names
    first_line: bool = False
    email: str | None = Field(default=None, description="Where its daily digest goes.")
    head_email: str | None = Field(default=None, description="Of its head, who is told what is escalated.")


class Body(Configured):
    """Whom a citizen can turn to instead (POL-07)."""

    code: BodyCode
    name: Names
    contact: Names
    access_officer: Names | None = Field(
        default=None, description="Who is responsible there for access to documents (A-2.1 art. 48)."
    )


class Choice(Configured):
    """One answer that a citizen can choose."""

    code: Code
    name: Names


class Question(Configured):
    """What a citizen is asked about a subject. Source: GeoReport v2, service definition."""

    code: Code
    text: Names
    datatype: Literal["string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"] = "string"
    required: bool = False
    values: tuple[Choice, ...] = Field(default=(), description="Of a list.")

    @model_validator(mode="after")
    def _choices(self) -> Self:
        if self.datatype.endswith("list") != bool(self.values):
            raise ValueError("a list has values to choose from, and nothing else has")
        return self


class Subject(Configured):
    """What a request can be about, and the standard for answering it (POL-29)."""

    code: SubjectCode
    name: Names
    department: DepartmentCode | None = Field(default=None, description="None: outside the town's competence.")
    answer_within: Delay | None = Field(default=None, description="None: the kind's standard, or the default.")
    legal_delay: bool = Field(default=False, description="`answer_within` is a law's: nothing stops its clock.")
    turn_to: BodyCode | None = Field(default=None, description="Outside the town's competence: who can help (POL-07).")
    confidential: bool = False
    terms: tuple[TermCode, ...] = Field(default=(), description="Terms that the desk looks for in the text.")
    urgent: bool = Field(default=False, description="A report of it is acted on, also without a name (POL-06).")
    on_forms: bool = Field(default=True, description="Citizens may choose it, on the town's form and by Open311.")
    questions: tuple[Question, ...] = Field(default=(), description="What citizens are asked about it.")

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if (self.department is None) == (self.turn_to is None):
            raise ValueError("a subject has either a department, or a body to turn to")
        return self


class Term(Configured):
    """A word of the closed vocabulary, found in a text by any of its forms (case and accents aside)."""

    code: TermCode
    name: Names
    forms: tuple[str, ...] = Field(min_length=1)


class RoutingRule(Configured):
    """Who answers what. Rules are tried in order; every condition that is given must hold."""

    code: RuleCode
    kinds: tuple[Kind, ...] = ()
    subjects: tuple[SubjectCode, ...] = ()
    terms: tuple[TermCode, ...] = ()
    channels: tuple[Channel, ...] = ()
    department: DepartmentCode | None = Field(default=None, description="None: the department of the subject.")


class Publisher(Configured):
    """Who may publish submissions."""

    code: Code
    name: Names
    may_withhold_requester: bool = False
    may_backlog: bool = False
    language: Language = Field(
        default=Language.FR,
        description="In which it is told problems; over HTTP `Accept-Language` may ask otherwise (C-11 art. 16).",
    )


class Routing(Configured):
    """The ordered rules, and who gets what no rule foresaw."""

    rules: tuple[RoutingRule, ...]
    unforeseen: DepartmentCode


class Town(Configured):
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
    earlier_calendars: tuple[CalendarConfig, ...] = Field(
        default=(), description="Those that held before, oldest first: never changed, so that a count can be explained."
    )
    publishers: tuple[Publisher, ...]
    complaint_criteria: tuple[Code, ...] = ()
    correspondence: Correspondence
    retention: tuple[Retention, ...]
    articles: tuple[Article, ...] = ()
    letters: tuple[Letter, ...] = ()
    version: str = Field(default="", description="Content hash of the folder; set by the reader, never in a file.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        wrong = (*self._twice(), *self._unknown(), *self._lacking())
        if wrong:
            raise InconsistentTownError(wrong)
        return self

    def _twice(self) -> Iterator[Inconsistency]:
        """Codes that stand twice where each may stand once."""
        listed: tuple[tuple[Loc, Sequence[str], str], ...] = (
            (("departments",), [d.code for d in self.departments], "code"),
            (("bodies",), [b.code for b in self.bodies], "code"),
            (("subjects",), [s.code for s in self.subjects], "code"),
            (("vocabulary",), [t.code for t in self.vocabulary], "code"),
            (("routing", "rules"), [r.code for r in self.routing.rules], "code"),
            (("publishers",), [p.code for p in self.publishers], "code"),
            (("standards",), [s.kind.value for s in self.standards], "kind"),
            (("sectors",), self.sectors, ""),
            (("complaint_criteria",), self.complaint_criteria, ""),
            (("retention",), [r.kind.value for r in self.retention], "kind"),
        )
        for where, codes, key in listed:
            for n, code in enumerate(codes):
                if code in codes[:n]:
                    loc = (*where, n, key) if key else (*where, n)
                    yield Inconsistency(loc, f"{code} stands twice", "Remove one, or give it another code.")
        for n, subject in enumerate(self.subjects):
            asked = [q.code for q in subject.questions]
            for i, code in enumerate(asked):
                if code in asked[:i]:
                    loc = ("subjects", n, "questions", i, "code")
                    yield Inconsistency(loc, f"{code} stands twice", "Remove one, or give it another code.")

    def _unknown(self) -> Iterator[Inconsistency]:
        """Codes that point to nothing."""
        known = {
            "department": [d.code for d in self.departments],
            "body": [b.code for b in self.bodies],
            "term": [t.code for t in self.vocabulary],
            "subject": [s.code for s in self.subjects],
        }
        pointers: list[tuple[Loc, str, str | None]] = [
            (("routing", "unforeseen"), "department", self.routing.unforeseen),
            (("deadlines", "general_management"), "department", self.deadlines.general_management),
        ]
        for n, s in enumerate(self.subjects):
            pointers.append((("subjects", n, "department"), "department", s.department))
            pointers.append((("subjects", n, "turn_to"), "body", s.turn_to))
            pointers += [(("subjects", n, "terms", i), "term", t) for i, t in enumerate(s.terms)]
        pointers += [
            (("correspondence", "claim_terms", i), "term", t) for i, t in enumerate(self.correspondence.claim_terms)
        ]
        for n, a in enumerate(self.articles):
            pointers += [(("articles", n, "subjects", i), "subject", c) for i, c in enumerate(a.subjects)]
        for n, r in enumerate(self.routing.rules):
            here: Loc = ("routing", "rules", n)
            pointers.append(((*here, "department"), "department", r.department))
            pointers += [((*here, "subjects", i), "subject", c) for i, c in enumerate(r.subjects)]
            pointers += [((*here, "terms", i), "term", t) for i, t in enumerate(r.terms)]
        for loc, what, code in pointers:
            if code is not None and code not in known[what]:
                near = get_close_matches(code, known[what], 1)
                mend = f"Write {near[0]}, or add {what} {code}." if near else f"Add {what} {code}, or name another."
                yield Inconsistency(loc, f"no {what} {code}", mend)

    def _lacking(self) -> Iterator[Inconsistency]:
        """What every town needs."""
        first_lines = sum(d.first_line for d in self.departments)
        if first_lines != 1:
            yield Inconsistency(
                ("departments",),
                f"{first_lines} departments are first_line",
                "Mark exactly one, the desk itself, with `first_line: true`.",
            )
        yield from self._lacking_in_calendars()
        yield from self._lacking_in_hours()
        steps = self.deadlines.escalation
        if self.deadlines.general_management is None and any(s.to is Escalation.GENERAL_MANAGEMENT for s in steps):
            yield Inconsistency(
                ("deadlines", "escalation"),
                "a step goes to general_management, and no department is named so",
                "Add deadlines.general_management with the code of a department.",
            )
        kept = {each.kind for each in self.retention}
        for kind in Kind:
            if kind not in kept:
                yield Inconsistency(
                    ("retention",), f"nothing says how long {kind.value} is kept", f"Add a line for kind {kind.value}."
                )
        written = {(each.letter, each.language) for each in self.letters}
        for letter in LetterKind:
            for language in Language:
                if (letter, language) not in written:
                    name = f"{letter.value}.{language.value}.j2"
                    yield Inconsistency(("letters",), f"there is no letter {name}", f"Add the file letters/{name}.")

    def _lacking_in_hours(self) -> Iterator[Inconsistency]:
        """A delay in business hours needs a calendar with opening hours on days that count."""
        if any(slot.weekday < SATURDAY for slot in self.calendar.slots):
            return
        said: list[tuple[Loc, Delay | None]] = [
            (("subjects", n, "answer_within"), each.answer_within) for n, each in enumerate(self.subjects)
        ]
        said += [(("standards", n, "answer_within"), each.answer_within) for n, each in enumerate(self.standards)]
        said += [(("deadlines", name), delay) for name, delay in self.deadlines.delays()]
        for loc, delay in said:
            if delay is not None and delay.business_hours is not None:
                yield Inconsistency(
                    loc, "the calendar has no opening hours on business days", "Add calendar.slots, or count otherwise."
                )

    def _lacking_in_calendars(self) -> Iterator[Inconsistency]:
        """Each later calendar says from when on it holds, later than the one before, in the same time zone."""
        for n, (before, after) in enumerate(itertools.pairwise(self.calendars)):
            is_last = n == len(self.earlier_calendars) - 1
            loc: Loc = ("calendar",) if is_last else ("earlier_calendars", n + 1)
            if after.effective_on is None or (before.effective_on or dt.date.min) >= after.effective_on:
                yield Inconsistency(
                    (*loc, "effective_on"),
                    f"calendar {after.version} does not begin after {before.version}",
                    "Give it an effective_on that is later; the oldest comes first in earlier_calendars.",
                )
            if after.version in {each.version for each in self.calendars[: n + 1]}:
                yield Inconsistency(
                    (*loc, "version"), f"{after.version} stands twice", "Give each calendar a version of its own."
                )
            if after.timezone != before.timezone:
                yield Inconsistency(
                    (*loc, "timezone"), f"it is not {before.timezone}, as before", "A town has one time zone."
                )

    @property
    def calendars(self) -> tuple[CalendarConfig, ...]:
        """Every calendar that the town ever counted by, oldest first."""
        return (*self.earlier_calendars, self.calendar)

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
    def article_by_code(self) -> dict[str, Article]:
        """Articles of the knowledge base by code."""
        return {a.code: a for a in self.articles}

    @cached_property
    def publisher_by_code(self) -> dict[str, Publisher]:
        """Publishers by code."""
        return {p.code: p for p in self.publishers}

"""Who answers a request: the town's ordered rules, and a person's choice over them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from clic_chassis.decider import Decider, Fact
from clic_chassis.error import RefusedError
from clic_contracts.envelope import Recorded
from clic_contracts.event import RequestReceived, RequestRouted, RuleRef
from clic_contracts.town import RoutingRule, Town
from clic_contracts.vocabulary import DepartmentCode, RuleCode

BEFORE_COURTS: RuleCode = "before_courts"
"""The town's rule that names who has what is before the courts: *Services juridiques*. Source: POL-09."""


class UnknownDepartmentError(RefusedError):
    """The town has no such department."""

    code = "unknown_department"


@dataclass(frozen=True, slots=True)
class Assignment:
    """To whom a request is given now; None: to nobody yet."""

    department: DepartmentCode | None = None


def evolve(assignment: Assignment, recorded: Recorded) -> Assignment:
    """The assignment after one of routing's events."""
    match recorded.data:
        case RequestRouted(department=department):
            return Assignment(department)
        case _:
            return assignment


@dataclass(frozen=True, slots=True)
class RouteByRules:
    """A request was received: give it to whom the town's rules say. Source: POL-10 to POL-12, POL-16, POL-20."""

    received: RequestReceived
    at: dt.datetime
    town: Town


@dataclass(frozen=True, slots=True)
class RouteTo:
    """A person gives it to a department."""

    department: DepartmentCode
    at: dt.datetime
    town: Town


@dataclass(frozen=True, slots=True)
class PassToLegal:
    """A person judged it to be before the courts: it is passed to who the town's rule names. Source: POL-09."""

    at: dt.datetime
    town: Town


Command = RouteByRules | RouteTo | PassToLegal


def decide(command: Command, assignment: Assignment) -> tuple[Fact, ...]:
    """The facts that a command makes.

    Raises:
        UnknownDepartmentError: a person chose a department that the town has not.
    """
    match command:
        case RouteByRules(received=received, at=at, town=town):
            if assignment.department is not None:
                return ()  # A rule never takes a request away from where it is.
            return (Fact(route(received, town), at),)
        case RouteTo(department=code, at=at, town=town):
            department = town.department_by_code.get(code)
            if department is None:
                known = ", ".join(town.department_by_code)
                raise UnknownDepartmentError(f"the town has no department {code!r}; use one of: {known}")
            if assignment.department == code:
                return ()
            return (Fact(RequestRouted(department=code, first_line=department.first_line), at),)
        case PassToLegal(at=at, town=town):
            return _pass_to_legal(at, town, assignment)


def _pass_to_legal(at: dt.datetime, town: Town, assignment: Assignment) -> tuple[Fact, ...]:
    rule = next((each for each in town.routing.rules if each.code == BEFORE_COURTS), None)
    if rule is None or rule.department is None or rule.department == assignment.department:
        return ()  # A town whose rules name nobody leaves it where it is; or it is there already.
    first_line = town.department_by_code[rule.department].first_line
    routed = RequestRouted(department=rule.department, rule=RuleRef(code=rule.code), first_line=first_line)
    return (Fact(routed, at),)


def route(received: RequestReceived, town: Town) -> RequestRouted:
    """The first rule that holds decides; what none foresaw goes to the town's choice.

    Unusual (POL-36) is what neither a rule nor a subject of the town foresaw. What lies outside the town's competence
    has no rule and a subject: it was foreseen.
    The channel never assigns a request to a person who passed it on: an elected official's is routed like any
    other (POL-11).
    """
    for rule in town.routing.rules:
        if (department := _by(rule, received, town)) is not None:
            return RequestRouted(
                department=department,
                rule=RuleRef(code=rule.code),
                first_line=town.department_by_code[department].first_line,
            )
    return RequestRouted(
        department=town.routing.unforeseen,
        rule=None,
        first_line=town.department_by_code[town.routing.unforeseen].first_line,
        unusual=received.subject not in town.subject_by_code,
    )


def _by(rule: RoutingRule, received: RequestReceived, town: Town) -> DepartmentCode | None:
    """The department that a rule gives a request to; None where it does not hold."""
    if rule.kinds and received.kind not in rule.kinds:
        return None
    if rule.subjects and received.subject not in rule.subjects:
        return None
    if rule.terms and not set(rule.terms) & set(received.terms):
        return None
    if rule.channels and received.channel not in rule.channels:
        return None
    if rule.department is not None:
        return rule.department
    subject = town.subject_by_code.get(received.subject or "")
    return subject.department if subject is not None else None


ASSIGNMENT: Decider[Command, Assignment] = Decider(initial=Assignment(), evolve=evolve, decide=decide)

"""Who answers: the town's rules in their order, a person's choice over them, and never nobody."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given as every
from hypothesis import strategies as st
from tests.place import TOWN_DIR

from clic_chassis.scenario import NOON, given
from clic_chassis.town_file import read_town
from clic_contracts.event import RequestReceived, RequestRouted, RuleRef
from clic_contracts.town import Routing, RoutingRule, Town
from clic_contracts.vocabulary import Channel, Kind
from clic_routing.core.assignment import (
    ASSIGNMENT,
    PassToLegal,
    RouteByRules,
    RouteTo,
    UnknownDepartmentError,
    route,
)

TOWN = read_town(TOWN_DIR)
SUBJECTS = [subject.code for subject in TOWN.subjects]
TERMS = [term.code for term in TOWN.vocabulary]


def received(**changes: Any) -> RequestReceived:
    plain: dict[str, Any] = {"kind": "request", "channel": "email", "subject": None, "terms": []}
    return RequestReceived.model_validate({**RequestReceived.EXAMPLE, **plain, **changes})


def with_rules(*rules: RoutingRule, unforeseen: str = "clic") -> Town:
    """The town after its council changed the rules."""
    return TOWN.model_copy(update={"routing": Routing(rules=rules, unforeseen=unforeseen), "version": "other"})


CASES = [
    # POL-20: whatever else it is about.
    ({"kind": "access_to_information"}, "greffe", "access_to_information"),
    ({"kind": "access_to_information", "subject": "pothole"}, "greffe", "access_to_information"),
    ({"kind": "access_to_information", "terms": ["against_town"]}, "greffe", "access_to_information"),
    # POL-09: what is before the courts is never the desk's to answer.
    ({"kind": "report", "subject": "pothole", "terms": ["damage", "formal_notice"]}, "greffe", "before_courts"),
    ({"kind": "complaint", "subject": "complaint_about_town", "terms": ["formal_notice"]}, "greffe", "before_courts"),
    ({"kind": "comment", "terms": ["formal_notice"]}, "greffe", "before_courts"),
    # POL-12: complaints against the town.
    ({"kind": "complaint", "subject": "complaint_about_town"}, "direction_generale", "complaint_about_town"),
    ({"kind": "complaint", "subject": "employee_conduct"}, "direction_generale", "complaint_about_town"),
    (
        {"kind": "complaint", "subject": "pothole", "terms": ["against_town"]},
        "direction_generale",
        "official_complaint",
    ),
    ({"kind": "complaint", "terms": ["against_town"]}, "direction_generale", "official_complaint"),
    ({"kind": "report", "subject": "employee_conduct"}, "direction_generale", "conduct"),
    # A complaint about the neighbourhood is the subject's department's.
    ({"kind": "complaint", "subject": "pothole"}, "travaux_publics_voirie", "by_subject"),
    ({"kind": "request", "subject": "damage_claim"}, "greffe", "damage_claim"),
    # POL-16: what the first line can answer is not transferred.
    ({"kind": "comment", "subject": "pothole"}, "clic", "opinion"),
    ({"kind": "suggestion"}, "clic", "opinion"),
    ({"kind": "request", "subject": "general_information"}, "clic", "by_subject"),
    # The subject's department.
    ({"kind": "report", "subject": "pothole", "terms": ["artery", "school"]}, "travaux_publics_voirie", "by_subject"),
    ({"kind": "request", "subject": "road_danger"}, "travaux_publics_voirie", "by_subject"),
    ({"kind": "report", "terms": ["immediate_danger"]}, "travaux_publics_voirie", "danger_without_subject"),
    # POL-36: foreseen by nothing.
    ({"kind": "request"}, "clic", None),
    ({"kind": "complaint"}, "clic", None),
    ({"kind": "complaint", "terms": ["immediate_danger"]}, "clic", None),
    ({"kind": "request", "terms": ["school", "artery"]}, "clic", None),
]


@pytest.mark.parametrize(("changes", "department", "rule"), CASES)
def test_the_first_rule_that_holds_decides(changes: dict[str, Any], department: str, rule: str | None) -> None:
    """POL-09, POL-10, POL-12, POL-16, POL-20, POL-36: the rules of Mont-Saint-Hilaire."""
    event = received(**changes)
    expected = RequestRouted(
        department=department,
        rule=None if rule is None else RuleRef(code=rule),
        first_line=department == "clic",
        unusual=rule is None and event.subject not in SUBJECTS,
    )
    given(ASSIGNMENT).when(RouteByRules(event, NOON, TOWN)).then(expected)


def test_every_rule_of_the_town_is_shown_by_a_case_above() -> None:
    """A rule that nothing reaches is a mistake in the town's file."""
    assert {rule.code for rule in TOWN.routing.rules} == {rule for _, _, rule in CASES if rule}


@pytest.mark.parametrize("changes", [changes for changes, _, _ in CASES])
def test_what_an_elected_official_passes_on_is_routed_like_any_other(changes: dict[str, Any]) -> None:
    """POL-11."""
    assert route(received(**changes, channel="elected_official"), TOWN) == route(received(**changes), TOWN)


@every(
    kind=st.sampled_from(Kind),
    channel=st.sampled_from(Channel),
    subject=st.sampled_from([None, "retired_subject", *SUBJECTS]),
    terms=st.lists(st.sampled_from(["retired_term", *TERMS]), max_size=6, unique=True),
)
def test_every_request_is_given_to_exactly_one_department_of_the_town(
    kind: Kind, channel: Channel, subject: str | None, terms: list[str]
) -> None:
    """POL-10: nothing falls between two chairs, whatever it is and however it came."""
    event = received(kind=kind, channel=channel, subject=subject, terms=terms)
    (fact,) = given(ASSIGNMENT).when(RouteByRules(event, NOON, TOWN)).facts
    routed = fact.event
    assert isinstance(routed, RequestRouted)
    assert routed.first_line is TOWN.department_by_code[routed.department].first_line
    assert routed.rule is None or routed.rule.code in {rule.code for rule in TOWN.routing.rules}
    assert (routed.unusual, fact.occurred_at) == (routed.rule is None and subject not in SUBJECTS, NOON)


@pytest.mark.parametrize("subject", [subject for subject in TOWN.subjects if subject.department], ids=lambda s: s.code)
def test_an_ordinary_request_goes_to_the_department_of_its_subject(subject: Any) -> None:
    """POL-10, POL-35."""
    routed = route(received(kind="request", subject=subject.code), TOWN)
    assert (routed.department, routed.unusual) == (subject.department, False)


def test_a_rule_never_takes_a_request_away_from_where_it_is() -> None:
    """A reception that is delivered again, or an older one that comes late."""
    by_person = RequestRouted(department="loisirs", first_line=False)
    given(ASSIGNMENT, [by_person]).when(RouteByRules(received(subject="pothole"), NOON, TOWN)).then_nothing()


@pytest.mark.parametrize("department", TOWN.departments, ids=lambda department: department.code)
def test_a_person_gives_a_request_to_any_department(department: Any) -> None:
    """POL-16, POL-34: back to the first line as well; said twice, done once."""
    choice = RouteTo(department.code, NOON, TOWN)
    expected = RequestRouted(department=department.code, rule=None, first_line=department.first_line, unusual=False)
    elsewhere = "loisirs" if department.code != "loisirs" else "clic"
    start = given(ASSIGNMENT, [RequestRouted(department=elsewhere, first_line=elsewhere == "clic")])
    start.when(choice).then(expected).when(choice).then_nothing()
    given(ASSIGNMENT).when(choice).then(expected)


def test_a_department_that_the_town_has_not_is_refused_with_those_that_it_has() -> None:
    """The message says how to mend it."""
    given(ASSIGNMENT).when(RouteTo("ministere", NOON, TOWN)).then_refused(UnknownDepartmentError)
    with pytest.raises(UnknownDepartmentError, match="travaux_publics_voirie"):
        ASSIGNMENT.decide(RouteTo("ministere", NOON, TOWN), ASSIGNMENT.initial)


def test_when_the_town_changes_its_rules_new_requests_follow_them_and_old_ones_stay() -> None:
    """And the fact names the rule that made it."""
    event = received(kind="report", subject="pothole")
    before = (
        given(ASSIGNMENT)
        .when(RouteByRules(event, NOON, TOWN))
        .then(RequestRouted(department="travaux_publics_voirie", rule=RuleRef(code="by_subject"), first_line=False))
    )
    changed = with_rules(RoutingRule(code="all_to_engineering", subjects=("pothole",), department="ingenierie"))
    before.when(RouteByRules(event, NOON, changed)).then_nothing()
    given(ASSIGNMENT).when(RouteByRules(event, NOON, changed)).then(
        RequestRouted(department="ingenierie", rule=RuleRef(code="all_to_engineering"), first_line=False)
    )


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        (RoutingRule(code="r", department="greffe"), True),
        (RoutingRule(code="r", kinds=(Kind.REPORT, Kind.REQUEST), department="greffe"), True),
        (RoutingRule(code="r", kinds=(Kind.COMPLAINT,), department="greffe"), False),
        (RoutingRule(code="r", subjects=("sidewalk", "pothole"), department="greffe"), True),
        (RoutingRule(code="r", subjects=("sidewalk",), department="greffe"), False),
        (RoutingRule(code="r", terms=("school", "artery"), department="greffe"), True),
        (RoutingRule(code="r", terms=("school",), department="greffe"), False),
        (RoutingRule(code="r", channels=(Channel.PHONE,), department="greffe"), True),
        (RoutingRule(code="r", channels=(Channel.EMAIL,), department="greffe"), False),
        (RoutingRule(code="r", kinds=(Kind.REPORT,), terms=("school",), department="greffe"), False),
    ],
)
def test_every_condition_that_a_rule_gives_must_hold(rule: RoutingRule, *, holds: bool) -> None:
    """And one that it does not give is no condition."""
    event = received(kind="report", subject="pothole", terms=["artery"], channel="phone")
    routed = route(event, with_rules(rule, unforeseen="loisirs"))
    assert routed.department == ("greffe" if holds else "loisirs")
    assert not routed.unusual  # A subject of the town foresaw it (POL-36), whoever it goes to.


def test_a_rule_without_department_is_passed_over_where_the_subject_has_none() -> None:
    """Outside the town's competence there is a body to turn to and no department (POL-07)."""
    subject = next(each for each in TOWN.subjects if each.department is None)
    rules = (RoutingRule(code="by_subject"), RoutingRule(code="rest", department="greffe"))
    routed = route(received(subject=subject.code), with_rules(*rules))
    assert routed.rule == RuleRef(code="rest")


def test_what_is_before_the_courts_is_passed_to_legal_services_wherever_it_is() -> None:
    """POL-09."""
    legal = RequestRouted(department="greffe", rule=RuleRef(code="before_courts"), first_line=False)
    elsewhere = RequestRouted(department="clic", rule=None, first_line=True)
    passed = PassToLegal(NOON, TOWN)
    given(ASSIGNMENT, [elsewhere]).when(passed).then(legal).when(passed).then_nothing()
    given(ASSIGNMENT).when(passed).then(legal).when(RouteByRules(received(), NOON, TOWN)).then_nothing()
    given(ASSIGNMENT, [elsewhere]).when(PassToLegal(NOON, with_rules())).then_nothing()

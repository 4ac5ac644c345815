"""What is registered, judged and given to somebody. Source: POL-01 to POL-12."""

from __future__ import annotations

from tests.taken_out.removal import INTAKE, ROUTE, T_CORE, T_ROUTE, T_SERVICE, TOWN, Removal


def _registered_as(other: str, kind: str, clause: int) -> Removal:
    return Removal(
        clause,
        f"kind `{kind}` is registered as what it is",
        f"{INTAKE}/core/submitted.py",
        "        kind=said.kind,\n        channel=said.channel,",
        f'        kind=type(said.kind)("{other}") if said.kind == "{kind}" else said.kind,\n'
        "        channel=said.channel,",
        f"{T_SERVICE}/test_inbox.py::test_each_is_registered_as_what_it_is",
    )


RECEPTION: tuple[Removal, ...] = (
    _registered_as("request", "report", 1),
    _registered_as("request", "complaint", 2),
    _registered_as("comment", "suggestion", 3),
    _registered_as("request", "access_to_information", 4),
    Removal(
        5,
        "only older records come by no known channel",
        f"{INTAKE}/core/fit.py",
        "    elif not submission.backlog and submission.channel is Channel.UNKNOWN:\n",
        "    elif False:\n",
        f"{T_CORE}/test_admission.py::test_a_request_names_the_channel_by_which_the_town_was_addressed",
    ),
    Removal(
        6,
        "what is missing is asked for",
        f"{INTAKE}/core/admission.py",
        "    if missing and not submission.requester_withheld:\n",
        "    if False:\n",
        f"{T_CORE}/test_admission.py::test_a_safety_report_without_a_name_is_acted_on_and_asked_for_it",
    ),
    Removal(
        7,
        "what is not the town's is pointed to who can help",
        f"{INTAKE}/core/admission.py",
        "    if subject is not None and subject.turn_to is not None:\n",
        "    if False:\n",
        f"{T_CORE}/test_admission.py::test_what_is_not_the_towns_is_pointed_to_who_can_help",
    ),
    Removal(
        8,
        "only a person refuses for lack of facts",
        f"{INTAKE}/core/rule.py",
        "frozenset({Criterion.UNFOUNDED, Criterion.BEFORE_COURTS})",
        "frozenset({Criterion.BEFORE_COURTS})",
        f"{T_CORE}/test_judging.py::test_only_a_person_refuses_for_lack_of_facts_or_because_of_the_courts",
    ),
    Removal(
        9,
        "only a person refuses because of the courts",
        f"{INTAKE}/core/rule.py",
        "frozenset({Criterion.UNFOUNDED, Criterion.BEFORE_COURTS})",
        "frozenset({Criterion.UNFOUNDED})",
        f"{T_CORE}/test_judging.py::test_only_a_person_refuses_for_lack_of_facts_or_because_of_the_courts",
    ),
    Removal(
        9,
        "what is before the courts is passed to Services juridiques",
        ROUTE,
        "            return _pass_to_legal(at, town, assignment)\n",
        "            return ()\n",
        f"{T_ROUTE}::test_what_is_before_the_courts_is_passed_to_legal_services_wherever_it_is",
    ),
    Removal(
        10,
        "each further contact is registered with its request",
        f"{INTAKE}/core/submitted.py",
        "in enumerate(said.also_by)\n",
        "in enumerate(said.also_by[:0])\n",
        f"{T_SERVICE}/test_inbox.py::test_every_channel_by_which_it_was_asked_again_is_an_interaction",
    ),
    Removal(
        10,
        "every request is given to somebody, however it came",
        ROUTE,
        "            return (Fact(route(received, town), at),)\n",
        '            return (Fact(route(received, town), at),) if received.channel != "fax" else ()\n',
        f"{T_ROUTE}::test_every_request_is_given_to_exactly_one_department_of_the_town",
    ),
    Removal(
        10,
        "a request has a number",
        f"{INTAKE}/desk.py",
        '            request_id, year, with_key=bool(content), requester=content.get("requester")\n',
        '            request_id, None, with_key=True, requester=content.get("requester")\n',
        f"{T_SERVICE}/test_inbox.py::test_a_submission_becomes_a_request_with_a_reference",
    ),
    Removal(
        11,
        "what an elected official passes on is routed like any other",
        ROUTE,
        "    for rule in town.routing.rules:\n        if (department := _by",
        '    for rule in town.routing.rules if received.channel != "elected_official" else ():\n'
        "        if (department := _by",
        f"{T_ROUTE}::test_what_an_elected_official_passes_on_is_routed_like_any_other",
    ),
    Removal(
        12,
        "a complaint against the town goes to the Direction générale",
        f"{TOWN}/routing.yaml",
        "    - {code: official_complaint, kinds: [complaint], terms: [against_town], department: direction_generale}",
        "    ",
        f"{T_ROUTE}::test_the_first_rule_that_holds_decides",
    ),
    Removal(
        12,
        "the criteria of its form are recorded",
        f"{INTAKE}/core/submitted.py",
        "        complaint_criteria=said.complaint_criteria,\n",
        "",
        f"{T_CORE}/test_submitted.py::test_a_complaint_is_registered_with_the_criteria_of_its_form",
    ),
)

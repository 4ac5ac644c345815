"""What the law lets be done about an access request, by when, and who knows of it. Source: POL-22 to POL-26."""

from __future__ import annotations

from tests.taken_out.removal import INTAKE, TOWN, Removal

T_PATH = "tests/intake/access_path"

ACCESS: tuple[Removal, ...] = (
    Removal(
        22,
        "a limit that ends on a holiday is moved",
        f"{INTAKE}/core/access.py",
        "    while is_legal_holiday(last_on):\n",
        "    while False:\n",
        f"{T_PATH}/test_limit.py::test_a_delay_of_the_law_ends_where_the_law_says",
    ),
    Removal(
        23,
        "an extension comes before the first delay ends",
        f"{INTAKE}/core/extension.py",
        "    if rules.day_of(at) > last_on:\n",
        "    if False:\n",
        f"{T_PATH}/test_rule.py::test_an_access_request_is_extended_before_its_delay_ends",
    ),
    Removal(
        23,
        "a notice of extension that is too late does not go out",
        f"{INTAKE}/letter/sender.py",
        "        if not still_holds(self._requests, story.events, letter.letter_id, self._clock.now()):\n",
        "        if False:\n",
        f"{T_PATH}/test_http.py::test_a_notice_of_extension_that_is_too_late_does_not_go_out",
    ),
    Removal(
        24,
        "what nobody refused is not reviewed",
        f"{INTAKE}/core/access_rule.py",
        "    if step.requested_on < since:\n",
        "    if False:\n",
        f"{T_PATH}/test_review.py::test_a_review_is_requested_where_the_law_gives_one",
    ),
    Removal(
        24,
        "silence after the limit is a refusal",
        f"{INTAKE}/core/access.py",
        "[limit + dt.timedelta(days=1)]",
        "[]",
        f"{T_PATH}/test_limit.py::test_a_review_is_of_a_decision_or_of_silence",
    ),
    Removal(
        25,
        "the notice of receipt states the right of review",
        f"{TOWN}/letters/acknowledgement.fr.j2",
        "dans les trente jours qui suivent la décision ou la fin du délai (articles 52 et 135)",
        "",
        f"{T_PATH}/test_legal_letters.py::test_the_notice_of_receipt_states_date_delays_silence_and_recourse",
    ),
    Removal(
        25,
        "the decision states the right of review",
        f"{TOWN}/letters/answer.fr.j2",
        "dans les trente jours qui suivent sa date, ",
        "",
        f"{T_PATH}/test_legal_letters.py::test_every_decision_states_its_outcome_and_the_recourse",
    ),
    Removal(
        26,
        "an access request is there for its role alone",
        f"{INTAKE}/api/story.py",
        " or not may_see(agent.roles, role):",
        ":",
        f"{T_PATH}/test_http.py::test_nobody_else_learns_that_a_step_could_be_taken",
    ),
)

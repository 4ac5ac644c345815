"""What a person judges, and what an outside body does."""

from __future__ import annotations

import pytest
from tests.intake.access_path.path import (
    ADMITTED,
    CLOSED,
    COMPLAINT,
    HANDED_BACK,
    HANDED_OVER,
    IN_TIME,
    LATE,
    RECEIVED_ON,
    REOPENED,
    REPORT,
    REQUEST,
    WRITTEN,
    on,
    record,
)
from tests.intake.core.story import VOIDED, make

from clic_chassis.scenario import given
from clic_contracts.event import (
    RequestAdmitted,
    RequestAnswered,
    RequestHandedOver,
    RequestReceived,
)
from clic_intake.core.rule import (
    AdmissionError,
    HandingError,
    NotNowError,
)


def test_a_person_says_once_that_a_request_is_admissible() -> None:
    """POL-05 to POL-09, POL-12: again after it was reopened."""
    by_criteria = make(RequestAdmitted)
    admitted = given(REQUEST, [on("2026-05-15", COMPLAINT)]).when(record(by_criteria, IN_TIME)).then(by_criteria)
    admitted.when(record(by_criteria, IN_TIME)).then_nothing()
    story = [on("2026-05-15", REPORT), *(on(IN_TIME, each) for each in (ADMITTED, make(RequestAnswered), CLOSED))]
    given(REQUEST, [*story, on(IN_TIME, REOPENED)]).when(record(ADMITTED, LATE)).then(ADMITTED)


def test_access_is_decided_and_not_judged_and_criteria_are_for_complaints() -> None:
    """POL-12, A-2.1 art. 47."""
    given(REQUEST, [RECEIVED_ON]).when(record(ADMITTED, IN_TIME)).then_refused(AdmissionError)
    report = given(REQUEST, [on("2026-05-15", REPORT)])
    report.when(record(make(RequestAdmitted), IN_TIME)).then_refused(AdmissionError)
    answered = [on("2026-05-15", REPORT), on(IN_TIME, make(RequestAnswered))]
    given(REQUEST, answered).when(record(ADMITTED, IN_TIME)).then_refused(NotNowError)


def test_work_is_handed_over_to_one_body_at_a_time_and_back() -> None:
    """POL-29."""
    out = given(REQUEST, [on("2026-05-15", REPORT)]).when(record(HANDED_OVER, IN_TIME)).then(HANDED_OVER)
    out.when(record(HANDED_OVER, LATE)).then_refused(HandingError)
    back = out.when(record(HANDED_BACK, LATE)).then(HANDED_BACK)
    back.when(record(HANDED_BACK, LATE)).then_refused(HandingError)
    back.when(record(HANDED_OVER, LATE)).then(HANDED_OVER)


@pytest.mark.parametrize("received", [WRITTEN, make(RequestReceived, confidential=True)])
def test_what_is_confidential_is_not_handed_over(received: RequestReceived) -> None:
    """POL-26."""
    given(REQUEST, [on("2026-05-15", received)]).when(record(HANDED_OVER, IN_TIME)).then_refused(HandingError)


def test_nothing_comes_back_of_a_record_that_was_voided() -> None:
    """POL-29."""
    story = [on("2026-05-15", REPORT), on(IN_TIME, HANDED_OVER), on(IN_TIME, VOIDED)]
    given(REQUEST, story).when(record(HANDED_BACK, LATE)).then_refused(NotNowError)


def test_a_body_is_expected_on_a_day_to_come() -> None:
    """POL-29."""
    passed = make(RequestHandedOver, expected_on="2026-05-27")
    given(REQUEST, [on("2026-05-15", REPORT)]).when(record(passed, IN_TIME)).then_refused(HandingError)

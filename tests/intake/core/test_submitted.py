"""What a submission says, as facts of the desk."""

from __future__ import annotations

from clic_chassis.scenario import NOON
from clic_contracts.event import RequestReceived
from clic_contracts.submission import RequestSubmission, SubmissionEvent
from clic_contracts.town import Town
from clic_intake.core.submitted import digest_of, registration


def test_a_complaint_is_registered_with_the_criteria_of_its_form(town: Town) -> None:
    """POL-12: what the citizen declared of them, in its order."""
    declared = ("steps_taken", "repeated")
    said = RequestSubmission.model_validate(
        {**RequestSubmission.EXAMPLE, "kind": "complaint", "complaint_criteria": declared}
    )
    event = SubmissionEvent(
        specversion="1.0", id="plainte-1", source="/essai", type="submission.request.v1", time=NOON, data=said
    )
    facts = registration(
        event,
        said,
        town,
        publisher="portail_web",
        reference="2026-000001",
        terms=(),
        digest=digest_of(event, None),
        sealed=None,
        now=NOON,
    )
    received = facts[0].event
    assert isinstance(received, RequestReceived)
    assert received.complaint_criteria == declared

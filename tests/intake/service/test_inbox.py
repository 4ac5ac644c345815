"""The inbox process on real servers: every submission ends in exactly one receipt."""

from __future__ import annotations

from tests.intake.service.office import Office, now

from clic_contracts.submission import (
    RequestSubmission,
)

REPORT = RequestSubmission.model_validate(RequestSubmission.EXAMPLE)


async def test_a_submission_becomes_a_request_with_a_reference(office: Office) -> None:
    """POL-10."""
    receipt = await office.submit(REPORT, "appel-1")
    assert receipt.status == "accepted"
    assert receipt.reference == f"{now().year}-000001"

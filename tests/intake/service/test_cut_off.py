"""Cut off between a request's key and its place in the log: nothing is lost, and nothing is registered twice."""

from __future__ import annotations

from typing import Any

import pytest
from tests.intake.service.office import SOURCE, Office, year

from clic_chassis import failure
from clic_chassis.error import RetryableError
from clic_chassis.jetstream_log import JetStreamLog
from clic_contracts.envelope import request_id_for
from clic_contracts.submission import RequestSubmission
from clic_contracts.vocabulary import Service

REPORT = RequestSubmission.model_validate(RequestSubmission.EXAMPLE)


@pytest.mark.parametrize("where", ["before it is stored", "after"])
async def test_a_request_keeps_the_reference_and_the_key_that_it_had_when_it_was_cut_off(
    office: Office, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """POL-10: whether the log has taken it and nobody heard of it, or has not."""
    monkeypatch.setattr(failure, "BACKOFF_FIRST_S", 0.01)
    append, cuts = JetStreamLog.append, ["now", "and once more"]

    async def cut_off(log: JetStreamLog, *what: Any, **more: Any) -> int:
        if not cuts:
            return await append(log, *what, **more)
        cuts.pop()
        if where == "after":
            await append(log, *what, **more)
        raise RetryableError("cut off")

    monkeypatch.setattr(JetStreamLog, "append", cut_off)

    receipts = [await office.submit(REPORT, event_id) for event_id in ("appel-1", "appel-2")]

    assert [each.reference for each in receipts] == [f"{year()}-000001", f"{year()}-000002"]
    story = await office.runtime.log.load(Service.INTAKE, request_id_for(SOURCE, "appel-1"))
    assert [each.type for each in story.events] == ["request.received.v1"]
    answer = await office.ask(f"/requests/{request_id_for(SOURCE, 'appel-1')}/open", {"reason": "Essai imaginaire."})
    assert answer.json()["opened"][0]["content"]["text"] == REPORT.text

"""Whoever sends a type that will go hears it with each answer, by HTTP and over NATS."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from tests.intake.service.office import NATS_WAIT_S, Office
from tests.intake.service.test_api import BATCH, REPORT, STRUCTURED, body_of

from clic_contracts.deprecation import DEPRECATED, Deprecation, headers_of
from clic_contracts.problem import Wording
from clic_contracts.subject import RECEIPT_STREAM, receipt_subject
from clic_contracts.submission import InteractionSubmission

GOES = Deprecation(dt.date(2026, 3, 1), dt.date(2027, 3, 2), "submission.request.v1", Wording(fr="Essai.", en="Trial."))
NAMES = ("Deprecation", "Sunset")
CONTACT = InteractionSubmission.model_validate(InteractionSubmission.EXAMPLE)


async def test_an_answer_says_that_a_type_will_go(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 9745, RFC 8594; a batch of which one goes says it too, and what stays says nothing."""
    monkeypatch.setitem(DEPRECATED, InteractionSubmission.TYPE, GOES)
    goes, stays = body_of(CONTACT, "contact-1"), body_of(REPORT, "appel-1")
    answers = [
        await office.ask("/events", goes, token="portal", headers=STRUCTURED),
        await office.ask("/events", content=json.dumps([stays, goes]).encode(), token="portal", headers=BATCH),
        await office.ask("/events", content=b"Bonjour", token="portal", headers=STRUCTURED),
        await office.ask("/events", stays, token="portal", headers=STRUCTURED),
    ]
    said = [{name: each.headers[name] for name in NAMES if name in each.headers} for each in answers]
    assert said == [headers_of([InteractionSubmission.TYPE])] * 2 + [{}] * 2


async def test_a_receipt_says_it_over_nats(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Headers of the same names."""
    monkeypatch.setitem(DEPRECATED, InteractionSubmission.TYPE, GOES)
    await office.submit(CONTACT, "contact-1")
    await office.submit(REPORT, "appel-1")
    said = []
    for event_id in ("contact-1", "appel-1"):
        subject = receipt_subject("telephonie", event_id)
        kept = await office.nats.request(f"$JS.API.DIRECT.GET.{RECEIPT_STREAM}.{subject}", b"", timeout=NATS_WAIT_S)
        said.append({name: value for name, value in (kept.headers or {}).items() if name in NAMES})
    assert said == [headers_of([InteractionSubmission.TYPE]), {}]

"""The desk over HTTP: agents' commands, stories, opened seals and submissions as CloudEvents."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from inspect import getdoc
from typing import Any

import pytest
from tests.intake.service.office import AGENTS, SOURCE, Office, now

from clic_chassis.error import RetryableError
from clic_chassis.http import BODY_BYTES_MAX, PROBLEM_TYPE
from clic_chassis.jetstream_log import JetStreamLog
from clic_contracts.envelope import request_id_for
from clic_contracts.submission import OutcomeSubmission, RequestPointer, RequestSubmission, encode_submission
from clic_intake.api.command import COMMANDS
from clic_intake.desk import Desk

REPORT = RequestSubmission.model_validate(RequestSubmission.EXAMPLE)
ACCESS = RequestSubmission.model_validate(
    {**RequestSubmission.EXAMPLE, "kind": "access_to_information", "subject": None, "channel": "letter"}
)
NOBODY = request_id_for("/nulle/part", "0")
STRUCTURED = [("Content-Type", "application/cloudevents+json")]
BATCH = [("Content-Type", "application/cloudevents-batch+json; charset=utf-8")]


async def registered(office: Office, submission: RequestSubmission = REPORT, event_id: str = "appel-1") -> str:
    """The id of a new request."""
    receipt = await office.submit(submission, event_id)
    assert receipt.request_id is not None
    return receipt.request_id


async def command(office: Office, request_id: str, name: str, status: int = 200, **body: Any) -> dict[str, Any]:
    """What a command answers."""
    token = body.pop("token", "desk")
    key = body.pop("key", None)
    headers = [("Idempotency-Key", key)] if key else []
    answer = await office.ask(f"/requests/{request_id}/{name}", body, token=token, headers=headers)
    assert answer.status_code == status, answer.text
    if status != 200:
        assert answer.headers["content-type"] == PROBLEM_TYPE
        assert {"type", "title", "status", "detail"} <= answer.json().keys()
        assert answer.json()["status"] == status
    found: dict[str, Any] = answer.json()
    return found


def body_of(submission: Any, event_id: str, **changes: Any) -> dict[str, Any]:
    raw = json.loads(encode_submission(submission, source=SOURCE, event_id=event_id, occurred_at=now()))
    return {**raw, **changes}


# -- commands ---------------------------------------------------------------------------------------------------------


async def test_a_request_is_acknowledged_answered_closed_rated_and_reopened(office: Office) -> None:
    """POL-13, POL-17, POL-27, POL-39."""
    request_id = await registered(office)
    phases = [
        (await command(office, request_id, name, **body))["phase"]
        for name, body in (
            ("acknowledge", {"channel": "phone"}),
            ("note", {"text": "La personne imaginaire rappelle demain."}),
            ("promise", {"due_on": str((now() + dt.timedelta(days=3)).date())}),
            ("answer", {"channel": "phone", "text": "Réparé.", "answered_by": "travaux_publics_voirie"}),
            ("close", {}),
            ("rate", {"score": 2}),
            ("reopen", {"reason": "not_satisfied"}),
        )
    ]
    assert phases == ["in_treatment", "in_treatment", "in_treatment", "answered", "closed", "closed", "reopened"]


async def test_what_is_missing_is_asked_for_and_given(office: Office) -> None:
    """POL-06, POL-21."""
    request_id = await registered(office, REPORT.model_copy(update={"requester": None}))
    await command(office, request_id, "ask", channel="phone", missing=["precision", "contact"])
    await command(office, request_id, "complete", 422)
    done = await command(office, request_id, "complete", requester={"email": "camille@exemple.invalid"})
    assert done["events"] == ["request.completed.v1"]


async def test_a_request_is_not_closed_before_it_was_answered(office: Office) -> None:
    """POL-27."""
    request_id = await registered(office)
    problem = await command(office, request_id, "close", 409)
    assert problem["type"] == "urn:clic:problem:not-answered"
    assert "answer the citizen first" in problem["detail"]


async def test_a_refusal_that_was_told_closes(office: Office) -> None:
    """POL-08."""
    request_id = await registered(office)
    done = await command(office, request_id, "refuse", criterion="unfounded", text="Une rumeur.", channel="phone")
    assert (done["phase"], done["events"]) == ("closed", ["request.refused.v1", "request.closed.v1"])


async def test_a_command_with_the_same_key_is_done_once(office: Office) -> None:
    """Said twice, done once; two agents with one key are two commands."""
    request_id = await registered(office)
    first = await command(office, request_id, "note", text="Une note.", key="1")
    again = await command(office, request_id, "note", text="Une note.", key="1")
    assert (first["known"], again["known"]) == (False, True)
    assert again["events"] == first["events"]
    assert not (await command(office, request_id, "note", text="Une note.", key="1", token="greffe"))["known"]
    assert not (await command(office, request_id, "note", text="Une note."))["known"]


async def test_a_key_that_was_used_for_another_command_is_refused(office: Office) -> None:
    request_id = await registered(office)
    await command(office, request_id, "note", text="Une note.", key="1")
    for name, body in (("note", {"text": "Une autre."}), ("acknowledge", {"channel": "phone"})):
        problem = await command(office, request_id, name, 409, key="1", **body)
        assert problem["type"] == "urn:clic:problem:other-content"


async def test_racing_commands_of_one_agent_are_done_once(office: Office) -> None:
    request_id = await registered(office)
    done = await asyncio.gather(
        *(command(office, request_id, "acknowledge", channel="phone", key="1") for _ in range(20))
    )
    assert sorted(each["known"] for each in done) == [False] + [True] * 19


async def test_a_duplicate_is_merged_into_a_request_that_is_there(office: Office) -> None:
    one, other = await registered(office), await registered(office, event_id="appel-2")
    assert (await command(office, one, "merge", 422, into=one))["detail"].startswith("into:")
    await command(office, one, "merge", 404, into=NOBODY)
    assert (await command(office, one, "merge", into=other))["phase"] == "closed"


async def test_the_future_has_not_happened(office: Office) -> None:
    request_id = await registered(office)
    late = (now() + dt.timedelta(hours=1)).isoformat()
    problem = await command(office, request_id, "acknowledge", 422, channel="phone", occurred_at=late)
    assert "in the future" in problem["detail"]
    assert "check the clock" in problem["detail"]
    early = "1926-05-15T12:00:00-04:00"
    problem = await command(office, request_id, "acknowledge", 409, channel="phone", occurred_at=early)
    assert problem["type"] == "urn:clic:problem:before-reception"


UNFIT: list[tuple[str, dict[str, Any], str]] = [
    ("acknowledge", {}, "/channel"),
    ("acknowledge", {"channel": "pigeon"}, "/channel"),
    ("acknowledge", {"channel": "phone", "cahnnel": "phone"}, "/cahnnel"),
    ("acknowledge", {"channel": "phone", "occurred_at": 1_779_000_000}, "/occurred_at"),
    ("rate", {"score": 6}, "/score"),
    ("merge", {"into": "appel-1"}, "/into"),
    ("split", {"parts": [{"kind": "report", "text": "Un lampadaire."}] * 6}, "/parts"),
    ("note", {"text": "x" * 10_001}, "/text"),
    ("complete", {"requester": {"email": "camille"}}, "/requester/email"),
]
"""A command, a body that does not fit it, and where it does not."""


async def test_a_body_that_does_not_fit_is_told_what_is_wrong_and_how_to_mend_it(office: Office) -> None:
    """RFC 9457, with JSON pointers."""
    for name, body, pointer in UNFIT:
        problem = await command(office, NOBODY, name, 422, **body)
        assert [each["pointer"] for each in problem["errors"]] == [pointer]
        assert all(each["detail"] and each["mend"] for each in problem["errors"])


async def test_whatever_goes_wrong_is_a_problem(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 9457: not JSON, no such path, no such method, too large, a server away, a defect of ours."""
    path = f"/requests/{NOBODY}/close"
    asked = [
        (await office.ask(path, content=b"{", headers=[("Content-Type", "application/json")]), 422),
        (await office.ask(path, content=b"Bonjour"), 422),
        (await office.ask("/nulle-part"), 404),
        (await office.ask(path), 405),
        (await office.ask(path, {}), 404),
        (await office.ask(path, {}, token=None), 401),
        (await office.ask(path, {}, token="faux"), 401),
        (await office.ask("/requests/appel-1"), 422),
        (await office.ask("/references/appel-1"), 422),
        (await office.ask("/references/1999-000001"), 404),
        (await office.ask(path, {"x": "x" * BODY_BYTES_MAX}), 413),
    ]
    for error, status in ((RetryableError("away"), 503), (ZeroDivisionError("Camille Exemple"), 500)):

        async def failing(*_: Any, error: Exception = error, **__: Any) -> None:
            raise error

        monkeypatch.setattr(JetStreamLog, "load", failing)
        asked.append((await office.ask(path, {}), status))
    for answer, status in asked:
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == PROBLEM_TYPE
        assert answer.json()["status"] == status
        assert answer.json()["detail"]
        assert "Camille" not in answer.text
    assert asked[5][0].headers["www-authenticate"] == "Bearer"
    assert asked[11][0].headers["retry-after"] == "2"


async def test_the_documentation_names_every_command_and_what_may_go_wrong(office: Office) -> None:
    document = (await office.http.get("/openapi.json")).json()
    for each in COMMANDS:
        operation = document["paths"][f"/requests/{{request_id}}/{each.PATH}"]["post"]
        assert operation["summary"]
        assert operation["description"] == getdoc(each)
        for status in ("401", "403", "404", "409", "422", "503"):
            [media_type] = operation["responses"][status]["content"]
            assert media_type == PROBLEM_TYPE
    assert "application/cloudevents+json" in document["paths"]["/events"]["post"]["requestBody"]["content"]


# -- confidential -----------------------------------------------------------------------------------------------------


async def test_an_access_request_is_visible_to_the_greffe_alone(office: Office) -> None:
    """POL-26: for others it is not there, whatever they ask, and nothing tells it from one that is not there."""
    request_id, nobodys = await registered(office, ACCESS), NOBODY
    other = await registered(office, event_id="appel-2")
    for hidden, unknown, body in (
        (f"/requests/{request_id}", f"/requests/{nobodys}", None),
        (f"/requests/{request_id}/open", f"/requests/{nobodys}/open", {"reason": "Répondre à la demande."}),
        (f"/requests/{request_id}/acknowledge", f"/requests/{nobodys}/acknowledge", {"channel": "phone"}),
    ):
        refused, missing = await office.ask(hidden, body), await office.ask(unknown, body)
        assert (refused.status_code, refused.content) == (404, missing.content)
    into = [await office.ask(f"/requests/{other}/merge", {"into": each}) for each in (request_id, nobodys)]
    assert (into[0].status_code, into[0].content) == (404, into[1].content)
    assert await office.runtime.pool.fetchval("SELECT count(*) FROM opening") == 0
    assert (await office.ask(f"/requests/{request_id}", token="greffe")).status_code == 200
    decided = await command(office, request_id, "answer", token="greffe", channel="letter", access_outcome="granted")
    assert decided["phase"] == "answered"


async def test_a_confidential_subject_is_its_departments_alone(office: Office) -> None:
    """The town says which subjects are."""
    town = office.runtime.town
    [subject] = [each for each in town.subjects if each.confidential and each.department == "direction_generale"]
    request_id = await registered(office, REPORT.model_copy(update={"subject": subject.code}))
    for token in ("desk", "greffe"):
        assert (await office.ask(f"/requests/{request_id}", token=token)).status_code == 404


async def test_a_refusal_of_access_needs_its_provision_and_a_text(office: Office) -> None:
    """A-2.1 art. 50, 51."""
    request_id = await registered(office, ACCESS)
    body: dict[str, Any] = {"channel": "letter", "access_outcome": "refused", "token": "greffe"}
    assert (await command(office, request_id, "answer", 409, **body))["type"] == "urn:clic:problem:access-decision"
    assert (await command(office, request_id, "answer", 409, provisions=["art. 53"], **body))["status"] == 409
    whole: dict[str, Any] = {"provisions": ["art. 53"], "text": "Renseignements personnels."}
    assert (await command(office, request_id, "answer", **whole, **body))["phase"] == "answered"


async def test_an_access_request_is_extended_once_over_http(office: Office) -> None:
    """POL-23."""
    request_id = await registered(office, ACCESS)
    assert (await command(office, request_id, "extend", channel="letter", token="greffe"))["known"] is False
    problem = await command(office, request_id, "extend", 409, channel="letter", token="greffe")
    assert problem["type"] == "urn:clic:problem:extension"


# -- stories ----------------------------------------------------------------------------------------------------------


async def test_a_story_shows_everything_but_what_is_sealed(office: Office) -> None:
    """POL-28, POL-30."""
    request_id = await registered(office)
    await command(office, request_id, "note", text="Une note imaginaire.")
    found = await office.ask(f"/requests/{request_id}")
    story = found.json()
    assert [each["type"] for each in story["events"]] == ["request.received.v1", "request.noted.v1"]
    assert story["events"][1]["actor"] == f"agent:{AGENTS['desk']['agent']}"
    received = story["events"][0]["data"]
    assert (received["kind"], received["channel"], received["subject"]) == ("report", "phone", "pothole")
    assert "request.answered.v1" in story["next"]
    for secret in ("Camille", "nid-de-poule", "sealed", "ciphertext", "Une note"):
        assert secret not in found.text
    named = await office.ask(f"/references/{story['reference']}")
    assert named.json() == {"reference": story["reference"], "request_id": request_id}


async def test_opening_a_seal_is_recorded_with_who_and_why(office: Office) -> None:
    """POL-30."""
    request_id = await registered(office)
    await command(office, request_id, "note", text="Une note imaginaire.")
    assert (await office.ask(f"/requests/{request_id}/open", {"reason": ""})).status_code == 422
    opened = (await office.ask(f"/requests/{request_id}/open", {"reason": "Rappeler la personne."})).json()["opened"]
    assert [each["type"] for each in opened] == ["request.received.v1", "request.noted.v1"]
    assert opened[0]["content"]["requester"] == {"name": "Camille Exemple", "phone": "450 555-0134"}
    assert opened[1]["content"] == {"text": "Une note imaginaire."}
    [row] = await office.runtime.pool.fetch("SELECT agent, request_id::text, reason FROM opening")
    assert tuple(row) == (AGENTS["desk"]["agent"], request_id, "Rappeler la personne.")


async def test_what_was_erased_is_gone(office: Office) -> None:
    """POL-30."""
    request_id = await registered(office)
    await office.runtime.pool.execute("UPDATE request SET wrapped_key = NULL, erased_at = now()")
    assert (await office.ask(f"/requests/{request_id}/open", {"reason": "Rappeler la personne."})).status_code == 410
    assert (await command(office, request_id, "note", text="Une note."))["known"] is False


# -- submissions ------------------------------------------------------------------------------------------------------


async def test_a_structured_cloudevent_has_its_receipt_at_once(office: Office) -> None:
    body = body_of(REPORT, "formulaire-1")
    first = await office.ask("/events", body, token="portal", headers=STRUCTURED)
    again = await office.ask("/events", body, token="portal", headers=STRUCTURED)
    assert (first.status_code, first.json()["status"]) == (201, "accepted")
    assert (again.status_code, again.json()["status"]) == (200, "known")
    assert first.json()["reference"] == again.json()["reference"]


async def test_a_binary_cloudevent_is_the_same_submission(office: Office) -> None:
    """CloudEvents 1.0, HTTP protocol binding 3.1: attributes in headers, percent-encoded; `data` in the body."""
    structured = body_of(REPORT, "formulaire-é-1")
    data = json.dumps(structured["data"]).encode()
    attributes = [(f"ce-{name}", structured[name]) for name in ("specversion", "type", "source", "time")]
    headers = [*attributes, ("ce-id", "formulaire-%C3%A9-1"), ("Content-Type", "application/json")]
    first = await office.ask("/events", content=data, token="portal", headers=headers)
    again = await office.ask("/events", structured, token="portal", headers=STRUCTURED)
    assert (first.status_code, first.json()["id"]) == (201, "formulaire-é-1")
    assert again.json()["status"] == "known"
    broken = await office.ask("/events", content=b"{", token="portal", headers=headers)
    assert (broken.status_code, broken.json()["problem"]["status"]) == (400, 400)


async def test_each_of_a_batch_is_judged_by_itself(office: Office) -> None:
    """Good ones between bad ones; one about a request that is not there fails alone."""
    nobody = OutcomeSubmission(about=RequestPointer(source=SOURCE, id="nul"), outcome="withdrawn")
    batch = [
        body_of(REPORT, "formulaire-1"),
        body_of(REPORT, "formulaire-2", time="hier"),
        body_of(nobody, "fin-1"),
        "Bonjour",
        body_of(REPORT, "formulaire-3"),
    ]
    answer = await office.ask("/events", content=json.dumps(batch).encode(), token="portal", headers=BATCH)
    assert answer.status_code == 200
    receipts = answer.json()
    assert [each["status"] for each in receipts] == ["accepted", "refused", "refused", "refused", "accepted"]
    assert [each["problem"]["status"] for each in receipts if each["status"] == "refused"] == [422, 404, 422]


async def test_a_batch_that_is_none_is_refused_whole(office: Office) -> None:
    cases = ((b"{", 400), (b"{}", 422), (json.dumps([{}] * 101).encode(), 422), (b'["\xff"]', 400))
    for content, status in cases:
        answer = await office.ask("/events", content=content, token="portal", headers=BATCH)
        assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM_TYPE)


async def test_a_refused_submission_answers_with_the_status_of_its_problem(office: Office) -> None:
    too_large = body_of(REPORT, "formulaire-1", data={**REPORT.model_dump(mode="json"), "text": "x" * 300_000})
    for body, status in ((too_large, 413), (body_of(REPORT, "formulaire-2", data={}), 422)):
        answer = await office.ask("/events", body, token="portal", headers=STRUCTURED)
        assert (answer.status_code, answer.json()["problem"]["status"]) == (status, status)
    not_json = await office.ask("/events", content=b"Bonjour", token="portal", headers=STRUCTURED)
    assert (not_json.status_code, not_json.json()["status"]) == (400, "refused")


async def test_only_a_publishers_token_submits(office: Office) -> None:
    assert (await office.ask("/events", body_of(REPORT, "1"), headers=STRUCTURED)).status_code == 403
    assert (await office.ask("/events", body_of(REPORT, "1"), token=None, headers=STRUCTURED)).status_code == 401


async def test_a_desk_that_cannot_write_says_try_again(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: Any, **__: Any) -> None:
        raise RetryableError("away")

    monkeypatch.setattr(Desk, "submit", away)
    answer = await office.ask("/events", body_of(REPORT, "1"), token="portal", headers=STRUCTURED)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")

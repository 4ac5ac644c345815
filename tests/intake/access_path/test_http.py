"""The access path over HTTP, on real servers, with the letters that go out."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from tests.intake.access_path.path import ONE, TWO, town
from tests.intake.letter.bureau import CAMILLE, Bureau
from tests.intake.letter.correspondent import make
from tests.intake.letter.post_office import PostOffice
from tests.intake.service.office import AGENTS, Office

from clic_chassis.clock import ManualClock
from clic_contracts.event import (
    AccessDeemedRefused,
    ObligationSet,
    ObligationWarned,
    RequestAnswered,
    RequestIncomplete,
)
from clic_contracts.submission import OutcomeSubmission, RequestPointer, encode_submission
from clic_contracts.vocabulary import AccessOutcome, Channel, RequestId, Service

DOMINIQUE = {"name": "Dominique Tiers", "email": "dominique@exemple.invalid"}
GREFFE = "clerk"
OUTSIDE = [each for each, who in AGENTS.items() if "greffe" not in who["roles"]]
"""Those who may not know that an access request is there (POL-26)."""
STEPS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("classify", {"nature": "administrative_documents"}),
    ("identify-third-party", {"third_party": DOMINIQUE, "third_party_id": ONE}),
    ("notify-third-party", {"third_party_id": ONE, "channel": "letter"}),
    ("third-party-answer", {"third_party_id": ONE, "position": "objects", "text": "C'est un secret d'affaires."}),
    ("extend", {"channel": "letter", "days": 10}),
    (
        "answer",
        {
            "channel": "letter",
            "access_outcome": "partial",
            "provisions": ["article 23"],
            "text": "Une partie appartient à un tiers.",
        },
    ),
    ("review-requested", {"requested_on": "2026-05-21", "text": "Dossier 1 000 000 de la Commission."}),
    ("review-decided", {"outcome": "upheld"}),
)
"""The whole path, each step with a body that fits."""


@pytest.fixture
def clock() -> ManualClock:
    """A Friday; day 20 is Thursday 4 June."""
    return ManualClock(town("2026-05-15"))


async def access(bureau: Bureau, **changes: Any) -> RequestId:
    """A request for access, of Camille."""
    return await bureau.receive(kind="access_to_information", subject=None, written=True, confidential=True, **changes)


def pass_days(clock: ManualClock, days: int) -> None:
    """Days pass."""
    clock.set(clock.now() + dt.timedelta(days=days))


async def said(
    office: Office, request_id: RequestId, path: str, body: dict[str, Any], *, token: str = GREFFE, key: str = ""
) -> tuple[int, dict[str, Any]]:
    """What a command answers."""
    headers = [("Idempotency-Key", key)] if key else []
    answer = await office.ask(f"/requests/{request_id}/{path}", body, token=token, headers=headers)
    return answer.status_code, answer.json()


async def test_the_whole_path_is_walked_by_commands(bureau: Bureau, office: Office, clock: ManualClock) -> None:
    """POL-20 to POL-24, A-2.1 art. 25, 47 to 51, 135: each step once, however often it is commanded with its key."""
    request_id = await access(bureau)
    made: list[str] = []
    for path, body in STEPS:
        pass_days(clock, 1)
        status, done = await said(office, request_id, path, {**body}, key=path)
        assert status == 200, done
        made += done["events"]
        again = await said(office, request_id, path, {**body}, key=path)
        assert (again[0], again[1]["known"]) == (200, True)
    assert made == [
        "access.classified.v1",
        "access.third_party_identified.v1",
        "access.third_party_notified.v1",
        "access.third_party_answered.v1",
        "request.extended.v1",
        "request.answered.v1",
        "access.review_requested.v1",
        "access.review_decided.v1",
    ]
    assert await bureau.types(request_id) == ["request.received", *(each.removesuffix(".v1") for each in made)]


@pytest.mark.parametrize(
    ("path", "body", "type_", "mend"),
    [
        ("notify-third-party", {"third_party_id": TWO, "channel": "letter"}, "third-party", "identify them first"),
        ("third-party-answer", {"third_party_id": TWO, "position": "consents"}, "third-party", "identify them first"),
        ("review-requested", {"requested_on": "2026-05-15"}, "review", "nothing to review before 2026-06-05"),
        ("review-decided", {"outcome": "upheld"}, "review", "record that it was requested first"),
        ("answer", {"channel": "letter"}, "access-decision", "give access_outcome"),
        ("answer", {"channel": "letter", "access_outcome": "other_body"}, "access-decision", "give body"),
        ("answer", {"channel": "letter", "access_outcome": "refused"}, "access-decision", "give both"),
        ("admit", {}, "admission", "answer it"),
        ("hand-over", {"to": "hydro_quebec"}, "handing", "stays in the house"),
        ("hand-back", {"done": True}, "handing", "record first that it was handed over"),
    ],
)
async def test_what_is_out_of_order_is_refused_with_what_to_do(
    bureau: Bureau, office: Office, path: str, body: dict[str, Any], type_: str, mend: str
) -> None:
    """POL-20 to POL-24: nothing is recorded."""
    request_id = await access(bureau)
    status, problem = await said(office, request_id, path, body)
    assert (status, problem["type"]) == (409, f"urn:clic:problem:{type_}")
    assert mend in problem["detail"]
    assert await bureau.types(request_id) == ["request.received"]


@pytest.mark.parametrize(("turn_to", "status"), [("hydro_quebec", "accepted"), (None, "refused")])
async def test_another_system_names_the_other_body_as_who_can_help(
    bureau: Bureau, office: Office, turn_to: str | None, status: str
) -> None:
    """A-2.1 art. 48."""
    request_id = await access(bureau)
    reference = (await office.ask(f"/requests/{request_id}", token=GREFFE)).json()["reference"]
    said_there = OutcomeSubmission(
        about=RequestPointer(reference=reference),
        outcome="answered",
        channel=Channel.LETTER,
        text="Hydro-Québec détient ce document.",
        access_outcome=AccessOutcome.OTHER_BODY,
        turn_to=turn_to,
    )
    body = encode_submission(said_there, source="/essai", event_id="1", occurred_at=bureau.now())
    headers = [("Content-Type", "application/cloudevents+json")]
    answer = await office.ask("/events", token="portal", content=body, headers=headers)
    assert answer.json()["status"] == status, answer.text
    if turn_to is not None:
        told = (await bureau.facts(request_id))[-1].data
        assert isinstance(told, RequestAnswered)
        assert told.body == turn_to


async def test_what_the_town_does_not_know_is_told_with_what_it_knows(bureau: Bureau, office: Office) -> None:
    report, asked = await bureau.receive(), await access(bureau)
    for request_id, path, body in (
        (report, "hand-over", {"to": "lune"}),
        (report, "admit", {"complaint_criteria": ["lune"]}),
        (asked, "answer", {"channel": "letter", "access_outcome": "other_body", "body": "lune"}),
        (asked, "letters", {"text": "Bonjour.", "access_outcome": "other_body", "body": "lune"}),
        (asked, "identify-third-party", {"third_party": {"email": "dominique@exemple.invalid"}}),
    ):
        token = "desk" if request_id == report else GREFFE
        status, problem = await said(office, request_id, path, body, token=token)
        assert status == 422, problem


async def test_nobody_else_learns_that_a_step_could_be_taken(bureau: Bureau, office: Office) -> None:
    """POL-26: every step, and every notice, answers as if the request were not there."""
    request_id = await access(bureau)
    notices = (("letters/extension", {"days": 10}), ("letters/third-party", {"third_party_id": ONE}))
    for path, body in (*STEPS, *notices):
        for token in OUTSIDE:
            status, problem = await said(office, request_id, path, body, token=token)
            assert status in (403, 404), (path, token, problem)
        assert (await said(office, request_id, path, body, token="desk"))[0] == 404
    assert await bureau.types(request_id) == ["request.received"]


async def test_work_is_handed_over_and_back_and_a_complaint_is_admitted(bureau: Bureau, office: Office) -> None:
    """POL-12, POL-29."""
    complaint = await bureau.receive(kind="complaint")
    for path, body in (
        ("admit", {"complaint_criteria": list(bureau.runtime.town.complaint_criteria[:1]), "text": "Documentée."}),
        ("hand-over", {"to": "hydro_quebec", "expected_on": "2026-06-05"}),
        ("hand-back", {"done": True}),
    ):
        status, done = await said(office, complaint, path, body, token="desk")
        assert status == 200, done
    assert (await bureau.types(complaint))[1:] == ["request.admitted", "request.handed_over", "request.handed_back"]


async def test_a_complaint_is_extended_before_the_limit_that_deadlines_count(
    bureau: Bureau, office: Office, clock: ManualClock
) -> None:
    """POL-29: with its reason."""
    first, second = await bureau.receive(kind="complaint"), await bureau.receive(kind="complaint")
    for each in (first, second):
        due = make(ObligationSet, obligation_id="answer-1", obligation="answer", due_at="2026-06-13T00:00:00-04:00")
        await bureau.tell(each, due, by=Service.DEADLINES)
    body = {"channel": "phone", "days": 10}
    assert (await said(office, first, "extend", body, token="desk"))[1]["type"] == "urn:clic:problem:extension"
    status, done = await said(office, first, "extend", {**body, "text": "Une expertise."}, token="desk")
    assert (status, done["events"]) == (200, ["request.extended.v1"])
    pass_days(clock, 30)
    status, problem = await said(office, second, "extend", {**body, "text": "Une expertise."}, token="desk")
    assert (status, "ended on 2026-06-12" in problem["detail"]) == (409, True)
    late = await said(office, second, "letters/extension", {"days": 10, "text": "Une expertise."}, token="desk")
    assert late[1]["type"] == "urn:clic:problem:extension"


# -- letters ----------------------------------------------------------------------------------------------------------


def text_of(post_office: PostOffice, index: int = -1) -> str:
    """A letter as it arrived."""
    body = post_office.messages[index].get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\u00a0", " ")


async def test_a_notice_of_extension_goes_out_and_then_the_delay_is_extended(
    bureau: Bureau, office: Office, post_office: PostOffice, clock: ManualClock
) -> None:
    """POL-23, A-2.1 art. 47: once for its key, and never a second one."""
    request_id = await access(bureau)
    why = "Les plans sont aux archives."
    body = {"days": 10, "text": why}
    status, told = await said(office, request_id, "letters/extension", body, key="1")
    assert (status, told["events"]) == (202, ["letter.written.v1"])
    again = await said(office, request_id, "letters/extension", body, key="1")
    assert (again[1]["known"], again[1]["letter_id"]) == (True, told["letter_id"])
    other = await said(office, request_id, "letters/extension", {**body, "days": 5}, key="1")
    assert other[1]["type"] == "urn:clic:problem:other-content"
    second = await said(office, request_id, "letters/extension", body)
    assert second[1]["type"] == "urn:clic:problem:letter-under-way"
    assert "request.extended" not in await bureau.types(request_id)

    pass_days(clock, 19)
    await bureau.write_all()
    assert await bureau.send() == 1
    assert (await bureau.types(request_id))[-2:] == ["letter.sent", "request.extended"]
    letter = text_of(post_office)
    assert "au plus tard le lundi 15 juin 2026" in letter
    assert why in letter
    opened = (await office.ask(f"/requests/{request_id}/open", {"reason": "essai imaginaire"}, token=GREFFE)).json()
    extended = next(each for each in opened["opened"] if each["type"] == "request.extended.v1")
    assert extended["content"] == {"text": why}
    once_more = await said(office, request_id, "letters/extension", body)
    assert once_more[1]["type"] == "urn:clic:problem:extension"
    assert "no second extension" in once_more[1]["detail"]


async def test_a_notice_of_extension_that_is_too_late_does_not_go_out(
    bureau: Bureau, office: Office, post_office: PostOffice, clock: ManualClock
) -> None:
    """POL-23, A-2.1 art. 47: the mail server was away until day 21; a person is shown the letter."""
    request_id = await access(bureau)
    assert (await said(office, request_id, "letters/extension", {}))[0] == 202
    await bureau.write_all()
    pass_days(clock, 21)
    await bureau.send()
    assert post_office.messages == []
    assert (await bureau.types(request_id))[-1] == "letter.failed"
    (shown,) = (await office.ask("/letters?state=failed", token=GREFFE)).json()
    assert (shown["letter"], shown["reason"]) == ("extension", "given_up")
    refused = await said(office, request_id, "letters/extension", {})
    assert (refused[0], "the first 20 days ended on 2026-06-04" in refused[1]["detail"]) == (409, True)


async def test_a_third_party_is_written_to_and_is_told_nothing_of_who_asks(
    bureau: Bureau, office: Office, post_office: PostOffice, clock: ManualClock
) -> None:
    """POL-26, POL-30, A-2.1 art. 25, 49: at the address that was given for them, and again where it comes back."""
    request_id = await access(bureau)
    assert (await said(office, request_id, "identify-third-party", {"third_party": DOMINIQUE}, key="1"))[0] == 200
    story = (await office.ask(f"/requests/{request_id}", token=GREFFE)).json()
    (which,) = [e["data"]["third_party_id"] for e in story["events"] if "third_party_id" in e["data"]]
    body = {"third_party_id": which, "text": "Il s'agit de votre soumission de 2025."}
    assert (await said(office, request_id, "letters/third-party", body))[0] == 202
    assert (await said(office, request_id, "letters/third-party", {"third_party_id": TWO}))[0] == 409

    await bureau.write_all()
    await bureau.send()
    assert (await bureau.types(request_id))[-2:] == ["letter.sent", "access.third_party_notified"]
    assert post_office.messages[-1]["To"] == DOMINIQUE["email"]
    letter = text_of(post_office)
    assert "Bonjour Dominique Tiers" in letter
    assert "jusqu’au jeudi 4 juin 2026" in letter
    assert not [
        each for each in (*CAMILLE.values(), "Camille", "/suivi/") if each in post_office.messages[-1].as_string()
    ]

    pass_days(clock, 3)
    answer = {"third_party_id": which, "position": "objects", "text": "C'est un secret d'affaires."}
    assert (await said(office, request_id, "third-party-answer", answer))[0] == 200
    late = await said(office, request_id, "third-party-answer", {**answer, "position": "consents"})
    assert late[1]["type"] == "urn:clic:problem:third-party"


async def test_a_notice_that_did_not_reach_a_third_party_goes_to_them_again(
    bureau: Bureau, office: Office, post_office: PostOffice
) -> None:
    """POL-30: never to who asks."""
    request_id = await access(bureau)
    await said(office, request_id, "identify-third-party", {"third_party": DOMINIQUE, "third_party_id": ONE})
    told = (await said(office, request_id, "letters/third-party", {"third_party_id": ONE}))[1]
    await bureau.write_all()
    post_office.hangs_up_at = "data"
    await bureau.send()
    post_office.hangs_up_at = None
    assert (await bureau.types(request_id))[-1] == "letter.failed"
    again = await said(office, request_id, f"letters/{told['letter_id']}/again", {})
    assert again[0] == 200, again
    await bureau.write_all()
    await bureau.send()
    assert {each["To"] for each in post_office.messages} == {DOMINIQUE["email"]}
    assert (await bureau.types(request_id))[-1] == "access.third_party_notified"


async def test_a_third_party_without_an_address_is_notified_otherwise(bureau: Bureau, office: Office) -> None:
    """A-2.1 art. 25, 49."""
    request_id = await access(bureau)
    nameless = {"third_party": {"name": "Dominique Tiers", "phone": "450 555-0134"}, "third_party_id": ONE}
    assert (await said(office, request_id, "identify-third-party", nameless))[0] == 200
    refused = await said(office, request_id, "letters/third-party", {"third_party_id": ONE})
    assert (refused[0], refused[1]["type"]) == (409, "urn:clic:problem:address")
    assert "notify them otherwise" in refused[1]["detail"]
    assert (await said(office, request_id, "notify-third-party", {"third_party_id": ONE, "channel": "phone"}))[0] == 200


async def test_what_is_known_of_a_third_party_is_sealed_and_in_no_export_of_who_asks(
    bureau: Bureau, office: Office
) -> None:
    """POL-30, A-2.1 art. 53, 83."""
    request_id = await access(bureau)
    for path, body in STEPS[1:4]:
        assert (await said(office, request_id, path, body))[0] == 200
    assert (await said(office, request_id, "letters/extension", {}))[0] == 202
    secrets = ("Dominique", "dominique@", "secret d'affaires")
    story = await office.ask(f"/requests/{request_id}", token=GREFFE)
    assert not [each for each in secrets if each in story.text]
    opened = await office.ask(f"/requests/{request_id}/open", {"reason": "essai imaginaire"}, token=GREFFE)
    assert [each for each in secrets if each not in opened.text] == []
    export = await office.ask("/persons/export", {"request_ids": [request_id], "reason": "art. 83"}, token=GREFFE)
    assert export.status_code == 200, export.text
    assert not [each for each in secrets if each in export.text]
    assert CAMILLE["email"] in export.text


async def test_who_was_asked_and_does_not_reply_gets_one_reminder(bureau: Bureau, post_office: PostOffice) -> None:
    """POL-06, POL-21: with the last day that is waited for, as deadlines count it."""
    request_id = await bureau.receive(kind="complaint")
    await bureau.tell(request_id, make(RequestIncomplete, missing=["precision"]))
    reply = {"obligation_id": "citizen_reply-1", "obligation": "citizen_reply"}
    set_ = make(ObligationSet, **reply, due_prudent_on="2026-06-12")
    await bureau.tell(request_id, set_, by=Service.DEADLINES)
    await bureau.write_all()
    assert await bureau.send() == 0
    await bureau.tell(request_id, make(ObligationWarned, **reply), by=Service.DEADLINES)
    for _ in range(2):
        await bureau.write_all()
        await bureau.send()
    assert len(post_office.messages) == 1
    assert "Sans nouvelles de vous d’ici le vendredi 12 juin 2026" in text_of(post_office)


async def test_who_acts_after_silence_was_taken_for_a_refusal_is_told_of_it(bureau: Bureau, office: Office) -> None:
    """POL-28, A-2.1 art. 52."""
    request_id = await access(bureau)
    seen = (await office.ask(f"/requests/{request_id}", token=GREFFE)).headers["ETag"]
    await bureau.tell(request_id, make(AccessDeemedRefused), by=Service.DEADLINES)
    answer = {"channel": "letter", "access_outcome": "granted"}
    moved = await office.ask(f"/requests/{request_id}/answer", answer, token=GREFFE, headers=[("If-Match", seen)])
    assert (moved.status_code, moved.json()["type"]) == (409, "urn:clic:problem:moved")
    assert [each["type"] for each in moved.json()["meanwhile"]] == ["access.deemed_refused.v1"]
    assert (await said(office, request_id, "answer", answer))[0] == 200  # The town must still answer.

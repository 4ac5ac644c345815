"""Personal data over HTTP: found, opened, exported, corrected, erased, and by whom. Source: POL-30, A-2.1."""

from __future__ import annotations

import base64
import io
import json
from typing import Any, cast

from pypdf import PdfReader
from pypdf.generic import DictionaryObject
from tests.intake.personal.test_attachments import JPEG
from tests.intake.service.office import SOURCE, Office
from tests.intake.service.test_privacy import ADDRESS, EMAIL, NAME, PHONE, REQUEST, WORDS

from clic_contracts.envelope import request_id_for
from clic_contracts.subject import LOG_STREAM
from clic_contracts.submission import CompletionSubmission, RequestPointer, RequestSubmission

ID = request_id_for(SOURCE, "appel-1")
ABOUT = RequestPointer(source=SOURCE, id="appel-1")
NEW_EMAIL = "zzyx.nouvelle@exemple.invalid"


async def found(office: Office, token: str = "desk", **by: str) -> list[str]:
    answer = await office.ask("/persons/find", by, token=token)
    assert answer.status_code == 200, answer.text
    return [each["request_id"] for each in answer.json()]


async def attach(office: Office, content: bytes = JPEG, slug: str = "%C3%A9t%C3%A9.jpg") -> Any:
    headers = {"Content-Type": "application/octet-stream", "Slug": slug, "Idempotency-Key": "photo"}
    return await office.ask(f"/requests/{ID}/attachments", content=content, headers=headers.items())


async def test_a_person_is_found_however_the_contact_is_written_and_nothing_is_kept_in_clear(office: Office) -> None:
    """POL-30: by keyed digests, never by plain text."""
    await office.submit(REQUEST, "appel-1")
    assert await found(office, email=" ZZYXwine@Exemple.INVALID ") == [ID]
    assert await found(office, phone="+1 (450) 555-0177") == [ID]
    assert await found(office, phone="450-555-0177 x12") == [ID]
    assert await found(office, name="exemple, zzyxwine") == await found(office, name="Exemple") == [ID]
    assert await found(office, email="autre@exemple.invalid", phone="450 555-0178", name="Dominique Autre") == []
    assert (await office.ask("/persons/find", {})).status_code == 422
    for table in ("requester_contact", "requester_name", "request"):
        rows = [str(dict(row)) for row in await office.runtime.pool.fetch(f"SELECT * FROM {table}")]
        assert rows
        assert not [row for row in rows if "zzyx" in row.lower() or "5550177" in row]


async def test_who_completes_a_request_is_found_by_what_they_gave(office: Office) -> None:
    """POL-06, POL-30."""
    await office.submit(RequestSubmission(kind="report", channel="phone", text=WORDS), "appel-1")
    await office.submit(CompletionSubmission(about=ABOUT, requester={"name": NAME, "email": EMAIL}), "suite-1")
    assert await found(office, email=EMAIL) == [ID]


async def test_what_is_confidential_is_found_by_its_own_alone(office: Office) -> None:
    """POL-26: also by looking for its requester."""
    said = REQUEST.model_dump(mode="json", exclude_unset=True) | {"kind": "access_to_information"}
    await office.submit(RequestSubmission.model_validate(said), "appel-1")
    assert await found(office, email=EMAIL) == []
    assert await found(office, token="greffe", email=EMAIL) == [ID]


async def test_a_correction_holds_wherever_the_requester_is_read(office: Office) -> None:
    """A-2.1 art. 89: the newest word wins, and the address of before leads nowhere any more."""
    await office.submit(REQUEST, "appel-1")
    body = {"requester": {"name": NAME, "email": NEW_EMAIL}, "ground": "person_asked"}
    key = [("Idempotency-Key", "c-1")]
    first = await office.ask(f"/requests/{ID}/correct", body, headers=key)
    again = await office.ask(f"/requests/{ID}/correct", body, headers=key)
    assert (first.json()["known"], again.json()["known"]) == (False, True)
    other = await office.ask(f"/requests/{ID}/correct", body | {"ground": "entered_wrongly"}, headers=key)
    assert other.json()["type"].endswith("other-content") or other.status_code == 409
    assert await found(office, email=NEW_EMAIL) == [ID]
    assert await found(office, email=EMAIL) == []
    assert (await office.ask(f"/requests/{ID}/correct", {"requester": {}, "ground": "person_asked"})).status_code == 422
    export = await exported(office)
    assert export["requests"][0]["requester"] == {"name": NAME, "email": NEW_EMAIL}
    assert not [each for each in await office.everything(LOG_STREAM) if b"zzyx" in each]


async def exported(office: Office) -> dict[str, Any]:
    answer = await office.ask("/persons/export", {"request_ids": [ID], "reason": "Demande imaginaire."}, token="greffe")
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = json.loads(answer.content)
    return result


async def test_an_export_holds_everything_and_says_who_opened_what(office: Office) -> None:
    """A-2.1 art. 83: structured and in a common format; POL-30: opening for it is recorded, too."""
    await office.submit(REQUEST, "appel-1")
    attachment = (await attach(office)).json()["attachment_id"]
    await office.ask(f"/requests/{ID}/note", {"text": "Note imaginaire."})
    request = (await exported(office))["requests"][0]
    assert request["requester"] == {"name": NAME, "email": EMAIL, "phone": PHONE, "address": ADDRESS}
    assert [each["content"]["text"] for each in request["facts"] if "text" in (each["content"] or {})] == [
        WORDS,
        "Note imaginaire.",
    ]
    (file,) = request["files"]
    assert (file["attachment_id"], file["name"]) == (attachment, "été.jpg")
    assert base64.b64decode(file["content_base64"]) == JPEG
    assert request["openings"][0] | {"opened_at": ""} == {
        "opened_at": "",
        "agent": "dominique.exemple",
        "reason": "Demande imaginaire.",
    }
    body = {"request_ids": [ID], "reason": "Demande imaginaire."}
    assert (await office.ask("/persons/export", body)).status_code == 403


async def test_an_export_on_paper_reads_as_words_in_both_languages(office: Office) -> None:
    """A-2.1 art. 84; SGQRI 008: tagged, so that it can be read aloud."""
    await office.submit(REQUEST, "appel-1")
    await attach(office)
    for language, expected in (("fr", "Ce que la Ville sait de vous"), ("en", "What the Town knows of you")):
        body = {"request_ids": [ID], "reason": "Demande imaginaire.", "format": "pdf", "language": language}
        answer = await office.ask("/persons/export", body, token="greffe")
        assert answer.headers["content-type"] == "application/pdf"
        document = PdfReader(io.BytesIO(answer.content))
        text = "\n".join(page.extract_text() for page in document.pages)
        for words in (expected, NAME, EMAIL, WORDS, "été.jpg", "Demande imaginaire."):
            assert words in text, words
        marks = cast("DictionaryObject", document.root_object["/MarkInfo"])
        assert str(marks["/Marked"]) == "True"


async def test_a_file_is_opened_for_a_reason_that_is_listed(office: Office) -> None:
    """POL-28, POL-30."""
    await office.submit(REQUEST, "appel-1")
    attachment = (await attach(office)).json()["attachment_id"]
    answer = await office.ask(f"/requests/{ID}/attachments/{attachment}/open", {"reason": "Voir le trou."})
    assert (answer.content, answer.headers["content-type"]) == (JPEG, "image/jpeg")
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''%C3%A9t%C3%A9.jpg"
    listed = (await office.ask(f"/requests/{ID}/openings", token="greffe")).json()
    assert [(each["agent"], each["reason"]) for each in listed] == [("alex.exemple", "Voir le trou.")]
    by = (await office.ask("/openings?by=alex.exemple", token="greffe")).json()
    assert by == listed
    for path in (f"/requests/{ID}/openings", "/openings?by=alex.exemple", "/erasures", "/retention/plan"):
        assert (await office.ask(path)).status_code == 403


async def test_a_file_may_be_larger_than_other_bodies_and_has_a_bound(office: Office) -> None:
    await office.submit(REQUEST, "appel-1")
    assert (await attach(office, JPEG + bytes(9_000_000))).status_code == 200
    assert (await attach(office, JPEG + bytes(11_000_000))).status_code == 413
    assert (await attach(office, b"MZ\x90\0" + bytes(100))).status_code == 409


async def test_erasing_is_for_the_person_responsible_and_only_of_what_has_ended(office: Office) -> None:
    """POL-30, A-2.1 art. 73: without its data nobody could be answered."""
    await office.submit(REQUEST, "appel-1")
    body = {"ground": "person_asked"}
    assert (await office.ask(f"/requests/{ID}/erase", body)).status_code == 403
    refused = await office.ask(f"/requests/{ID}/erase", body, token="greffe")
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:clic:problem:pending")
    assert (await office.ask("/erasures", token="greffe")).json() == []
    await office.ask(f"/requests/{ID}/close", {"reason": "withdrawn"})
    erased = await office.ask(f"/requests/{ID}/erase", body, token="greffe")
    assert erased.status_code == 200
    assert erased.json()["done_at"] is not None
    again = await office.ask(f"/requests/{ID}/erase", {"ground": "court_order"}, token="greffe")
    assert again.json() == erased.json()
    assert (await office.ask("/erasures", token="greffe")).json() == [erased.json()]
    unknown = await office.ask(f"/requests/{request_id_for(SOURCE, 'jamais')}/erase", body, token="greffe")
    assert unknown.status_code == 404

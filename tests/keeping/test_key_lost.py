"""The key of a request was lost with PostgreSQL, and nobody erased it: the desk says so, and goes on (POL-30)."""

from __future__ import annotations

from tests.intake.personal.test_api import ID, attach
from tests.intake.service.office import Office
from tests.intake.service.test_privacy import REQUEST, WORDS

LOST = "UPDATE request SET key_id = NULL, wrapped_key = NULL"
REASON = {"reason": "Essai imaginaire."}


async def test_what_opens_with_no_key_says_that_it_is_lost(office: Office) -> None:
    """It is no error of the desk's, and not as if nothing had been written."""
    await office.submit(REQUEST, "appel-1")
    await office.runtime.pool.execute(LOST)
    answer = await office.ask(f"/requests/{ID}/open", REASON)
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:clic:problem:key-lost"
    assert "ask the citizen again" in answer.json()["detail"]
    french = await office.ask(f"/requests/{ID}/open", REASON, headers=[("Accept-Language", "fr")])
    assert "perdue" in french.json()["detail"]
    assert WORDS not in answer.text + french.text


async def test_what_is_said_later_is_sealed_and_opens(office: Office) -> None:
    """A new key seals it; what was sealed before stays closed, a file as well."""
    await office.submit(REQUEST, "appel-1")
    file = (await attach(office)).json()["attachment_id"]
    await office.runtime.pool.execute(LOST)
    note = await office.ask(f"/requests/{ID}/note", {"text": "Rappelée, elle a tout redit."})
    assert note.status_code == 200, note.text
    answer = await office.ask(f"/requests/{ID}/open", REASON)
    assert [each["content"] for each in answer.json()["opened"]] == [{"text": "Rappelée, elle a tout redit."}]
    assert WORDS not in answer.text
    closed = await office.ask(f"/requests/{ID}/attachments/{file}/open", REASON)
    assert closed.json()["type"] == "urn:clic:problem:key-lost"

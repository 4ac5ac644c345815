"""What agents command about letters, over HTTP and on real servers."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.intake.letter.bureau import Bureau
from tests.intake.letter.correspondent import make
from tests.intake.letter.post_office import PostOffice
from tests.intake.service.office import Office

from clic_chassis.clock import ManualClock
from clic_chassis.service import Runtime
from clic_chassis.testing import at_work, wait_until
from clic_contracts.event import PersonalDataCorrected
from clic_contracts.vocabulary import LetterFailure
from clic_intake.app import wire
from clic_intake.core.posting import UnknownLetterError
from clic_intake.letter.bounce import Bounces
from clic_intake.settings import IntakeSettings

ANSWER = {"text": "Le trou devant le 1, rue Inventée est comblé.", "closes": True}
REFUSAL = {"text": "Ces renseignements concernent une autre personne.", "access_outcome": "refused"}


@pytest_asyncio.fixture
async def office(runtime: Runtime[IntakeSettings]) -> AsyncIterator[Office]:
    """The desk's HTTP; its components do not run, so that a test says when something is sent."""
    wiring = await wire(runtime)
    async with Office.open(runtime, wiring) as opened:
        yield opened


async def test_an_answer_by_e_mail_answers_and_closes_once_it_has_gone_out(
    bureau: Bureau, office: Office, post_office: PostOffice
) -> None:
    """POL-27: not when it is written, but when it has gone out; and in one commit with that."""
    request_id = await bureau.receive()
    path, key = f"/requests/{request_id}/letters", [("Idempotency-Key", "1")]
    told = await office.ask(path, ANSWER, headers=key)
    assert told.status_code == 202, told.text
    assert (told.json()["known"], told.json()["events"]) == (False, ["letter.written.v1"])
    again = await office.ask(path, ANSWER, headers=key)
    assert (again.json()["known"], again.json()["letter_id"]) == (True, told.json()["letter_id"])
    other = await office.ask(path, {**ANSWER, "text": "Autre chose."}, headers=key)
    assert (other.status_code, other.json()["type"]) == (409, "urn:clic:problem:other-content")
    second = await office.ask(path, ANSWER)
    assert (second.status_code, second.json()["type"]) == (409, "urn:clic:problem:letter-under-way")
    assert await bureau.types(request_id) == ["request.received", "letter.written"]

    await bureau.write_all()
    await bureau.send()
    assert await bureau.types(request_id) == [
        "request.received",
        "letter.written",
        "letter.sent",
        "request.answered",
        "request.closed",
    ]
    body = post_office.messages[0].get_body(("plain",))
    assert body is not None
    assert ANSWER["text"] in body.get_content()
    assert "Êtes-vous satisfait ou satisfaite" in body.get_content()  # POL-39
    opened = await office.ask(f"/requests/{request_id}/open", {"reason": "essai imaginaire"})
    answered = next(each for each in opened.json()["opened"] if each["type"] == "request.answered.v1")
    assert answered["content"] == {"text": ANSWER["text"]}
    await bureau.write_all()
    await bureau.send()
    assert len(post_office.messages) == 1  # No second letter to say that it is closed.


async def test_an_answer_that_may_not_be_given_is_refused_before_it_goes_out(bureau: Bureau, office: Office) -> None:
    """A-2.1 art. 50, 51; POL-26: and only by who may see it."""
    access = await bureau.receive(kind="access_to_information", subject=None, confidential=True)
    path = f"/requests/{access}/letters"
    assert (await office.ask(path, REFUSAL)).status_code in (403, 404)
    told = await office.ask(path, REFUSAL, token="greffe")
    assert (told.status_code, told.json()["type"]) == (409, "urn:clic:problem:access-decision")
    citing = {**REFUSAL, "provisions": ["article 53"]}
    assert (await office.ask(path, citing, token="greffe")).status_code == 202


async def test_who_cannot_be_written_to_is_to_be_told_otherwise(bureau: Bureau, office: Office) -> None:
    request_id = await bureau.receive(who={"name": "Camille Exemple", "phone": "450 555-0134"})
    told = await office.ask(f"/requests/{request_id}/letters", ANSWER)
    assert (told.status_code, told.json()["type"]) == (409, "urn:clic:problem:address")
    assert "record that they were told" in told.json()["detail"]
    wrong = await office.ask(f"/requests/{request_id}/letters", {**ANSWER, "answered_by": "lune"})
    assert wrong.status_code == 422


async def test_a_doubt_is_shown_and_a_person_settles_it(
    bureau: Bureau, office: Office, post_office: PostOffice
) -> None:
    """POL-27: it went out, or it is sent again under the same Message-ID."""
    first, second = await bureau.receive(), await bureau.receive()
    for each in (first, second):
        assert (await office.ask(f"/requests/{each}/letters", ANSWER)).status_code == 202
    await bureau.write_all()
    post_office.hangs_up_at = "data"
    await bureau.send()
    post_office.hangs_up_at = None
    shown = (await office.ask("/letters")).json()
    assert {each["request_id"] for each in shown} == {first, second}
    letters = {each["request_id"]: each["letter_id"] for each in shown}

    went = await office.ask(f"/requests/{first}/letters/{letters[first]}/went-out", {})
    assert went.json()["events"] == ["letter.sent.v1", "request.answered.v1", "request.closed.v1"]
    once_more = await office.ask(f"/requests/{first}/letters/{letters[first]}/went-out", {})
    assert once_more.json()["type"] == "urn:clic:problem:letter-settled"
    again = await office.ask(f"/requests/{second}/letters/{letters[second]}/again", {})
    assert (again.status_code, again.json()["letter_id"]) == (200, letters[second])
    await bureau.write_all()
    await bureau.send()
    assert (await office.ask("/letters")).json() == []
    ids = [each["Message-ID"] for each in post_office.messages]
    assert len(ids) == 3
    assert ids.count(f"<{letters[second]}.{second}@villemsh.ca>") == 2
    assert (await bureau.types(second))[-3:] == ["letter.sent", "request.answered", "request.closed"]


async def test_a_letter_that_came_back_is_shown_and_sent_again_to_the_corrected_address(
    bureau: Bureau, office: Office, post_office: PostOffice, clock: ManualClock
) -> None:
    """POL-18, A-2.1 art. 89."""
    request_id = await bureau.received_and_ready()
    await bureau.write_all()
    await bureau.send()
    (letter_id,) = await bureau.letter_ids()
    bounces = Bounces(bureau.decisions, clock)
    assert await bounces.bounced(letter_id, request_id, "5.1.1") is True
    assert await bounces.bounced(letter_id, request_id, "5.1.1") is False
    await bureau.write_all()
    (shown,) = (await office.ask("/letters?state=failed")).json()
    assert (shown["reason"], shown["status"]) == (LetterFailure.BOUNCED, "5.1.1")

    key = (await bureau.register.entry(request_id)).key
    assert key is not None
    moved = key.seal({"requester": {"name": "Camille Exemple", "email": "nouvelle@exemple.invalid"}})
    await bureau.tell(request_id, make(PersonalDataCorrected, sealed=moved))
    again = await office.ask(f"/requests/{request_id}/letters/{letter_id}/again", {})
    assert again.json()["letter_id"] != letter_id
    await bureau.write_all()
    await bureau.send()
    assert post_office.recipients[-1] == ["nouvelle@exemple.invalid"]


async def test_a_letter_about_what_is_confidential_is_not_listed_to_others(
    bureau: Bureau, office: Office, post_office: PostOffice
) -> None:
    """POL-26."""
    await bureau.received_and_ready(kind="access_to_information", subject=None, confidential=True)
    await bureau.write_all()
    post_office.answers = [("rcpt", "550 5.1.1 no")]
    await bureau.send()
    assert (await office.ask("/letters?state=failed")).json() == []
    assert len((await office.ask("/letters?state=failed", token="greffe")).json()) == 1
    assert (await office.ask("/letters", token=None)).status_code == 401


async def test_a_forged_return_marks_nothing(bureau: Bureau, clock: ManualClock) -> None:
    request_id = await bureau.receive()
    with pytest.raises(UnknownLetterError):
        await Bounces(bureau.decisions, clock).bounced("0b1e1a54-0000-5000-8000-00000000000a", request_id, "5.1.1")
    assert await bureau.types(request_id) == ["request.received"]


async def test_the_whole_desk_writes_and_sends_by_itself(
    runtime: Runtime[IntakeSettings], bureau: Bureau, post_office: PostOffice
) -> None:
    """POL-14: as it is wired."""
    wiring = await wire(runtime)
    async with at_work(*[each for each in wiring.components if each.name.startswith("letter")]):
        request_id = await bureau.received_and_ready()

        async def acknowledged() -> bool:
            return "request.acknowledged" in await bureau.types(request_id)

        await wait_until(acknowledged, 60, what="the acknowledgement")
    assert len(post_office.messages) == 1

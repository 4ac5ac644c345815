"""The agents' pages, sent and read as a plain browser does: lists, stories, commands, conflicts, what is sealed."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from tests.intake.core.story import make
from tests.intake.desk_page.visit import ANSWER_WAIT_S, WORDS, Bureau, Client, hidden
from tests.intake.service.office import year

from clic_contracts.event import LetterFailed, LetterWritten, RequestDescribed
from clic_contracts.vocabulary import Service
from clic_intake.worklist.query import ListName

ACCESS: dict[str, Any] = {"kind": "access_to_information", "subject": None, "channel": "letter"}


def text_of(page: str) -> str:
    """What a person reads, on one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)).strip()


async def facts(bureau: Bureau, request_id: str) -> list[str]:
    """Types of intake's facts about a request, in order."""
    story = await bureau.office.runtime.log.load(Service.INTAKE, request_id)
    return [each.type for each in story.events]


# -- in -------------------------------------------------------------------------------------------------------------


async def test_nobody_sees_a_page_without_entering(bureau: Bureau) -> None:
    """POL-30: every page leads to the entrance, and from there to where one wanted to go."""
    request_id = await bureau.received()
    async with httpx.AsyncClient(base_url=bureau.address, timeout=ANSWER_WAIT_S) as http:
        for path in ("/desk", "/desk/lists/late", "/desk/search?q=1", f"/desk/requests/{request_id}"):
            answer = await http.get(path)
            assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/login"), path
        answer = await http.post(f"/desk/requests/{request_id}/do/close", data={"reason": "withdrawn"})
        assert answer.status_code == 303
    assert await facts(bureau, request_id) == ["request.received.v1"]


async def test_a_publishers_token_opens_no_page(bureau: Bureau) -> None:
    """POL-30: known, and without a role at the desk or in a department; not by a session, nor by the token itself."""
    request_id = await bureau.received()
    async with bureau.client("portal") as portal:
        assert (await portal.http.get("/desk/lists/all")).url.path == "/login"
    bearer = {"Authorization": "Bearer portal"}
    async with httpx.AsyncClient(base_url=bureau.address, headers=bearer, timeout=ANSWER_WAIT_S) as http:
        for path in ("/desk/lists/all", f"/desk/requests/{request_id}", f"/desk/requests/{request_id}/do/note"):
            answer = await http.get(path)
            assert (answer.status_code, f"{year()}-000001" in answer.text) == (403, False), path
        assert (await http.get("/desk/search", params={"q": "1"})).status_code == 403


async def test_a_form_of_another_site_changes_nothing(bureau: Bureau) -> None:
    """A form without the session's key."""
    request_id = await bureau.received()
    async with bureau.client("desk") as desk:
        answer = await desk.http.post(f"/desk/requests/{request_id}/do/take", data={"key": "x", "seen": "99"})
        assert answer.status_code == 403
    assert "request.assigned.v1" not in await facts(bureau, request_id)


# -- lists ----------------------------------------------------------------------------------------------------------


async def test_a_request_is_found_in_its_lists_and_by_its_reference(bureau: Bureau) -> None:
    """POL-28, POL-29."""
    request_id = await bureau.received()
    await bureau.routed(request_id, "clic", first_line=True)
    await bureau.due(request_id, -2)
    async with bureau.client("desk") as desk:
        for name in ("department", "unassigned", "late", "pending", "all"):
            assert f"/desk/requests/{request_id}" in await desk.get(f"/desk/lists/{name}"), name
        for name in ("mine", "risk", "waiting", "unusual", "letters", "news"):
            assert "Rien ici." in await desk.get(f"/desk/lists/{name}"), name
        assert "Rien ici." in await desk.get("/desk/lists/pending?kind=complaint")
        assert request_id in await desk.get("/desk/lists/pending?kind=report&subject=pothole&kind=x")
        reference = f"{year()}-000001"
        for asked in (reference, "1", " 000001 "):
            found = await desk.http.get("/desk/search", params={"q": asked})
            assert found.url.path == f"/desk/requests/{request_id}", asked
        nothing = await desk.http.get("/desk/search", params={"q": "2020-000001"})
        assert nothing.status_code == 404
        assert "Aucune demande" in nothing.text
        assert (await desk.http.get("/desk/lists/late", params={"after": "nowhere"})).url.query == b""


async def test_lists_that_are_behind_the_log_say_so(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    """As while they are made anew: a short list is not taken for a short day."""
    await bureau.received()
    async with bureau.client("desk") as desk:
        assert "se remettent à jour" not in await desk.get("/desk/lists/all")
        monkeypatch.setattr("clic_intake.desk_page.listing.BEHIND_MAX", -1)
        assert "se remettent à jour" in await desk.get("/desk/lists/all")


async def test_a_confidential_request_is_not_there_for_others_on_any_page(bureau: Bureau) -> None:
    """POL-26: not listed, not counted, not found, not read, not commanded, not named by a merge."""
    secret, other = await bureau.received(**ACCESS), await bureau.received()
    async with bureau.client("desk") as desk, bureau.client("greffe") as greffe:
        for name in ListName:
            page = await desk.get(f"/desk/lists/{name}")
            assert secret not in page, name
            assert "2026-000001" not in page
        unknown = "00000000-0000-5000-8000-000000000000"
        for path in ("/desk/requests/{}", "/desk/requests/{}/do/answer"):
            ours, theirs = [await desk.http.get(path.format(each)) for each in (secret, unknown)]
            assert (ours.status_code, strip(ours.text)) == (404, strip(theirs.text)), path
        answer = await desk.send(
            await desk.get(f"/desk/requests/{other}"), f"/desk/requests/{secret}/open", reason="voir"
        )
        assert answer.status_code == 404
        merged = await desk.do(other, "merge", into=f"{year()}-000001")
        assert (merged.status_code, "Aucune demande n’a ce numéro" in merged.text) == (422, True)
        assert secret in await greffe.get("/desk/lists/pending")
        assert "Confidentielle" in await greffe.get(f"/desk/requests/{secret}")


def strip(page: str) -> str:
    """A page without what differs by address and form."""
    return re.sub(r'(href|value)="[^"]*"', "", page)


async def test_a_person_is_found_by_what_they_give_and_only_where_the_agent_may_see(bureau: Bureau) -> None:
    """POL-26, POL-30: by keyed digests; what is asked for stands in no address."""
    request_id, secret = await bureau.received(), await bureau.received(**ACCESS)
    async with bureau.client("desk") as desk, bureau.client("greffe") as greffe:
        for client, expected in ((desk, {request_id}), (greffe, {request_id, secret})):
            page = await client.get("/desk/search")
            found = await client.send(page, "/desk/search/person", phone="+1 (450) 555-0134", name="")
            assert found.status_code == 200
            assert {each for each in (request_id, secret) if each in found.text} == expected
            assert "555" not in str(found.url)
        nothing = await desk.send(await desk.get("/desk/search"), "/desk/search/person")
        assert nothing.status_code == 422


# -- a request ------------------------------------------------------------------------------------------------------


async def test_a_story_is_told_in_words_and_opens_nothing(bureau: Bureau) -> None:
    """POL-28, POL-30."""
    request_id = await bureau.received()
    await bureau.routed(request_id, "travaux_publics_voirie")
    await bureau.due(request_id, 30)
    async with bureau.client("desk") as desk:
        page = await desk.get(f"/desk/requests/{request_id}")
        told = text_of(page)
        for words in (
            "Reçue",
            "Téléphonie",
            "Confiée à",
            "voirie",
            "Répondre dans",
            "Contient des renseignements scellés",
        ):
            assert words in told, words
        for personal in ("Camille", "450 555-0134", "rue Inventée", "nid-de-poule profond"):
            assert personal not in page
        english = text_of(await desk.get(f"/desk/requests/{request_id}?lang=en"))
        assert "Where it stands" in english
        assert "Holds sealed data" in english


async def test_what_is_sealed_opens_for_a_reason_that_is_recorded_first(bureau: Bureau) -> None:
    """POL-30."""
    request_id = await bureau.received()
    async with bureau.client("desk") as desk:
        page = await desk.get(f"/desk/requests/{request_id}")
        refused = await desk.send(page, f"/desk/requests/{request_id}/open", reason="  a ")
        assert (refused.status_code, "Camille" in refused.text) == (422, False)
        assert await openings(bureau) == []

        opened = await desk.send(page, f"/desk/requests/{request_id}/open", reason="Rappeler la personne")
        assert opened.status_code == 200
        assert opened.headers["cache-control"] == "no-store"
        for personal in ("Camille Exemple", "450 555-0134", "rue Inventée", "imaginaire des Pommiers"):
            assert personal in opened.text
    assert await openings(bureau) == [("alex.exemple", request_id, "Rappeler la personne")]


async def test_a_file_opens_for_the_reason_that_was_given(bureau: Bureau) -> None:
    """POL-28, POL-30."""
    request_id = await bureau.received()
    async with bureau.client("desk") as desk:
        token = {"Authorization": "Bearer desk", "Slug": "photo.txt", "Content-Type": "application/octet-stream"}
        path = f"/requests/{request_id}/attachments"
        added = await desk.http.post(path, content=b"Une note imaginaire.", headers=token)
        assert added.status_code == 200, added.text
        where = f"/desk/requests/{request_id}/files/{added.json()['attachment_id']}"
        page = await desk.get(f"/desk/requests/{request_id}")
        assert where not in page
        opened = await desk.send(page, f"/desk/requests/{request_id}/open", reason="Voir la photo")
        assert where in opened.text
        found = await desk.send(opened.text, where, reason="Voir la photo")
        assert (found.content, found.headers["content-disposition"][:10]) == (b"Une note imaginaire.", "attachment")
        assert (await desk.send(opened.text, where, reason="")).status_code == 422
    assert await openings(bureau) == [("alex.exemple", request_id, "Voir la photo")] * 2


async def openings(bureau: Bureau) -> list[tuple[str, str, str]]:
    """Who opened what and why."""
    rows = await bureau.office.runtime.pool.fetch("SELECT agent, request_id::text, reason FROM opening")
    return [tuple(each) for each in rows]


async def test_another_department_reads_the_story_and_neither_opens_nor_commands(bureau: Bureau) -> None:
    """POL-30: seals and commands are for the desk and the department in charge."""
    request_id = await bureau.received()
    await bureau.routed(request_id, "travaux_publics_voirie")
    async with bureau.client("second") as greffe:  # Of the greffe, and not of the desk.
        page = await greffe.get(f"/desk/requests/{request_id}")
        assert "Son histoire" in page
        assert "/do/" not in page
        assert 'name="reason"' not in page
        assert (await greffe.http.get(f"/desk/requests/{request_id}/do/note")).status_code == 403
        answer = await greffe.send(
            await greffe.get("/desk/lists/all"), f"/desk/requests/{request_id}/open", reason="voir"
        )
        assert answer.status_code == 403
    assert await openings(bureau) == []


# -- commands -------------------------------------------------------------------------------------------------------


async def test_a_request_is_taken_asked_about_completed_answered_and_closed_by_forms(bureau: Bureau) -> None:
    """POL-06, POL-17, POL-27, POL-28."""
    request_id = await bureau.received(requester=None)
    async with bureau.client("desk") as desk:
        for command, fields in (
            ("take", {}),
            ("ask", {"missing": "contact", "channel": "phone", "occurred_at": ""}),
            ("complete", {"requester.name": "Camille Exemple", "requester.phone": "450 555-0134"}),
            ("note", {"text": "Une note imaginaire."}),
            ("promise", {"due_on": "2199-01-01"}),
            ("answer", {"channel": "phone", "text": "C'est réparé."}),
            ("close", {"reason": "answered"}),
            ("rate", {"score": "4"}),
        ):
            answer = await desk.do(request_id, command, **fields)
            assert answer.status_code == 200, (command, text_of(answer.text))
            assert "C’est fait" in answer.text, command
        assert "Fermée" in text_of(await desk.get(f"/desk/requests/{request_id}"))
    assert [each.removeprefix("request.").removesuffix(".v1") for each in await facts(bureau, request_id)][2:] == [
        "assigned", "incomplete", "completed", "noted", "promised", "answered", "closed", "rated",
    ]  # fmt: skip


async def test_what_a_rule_forbids_is_said_in_words_and_keeps_what_was_filled_in(bureau: Bureau) -> None:
    """POL-27."""
    request_id = await bureau.received()
    async with bureau.client("desk") as desk:
        answer = await desk.do(request_id, "close", reason="answered")
        assert answer.status_code == 409
        assert "La personne n’a pas encore eu sa réponse" in answer.text
        assert re.search(r'value="answered"\s+checked', answer.text)
        empty = await desk.do(request_id, "note", text=" ")
        assert empty.status_code == 422
        assert 'aria-invalid="true"' in empty.text
        assert 'href="#f-text"' in empty.text
        wrong = await desk.do(request_id, "promise", due_on="demain")
        assert "Donnez une date" in wrong.text
        early = await desk.do(request_id, "acknowledge", channel="phone", occurred_at="1999-01-01T10:00")
        assert "avant la réception" in early.text
    assert await facts(bureau, request_id) == ["request.received.v1"]


async def test_a_form_that_is_sent_twice_is_done_once(bureau: Bureau) -> None:
    """A double click."""
    request_id = await bureau.received()
    async with bureau.client("desk") as desk:
        path = f"/desk/requests/{request_id}/do/note"
        page = await desk.get(path)
        for _ in range(2):
            assert (await desk.send(page, path, text="Une note imaginaire.")).status_code == 200
    assert (await facts(bureau, request_id)).count("request.noted.v1") == 1


async def test_two_agents_who_cross_are_shown_what_the_other_did_and_lose_nothing(bureau: Bureau) -> None:
    """POL-28: both versions stand on the page; sent again, the command is done."""
    request_id = await bureau.received()
    path = f"/desk/requests/{request_id}/do/describe"
    async with bureau.client("desk") as one, bureau.client("greffe") as two:
        mine, theirs = await one.get(path), await two.get(path)
        assert (await two.send(theirs, path, public_text="Trou devant un parc.")).status_code == 200

        crossed = await one.send(mine, path, public_text="Trou devant une école.")
        assert crossed.status_code == 409
        for words in ("a changé entre-temps", "Trou devant un parc.", "Trou devant une école.", "dominique.exemple"):
            assert words in crossed.text, words
        assert await texts(bureau, request_id) == ["Trou devant un parc."]

        again = await one.send(crossed.text, path, public_text="Trou devant une école.")
        assert again.status_code == 200
    assert await texts(bureau, request_id) == ["Trou devant un parc.", "Trou devant une école."]


async def texts(bureau: Bureau, request_id: str) -> list[str]:
    """What was published of a request, in order."""
    story = await bureau.office.runtime.log.load(Service.INTAKE, request_id)
    return [each.data.text for each in story.events if isinstance(each.data, RequestDescribed)]


async def test_what_tells_who_somebody_is_is_not_published(bureau: Bureau) -> None:
    """POL-30, POL-38: a telephone number leaves the text; a name that may be one is confirmed."""
    request_id = await bureau.received()
    async with bureau.client("desk") as desk:
        refused = await desk.do(request_id, "describe", public_text="Appelez le 450 555-0134.", reviewed="1")
        assert refused.status_code == 409
        assert "450 555-0134" in text_of(refused.text)
        assert await texts(bureau, request_id) == []


async def test_an_answer_by_e_mail_is_written_and_not_yet_given(bureau: Bureau) -> None:
    """POL-27: the citizen is answered once the letter has gone out."""
    request_id = await bureau.received(
        requester={"name": "Camille Exemple", "email": "camille@exemple.invalid"}, channel="email"
    )
    async with bureau.client("desk") as desk:
        answer = await desk.do(request_id, "letter", text="Le trou sera comblé demain.", closes="1")
        assert answer.status_code == 200, text_of(answer.text)
        assert "Lettre rédigée" in answer.text
    assert "letter.written.v1" in await facts(bureau, request_id)
    assert "request.answered.v1" not in await facts(bureau, request_id)


async def test_a_letter_that_may_not_have_arrived_is_settled_on_the_requests_page(bureau: Bureau) -> None:
    """POL-18: it is shown with both ways to settle it."""
    request_id = await bureau.received(requester={"name": "Camille Exemple", "email": "camille@exemple.invalid"})
    async with bureau.client("desk") as desk:
        await desk.do(request_id, "letter", text="Le trou sera comblé demain.")
        letter = await written(bureau, request_id)
        await bureau.fact(
            request_id,
            make(LetterFailed, letter_id=letter, letter="answer", reason="doubtful", status=None),
        )
        page = await desk.get(f"/desk/requests/{request_id}")
        assert "Lettres à vérifier" in page
        assert request_id in await desk.get("/desk/lists/letters")
        settled = await desk.send(page, f"/desk/requests/{request_id}/letters/{letter}/went-out")
        assert settled.status_code == 200
        assert "Réponse donnée" in text_of(settled.text)
        await bureau.listed()
        assert "Rien ici." in await desk.get("/desk/lists/letters")


async def written(bureau: Bureau, request_id: str) -> str:
    """The id of the letter that was written last."""
    story = await bureau.office.runtime.log.load(Service.INTAKE, request_id)
    return [each.data.letter_id for each in story.events if isinstance(each.data, LetterWritten)][-1]


async def test_a_merge_is_suggested_done_by_reference_and_undone(bureau: Bureau) -> None:
    """A duplicate is joined to the other; undone, it goes on by itself."""
    parent, child = await bureau.received(), await bureau.received()
    async with bureau.client("desk") as desk:
        assert f"{year()}-000001" in await desk.get(f"/desk/requests/{child}/do/merge")
        merged = await desk.do(child, "merge", into=f"{year()}-000001")
        assert merged.status_code == 200, text_of(merged.text)
        await bureau.listed()
        page = await desk.get(f"/desk/requests/{child}")
        assert f"/desk/requests/{parent}" in page
        undone = await desk.do(child, "undo-merge")
        assert undone.status_code == 200, text_of(undone.text)
        assert "Rouverte" in text_of(undone.text)


async def test_one_contact_is_split_into_two_by_a_form(bureau: Bureau) -> None:
    """One contact that is two requests."""
    request_id = await bureau.received()
    async with bureau.client("desk") as desk:
        done = await desk.do(request_id, "split", kind="request", subject="pothole", text="Aussi, une question.")
        assert done.status_code == 200, text_of(done.text)
        await bureau.listed()
        assert f"{year()}-000002" in await desk.get("/desk/lists/all")


async def test_the_words_of_the_report_stand_in_no_page_before_they_are_opened(bureau: Bureau) -> None:
    """POL-30: lists, story, forms and searches."""
    request_id = await bureau.received()
    async with bureau.client("desk") as desk:
        for path in ("/desk/lists/all", f"/desk/requests/{request_id}", f"/desk/requests/{request_id}/do/answer"):
            page = await desk.get(path)
            assert WORDS not in page
            assert hidden(page, "form_key")
        assert isinstance(desk, Client)

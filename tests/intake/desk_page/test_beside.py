"""What stands beside a request's story: how it was judged, a file that is added, and news after its end."""

from __future__ import annotations

import uuid

import httpx
import pytest
from tests.intake.desk_page.test_page import ACCESS, facts, openings, text_of
from tests.intake.desk_page.visit import Bureau, Client, hidden

from clic_contracts.submission import InteractionSubmission, RequestPointer
from clic_contracts.vocabulary import Channel
from clic_intake.citizen.page import FORM_BYTES_MAX
from clic_intake.core.media import BYTES_MAX

PDF = b"%PDF-1.7 exemple"


# -- news ---------------------------------------------------------------------------------------------------------


async def says(bureau: Bureau, request_id: str, words: str) -> None:
    """A citizen says something about a request, by telephone."""
    row = (await bureau.office.ask(f"/requests/{request_id}", token="greffe")).json()
    about = RequestPointer(reference=row["reference"])
    said = InteractionSubmission(channel=Channel.PHONE, text=words, about=about)
    assert (await bureau.office.submit(said, f"appel-{uuid.uuid4()}")).status == "accepted"
    await bureau.listed()


async def closed(bureau: Bureau, **changes: object) -> str:
    """A request that its citizen withdrew."""
    request_id = await bureau.received(**changes)
    done = await bureau.office.ask(f"/requests/{request_id}/close", {"reason": "withdrawn"}, token="greffe")
    assert done.is_success, done.text
    await bureau.listed()
    return request_id


async def test_it_is_not_mended_is_seen_on_a_closed_request_until_an_agent_does_something(bureau: Bureau) -> None:
    """POL-28, POL-39: in the list, by its count, on the request; a note or a reopening takes it out."""
    noted, reopened = await closed(bureau), await closed(bureau)
    async with bureau.client("desk") as desk:
        assert "Rien ici." in await desk.get("/desk/lists/news")
        for each in (noted, reopened):
            await says(bureau, each, "Ce n'est pas réparé.")
        page = await desk.get("/desk/lists/news")
        assert page.index(noted) < page.index(reopened)
        assert "Nouvelles d’une demande fermée 2" in text_of(page)
        assert "News on a closed request 2" in text_of(await desk.get("/desk/lists/news?lang=en"))
        assert "Nouvelle de la personne" in await desk.get(f"/desk/requests/{noted}?lang=fr")
        assert "pas réparé" not in page

        await desk.do(noted, "note", text="Rappelée : une équipe y retourne.")
        await desk.do(reopened, "reopen", reason="not_satisfied")
        await bureau.listed()
        assert "Rien ici." in await desk.get("/desk/lists/news")


async def test_news_on_what_is_confidential_is_its_own_s_alone(bureau: Bureau) -> None:
    """POL-26: neither listed nor counted for others, by page or by API."""
    await says(bureau, await closed(bureau, **ACCESS), "Il manque une page.")
    for token, expected in (("desk", 0), ("greffe", 1)):
        counts = (await bureau.office.ask("/worklists/counts", token=token)).json()["counts"]
        found = (await bureau.office.ask("/worklists/news", token=token)).json()["requests"]
        assert (counts["news"], len(found)) == (expected, expected)
        assert all(each["heard_since"] for each in found)
    async with bureau.client("desk") as desk:
        assert "Rien ici." in await desk.get("/desk/lists/news")


# -- how it was judged ----------------------------------------------------------------------------------------------


async def test_a_person_reads_how_a_request_was_judged_by_whom_and_where_to_turn(bureau: Bureau) -> None:
    """POL-05 to POL-09: each criterion with its clause; a refusal with who judged, and the body that can help."""
    request_id = await bureau.received(subject=None)
    async with bureau.client("desk") as desk:
        before = text_of(await desk.get(f"/desk/requests/{request_id}"))
        for words in ("Recevabilité Recevable", "POL-05", "POL-09", "Rien ne manque. POL-06 – Téléphonie"):
            assert words in before, words
        body = bureau.office.runtime.town.bodies[0]
        done = await desk.do(
            request_id, "refuse", criterion="out_of_competence", text="Route du ministère.", turn_to=body.code
        )
        assert done.status_code == 200, text_of(done.text)
        after = text_of(await desk.get(f"/desk/requests/{request_id}"))
        assert "Recevabilité Non recevable" in after
        assert "Ne relève pas de la Ville. POL-07 – alex.exemple" in after
        assert after.count(body.contact.fr) >= 2  # Beside the refusal, and among all bodies.
        assert "explication scellée" in after
        assert "Route du ministère" not in after
        assert "Outside the town’s competence. POL-07" in text_of(
            await desk.get(f"/desk/requests/{request_id}?lang=en")
        )
    assert [each for each in await openings(bureau) if each[0] == "alex.exemple"] == []


async def test_what_is_missing_keeps_a_request_from_being_admissible_and_names_the_rule(bureau: Bureau) -> None:
    """POL-06: a rule alone may ask for what is missing; its code is shown."""
    request_id = await bureau.received(requester=None)
    async with bureau.client("desk") as desk:
        page = text_of(await desk.get(f"/desk/requests/{request_id}"))
    assert "Recevabilité Pas encore recevable" in page
    assert "Il manque" in page


# -- a file ---------------------------------------------------------------------------------------------------------


async def attach(desk: Client, request_id: str, page: str, content: bytes, **fields: str) -> httpx.Response:
    """The form that adds a file, sent as a browser does."""
    names = ("form_key", "seen")
    kept = {**{name: hidden(page, name) for name in names}, "key": hidden(page, "key"), **fields}
    return await desk.http.post(
        f"/desk/requests/{request_id}/files", data=kept, files={"file": ("constat.pdf", content, "text/html")}
    )


async def test_a_file_is_added_once_for_each_form(bureau: Bureau) -> None:
    """POL-28: what it is, its bytes say; sent twice, it is one file."""
    request_id = await bureau.received()
    async with bureau.client("desk") as desk:
        page = await desk.get(f"/desk/requests/{request_id}")
        for _ in range(2):
            added = await attach(desk, request_id, page, PDF)
            assert (added.status_code, "C’est fait : Fichier ajouté" in text_of(added.text)) == (200, True)
        assert "application/pdf" in await desk.get(f"/desk/requests/{request_id}")
    assert (await facts(bureau, request_id)).count("request.attached.v1") == 1


@pytest.mark.parametrize(
    ("content", "fields", "status"),
    [
        (b"", {}, 409),
        (b"<html><script>1</script>", {}, 409),
        (PDF + bytes(BYTES_MAX), {}, 409),
        (PDF + bytes(FORM_BYTES_MAX), {}, 413),
        (PDF, {"form_key": "x"}, 403),
    ],
)
async def test_a_file_that_the_api_would_not_take_the_page_does_not_take(
    bureau: Bureau, content: bytes, fields: dict[str, str], status: int
) -> None:
    """POL-28, POL-30: empty, markup, beyond 10 MB, beyond what is read at all, and of another site's form."""
    request_id = await bureau.received()
    async with bureau.client("desk") as desk:
        answer = await attach(desk, request_id, await desk.get(f"/desk/requests/{request_id}"), content, **fields)
        assert answer.status_code == status, text_of(answer.text)
        if status == 409:
            assert "Ce fichier ne peut pas être joint" in answer.text
            assert 'aria-invalid="true"' in answer.text
    assert "request.attached.v1" not in await facts(bureau, request_id)


async def test_who_does_not_treat_a_request_adds_no_file(bureau: Bureau) -> None:
    """POL-26, POL-30: no form is shown; what is confidential is answered as what is not there."""
    request_id, secret = await bureau.received(), await bureau.received(**ACCESS)
    await bureau.routed(request_id, "travaux_publics_voirie")
    async with bureau.client("second") as greffe, bureau.client("desk") as desk:
        page = await greffe.get(f"/desk/requests/{request_id}")
        assert "/files" not in page
        assert (await attach(greffe, request_id, page, PDF)).status_code == 403
        own = await desk.get(f"/desk/requests/{request_id}")
        assert (await attach(desk, secret, own, PDF)).status_code == 404
    for each in (request_id, secret):
        assert "request.attached.v1" not in await facts(bureau, each)

"""Mails that were set aside, on the desk's pages: listed, opened for a reason, taken all the same."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser
from tests.axe import seen, shown, violations
from tests.intake.desk_page.test_page import text_of
from tests.intake.desk_page.visit import Bureau, entered
from tests.intake.mail.conftest import desk_settings as desk_settings
from tests.intake.mail.conftest import room as room
from tests.intake.mail.conftest import settings as settings
from tests.intake.mail.mailroom import Mailroom
from tests.intake.mail.post import JPEG, mail
from tests.intake.mail.test_apart import notice
from tests.intake.mail.test_reception import STRANGER
from tests.intake.service.office import SOURCE, Office
from tests.intake.service.test_privacy import REQUEST
from tests.reporting.board import served

from clic_chassis.testing import at_work
from clic_contracts.envelope import request_id_for
from clic_contracts.submission import RequestSubmission
from clic_intake.mail import kept

WORDS = "Un trou devant le 1, rue Inventée."
AUTOMATIC = mail(WORDS, headers={"Precedence": "bulk"}, files=(("trou.jpg", JPEG, "image/jpeg"),))
WHY = "Semble écrit par une personne"


@pytest_asyncio.fixture
async def office(room: Mailroom) -> AsyncIterator[Office]:
    """The desk that takes mail, its worklists too."""
    others = [each for each in room.wiring.components if each not in (room.lmtp, room.smtp, room.kept)]
    async with at_work(*others), Office.open(room.runtime, room.wiring) as opened:
        await opened.lists_are_made()
        yield opened


@pytest_asyncio.fixture
async def bureau(office: Office) -> AsyncIterator[Bureau]:
    """Its pages."""
    assert office.wiring.http is not None
    async with served(office.wiring.http) as address:
        yield Bureau(office, address)


async def openings(room: Mailroom) -> list[tuple[str, str]]:
    """Who opened what, and why."""
    rows = await room.runtime.pool.fetch("SELECT agent, reason FROM opening ORDER BY opened_at")
    return [(row["agent"], row["reason"]) for row in rows]


async def where(bureau: Bureau) -> str:
    """The page of the one mail that was set aside."""
    [listed] = (await bureau.office.ask("/mails")).json()
    return f"/desk/mails/{listed['mail_id']}"


async def test_a_mail_that_was_set_aside_is_listed_opened_for_a_reason_and_taken(
    room: Mailroom, bureau: Bureau
) -> None:
    """POL-10, POL-30: nothing of it is shown before; taken, it is a request."""
    await room.take(AUTOMATIC)
    here = await where(bureau)
    async with bureau.client("desk") as desk:
        assert "/desk/mails" in await desk.get("/desk/lists/all")
        listed, before = await desk.get("/desk/mails"), await desk.get(here)
        assert here in listed
        assert "Envoi à plusieurs personnes" in listed
        for page in (listed, before):
            assert "Inventée" not in page
            assert "camille" not in page
        refused = await desk.send(before, f"{here}/open", reason=" a ")
        assert (refused.status_code, "Inventée" in refused.text) == (422, False)
        assert await openings(room) == []

        opened = await desk.send(before, f"{here}/open", reason=WHY)
        assert opened.headers["cache-control"] == "no-store"
        for words in (WORDS, "camille@exemple.invalid", "Nid-de-poule", "trou.jpg"):
            assert words in text_of(opened.text), words
        taken = await desk.send(opened.text, f"{here}/take", reason=WHY)
        assert taken.url.path.startswith("/desk/requests/"), text_of(taken.text)
        assert "Fichier ajouté" in taken.text
        assert "Rien ici." in await desk.get("/desk/mails")
        again = await desk.send(opened.text, f"{here}/take", reason=WHY)
        assert (again.status_code, "plus gardé" in again.text) == (404, True)
    assert await openings(room) == [("alex.exemple", WHY)] * 2


async def test_nobody_but_the_desk_sees_or_takes_what_nobody_sorted(room: Mailroom, bureau: Bureau) -> None:
    """POL-26: the same for a mail that is there and one that is not; no form of another site's takes one."""
    await room.take(AUTOMATIC)
    here, unknown = await where(bureau), "/desk/mails/6f9619ff-8b86-5d11-b42d-00cf4fc964ff"
    async with bureau.client("roads") as roads, bureau.client("desk") as desk:
        page = await roads.get("/desk/lists/all")
        assert "/desk/mails" not in page
        for path in ("/desk/mails", here, unknown):
            assert (await roads.http.get(path)).status_code == 403
        for path in (f"{each}/{what}" for each in (here, unknown) for what in ("open", "take")):
            assert (await roads.send(page, path, reason=WHY)).status_code == 403
        for what in ("open", "take"):
            assert (await desk.http.post(f"{here}/{what}", data={"reason": WHY})).status_code == 403
    assert await openings(room) == []


async def test_a_third_partys_answer_is_read_by_whoever_may_see_its_request_and_by_nobody_else(
    room: Mailroom, bureau: Bureau
) -> None:
    """POL-26, A-2.1 art. 49, 53: the clerk finds it on the page of mails; nobody takes it for the requester's."""
    said = REQUEST.model_dump(mode="json", exclude_unset=True) | {"kind": "access_to_information"}
    await bureau.office.submit(RequestSubmission.model_validate(said), "acces-1")
    request_id = request_id_for(SOURCE, "acces-1")
    await room.take(mail("Je m’y oppose.", sender=STRANGER, headers={"In-Reply-To": await notice(room, request_id)}))
    [kept_mail] = await room.kept.of_request(request_id)
    here = f"/desk/mails/{kept_mail.mail_id}"
    async with bureau.client("clerk") as clerk, bureau.client("desk") as desk, bureau.client("roads") as roads:
        assert "/desk/mails" in await clerk.get("/desk/lists/all")
        assert here in await clerk.get("/desk/mails")
        before = await clerk.get(here)
        opened = await clerk.send(before, f"{here}/open", reason=WHY)
        assert "Je m’y oppose." in text_of(opened.text)
        assert f"/desk/requests/{request_id}" in opened.text
        assert f"{here}/take" not in opened.text
        page = await desk.get("/desk/mails")
        assert here not in page
        for client, status in ((desk, 404), (roads, 403)):
            assert (await client.http.get(here)).status_code == status
        assert (await desk.send(page, f"{here}/open", reason=WHY)).status_code == 404
    assert await openings(room) == [("lou.exemple", WHY)]
    answer = await bureau.office.ask("/persons/export", {"request_ids": [request_id], "reason": WHY}, token="greffe")
    assert answer.status_code == 200
    assert "oppose" not in answer.text
    [exported] = answer.json()["requests"]
    assert not [each for each in exported["facts"] if each["type"] == "interaction.recorded.v1"]


async def test_more_than_a_page_leads_to_the_next_one(
    room: Mailroom, bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By key, as the worklists."""
    for module in (kept, "clic_intake.desk_page.mails"):
        monkeypatch.setattr(*((f"{module}.LIST_MAX", 2) if isinstance(module, str) else (module, "LIST_MAX", 2)))
    for n in range(3):
        await room.take(mail(f"Absence {n}.", headers={"Auto-Submitted": "auto-replied"}))
    async with bureau.client("desk") as desk:
        first = await desk.get("/desk/mails")
        after = first.partition('rel="next" href="')[2].partition('"')[0]
        rest = await desk.get(after)
        assert [page.count('<th scope="row">') for page in (first, rest)] == [2, 1]
        assert "Début de la liste" in rest


@pytest.mark.slow
async def test_axe_finds_nothing_on_what_was_set_aside(browser: Browser, room: Mailroom, bureau: Bureau) -> None:
    """WCAG 2.1 AA: the list, a mail, its faults, and what stands in it."""
    await room.take(AUTOMATIC)
    context, page = await entered(browser, bureau)
    found = []
    await page.goto(f"{bureau.address}/desk/mails")
    found += await violations(page)
    await seen(page, "desk-mails")
    await page.locator("tbody a").click()
    await page.wait_for_url("**/desk/mails/*-*")
    found += await violations(page)
    await page.get_by_label("Pourquoi").fill("a")
    await page.get_by_role("button", name="Ouvrir").click()
    await shown(page, "#faults")
    found += await violations(page)
    await page.get_by_label("Pourquoi").fill(WHY)
    await page.get_by_role("button", name="Ouvrir").click()
    await shown(page, ".opened")
    found += await violations(page)
    await seen(page, "desk-mail")
    await context.close()

    assert found == []

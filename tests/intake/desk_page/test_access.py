"""The greffe's pages: the path of an access request with what can be done now and why not, its list, the register."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from tests.intake.core.story import TORONTO, make
from tests.intake.desk_page.test_page import text_of
from tests.intake.desk_page.visit import Bureau, Client
from tests.intake.service.office import now

from clic_contracts.event import AccessDeemedRefused, ObligationMissed, ObligationPaused, ObligationSet

WRITTEN = {"kind": "access_to_information", "subject": None, "channel": "letter"}
ORAL = {**WRITTEN, "channel": "phone"}


def today() -> dt.date:
    return now().astimezone(TORONTO).date()


async def limited(bureau: Bureau, request_id: str, days: int, kind: str = "decide_access", **changes: Any) -> None:
    """A limit or window, so many days from now, as deadlines says."""
    due_on = today() + dt.timedelta(days=days)
    owed = {
        "obligation_id": f"{kind}-1",
        "obligation": kind,
        "rule": {"code": "access_law"},
        "due_at": now() + dt.timedelta(days=days),
        "due_strict_on": due_on,
        "due_prudent_on": due_on,
        **changes,
    }
    await bureau.fact(request_id, make(ObligationSet, **owed))


async def page(client: Client, request_id: str) -> str:
    return text_of(await client.get(f"/desk/requests/{request_id}"))


def offered(html: str) -> set[str]:
    """The commands whose forms a page leads to."""
    return {each.split('"')[0] for each in html.split("/do/")[1:]}


async def test_a_new_request_shows_its_path_and_only_what_can_be_done_now(bureau: Bureau) -> None:
    """A-2.1 art. 46 to 49: neither an answer of a third party nor a review before their time; the reason stands."""
    request_id = await bureau.received(**WRITTEN)
    await limited(bureau, request_id, 20)
    async with bureau.client("greffe") as greffe:
        html = await greffe.get(f"/desk/requests/{request_id}")
        told = text_of(html)

    assert {"classify", "identify-third-party", "extend", "extend-letter", "letter", "answer", "ask"} <= offered(html)
    assert offered(html).isdisjoint(
        {"notify-third-party", "notify-third-party-letter", "third-party-answer", "review-requested", "review-decided",
         "admit", "hand-over", "hand-back"}
    )  # fmt: skip
    for words in (
        "Nature À préciser, pour le bilan",
        "Aucun tiers n’est visé",
        "de dix jours au plus",
        "Échéance de la loi",
        "20 jours après la réception (art. 47)",
        "Rien à réviser avant une décision",
    ):
        assert words in told, words


async def test_an_oral_request_says_that_it_cannot_be_reviewed(bureau: Bureau) -> None:
    """POL-20, A-2.1 art. 45."""
    request_id = await bureau.received(**ORAL)
    async with bureau.client("greffe") as greffe:
        told = await page(greffe, request_id)

    assert "Faite de vive voix" in told
    assert "Une demande faite de vive voix ne peut pas être révisée" in told


async def test_third_parties_are_notified_and_heard_by_number_and_their_name_stays_sealed(bureau: Bureau) -> None:
    """A-2.1 art. 25, 49; POL-30."""
    request_id = await bureau.received(**WRITTEN)
    async with bureau.client("greffe") as greffe:
        for name in ("Entreprise Inventée", "Société Imaginée"):
            done = await greffe.do(request_id, "identify-third-party", **{"third_party.name": name})
            assert done.status_code == 200, text_of(done.text)
        form = await greffe.get(f"/desk/requests/{request_id}/do/notify-third-party")
        first = form.split('<option value="')[2].split('"')[0]
        await greffe.do(request_id, "notify-third-party", third_party_id=first, channel="letter")
        told = await page(greffe, request_id)
        assert "Tiers 1 : avisé le" in told
        assert "entendu jusqu’au" in told
        assert "Tiers 2 : à aviser" in told
        assert "Inventée" not in told
        await greffe.do(request_id, "third-party-answer", third_party_id=first, position="objects", text="Secret.")
        html = await greffe.get(f"/desk/requests/{request_id}")

    assert "Le tiers s’y oppose" in text_of(html)
    assert "third-party-answer" not in offered(html)
    assert "notify-third-party" in offered(html)


async def test_an_extension_is_offered_once_and_then_the_reason_why_not(bureau: Bureau) -> None:
    """POL-23, A-2.1 art. 47."""
    request_id = await bureau.received(**WRITTEN)
    async with bureau.client("greffe") as greffe:
        done = await greffe.do(request_id, "extend", days="10", channel="letter")
        assert done.status_code == 200, text_of(done.text)
        html = await greffe.get(f"/desk/requests/{request_id}")
        again = await greffe.do(request_id, "extend", days="5", channel="letter")

    assert {"extend", "extend-letter"}.isdisjoint(offered(html))
    assert "La loi n’en permet qu’une (art. 47)" in text_of(html)
    assert again.status_code == 409
    assert "Le délai ne peut pas être prolongé ainsi" in text_of(again.text)


async def test_a_refusal_without_its_provision_is_refused_and_one_with_it_opens_the_review(bureau: Bureau) -> None:
    """A-2.1 art. 50, 51, 135: and the review is recorded with its outcome."""
    request_id = await bureau.received(**WRITTEN)
    async with bureau.client("greffe") as greffe:
        bare = await greffe.do(request_id, "answer", channel="letter", access_outcome="refused", text="Non.")
        assert bare.status_code == 409
        assert "cite la disposition et l’explique" in text_of(bare.text)
        told = await greffe.do(
            request_id, "answer", channel="letter", access_outcome="refused", text="Secret.", provisions="art. 53"
        )
        assert told.status_code == 200
        await limited(bureau, request_id, 30, "review_window")
        html = await greffe.get(f"/desk/requests/{request_id}")
        assert "review-requested" in offered(html)
        assert "La personne peut s’adresser à la Commission jusqu’au" in text_of(html)
        await greffe.do(request_id, "review-requested", requested_on=today().isoformat(), text="Dossier 1")
        html = await greffe.get(f"/desk/requests/{request_id}")
        assert "review-decided" in offered(html)
        assert "review-requested" not in offered(html)
        await greffe.do(request_id, "review-decided", outcome="upheld")
        told_at_last = await page(greffe, request_id)

    assert "Décision de la Ville maintenue" in told_at_last
    assert "Une révision a déjà eu lieu" in told_at_last


async def test_another_body_is_named(bureau: Bureau) -> None:
    """A-2.1 art. 48."""
    request_id = await bureau.received(**WRITTEN)
    body = bureau.office.runtime.town.bodies[0]
    async with bureau.client("greffe") as greffe:
        answer = {"channel": "letter", "access_outcome": "other_body", "text": "Voyez l'autre."}
        unnamed = await greffe.do(request_id, "answer", **answer)
        assert unnamed.status_code == 409
        await greffe.do(request_id, "answer", **answer, body=body.code)
        assert f"{body.name.fr}" in await page(greffe, request_id)


async def test_silence_at_the_limit_is_seen_and_the_town_must_still_answer(bureau: Bureau) -> None:
    """A-2.1 art. 52: on the page and in the list; the answer stays possible."""
    request_id = await bureau.received(**WRITTEN)
    await limited(bureau, request_id, -1)
    owed = {"obligation_id": "decide_access-1", "obligation": "decide_access"}
    await bureau.fact(request_id, make(ObligationMissed, **owed, due_at=now()))
    await bureau.fact(request_id, AccessDeemedRefused(obligation_id="decide_access-1", due_at=now()))
    async with bureau.client("greffe") as greffe:
        html = await greffe.get(f"/desk/requests/{request_id}")
        listed = text_of(await greffe.get("/desk/access"))

    assert "la Ville doit encore répondre" in text_of(html)
    assert "answer" in offered(html)
    assert "Réputée refusée" in listed
    assert "en retard de" in listed


async def test_the_list_holds_what_is_at_work_by_its_limit_and_what_is_done_apart(bureau: Bureau) -> None:
    """POL-20: strict and prudent day, days left, what was extended; newest first once done."""
    late, soon, done = [await bureau.received(**WRITTEN) for _ in range(3)]
    await bureau.received()
    await limited(bureau, late, 9, due_prudent_on=today() + dt.timedelta(days=7))
    await limited(bureau, soon, 3)
    async with bureau.client("greffe") as greffe:
        await greffe.do(late, "extend", days="10", channel="letter")
        await greffe.do(done, "close", reason="withdrawn")
        await bureau.listed()
        listed = await greffe.get("/desk/access")
        ended = await greffe.get("/desk/access?done=true")

    assert listed.index(soon) < listed.index(late)
    assert done not in listed
    assert "Prolongée" in listed
    assert "visez le" in listed
    assert "dans 9" in text_of(listed)
    assert done in ended
    assert late not in ended


async def test_the_register_of_the_year_is_a_page_and_leads_to_its_files(bureau: Bureau) -> None:
    """And a year that has none is told so."""
    await bureau.received(**WRITTEN)
    async with bureau.client("greffe") as greffe:
        html = await greffe.get("/desk/access/register")
        assert "Demandes reçues, selon leur nature" in text_of(html)
        for form in ("csv", "xlsx", "json", "html", "pdf"):
            at = f"/access-register?year={today().year}&format={form}&language=fr"
            assert at.replace("&", "&amp;") in html
            assert (await greffe.http.get(at)).status_code == 200
        empty = text_of(await greffe.get(f"/desk/access/register?year={today().year - 1}"))
        english = text_of(await greffe.get("/desk/access/register?lang=en"))

    assert "Aucune demande n’a été reçue" in empty
    assert "Requests received, by nature" in english


@pytest.mark.parametrize("path", ["/desk/access", "/desk/access?done=true", "/desk/access/register"])
async def test_the_greffes_pages_are_the_greffes_alone(bureau: Bureau, path: str) -> None:
    """POL-26: others neither see nor are led to them."""
    await bureau.listed()
    async with bureau.client("desk") as desk:
        assert (await desk.http.get(path)).status_code == 403
        assert "/desk/access" not in await desk.get("/desk/lists/all")
    async with bureau.client("greffe") as greffe:
        assert (await greffe.http.get(path)).status_code == 200
        assert "/desk/access" in await greffe.get("/desk/lists/all")


async def test_what_stands_still_is_shown_so_and_is_not_late(bureau: Bureau) -> None:
    """POL-06: of any request that waits for its citizen."""
    request_id = await bureau.received()
    await bureau.due(request_id, 2)
    async with bureau.client("desk") as desk:
        await desk.do(request_id, "ask", missing="precision", channel="phone")
        await bureau.fact(request_id, make(ObligationPaused))
        await limited(bureau, request_id, 20, "citizen_reply")
        told = await page(desk, request_id)

    assert "Répondre suspendu, en attendant la personne" in told
    assert "attendu jusqu’au" in told
    assert "En retard" not in told


async def test_a_report_is_judged_handed_over_and_comes_back(bureau: Bureau) -> None:
    """POL-05, POL-29: each is offered when it can be done, and no more once it is."""
    request_id = await bureau.received()
    body = bureau.office.runtime.town.bodies[0].code
    async with bureau.client("desk") as desk:
        first = offered(await desk.get(f"/desk/requests/{request_id}"))
        for command, fields in (("admit", {"text": "Vu sur place."}), ("hand-over", {"to": body})):
            done = await desk.do(request_id, command, **fields)
            assert done.status_code == 200, text_of(done.text)
        second = offered(await desk.get(f"/desk/requests/{request_id}"))
        done = await desk.do(request_id, "hand-back", done="false")
        assert done.status_code == 200, text_of(done.text)
        told = await page(desk, request_id)

    assert {"admit", "hand-over"} <= first
    assert "hand-back" not in first
    assert {"admit", "hand-over"}.isdisjoint(second)
    assert "hand-back" in second
    assert "L’organisme ne le fera pas" in told


async def test_a_complaint_is_extended_with_its_reason(bureau: Bureau) -> None:
    """The reasoned extension of a complaint, and the criteria that are asked of complaints alone."""
    request_id = await bureau.received(kind="complaint", subject=None)
    async with bureau.client("desk") as desk:
        assert "complaint_criteria" in await desk.get(f"/desk/requests/{request_id}/do/admit")
        bare = await desk.do(request_id, "extend", days="5", channel="letter")
        assert bare.status_code == 409
        done = await desk.do(request_id, "extend", days="5", channel="letter", text="Le dossier est complexe.")
        assert done.status_code == 200, text_of(done.text)
        assert "extend" not in offered(await desk.get(f"/desk/requests/{request_id}"))

"""The form without scripts: two steps, faults that say how to mend them, and each request once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest
from prometheus_client import generate_latest
from tests.intake.citizen.visit import Hall, hidden, link_of, no_file, text_of

from clic_chassis.service import Runtime
from clic_chassis.settings import SettingsError
from clic_contracts.event import RequestAttached, RequestIncomplete, RequestReceived, RequestRefused
from clic_contracts.subject import FEED_STREAM, LOG_STREAM, RECEIPT_STREAM
from clic_contracts.town import Town
from clic_contracts.vocabulary import Channel, Kind, Language
from clic_intake.app import wire
from clic_intake.citizen.label import CRITERIA, SECTORS
from clic_intake.citizen.page import FORM_BYTES_MAX, SENDS
from clic_intake.settings import IntakeSettings

PNG = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010806000000") + bytes(64)


async def received(hall: Hall) -> list[RequestReceived]:
    """Every request of the log."""
    return [
        event.data
        async for commit in hall.office.runtime.log.read()
        for event in commit.events
        if isinstance(event.data, RequestReceived)
    ]


async def second(hall: Hall, visitor: httpx.AsyncClient, **first: Any) -> dict[str, Any]:
    """What the second step has in its hidden fields."""
    page = await hall.asked(visitor, **first)
    if 'action="/demande/suite"' in page.text:
        page = await visitor.post("/demande/suite", data=hidden(page.text, "/demande/suite"))
    return hidden(page.text, "/demande/envoyer")


async def test_a_report_becomes_a_request_with_a_link(hall: Hall) -> None:
    """POL-01, POL-05, POL-18: by the web form, in French, with its reference on the page that follows."""
    async with hall.visitor() as visitor:
        page = await hall.sent(visitor, address="12, rue Inventée", sector="centre")
    link = link_of(page)
    fact = (await hall.facts(link))[0]

    assert link.reference in text_of(page.text)
    assert (fact.kind, fact.channel, fact.subject, fact.sector) == (
        Kind.REPORT, Channel.WEB_FORM, "street_light", "centre",
    )  # fmt: skip
    assert (fact.language, fact.language_ground, fact.publisher) == (Language.FR, None, "portail_web")


async def test_the_same_form_is_one_request_however_often_and_at_once_it_is_sent(hall: Hall) -> None:
    """A double click, a reload, a change after it was sent: what came first stands, with its files once."""
    async with hall.visitor() as visitor:
        form = {**await second(hall, visitor), "name": "Camille Exemple", "phone": "450 555-0134"}
        sends = [
            visitor.post("/demande/envoyer", data=form, files=[("files", ("a.png", PNG, "image/png"))])
            for _ in range(4)
        ]
        links = {link_of(each) for each in await asyncio.gather(*sends)}
        changed = await visitor.post("/demande/envoyer", data={**form, "name": "Autre Exemple"}, files=[no_file()])
        links.add(link_of(changed))
    [link] = links

    assert len(await received(hall)) == 1
    assert len([each for each in await hall.facts(link) if isinstance(each, RequestAttached)]) == 1


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": ""}, "name"),
        ({"email": "", "phone": ""}, "email"),
        ({"email": "camille"}, "email"),
        ({"phone": "demain"}, "phone"),
        ({"sector": "lune"}, "sector"),
        ({"name": "Z" * 201}, "name"),
        ({"name": "Z\0z"}, "name"),
    ],
)
async def test_a_fault_names_its_field_and_what_was_filled_in_is_kept(
    hall: Hall, changed: dict[str, str], field: str
) -> None:
    """POL-06: a name, and a way to answer; WCAG 3.3.1 and 3.3.3. Nothing is registered meanwhile."""
    async with hall.visitor() as visitor:
        page = await hall.sent(visitor, address="12, rue Inventée", **changed)

    assert page.status_code == 422
    assert f'id="fault-{field}"' in page.text
    assert f'href="#f-{field}"' in page.text
    assert 'value="12, rue Inventée"' in page.text
    assert "Zzyxlampe éteinte." in page.text
    assert await received(hall) == []


async def test_the_address_alone_leads_to_the_form(hall: Hall) -> None:
    async with hall.visitor() as visitor:
        page = await visitor.get("/")

    assert (page.status_code, page.url.path) == (200, "/demande")


async def test_the_first_step_says_what_it_lacks(hall: Hall) -> None:
    async with hall.visitor() as visitor:
        page = await hall.asked(visitor, kind="", subject="lune", text=" ")

    assert page.status_code == 422
    assert [f'id="fault-{field}"' in page.text for field in ("kind", "subject", "text")] == [True] * 3


async def test_an_urgent_safety_report_needs_no_name_and_shows_911_first(hall: Hall) -> None:
    """POL-06: acted on all the same, and marked."""
    async with hall.visitor() as visitor:
        first = await hall.asked(visitor, subject="road_danger", text="Un trou béant sur la chaussée imaginaire.")
        form = hidden(first.text, "/demande/suite") if "/demande/suite" in first.text else None
        page = await visitor.post("/demande/suite", data=form) if form else first
        assert "composez le 911 avant" in text_of(page.text)
        done = await visitor.post("/demande/envoyer", data=hidden(page.text, "/demande/envoyer"), files=[no_file()])
    [fact] = await received(hall)

    assert done.status_code == 200
    assert (fact.urgent, fact.subject) == (True, "road_danger")
    assert link_of(done).reference == fact.reference


async def test_what_another_body_looks_after_is_told_before_anything_is_written(hall: Hall) -> None:
    """POL-07: who can help and how to reach them; who writes all the same is refused with the same."""
    async with hall.visitor() as visitor:
        page = await hall.asked(visitor, subject="power_outage", text="Panne dans ma rue imaginaire.")
        assert "Hydro-Québec" in text_of(page.text)
        assert "Info-pannes" in text_of(page.text)
        followed = await hall.sent(visitor, subject="power_outage", text="Panne dans ma rue imaginaire.")
    link = link_of(followed)

    assert "Hydro-Québec peut vous aider" in text_of(followed.text)
    assert any(isinstance(each, RequestRefused) for each in await hall.facts(link))


async def test_words_of_damage_show_the_notice_about_claims(hall: Hall) -> None:
    """C-19 art. 585: on the form and on the page that follows; not where there is no damage."""
    async with hall.visitor() as visitor:
        told = await hall.sent(visitor, subject="", text="Ma jante zzyx est brisée, je veux un dédommagement.")
        plain = await hall.sent(visitor, subject="", text="Une lampe zzyx est éteinte.")

    assert "dans les quinze jours" in text_of(told.text)
    assert "dans les quinze jours" not in text_of(plain.text)


async def test_an_access_request_is_explained_written_and_confidential(hall: Hall) -> None:
    """POL-20, POL-25, POL-26: to the person responsible, in writing; its review is told before and after."""
    async with hall.visitor() as visitor:
        first = await hall.asked(visitor, kind="access_to_information", subject="watering", text="Le contrat zzyx.")
        page = (
            await visitor.post("/demande/suite", data=hidden(first.text, "/demande/suite"))
            if "/demande/suite" in first.text
            else first
        )
        before = text_of(page.text)
        after = await visitor.post(
            "/demande/envoyer",
            data={**hidden(page.text, "/demande/envoyer"), "name": "Camille Exemple", "phone": "450 555-0134"},
            files=[no_file()],
        )
    [fact] = await received(hall)

    for said in (before, text_of(after.text)):
        assert "Commission d’accès" in said
        assert "dans les 30 jours" in said or "30 jours après la décision" in said
    assert (fact.kind, fact.subject, fact.written, fact.confidential) == (
        Kind.ACCESS_TO_INFORMATION, "document_access", True, True,
    )  # fmt: skip


async def test_english_is_a_wish_that_is_recorded_with_its_ground(hall: Hall) -> None:
    """Charte de la langue française: a page in English is no wish to be written to in English; the box is."""
    async with hall.visitor(**{"Accept-Language": "en-CA"}) as visitor:
        begun = await visitor.get("/demande")
        assert "How can we help you?" in begun.text
        unasked = link_of(await hall.sent(visitor))
        asked = link_of(await hall.sent(visitor, in_english="yes"))

    said = [(await hall.facts(each))[0] for each in (unasked, asked)]
    assert [(each.language, each.language_ground) for each in said] == [
        (Language.FR, None), (Language.EN, "citizen_wish"),
    ]  # fmt: skip


async def test_only_subjects_on_forms_are_offered_and_taken(hall: Hall) -> None:
    """A town may keep a subject for its agents."""
    town = hall.office.runtime.town
    async with hall.visitor() as visitor:
        begun = (await visitor.get("/demande")).text

    assert [each.code for each in town.subjects if (f'value="{each.code}"' in begun) != each.on_forms] == []


async def test_a_subject_s_questions_are_asked_and_their_answers_sealed(hall: Hall) -> None:
    """GeoReport v2, service definition; POL-30."""
    async with hall.visitor() as visitor:
        page = await hall.sent(visitor, subject="pothole", text="Un trou zzyx.", q_size="large")
        wrong = await hall.sent(visitor, subject="pothole", text="Un trou zzyx.", q_size="lune")
    request_id = await hall.request_id(link_of(page))
    opened = (await hall.office.ask(f"/requests/{request_id}/open", {"reason": "essai"})).json()["opened"]

    assert opened[0]["content"]["attributes"] == {"size": "large"}
    assert (wrong.status_code, 'id="fault-q_size"' in wrong.text) == (422, True)


async def test_a_file_that_is_not_taken_does_not_lose_the_request(hall: Hall) -> None:
    """POL-28: the page that follows says so and takes another."""
    async with hall.visitor() as visitor:
        page = await hall.sent(visitor, files=[("files", ("a.html", b"<html><script>1</script>", "text/html"))])

    assert "un fichier qui n’a pas pu y être joint" in text_of(page.text)
    assert len(await received(hall)) == 1


async def test_a_form_of_another_site_or_too_large_is_refused_with_a_page_that_says_what_to_do(hall: Hall) -> None:
    """Its key, and its bound; nothing is registered."""
    async with hall.visitor() as visitor:
        form = {**await second(hall, visitor), "name": "Camille Exemple", "phone": "450 555-0134"}
        foreign = await visitor.post("/demande/envoyer", data={**form, "form_key": "x"}, files=[no_file()])
        first = await visitor.post("/demande/sujet", data={**form, "form_key": "x"})
        large = await visitor.post(
            "/demande/envoyer", data=form, files=[("files", ("a.png", PNG + bytes(FORM_BYTES_MAX), "image/png"))]
        )

    assert (foreign.status_code, first.status_code, large.status_code) == (403, 403, 413)
    assert "Cette page est trop vieille" in foreign.text
    assert "Vos fichiers sont trop lourds" in large.text
    assert await received(hall) == []


async def test_who_fills_in_what_no_person_sees_is_thanked_and_not_registered(hall: Hall) -> None:
    async with hall.visitor() as visitor:
        page = await hall.sent(visitor, website="https://exemple.invalid")

    assert page.url.path == "/demande/merci"
    assert await received(hall) == []


async def test_one_address_sends_so_much_and_then_waits(hall: Hall) -> None:
    """A machine does not fill the register; faults do not count."""
    async with hall.visitor() as visitor:
        form = await second(hall, visitor)
        statuses = [
            (await visitor.post("/demande/envoyer", data=form, files=[no_file()])).status_code for _ in range(3)
        ]
        good = {**form, "name": "Camille Exemple", "phone": "450 555-0134"}
        sent = [
            (await visitor.post("/demande/envoyer", data=good, files=[no_file()], follow_redirects=False)).status_code
            for _ in range(SENDS.burst + 1)
        ]

    assert statuses == [422] * 3
    assert sent == [303] * SENDS.burst + [429]


async def test_nothing_personal_stands_in_clear_and_nothing_is_kept_of_who_was_answered(hall: Hall) -> None:
    """POL-30: log, feed, receipts, tables and metrics, after a request and after an article that answered."""
    async with hall.visitor() as visitor:
        await hall.sent(
            visitor, text="Zzyxsecret.", name="Zzyxine Exemple", email="zzyx@exemple.invalid", address="1, rue Zzyx"
        )
        first = await hall.asked(visitor, text="Zzyxsecret: quand arroser les pelouses ?", subject="watering")
        thanks = await visitor.post("/demande/reponse", data=hidden(first.text, "/demande/reponse"))
    assert "aucune demande n’est ouverte" in text_of(thanks.text)

    office = hall.office
    clear = [each for stream in (LOG_STREAM, FEED_STREAM, RECEIPT_STREAM) for each in await office.everything(stream)]
    pool = office.runtime.pool
    tables = await pool.fetch("SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables "
                              "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')")  # fmt: skip
    clear += [str(row).encode() for each in tables for row in await pool.fetch(f"SELECT * FROM {each['name']}")]
    clear.append(generate_latest())
    assert [each for each in clear if b"zzyx" in each.lower()] == []


def test_every_sector_and_criterion_of_the_town_has_a_name(hall: Hall) -> None:
    """Its own file has codes alone."""
    town = hall.office.runtime.town
    assert [each for each in town.sectors if each not in SECTORS] == []
    assert [each for each in town.complaint_criteria if each not in CRITERIA] == []


async def test_what_a_request_lacks_is_not_asked_for_by_the_form_it_did_not_fill(hall: Hall) -> None:
    """POL-06: a form with a name and a contact is complete."""
    async with hall.visitor() as visitor:
        link = link_of(await hall.sent(visitor))

    assert [each for each in await hall.facts(link) if isinstance(each, RequestIncomplete)] == []


async def test_an_address_that_only_takes_forms_leads_to_the_beginning(hall: Hall) -> None:
    """Who reloads after a day, or copies the address, is not met by an error."""
    async with hall.visitor() as visitor:
        pages = [await visitor.get(f"/demande/{each}") for each in ("sujet", "reponse", "suite", "envoyer")]

    assert [(each.status_code, each.url.path) for each in pages] == [(200, "/demande")] * 4


async def test_a_town_without_the_form_s_publisher_is_told_at_start(runtime: Runtime[IntakeSettings]) -> None:
    """Rather than to each citizen."""
    town = runtime.town
    other = town.model_copy(update={"publishers": tuple(p for p in town.publishers if p.code != "portail_web")})
    with pytest.raises(SettingsError, match=r"publishers\.yaml: the form submits as portail_web"):
        await wire(replace(runtime, town=Town.model_validate(other.model_dump())))

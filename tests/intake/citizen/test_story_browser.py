"""The six stories of the desk, in a browser: each from the citizen's first click to what the log then holds.

With `CLIC_SCREENSHOTS` set to a folder, what was seen on the way is kept there: `docs/screenshots/citizen-*.png`.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page
from tests.intake.citizen.visit import Hall, Link

from clic_contracts.event import (
    InteractionRecorded,
    RequestAttached,
    RequestCompleted,
    RequestRated,
    RequestReceived,
    RequestReopened,
)
from clic_contracts.vocabulary import Kind, ReopeningReason, Service

pytestmark = pytest.mark.timeout(300)  # A busy machine draws a page in seconds.

TELEPHONE, DESK = {"width": 360, "height": 780}, {"width": 1180, "height": 860}
PICTURE = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010806000000") + bytes(64)
"""How a PNG begins, and enough of it to be told by its bytes."""


async def opened(browser: Browser, *, telephone: bool = False, dark: bool = False) -> Page:
    """A page of somebody who reads French."""
    context = await browser.new_context(
        locale="fr-CA",
        viewport=TELEPHONE if telephone else DESK,  # type: ignore[arg-type]  # A mapping of these two keys it is.
        color_scheme="dark" if dark else "light",
        java_script_enabled=False,
    )
    return await context.new_page()


async def seen(page: Page, name: str) -> None:
    """Keep what is seen, where somebody wants to look at it."""
    if folder := os.environ.get("CLIC_SCREENSHOTS"):
        await page.screenshot(path=Path(folder) / f"citizen-{name}.png", full_page=True)


async def begun(page: Page, hall: Hall, kind: str, text: str, subject: str = "") -> None:
    """The first step."""
    await page.goto(f"{hall.address}/demande")
    await page.get_by_label(kind, exact=True).check()
    if subject:
        await page.get_by_label("À quel sujet").select_option(label=subject)
    await page.get_by_label("Décrivez la situation").fill(text)


async def person(page: Page) -> None:
    """Who asks."""
    await page.get_by_label("Votre nom").fill("Camille Exemple")
    await page.get_by_label("Courriel", exact=True).fill("camille@exemple.invalid")


async def sent(page: Page) -> Link:
    """The second step is sent; the page is the request's own."""
    await page.get_by_role("button", name="Envoyer à la Ville").click()
    await page.wait_for_url("**/suivi/**")
    parts = page.url.partition("?")[0].split("/")
    return Link(parts[-2], parts[-1])


async def reported(page: Page, hall: Hall) -> Link:
    """A street light that is out."""
    await begun(page, hall, "Signaler un problème", "Le lampadaire devant la maison est éteint.", "Éclairage de rue")
    await page.get_by_role("button", name="Continuer").click()
    await person(page)
    return await sent(page)


@pytest.mark.slow
async def test_a_pothole_is_reported_from_a_telephone(browser: Browser, hall: Hall) -> None:
    """POL-01, POL-06, POL-18, POL-30; C-19 art. 585: damage shows the notice about claims."""
    page = await opened(browser, telephone=True)
    await begun(
        page, hall, "Signaler un problème",
        "Un gros nid-de-poule au coin de la rue Inventée; ma jante est abîmée.", "Nid-de-poule",
    )  # fmt: skip
    await seen(page, "pothole-1")
    await page.get_by_role("button", name="Continuer").click()
    await page.get_by_role("heading", name="Ceci répond-il à votre question").wait_for()
    await page.get_by_role("heading", name="Signaler un nid-de-poule").wait_for()
    await seen(page, "pothole-2")
    await page.get_by_role("button", name="Non, continuer").click()
    await page.wait_for_url("**/demande/suite")
    assert "avis par écrit au greffier dans les quinze jours" in await page.inner_text("main")
    await page.get_by_label("Plus qu’une assiette").check()
    await page.get_by_label("Adresse ou intersection").fill("12, rue Inventée")
    await page.get_by_label("Secteur").select_option(label="Centre-ville")
    await person(page)
    await page.get_by_label("Joindre des fichiers").set_input_files(
        {"name": "trou.png", "mimeType": "image/png", "buffer": PICTURE}
    )
    await seen(page, "pothole-3")
    link = await sent(page)
    due_on = await hall.route(link)
    await page.reload()
    said = await page.inner_text("main")
    await seen(page, "pothole-4")
    await page.context.close()

    assert "Votre demande est enregistrée" in said
    assert link.reference in said
    assert "Travaux publics – voirie" in said
    assert f"Au plus tard le {due_on.day}" in said.replace("\u00a0", " ") or "1er" in said
    facts = await hall.facts(link)
    received = facts[0]
    assert isinstance(received, RequestReceived)
    assert (received.kind, received.subject, received.sector) == (Kind.REPORT, "pothole", "centre")
    assert [type(each) for each in facts if isinstance(each, RequestAttached)] == [RequestAttached]


@pytest.mark.slow
async def test_the_town_is_complained_about(browser: Browser, hall: Hall) -> None:
    """POL-02, POL-12: the criteria of the Direction générale's form are declared and recorded."""
    page = await opened(browser)
    await begun(
        page, hall, "Porter plainte", "Personne ne rappelle, malgré trois messages au sujet de ma clôture.",
        "Plainte contre la Ville",
    )  # fmt: skip
    await page.get_by_role("button", name="Continuer").click()
    await page.wait_for_url("**/demande/sujet")
    if await page.get_by_role("button", name="Non, continuer").count():
        await page.get_by_role("button", name="Non, continuer").click()
    await page.get_by_label("L’insatisfaction s’est répétée").check()
    await page.get_by_label("J’en ai déjà parlé au CLIC").check()
    await person(page)
    await seen(page, "complaint-1")
    link = await sent(page)
    await hall.route(link, "direction_generale", 28)
    await page.reload()
    await seen(page, "complaint-2")
    said = await page.inner_text("main")
    await page.context.close()

    assert "Direction générale" in said
    assert "Commission municipale" in said  # POL-18: how to complain further.
    received = (await hall.facts(link))[0]
    assert (received.kind, received.complaint_criteria) == (Kind.COMPLAINT, ("repeated", "steps_taken"))


@pytest.mark.slow
async def test_information_is_found_before_a_request_is_made(browser: Browser, hall: Hall) -> None:
    """POL-16, POL-34: an article answers; one contact of the first line is recorded, and nothing of the text."""
    page = await opened(browser)
    await begun(
        page, hall, "Demander un service ou un renseignement", "À quelle heure peut-on arroser les pelouses ?"
    )  # fmt: skip
    await page.get_by_role("button", name="Continuer").click()
    await page.get_by_role("heading", name="Heures d’arrosage").wait_for()
    await seen(page, "information-1")
    await page.get_by_role("button", name="Oui, j’ai ma réponse").click()
    await page.wait_for_url("**/demande/merci")
    await seen(page, "information-2")
    await page.context.close()

    log = [event async for commit in hall.office.runtime.log.read() for event in commit.events]
    [contact] = [each.data for each in log]
    assert isinstance(contact, InteractionRecorded)
    assert (contact.answered_first_line, contact.articles, contact.sealed) == (True, ("arrosage",), None)


@pytest.mark.slow
async def test_what_was_missing_is_given(browser: Browser, hall: Hall) -> None:
    """POL-06, POL-21: the page says what is missing, takes it, and the treatment goes on."""
    page = await opened(browser, telephone=True)
    link = await reported(page, hall)
    await hall.route(link)
    await hall.command(link, "ask", channel="email", missing=["precision"])
    await page.goto(f"{hall.address}{link.path}")
    assert "Nous attendons votre réponse" in await page.inner_text("main")
    await page.get_by_label("Vos précisions").fill("Le numéro du lampadaire est 42.")
    await seen(page, "missing-1")
    await page.get_by_role("button", name="Envoyer", exact=True).click()
    await page.wait_for_url("**dit=completee")
    await seen(page, "missing-2")
    said = await page.inner_text("main")
    await page.context.close()

    assert "En traitement" in said
    assert "Il nous manque" not in said
    assert [each.given for each in await hall.facts(link) if isinstance(each, RequestCompleted)] == [("precision",)]


@pytest.mark.slow
async def test_a_closed_request_is_reopened_and_in_the_end_rated(browser: Browser, hall: Hall) -> None:
    """POL-39."""
    page = await opened(browser)
    link = await reported(page, hall)
    await hall.route(link)
    await hall.close(link)
    await page.goto(f"{hall.address}{link.path}")
    await page.locator("summary", has_text="Rouvrir la demande").click()
    await page.get_by_label("La réponse ne me satisfait pas").check()
    await page.get_by_label("Dites-nous ce qui ne va pas encore").fill("Il est encore éteint.")
    await seen(page, "reopen-1")
    await page.get_by_role("button", name="Rouvrir", exact=True).click()
    await page.wait_for_url("**dit=rouverte")
    await seen(page, "reopen-2")
    await hall.close(link)
    await page.goto(f"{hall.address}{link.path}")
    await page.get_by_label("Plutôt", exact=True).check()
    await page.get_by_role("button", name="Donner mon avis").click()
    await page.wait_for_url("**dit=evaluee")
    await page.context.close()

    facts = await hall.facts(link)
    assert [each.reason for each in facts if isinstance(each, RequestReopened)] == [ReopeningReason.NOT_SATISFIED]
    assert [each.about for each in facts if isinstance(each, InteractionRecorded)] == [await hall.request_id(link)]
    assert [each.score for each in facts if isinstance(each, RequestRated)] == [4]


@pytest.mark.slow
async def test_somebody_asks_to_be_forgotten_and_then_their_link_is_gone(browser: Browser, hall: Hall) -> None:
    """POL-30, A-2.1 art. 73: a request of its own to the clerk, confidential; erased, the page is no more."""
    page = await opened(browser, dark=True)
    link = await reported(page, hall)
    await page.locator("summary", has_text="Demander l’effacement").click()
    form = page.locator("details", has_text="Votre demande d’effacement va au greffe")
    await form.get_by_label("Votre nom").fill("Camille Exemple")
    await form.get_by_label("Courriel").fill("camille@exemple.invalid")
    await seen(page, "forget-1")
    await form.get_by_role("button", name="Envoyer au greffe").click()
    await page.wait_for_url("**/suivi/**?dit=recue")
    await seen(page, "forget-2")
    asked = Link(*page.url.partition("?")[0].split("/")[-2:])
    assert asked.reference != link.reference
    received = (await hall.facts(asked))[0]
    assert (received.subject, received.confidential) == ("personal_data", True)

    request_id = await hall.request_id(link)
    await hall.office.runtime.pool.execute(
        "UPDATE request SET wrapped_key = NULL, erased_at = now() WHERE request_id = $1", request_id
    )
    answer = await page.goto(f"{hall.address}{link.path}")
    assert answer is not None
    assert answer.status == 404
    await seen(page, "forget-3")
    await page.context.close()
    assert (await hall.office.runtime.log.load(Service.INTAKE, request_id)).commits

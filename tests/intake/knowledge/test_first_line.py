"""What the knowledge base answered is recorded, and what it lacked can become an article."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest
from tests.intake.service.office import Office, now

from clic_chassis.decider import Fact
from clic_contracts.event import InteractionRecorded, RequestRouted
from clic_contracts.submission import Requester, RequestSubmission
from clic_contracts.vocabulary import Channel, Kind, Service

QUESTION = "Peut-on visiter le clocher imaginaire ?"
ARTICLE: dict[str, Any] = {
    "code": "visite_du_clocher",
    "title": {"fr": "Visiter le clocher", "en": "Visit the bell tower"},
    "text": {"fr": "Le clocher se visite le dimanche.", "en": "The bell tower can be visited on Sundays."},
    "words": ["cloche"],
}


async def told(office: Office, request_id: str) -> list[Any]:
    """The facts of intake's part of a story."""
    return [each.data for each in (await office.runtime.log.load(Service.INTAKE, request_id)).events]


async def unusual(office: Office, *, answer: bool = True, foreseen: bool = False, kind: Kind = Kind.REQUEST) -> str:
    """A request that nothing foresaw, routed, and answered."""
    submission = RequestSubmission(
        kind=kind, channel=Channel.PHONE, text=QUESTION,
        requester=Requester(name="Camille Exemple", email="camille@exemple.invalid"),
    )  # fmt: skip
    request_id = (await office.submit(submission, f"appel-{uuid.uuid4()}")).request_id
    assert request_id is not None
    routed = RequestRouted(department="clic", first_line=True, unusual=not foreseen)
    await office.runtime.decisions(Service.ROUTING).decide(
        request_id, lambda _: (Fact(routed, now()),), cause_id="essai", actor="rule:essai"
    )
    if answer:
        outcome = {"access_outcome": "granted"} if kind is Kind.ACCESS_TO_INFORMATION else {}
        done = await office.ask(f"/requests/{request_id}/answer", {"channel": "phone", **outcome}, token="greffe")
        assert done.is_success, done.text
    return request_id


async def drafted(office: Office, request_id: str, **other: Any) -> httpx.Response:
    return await office.ask(f"/requests/{request_id}/article", {**ARTICLE, **other})


async def test_what_articles_answered_is_a_contact_of_the_first_line(office: Office) -> None:
    """POL-16, POL-31, POL-34: by which channel, which articles; said twice, it is one contact."""
    body = {"articles": ["arrosage"], "channel": "phone", "subject": "watering"}
    key = [("Idempotency-Key", "a")]
    first = (await office.ask("/knowledge/answers", body, headers=key)).json()
    again = (await office.ask("/knowledge/answers", body, headers=key)).json()
    other = await office.ask("/knowledge/answers", {**body, "articles": ["deneigement"]}, headers=key)

    assert (first["known"], again["known"]) == (False, True)
    assert again["interaction_id"] == first["interaction_id"]
    assert other.status_code == 409
    [fact] = await told(office, first["interaction_id"])
    assert isinstance(fact, InteractionRecorded)
    assert (fact.answered_first_line, fact.articles, fact.channel, fact.subject) == (
        True, ("arrosage",), Channel.PHONE, "watering",
    )  # fmt: skip
    assert fact.sealed is None


async def test_a_request_that_an_article_helped_with_stays_open(office: Office) -> None:
    """POL-17, POL-27: looking it up is no answer; the citizen is answered by its own command."""
    request_id = await unusual(office, answer=False)
    done = await office.ask("/knowledge/answers", {"articles": ["arrosage"], "channel": "phone", "about": request_id})

    assert done.is_success
    assert (await office.ask(f"/requests/{request_id}")).json()["phase"] == "received"
    assert (await office.ask(f"/requests/{request_id}/close", {})).status_code == 409


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"articles": ["aucun"]}, 404),
        ({"articles": []}, 422),
        ({"subject": "lune"}, 422),
        ({"about": "6f9619ff-8b86-5d11-b42d-00cf4fc964ff"}, 404),
    ],
)
async def test_an_answer_names_what_there_is(office: Office, change: dict[str, Any], status: int) -> None:
    """Nothing is recorded otherwise."""
    answer = await office.ask("/knowledge/answers", {"articles": ["arrosage"], "channel": "phone", **change})

    assert answer.status_code == status


async def test_an_answered_unusual_request_becomes_a_draft_and_then_a_file_of_the_town(office: Office) -> None:
    """POL-40: written, changed, listed without its text, exported; who opened it is recorded (POL-30)."""
    request_id = await unusual(office)
    first = await drafted(office, request_id)
    changed = await drafted(office, request_id, words=["cloche", "carillon"])
    assert first.json() == changed.json()

    [listed] = (await office.ask("/knowledge/drafts")).json()
    assert (listed["code"], listed["written_by"], listed["exported_by"]) == ("visite_du_clocher", "alex.exemple", None)
    assert "dimanche" not in str(listed)
    article = (await office.ask(f"/knowledge/drafts/{listed['draft_id']}/export", {})).json()
    assert article["words"] == ["cloche", "carillon"]
    assert article["text"]["fr"] == "Le clocher se visite le dimanche."
    assert (await office.ask("/knowledge/drafts")).json()[0]["exported_by"] == "alex.exemple"
    openings = await office.runtime.pool.fetch("SELECT agent, reason FROM opening WHERE request_id = $1", request_id)
    assert [tuple(each) for each in openings] == [("alex.exemple", "article visite_du_clocher: export")]
    assert (await drafted(office, request_id)).status_code == 409  # The file is what is changed from now on.


async def test_the_draft_of_what_is_confidential_is_answered_as_one_that_is_not_there(office: Office) -> None:
    """POL-26: not listed, and exported with the same words, headers and work as an unknown one; nothing is opened."""
    request_id = await unusual(office, kind=Kind.ACCESS_TO_INFORMATION)
    done = await office.ask(f"/requests/{request_id}/article", ARTICLE, token="greffe")
    assert done.is_success, done.text
    draft_id = done.json()["draft_id"]
    assert [each["draft_id"] for each in (await office.ask("/knowledge/drafts", token="greffe")).json()] == [draft_id]
    for token in ("desk", "roads"):
        assert (await office.ask("/knowledge/drafts", token=token)).json() == []
        hidden, unknown = [
            await office.ask(f"/knowledge/drafts/{each}/export", {}, token=token)
            for each in (draft_id, "6f9619ff-8b86-5d11-b42d-00cf4fc964ff")
        ]
        assert (hidden.status_code, hidden.content, sorted(hidden.headers)) == (
            404, unknown.content, sorted(unknown.headers),
        )  # fmt: skip
    assert await office.runtime.pool.fetchval("SELECT count(*) FROM opening") == 0
    assert (await office.ask(f"/knowledge/drafts/{draft_id}/export", {}, token="greffe")).is_success


async def test_a_draft_is_sealed_where_it_is_stored_and_goes_when_its_request_is_erased(office: Office) -> None:
    """POL-30."""
    request_id = await unusual(office)
    assert (await drafted(office, request_id)).is_success
    assert "dimanche" not in str(await office.runtime.pool.fetchval("SELECT sealed::text FROM article_draft"))

    await office.runtime.pool.execute(
        "UPDATE request SET wrapped_key = NULL, erased_at = now() WHERE request_id = $1", request_id
    )
    assert (await office.ask("/knowledge/drafts")).json() == []


async def test_only_what_was_answered_and_nothing_foresaw_becomes_an_article(office: Office) -> None:
    """POL-36, POL-40."""
    for request_id in (await unusual(office, answer=False), await unusual(office, foreseen=True)):
        refused = await drafted(office, request_id)
        assert (refused.status_code, refused.json()["type"]) == (409, "urn:clic:problem:no-article")
    assert (await drafted(office, await unusual(office), code="arrosage")).status_code == 409


async def test_a_text_that_tells_who_somebody_is_becomes_no_article(office: Office) -> None:
    """POL-38: each passage is named; a civic address that is nobody's may be said to be so, an e-mail address not."""
    request_id = await unusual(office)
    planted = {"fr": "Écrire à Camille Exemple, camille@exemple.invalid, 12, rue Inventée.", "en": "Nothing."}
    refused = await drafted(office, request_id, text=planted)
    said = " ".join(each["detail"] for each in refused.json()["errors"])
    assert refused.json()["type"] == "urn:clic:problem:findings"
    assert [
        each for each in ("Camille Exemple", "camille@exemple.invalid", "12, rue Inventée") if each not in said
    ] == []

    address = {"fr": "Rendez-vous au 12, rue Inventée.", "en": "Come to the tower."}
    assert (await drafted(office, request_id, text=address)).status_code == 409
    harmless = {"12, rue Inventée": "adresse du clocher"}
    assert (await drafted(office, request_id, text=address, harmless=harmless)).is_success

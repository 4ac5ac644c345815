"""The tracking page: for who has the link alone, with what they may do now and nothing of who treats it."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Any

import httpx
import pytest
from tests.intake.citizen.visit import Hall, Link, hidden, link_of, no_file, text_of

from clic_contracts.event import (
    Event,
    InteractionRecorded,
    ObligationPaused,
    ObligationRecounted,
    RequestAttached,
    RequestClosed,
    RequestCompleted,
    RequestRated,
    RequestReopened,
)
from clic_contracts.vocabulary import ClosingReason, Service
from clic_intake.citizen.follow import REFUSED_AFTER_S
from clic_intake.citizen.page import WRONG_LINKS

UNKNOWN = Link("2026-999999", "A" * 22)


async def followed(hall: Hall, visitor: httpx.AsyncClient, **filled: Any) -> Link:
    """A request that a citizen made."""
    return link_of(await hall.sent(visitor, **filled))


async def seen(visitor: httpx.AsyncClient, link: Link) -> str:
    """What the page says."""
    return text_of((await visitor.get(link.path)).text)


async def of_type(hall: Hall, link: Link, kind: type[Event]) -> list[Any]:
    return [each for each in await hall.facts(link) if isinstance(each, kind)]


# -- whose link it is ---------------------------------------------------------------------------------------------


async def test_a_wrong_secret_and_an_unknown_reference_are_the_same_answer_in_the_same_time(hall: Hall) -> None:
    """POL-30: whether there is such a request is not to be learned, by words or by the clock."""
    async with hall.visitor() as visitor:
        link = await followed(hall, visitor)
        times: dict[str, list[float]] = {"wrong": [], "unknown": []}
        answers = set()
        for _ in range(4):
            for name, path in (("wrong", link._replace(secret="A" * 22).path), ("unknown", UNKNOWN.path)):
                began = monotonic()
                answer = await visitor.get(path)
                times[name].append(monotonic() - began)
                answers.add((answer.status_code, answer.text))

    assert [status for status, _ in answers] == [404]  # One answer, to the letter.
    assert min(times["wrong"] + times["unknown"]) >= REFUSED_AFTER_S
    quickest = [min(each) for each in times.values()]  # Of each: a busy machine makes any of them longer, none shorter.
    assert max(quickest) - min(quickest) < REFUSED_AFTER_S / 2


@pytest.mark.parametrize("path", ["x/y", "2026-000001/%00", "%00/a", "2026-000001/é", f"{'9' * 500}/a"])
async def test_what_is_no_link_at_all_is_answered_like_a_wrong_one(hall: Hall, path: str) -> None:
    async with hall.visitor() as visitor:
        wrong = await visitor.get(UNKNOWN.path)
        answer = await visitor.get(f"/suivi/{path}")

    assert (answer.status_code, answer.text) == (404, wrong.text)


async def test_links_cannot_be_tried_for_long(hall: Hall) -> None:
    """Nor does who tried keep the right link out of the house once they wait."""
    async with hall.visitor() as visitor:
        await asyncio.gather(*(visitor.get(UNKNOWN.path) for _ in range(WRONG_LINKS.burst)))
        answer = await visitor.get(UNKNOWN.path)

    assert answer.status_code == 429
    assert "Un instant" in answer.text


async def test_a_secret_opens_its_own_request_alone_and_nothing_else_lists_any(hall: Hall) -> None:
    async with hall.visitor() as visitor:
        first, other = await followed(hall, visitor), await followed(hall, visitor, text="Zzyxautre.")
        crossed = await visitor.get(first._replace(secret=other.secret).path)
        act = await visitor.post(
            f"{first._replace(secret=other.secret).path}/retirer",
            data=hidden((await visitor.get(first.path)).text, f"{first.path}/retirer"),
        )
        listed = [(await visitor.get(path)).status_code for path in ("/suivi", f"/suivi/{first.reference}")]

    assert (crossed.status_code, act.status_code) == (404, 404)
    assert listed == [404, 404]
    assert await of_type(hall, first, RequestClosed) == []


# -- what it shows ------------------------------------------------------------------------------------------------


async def test_the_steps_the_department_and_the_due_date_are_told(hall: Hall) -> None:
    """POL-18."""
    async with hall.visitor() as visitor:
        link = await followed(hall, visitor)
        before = await seen(visitor, link)
        due_on = await hall.route(link)
        after = await seen(visitor, link)

    assert "Demande reçue" in before
    assert "Travaux publics" not in before
    assert "Travaux publics – voirie" in after
    assert f"{due_on.year}" in after.partition("Au plus tard le")[2][:40]


async def test_no_name_of_an_agent_no_note_and_no_words_of_the_citizen_are_shown(hall: Hall) -> None:
    """POL-30: the link may be passed on; the page opens no seal."""
    async with hall.visitor() as visitor:
        link = await followed(hall, visitor)
        await hall.command(link, "note", text="Zzyxnote interne.")
        await hall.close(link)
        page = (await visitor.get(link.path)).text
    request_id = await hall.request_id(link)
    openings = await hall.office.runtime.pool.fetch("SELECT agent FROM opening WHERE request_id = $1", request_id)

    assert [word for word in ("exemple", "zzyx", "agent:", request_id) if word in page.casefold()] == []
    assert [each["agent"] for each in openings if each["agent"].startswith("citizen")] == []


async def test_it_speaks_the_language_that_its_reader_chooses(hall: Hall) -> None:
    async with hall.visitor() as visitor:
        link = await followed(hall, visitor)
        english = await visitor.get(f"{link.path}?lang=en")
        kept = await visitor.get(link.path)

    assert '<html lang="en-CA">' in english.text
    assert "How your request stands" in kept.text  # By the cookie.


# -- what one may do ----------------------------------------------------------------------------------------------


async def test_words_and_files_are_added_once_however_often_the_form_is_sent(hall: Hall) -> None:
    """POL-10, POL-28, POL-31: another contact on the same request, its words sealed."""
    async with hall.visitor() as visitor:
        link = await followed(hall, visitor)
        form = {**hidden((await visitor.get(link.path)).text, "/suivi/ajouter"), "words": "Zzyx : le poteau 42."}
        file = ("files", ("zzyx.txt", b"Zzyx.", "text/plain"))
        sends = [visitor.post("/suivi/ajouter", data=form, files=[file]) for _ in range(3)]
        pages = await asyncio.gather(*sends)
        nothing = await visitor.post("/suivi/ajouter", data={**form, "words": ""}, files=[no_file()])
        long = await visitor.post("/suivi/ajouter", data={**form, "words": "Z" * 10_001}, files=[no_file()])

    assert ["C’est ajouté" in text_of(each.text) for each in pages] == [True] * 3
    [contact] = await of_type(hall, link, InteractionRecorded)
    assert (contact.about, contact.sealed is not None) == (await hall.request_id(link), True)
    assert len(await of_type(hall, link, RequestAttached)) == 1
    for each in (nothing, long):
        assert (each.status_code, 'id="fault-ajouter-words"' in each.text) == (422, True)


async def test_what_is_missing_is_given_and_only_that_is_asked(hall: Hall) -> None:
    """POL-06, POL-21."""
    async with hall.visitor() as visitor:
        link = await followed(hall, visitor)
        await hall.command(link, "ask", channel="email", missing=["contact", "precision"])
        page = (await visitor.get(link.path)).text
        lacking = await hall.act(visitor, link, "completer", words="Zzyx.")
        done = await hall.act(visitor, link, "completer", words="Zzyx.", phone="450 555-0134")

    assert ('id="f-completer-words"' in page, 'id="f-completer-name"' in page) == (True, False)
    assert (lacking.status_code, 'id="fault-completer-email"' in lacking.text) == (422, True)
    assert "le traitement se poursuit" in text_of(done.text).casefold()
    assert [set(each.given) for each in await of_type(hall, link, RequestCompleted)] == [{"contact", "precision"}]


async def test_while_the_town_waits_for_the_citizen_the_clock_is_told_to_stand_still(hall: Hall) -> None:
    """POL-06, POL-18: no date is promised meanwhile; one is told again once they replied."""
    async with hall.visitor() as visitor:
        link = await followed(hall, visitor)
        await hall.route(link)
        await hall.command(link, "ask", channel="email", missing=["precision"])
        before = (await visitor.get(link.path)).text
        await hall.fact(link, ObligationPaused.model_validate(ObligationPaused.EXAMPLE))
        stopped = (await visitor.get(link.path)).text
        english = (await visitor.get(f"{link.path}?lang=en")).text
        await hall.command(link, "complete", text="Devant le parc.")
        await hall.fact(link, ObligationRecounted.model_validate(ObligationRecounted.EXAMPLE))
        going_on = (await visitor.get(f"{link.path}?lang=fr")).text

    words = "Le délai est suspendu en attendant votre réponse."
    assert [words in each for each in (before, stopped, going_on)] == [False, True, False]
    assert "The clock is stopped until you reply." in english
    assert "Réponse au plus tard" not in stopped
    assert "21\u00a0mai\u00a02026" in going_on


async def test_a_request_is_withdrawn_once_and_by_its_citizen(hall: Hall) -> None:
    """POL-27: the only closing without an answer that a citizen can ask for; said twice, done once."""
    async with hall.visitor() as visitor:
        link = await followed(hall, visitor)
        form = hidden((await visitor.get(link.path)).text, f"{link.path}/retirer")
        pages = [await visitor.post(f"{link.path}/retirer", data=form) for _ in range(2)]

    assert [each.status_code for each in pages] == [200, 200]
    assert "Votre demande est retirée" in text_of(pages[1].text)
    assert [each.reason for each in await of_type(hall, link, RequestClosed)] == [ClosingReason.WITHDRAWN]
    story = await hall.office.runtime.log.load(Service.INTAKE, await hall.request_id(link))
    assert story.events[-1].actor == "citizen:tracking"


async def test_a_closed_request_is_rated_once_and_reopened_with_a_reason(hall: Hall) -> None:
    """POL-39."""
    async with hall.visitor() as visitor:
        link = await followed(hall, visitor)
        early = await visitor.post(
            f"{link.path}/evaluer",
            data={**hidden((await visitor.get(link.path)).text, f"{link.path}/retirer"), "score": "5"},
        )
        await hall.close(link)
        empty = await hall.act(visitor, link, "evaluer")
        rated = await hall.act(visitor, link, "evaluer", score="2")
        again = await visitor.post(
            f"{link.path}/evaluer", data={**hidden(rated.text, f"{link.path}/oublier"), "score": "5"}
        )
        unexplained = await hall.act(visitor, link, "rouvrir")
        reopened = await hall.act(visitor, link, "rouvrir", why="new_facts", words="Zzyx revient.")

    assert (early.status_code, again.status_code) == (409, 409)  # Before it is closed, and once it was rated.
    assert (empty.status_code, unexplained.status_code) == (422, 422)
    assert 'action="' + link.path + '/evaluer"' not in rated.text
    assert "Votre demande est rouverte" in text_of(reopened.text)
    assert [each.score for each in await of_type(hall, link, RequestRated)] == [2]
    assert [each.reason for each in await of_type(hall, link, RequestReopened)] == ["new_facts"]


async def test_each_form_of_the_page_has_our_key(hall: Hall) -> None:
    """Another site cannot withdraw somebody's request."""
    async with hall.visitor() as visitor:
        link = await followed(hall, visitor)
        form = hidden((await visitor.get(link.path)).text, f"{link.path}/retirer")
        foreign = await visitor.post(f"{link.path}/retirer", data={**form, "form_key": "x"})

    assert foreign.status_code == 403
    assert await of_type(hall, link, RequestClosed) == []


async def test_erasing_ends_the_link(hall: Hall) -> None:
    """POL-30: nothing tells it from a link that never was."""
    async with hall.visitor() as visitor:
        link = await followed(hall, visitor)
        request_id = await hall.request_id(link)
        await hall.office.runtime.pool.execute(
            "UPDATE request SET wrapped_key = NULL, erased_at = now() WHERE request_id = $1", request_id
        )
        gone, never = await visitor.get(link.path), await visitor.get(UNKNOWN.path)

    assert (gone.status_code, gone.text) == (404, never.text)

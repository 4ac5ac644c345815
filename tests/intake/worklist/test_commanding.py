"""Commands over HTTP name what was seen: what moved is shown, nothing is overwritten, nothing is lost."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from tests.intake.core.story import OTHER, make
from tests.intake.desk_page.visit import Bureau
from tests.intake.service.conftest import office as office
from tests.intake.service.conftest import runtime as runtime
from tests.intake.service.conftest import settings as settings
from tests.intake.service.office import Office

from clic_chassis.scenario import recorded
from clic_contracts.envelope import Commit
from clic_contracts.event import (
    EVENTS,
    Event,
    LetterWritten,
    ObligationMissed,
    RequestAcknowledged,
    RequestAnswered,
    RequestNoted,
    RequestRated,
    RequestRouted,
)
from clic_contracts.vocabulary import Service
from clic_intake.core.meanwhile import ALWAYS, NEVER, MovedError, matters, must_not_have_moved, since

SCREEN = "agent:alex.exemple"


def fact(event: Event, actor: str) -> Any:
    """Something that somebody did."""
    return recorded(event).model_copy(update={"actor": actor})


@pytest.mark.parametrize(
    ("event", "actor", "known"),
    [
        (make(RequestNoted), "agent:sacha.exemple", True),
        (make(RequestNoted), "citizen:tracking", True),
        (make(RequestNoted), "publisher:telephonie", True),
        (make(RequestNoted), SCREEN, False),
        (make(RequestAnswered), "rule:letters", True),
        (make(RequestRouted), "rule:roads", True),
        (make(RequestAcknowledged), "rule:letters", False),
        (make(LetterWritten), "rule:letters", False),
        (make(LetterWritten), "agent:sacha.exemple", True),
        (make(ObligationMissed), "clock:deadlines", False),
        (make(RequestRated), "citizen:tracking", False),
    ],
)
def test_who_acts_has_to_know_what_others_did_and_not_what_clocks_and_rules_keep(
    event: Event, actor: str, *, known: bool
) -> None:
    """POL-28."""
    assert matters(fact(event, actor), SCREEN) is known


def test_what_always_matters_and_what_never_does_are_told_apart() -> None:
    """Both are events of the catalogue, and none is in both."""
    assert set(EVENTS) >= ALWAYS | NEVER
    assert ALWAYS.isdisjoint(NEVER)


def test_what_stands_at_the_seen_position_was_seen() -> None:
    """Exclusive: the position that a page was drawn at is known to whoever looks at it."""
    commits = [Commit(n, Service.INTAKE, OTHER, (fact(make(RequestNoted), "agent:sacha.exemple"),)) for n in (3, 5, 8)]
    assert [position for position, _ in since(commits, 5, SCREEN)] == [8]
    must_not_have_moved(commits, 8, SCREEN)
    with pytest.raises(MovedError) as moved:
        must_not_have_moved(commits, 4, SCREEN)
    assert [position for position, _ in moved.value.meanwhile] == [5, 8]


async def story(office: Office, request_id: str, token: str = "desk") -> tuple[str, list[str]]:
    """The entity tag of a story, and the types of its facts."""
    answer = await office.http.get(f"/requests/{request_id}", headers={"Authorization": f"Bearer {token}"})
    return answer.headers["ETag"], [each["type"] for each in answer.json()["events"]]


async def command(
    office: Office, request_id: str, name: str, token: str, tag: str | None = None, key: str = "", **body: Any
) -> httpx.Response:
    """A command, on what was seen."""
    headers = {"Authorization": f"Bearer {token}"}
    headers |= {"If-Match": tag} if tag else {}
    headers |= {"Idempotency-Key": key} if key else {}
    return await office.http.post(f"/requests/{request_id}/{name}", json=body, headers=headers)


async def test_two_agents_who_act_on_what_they_saw_lose_nothing(office: Office) -> None:
    """POL-28: the second is shown what the first did, with the position to go on from; a repetition is none."""
    bureau = Bureau(office, "")
    request_id = await bureau.received()
    tag, _ = await story(office, request_id)

    racing = await asyncio.gather(
        command(office, request_id, "note", "desk", tag, "a", text="De l’un."),
        command(office, request_id, "note", "greffe", tag, "a", text="De l’autre."),
    )
    assert sorted(each.status_code for each in racing) == [200, 409]
    moved = next(each for each in racing if each.status_code == 409).json()
    assert moved["type"] == "urn:clic:problem:moved"
    assert [each["type"] for each in moved["meanwhile"]] == ["request.noted.v1"]
    assert "sealed" not in moved["meanwhile"][0]["data"]

    loser = "greffe" if racing[1].status_code == 409 else "desk"
    winner = "desk" if loser == "greffe" else "greffe"
    text = {"desk": "De l’un.", "greffe": "De l’autre."}
    seen = f'"{moved["meanwhile"][-1]["position"]}"'
    assert (await command(office, request_id, "note", loser, seen, "a", text=text[loser])).status_code == 200
    again = await command(office, request_id, "note", winner, tag, "a", text=text[winner])
    assert (again.status_code, again.json()["known"]) == (200, True)
    assert (await command(office, request_id, "note", "desk", "x", text="Non.")).status_code == 422
    assert (await story(office, request_id))[1].count("request.noted.v1") == 2


async def test_a_request_is_taken_by_one_and_given_back(office: Office) -> None:
    """POL-28, POL-29: two who take it at once are not both told that they have it."""
    bureau = Bureau(office, "")
    request_id = await bureau.received()
    taken = await asyncio.gather(
        *(command(office, request_id, "take", each) for each in ("desk", "greffe", "reviewer"))
    )
    assert sorted(each.status_code for each in taken) == [200, 409, 409]
    refused = {each.json()["type"].rpartition(":")[2] for each in taken if each.status_code == 409}
    assert refused <= {"taken", "moved"}

    assert (await command(office, request_id, "assign", "desk", to="rene.exemple")).status_code == 200
    assert (await command(office, request_id, "take", "desk")).json()["type"] == "urn:clic:problem:taken"
    assert (await command(office, request_id, "give-back", "reviewer")).status_code == 200
    assert (await command(office, request_id, "take", "desk")).status_code == 200
    await bureau.listed()
    mine = await office.http.get("/worklists/mine", headers={"Authorization": "Bearer desk"})
    assert [each["request_id"] for each in mine.json()["requests"]] == [request_id]
    counts = await office.http.get("/worklists/counts", headers={"Authorization": "Bearer desk"})
    assert counts.json()["counts"]["mine"] == 1
    assert (await office.http.get("/worklists/mine")).status_code == 401


async def test_what_is_published_is_looked_through_and_abuse_is_marked(office: Office) -> None:
    """POL-30, POL-38, POL-41: the request is treated all the same."""
    bureau = Bureau(office, "")
    request_id = await bureau.received()
    refused = await command(office, request_id, "describe", "desk", public_text="Écrire à camille@exemple.invalid.")
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:clic:problem:findings")
    assert (await command(office, request_id, "describe", "desk", public_text="Un trou.")).status_code == 200
    abusive = await command(office, request_id, "abusive", "desk", channel="phone", text="Cris imaginaires.")
    assert (abusive.status_code, abusive.json()["events"]) == (200, ["interaction.abusive.v1"])
    assert (await command(office, request_id, "answer", "desk", channel="phone", text="Fait.")).status_code == 200

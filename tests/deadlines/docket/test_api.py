"""What deadlines tells over HTTP: lists, a request's obligations, and a limit in words."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import AsyncIterator

import httpx
from tests.deadlines.docket.book import FRIDAY, Book, at, ids, make

from clic_chassis.agents import Agent
from clic_chassis.identity import Identity
from clic_contracts.event import (
    ObligationMissed,
    ObligationPaused,
    RequestAnswered,
    RequestCompleted,
    RequestIncomplete,
    RequestRouted,
)
from clic_deadlines.api import make_api

ANSWER = {"obligation_id": "answer-1", "obligation": "answer"}


@contextlib.asynccontextmanager
async def asking(book: Book, *roles: str) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody with these roles; without one, nobody."""
    digest = hashlib.sha256(b"jeton").hexdigest()
    identity = Identity({digest: Agent(agent="alex.exemple", roles=roles)}, book.clock)
    api = make_api(book.log, book.docket, book.town, book.clock, identity)
    headers = {"Authorization": "Bearer jeton"} if roles else {}
    transport = httpx.ASGITransport(api)
    async with httpx.AsyncClient(transport=transport, base_url="http://deadlines.invalid", headers=headers) as client:
        yield client


async def test_what_is_owed_on_a_confidential_request_is_not_there_for_others(book: Book) -> None:
    """POL-26: neither by its id or reference, nor in a list or words; nobody and an analyst are told nothing at all."""
    hidden, shown, unknown = ids(3)
    await book.receives(hidden, kind="access_to_information", subject=None, confidential=True)
    await book.receives(shown)
    own = ("/requests/{}/obligations", "/requests/{}/obligations/acknowledge-1/explanation")
    for roles, status, seen in ((("agent",), 404, {shown}), (("agent", "greffe"), 200, {hidden, shown})):
        async with asking(book, *roles) as client:
            for path in own:
                answer = await client.get(path.format(hidden))
                assert answer.status_code == status
                if status == 404:
                    assert answer.content == (await client.get(path.format(unknown))).content
            found = await client.get("/requests", params={"reference": "2026-000001"})
            assert found.status_code == status
            if status == 404:
                nothing = await client.get("/requests", params={"reference": "2026-999999"})
                assert found.content == nothing.content
            listed = (await client.get("/obligations")).json()["obligations"]
            assert {each["request_id"] for each in listed} == seen
            due = (await client.get("/due", params={"before": "2026-12-01T00:00:00Z"})).json()["obligations"]
            assert {each["request_id"] for each in due} == seen
    for role, refused in ((None, 401), ("analyst", 403)):
        async with asking(book, *([role] if role else [])) as client:
            paths = (*(each.format(shown) for each in own), "/obligations", "/due", "/requests?reference=2026-000002")
            assert [(await client.get(path)).status_code for path in paths] == [refused] * 5


async def test_the_obligations_of_a_request_are_told_with_their_count(book: Book) -> None:
    """POL-29, POL-30: terms, trace and state; ids and codes alone."""
    [request] = ids(1)
    await book.receives(request)
    book.clock.set(at("2026-06-01T00:00"))
    async with asking(book, "agent") as client:
        told = (await client.get(f"/requests/{request}/obligations")).json()
        assert [each["terms"]["obligation_id"] for each in told["obligations"]] == ["acknowledge-1", "answer-1"]
        assert [each["state"] for each in told["obligations"]] == ["missed", "missed"]
        holiday = {"first_on": "2026-05-18", "last_on": "2026-05-18", "counted": False, "why": "holiday"}
        trace = [{name: each[name] for name in holiday} for each in told["obligations"][0]["terms"]["trace"]]
        assert holiday in trace
        assert (await client.get(f"/requests/{ids(3)[2]}/obligations")).status_code == 404
        assert (await client.get("/requests/nobody/obligations")).status_code == 422
        assert (await client.get("/openapi.json")).status_code == 200


async def test_what_is_due_is_listed_with_what_it_is_found_by(book: Book) -> None:
    """POL-29: within a day unless said otherwise; what stands still is due at no instant."""
    late, waits = ids(2)
    await book.receives(late)
    await book.receives(waits)
    await book.says(late, (make(RequestRouted, department="voirie"), FRIDAY))
    await book.says(waits, (make(ObligationPaused, **ANSWER), FRIDAY))
    await book.says(late, (make(ObligationMissed, **ANSWER), "2026-05-26T00:00"))
    async with asking(book, "voirie") as client:
        assert (await client.get("/due")).json() == {"obligations": [], "after": None}
        soon = (await client.get("/due", params={"before": "2026-05-20T12:00:00Z"})).json()["obligations"]
        assert [(each["obligation"], each["state"]) for each in soon] == [("acknowledge", "running")] * 2

        book.clock.set(at("2026-06-01T00:00"))
        due = (await client.get("/due", params={"department": "voirie"})).json()["obligations"]
        assert [(each["request_id"], each["obligation_id"], each["state"]) for each in due] == [
            (late, "acknowledge-1", "missed"),
            (late, "answer-1", "missed"),
        ]
        row = due[1]
        assert (row["reference"], row["subject"], row["department"]) == ("2026-000001", "pothole", "voirie")
        assert row["missed_at"] is not None
        assert (row["due_strict_on"], row["due_prudent_on"]) == ("2026-05-25", "2026-05-25")

        paused = (await client.get("/obligations", params={"state": "paused"})).json()["obligations"]
        assert [each["request_id"] for each in paused] == [waits]


async def test_pages_follow_each_other(book: Book) -> None:
    """With the `after` of the page before; what no page gave is refused, and so is too much at once."""
    for request in ids(3):
        await book.receives(request)
    async with asking(book, "agent") as client:
        found: list[tuple[str, str]] = []
        after: str | None = None
        for _ in range(10):
            params: dict[str, str | int] = {"limit": 2} if after is None else {"limit": 2, "after": after}
            page = (await client.get("/obligations", params=params)).json()
            found += [(each["request_id"], each["obligation_id"]) for each in page["obligations"]]
            after = page["after"]
            if after is None:
                break
        assert len(found) == len(set(found)) == 6
        assert (await client.get("/obligations", params={"after": "x"})).status_code == 409
        assert (await client.get("/obligations", params={"limit": 5000})).status_code == 422
        assert (await client.get("/obligations", params={"before": "0001-01-01T00:00:00+14:00"})).status_code == 422
        assert (await client.get("/obligations", params={"state": "met"})).status_code == 422


async def test_a_limit_is_explained_in_french_unless_english_is_asked_for(book: Book) -> None:
    """POL-18, POL-29; what was kept can be explained too."""
    [request] = ids(1)
    await book.receives(request)
    await book.says(request, (make(RequestAnswered), "2026-05-20T10:00"))
    path = f"/requests/{request}/obligations/answer-1/explanation"
    async with asking(book, "agent") as client:
        french = (await client.get(path)).json()
        english = (await client.get(path, params={"language": "en"})).json()
        assert "lundi 18\u00a0mai\u00a0: ne compte pas – Journée nationale des patriotes" in french["counting"]
        assert "Monday, May\u00a018: does not count – National Patriots’ Day" in english["counting"]
        assert french["standing"] == "C’est fait, dans le délai."
        assert french["text"].splitlines()[2] == french["promise"]
        assert (await client.get(path.replace("answer-1", "answer-2"))).status_code == 404
        assert (await client.get(path, params={"language": "de"})).status_code == 422


async def test_what_stands_still_is_told_as_it_stands(book: Book) -> None:
    """POL-06: since when, and the limit it had; after the reply the limit it has, and the one that was set."""
    [request] = ids(1)
    await book.receives(request)
    await book.says(request, (make(RequestIncomplete), "2026-05-19T10:00"))
    path = f"/requests/{request}/obligations"
    async with asking(book, "agent") as client:
        told = {each["terms"]["obligation_id"]: each for each in (await client.get(path)).json()["obligations"]}
        assert (told["answer-1"]["state"], told["answer-1"]["due_strict_on"]) == ("paused", "2026-05-25")
        await book.says(request, (make(RequestCompleted), "2026-05-21T10:00"))
        book.clock.set(at("2026-05-22T10:00"))
        told = {each["terms"]["obligation_id"]: each for each in (await client.get(path)).json()["obligations"]}
        answer = told["answer-1"]
        assert (answer["state"], answer["due_strict_on"]) == ("running", "2026-05-28")
        assert answer["terms"]["due_strict_on"] == "2026-05-25"
        assert "paused" in {step["why"] for step in answer["trace"]}
        words = (await client.get(f"{path}/answer-1/explanation")).json()
        assert "la Ville attendait votre réponse" in " ".join(words["counting"])
        listed = (await client.get("/obligations", params={"state": "running"})).json()["obligations"]
        assert ("answer-1", "2026-05-28") in {(each["obligation_id"], each["due_strict_on"]) for each in listed}

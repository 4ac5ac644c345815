"""Learnings at the desk: recorded under seal, gathered for a reason, every reading on record."""

from __future__ import annotations

import json

import pytest
from tests.intake.service.office import Office
from tests.intake.service.reviewing import (
    ACCESS,
    LESSON,
    PERIOD,
    PLAIN,
    WHY,
    ask,
    do,
    draft,
    erase,
    gather,
    record,
    registered,
)

# -- recording --------------------------------------------------------------------------------------------------------


async def test_a_learning_with_the_same_key_is_recorded_once_and_other_content_is_refused(office: Office) -> None:
    """Said twice, done once."""
    request_id = await registered(office)
    for about in (request_id, None):
        key = f"cle-{about}"
        first, again = [await record(office, about=about, key=key) for _ in range(2)]
        assert (first["known"], again["known"]) == (False, True)
        assert first["learning_id"] == again["learning_id"]
        problem = await record(office, "Autre chose.", about=about, key=key, status=409)
        assert problem["type"] == "urn:clic:problem:other-content"
    assert len((await gather(office))["learnings"]) == 2


async def test_a_learning_about_a_request_stands_in_its_story_and_changes_nothing_there(office: Office) -> None:
    request_id = await registered(office)
    before = (await office.ask(f"/requests/{request_id}")).json()
    await record(office, about=request_id)
    after = (await office.ask(f"/requests/{request_id}")).json()
    assert (after["phase"], after["next"]) == (before["phase"], before["next"])
    assert [each["type"] for each in after["events"]][-1] == "learning.recorded.v1"
    opened = (await ask(office, f"/requests/{request_id}/open", {"reason": WHY}, token="desk"))["opened"]
    assert opened[-1]["content"] == {"text": LESSON}


async def test_a_learning_that_does_not_fit_says_what_is_wrong(office: Office) -> None:
    for body, named in (
        ({"text": "  "}, "/text"),
        ({"text": "x" * 4_001}, "/text"),
        ({"text": "a", "subject": "licorne"}, "subject"),
        ({"text": "a", "occurred_at": "2199-01-01T00:00:00Z"}, "occurred_at"),
        ({"text": "a", "texte": "b"}, "/texte"),
    ):
        problem = await ask(office, "/learnings", body, status=422)
        assert named in json.dumps(problem)


async def test_what_was_learned_from_an_erased_request_shows_as_erased_and_its_drafts_are_gone(office: Office) -> None:
    """POL-30: the index forgets the name, and no draft keeps what the request told."""
    request_id = await registered(office)
    learned = await record(office, about=request_id)
    begun = await draft(office, PLAIN, learnings=[learned["learning_id"]])
    kept = await draft(office, PLAIN)
    await erase(office, request_id)
    (found,) = (await gather(office))["learnings"]
    assert (found["state"], found["text"]) == ("erased", None)
    await do(office, begun, "sign-off", token="second", status=404)
    assert await office.runtime.pool.fetchval("SELECT count(*) FROM requester_name") == 0
    assert [each["draft_id"] for each in (await office.ask("/learnings/drafts", token="reviewer")).json()] == [
        kept["draft_id"]
    ]
    problem = await record(office, about=request_id, status=409)
    assert problem["type"] == "urn:clic:problem:erased"
    await ask(
        office, "/learnings/drafts", {"period": PERIOD, "text": "a", "learnings": [learned["learning_id"]]}, status=404
    )


# -- gathering and readings -------------------------------------------------------------------------------------------


async def test_gathering_needs_its_role_and_a_reason_and_every_opening_is_recorded(office: Office) -> None:
    """POL-30."""
    request_id = await registered(office)
    await record(office, about=request_id)
    await record(office, "Deux.")
    for token in ("desk", "greffe"):
        await ask(office, "/learnings/gather", {"period": PERIOD, "reason": WHY}, token=token, status=403)
    await ask(office, "/learnings/gather", {"period": PERIOD}, status=422)
    await ask(office, "/learnings/gather", {"period": PERIOD, "reason": "  "}, status=422)
    assert await office.runtime.pool.fetchval("SELECT count(*) FROM opening") == 0

    await gather(office)
    rows = await office.runtime.pool.fetch("SELECT agent, request_id, reason FROM opening")
    assert {(row["agent"], row["reason"]) for row in rows} == {("rene.exemple", WHY)}
    assert len(rows) == 2
    assert request_id in {str(row["request_id"]) for row in rows}
    begun = await draft(office, PLAIN)
    await office.ask(f"/learnings/drafts/{begun['draft_id']}", token="second")
    await ask(office, f"/learnings/drafts/{begun['draft_id']}/sign-off", {"version": 1}, token="desk", status=403)

    assert (await office.ask("/learnings/readings", token="reviewer")).status_code == 403
    readings = (await office.ask("/learnings/readings", token="greffe")).json()
    assert [(each["agent"], each["what"], each["learnings"], each["reason"]) for each in readings] == [
        ("sacha.exemple", "draft", 0, "review"),
        ("rene.exemple", "gather", 2, WHY),
    ]


async def test_what_was_learned_from_a_confidential_request_is_opened_for_its_role_alone(office: Office) -> None:
    """POL-26: for others there is neither it nor its request, and no seal is opened."""
    request_id = await registered(office, ACCESS)
    await record(office, about=request_id, token="desk", status=404)
    await record(office, about=request_id, token="greffe", subject="pothole")
    assert (await gather(office))["learnings"] == []
    assert await office.runtime.pool.fetchval("SELECT count(*) FROM opening") == 0
    (seen,) = (await gather(office, token="second"))["learnings"]
    assert seen["text"] == LESSON


async def test_a_quarter_is_gathered_page_by_page_in_the_towns_time(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clic_intake.learning.PAGE_MAX", 2)
    for minute in ("2026-03-31T23:59:00-04:00", "2026-04-01T00:00:00-04:00", "2026-07-01T00:00:00-04:00"):
        await record(office, minute, occurred_at=minute)
    for index in range(2):
        await record(office, str(index), occurred_at="2026-05-01T00:00:00Z", key=str(index))
    first = await gather(office, period="2026-Q2")
    assert first["after"] == first["learnings"][-1]["learning_id"]
    rest = await gather(office, period="2026-Q2", after=first["after"])
    texts = [each["text"] for page in (first, rest) for each in page["learnings"]]
    assert texts[0] == "2026-04-01T00:00:00-04:00"
    assert sorted(texts[1:]) == ["0", "1"]
    assert rest["after"] is None


async def test_a_learning_that_never_came_into_the_log_is_not_gathered(office: Office) -> None:
    """The place is written before the fact: a crash in between leaves a place without one."""
    await office.runtime.pool.execute(
        "INSERT INTO learning VALUES (gen_random_uuid(), 'agent:nobody', gen_random_uuid(), now())"
    )
    assert (await gather(office))["learnings"] == []

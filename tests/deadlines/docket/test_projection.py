"""The docket is what the facts say, in whatever batches they came, and forgets what it was under other meanings."""

from __future__ import annotations

import datetime as dt

import pytest
from tests.deadlines.docket.book import FRIDAY, Book, at, ids, make

from clic_contracts.event import (
    InteractionRecorded,
    ObligationEscalated,
    ObligationLapsed,
    ObligationMissed,
    ObligationPaused,
    ObligationRecounted,
    ObligationSet,
    ObligationWarned,
    RequestAcknowledged,
    RequestAnswered,
    RequestAssigned,
    RequestClosed,
    RequestReopened,
    RequestRouted,
)
from clic_contracts.town import Town
from clic_deadlines.docket.projection import definition

ANSWER = {"obligation_id": "answer-1", "obligation": "answer"}


async def test_what_is_owed_is_found_by_reference_subject_department_and_person(book: Book) -> None:
    """POL-29: routing and the assignment say whose it is, without any decision of deadlines."""
    [request] = ids(1)
    await book.receives(request)
    await book.says(request, (make(RequestRouted, department="voirie"), FRIDAY))
    await book.says(request, (make(RequestAssigned, to="agent:camille.exemple"), FRIDAY))

    row = (await book.rows())[request, "answer-1"]
    assert (row["reference"], row["kind"], row["subject"]) == ("2026-000001", "report", "pothole")
    assert (row["department"], row["assignee"], row["confidential_to"]) == ("voirie", "agent:camille.exemple", None)
    assert (row["due_strict_on"], row["standing"]) == (dt.date(2026, 5, 25), "running")


async def test_another_department_begins_anew(book: Book) -> None:
    """POL-28, POL-29: who had it was of the department that had it."""
    [request] = ids(1)
    await book.receives(request)
    await book.says(request, (make(RequestRouted, department="voirie"), FRIDAY))
    await book.says(request, (make(RequestAssigned, to="agent:camille.exemple"), FRIDAY))
    await book.says(request, (make(RequestRouted, department="voirie"), FRIDAY))
    assert (await book.rows())[request, "answer-1"]["assignee"] == "agent:camille.exemple"

    await book.says(request, (make(RequestRouted, department="greffe"), FRIDAY))
    row = (await book.rows())[request, "answer-1"]
    assert (row["department"], row["assignee"]) == ("greffe", None)


async def test_what_is_kept_leaves_the_docket_and_what_is_reopened_comes_back_with_its_department(book: Book) -> None:
    """POL-27, POL-39."""
    [request] = ids(1)
    await book.receives(request)
    await book.says(request, (make(RequestRouted, department="voirie"), FRIDAY))
    await book.says(request, (make(RequestAcknowledged), FRIDAY))
    assert {(request, "answer-1")} == set(await book.rows())

    await book.says(request, (make(RequestAnswered), "2026-05-20T10:00"), (make(RequestClosed), "2026-05-20T10:00"))
    assert await book.rows() == {}

    await book.says(request, (make(RequestReopened), "2026-05-21T10:00"))
    assert {"voirie"} == {row["department"] for row in (await book.rows()).values()}


async def test_what_happens_to_an_obligation_stands_in_its_row(book: Book) -> None:
    """POL-29: warned, missed, escalated; another limit has none of it yet."""
    [request] = ids(1)
    await book.receives(request)
    await book.says(request, (make(ObligationWarned, **ANSWER), "2026-05-23T10:00"))
    assert (await book.rows())[request, "answer-1"]["standing"] == "at_risk"

    await book.says(request, (make(ObligationMissed, **ANSWER), "2026-05-26T00:00"))
    await book.says(request, (make(ObligationEscalated, **ANSWER, step=1, to="head"), "2026-05-28T00:00"))
    row = (await book.rows())[request, "answer-1"]
    assert (row["missed_at"], row["escalated_to"]) == (at("2026-05-26T00:00"), "head")

    moved = make(ObligationRecounted, **ANSWER, because="calendar", due_at="2026-06-02T00:00:00-04:00")
    await book.says(request, (moved, "2026-05-29T09:00"))
    row = (await book.rows())[request, "answer-1"]
    assert (row["due_at"], row["standing"], row["recounts"]) == (at("2026-06-02T00:00"), "running", 1)
    assert (row["missed_at"], row["escalated_to"], row["changed_at"]) == (None, None, at("2026-05-29T09:00"))


async def test_what_waits_for_the_citizen_is_paused_until_it_is_resumed(book: Book) -> None:
    """POL-06, POL-21: another calendar does not end the wait."""
    [request] = ids(1)
    await book.receives(request)
    await book.says(request, (make(ObligationPaused, **ANSWER), "2026-05-18T10:00"))
    row = (await book.rows())[request, "answer-1"]
    assert (row["standing"], row["paused_since"]) == ("paused", at("2026-05-18T10:00"))

    await book.says(request, (make(ObligationRecounted, **ANSWER, because="calendar"), "2026-05-18T11:00"))
    assert (await book.rows())[request, "answer-1"]["standing"] == "paused"

    await book.says(request, (make(ObligationRecounted, **ANSWER, because="resumed"), "2026-05-20T10:00"))
    row = (await book.rows())[request, "answer-1"]
    assert (row["standing"], row["paused_since"]) == ("running", None)


async def test_the_time_of_somebody_else_is_a_window_and_goes_when_it_lapses(book: Book) -> None:
    """POL-24, A-2.1 art. 135."""
    [request] = ids(1)
    window = {"obligation_id": "review_window-1", "obligation": "review_window"}
    await book.receives(request, kind="access_to_information", subject=None)
    await book.says(request, (make(ObligationSet, **window), "2026-06-05T00:00"))
    assert (await book.rows())[request, "review_window-1"]["standing"] == "window"

    await book.says(request, (make(ObligationLapsed, **window), "2026-07-06T00:00"))
    assert (request, "review_window-1") not in await book.rows()


async def test_a_confidential_request_carries_the_role_that_it_takes(book: Book) -> None:
    """POL-26."""
    [request] = ids(1)
    await book.receives(request, kind="access_to_information", subject=None, confidential=True)
    assert {"greffe"} == {row["confidential_to"] for row in (await book.rows()).values()}


async def test_contacts_owe_nothing(book: Book) -> None:
    """POL-31."""
    [contact] = ids(1)
    await book.record(contact, (make(InteractionRecorded), FRIDAY))
    await book.fold()
    assert await book.pool.fetchval("SELECT count(*) FROM docket.request") == 0


@pytest.mark.parametrize("batch", [1, 3, 1_000])
async def test_the_tables_can_be_emptied_and_folded_again_in_any_batches(book: Book, batch: int) -> None:
    """Derived from the log, and from nothing else."""
    requests = ids(12)
    for number, request in enumerate(requests):
        await book.receives(request)
        await book.says(request, (make(RequestRouted, department="voirie"), FRIDAY))
        if number % 3 == 0:
            await book.says(request, (make(RequestAnswered), "2026-05-20T10:00"))
        if number % 4 == 0:
            await book.says(request, (make(RequestAssigned), FRIDAY))
            await book.says(request, (make(ObligationWarned), "2026-05-18T16:05"))
    before = await book.rows()
    assert before

    await book.pool.execute("TRUNCATE docket.request, docket.obligation")
    book.folded = 0
    await book.fold(batch)
    assert before == await book.rows()


async def test_tables_of_another_meaning_are_made_anew(book: Book, town: Town) -> None:
    """An upgrade, or a subject that is confidential from now on: folded again from the log's beginning."""
    await book.receives(*ids(1))
    await book.prepare()
    assert await book.rows()

    said = town.model_dump(mode="json")
    changed = Town.model_validate({**said, "subjects": [{**each, "confidential": True} for each in said["subjects"]]})
    assert definition(changed) != definition(town)
    await book.pool.execute(
        "INSERT INTO docket.checkpoint VALUES ('docket', 9, 'CLIC_LOG', now(), $1, 1)", definition(changed)
    )
    await book.prepare()
    assert await book.rows() == {}
    assert await book.pool.fetchval("SELECT count(*) FROM docket.checkpoint") == 0

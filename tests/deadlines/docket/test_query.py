"""The docket page by page: complete, in order, and as if what somebody may not see were not there (POL-26)."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Collection
from typing import Any

import pytest
from tests.deadlines.docket.book import FRIDAY, Book, at, ids, make

from clic_chassis.error import RetryableError
from clic_contracts.event import ObligationMissed, ObligationPaused, ObligationSet, ObligationWarned, RequestRouted
from clic_deadlines.core.obligation import State
from clic_deadlines.docket import CursorError, DocketRow, Filters
from clic_deadlines.docket import query as query_module

DESK = ("agent",)
GREFFE = ("agent", "greffe")
ANSWER = {"obligation_id": "answer-1", "obligation": "answer"}
EVERYTHING = Filters()


async def pages(book: Book, roles: Collection[str], filters: Filters, limit: int = 3) -> list[DocketRow]:
    """All pages, one after the other; bounded."""
    found: list[DocketRow] = []
    after = None
    for _ in range(200):
        page = await book.docket.page(roles, filters, limit=limit, after=after)
        assert len(page.rows) <= limit
        found += page.rows
        after = page.after
        if after is None:
            return found
    raise AssertionError("pages without end")


async def filled(book: Book, count: int = 12) -> list[str]:
    """Requests of which every third is the greffe's own, and every second of the roads."""
    requests = ids(count)
    for number, request in enumerate(requests):
        changes: dict[str, object] = {}
        if number % 3 == 0:
            changes = {"kind": "access_to_information", "subject": None, "confidential": True}
        await book.receives(request, f"2026-05-{11 + number % 5}T16:20", **changes)
        department = "voirie" if number % 2 else "greffe"
        await book.record(request, (make(RequestRouted, department=department), FRIDAY))
    await book.fold()
    return requests


async def test_pages_follow_each_other_without_gap_or_repetition(book: Book) -> None:
    """Soonest limit first; what has one limit is told apart by its id."""
    await filled(book)
    found = await pages(book, GREFFE, EVERYTHING)
    assert set(await book.rows()) == {(row.request_id, row.obligation_id) for row in found}
    assert len(await book.rows()) == len(found)
    assert found == sorted(found, key=lambda row: (row.due_at, row.request_id, row.obligation_id))


async def test_what_is_confidential_is_neither_shown_nor_counted_nor_leaves_a_gap(book: Book) -> None:
    """POL-26: full pages of what may be seen, whatever stands between."""
    await filled(book)
    shown = await book.docket.page(DESK, EVERYTHING, limit=10)
    assert len(shown.rows) == 10
    assert {row.confidential_to for row in await pages(book, DESK, EVERYTHING)} == {None}
    assert {row.confidential_to for row in await pages(book, GREFFE, EVERYTHING)} == {None, "greffe"}


async def test_a_list_is_narrowed_by_department_subject_and_instant(book: Book) -> None:
    """POL-29."""
    await filled(book)
    roads = await pages(book, GREFFE, Filters(department="voirie"))
    assert {row.department for row in roads} == {"voirie"}
    assert len(roads) == sum(row["department"] == "voirie" for row in (await book.rows()).values())
    potholes = await pages(book, GREFFE, Filters(subject="pothole"))
    assert len(potholes) == sum(row["subject"] == "pothole" for row in (await book.rows()).values())
    until = at("2026-05-16T00:00")
    early = await pages(book, GREFFE, Filters(before=until))
    assert {row.due_at < until for row in early} == {True}
    assert len(early) == sum(row["due_at"] < until for row in (await book.rows()).values())


async def test_a_rare_subject_is_looked_for_no_further_than_the_bound(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page may be empty, and then says where to go on: no request of the database grows with the table."""
    monkeypatch.setattr(query_module, "EXAMINED_MAX", 4)
    requests = await filled(book)
    await book.receives("00000000-0000-5000-8000-000000000001", "2026-05-15T16:30", subject="permit")
    first = await book.docket.page(GREFFE, Filters(subject="permit"), limit=3)
    assert (first.rows, first.after is None) == ((), False)
    found = await pages(book, GREFFE, Filters(subject="permit"))
    assert {row.request_id for row in found} == {"00000000-0000-5000-8000-000000000001"}
    assert len(found) == 2
    assert len(await pages(book, GREFFE, Filters(subject="pothole"))) == len(requests) * 2 * 2 / 3


async def test_states_are_told_by_the_facts_and_the_time(book: Book) -> None:
    """POL-29: a limit that has passed makes it missed, said or not; what stands still is neither; windows lapse."""
    running, warned, paused, late, access = ids(5)
    for request in (running, warned, paused, late):
        await book.receives(request)
    await book.says(warned, (make(ObligationWarned, **ANSWER), FRIDAY))
    await book.says(paused, (make(ObligationPaused, **ANSWER), FRIDAY))
    await book.says(late, (make(ObligationMissed, **ANSWER), FRIDAY))
    window = make(ObligationSet, obligation_id="review_window-1", obligation="review_window")
    await book.receives(access, kind="access_to_information", subject=None)
    await book.says(access, (window, FRIDAY))

    async def states(state: State | None = None, *, owed: bool = False) -> dict[str, State]:
        found = await pages(book, DESK, Filters(state=state, owed=owed))
        return {row.request_id: row.state for row in found if row.obligation in ("answer", "review_window")}

    at_first = {running: State.RUNNING, warned: State.AT_RISK, paused: State.PAUSED, late: State.RUNNING}
    assert await states() == {**at_first, access: State.RUNNING}
    for state in (State.RUNNING, State.AT_RISK, State.PAUSED):
        expected = {request for request, stands in {**at_first, access: State.RUNNING}.items() if stands is state}
        assert set(await states(state)) == expected
    assert await states(State.MISSED) == {}

    book.clock.set(at("2026-06-01T00:00"))
    missed = dict.fromkeys((running, warned, late), State.MISSED)
    assert await states() == {**missed, paused: State.PAUSED, access: State.LAPSED}
    assert await states(State.MISSED) == missed
    assert await states(State.LAPSED) == {access: State.LAPSED}
    assert await states(State.RUNNING) == {}
    assert await states(owed=True) == missed
    assert await states(State.PAUSED, owed=True) == {}


async def test_a_limit_at_this_instant_is_passed(book: Book) -> None:
    """`due_at` is exclusive."""
    [request] = ids(1)
    await book.receives(request)
    due_at = at("2026-05-26T00:00")
    for now, state in ((due_at - dt.timedelta(microseconds=1), State.RUNNING), (due_at, State.MISSED)):
        book.clock.set(now)
        for filters in (EVERYTHING, Filters(state=state)):
            found = {row.obligation_id: row.state for row in await pages(book, DESK, filters)}
            assert found["answer-1"] is state


async def test_a_department_sees_its_own_with_all_that_is_confidential_told_so(book: Book) -> None:
    """Who sends each realm what is its own reads everything, and sees whose it is (POL-26)."""
    await filled(book)
    found = await book.docket.open_of("greffe", 1_000)
    assert {row.department for row in found} == {"greffe"}
    assert {row.confidential_to for row in found} == {None, "greffe"}
    assert found == sorted(found, key=lambda row: row.due_at)
    assert len(await book.docket.open_of(None, 1_000)) == len(await book.rows())
    assert len(await book.docket.open_of(None, 5)) == 5


async def test_a_request_is_found_by_its_reference_by_who_may_see_it(book: Book) -> None:
    """POL-26."""
    hidden, shown = ids(2)
    await book.receives(hidden, kind="access_to_information", subject=None, confidential=True)
    await book.receives(shown)
    assert await book.docket.request_of("2026-000002", DESK) == shown
    assert await book.docket.request_of("2026-000001", DESK) is None
    assert await book.docket.request_of("2026-000001", GREFFE) == hidden
    assert await book.docket.request_of("2026-999999", GREFFE) is None


def encoded(*parts: object) -> str:
    """A cursor of these parts."""
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


UUID_TEXT = "00000000-0000-5000-8000-000000000001"


@pytest.mark.parametrize(
    "after",
    [
        "",
        "x",
        "é",
        encoded(),
        encoded(1, 2, 3),
        encoded("2026-05-15", UUID_TEXT, "answer-1\x00"),
        encoded("2026-05-15T00:00:00Z", "not a uuid", "answer-1"),
        encoded("0001-01-01T00:00:00+14:00", UUID_TEXT, "answer-1"),
        base64.urlsafe_b64encode(b"[" * 200).decode(),
    ],
)
async def test_a_cursor_that_no_page_gave_is_refused(book: Book, after: str) -> None:
    """And asks the database nothing."""
    with pytest.raises(CursorError):
        await book.docket.page(DESK, EVERYTHING, limit=3, after=after)


async def test_a_docket_that_is_not_made_yet_says_so(book: Book) -> None:
    """Rather than that nothing is owed."""
    await book.pool.execute("DROP SCHEMA docket CASCADE")
    with pytest.raises(RetryableError, match="not made yet"):
        await book.docket.page(DESK, EVERYTHING, limit=3)


async def test_a_page_is_read_from_an_index_whatever_the_size(book: Book) -> None:
    """No scan of the table, and no sort of more than a page for each part."""
    await filled(book)
    await book.pool.execute(
        """INSERT INTO docket.obligation (request_id, obligation_id, obligation, reference, kind, subject, department,
               starts_at, due_at, due_strict_on, due_prudent_on, warn_at, warned, recounts, changed_at, standing)
           SELECT gen_random_uuid(), 'answer-1', 'answer', n::text, 'report', 'pothole', 'voirie', now(),
               now() + n * interval '1 minute', now(), now(), now(), false, 0, now(),
               CASE WHEN n % 4 = 0 THEN 'at_risk' ELSE 'running' END
           FROM generate_series(1, 20000) n"""
    )
    await book.pool.execute("ANALYZE docket.obligation")
    for where, more in (("TRUE", ()), ("o.department = $7", ("voirie",))):
        statement = query_module._statement(where, 101)
        rows = await book.pool.fetch(
            f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}",
            ["", "agent"],
            ["running", "at_risk"],
            *query_module._FIRST,
            query_module._LAST,
            *more,
        )
        plan = rows[0][0]
        assert "Seq Scan" not in plan
        assert "Index Scan" in plan
        scanned = [node for node in nodes(json.loads(plan)[0]["Plan"]) if node.get("Relation Name") == "obligation"]
        assert scanned
        assert max(float(node["Actual Rows"]) for node in scanned) <= 101


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """A plan's nodes, itself first."""
    return [plan, *(node for each in plan.get("Plans", []) for node in nodes(each))]

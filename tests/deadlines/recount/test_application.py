"""The newest calendar applied to what is open: previewed, once on each, however often it is cut off (POL-29)."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from tests.deadlines.docket.book import FRIDAY, Book, at, ids, make

from clic_chassis.agents import Agent
from clic_chassis.decision import Decisions
from clic_chassis.error import RetryableError
from clic_chassis.identity import Identity
from clic_contracts.event import ObligationRecounted, RequestAnswered, RequestIncomplete, RequestRouted
from clic_contracts.town import Town
from clic_contracts.vocabulary import RecountReason, Service
from clic_deadlines.api import make_api
from clic_deadlines.core.obligation import DECIDER
from clic_deadlines.core.standard import Rules
from clic_deadlines.recount import CalendarApplier, add_application_route
from clic_deadlines.timer_table import Written

CLOSED = {"first_on": "2026-05-20", "last_on": "2026-05-21", "why": {"fr": "Panne", "en": "Outage"}}
"""Two business days that the pothole of `FRIDAY` counted: its limit moves from the end of 25 May to that of 27 May."""


@dataclass
class Timers:
    """Timers in memory: the last ones written for each request."""

    written: dict[str, Written] = field(default_factory=dict)
    fails: int = 0

    async def write(self, written: Written) -> None:
        """See `TimerTable.write`."""
        if self.fails:
            self.fails -= 1
            raise RetryableError("the database is away")
        self.written[written.request_id] = written


@dataclass
class House:
    """Requests counted by one calendar, and an applier that knows a newer one."""

    book: Book
    town: Town
    timers: Timers = field(default_factory=Timers)

    def applier(self) -> CalendarApplier:
        """As a service that was started with the newer calendar has it."""
        return CalendarApplier(
            log=self.book.log,
            decisions=Decisions(self.book.log, Service.DEADLINES, self.book.clock, "town-test"),
            rules=Rules(self.town),
            docket=self.book.docket,
            timers=self.timers,
            clock=self.book.clock,
        )

    @contextlib.asynccontextmanager
    async def asking(self, *roles: str) -> AsyncIterator[httpx.AsyncClient]:
        """Somebody with these roles."""
        digest = hashlib.sha256(b"jeton").hexdigest()
        identity = Identity({digest: Agent(agent="alex.exemple", roles=roles)}, self.book.clock)
        api = make_api(self.book.log, self.book.docket, self.town, self.book.clock, identity)
        add_application_route(api, self.applier())
        headers = {"Authorization": "Bearer jeton"} if roles else {}
        transport = httpx.ASGITransport(api)
        async with httpx.AsyncClient(transport=transport, base_url="http://deadlines.invalid", headers=headers) as one:
            yield one

    async def all(self, *roles: str, limit: int = 2, **body: Any) -> list[dict[str, Any]]:
        """Every batch, one after the other; bounded."""
        batches: list[dict[str, Any]] = []
        async with self.asking(*roles) as client:
            after = None
            for _ in range(50):
                answer = await client.post("/calendar/applications", json={"limit": limit, "after": after, **body})
                assert answer.status_code == 200, answer.text
                batches.append(answer.json())
                after = batches[-1]["after"]
                if after is None:
                    return batches
        raise AssertionError("batches without end")

    async def recounts(self) -> list[tuple[str, str]]:
        """What the calendar moved, as the log holds it."""
        return [
            (commit.request_id, event.data.obligation_id)
            for commit in await self.book.commits()
            for event in commit.events
            if isinstance(event.data, ObligationRecounted) and event.data.because is RecountReason.CALENDAR
        ]


def with_calendar(town: Town, *, in_place: bool = False) -> Town:
    """The town with another closing: in a calendar of its own, or in the one that has counted."""
    said = town.model_dump(mode="json")
    before = said["calendar"]
    newest = {**before, "closings": [*before["closings"], CLOSED]}
    if in_place:
        return Town.model_validate({**said, "calendar": newest})
    newest |= {"version": "2026.2", "effective_on": "2026-06-01"}
    return Town.model_validate({**said, "calendar": newest, "earlier_calendars": [before]})


@pytest.fixture
async def house(book: Book, town: Town) -> House:
    """Five requests: three potholes, one that was answered, and one that is the greffe's alone."""
    for number, request in enumerate(ids(5)):
        hidden: dict[str, Any] = {"kind": "access_to_information", "subject": None, "confidential": True}
        await book.receives(request, **(hidden if number == 4 else {}))
        await book.says(request, (make(RequestRouted, department="voirie"), FRIDAY))
    await book.says(ids(4)[3], (make(RequestAnswered), "2026-05-19T10:00"))
    book.clock.set(at("2026-05-19T12:00"))
    return House(book, with_calendar(town))


def moved(batches: list[dict[str, Any]]) -> dict[tuple[str, str], tuple[str, str]]:
    """Each limit that was said to move: before and after."""
    return {
        (each["request_id"], each["obligation_id"]): (each["before_strict_on"], each["after_strict_on"])
        for batch in batches
        for each in batch["moved"]
    }


EXPECTED = {
    **{(request, "answer-1"): ("2026-05-25", "2026-05-27") for request in ids(3)},
    **{(request, "acknowledge-1"): ("2026-05-19", "2026-05-19") for request in ids(3)},
}


async def test_a_preview_says_what_would_move_and_records_nothing(house: House) -> None:
    """Old and new, with both versions; what is kept moves no more."""
    before = len(await house.book.commits())
    batches = await house.all("administrator", dry_run=True)
    assert moved(batches) == EXPECTED
    assert {each["before_calendar"] for batch in batches for each in batch["moved"]} == {"2026.1"}
    assert {(batch["calendar"], batch["dry_run"], batch["changed_in_place"]) for batch in batches} == {
        ("2026.2", True, 0)
    }
    assert sum(batch["requests"] for batch in batches) == 4
    assert len(await house.book.commits()) == before
    assert house.timers.written == {}


async def test_it_is_recorded_on_each_once_and_the_timers_follow(house: House) -> None:
    """A repeated application changes nothing; the docket shows the new limits."""
    assert moved(await house.all("administrator")) == EXPECTED
    once = await house.recounts()
    assert set(EXPECTED) <= set(once)
    assert len(once) == len(set(once)) == len(EXPECTED) + 2  # and both of the greffe's
    [request, *_] = ids(1)
    assert at("2026-05-28T00:00") in {
        each.due.due_at
        for each in DECIDER.fold((await house.book.log.load(Service.DEADLINES, request)).events).by_id.values()
    }
    assert {alarm.obligation_id for alarm in house.timers.written[request].alarms} == {"acknowledge-1", "answer-1"}

    commits = len(await house.book.commits())
    assert moved(await house.all("administrator")) == {}
    assert len(await house.book.commits()) == commits

    await house.book.fold()
    assert (await house.book.rows())[request, "answer-1"]["due_strict_on"].isoformat() == "2026-05-27"


async def test_a_batch_that_was_cut_off_is_done_again_and_nothing_is_recorded_twice(house: House) -> None:
    """The record was written and the timers were not: the same batch sets them."""
    house.timers.fails = 1
    async with house.asking("administrator") as client:
        body = {"limit": 2}
        assert (await client.post("/calendar/applications", json=body)).status_code == 503
        first = await house.recounts()
        assert first
        assert (await client.post("/calendar/applications", json=body)).status_code == 200
    both = {each.request_id for each in await house.book.docket.requests_after(None, 2)}
    assert set(house.timers.written) == both
    again = await house.recounts()
    assert len(again) == len(set(again))


async def test_what_is_set_later_by_an_earlier_calendar_is_moved_by_a_later_application(house: House) -> None:
    """The newest holds for delays that begin from 1 June on: what begins before is counted by the one of then."""
    await house.all("administrator")
    await house.book.receives("00000000-0000-5000-8000-000000000001", "2026-05-18T16:20")
    house.book.clock.set(at("2026-05-19T13:00"))
    assert {request for request, _ in moved(await house.all("administrator"))} == {
        "00000000-0000-5000-8000-000000000001"
    }


async def test_a_limit_that_has_passed_is_not_moved(house: House) -> None:
    """What was missed was missed."""
    house.book.clock.set(at("2026-05-26T00:00"))
    assert moved(await house.all("administrator", dry_run=True)) == {}


async def test_what_stands_still_is_counted_by_the_newest_calendar_and_stands_still(house: House) -> None:
    """POL-06: another calendar does not end the wait."""
    [request] = ids(1)
    await house.book.says(request, (make(RequestIncomplete), "2026-05-19T11:00"))
    await house.all("administrator")
    await house.book.fold()
    row = (await house.book.rows())[request, "answer-1"]
    assert (row["standing"], row["due_strict_on"].isoformat()) == ("paused", "2026-05-27")


async def test_a_calendar_that_was_changed_in_place_is_found_and_not_applied(house: House, town: Town) -> None:
    """Two counts under one version could not be explained."""
    house.town = with_calendar(town, in_place=True)
    batches = await house.all("administrator", dry_run=True)
    assert {(each["obligation_id"], each["changed_in_place"]) for batch in batches for each in batch["moved"]} == {
        ("answer-1", True)
    }
    assert sum(batch["changed_in_place"] for batch in batches) == 3
    async with house.asking("administrator") as client:
        answer = await client.post("/calendar/applications", json={})
        assert answer.status_code == 409
        assert "earlier_calendars" in answer.json()["detail"]
    assert await house.recounts() == []


async def test_only_an_administrator_applies_it_and_sees_what_their_roles_let_them(house: House) -> None:
    """POL-26: what is confidential is moved and counted, and not told."""
    for roles, status in (((), 401), (("agent",), 403), (("direction",), 403), (("administrator",), 200)):
        async with house.asking(*roles) as client:
            answer = await client.post("/calendar/applications", json={"dry_run": True})
            assert answer.status_code == status
    hidden = ids(5)[4]
    batches = await house.all("administrator", dry_run=True)
    assert hidden not in {request for request, _ in moved(batches)}
    assert sum(batch["confidential"] for batch in batches) == 2
    batches = await house.all("administrator", "greffe", dry_run=True)
    assert {obligation for request, obligation in moved(batches) if request == hidden} == {
        "acknowledge-1",
        "decide_access-1",
    }
    async with house.asking("administrator") as client:
        for body in ({"limit": 0}, {"limit": 501}, {"after": "x"}, {"dryrun": True}):
            assert (await client.post("/calendar/applications", json=body)).status_code == 422

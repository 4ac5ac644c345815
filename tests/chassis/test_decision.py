"""Deciding on a story: once per cause, again on a conflict, within a bound."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

import nats as nats_client
import pytest
from nats.aio.client import Client

from clic_chassis import decision, jetstream_log
from clic_chassis.clock import ManualClock
from clic_chassis.decider import Fact
from clic_chassis.decision import MAX_TRIES, Decisions
from clic_chassis.embedded import start_nats
from clic_chassis.error import AppendUnknownError, ConflictError, RefusedError
from clic_chassis.jetstream_log import JetStreamLog
from clic_chassis.log import EventLog, Story
from clic_chassis.memory_log import MemoryLog
from clic_chassis.scenario import NOON, SOMEBODY
from clic_chassis.streams import ensure_streams
from clic_chassis.testing import open_folder
from clic_contracts.envelope import Recorded
from clic_contracts.event import RequestNoted, RequestRouted
from clic_contracts.vocabulary import RequestId, Service

NOTE = (Fact(RequestNoted(), NOON),)


def decisions(log: EventLog) -> Decisions:
    return Decisions(log, Service.INTAKE, ManualClock(NOON), "town", jitter=random.Random(1))


class Faulty(MemoryLog):
    """A log whose first appends fail in a given way; `stored` ones were stored all the same."""

    def __init__(self, failures: int, error: type[Exception], *, stored: bool = False) -> None:
        super().__init__()
        self.failures = failures
        self.error = error
        self.stored = stored
        self.appends = 0

    async def append(
        self, service: Service, request_id: RequestId, events: Sequence[Recorded], *, expected: int
    ) -> int:
        """Fail as told, else append."""
        self.appends += 1
        if self.appends > self.failures:
            return await super().append(service, request_id, events, expected=expected)
        if self.stored:
            await super().append(service, request_id, events, expected=expected)
        raise ConflictError("subject", expected) if self.error is ConflictError else AppendUnknownError("subject")


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decision, "BACKOFF_FIRST_S", 0.0001)
    monkeypatch.setattr(decision, "BACKOFF_MAX_S", 0.001)


async def test_said_twice_done_once() -> None:
    """The cause is looked for in the request's own events."""
    log = MemoryLog()
    first = await decisions(log).decide(SOMEBODY, lambda _: NOTE, cause_id="a", actor="agent:x")
    again = await decisions(log).decide(SOMEBODY, lambda _: NOTE, cause_id="a", actor="agent:x")
    assert (first.known, again.known) == (False, True)
    assert first.events == again.events
    assert (await log.identity()).last_sequence == 1


@pytest.mark.parametrize("expect_new", [True, False])
@pytest.mark.parametrize("failures", [1, 3, MAX_TRIES - 1])
async def test_a_conflict_is_decided_again(failures: int, *, expect_new: bool) -> None:
    """On the reloaded story."""
    log = Faulty(failures, ConflictError)
    decided = await decisions(log).decide(
        SOMEBODY, lambda _: NOTE, cause_id="a", actor="agent:x", expect_new=expect_new
    )
    assert (False, failures + 1) == (decided.known, log.appends)


async def test_the_tries_are_bounded_and_the_last_error_is_told() -> None:
    """A story that never holds still ends in an error that may be tried again."""
    log = Faulty(10**6, ConflictError)
    with pytest.raises(ConflictError):
        await decisions(log).decide(SOMEBODY, lambda _: NOTE, cause_id="a", actor="agent:x")
    assert log.appends == MAX_TRIES


async def test_an_append_of_unknown_end_is_looked_for_before_it_is_tried_again() -> None:
    """It was stored, so it is found and not stored twice."""
    log = Faulty(1, AppendUnknownError, stored=True)
    decided = await decisions(log).decide(SOMEBODY, lambda _: NOTE, cause_id="a", actor="agent:x")
    assert decided.known
    assert len((await log.load(Service.INTAKE, SOMEBODY)).events) == 1


async def test_a_refusal_leaves_no_event() -> None:
    """And is told to whoever asked."""
    log = MemoryLog()

    def refuse(_: Story) -> tuple[Fact, ...]:
        raise RefusedError("no")

    with pytest.raises(RefusedError):
        await decisions(log).decide(SOMEBODY, refuse, cause_id="a", actor="agent:x")
    assert (await log.identity()).last_sequence == 0


async def test_a_service_may_not_decide_anothers_events() -> None:
    """Each owns its part of a request."""
    facts = (Fact(RequestRouted(department="clic", first_line=True), NOON),)
    with pytest.raises(ValueError, match="routing"):
        await decisions(MemoryLog()).decide(SOMEBODY, lambda _: facts, cause_id="a", actor="agent:x")


async def test_a_hundred_racing_decisions_on_one_request_are_all_kept(
    nats: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In two processes' stead: two `Decisions` that share no lock, on a real server."""
    monkeypatch.undo()  # Who loses waits, and longer each time: else the tries are over before the other's fifty are.
    desks = [decisions(JetStreamLog(nats)), decisions(JetStreamLog(nats))]
    await asyncio.gather(
        *(
            desks[number % 2].decide(SOMEBODY, lambda _: NOTE, cause_id=str(number), actor="agent:x")
            for number in range(100)
        )
    )
    events = (await JetStreamLog(nats).load(Service.INTAKE, SOMEBODY)).events
    assert {str(number) for number in range(100)} == {event.cause_id for event in events}
    assert len(events) == 100


async def test_event_ids_come_from_the_cause_and_not_from_chance() -> None:
    """So that the same decision in a replay is the same event."""
    one = await decisions(MemoryLog()).decide(SOMEBODY, lambda _: NOTE, cause_id="a", actor="agent:x")
    other = await decisions(MemoryLog()).decide(SOMEBODY, lambda _: NOTE, cause_id="a", actor="agent:x")
    assert one.events[0].event_id == other.events[0].event_id


async def test_an_append_whose_answer_never_came_is_found_and_not_stored_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A server that stands still for a while, and stores what waited in its socket when it goes on."""
    monkeypatch.setattr(jetstream_log, "APPEND_TIMEOUT_S", 0.3)
    with open_folder() as folder:
        server = start_nats(folder)
        client = await nats_client.connect(server.url)
        await ensure_streams(client)
        log = JetStreamLog(client)
        server.pause()
        loop = asyncio.get_running_loop()
        loop.call_later(1.0, server.resume)
        decided = await decisions(log).decide(SOMEBODY, lambda _: NOTE, cause_id="a", actor="agent:x", expect_new=True)
        events = (await log.load(Service.INTAKE, SOMEBODY, fresh=True)).events
        await client.close()
        server.stop()
    assert (decided.known, len(events)) == (True, 1)
    assert decided.events == events

"""One contract of the event log, passed by the real one, on one server and on three, and by its twin."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import nats as nats_client
import pytest
import pytest_asyncio

from clic_chassis.error import ConflictError
from clic_chassis.jetstream_log import JetStreamLog
from clic_chassis.log import EventLog
from clic_chassis.memory_log import MemoryLog
from clic_chassis.scenario import recorded
from clic_chassis.streams import ensure_streams, remove_streams
from clic_chassis.testing import wait_until, wait_until_done
from clic_contracts.envelope import Recorded, derive_id
from clic_contracts.event import RequestClosed, RequestNoted, RequestRouted
from clic_contracts.subject import log_subject
from clic_contracts.vocabulary import ClosingReason, Service

NOTE = recorded(RequestNoted())
CLOSED = recorded(RequestClosed(reason=ClosingReason.WITHDRAWN))
ROUTED = recorded(RequestRouted(department="clic", first_line=True))


def request(number: int) -> str:
    return derive_id("test", str(number))


ONE, OTHER = request(1), request(2)


@pytest_asyncio.fixture(params=["memory", "one server", "three servers"])
async def log(request: pytest.FixtureRequest) -> AsyncIterator[EventLog]:
    """An empty log of each kind."""
    if request.param == "memory":
        yield MemoryLog()
        return
    cluster = request.param == "three servers"
    url = request.getfixturevalue("nats_cluster" if cluster else "nats_server").url
    client = await nats_client.connect(url.split(","))
    await remove_streams(client)
    await wait_until_done(
        lambda: ensure_streams(client, replicas=3 if cluster else 1), what="the streams are made anew"
    )
    yield JetStreamLog(client)
    await remove_streams(client)
    if not cluster:
        await wait_until_done(lambda: ensure_streams(client), what="the streams are made anew")
    await client.close()


async def events(log: EventLog, request_id: str, *, fresh: bool = False) -> tuple[Recorded, ...]:
    return (await log.load(Service.INTAKE, request_id, fresh=fresh)).events


async def shown(log: EventLog, request_id: str, *wanted: Recorded) -> None:
    """Wait until a load tells of these events: of three servers one may answer that follows a little later."""

    async def is_shown() -> bool:
        return await events(log, request_id) == wanted

    await wait_until(is_shown, what="every replica has what was appended")


async def test_an_empty_story_is_empty(log: EventLog) -> None:
    """Nothing there is no error."""
    story = await log.load(Service.INTAKE, ONE)
    assert (story.last_sequence, story.events) == (0, ())


async def test_what_was_appended_is_loaded_in_order(log: EventLog) -> None:
    """Also by a fresh load, from the leader."""
    first = await log.append(Service.INTAKE, ONE, [NOTE], expected=0)
    second = await log.append(Service.INTAKE, ONE, [CLOSED], expected=first)
    assert second > first
    story = await log.load(Service.INTAKE, ONE, fresh=True)
    assert ((NOTE, CLOSED), second) == (story.events, story.last_sequence)
    await shown(log, ONE, NOTE, CLOSED)


async def test_several_facts_of_one_decision_are_stored_whole_at_one_position(log: EventLog) -> None:
    """One decision is one message: atomic by nature."""
    position = await log.append(Service.INTAKE, ONE, [NOTE, CLOSED], expected=0)
    await shown(log, ONE, NOTE, CLOSED)
    (commit,) = (await log.load(Service.INTAKE, ONE)).commits
    assert (position, (NOTE, CLOSED)) == (commit.sequence, commit.events)


@pytest.mark.parametrize("expected", [0, 1, 999])
async def test_an_append_on_a_stale_expectation_conflicts_and_stores_nothing(log: EventLog, expected: int) -> None:
    """Whether the story went on, or was never there."""
    first = await log.append(Service.INTAKE, ONE, [NOTE], expected=0)
    await log.append(Service.INTAKE, ONE, [NOTE], expected=first)
    with pytest.raises(ConflictError):
        await log.append(Service.INTAKE, ONE, [CLOSED], expected=expected if expected != 1 else first)
    with pytest.raises(ConflictError):
        await log.append(Service.INTAKE, OTHER, [CLOSED], expected=999)
    assert await events(log, ONE, fresh=True) == (NOTE, NOTE)
    assert await events(log, OTHER, fresh=True) == ()


async def test_other_requests_and_services_do_not_disturb(log: EventLog) -> None:
    """Each service guards its own part of a request."""
    await log.append(Service.INTAKE, ONE, [NOTE], expected=0)
    await log.append(Service.ROUTING, ONE, [ROUTED], expected=0)
    await log.append(Service.INTAKE, OTHER, [CLOSED], expected=0)
    await shown(log, OTHER, CLOSED)
    assert await events(log, ONE) == (NOTE,)
    assert (await log.load(Service.ROUTING, ONE)).events == (ROUTED,)


async def test_of_racing_appends_exactly_one_wins(log: EventLog) -> None:
    """Twenty writers on one expectation."""
    outcomes = await asyncio.gather(
        *(log.append(Service.INTAKE, ONE, [NOTE], expected=0) for _ in range(20)), return_exceptions=True
    )
    assert sum(isinstance(outcome, int) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, ConflictError) for outcome in outcomes) == 19
    assert len(await events(log, ONE, fresh=True)) == 1


async def test_chains_of_racing_writers_have_no_gap_and_no_double(log: EventLog) -> None:
    """Each writer reloads and appends until it has put its five notes on the one request."""

    async def write(name: int) -> None:
        for number in range(5):
            for _ in range(200):
                story = await log.load(Service.INTAKE, ONE, fresh=True)
                note = recorded(RequestNoted(), cause_id=f"{name}-{number}")
                try:
                    await log.append(Service.INTAKE, ONE, [note], expected=story.last_sequence)
                except ConflictError:
                    continue
                break
            else:
                raise AssertionError("never won in 200 tries")

    await asyncio.gather(*(write(name) for name in range(4)))
    causes = [event.cause_id for event in await events(log, ONE, fresh=True)]
    assert sorted(f"{name}-{number}" for name in range(4) for number in range(5)) == sorted(causes)
    for name in range(4):
        assert [f"{name}-{number}" for number in range(5)] == [c for c in causes if c.startswith(f"{name}-")]


async def test_reading_gives_everything_in_the_order_of_the_log(log: EventLog) -> None:
    """From a position on, and by filter."""
    for number in range(30):
        await log.append(Service.INTAKE, request(number), [NOTE], expected=0)
        await log.append(Service.ROUTING, request(number), [ROUTED], expected=0)
    everything = [commit async for commit in log.read()]
    assert list(range(1, 61)) == [commit.sequence for commit in everything]
    assert everything[40:] == [commit async for commit in log.read(after=40)]
    routed = [commit async for commit in log.read(filters=[log_subject(Service.ROUTING, "*")])]
    assert [commit for commit in everything if commit.service is Service.ROUTING] == routed
    both = [c async for c in log.read(filters=[log_subject("intake", "*"), log_subject("routing", "*")])]
    assert everything == both


async def test_a_long_story_is_loaded_whole(log: EventLog) -> None:
    """More commits than one answer of the server holds."""
    position = 0
    for _ in range(1_050):
        position = await log.append(Service.INTAKE, ONE, [NOTE], expected=position)
    await shown(log, ONE, *[NOTE] * 1_050)


async def test_the_log_tells_which_one_it_is_and_how_long(log: EventLog) -> None:
    """A projection compares this with what it remembers."""
    before = await log.identity()
    await log.append(Service.INTAKE, ONE, [NOTE], expected=0)
    after = await log.identity()
    assert (before.last_sequence, after.last_sequence) == (0, 1)
    assert (before.stream, before.created_at) == (after.stream, after.created_at)

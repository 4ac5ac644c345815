"""Deliveries in any order, any number of times, around crashes and lagging replicas, come to one end."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clic_chassis.clock import ManualClock
from clic_chassis.decision import Decisions
from clic_chassis.error import RetryableError
from clic_chassis.log import Story
from clic_chassis.memory_log import MemoryLog
from clic_contracts.envelope import RECORDED, Commit, Recorded, request_id_for
from clic_contracts.event import (
    Event,
    InteractionRecorded,
    RequestAcknowledged,
    RequestAnswered,
    RequestClosed,
    RequestCompleted,
    RequestExtended,
    RequestIncomplete,
    RequestMerged,
    RequestNoted,
    RequestPromised,
    RequestReceived,
    RequestRefused,
    RequestReopened,
    RequestVoided,
)
from clic_contracts.lifecycle import may_happen, next_phase
from clic_contracts.vocabulary import Phase, Service
from clic_deadlines.core.alarm import Alarm, alarms
from clic_deadlines.core.obligation import DECIDER, Obligations
from clic_deadlines.core.standard import Rules
from clic_deadlines.reconciler import Reconciler
from clic_deadlines.timer_table import Written

REQUEST_ID = request_id_for("/telephonie", "appel-imaginaire-1")
START = dt.datetime(2026, 5, 15, 20, 20, tzinfo=dt.UTC)
Tell = Callable[..., tuple[Recorded, ...]]


@dataclass
class Book:
    """Timers in memory: the last ones written."""

    alarms: tuple[Alarm, ...] = ()
    position: int = 0
    writes: int = 0
    fails: int = 0

    async def write(self, written: Written) -> None:
        """See `TimerTable.write`."""
        if self.fails:
            self.fails -= 1
            raise OSError("the database is away")
        self.writes += 1
        if written.position >= self.position:
            self.alarms, self.position = written.alarms, written.position


@dataclass
class House:
    """Intake's story as it grows, and deadlines listening to it."""

    rules: Rules
    log: MemoryLog = field(default_factory=MemoryLog)
    book: Book = field(default_factory=Book)
    commits: list[Commit] = field(default_factory=list)

    def __post_init__(self) -> None:
        decisions = Decisions(self.log, Service.DEADLINES, ManualClock(START), "town-test")
        self.reconciler = Reconciler(self.log, decisions, self.rules, self.book)

    async def append(self, events: Sequence[Recorded]) -> Commit:
        """Intake decides."""
        before = self.commits[-1].sequence if self.commits else 0
        sequence = await self.log.append(Service.INTAKE, REQUEST_ID, events, expected=before)
        commit = Commit(sequence, Service.INTAKE, REQUEST_ID, tuple(events))
        self.commits.append(commit)
        return commit

    async def own(self) -> Story:
        """What deadlines has recorded."""
        return await self.log.load(Service.DEADLINES, REQUEST_ID)

    async def state(self) -> Obligations:
        """How the obligations stand."""
        return DECIDER.fold((await self.own()).events)


def make(event: type[Event], **changes: object) -> Event:
    """The catalogue's example, changed."""
    return event.model_validate({**event.EXAMPLE, **changes})


# -- any order --------------------------------------------------------------------------------------------------

MOVES: tuple[Event, ...] = (
    make(RequestAcknowledged),
    make(RequestIncomplete),
    make(RequestIncomplete, asked=None),
    make(RequestNoted),
    make(RequestPromised, due_on="2026-06-12"),
    make(RequestPromised, due_on="2026-05-20"),
    make(RequestExtended),
    make(RequestRefused),
    make(RequestRefused, sent=None),
    make(RequestAnswered),
    make(RequestMerged),
    make(RequestClosed),
    make(RequestClosed, reason="withdrawn"),
    make(RequestReopened),
    make(RequestReopened),
    make(RequestVoided),
)


@st.composite
def stories(draw: st.DrawFn) -> list[list[Recorded]]:
    """Commits of a request that the lifecycle allows; instants run backwards now and then."""
    kind = draw(st.sampled_from(["report", "access_to_information"]))
    facts: list[tuple[Event, dt.datetime]] = [(make(RequestReceived, kind=kind), START)]
    phase = Phase.RECEIVED
    for _ in range(draw(st.integers(0, 9))):
        event = draw(st.sampled_from([move for move in MOVES if may_happen(phase, type(move))] or [make(RequestNoted)]))
        facts.append((event, START + dt.timedelta(hours=draw(st.integers(-5, 1000)))))
        phase = next_phase(phase, type(event))
    recorded = [
        RECORDED[type(event)](
            event_id=f"event-{index}", source="/clic/intake", type=event.TYPE, request_id=REQUEST_ID,
            occurred_at=at, recorded_at=START, cause_id=f"cause-{index}", actor="publisher:telephonie", town="t",
            data=event,
        )
        for index, (event, at) in enumerate(facts)
    ]  # fmt: skip
    commits: list[list[Recorded]] = [recorded[:1]]
    for each in recorded[1:]:
        if draw(st.booleans()):
            commits.append([each])
        else:
            commits[-1].append(each)
    return commits


@given(commits=stories(), data=st.data())
@settings(max_examples=120)
def test_deliveries_in_any_order_and_number_come_to_the_same_end(
    rules: Rules, commits: list[list[Recorded]], data: st.DataObject
) -> None:
    """A process may be told late, twice and out of order; the record is the same."""

    async def in_order() -> Obligations:
        house = House(rules)
        for each in commits:
            await house.append(each)
        for commit in house.commits:
            await house.reconciler.handle(commit)
        return await house.state()

    async def out_of_order() -> tuple[Obligations, House]:
        house = House(rules)
        for each in commits:
            await house.append(each)
            for index in data.draw(st.lists(st.integers(0, len(house.commits) - 1), max_size=3)):
                await house.reconciler.handle(house.commits[index])
        for commit in data.draw(st.permutations(house.commits)):
            await house.reconciler.handle(commit)
        return await house.state(), house

    expected = asyncio.run(in_order())
    found, house = asyncio.run(out_of_order())
    assert dict(expected.by_id) == dict(found.by_id)
    assert alarms(expected, rules, warns=True) == house.book.alarms


# -- crashes and replicas ---------------------------------------------------------------------------------------


@pytest.fixture
def house(rules: Rules) -> House:
    """A house in which nothing has happened yet."""
    return House(rules)


async def test_a_crash_before_the_timers_were_written_is_mended_by_the_redelivery(house: House, tell: Tell) -> None:
    """Said twice, done once: the facts are not repeated, the timers are."""
    house.book.fails = 1
    commit = await house.append(tell((make(RequestReceived), "2026-05-15T16:20")))
    with pytest.raises(OSError, match="away"):
        await house.reconciler.handle(commit)
    before = (await house.own()).last_sequence
    await house.reconciler.handle(commit)
    assert before == (await house.own()).last_sequence
    assert {"acknowledge-1", "answer-1"} == {each.obligation_id for each in house.book.alarms}


async def test_a_request_that_is_finished_when_first_heard_of_takes_one_append_and_no_timers(
    house: House, tell: Tell
) -> None:
    """An import that overtakes this service costs it one decision per request."""
    story = tell(
        (make(RequestReceived, origin="backlog"), "2022-05-13T16:20"),
        (make(RequestAnswered), "2022-05-16T10:00"),
        (make(RequestClosed), "2022-05-16T10:00"),
    )
    first, second = await house.append(story[:1]), await house.append(story[1:])
    await house.reconciler.handle(first)
    await house.reconciler.handle(second)
    assert len((await house.own()).commits) == 1
    assert house.book.writes == 0


async def test_nobody_is_warned_of_a_request_from_older_records(house: House, tell: Tell) -> None:
    """POL-29: an open backlog request is missed at its instant, and not warned of."""
    await house.reconciler.handle(
        await house.append(tell((make(RequestReceived, origin="backlog"), "2022-05-13T16:20")))
    )
    state = await house.state()
    assert {each: state.by_id[each].due.due_at for each in state.by_id} == {
        each.obligation_id: each.at for each in house.book.alarms
    }


async def test_a_contact_or_a_note_is_passed_over_undecided(house: House, tell: Tell) -> None:
    """POL-31: neither owes anything."""
    commit = await house.append(
        tell((make(InteractionRecorded), "2026-05-15T16:20"), (make(RequestNoted), "2026-05-15T16:21"))
    )
    await house.reconciler.handle(commit)
    assert (await house.own()).commits == ()


class LaggingLog(MemoryLog):
    """A log whose replicas lag: only a read from the leader sees the last commits."""

    leader_lags = False

    async def load(self, service: Service, request_id: str, *, fresh: bool = False) -> Story:
        """See `EventLog.load`."""
        story = await super().load(service, request_id)
        return story if service is not Service.INTAKE or (fresh and not self.leader_lags) else Story(story.commits[:-1])


async def test_a_replica_that_lags_behind_the_delivery_is_not_believed(rules: Rules, tell: Tell) -> None:
    """A direct get may be stale: the leader is asked, and where it has no more either, the commit comes again."""
    log = LaggingLog()
    house = House(rules, log=log)
    commit = await house.append(tell((make(RequestReceived), "2026-05-15T16:20")))
    log.leader_lags = True
    with pytest.raises(RetryableError, match="does not reach 1 yet"):
        await house.reconciler.handle(commit)
    log.leader_lags = False
    await house.reconciler.handle(commit)
    assert {"acknowledge-1", "answer-1"} == set((await house.state()).by_id)


async def test_an_older_commit_that_comes_again_is_not_decided_on_a_story_that_lags(rules: Rules, tell: Tell) -> None:
    """What was recorded shows that more is known: else a delay that runs again would be said to stand still."""
    house = House(rules)
    told: list[type[Event]] = [RequestReceived, RequestIncomplete, RequestAcknowledged, RequestCompleted]
    instants = ["2026-05-15T16:20", "2026-05-19T10:00", "2026-05-19T11:00", "2026-05-21T10:00"]
    for event, at in zip(told, instants, strict=True):
        [recorded] = tell((make(event), at))
        await house.append([recorded.model_copy(update={"event_id": f"event-{event.__name__}"})])
    received, asked, acknowledged, given = house.commits
    for commit in (received, asked, given):
        await house.reconciler.handle(commit)
    before = await house.state()
    assert before.by_id["answer-1"].paused_since is None
    lagging = LaggingLog()
    lagging.__dict__.update(house.log.__dict__)
    await House(rules, log=lagging, book=house.book).reconciler.handle(acknowledged)
    assert dict(before.by_id) == dict((await house.state()).by_id)

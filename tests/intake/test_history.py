"""Arbitrary histories and interleavings of commands by two agents in two processes: what holds whatever happens.

On the log in memory by the hundred, and on a real one by the dozen: the same contract.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import count

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as always
from hypothesis import strategies as st
from nats.aio.client import Client
from tests.intake.core.story import (
    ACKNOWLEDGED,
    ANSWERED,
    AS_ANSWERED,
    COMPLETED,
    ERASED,
    INCOMPLETE,
    MERGED,
    NOTED,
    REFUSED_SENT,
    REFUSED_UNSENT,
    REOPENED,
    VOIDED,
    make,
)
from tests.intake.world import Step, World

from clic_chassis.jetstream_log import JetStreamLog
from clic_chassis.memory_log import MemoryLog
from clic_chassis.scenario import NOON
from clic_chassis.streams import ensure_streams
from clic_contracts.event import ExchangeAbusive, RequestRefused, RequestReopened
from clic_contracts.lifecycle import PENDING
from clic_contracts.town import Town
from clic_contracts.vocabulary import ClosingReason, Phase, Service
from clic_intake.core.request import Close, Finish, Record, Refuse, Resume, Statement

UNFOUNDED = make(RequestRefused, criterion="unfounded", rule=None, turn_to=None)
UNDONE = make(RequestReopened, reason="merged_in_error")
FACTS = (
    *(ACKNOWLEDGED, ANSWERED, INCOMPLETE, COMPLETED, NOTED, VOIDED, REOPENED, ERASED, AS_ANSWERED),
    *(make(ExchangeAbusive), UNDONE, MERGED, MERGED),
)
INSTANTS = st.integers(0, 60).map(lambda days: NOON + dt.timedelta(days=days))
STATEMENTS: st.SearchStrategy[Statement] = st.one_of(
    st.builds(Record, st.sampled_from(FACTS), INSTANTS),
    st.builds(Close, st.sampled_from(ClosingReason), INSTANTS),
    st.builds(Finish, st.just(ANSWERED), INSTANTS),
    st.builds(Resume, st.just(ANSWERED), st.just(REOPENED), INSTANTS),
    st.builds(Refuse, st.sampled_from([REFUSED_SENT, REFUSED_UNSENT, UNFOUNDED]), INSTANTS),
)
STEPS: st.SearchStrategy[Step] = st.builds(
    Step,
    request=st.integers(0, 2),
    statement=STATEMENTS,
    actor=st.sampled_from(["agent:alex.exemple", "agent:dominique.exemple", "publisher:telephonie"]),
    process=st.integers(0, 1),
    into=st.integers(0, 2),
    twice=st.booleans(),
)
HISTORIES = st.lists(st.lists(STEPS, min_size=1, max_size=4), max_size=8)
"""Batches: what stands in one is commanded at the same time."""
UNHURRIED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
"""Hypothesis suppresses the second on CI by itself, unless a test suppresses one of its own."""
SEEDS = count(1)
"""Every history has requests of its own: a real log forgets nothing between examples."""


async def live(world: World, history: Sequence[Sequence[Step]]) -> None:
    """Play a history, and look after each batch."""
    await world.open()
    for batch in history:
        done = await world.at_once(batch)
        await world.what_was_done_is_there_once_and_what_was_refused_is_not(done)
        await world.no_closing_lacks_its_ground()
    await world.follow()
    await world.follow()  # What following made is followed, too.
    await world.no_closing_lacks_its_ground()
    await world.nobody_waits_for_who_is_gone()


@always(history=HISTORIES, seed=st.integers(0, 2**16))
@settings(max_examples=150, suppress_health_check=UNHURRIED)
async def test_whatever_two_agents_do_nothing_is_lost_and_nobody_goes_unanswered(
    town: Town, history: list[list[Step]], seed: int
) -> None:
    """POL-27: on the log in memory; conflicts included, since others get turns before every load and append."""
    await live(World(MemoryLog(), town, seed), history)


@pytest.fixture
async def jetstream(nats: Client) -> JetStreamLog:
    """A log of its own on a real server."""
    await ensure_streams(nats)
    return JetStreamLog(nats)


@always(history=HISTORIES)
@settings(max_examples=10, suppress_health_check=UNHURRIED)
async def test_the_same_holds_on_a_real_log(town: Town, jetstream: JetStreamLog, history: list[list[Step]]) -> None:
    """POL-27."""
    await live(World(jetstream, town, next(SEEDS)), history)


@pytest.mark.slow
@always(history=HISTORIES, seed=st.integers(0, 2**16))
@settings(max_examples=150, suppress_health_check=UNHURRIED)
async def test_a_command_that_is_delivered_again_changes_nothing(
    town: Town, history: list[list[Step]], seed: int
) -> None:
    """Said twice, done once: to whichever process, and whatever happened in between."""
    world = World(MemoryLog(), town, seed)
    await world.open()
    given = [step for batch in history for step in batch]
    first = [done for step in given for done in await world.at_once([step])]
    before = (await world.log.identity()).last_sequence
    world._steps = 0
    again = [done for step in given for done in await world.at_once([step])]
    told = {each.cause_id for each in first if each.decided is not None and each.decided.events}
    added = [
        event
        for each in world.ids
        for commit in (await world.log.load(*_intake(each))).commits
        if commit.sequence > before
        for event in commit.events
    ]
    assert not told.intersection(event.cause_id for event in added)
    assert len(first) == len(again)


@always(history=HISTORIES, seed=st.integers(0, 2**16))
@settings(max_examples=60, suppress_health_check=UNHURRIED)
async def test_whatever_was_merged_goes_on_by_itself_when_it_is_undone(
    town: Town, history: list[list[Step]], seed: int
) -> None:
    """POL-27, POL-39: pending again, owing an answer, and free to be merged again; unless it was erased."""
    world = World(MemoryLog(), town, seed)
    await world.open()
    for batch in history:
        await world.at_once(batch)
    states = await world.states()
    for number, request_id in enumerate(world.ids):
        if states[request_id].merged_into is None or states[request_id].phase is not Phase.CLOSED:
            continue
        undo = Step(number, Record(UNDONE, NOON + dt.timedelta(days=400)), "agent:alex.exemple", 0)
        (done,) = await world.at_once([undo])
        after = (await world.states())[request_id]
        if states[request_id].erased:
            assert (done.decided, after) == (None, states[request_id])
        else:
            assert after.phase in PENDING
            assert (after.merged_into, after.answered_since, after.closed_as) == (None, False, None)


def _intake(request_id: str) -> tuple[Service, str]:
    return Service.INTAKE, request_id

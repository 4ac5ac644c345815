"""The whole lifecycle table, cell by cell, and walked at random."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given as always
from hypothesis import settings
from hypothesis import strategies as st
from tests.intake.core.story import (
    ACCESS,
    ACKNOWLEDGED,
    ANSWERED,
    AS_ANSWERED,
    AS_REFUSED,
    AS_WITHDRAWN,
    COMPLETED,
    ERASED,
    EXTENDED,
    GRANTED,
    INCOMPLETE,
    MERGED,
    NOTED,
    PROMISED,
    RATED,
    RECEIVED,
    REFUSED_SENT,
    REFUSED_UNSENT,
    REOPENED,
    REQUEST,
    VOIDED,
    has_its_ground,
    make,
    merge,
    of,
    state_that,
)

from clic_chassis.decider import Fact
from clic_chassis.error import RefusedError
from clic_chassis.scenario import NOON, given, recorded
from clic_contracts.event import (
    Event,
    RequestClosed,
    RequestReopened,
    RequestSplit,
    RequestVoided,
)
from clic_contracts.lifecycle import LIFECYCLE, may_happen
from clic_contracts.vocabulary import ClosingReason, Phase
from clic_intake.core.request import (
    Close,
    Command,
    Finish,
    Record,
    Refuse,
    Register,
    Resume,
)
from clic_intake.core.rule import (
    NotNowError,
)
from clic_intake.core.state import state_of

STORY_TO: dict[Phase, list[Event]] = {
    Phase.RECEIVED: [ACCESS],
    Phase.IN_TREATMENT: [ACCESS, ACKNOWLEDGED],
    Phase.ANSWERED: [ACCESS, GRANTED],
    Phase.REFUSED: [ACCESS, REFUSED_UNSENT],
    Phase.CLOSED: [ACCESS, GRANTED, AS_ANSWERED],
    Phase.VOIDED: [ACCESS, VOIDED],
    Phase.REOPENED: [ACCESS, GRANTED, AS_ANSWERED, REOPENED],
}
"""A way to each phase; an access request, because it knows every event."""
FACTS: tuple[Event, ...] = (
    RECEIVED,
    INCOMPLETE,
    COMPLETED,
    ACKNOWLEDGED,
    PROMISED,
    EXTENDED,
    make(RequestSplit),
    REFUSED_SENT,
    GRANTED,
    AS_WITHDRAWN,
    MERGED,
    VOIDED,
    REOPENED,
    RATED,
    NOTED,
    ERASED,
)
EARLIER = NOON - dt.timedelta(minutes=1)
"""Before what the stories tell, so that a repeated acknowledgement is news."""


def test_there_is_a_way_to_every_phase() -> None:
    assert set(Phase) - {Phase.NEW} == set(STORY_TO)
    for phase, story in STORY_TO.items():
        assert given(REQUEST, story).state.phase is phase


@pytest.mark.parametrize("event", FACTS, ids=lambda event: event.TYPE)
@pytest.mark.parametrize("phase", STORY_TO, ids=str)
def test_a_fact_is_recorded_where_the_table_allows_it_and_nowhere_else(phase: Phase, event: Event) -> None:
    """Phase by event; `said already` is the third way."""
    try:
        facts = REQUEST.decide(state_that(event, EARLIER, other=of(ACCESS)), given(REQUEST, STORY_TO[phase]).state)
    except NotNowError:
        assert not may_happen(phase, type(event))
        return
    if facts:
        assert may_happen(phase, type(event))
        assert facts[0].event == event
    else:
        assert type(event) in {RequestReopened, RequestVoided, RequestClosed}


INSTANTS = st.integers(0, 90).map(lambda days: NOON + dt.timedelta(days=days))
COMMANDS: st.SearchStrategy[Command] = st.one_of(
    st.builds(Register, st.just((Fact(RECEIVED, NOON),))),
    st.builds(Register, st.just((Fact(ACCESS, NOON), Fact(ACKNOWLEDGED, NOON)))),
    st.builds(Record, st.sampled_from((*FACTS, ANSWERED, AS_ANSWERED, AS_REFUSED)), INSTANTS, st.booleans()),
    st.builds(Close, st.sampled_from(ClosingReason), INSTANTS, st.booleans()),
    st.builds(Finish, st.sampled_from([ANSWERED, GRANTED]), INSTANTS, st.booleans()),
    st.builds(Resume, st.sampled_from([ANSWERED, GRANTED]), st.just(REOPENED), INSTANTS, st.booleans()),
    st.builds(
        Refuse,
        st.sampled_from([REFUSED_UNSENT, REFUSED_SENT]),
        INSTANTS,
        st.booleans(),
        st.sampled_from(["agent:alex.exemple", "publisher:telephonie", ""]),
    ),
    st.builds(
        merge,
        other=st.sampled_from([of(RECEIVED), of(RECEIVED, ANSWERED), of(ACCESS), of(RECEIVED, MERGED)]),
        joined=st.integers(0, 1),
        at=INSTANTS,
    ),
)


@always(st.lists(COMMANDS, max_size=30))
@settings(max_examples=300)
def test_no_sequence_of_commands_leaves_the_table_or_closes_without_an_answer(commands: list[Command]) -> None:
    """POL-27: whatever is commanded in whatever order."""
    story: list[Event] = []
    for command in commands:
        state = given(REQUEST, story).state
        try:
            facts = REQUEST.decide(command, state)
        except RefusedError:
            continue
        for fact in facts:
            phase = given(REQUEST, story).state.phase
            assert may_happen(phase, type(fact.event)), f"{fact.event.TYPE} while {phase}"
            story.append(fact.event)
            if isinstance(fact.event, RequestClosed):
                assert has_its_ground(story, fact.event.reason)
    assert state_of(recorded(each) for each in story).phase in LIFECYCLE

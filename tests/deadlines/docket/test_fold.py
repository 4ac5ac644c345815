"""Whatever the story, the docket says of what is open what deadlines decides by, and each limit can be explained."""

from __future__ import annotations

import datetime as dt
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.deadlines.core.conftest import whole_town
from tests.deadlines.core.test_story import END, START, Heard, stories
from tests.deadlines.docket.book import make

from clic_chassis.scenario import recorded
from clic_contracts.envelope import Recorded
from clic_contracts.event import (
    Event,
    ObligationEscalated,
    ObligationMissed,
    ObligationPaused,
    ObligationRecounted,
    ObligationWarned,
    RequestAssigned,
    RequestCompleted,
    RequestIncomplete,
    RequestNoted,
    RequestReceived,
    RequestRouted,
)
from clic_contracts.town import Town
from clic_contracts.vocabulary import Language
from clic_deadlines.core.docket import Entry, Open, fold
from clic_deadlines.core.explain import explain
from clic_deadlines.core.obligation import Obligation
from clic_deadlines.core.standard import Rules

__all__ = ["whole_town"]


def own_of(heard: Heard) -> tuple[Recorded, ...]:
    """What deadlines recorded, as the log holds it."""
    return tuple(recorded(fact.event, at=fact.occurred_at) for fact in chain.from_iterable(heard.commits))


def said(known: Open) -> tuple[object, ...]:
    """What the docket says of an obligation."""
    return (
        known.due_at, known.due_strict_on, known.due_prudent_on, known.warn_at, known.paused_since, known.warned,
        known.missed_at, known.escalated_to,
    )  # fmt: skip


def decided(known: Obligation) -> tuple[object, ...]:
    """The same, as it is decided by."""
    return (
        known.due.due_at, known.due.due_strict_on, known.due.due_prudent_on, known.due.warn_at, known.paused_since,
        known.warned_at is not None, known.missed_at, known.escalated_to,
    )  # fmt: skip


def check(heard: Heard, story: tuple[Recorded, ...]) -> None:
    """The docket, folded from nothing, against what deadlines decides by."""
    beside = [make(RequestRouted, department="voirie"), make(RequestAssigned, to="agent:camille.exemple")]
    entry = fold(None, (story[0], *own_of(heard), *(recorded(each) for each in beside)), lambda _: None)
    assert isinstance(entry, Entry)
    open_now = {each: known for each, known in heard.own.by_id.items() if known.is_open}
    assert {each: said(known) for each, known in entry.open.items()} == {
        each: decided(known) for each, known in open_now.items()
    }
    assert (entry.department, entry.assignee) == ("voirie", "agent:camille.exemple")


@given(story=stories(in_order=False), waits=st.data())
@settings(max_examples=150)
def test_the_docket_holds_what_is_open_as_it_stands(
    whole_town: Town, story: tuple[Recorded, ...], waits: st.DataObject
) -> None:
    """POL-29, POL-32: facts come one by one, some late, time passes between, and others change who has it."""
    heard = Heard(Rules(whole_town))
    for length in range(1, len(story) + 1):
        heard.hear(story[:length])
        if waits.draw(st.booleans()):
            heard.wait(story[:length], story[length - 1].occurred_at + dt.timedelta(days=40))
        check(heard, story)


def day(number: float) -> dt.datetime:
    """So many days after a Friday's call."""
    return START + dt.timedelta(days=number)


Steps = list[tuple[type[Event], float]]
WAITED_LATE: Steps = [(RequestIncomplete, 9), (RequestCompleted, 12)]
"""After the warning."""
KNOWN_LATE: Steps = [(RequestNoted, 60), (RequestIncomplete, 1), (RequestCompleted, 3)]
"""Recorded once it had been missed, and escalated."""


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (WAITED_LATE, [ObligationWarned, ObligationPaused, ObligationRecounted, ObligationWarned, ObligationMissed]),
        (KNOWN_LATE, [ObligationWarned, ObligationMissed, ObligationRecounted]),
    ],
)
def test_another_limit_has_nothing_of_what_was_said_of_the_one_before(
    whole_town: Town, steps: Steps, expected: list[type[Event]]
) -> None:
    """POL-06, POL-29: each step is compared before time goes on, and after."""
    heard = Heard(Rules(whole_town))
    story: tuple[Recorded, ...] = (recorded(make(RequestReceived), at=START),)
    heard.hear(story)
    for event, after in steps:
        heard.wait(story, max(day(after), story[-1].occurred_at))
        check(heard, story)
        story = (*story, recorded(make(event), at=day(after)))
        heard.hear(story)
        check(heard, story)
    heard.wait(story, END)
    check(heard, story)
    answer = [fact.event for fact in heard.facts if getattr(fact.event, "obligation_id", "") == "answer-1"]
    found = [type(each) for each in answer if isinstance(each, tuple(expected))]
    assert found[: len(expected)] == expected
    assert ObligationEscalated in {type(each) for each in answer}


@given(story=stories(in_order=True))
@settings(max_examples=40)
def test_each_limit_of_any_story_can_be_explained(whole_town: Town, story: tuple[Recorded, ...]) -> None:
    """In both languages, at its beginning and long after, with the dates that hold."""
    heard = Heard(Rules(whole_town))
    heard.hear(story)
    heard.wait(story, END)
    own = own_of(heard)
    for obligation_id, known in heard.own.by_id.items():
        for language in Language:
            for now in (known.terms.starts_at, END):
                found = explain(obligation_id, own, story, whole_town, language, now)
                assert found is not None
                assert not set("{}_") & set(found.text), found.text
                assert str(known.due.due_strict_on.day) in found.promise

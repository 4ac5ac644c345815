"""Whatever the story, the docket says of what is open what deadlines decides by, and each limit can be explained."""

from __future__ import annotations

import datetime as dt
from itertools import chain

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.deadlines.core.test_story import END, Heard, stories
from tests.deadlines.docket.book import make

from clic_chassis.scenario import recorded
from clic_contracts.envelope import Recorded
from clic_contracts.event import RequestAssigned, RequestRouted
from clic_contracts.town import Town
from clic_contracts.vocabulary import Language
from clic_deadlines.core.docket import Entry, Open, fold
from clic_deadlines.core.explain import explain
from clic_deadlines.core.obligation import Obligation
from clic_deadlines.core.standard import Rules


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


@given(story=stories(in_order=True), waits=st.data())
@settings(max_examples=150, deadline=None)
def test_the_docket_holds_what_is_open_as_it_stands(
    rules: Rules, story: tuple[Recorded, ...], waits: st.DataObject
) -> None:
    """POL-29, POL-32: facts come one by one, time passes between, and departments and people change beside."""
    heard = Heard(rules)
    for length in range(1, len(story) + 1):
        heard.hear(story[:length])
        until = story[length].occurred_at if length < len(story) else END
        if waits.draw(st.booleans()):
            heard.wait(story[:length], min(until, story[length - 1].occurred_at + dt.timedelta(days=40)))
        beside = [make(RequestRouted, department="voirie"), make(RequestAssigned, to="agent:camille.exemple")]
        facts = (story[0], *own_of(heard), *(recorded(each) for each in beside))
        entry = fold(None, facts, lambda _: None)
        assert isinstance(entry, Entry)
        open_now = {each: known for each, known in heard.own.by_id.items() if known.is_open}
        assert {each: said(known) for each, known in entry.open.items()} == {
            each: decided(known) for each, known in open_now.items()
        }
        assert (entry.department, entry.assignee) == ("voirie", "agent:camille.exemple")


@given(story=stories(in_order=True))
@settings(max_examples=40, deadline=None)
def test_each_limit_of_any_story_can_be_explained(town: Town, rules: Rules, story: tuple[Recorded, ...]) -> None:
    """In both languages, at its beginning and long after, with the dates that hold."""
    heard = Heard(rules)
    heard.hear(story)
    heard.wait(story, END)
    own = own_of(heard)
    for obligation_id, known in heard.own.by_id.items():
        for language in Language:
            for now in (known.terms.starts_at, END):
                found = explain(obligation_id, own, story, town, language, now)
                assert found is not None
                assert not set("{}_") & set(found.text), found.text
                assert str(known.due.due_strict_on.day) in found.promise

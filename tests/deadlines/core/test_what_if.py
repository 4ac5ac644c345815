"""Folding the log under other rules: what was beside what would be, by the same fold that deadlines decides by."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.deadlines.core.test_story import END, START, Heard, stories
from tests.deadlines.desk import make

from clic_chassis.decider import Fact
from clic_chassis.error import UnreadableError
from clic_contracts.envelope import RECORDED, Recorded, derive_id, encode_commit
from clic_contracts.event import (
    EVENTS,
    Event,
    ObligationLifted,
    ObligationMet,
    ObligationPaused,
    ObligationRecounted,
    ObligationSet,
    RequestAnswered,
    RequestClosed,
    RequestCompleted,
    RequestIncomplete,
    RequestPromised,
    RequestReceived,
    RequestRefused,
    RequestRouted,
)
from clic_contracts.town import Town
from clic_contracts.vocabulary import WINDOWS, ObligationKind
from clic_deadlines.core.duty import READS, Duty, duties, fold
from clic_deadlines.core.narrow import FACTS, Happening, Told, decode_narrow, type_of
from clic_deadlines.core.standard import Rules
from clic_deadlines.core.what_if import CONFIDENTIAL, Outcome, Question, Sums, WhatIf
from clic_deadlines.core.what_if_count import CountedOwed, CountingRules
from clic_deadlines.core.what_if_row import Row, Side, rows_of, together

REQUEST_ID = derive_id("request", "what-if")
OTHER_ID = derive_id("request", "other")
EVERY_DAY = (dt.date(2026, 1, 1), dt.date(2031, 1, 1))


def asked(town: Town, *, version: str = "town-test", now: dt.datetime = END) -> Question:
    """What is asked of these tests' logs."""
    return Question(town, version, *EVERY_DAY, now)


def commits_of(story: tuple[Recorded, ...], rules: Rules, now: dt.datetime) -> list[tuple[Recorded, ...]]:
    """A log: intake's story, and what deadlines records when it hears it whole and time goes on to an instant."""
    heard = Heard(rules)
    heard.hear(story)
    heard.wait(story, now)
    return [(each,) for each in story] + [told(facts) for facts in heard.commits if facts]


def told(facts: tuple[Fact, ...], town: str = "town-test") -> tuple[Recorded, ...]:
    """Facts as the log has them."""
    return tuple(recorded(each, town) for each in facts)


def recorded(fact: Fact, town: str = "town-test") -> Recorded:
    """A fact as the log has it."""
    return RECORDED[type(fact.event)](
        event_id="event", source=f"/clic/{fact.event.BY}", type=fact.event.TYPE, request_id=REQUEST_ID,
        occurred_at=fact.occurred_at, time_assumed=fact.time_assumed, recorded_at=fact.occurred_at, cause_id="cause",
        actor="rule:test", town=town, data=fact.event,
    )  # fmt: skip


def folded(commits: list[tuple[Recorded, ...]], question: Question, *, request_id: str = REQUEST_ID) -> Sums:
    """The log folded whole."""
    what_if = WhatIf(question, from_start=True)
    for sequence, commit in enumerate(commits, 1):
        what_if.take(sequence, request_id, encode_commit(commit))
    return what_if.sums()


def pairs(sums: Sums) -> Counter[tuple[Outcome, Outcome]]:
    """How many were like this and would be like that, whatever they are."""
    return sum(sums.rows.values(), Counter())


def narrow(story: tuple[Recorded, ...]) -> list[Happening]:
    """A story as a what-if reads it."""
    facts = decode_narrow(1, encode_commit(story))
    return [Happening(each.occurred_at, each.event(), each.assumed) for each in facts if isinstance(each, Told)]


# -- the same as deadlines says ---------------------------------------------------------------------------------------


def said(duty: Duty) -> tuple[object, ...]:
    """An obligation, without how and why."""
    terms = duty.terms
    named = (terms.obligation_id, terms.obligation, terms.starts_at, terms.due_at, terms.due_strict_on, terms.rule)
    how = (terms.calendar_version, terms.within, terms.stops_while_waiting)
    return (*named, *how, duty.assumed, duty.set_at, duty.outcome, duty.pauses)


@given(story=stories(in_order=False))
@settings(max_examples=500)
def test_the_narrow_way_says_what_duties_says(whole_town: Town, story: tuple[Recorded, ...]) -> None:
    """Narrow facts and light terms go through one fold: every limit, outcome and pause is the same."""
    fast = fold(CountedOwed(CountingRules(whole_town)), narrow(story))
    assert [said(each) for each in fast] == [said(each) for each in duties(story, Rules(whole_town))]


@pytest.mark.parametrize("after_hours", [0, 48])
@pytest.mark.parametrize("more", [RequestPromised, RequestAnswered, RequestCompleted, RequestRefused, RequestClosed])
def test_while_the_citizen_is_waited_for_it_says_the_same(town: Town, more: type[Event], after_hours: int) -> None:
    """A pause that still lasts when something else happens, or when something that happened before it is recorded."""
    waits = Fact(make(RequestIncomplete), START + dt.timedelta(hours=1))
    then = Fact(make(more), START + dt.timedelta(hours=after_hours))
    story = told((Fact(make(RequestReceived), START), waits, then))
    fast = fold(CountedOwed(CountingRules(town)), narrow(story))
    assert [said(each) for each in fast] == [said(each) for each in duties(story, Rules(town))]


@given(story=stories(in_order=False), days=st.integers(0, 900))
@settings(max_examples=500)
def test_under_the_rules_that_held_what_would_be_is_what_was(
    whole_town: Town, story: tuple[Recorded, ...], days: int
) -> None:
    """What the log recorded, and how it stands at an instant."""
    now = max([START + dt.timedelta(days=days), *(each.occurred_at for each in story)])
    found = pairs(folded(commits_of(story, Rules(whole_town), now), asked(whole_town, now=now)))
    assert {before for before, after in found if before is not after} == set(), found
    assert found.total() == sum(each.terms.obligation not in WINDOWS for each in duties(story, Rules(whole_town)))


def test_every_event_that_changes_what_is_owed_is_told_to_the_fold() -> None:
    """One that is added to the fold and not here would be left out without a word."""
    assert {type_of(each) for each in FACTS if issubclass(each, Told)} == {each.TYPE for each in READS}
    assert [type_of(each) for each in FACTS if type_of(each) not in {event.TYPE for event in EVENTS}] == []
    assert len(FACTS) == len(EVENTS)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: str(event.TYPE))
def test_every_fact_of_the_catalogue_can_be_read(event: type) -> None:
    commit = (recorded(Fact(make(event), START)),)
    (fact,) = decode_narrow(1, encode_commit(commit))
    assert type_of(type(fact)) == event.TYPE  # type: ignore[attr-defined]  # A type as pytest hands it.


def test_what_is_no_commit_is_told_with_its_position() -> None:
    for body in (b"{}", b"[{", b'[{"type":"request.unheard.v1"}]', b'[{"type":"request.closed.v1","time":"x"}]'):
        with pytest.raises(UnreadableError, match="position 7 of the log"):
            decode_narrow(7, body)


# -- under other rules ------------------------------------------------------------------------------------------------


def days_later(days: float) -> dt.datetime:
    """After the reception."""
    return START + dt.timedelta(days=days)


def story_of(*facts: Fact) -> tuple[Recorded, ...]:
    """Intake's facts."""
    return told(facts)


RECEIVED = Fact(make(RequestReceived), START)
ROUTED = (recorded(Fact(make(RequestRouted, department="voirie"), START)),)


def with_standard(town: Town, **within: int) -> Town:
    """The town with another standard for potholes."""
    changed = town.model_dump(exclude={"version"})
    for subject in changed["subjects"]:
        if subject["code"] == "pothole":
            subject["answer_within"] = within
    return Town.model_validate({**changed, "version": "changed"})


@pytest.mark.parametrize(
    ("answered_after_days", "business_days", "was", "would"),
    [
        (5, 5, "met", "met"),
        (5, 1, "met", "late"),
        (12, 5, "late", "late"),
        (12, 20, "late", "met"),
        (None, 5, "missed", "missed"),
        (None, 400, "missed", "open"),
    ],
)
def test_a_standard_is_tried_on_what_was(
    town: Town, answered_after_days: float | None, business_days: int, was: str, would: str
) -> None:
    """POL-29: a pothole received on a Friday, by a standard of five business days."""
    now = days_later(60)
    answered = () if answered_after_days is None else (Fact(make(RequestAnswered), days_later(answered_after_days)),)
    commits = [ROUTED, *commits_of(story_of(RECEIVED, *answered), Rules(town), now)]
    commits[0], commits[1] = commits[1], commits[0]

    sums = folded(commits, asked(with_standard(town, business_days=business_days), now=now))

    assert sums.rows["voirie", "pothole", ObligationKind.ANSWER] == {(Outcome(was), Outcome(would)): 1}
    assert sums.requests == 1


def test_a_closing_moves_what_would_be(town: Town) -> None:
    """Without the town's own closings the same answer is late."""
    at = dt.datetime(2026, 12, 22, 15, tzinfo=dt.UTC)
    story = story_of(Fact(make(RequestReceived), at), Fact(make(RequestAnswered), at + dt.timedelta(days=14)))
    open_always = Town.model_validate(
        {**town.model_dump(exclude={"version"}), "calendar": {"version": "always"}, "version": "changed"}
    )
    found = folded(commits_of(story, Rules(town), END), asked(open_always))
    assert found.rows[None, "pothole", ObligationKind.ANSWER] == {(Outcome.MET, Outcome.LATE): 1}


def test_what_stands_still_is_open_and_what_was_lifted_stays_so(town: Town) -> None:
    """Told by the log's own facts."""
    terms = {"obligation_id": "answer-1", "obligation": "answer"}
    paused = Fact(make(ObligationPaused, **terms), START)
    recounted = Fact(make(ObligationRecounted, **terms, due_at=days_later(30).isoformat()), START)
    for facts, was in (
        ((paused,), Outcome.OPEN),
        ((paused, recounted), Outcome.OPEN),
        ((recounted,), Outcome.OPEN),
        ((Fact(make(ObligationLifted, **terms), START),), Outcome.LIFTED),
        ((Fact(make(ObligationMet, **terms, in_time=False), START),), Outcome.LATE),
        ((), Outcome.MISSED),
    ):
        own = told((Fact(make(ObligationSet, **terms), START), *facts))
        found = pairs(folded([story_of(RECEIVED), own], asked(town, now=days_later(20))))
        assert sum(count for (before, _), count in found.items() if before is was) == 1, was


def test_what_other_rules_set_and_an_applied_calendar_moved_is_told_apart(town: Town) -> None:
    """It differs for another reason than the rules that are asked about."""
    terms = {"obligation_id": "answer-1", "obligation": "answer"}
    own = told((Fact(make(ObligationSet, **terms), START),), town="before")
    moved = told((Fact(make(ObligationRecounted, **terms, because="calendar"), START),), town="before")

    found = folded([story_of(RECEIVED), own, moved], asked(town))

    assert found.earlier == {"before": [1, 0]}
    assert found.applied == [1, 0]


# -- what counts ------------------------------------------------------------------------------------------------------


def test_a_request_counts_in_the_period_in_which_it_was_received(town: Town) -> None:
    """By the town's days, both inclusive: 15 May, 23:50 in Toronto is 16 May in Greenwich."""
    late_evening = dt.datetime(2026, 5, 16, 3, 50, tzinfo=dt.UTC)
    commits = commits_of(story_of(Fact(make(RequestReceived), late_evening)), Rules(town), END)
    for first, last, counted in ((14, 14, 0), (15, 15, 1), (16, 16, 0), (1, 31, 1)):
        question = Question(town, "town-test", dt.date(2026, 5, first), dt.date(2026, 5, last), END)
        assert folded(commits, question).requests == counted


def test_of_a_confidential_request_nothing_but_counts_of_its_department_is_told(town: Town) -> None:
    """POL-26."""
    received = make(RequestReceived, kind="access_to_information", subject="claim", confidential=True, written=True)
    commits = commits_of(story_of(Fact(received, START)), Rules(town), END)
    routed = (recorded(Fact(make(RequestRouted, department="greffe"), START)),)

    found = folded([*commits, routed], asked(town))

    assert {(department, subject) for department, subject, _ in found.rows} == {("greffe", CONFIDENTIAL)}
    assert all(kind not in WINDOWS for _, _, kind in found.rows)


def test_contacts_and_learnings_are_no_requests(town: Town) -> None:
    events = [event for event in EVENTS if event.TYPE.startswith(("interaction.", "learning."))]
    assert folded([story_of(Fact(make(event), START)) for event in events], asked(town)) == Sums()


@given(story=stories(in_order=False), cut=st.integers(0, 40))
@settings(max_examples=100)
def test_a_log_that_is_read_in_two_halves_says_the_same(
    whole_town: Town, story: tuple[Recorded, ...], cut: int
) -> None:
    """The later half hands over what it read of requests that were received before."""
    one = commits_of(story, Rules(whole_town), END)
    log = [(request_id, encode_commit(commit)) for commit in one for request_id in (REQUEST_ID, OTHER_ID)]
    whole = WhatIf(asked(whole_town), from_start=True)
    earlier, later = WhatIf(asked(whole_town), from_start=True), WhatIf(asked(whole_town), from_start=False)
    for sequence, (request_id, body) in enumerate(log, 1):
        whole.take(sequence, request_id, body)
        (earlier if sequence <= cut else later).take(sequence, request_id, body)
    for request_id, body in later.strays():
        earlier.take(0, request_id, body)
    halves = earlier.sums()
    halves.add(later.sums())
    assert halves == whole.sums()
    assert whole.sums().requests == len({OTHER_ID, REQUEST_ID})


def test_requests_of_another_period_are_not_handed_over(town: Town) -> None:
    """Received within the later half: nobody asks for them."""
    question = Question(town, "town-test", dt.date(2025, 1, 1), dt.date(2025, 1, 31), END)
    later = WhatIf(question, from_start=False)
    for sequence, commit in enumerate(commits_of(story_of(RECEIVED), Rules(town), END), 1):
        later.take(sequence, REQUEST_ID, encode_commit(commit))
    assert (later.strays(), later.sums()) == ([], Sums())


# -- rows -------------------------------------------------------------------------------------------------------------


def test_rows_come_in_the_towns_order_and_add_up(town: Town) -> None:
    met, late, missed = Outcome.MET, Outcome.LATE, Outcome.MISSED
    answer, acknowledge = ObligationKind.ANSWER, ObligationKind.ACKNOWLEDGE
    sums = Sums(
        rows={
            (None, None, answer): Counter({(Outcome.OPEN, Outcome.OPEN): 1}),
            ("voirie", "gone", answer): Counter({(met, met): 1}),
            ("voirie", CONFIDENTIAL, answer): Counter({(met, met): 1}),
            ("voirie", "water_leak", answer): Counter({(met, late): 2, (missed, met): 1}),
            ("voirie", "pothole", answer): Counter({(Outcome.NONE, late): 3}),
            ("voirie", "pothole", acknowledge): Counter({(met, met): 4, (late, Outcome.LIFTED): 1}),
        }
    )
    rows = rows_of(sums, town)
    assert [(row.department, row.subject, row.obligation) for row in rows] == [
        ("voirie", "pothole", acknowledge),
        ("voirie", "pothole", answer),
        ("voirie", "water_leak", answer),
        ("voirie", "gone", answer),
        ("voirie", CONFIDENTIAL, answer),
        (None, None, answer),
    ]
    assert rows[2] == Row("voirie", "water_leak", answer, Side(met=2, missed=1), Side(met=1, late=2), differ=3)
    assert rows[2].was.on_time == pytest.approx(2 / 3)
    assert together(rows[:2]) == Row(None, None, None, Side(met=4, late=1), Side(met=4, late=3, lifted=1), differ=4)
    assert Side(open=5, lifted=2).on_time is None

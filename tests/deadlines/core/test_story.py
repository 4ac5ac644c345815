"""Whatever the story and however it is heard: the record comes to one end, and each obligation ends in one way."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.deadlines.desk import make

from clic_chassis.decider import Fact
from clic_contracts.envelope import RECORDED, Recorded, request_id_for
from clic_contracts.event import (
    AccessDeemedRefused,
    Event,
    ObligationEscalated,
    ObligationLapsed,
    ObligationLifted,
    ObligationMet,
    ObligationMissed,
    ObligationSet,
    ObligationWarned,
    RequestAcknowledged,
    RequestAdmitted,
    RequestAnswered,
    RequestClosed,
    RequestCompleted,
    RequestExtended,
    RequestHandedBack,
    RequestHandedOver,
    RequestIncomplete,
    RequestMerged,
    RequestNoted,
    RequestPromised,
    RequestReceived,
    RequestRefused,
    RequestReopened,
    RequestVoided,
    ReviewRequested,
    ThirdPartyAnswered,
    ThirdPartyIdentified,
    ThirdPartyNotified,
)
from clic_contracts.lifecycle import may_happen, next_phase
from clic_contracts.town import Town
from clic_contracts.vocabulary import WINDOWS, ObligationKind, Phase
from clic_deadlines.core.alarm import alarms
from clic_deadlines.core.duty import READS, is_backlog
from clic_deadlines.core.obligation import DECIDER, Look, Obligation, Obligations, Reconcile
from clic_deadlines.core.standard import Rules

START = dt.datetime(2026, 5, 15, 20, 20, tzinfo=dt.UTC)
END = START + dt.timedelta(days=900)
LOOKS_MAX = 300
OTHER = "6f9619ff-8b86-5d11-b42d-00cf4fc96400"

CLOSED = make(RequestClosed)
MOVES: tuple[Event, ...] = (
    make(RequestAcknowledged),
    make(RequestIncomplete),
    make(RequestIncomplete),
    make(RequestIncomplete, asked=None),
    make(RequestCompleted),
    make(RequestCompleted),
    make(RequestNoted),
    make(RequestAdmitted),
    make(RequestPromised, due_on="2026-06-12"),
    make(RequestExtended),
    make(RequestExtended, days=3),
    make(RequestHandedOver),
    make(RequestHandedOver, expected_on=None),
    make(RequestHandedBack),
    make(ThirdPartyIdentified),
    make(ThirdPartyNotified),
    make(ThirdPartyAnswered),
    make(ThirdPartyIdentified, third_party_id=OTHER),
    make(ThirdPartyNotified, third_party_id=OTHER),
    make(ThirdPartyAnswered, third_party_id=OTHER),
    make(RequestRefused),
    make(RequestRefused, sent=None),
    make(RequestAnswered),
    make(RequestAnswered, access_outcome="refused", provisions=["A-2.1 art. 53"]),
    make(RequestAnswered, access_outcome="granted"),
    make(ReviewRequested, requested_on="2026-07-01"),
    make(RequestMerged),
    CLOSED,
    make(RequestClosed, reason="withdrawn"),
    make(RequestReopened),
    make(RequestReopened),
    make(RequestVoided),
)
RECEIVED = (
    make(RequestReceived),
    make(RequestReceived, origin="backlog"),
    make(RequestReceived, urgent=True, subject="water_leak"),
    make(RequestReceived, kind="complaint", subject="other"),
    make(RequestReceived, kind="complaint", subject="water_leak"),
    make(RequestReceived, kind="access_to_information", written=True),
    make(RequestReceived, kind="access_to_information", written=True),
    make(RequestReceived, kind="access_to_information", written=False),
)
HOURS = st.one_of(st.integers(0, 2000), st.integers(0, 80).map(lambda days: 24 * days + 8))


@st.composite
def stories(draw: st.DrawFn, *, in_order: bool) -> tuple[Recorded, ...]:
    """A story that the lifecycle allows; with `in_order` things are recorded as they happen, else late now and then."""
    facts: list[tuple[Event, dt.datetime]] = [(draw(st.sampled_from(RECEIVED)), START)]
    moves = draw(st.lists(st.sampled_from(MOVES), max_size=12))
    hours = draw(st.lists(HOURS, min_size=len(moves), max_size=len(moves)))
    phase = Phase.RECEIVED
    for event, after in zip(moves, sorted(hours) if in_order else hours, strict=True):
        is_done_with = event != CLOSED or phase in (Phase.ANSWERED, Phase.REFUSED)  # POL-27
        if may_happen(phase, type(event)) and is_done_with:
            facts.append((event, START + dt.timedelta(hours=after)))
            phase = next_phase(phase, type(event))
    return tuple(_recorded(event, at, index) for index, (event, at) in enumerate(facts))


def _recorded(event: Event, at: dt.datetime, index: int) -> Recorded:
    return RECORDED[type(event)](
        event_id=f"event-{index}", source=f"/clic/{event.BY}", type=event.TYPE,
        request_id=request_id_for("/telephonie", "appel-imaginaire-1"), occurred_at=at, recorded_at=at,
        cause_id=f"cause-{index}", actor="publisher:telephonie", town="town-test", data=event,
    )  # fmt: skip


class Heard:
    """What deadlines comes to record."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.own = Obligations()
        self.facts: list[Fact] = []
        self.commits: list[tuple[Fact, ...]] = []

    def hear(self, story: tuple[Recorded, ...]) -> None:
        """Intake's story, as far as it goes."""
        self._take(DECIDER.decide(Reconcile(story, self.rules), self.own))

    def wait(self, story: tuple[Recorded, ...], now: dt.datetime, *, outage: bool = False) -> None:
        """Time goes on to an instant; after an outage whatever was due is looked at then."""
        for _ in range(LOOKS_MAX):
            wanted = alarms(self.own, self.rules, warns=not is_backlog(story))
            due = sorted((each.at, each.obligation_id) for each in wanted if each.at <= now)
            if not due:
                return
            at, obligation_id = due[0]
            look = Look(Reconcile(story, self.rules), obligation_id, now if outage else at)
            facts = DECIDER.decide(look, self.own)
            assert facts, f"{obligation_id} is to be looked at {at}, and there is nothing to say"
            self._take(facts)
        raise AssertionError("alarms stay due")

    def _take(self, facts: tuple[Fact, ...]) -> None:
        recorded = (_recorded(fact.event, fact.occurred_at, index) for index, fact in enumerate(facts))
        self.own = DECIDER.fold(recorded, self.own)
        self.facts += facts
        self.commits.append(facts)


def ends(own: Obligations) -> dict[str, tuple[object, ...]]:
    """How each obligation stands, but for what time alone brought."""
    return {
        obligation_id: (each.terms, each.due, each.paused_since, each.met, each.lifted, each.lapsed)
        for obligation_id, each in own.by_id.items()
    }


# -- however it is heard ----------------------------------------------------------------------------------------------


@given(story=stories(in_order=False), cuts=st.lists(st.integers(1, 13), max_size=6))
@settings(max_examples=200)
def test_a_story_that_is_heard_bit_by_bit_ends_as_one_that_is_heard_whole(
    whole_town: Town, story: tuple[Recorded, ...], cuts: list[int]
) -> None:
    """Also where facts are recorded late, and whatever is heard twice."""
    rules = Rules(whole_town)
    bits, at_once = Heard(rules), Heard(rules)
    for cut in [*sorted(cuts), len(story), len(story)]:
        bits.hear(story[:cut])
    at_once.hear(story)
    assert dict(at_once.own.by_id) == dict(bits.own.by_id)
    assert alarms(at_once.own, rules, warns=True) == alarms(bits.own, rules, warns=True)


@given(story=stories(in_order=True), data=st.data())
@settings(max_examples=200)
def test_time_that_goes_on_meanwhile_changes_nothing_but_what_time_brings(
    whole_town: Town, story: tuple[Recorded, ...], data: st.DataObject
) -> None:
    """Looked at as it happens, after outages, or once at the end: the same ends."""
    rules = Rules(whole_town)
    live, late = Heard(rules), Heard(rules)
    for cut, (before, after) in enumerate(pairwise([*(each.occurred_at for each in story), END]), 1):
        live.hear(story[:cut])
        if before < after:
            # A fact at the very instant of a limit is heard before its timer fires.
            live.wait(story[:cut], after - dt.timedelta(microseconds=1), outage=data.draw(st.booleans()))
    live.wait(story, END)
    late.hear(story)
    late.wait(story, END)
    assert ends(late.own) == ends(live.own)


@given(story=stories(in_order=False), data=st.data())
@settings(max_examples=200)
def test_however_time_and_late_facts_fall_every_obligation_ends_once_and_is_told_in_order(
    whole_town: Town, story: tuple[Recorded, ...], data: st.DataObject
) -> None:
    """One end each; warned, missed and each step once per limit, none before the one below; windows lapse alone."""
    rules = Rules(whole_town)
    heard = Heard(rules)
    now = START
    for cut in range(1, len(story) + 1):
        heard.hear(story[:cut])
        now += dt.timedelta(days=data.draw(st.integers(0, 40)))
        heard.wait(story[:cut], now, outage=data.draw(st.booleans()))
    heard.wait(story, END)
    once: Counter[tuple[object, ...]] = Counter()
    for fact in heard.facts:
        match fact.event:
            case ObligationWarned() | ObligationMissed():
                once[fact.event.TYPE, fact.event.obligation_id, fact.event.due_at] += 1
            case ObligationEscalated():
                once[fact.event.TYPE, fact.event.obligation_id, fact.event.due_at, fact.event.step] += 1
            case ObligationSet() | ObligationLapsed() | ObligationLifted() | AccessDeemedRefused():
                once[fact.event.TYPE, fact.event.obligation_id] += 1
    assert set(once.values()) <= {1}
    for obligation_id, each in heard.own.by_id.items():
        facts = [fact.event for fact in heard.facts if getattr(fact.event, "obligation_id", None) == obligation_id]
        assert_ended_once(each, facts, backlog=is_backlog(story))
        assert_goes_up_in_order(facts)


def assert_ended_once(each: Obligation, facts: list[Event], *, backlog: bool) -> None:
    """Open, or met, or lifted, or lapsed."""
    assert sum(end is not None for end in (each.met, each.lifted, each.lapsed)) + each.is_open == 1
    about = {type(fact) for fact in facts}
    if each.terms.obligation in WINDOWS:
        assert not about & {ObligationMissed, ObligationEscalated}
        assert each.terms.obligation is ObligationKind.CITIZEN_REPLY or ObligationWarned not in about
        assert not each.is_open  # Long after, every window is over.
    else:
        assert ObligationLapsed not in about
        assert each.missed_at is not None or not each.is_open or each.paused_since is not None
    if backlog:
        assert not about & {ObligationWarned, ObligationEscalated}
    if each.met is not None:
        assert each.met.in_time == (each.met.met_at < each.due.due_at)
    assert (each.terms.obligation is ObligationKind.DECIDE_ACCESS) or not each.deemed_refused
    assert AccessDeemedRefused not in about or each.deemed_refused


def assert_goes_up_in_order(facts: Iterable[Event]) -> None:
    """Missed first, then step after step, of each limit."""
    reached: dict[dt.datetime, int] = {}
    for fact in facts:
        match fact:
            case ObligationWarned(due_at=due_at):
                assert due_at not in reached
            case ObligationMissed(due_at=due_at):
                reached[due_at] = 0
            case ObligationEscalated(due_at=due_at, step=step):
                assert reached[due_at] == step - 1
                reached[due_at] = step


@given(story=stories(in_order=False), data=st.data())
@settings(max_examples=150)
def test_what_was_done_in_time_is_never_called_late_once_it_is_known(
    whole_town: Town, story: tuple[Recorded, ...], data: st.DataObject
) -> None:
    """POL-29: heard first, looked at after, however late that is."""
    rules = Rules(whole_town)
    heard = Heard(rules)
    heard.hear(story)
    heard.wait(story, END, outage=data.draw(st.booleans()))
    for each in heard.own.by_id.values():
        if each.met is not None:
            assert each.missed_at is None
            assert each.escalated_to is None


def test_every_event_that_changes_what_is_owed_is_read() -> None:
    """A commit without any of these is skipped undecided: none may be missing that the moves above hold."""
    silent = {RequestNoted}
    assert {type(move) for move in (*MOVES, *RECEIVED)} - silent == set(READS)
    assert ObligationMet.BY not in {event.BY for event in READS}

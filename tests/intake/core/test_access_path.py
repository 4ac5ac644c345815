"""The path as deadlines' own decider moves it: limits by the law's vectors, silence that holds, or does not."""

from __future__ import annotations

import datetime as dt

import pytest
from tests.deadlines.conftest import rules as rules
from tests.deadlines.conftest import tell as tell
from tests.deadlines.desk import ACCESS, Desk, Tell, make
from tests.intake.core.story import TORONTO

from clic_chassis.scenario import recorded
from clic_contracts.event import (
    Event,
    RequestAnswered,
    RequestClosed,
    RequestExtended,
    RequestReceived,
    ThirdPartyAnswered,
    ThirdPartyIdentified,
    ThirdPartyNotified,
)
from clic_deadlines.core.standard import Rules
from clic_intake.core.access_path import AccessPath, path_of
from clic_intake.core.access_register import Line, Outcome, line_of

# Received on 17 March 2026: day 20 is Easter Monday, the limit Tuesday 7 April.
WRITTEN = (make(RequestReceived, kind="access_to_information", subject=None, written=True), ACCESS[1])
REFUSED = make(RequestAnswered, access_outcome="refused", provisions=["art. 53"])
Told = tuple[Event, str]


@pytest.fixture
def desk(rules: Rules, tell: Tell) -> Desk:
    """Deadlines, of a request that is told."""
    return Desk(rules, tell)


def path(desk: Desk, *story: Told) -> AccessPath:
    """Intake's story, and what deadlines made of it so far."""
    own = (recorded(fact.event, at=fact.occurred_at) for fact in desk.facts)
    return path_of((*desk.tell(*story), *own))


def line(desk: Desk, *story: Told) -> Line:
    found = line_of(path(desk, *story), TORONTO)
    assert found is not None
    return found


def test_the_limit_that_stands_is_the_newest(desk: Desk) -> None:
    """A-2.1 art. 47, 49: by law, extended, and after a third party was heard."""
    desk.hears(WRITTEN)
    first = path(desk, WRITTEN).decide
    extended = (make(RequestExtended), "2026-04-01T09:00")
    desk.hears(WRITTEN, extended)
    second = path(desk, WRITTEN, extended).decide
    parties = (
        (make(ThirdPartyIdentified), "2026-03-30T09:00"),
        (make(ThirdPartyNotified), "2026-03-31T09:00"),
        (make(ThirdPartyAnswered), "2026-04-10T09:00"),
    )
    desk.hears(WRITTEN, parties[0], parties[1], extended, parties[2])
    third = path(desk, WRITTEN, *parties[:2], extended, parties[2])

    found = [(each.rule, each.due_strict_on.isoformat()) for each in (first, second, third.decide) if each]
    assert found == [
        ("access_law", "2026-04-07"),
        ("access_extended", "2026-04-16"),
        ("access_third_party", "2026-04-25"),
    ]
    assert [each.answered_at is not None for each in third.third_parties] == [True]


def test_silence_opens_review_and_stands_in_the_register(desk: Desk) -> None:
    """A-2.1 art. 52, 135."""
    desk.waits_until("2026-04-10T00:00", WRITTEN)
    found = path(desk, WRITTEN)

    assert found.deemed_refused_at == dt.datetime(2026, 4, 8, tzinfo=TORONTO)
    assert found.review_window is not None
    assert (found.review_window.is_open, found.review_window.due_strict_on) == (True, dt.date(2026, 5, 7))
    assert line(desk, WRITTEN).outcome is Outcome.DEEMED_REFUSED


@pytest.mark.parametrize(
    ("later", "outcome", "deemed"),
    [
        ((REFUSED, "2026-04-07T16:00"), Outcome.REFUSED, False),
        ((REFUSED, "2026-04-09T16:00"), Outcome.REFUSED, True),
        ((make(RequestExtended), "2026-04-01T09:00"), Outcome.PENDING, False),
        ((make(RequestClosed, reason="withdrawn"), "2026-04-09T10:00"), Outcome.WITHDRAWN, True),
    ],
)
def test_what_is_heard_of_after_the_silence_says_whether_it_was_one(
    desk: Desk, later: Told, outcome: Outcome, *, deemed: bool
) -> None:
    """A-2.1 art. 47, 52: a decision or an extension in time that is recorded late undoes it, nothing else does."""
    desk.waits_until("2026-04-10T00:00", WRITTEN)
    desk.hears(WRITTEN, later)
    found = line(desk, WRITTEN, later)

    assert (found.outcome, found.deemed_refused) == (outcome, deemed)


def test_a_review_window_that_nobody_used_has_lapsed(desk: Desk) -> None:
    """A-2.1 art. 135."""
    decided = (REFUSED, "2026-03-30T10:00")
    desk.waits_until("2026-06-01T00:00", WRITTEN, decided)
    window = path(desk, WRITTEN, decided).review_window

    assert window is not None
    assert (window.lapsed, window.is_open) == (True, False)

"""How obligations stand."""

from __future__ import annotations

import pytest
from tests.deadlines.desk import ANSWERED, POTHOLE_DUE, RECEIVED, Desk, make

from clic_contracts.event import Event, RequestClosed, RequestIncomplete
from clic_deadlines.core.obligation import State

ASKED = (make(RequestIncomplete), "2026-05-20T10:00")
WITHDRAWN = (make(RequestClosed, reason="withdrawn"), "2026-05-19T09:00")


@pytest.mark.parametrize(
    ("story", "now", "state"),
    [
        ([], "2026-05-20T09:00", State.RUNNING),
        ([], "2026-05-25T09:00", State.AT_RISK),
        ([], POTHOLE_DUE, State.MISSED),
        ([ASKED], POTHOLE_DUE, State.PAUSED),
        ([(ANSWERED, "2026-05-20T09:00")], POTHOLE_DUE, State.MET),
        ([(ANSWERED, "2026-05-27T09:00")], "2026-06-01T09:00", State.MET_LATE),
        ([WITHDRAWN], POTHOLE_DUE, State.LIFTED),
    ],
)
def test_an_answer_stands_in_one_state(desk: Desk, story: list[tuple[Event, str]], now: str, state: State) -> None:
    """POL-29."""
    desk.waits_until(now, RECEIVED, *story)
    assert state is desk.state("answer-1", now)


def test_a_limit_that_has_passed_is_late_before_anybody_said_so(desk: Desk) -> None:
    """POL-29: a service that was away says nothing, and the list is right."""
    desk.hears(RECEIVED)
    assert desk.state("answer-1", POTHOLE_DUE) is State.MISSED


def test_a_window_that_is_over_has_lapsed_before_anybody_said_so(whole: Desk) -> None:
    """It is never late."""
    whole.hears(RECEIVED, ASKED)
    assert whole.state("citizen_reply-1", "2026-06-17T00:00") is State.RUNNING
    assert whole.state("citizen_reply-1", "2026-06-18T00:00") is State.LAPSED
    assert whole.waits_until("2026-06-18T00:00", RECEIVED, ASKED)["citizen_reply-1"] == "lapsed"
    assert whole.state("citizen_reply-1", "2026-06-18T00:00") is State.LAPSED


def test_a_citizen_who_is_reminded_leaves_nothing_at_risk(whole: Desk) -> None:
    """POL-06: it is their time; the town's own delay stands still meanwhile."""
    assert whole.waits_until("2026-06-04T00:00", RECEIVED, ASKED)["citizen_reply-1"] == "warned"
    assert whole.state("citizen_reply-1", "2026-06-04T00:00") is State.RUNNING

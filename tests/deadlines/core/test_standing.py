"""How obligations stand, and how many were kept in time."""

from __future__ import annotations

import pytest
from tests.deadlines.desk import ACKNOWLEDGED, ANSWERED, POTHOLE_DUE, RECEIVED, Desk, at, make

from clic_contracts.event import Event, RequestClosed, RequestCompleted, RequestIncomplete
from clic_deadlines.core.obligation import OnTime, State, on_time

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


def test_open_overdue_ones_count_as_late_and_windows_lifted_and_running_ones_not_at_all(whole: Desk) -> None:
    """POL-29."""
    acknowledged = (ACKNOWLEDGED, "2026-05-19T09:00")
    whole.hears(RECEIVED, acknowledged, ASKED)
    kept = list(whole.own.by_id.values())
    assert OnTime(1, 0) == on_time(kept, at("2026-05-22T00:00")) == on_time(kept, at("2027-01-01T00:00"))
    whole.hears(RECEIVED, acknowledged, ASKED, (make(RequestCompleted), "2026-05-21T10:00"))
    assert whole.standing["citizen_reply-1"] == "kept"
    assert OnTime(1, 0) == on_time(whole.own.by_id.values(), at("2026-05-22T00:00"))
    other = Desk(whole.rules, whole.tell)
    other.hears(RECEIVED)
    late = list(other.own.by_id.values())
    assert OnTime(0, 1) == on_time(late, at("2026-05-22T00:00"))
    assert on_time([*kept, *late], at(POTHOLE_DUE)).rate == pytest.approx(1 / 3)
    lifted = Desk(whole.rules, whole.tell)
    lifted.hears(RECEIVED, WITHDRAWN)
    assert on_time(lifted.own.by_id.values(), at("2027-01-01T00:00")).rate is None

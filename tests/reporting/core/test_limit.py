"""The fold: limits that move or stand still, the time of others, escalations and the steps of an access request."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from tests.reporting.core.test_fold import NOON, RECEIVED, R, commits, folded, hours, owed
from tests.reporting.history import fact

from clic_chassis.error import UnreadableError
from clic_contracts.envelope import Recorded
from clic_contracts.event import (
    AccessClassified,
    AccessDeemedRefused,
    Event,
    ObligationEscalated,
    ObligationLapsed,
    ObligationMet,
    ObligationMissed,
    ObligationPaused,
    ObligationRecounted,
    ObligationSet,
    ObligationWarned,
    RequestAnswered,
    RequestHandedOver,
    RequestReceived,
    ThirdPartyAnswered,
)
from clic_contracts.vocabulary import WINDOWS, ObligationKind, Phase
from clic_reporting.core.fold import fold
from clic_reporting.core.obligation import OWED_BY


def limit(kind: type[Event], at: dt.datetime, n: int = 0, **changes: Any) -> Recorded:
    """Something that happened to the limit of the answer."""
    return fact(kind, R, at, n=n, **{"obligation_id": "answer-1", "obligation": "answer", **changes})


def test_an_obligation_keeps_each_limit_that_it_had_and_whether_it_stood_still() -> None:
    """POL-29: missed, until it is known that it stood still; another calendar moves it meanwhile; it is due later."""
    rows = folded(
        RECEIVED,
        owed(),  # 2
        limit(ObligationWarned, hours(12), due_at=hours(24)),  # 3
        limit(ObligationMissed, hours(24), due_at=hours(24)),  # 4
        limit(ObligationPaused, hours(20)),  # 5
        limit(ObligationPaused, hours(20), 1),  # Said twice.
        limit(ObligationRecounted, hours(40), 2, because="calendar", due_at=hours(48)),  # 7
        limit(ObligationRecounted, hours(41), 3, because="resumed", due_at=hours(72)),  # 8
        limit(ObligationRecounted, hours(41), 4, because="later_known", due_at=hours(72)),  # The same again.
        limit(ObligationMissed, hours(48), 5, due_at=hours(48)),  # Of a limit that stands no more.
        limit(ObligationWarned, hours(60), 6, due_at=hours(72)),  # 11
    )

    row = rows.obligations["answer-1"]
    assert (row.due_at, row.limit_sequence, row.paused_since, row.state) == (hours(72), 8, None, "open")
    assert (row.warned_sequence, row.missed_sequence, rows.last_sequence) == (11, None, 11)
    told = [
        (
            each.limit_sequence, each.until_sequence, each.due_at, each.paused_since, each.warned_sequence,
            each.missed_sequence,
        )
        for each in rows.limits
    ]  # fmt: skip
    assert told == [
        (2, 5, hours(24), None, 3, 4), (5, 7, hours(24), hours(20), 3, 4), (7, 8, hours(48), hours(20), None, None),
    ]  # fmt: skip


def test_a_limit_that_comes_back_was_missed_already() -> None:
    """POL-29: what was said of a limit is said once, however often it moves."""
    rows = folded(
        RECEIVED,
        owed(),
        limit(ObligationMissed, hours(24), due_at=hours(24)),
        limit(ObligationRecounted, hours(30), because="later_known", due_at=hours(48)),
        limit(ObligationRecounted, hours(31), 1, because="later_known", due_at=hours(24)),
    )

    row = rows.obligations["answer-1"]
    assert (row.state, row.missed_sequence, row.limit_sequence) == ("missed", 3, 5)


def test_a_pause_that_is_known_later_takes_a_miss_back_as_long_as_it_lasts() -> None:
    """POL-29: what stands still is not late; a pause that began and ended on one day moves nothing."""
    missed = limit(ObligationMissed, hours(24), due_at=hours(24))
    paused = limit(ObligationPaused, hours(20))
    resumed = limit(ObligationRecounted, hours(22), because="resumed", due_at=hours(24))

    assert folded(RECEIVED, owed(), missed, paused).obligations["answer-1"].state == "open"
    assert folded(RECEIVED, owed(), missed, paused, resumed).obligations["answer-1"].state == "missed"


def test_the_time_of_others_lapses_and_says_whose_it_is() -> None:
    """POL-29: used after all, it did not lapse."""
    window: dict[str, Any] = {"obligation_id": "review_window-1", "obligation": "review_window"}
    opened = fact(ObligationSet, R, NOON, **window, starts_at=hours(0), due_at=hours(24), warn_at=hours(24))
    lapsed = fact(ObligationLapsed, R, hours(24), **window, due_at=hours(24))
    used = fact(ObligationMet, R, hours(30), **window, met_at=hours(3))

    row = folded(RECEIVED, opened, lapsed).obligations["review_window-1"]
    assert (row.owed_by, row.state, row.lapsed_sequence) == ("citizen", "lapsed", 3)
    assert folded(RECEIVED, opened, lapsed, used).obligations["review_window-1"].state == "met"
    assert {kind.value for kind, whose in OWED_BY.items() if whose != "town"} == {kind.value for kind in WINDOWS}
    assert set(OWED_BY) == set(ObligationKind)


def test_steps_of_an_access_request_and_escalations_are_added_once_and_of_nothing_else() -> None:
    """POL-20 to POL-26, POL-29: never which third party, nor which provision."""
    steps = [
        fact(AccessClassified, R, hours(1), nature="rectification"),
        fact(ThirdPartyAnswered, R, hours(2), position="objects"),
        fact(RequestAnswered, R, hours(3), access_outcome="partial", provisions=["art. 53", "art. 54"]),
    ]
    asked = fact(RequestReceived, R, NOON, kind="access_to_information")
    escalated = limit(ObligationEscalated, hours(30), due_at=hours(24), step=1, to="head")
    told = fold({}, commits(asked, owed(), *steps, escalated))
    other = fold({}, commits(RECEIVED, *steps[2:]))

    assert told.access == [
        (3, 1, 1, "classified", "rectification", None, hours(1)),
        (4, 1, 1, "third_party_answered", "objects", None, hours(2)),
        (5, 1, 1, "decided", "partial", 2, hours(3)),
    ]
    assert told.escalations == [(6, 1, 1, "answer-1", hours(24), 1, "head", hours(30))]
    assert (other.access, other.escalations) == ([], [])
    for event in (ObligationEscalated, AccessDeemedRefused):
        with pytest.raises(UnreadableError, match="never set"):
            fold({}, commits(asked, fact(event, R, hours(1))))


def test_work_that_was_handed_over_is_in_treatment() -> None:
    """POL-29: by the lifecycle table."""
    assert folded(RECEIVED, fact(RequestHandedOver, R, hours(1))).phase is Phase.IN_TREATMENT

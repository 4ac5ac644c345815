"""What a citizen sees of a story, and what they may do with it."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from clic_contracts.envelope import Recorded, derive_id
from clic_contracts.event import (
    Event,
    ObligationLifted,
    ObligationMissed,
    ObligationSet,
    RequestAcknowledged,
    RequestAnswered,
    RequestClosed,
    RequestIncomplete,
    RequestMerged,
    RequestPromised,
    RequestRated,
    RequestReceived,
    RequestRefused,
    RequestReopened,
    RequestRouted,
    RequestVoided,
)
from clic_intake.core.rule import Rules
from clic_intake.core.tracking import Act, Stage, Tracked, When, allowed, steps, tracked

AT = dt.datetime(2026, 5, 4, 14, tzinfo=dt.UTC)
REQUEST_ID = derive_id("essai", "suivi")
RULES = Rules(ZoneInfo("America/Toronto"), 30)


def story(*said: tuple[type[Event], dict[str, object]]) -> Tracked:
    """What is seen of facts a day apart."""
    return tracked(
        Recorded(
            event_id=f"e{n}",
            source="/clic/intake",
            type=kind.TYPE,
            request_id=REQUEST_ID,
            occurred_at=AT + dt.timedelta(days=n),
            recorded_at=AT + dt.timedelta(days=n),
            cause_id=f"c{n}",
            actor="agent:alex.exemple",
            town="v",
            data=kind.model_validate({**kind.EXAMPLE, **other}),
        )
        for n, (kind, other) in enumerate(said)
    )


def an(event: type[Event], **said: object) -> tuple[type[Event], dict[str, object]]:
    """A fact like its example, with some of it otherwise."""
    return event, said


RECEIVED, ANSWERED, CLOSED = an(RequestReceived), an(RequestAnswered), an(RequestClosed)
ROUTED, OWED = an(RequestRouted), an(ObligationSet, obligation_id="answer-1", obligation="answer")
TODAY = dt.date(2026, 5, 10)


def test_the_steps_tell_what_happened_happens_and_is_to_come() -> None:
    """POL-18."""
    seen = steps(story(RECEIVED, an(RequestAcknowledged), ROUTED))

    assert [(each.stage, each.when) for each in seen] == [
        (Stage.RECEIVED, When.PAST),
        (Stage.ACKNOWLEDGED, When.PAST),
        (Stage.ROUTED, When.PAST),
        (Stage.TREATED, When.NOW),
        (Stage.ANSWERED, When.TO_COME),
        (Stage.CLOSED, When.TO_COME),
    ]


@pytest.mark.parametrize(
    ("facts", "last"),
    [
        ([ANSWERED], [Stage.ANSWERED, Stage.CLOSED]),
        ([ANSWERED, CLOSED], [Stage.ANSWERED, Stage.CLOSED]),
        ([an(RequestIncomplete)], [Stage.WAITING, Stage.ANSWERED, Stage.CLOSED]),
        ([an(RequestRefused)], [Stage.REFUSED]),
        ([an(RequestRefused), an(RequestClosed, reason="refused")], [Stage.REFUSED]),
        ([an(RequestClosed, reason="withdrawn")], [Stage.WITHDRAWN]),
        ([an(RequestMerged), an(RequestClosed, reason="merged")], [Stage.MERGED]),
        ([an(RequestVoided)], [Stage.VOIDED]),
        ([ANSWERED, CLOSED, an(RequestReopened)], [Stage.REOPENED, Stage.TREATED, Stage.ANSWERED, Stage.CLOSED]),
    ],
)
def test_every_way_a_request_can_go_has_its_steps(facts: list[object], last: list[Stage]) -> None:
    """POL-18, POL-27."""
    seen = steps(story(RECEIVED, *facts))  # type: ignore[arg-type]  # As `an` gives them.

    assert [each.stage for each in seen][1:] == last


def test_a_date_that_was_agreed_comes_before_the_standard() -> None:
    """POL-19: whichever is earlier; the acknowledgement's limit is none of the answer's."""
    acknowledge = an(
        ObligationSet, obligation_id="acknowledge-1", obligation="acknowledge", due_prudent_on="2026-05-05"
    )
    promise = an(ObligationSet, obligation_id="promise-1", obligation="promise", due_prudent_on="2026-06-30")
    standard = an(ObligationSet, obligation_id="answer-1", obligation="answer", due_prudent_on="2026-05-19")

    assert story(RECEIVED, acknowledge).due_on is None
    assert story(RECEIVED, acknowledge, standard).due_on == dt.date(2026, 5, 19)
    assert story(RECEIVED, standard, an(RequestPromised), promise).due_on == dt.date(2026, 6, 30)
    assert story(RECEIVED, standard, an(ObligationLifted, obligation_id="answer-1")).due_on is None
    assert story(RECEIVED, standard, ANSWERED).due_on is None


def test_what_is_late_is_said_to_be() -> None:
    """POL-29."""
    assert not story(RECEIVED, OWED).is_late
    assert story(RECEIVED, OWED, an(ObligationMissed, obligation_id="answer-1", obligation="answer")).is_late


@pytest.mark.parametrize(
    ("facts", "acts"),
    [
        ([], {Act.ADD, Act.WITHDRAW}),
        ([an(RequestIncomplete)], {Act.ADD, Act.WITHDRAW, Act.COMPLETE}),
        ([ANSWERED], {Act.ADD}),
        ([ANSWERED, CLOSED], {Act.REOPEN, Act.RATE}),
        ([ANSWERED, CLOSED, an(RequestRated)], {Act.REOPEN}),
        ([ANSWERED, CLOSED, an(RequestRated), an(RequestReopened), ANSWERED, CLOSED], {Act.REOPEN, Act.RATE}),
        ([an(RequestClosed, reason="withdrawn")], {Act.REOPEN}),
        ([an(RequestMerged), an(RequestClosed, reason="merged")], set()),
        ([an(RequestVoided)], set()),
    ],
)
def test_what_a_citizen_may_do_follows_from_how_it_stands(facts: list[object], acts: set[Act]) -> None:
    """POL-06, POL-27, POL-39."""
    assert allowed(story(RECEIVED, *facts), RULES, TODAY) == acts  # type: ignore[arg-type]  # As `an` gives them.


def test_a_request_is_reopened_within_the_town_s_days_and_not_after() -> None:
    """POL-39: closed on May 6, 30 days, the last one included."""
    seen = story(RECEIVED, ANSWERED, CLOSED)

    assert Act.REOPEN in allowed(seen, RULES, dt.date(2026, 6, 5))
    assert Act.REOPEN not in allowed(seen, RULES, dt.date(2026, 6, 6))

"""How long personal data is kept, by the facts of a request. Source: A-2.1 art. 73."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clic_contracts.envelope import RECORDED, Recorded, derive_id
from clic_contracts.event import (
    Delivery,
    Event,
    InteractionRecorded,
    RequestAnswered,
    RequestClosed,
    RequestNoted,
    RequestReceived,
    RequestRefused,
    RequestReopened,
    RequestVoided,
)
from clic_contracts.vocabulary import Channel, ClosingReason, DeliveryProof, Kind
from clic_intake.core.retention import keeping

ZONE = ZoneInfo("America/Toronto")
MONTHS = dict.fromkeys(Kind, 12) | {Kind.COMPLAINT: 60}
TODAY = dt.date(2026, 5, 15)
TOLD = Delivery(channel=Channel.PHONE, proof=DeliveryProof.AGENT)
RECEIVED = RequestReceived.model_validate(RequestReceived.EXAMPLE | {"kind": "complaint", "confidential": False})
ANSWERED = RequestAnswered(delivery=TOLD)
CLOSED = RequestClosed(reason=ClosingReason.ANSWERED)


def at(day: dt.date, hour: int = 12) -> dt.datetime:
    return dt.datetime(day.year, day.month, day.day, hour, tzinfo=ZONE)


def told(*facts: tuple[Event, dt.datetime]) -> tuple[Recorded, ...]:
    return tuple(
        RECORDED[type(fact)](
            type=fact.TYPE,
            event_id=derive_id("essai", str(n)),
            source="/clic/intake",
            request_id=derive_id("essai"),
            occurred_at=when,
            time_assumed=False,
            recorded_at=when,
            cause_id=str(n),
            actor="agent:alex.exemple",
            town="town-test",
            data=fact,
        )
        for n, (fact, when) in enumerate(facts)
    )


def test_what_was_closed_is_kept_for_its_kinds_months_from_the_day_it_was_closed() -> None:
    """A-2.1 art. 73."""
    closed = at(dt.date(2021, 5, 15), 23)
    story = told((RECEIVED, at(dt.date(2021, 5, 1))), (ANSWERED, closed), (CLOSED, closed))
    kept = keeping(story, MONTHS, TODAY, ZONE)
    assert (kept.kind, kept.since, kept.until) == (Kind.COMPLAINT, dt.date(2021, 5, 15), TODAY)
    assert kept.is_due(TODAY)
    assert not kept.is_due(TODAY - dt.timedelta(days=1))


@given(st.integers(0, 40_000))
def test_nothing_goes_while_a_request_is_pending_however_old_it_is(days: int) -> None:
    """A-2.1 art. 73: its purpose is not accomplished."""
    long_ago = at(TODAY) - dt.timedelta(days=days)
    pending = told(
        (RECEIVED, long_ago), (ANSWERED, long_ago), (CLOSED, long_ago), (RequestReopened(reason="new_facts"), long_ago)
    )
    assert not keeping(told((RECEIVED, long_ago)), MONTHS, TODAY, ZONE).is_due(TODAY)
    assert not keeping(pending, MONTHS, TODAY, ZONE).is_due(TODAY)


def test_reopening_begins_the_delay_anew_and_a_later_note_does_not() -> None:
    old, new = at(dt.date(2020, 1, 1)), at(dt.date(2025, 1, 31))
    story = told(
        (RECEIVED, old), (ANSWERED, old), (CLOSED, old), (RequestReopened(reason="new_facts"), new),
        (ANSWERED, new), (CLOSED, new), (RequestNoted(), at(dt.date(2026, 1, 1))),
    )  # fmt: skip
    assert keeping(story, MONTHS, TODAY, ZONE).until == dt.date(2030, 1, 31)


@pytest.mark.parametrize("outcome", [RequestRefused(criterion="unfounded"), RequestVoided(reason="entered_twice")])
def test_a_refusal_and_a_voided_record_are_outcomes_too(outcome: Event) -> None:
    day = at(dt.date(2020, 2, 29))
    assert keeping(told((RECEIVED, day), (outcome, day)), MONTHS, TODAY, ZONE).until == dt.date(2025, 2, 28)


def test_a_contact_without_a_request_is_kept_as_a_request_is() -> None:
    contact = InteractionRecorded.model_validate(InteractionRecorded.EXAMPLE)
    kept = keeping(told((contact, at(dt.date(2025, 3, 31)))), MONTHS, TODAY, ZONE)
    assert (kept.pending, kept.until) == (False, dt.date(2026, 3, 31))


@pytest.mark.parametrize(
    ("closed", "months", "until"),
    [
        (dt.date(2024, 1, 31), 1, dt.date(2024, 2, 29)),
        (dt.date(2024, 11, 30), 3, dt.date(2025, 2, 28)),
        (dt.date(2024, 12, 31), 12, dt.date(2025, 12, 31)),
        (dt.date(2024, 12, 31), 1200, dt.date(2124, 12, 31)),
    ],
)
def test_months_end_on_the_same_day_or_on_their_months_last(closed: dt.date, months: int, until: dt.date) -> None:
    story = told((RECEIVED, at(closed)), (ANSWERED, at(closed)), (CLOSED, at(closed)))
    assert keeping(story, {Kind.COMPLAINT: months}, TODAY, ZONE).until == until

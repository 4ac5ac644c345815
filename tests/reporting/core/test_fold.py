"""The fold: what facts mean for the rows of a request, without a server."""

from __future__ import annotations

import datetime as dt
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reporting.history import fact, history

from clic_chassis.error import UnreadableError
from clic_contracts.envelope import Recorded, derive_id, encode_commit
from clic_contracts.event import (
    ObligationMet,
    RequestClosed,
    RequestReceived,
    RequestRefused,
    RequestReopened,
    RequestRouted,
    RequestVoided,
)
from clic_reporting.core.fact import NarrowCommit, decode_narrow
from clic_reporting.core.fold import fold, needed
from clic_reporting.core.row import RequestRows

R = derive_id("r", "1")
NOON = dt.datetime(2024, 2, 1, 17, tzinfo=dt.UTC)


def hours(count: int) -> dt.datetime:
    """An instant so many hours after the reception, or before it."""
    return NOON + dt.timedelta(hours=count)


def commits(*facts: Recorded) -> list[NarrowCommit]:
    """Each fact a commit of its own, as reporting reads it."""
    return [decode_narrow(each.request_id, n, encode_commit([each])) for n, each in enumerate(facts, 1)]


def town(seed: int, stories: int) -> list[NarrowCommit]:
    """A history as reporting reads it."""
    return [
        decode_narrow(each.request_id, each.sequence, encode_commit(each.events))
        for each in history(Random(seed), stories)
    ]


def folded(*facts: Recorded) -> RequestRows:
    """The rows of the one request that facts are about."""
    (rows,) = fold({}, commits(*facts)).requests.values()
    return rows


RECEIVED = fact(RequestReceived, R, NOON)


@given(seed=st.integers(0, 2**32))
def test_a_request_is_pending_or_not_at_every_instant_of_any_history(seed: int) -> None:
    """POL-32: what was received, less what was treated, more what was reopened until an instant, is 0 or 1."""
    known: dict[str, RequestRows] = {}
    fold(known, town(seed, 12))

    for rows in known.values():
        moves = [(rows.received_at, 1)]
        for treatment in rows.treatments:
            moves.append((treatment.treated_at, -1))
            if treatment.reopened_at is not None:
                moves.append((treatment.reopened_at, 1))
        pending = 0
        for _, change in moves:
            pending += change
            assert pending in (0, 1)
        assert moves == sorted(moves, key=lambda move: move[0])
        assert pending == (rows.status in ("open", "reopened"))


@given(seed=st.integers(0, 2**32), size=st.integers(1, 40))
def test_batches_of_any_size_fold_to_the_same_rows(seed: int, size: int) -> None:
    """A rebuild reads in other batches than the service did."""
    every = town(seed, 10)
    whole: dict[str, RequestRows] = {}
    parts: dict[str, RequestRows] = {}

    fold(whole, every)
    for start in range(0, len(every), size):
        batch = every[start : start + size]
        assert not needed(parts, batch) & parts.keys()
        fold(parts, batch)

    assert whole == parts


def test_what_happened_before_the_reception_by_its_date_is_taken_as_at_the_reception() -> None:
    """POL-32: older records' dates must not treat a request before it was received."""
    rows = folded(RECEIVED, fact(RequestClosed, R, hours(-5)))

    assert [each.treated_at for each in rows.treatments] == [NOON]


@pytest.mark.parametrize(
    ("facts", "status", "how"),
    [
        ([], "open", []),
        ([fact(RequestClosed, R, hours(1))], "closed", ["closed"]),
        ([fact(RequestClosed, R, hours(1), reason="merged")], "closed", ["merged"]),
        ([fact(RequestClosed, R, hours(1), reason="withdrawn")], "withdrawn", ["withdrawn"]),
        ([fact(RequestRefused, R, hours(1))], "refused", ["refused"]),
        (
            [fact(RequestRefused, R, hours(1)), fact(RequestClosed, R, hours(2), reason="refused")],
            "refused",
            ["refused"],
        ),
        ([fact(RequestVoided, R, hours(1))], "voided", ["voided"]),
        ([fact(RequestClosed, R, hours(1)), fact(RequestVoided, R, hours(2))], "voided", ["closed"]),
        ([fact(RequestClosed, R, hours(1)), fact(RequestReopened, R, hours(2))], "reopened", ["closed"]),
        (
            [fact(RequestRefused, R, hours(1)), fact(RequestReopened, R, hours(2)), fact(RequestClosed, R, hours(3))],
            "closed",
            ["refused", "closed"],
        ),
    ],
)
def test_the_status_is_what_the_request_is_now(facts: list[Recorded], status: str, how: list[str]) -> None:
    """POL-32: voided after closing is voided; refused, reopened and answered is closed."""
    rows = folded(RECEIVED, *facts)

    assert (rows.status, [each.how for each in rows.treatments]) == (status, how)


def test_a_routing_after_the_end_counts_only_where_it_is_the_first() -> None:
    """POL-35: an assignment that arrives late is a fact without effect, unless nobody was in charge."""
    closed = fact(RequestClosed, R, hours(1))
    late = fact(RequestRouted, R, hours(2), department="loisirs")

    first = folded(RECEIVED, closed, late)
    second = folded(RECEIVED, fact(RequestRouted, R, hours(0), department="greffe"), closed, late)

    assert (first.department, second.department) == ("loisirs", "greffe")


def test_first_line_is_what_the_last_routing_says() -> None:
    """POL-34: what was given on to a department is no longer CLIC's own."""
    at_clic = fact(RequestRouted, R, hours(0), department="clic", first_line=True)
    given_on = fact(RequestRouted, R, hours(1), n=1, department="loisirs", first_line=False)

    assert folded(RECEIVED, at_clic).first_line
    assert not folded(RECEIVED, at_clic, given_on).first_line


def test_a_fact_about_nothing_is_not_folded() -> None:
    """The projection stands at it, visibly, rather than count what it cannot know."""
    with pytest.raises(UnreadableError, match="never received"):
        fold({}, commits(fact(RequestClosed, R, NOON)))
    with pytest.raises(UnreadableError, match="never set"):
        fold({}, commits(RECEIVED, fact(ObligationMet, R, NOON)))

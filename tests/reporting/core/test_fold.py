"""The fold: what facts mean for the rows of a request, without a server."""

from __future__ import annotations

import datetime as dt
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reporting.history import fact, history

from clic_chassis.error import UnreadableError
from clic_contracts.envelope import Recorded, derive_id, encode_commit
from clic_contracts.event import (
    LearningRecorded,
    ObligationLifted,
    ObligationMet,
    ObligationMissed,
    ObligationSet,
    PersonalDataErased,
    RequestAcknowledged,
    RequestAnswered,
    RequestClosed,
    RequestNoted,
    RequestRated,
    RequestReceived,
    RequestRefused,
    RequestReopened,
    RequestRouted,
    RequestVoided,
)
from clic_reporting.core.fact import EVENT_KEYS
from clic_reporting.core.fold import fold, needed
from clic_reporting.core.narrow import NarrowCommit, decode_narrow
from clic_reporting.core.obligation import UnfoldableError
from clic_reporting.core.row import RequestRows

R = derive_id("r", "1")
OTHER = derive_id("r", "2")
LIFTS = ("withdrawn", "voided")
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


def owed(n: int = 0, **changes: Any) -> Recorded:
    """An obligation to answer, due in a day."""
    starts_at, due_at = hours(0), hours(24)
    return fact(
        ObligationSet, R, NOON, n=n, obligation_id="answer-1", obligation="answer", starts_at=starts_at, due_at=due_at,
        warn_at=starts_at, **changes,
    )  # fmt: skip


def met(at: dt.datetime, n: int = 0, *, assumed: bool = False) -> Recorded:
    """It was kept."""
    return fact(
        ObligationMet, R, at, n=n, obligation_id="answer-1", obligation="answer", met_at=at, in_time=True,
        assumed=assumed,
    )  # fmt: skip


def test_what_was_first_stands_with_the_position_where_it_became_known() -> None:
    """POL-13, POL-27, POL-30, POL-39: said again, it changes nothing; not even when the request last changed."""
    rows = folded(
        RECEIVED,
        fact(RequestAcknowledged, R, hours(1), assumed=True),
        fact(RequestAnswered, R, hours(2)),
        fact(RequestClosed, R, hours(3)),
        fact(RequestRated, R, hours(4), score=2),
        fact(PersonalDataErased, R, hours(5)),
        fact(RequestAcknowledged, R, hours(-9), n=1),
        fact(RequestAnswered, R, hours(-9), n=1),
        fact(RequestRated, R, hours(9), n=1, score=5),
        fact(PersonalDataErased, R, hours(9), n=1),
    )

    assert (rows.acknowledged_at, rows.acknowledged_sequence, rows.acknowledged_assumed) == (hours(1), 2, True)
    assert (rows.answered_at, rows.answered_sequence, rows.answered_assumed) == (hours(2), 3, False)
    assert (rows.rating, rows.rated_sequence) == (2, 5)
    assert (rows.erased_at, rows.erased_sequence) == (hours(5), 6)
    assert (rows.request_key, rows.last_sequence) == (1, 6)


def test_a_rating_counts_only_where_a_citizen_can_give_one() -> None:
    """POL-39: of a request that is open it is a fact without effect, by the lifecycle table."""
    rows = folded(RECEIVED, fact(RequestRated, R, hours(1), score=2))

    assert (rows.rating, rows.last_sequence) == (None, 1)


def test_each_routing_that_took_effect_has_its_row_and_a_transfer_takes_it_from_another_department() -> None:
    """POL-35."""
    rows = folded(
        RECEIVED,
        fact(RequestRouted, R, hours(-1), department="greffe", rule={"code": "archives"}, unusual=True),
        fact(RequestRouted, R, hours(1), n=1, department="greffe", rule=None),
        fact(RequestRouted, R, hours(2), n=2, department="loisirs", rule=None),
    )

    told = [(each.sequence, each.routed_at, each.department, each.rule, each.transfer) for each in rows.routings]
    assert told == [
        (2, NOON, "greffe", "archives", False), (3, hours(1), "greffe", None, False),
        (4, hours(2), "loisirs", None, True),
    ]  # fmt: skip
    assert all(each.unusual for each in rows.routings), "POL-36: given to somebody later it was not foreseen"
    assert rows.assignments == 3


def test_an_outcome_that_is_amended_keeps_what_it_was() -> None:
    """POL-32: a refusal that is closed, and a closed request that is voided, are treated once."""
    rows = folded(
        RECEIVED,
        fact(RequestRefused, R, hours(1), criterion="unfounded"),
        fact(RequestClosed, R, hours(2), reason="refused"),
        fact(RequestVoided, R, hours(3), assumed=True),
    )

    (treatment,) = rows.treatments
    assert (treatment.sequence, treatment.status, treatment.closing_reason) == (2, "refused", None)
    told = [(each.ordinal, each.sequence, each.status, each.closing_reason) for each in rows.amendments]
    assert told == [(1, 3, "refused", "refused"), (1, 4, "voided", "refused")]
    assert (rows.status, rows.criterion, rows.outcome_assumed) == ("voided", "unfounded", True)


def test_an_obligation_that_is_met_again_keeps_what_was_believed_before() -> None:
    """POL-29: kept earlier than was known. The same said again corrects nothing."""
    rows = folded(RECEIVED, owed(), met(hours(30)), met(hours(30), 1), met(hours(3), 2, assumed=True))

    row = rows.obligations["answer-1"]
    assert (row.sequence, row.met_at, row.met_sequence, row.state) == (2, hours(3), 5, "met")
    assert [(each.met_sequence, each.until_sequence, each.met_at, each.met_assumed) for each in rows.corrections] == [
        (3, 5, hours(30), False)
    ]


def test_an_obligation_is_set_missed_and_lifted_once() -> None:
    """A later fact corrects an earlier one: what was met counts as met, though it was found missed."""
    names: dict[str, Any] = {"obligation_id": "answer-1", "obligation": "answer"}
    missed = [fact(ObligationMissed, R, hours(25 + n), n=n, **names, due_at=hours(24)) for n in range(2)]
    lifted = [fact(ObligationLifted, R, hours(40 + n), n=n, **names, reason=why) for n, why in enumerate(LIFTS)]
    rows = folded(RECEIVED, owed(), owed(1, rule={"code": "other"}), *missed, *lifted)

    row = rows.obligations["answer-1"]
    assert (row.rule, row.missed_sequence, row.lifted, row.lifted_sequence) == ("acknowledge", 4, LIFTS[0], 6)
    assert row.state == "lifted"
    assert folded(RECEIVED, owed(), *missed, *lifted, met(hours(30), 9)).obligations["answer-1"].state == "late"


def test_every_fact_has_its_row_in_the_timeline_and_never_says_which_person() -> None:
    """POL-38: notes and warnings too."""
    every = [RECEIVED, fact(RequestNoted, R, hours(1)), fact(LearningRecorded, OTHER, hours(2))]
    told = fold({}, [decode_narrow(each.request_id, n, encode_commit([each])) for n, each in enumerate(every, 1)])

    keys = [EVENT_KEYS[each.type] for each in every]
    assert [row[:4] for row in told.events] == [(1, 1, keys[0], 1), (2, 1, keys[1], 1), (3, 1, keys[2], None)]
    assert {row[-1] for row in told.events} == {"agent"}
    nameless = every[0].model_copy(update={"actor": "Camille Exemple"})
    (row,) = fold({}, [decode_narrow(R, 1, encode_commit([nameless]))]).events
    assert row[-1] == "other"


def test_a_day_begins_where_the_log_first_took_something_on_it() -> None:
    """In the town's time, whatever order the records come in."""
    at = [dt.datetime(2024, 3, 10, 4, 50, tzinfo=dt.UTC) + dt.timedelta(minutes=each) for each in (0, 1, 9, 3, 60)]
    every = [fact(RequestReceived, derive_id("r", str(n)), each) for n, each in enumerate(at)]

    assert fold({}, commits(*every)).days == {dt.date(2024, 3, 9): 1, dt.date(2024, 3, 10): 3}


def test_a_second_reception_is_not_folded() -> None:
    """One of the two is wrong, and nobody could say which."""
    with pytest.raises(UnfoldableError, match=f"a second reception of {R}, which was received at 1") as caught:
        folded(RECEIVED, fact(RequestReceived, R, hours(1), n=1))

    assert caught.value.sequence == 2

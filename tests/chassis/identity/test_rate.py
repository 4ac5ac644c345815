"""How often somebody may: within the rate, beyond it, and in bounded memory."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clic_chassis.clock import ManualClock
from clic_chassis.identity.rate import Limiter, Rate, source_of

AT = dt.datetime(2026, 3, 2, 14, tzinfo=dt.UTC)
RATE = Rate(5, dt.timedelta(seconds=60))


def test_a_burst_is_taken_and_then_one_after_the_other() -> None:
    clock = ManualClock(AT)
    limiter = Limiter(RATE, clock)

    assert [limiter.take("a") for _ in range(7)] == [0, 0, 0, 0, 0, 12, 12]
    assert limiter.take("b") == 0
    clock.set(AT + dt.timedelta(seconds=12))
    assert [limiter.take("a") for _ in range(2)] == [0, 12]
    clock.set(AT + dt.timedelta(seconds=72))
    assert [limiter.take("a") for _ in range(6)] == [0, 0, 0, 0, 0, 12]


@given(gaps_s=st.lists(st.integers(0, 30), max_size=60))
def test_no_minute_holds_more_than_two_bursts(gaps_s: list[int]) -> None:
    """A burst, and what leaks meanwhile; and whoever waits as told is let in."""
    clock = ManualClock(AT)
    limiter = Limiter(RATE, clock)
    taken: list[dt.datetime] = []
    for gap_s in gaps_s:
        clock.set(clock.now() + dt.timedelta(seconds=gap_s))
        if not limiter.take("a"):
            taken.append(clock.now())
    for since in taken:
        assert sum(since <= each < since + RATE.within for each in taken) <= 2 * RATE.burst
    clock.set(clock.now() + dt.timedelta(seconds=limiter.wait_s("a")))
    assert limiter.take("a") == 0


def test_who_was_longest_without_an_act_is_forgotten_first() -> None:
    limiter = Limiter(RATE, ManualClock(AT), keys_max=2)
    for key in ("a", "b", "a", "c"):
        limiter.count(key)

    assert len(limiter) == 2
    assert list(limiter._empty_at) == ["a", "c"]


@pytest.mark.parametrize(
    ("host", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
        ("x" * 100, "x" * 64),
        (None, "unknown"),
    ],
)
def test_an_address_is_counted_as_whose_it_is(host: str | None, source: str) -> None:
    assert source_of(host) == source

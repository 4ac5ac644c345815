"""The port of the timers, on PostgreSQL and in memory: what fires and reconciles sees no difference."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from clic_chassis.clock import ManualClock
from clic_chassis.migration import migrate
from clic_contracts.envelope import request_id_for
from clic_deadlines.core.alarm import Alarm
from clic_deadlines.memory_timer_table import MemoryTimers, MemoryTimerTable
from clic_deadlines.timer_table import PAST_GRACE_S, Due, Looked, TimerTable, Written

NOW = dt.datetime(2028, 2, 29, 15, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
FIRST, SECOND = sorted(request_id_for("/telephonie", f"appel-imaginaire-{n}") for n in range(2))
Row = tuple[str, str, dt.datetime, int, dt.datetime, int]


@dataclass
class Bench:
    """Two instances' tables over the same rows."""

    table: TimerTable | MemoryTimerTable
    other: TimerTable | MemoryTimerTable
    rows: Callable[[], Awaitable[list[Row]]]
    """Request, obligation, at, position, try_at, tries: in order."""

    async def write(self, request_id: str, position: int, *alarms: tuple[Any, ...]) -> None:
        """A decision wants these."""
        await self.table.write(Written(request_id, position, tuple(Alarm(*each) for each in alarms)))

    async def due(self, now: dt.datetime, most: int = 10) -> list[tuple[str, str]]:
        """What could be taken."""
        async with self.other.taken(now, most) as taken:
            return [(each.request_id, each.obligation_id) for each in taken.due]

    async def settle(self, now: dt.datetime, look: Callable[[Due], Looked]) -> None:
        """Take what is due and settle it."""
        async with self.table.taken(now, 10) as taken:
            await taken.settle([look(each) for each in taken.due])

    async def standing(self) -> list[tuple[str, dt.datetime, int]]:
        """Obligations that are looked at, when, and by which decision."""
        return [(obligation_id, at, position) for _, obligation_id, at, position, _, _ in await self.rows()]


@pytest_asyncio.fixture(params=["postgres", "memory"])
async def bench(request: pytest.FixtureRequest, postgres_url: str) -> AsyncIterator[Bench]:
    """Empty tables."""
    clock = ManualClock(NOW)
    if request.param == "memory":
        timers = MemoryTimers()

        async def in_memory() -> list[Row]:
            return sorted((*key, row.at, row.position, row.try_at, row.tries) for key, row in timers.rows.items())

        yield Bench(MemoryTimerTable(timers, clock), MemoryTimerTable(timers, clock), in_memory)
        return
    async with asyncpg.create_pool(postgres_url, min_size=1, max_size=6) as pool:
        async with pool.acquire() as connection:
            await migrate(connection, "clic_deadlines")

        async def stored() -> list[Row]:
            columns = "request_id::text, obligation_id, at, position, try_at, tries"
            return sorted(tuple(row) for row in await pool.fetch(f"SELECT {columns} FROM timer"))

        yield Bench(TimerTable(pool, clock), TimerTable(pool, clock), stored)


# -- writing ----------------------------------------------------------------------------------------------------------


async def test_a_decision_replaces_the_timers_of_its_request_alone(bench: Bench) -> None:
    """What it does not want any more goes."""
    await bench.write(FIRST, 3, ("acknowledge-1", NOW + HOUR), ("answer-1", NOW + 2 * HOUR))
    await bench.write(SECOND, 4, ("answer-1", NOW + HOUR))
    await bench.write(FIRST, 5, ("answer-1", NOW + 3 * HOUR))
    assert await bench.rows() == [
        (FIRST, "answer-1", NOW + 3 * HOUR, 5, NOW + 3 * HOUR, 0),
        (SECOND, "answer-1", NOW + HOUR, 4, NOW + HOUR, 0),
    ]


async def test_an_older_decision_changes_nothing_that_a_later_one_wrote(bench: Bench) -> None:
    """Deliveries may be told in the wrong order; what the later one does not want goes when it is told again."""
    later = ("answer-2", NOW + 2 * HOUR)
    await bench.write(FIRST, 9, later)
    await bench.write(FIRST, 4, ("answer-1", NOW + HOUR), ("answer-2", NOW + HOUR))
    assert await bench.standing() == [("answer-1", NOW + HOUR, 4), (*later, 9)]
    await bench.write(FIRST, 9, later)
    assert await bench.standing() == [(*later, 9)]


async def test_what_had_passed_before_it_was_known_waits_a_little(bench: Bench) -> None:
    """Older records tell what kept it right after; a limit at this very instant has passed."""
    grace = NOW + dt.timedelta(seconds=PAST_GRACE_S)
    await bench.write(FIRST, 1, ("acknowledge-1", NOW), ("answer-1", NOW - HOUR), ("judge-1", NOW + HOUR))
    assert [(row[1], row[4]) for row in await bench.rows()] == [
        ("acknowledge-1", grace),
        ("answer-1", grace),
        ("judge-1", NOW + HOUR),
    ]


async def test_a_limit_to_come_is_not_held_up_by_a_warning_that_had_passed(bench: Bench) -> None:
    """POL-29: the warning is looked at a little later, or at the limit if that comes before."""
    grace, soon = (NOW + dt.timedelta(seconds=n) for n in (PAST_GRACE_S, 3))
    await bench.write(
        FIRST,
        1,
        ("acknowledge-1", NOW - HOUR, soon),
        ("answer-1", NOW - HOUR, NOW + HOUR),
        ("judge-1", NOW - HOUR, NOW),
        ("promise-1", NOW + HOUR, NOW + 2 * HOUR),
    )
    assert [(row[1], row[2], row[4]) for row in await bench.rows()] == [
        ("acknowledge-1", NOW - HOUR, soon),
        ("answer-1", NOW - HOUR, grace),
        ("judge-1", NOW - HOUR, grace),
        ("promise-1", NOW + HOUR, NOW + HOUR),
    ]
    assert await bench.due(soon) == [(FIRST, "acknowledge-1")]


async def test_a_timer_that_was_put_off_stays_so_unless_its_instant_is_another(bench: Bench) -> None:
    """Failures are forgotten with the instant that they were of."""
    later = NOW + 5 * HOUR
    await bench.write(FIRST, 1, ("acknowledge-1", NOW + HOUR), ("answer-1", NOW + HOUR))
    async with bench.table.taken(NOW + HOUR, 10) as taken:
        for each in taken.due:
            await taken.postpone(each, later)
    await bench.write(FIRST, 2, ("acknowledge-1", NOW + HOUR), ("answer-1", NOW + 2 * HOUR))
    assert await bench.rows() == [
        (FIRST, "acknowledge-1", NOW + HOUR, 2, later, 1),
        (FIRST, "answer-1", NOW + 2 * HOUR, 2, NOW + 2 * HOUR, 0),
    ]


# -- taking -----------------------------------------------------------------------------------------------------------


async def test_what_is_due_is_taken_oldest_first_and_no_more_than_asked_for(bench: Bench) -> None:
    """At the same instant by request and obligation."""
    assert not await bench.table.any_due(NOW + 9 * HOUR)
    assert await bench.table.next_due() is None
    await bench.write(SECOND, 1, ("answer-1", NOW + HOUR), ("acknowledge-1", NOW + HOUR))
    await bench.write(FIRST, 2, ("answer-1", NOW + HOUR), ("acknowledge-1", NOW + 2 * HOUR))
    in_order = [(FIRST, "answer-1"), (SECOND, "acknowledge-1"), (SECOND, "answer-1"), (FIRST, "acknowledge-1")]
    assert not await bench.table.any_due(NOW + HOUR - dt.timedelta(microseconds=1))
    assert await bench.table.any_due(NOW + HOUR)
    assert await bench.table.next_due() == NOW + HOUR
    assert [await bench.due(NOW + n * HOUR) for n in range(3)] == [[], in_order[:3], in_order]
    assert await bench.due(NOW + 2 * HOUR, most=2) == in_order[:2]


async def test_two_instances_never_hold_the_same(bench: Bench) -> None:
    """The other passes over what is held, and finds it again once it is let go."""
    await bench.write(FIRST, 1, ("answer-1", NOW), ("judge-1", NOW))
    await bench.write(SECOND, 2, ("answer-1", NOW))
    now = NOW + HOUR
    async with bench.table.taken(now, 2) as taken:
        assert [(each.request_id, each.obligation_id) for each in taken.due] == [
            (FIRST, "answer-1"),
            (FIRST, "judge-1"),
        ]
        assert await bench.due(now) == [(SECOND, "answer-1")]
        assert await bench.other.any_due(now)
    assert len(await bench.due(now)) == 3


async def test_what_is_taken_tells_to_which_instant_it_was_set(bench: Bench) -> None:
    """Whenever it is tried, and how often it was."""
    await bench.write(FIRST, 7, ("answer-1", NOW + HOUR))
    async with bench.table.taken(NOW + HOUR, 1) as taken:
        await taken.postpone(taken.due[0], NOW + 2 * HOUR)
    async with bench.table.taken(NOW + 2 * HOUR, 1) as taken:
        assert taken.due == (Due(FIRST, "answer-1", NOW + HOUR, 7, 1),)


# -- settling ---------------------------------------------------------------------------------------------------------


def looked(position: int, *alarms: tuple[str, dt.datetime]) -> Callable[[Due], Looked]:
    """Each timer was decided on: these are the alarms then."""
    return lambda timer: Looked(timer, position, tuple(Alarm(*each) for each in alarms))


async def test_a_timer_moves_on_and_what_came_about_is_set_beside_it(bench: Bench) -> None:
    """A row that stands beside it is left."""
    await bench.write(FIRST, 1, ("decide_access-1", NOW), ("acknowledge-1", NOW + 9 * HOUR))
    alarms = [("decide_access-1", NOW + 2 * HOUR), ("review_window-1", NOW + 3 * HOUR), ("acknowledge-1", NOW)]
    await bench.settle(NOW + HOUR, looked(4, *alarms))
    assert await bench.standing() == [
        ("acknowledge-1", NOW + 9 * HOUR, 1),
        ("decide_access-1", NOW + 2 * HOUR, 4),
        ("review_window-1", NOW + 3 * HOUR, 4),
    ]


async def test_a_timer_of_which_nothing_is_to_be_said_any_more_goes(bench: Bench) -> None:
    """And no other."""
    await bench.write(FIRST, 1, ("answer-1", NOW), ("judge-1", NOW + 9 * HOUR))
    await bench.settle(NOW + HOUR, looked(4))
    assert await bench.standing() == [("judge-1", NOW + 9 * HOUR, 1)]


async def test_a_move_forgets_the_failures_before_it(bench: Bench) -> None:
    """They were of another instant."""
    await bench.write(FIRST, 1, ("answer-1", NOW))
    async with bench.table.taken(NOW + HOUR, 1) as taken:
        await taken.postpone(taken.due[0], NOW + 2 * HOUR)
    await bench.settle(NOW + 2 * HOUR, looked(4, ("answer-1", NOW + 3 * HOUR)))
    assert await bench.rows() == [(FIRST, "answer-1", NOW + 3 * HOUR, 4, NOW + 3 * HOUR, 0)]


@pytest.mark.parametrize("alarms", [(), (("answer-1", NOW + 5 * HOUR),)])
async def test_a_look_on_an_older_decision_changes_nothing(
    bench: Bench, alarms: Sequence[tuple[str, dt.datetime]]
) -> None:
    """Neither moves nor drops what a later one set."""
    await bench.write(FIRST, 8, ("answer-1", NOW))
    before = await bench.rows()
    await bench.settle(NOW + HOUR, looked(4, *alarms))
    assert await bench.rows() == before


async def test_whoever_is_cut_off_leaves_everything_as_it_was(bench: Bench) -> None:
    """Its rows are free again, and nothing that it said of them stands."""
    await bench.write(FIRST, 1, ("answer-1", NOW), ("judge-1", NOW))
    before = await bench.rows()

    async def cut_off() -> None:
        async with bench.table.taken(NOW + HOUR, 10) as taken:
            await taken.settle([Looked(taken.due[0], 4, ())])
            await taken.postpone(taken.due[1], NOW + 9 * HOUR)
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await cut_off()
    assert await bench.rows() == before
    assert len(await bench.due(NOW + HOUR)) == 2


async def test_who_writes_waits_for_who_holds_and_has_the_last_word_if_later(bench: Bench) -> None:
    """A decision that was taken while a timer was looked at."""
    await bench.write(FIRST, 1, ("answer-1", NOW), ("judge-1", NOW))
    async with bench.table.taken(NOW + HOUR, 1) as taken:
        writing = asyncio.create_task(bench.other.write(Written(FIRST, 6, (Alarm("answer-1", NOW + 9 * HOUR),))))
        done, _ = await asyncio.wait([writing], timeout=0.1)
        assert not done
        await taken.settle([Looked(taken.due[0], 4, (Alarm("answer-1", NOW + 2 * HOUR),))])
    await writing
    assert await bench.standing() == [("answer-1", NOW + 9 * HOUR, 6)]

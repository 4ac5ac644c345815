"""Firings that are cut off, on a real PostgreSQL: what was half done is one with its repetition."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Sequence

import pytest
from tests.deadlines.clockwork import ANSWER_DUE, ANSWER_WARN, PAST, WARN_AT, House, fire_all, ids

from clic_contracts.vocabulary import Service
from clic_deadlines.timer_table import Looked, Taken, TimerTable


class CutOffTable(TimerTable):
    """A table whose process is killed once its decisions are in the log, before their timers are settled."""

    @contextlib.asynccontextmanager
    async def taken(self, now: dt.datetime, most: int) -> AsyncIterator[Taken]:
        """See `TimerTable.taken`."""
        async with super().taken(now, most) as taken:
            yield CutOff(taken._connection, taken.due)


class CutOff(Taken):
    """See `CutOffTable`."""

    async def settle(self, looked: Sequence[Looked]) -> None:
        """See `Taken.settle`."""
        raise ConnectionResetError("killed")


async def test_a_firing_that_is_cut_off_after_its_append_is_one_with_its_repetition(house: House) -> None:
    """The rows are looked at again, nothing is said twice, and the next instants are set."""
    requests = ids(3)
    await house.receive(*requests)
    house.clock.set(WARN_AT)
    timers = house.timers()
    timers._table = CutOffTable(house.pool, house.clock)
    with pytest.raises(ConnectionResetError):
        await timers.fire_due()
    before, rows = await house.said(), await house.rows()
    assert rows == {("acknowledge-1", dt.datetime(2026, 5, 19, 2, 5, tzinfo=dt.UTC)), ("answer-1", ANSWER_WARN)}
    assert await fire_all(house.timers()) == 6
    assert before == await house.said()
    assert await house.rows() == {("answer-1", ANSWER_DUE)}


async def test_a_firing_that_never_reached_the_log_is_repeated(house: House) -> None:
    """It fails, is put off, and says the same once."""
    [request] = ids(1)
    await house.receive(request)
    house.clock.set(PAST)
    house.log.unwritable = True
    assert await fire_all(house.timers()) == 2
    assert not any("missed" in event for _, _, event in await house.said())
    house.log.unwritable = False
    house.clock.set(PAST + dt.timedelta(seconds=1))
    assert await fire_all(house.timers()) == 2
    said = await house.said()
    assert {said[request, each, "obligation.missed.v1"] for each in ("acknowledge-1", "answer-1")} == {1}


async def test_a_timer_that_stays_due_is_put_off_and_not_looked_at_in_circles(house: House) -> None:
    """Its cause is known in the log, and yet nothing of it is recorded: nobody spins on it."""
    [request] = ids(1)
    await house.receive(request)
    [row] = await house.pool.fetch("SELECT at, position FROM timer WHERE obligation_id = 'answer-1'")
    [commit] = [commit async for commit in house.log.read(filters=["clic.log.deadlines.*"])]
    cause = f"timer/answer-1/{row['at'].astimezone(dt.UTC).isoformat()}/{row['position']}"
    note = commit.events[0].model_copy(update={"cause_id": cause, "event_id": "event-of-nothing"})
    await house.log.append(Service.DEADLINES, request, (note,), expected=commit.sequence)
    house.clock.set(WARN_AT)
    await fire_all(house.timers())
    [row] = await house.pool.fetch("SELECT tries, try_at FROM timer WHERE obligation_id = 'answer-1'")
    assert tuple(row) == (1, WARN_AT + dt.timedelta(seconds=1))


async def test_a_timer_is_not_decided_on_a_story_that_lags(house: House) -> None:
    """Who asks a replica that lags does not see yet that the request comes from an older system: nobody is warned."""
    [request] = ids(1)
    await house.receive(request, origin="backlog")
    house.clock.set(PAST)
    house.log.lags = True
    assert await fire_all(house.timers()) == 2
    assert {what for _, _, what in await house.said()} == {"obligation.set.v1", "obligation.missed.v1"}
    assert await house.rows() == set()

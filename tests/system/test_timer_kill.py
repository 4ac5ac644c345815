"""The service is killed in the middle of a firing: between the timer and its append, and between that and its end.

Where it stands is held by locks on the timers' table: one that lets nobody take a timer, or settle one that was taken.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from tests.system.house import House
from tests.system.submitting import by_http, now, request, story

from clic_chassis.testing import wait_until

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

DELAY = dt.timedelta(hours=4)
"""The town's standard for `road_danger`, by day and night."""
SOON = dt.timedelta(seconds=6)
FIRED_S = 40.0
WAITS = "SELECT count(*) FROM pg_locks WHERE relation = 'timer'::regclass AND NOT granted AND mode = $1"
HOLDS = """
SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE relation = 'timer'::regclass AND granted AND mode = 'RowShareLock' AND state = 'idle in transaction'
"""


async def danger(house: House, event_id: str) -> str:
    """A danger on the road, to be answered in a moment; its request's id."""
    receipt = await by_http(house, request(subject="road_danger"), event_id, at=now() + SOON - DELAY)
    assert receipt.request_id is not None
    request_id = receipt.request_id

    async def is_set() -> bool:
        return await looked_at(house, request_id) is not None

    await wait_until(is_set, FIRED_S, what="the answer has a timer")
    return request_id


async def looked_at(house: House, request_id: str) -> dt.datetime | None:
    """When the answer is looked at next."""
    query = "SELECT at FROM timer WHERE request_id = $1 AND obligation_id = 'answer-1'"
    async with house.database("deadlines") as connection:
        found: dt.datetime | None = await connection.fetchval(query, request_id)
        return found


async def facts(house: House, request_id: str) -> Counter[str]:
    """What was said of the answer, how often."""
    events = (await story(house, request_id))["events"]
    about = [each for each in events if each["data"].get("obligation_id") == "answer-1"]
    return Counter(f"{each['type'].split('.')[1]} {each['data'].get('step', '')}".strip() for each in about)


async def said(house: House, request_id: str, what: str) -> None:
    """Wait until it is in the log."""

    async def is_said() -> bool:
        return (await facts(house, request_id))[what] > 0

    await wait_until(is_said, FIRED_S, what=what)


async def count(house: House, query: str, *arguments: str) -> int:
    """Of locks on the timers."""
    async with house.database("deadlines") as connection:
        found: int = await connection.fetchval(query, *arguments)
        return found


@contextlib.asynccontextmanager
async def locked(house: House, mode: str) -> AsyncIterator[None]:
    """Nobody gets a lock on the timers' table meanwhile that this one excludes."""
    async with house.database("deadlines") as connection, connection.transaction():
        await connection.execute(f"LOCK TABLE timer IN {mode} MODE")
        yield


async def started_again(house: House, request_id: str) -> Counter[str]:
    """What was said in the end, once the service is back and nothing is due."""
    house.restart("deadlines")
    await house.ready()
    await said(house, request_id, "missed")
    await house.settled()
    return await facts(house, request_id)


async def test_killed_between_a_timer_and_its_append_it_fires_once(house: House) -> None:
    """The timer is taken, NATS does not answer, nothing is in the log when the service dies."""
    late = await danger(house, "tue-avant")

    async def is_firing() -> bool:
        return await count(house, WAITS, "RowShareLock") > 0

    async def is_taken() -> bool:
        return await count(house, HOLDS) > 0

    try:
        async with locked(house, "EXCLUSIVE"):  # excludes SELECT … FOR UPDATE
            await wait_until(is_firing, FIRED_S, what="the service wants the timer")
            house.nats.pause()
        await wait_until(is_taken, FIRED_S, what="the timer is taken")
        house.kill("deadlines")
    finally:
        house.nats.resume()
    assert not {"warned", "missed"} & (await facts(house, late)).keys()
    once = await started_again(house, late)
    assert (once["set"], once["missed"], once["escalated 1"]) == (1, 1, 1)
    assert once["warned"] <= 1


async def test_killed_between_an_append_and_its_end_it_fires_once(house: House) -> None:
    """The limit is in the log as missed, and the table still says that it is to be looked at."""
    late = await danger(house, "tue-apres")
    async with locked(house, "SHARE"):  # excludes UPDATE and DELETE
        await said(house, late, "missed")

        async def is_settling() -> bool:
            return await count(house, WAITS, "RowExclusiveLock") > 0

        await wait_until(is_settling, FIRED_S, what="the service settles the timer")
        house.kill("deadlines")
    before = await facts(house, late)
    due = await looked_at(house, late)
    assert due is not None
    assert due <= now()
    assert await started_again(house, late) == before
    after = await looked_at(house, late)
    assert after is not None
    assert after > now()

"""Warned of and missed at the right instants, on the real clock; never called missed what was answered in time."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from tests.system.house import House
from tests.system.submitting import by_http, now, request, story

from clic_chassis.testing import wait_until

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

DELAY = dt.timedelta(hours=4)
"""The town's standard for `road_danger`, by day and night."""
WARNED_AFTER = 0.75 * DELAY
SOON_S = 12.0
"""Long enough that the limit is known before it passes: one that was known too late is looked at ten seconds after."""
OUTAGE_S = 30.0
"""Long enough to set two obligations, to stop a service and to answer one of them."""
LATE_MAX_S = 20.0
"""Timers are looked at every second, and wait until the service has seen the log; the machine may stand still, too."""
FIRED_S = 60.0


async def danger(house: House, event_id: str, at: dt.datetime) -> str:
    """A danger on the road, told at that instant; its request's id."""
    receipt = await by_http(house, request(subject="road_danger"), event_id, at=at)
    assert receipt.request_id is not None
    return receipt.request_id


async def fact(house: House, request_id: str, wire_type: str) -> dict[str, Any] | None:
    """A request's fact about its answer, or None: not recorded."""
    for each in (await story(house, request_id))["events"]:
        if each["type"] == wire_type and each["data"].get("obligation_id") == "answer-1":
            found: dict[str, Any] = each
            return found
    return None


async def recorded(house: House, request_id: str, wire_type: str) -> tuple[dict[str, Any], dt.datetime]:
    """A fact about the answer once it is recorded, and when the log took it."""

    async def there() -> dict[str, Any] | None:
        return await fact(house, request_id, wire_type)

    found = await wait_until(there, FIRED_S, what=wire_type)
    assert found is not None
    return found, dt.datetime.fromisoformat(found["recorded_at"])


async def test_obligations_are_warned_of_and_missed_at_the_right_instants(house: House) -> None:
    """POL-29."""
    began = now()
    soon = began + dt.timedelta(seconds=SOON_S)
    missing = await danger(house, "danger-manque", soon - DELAY)
    warning = await danger(house, "danger-averti", soon - WARNED_AFTER)
    for request_id, wire_type in ((missing, "obligation.missed.v1"), (warning, "obligation.warned.v1")):
        found, at = await recorded(house, request_id, wire_type)
        assert 0 <= (at - soon).total_seconds() < LATE_MAX_S, f"{wire_type} at {at}, limit {soon}: {found}"
    missed, _ = await recorded(house, missing, "obligation.missed.v1")
    assert dt.datetime.fromisoformat(missed["data"]["due_at"]) == soon
    assert await fact(house, warning, "obligation.missed.v1") is None


async def test_what_was_answered_in_time_during_an_outage_is_never_called_missed(house: House) -> None:
    """The limit passes while deadlines is down; when it is back it hears the answer before it looks at its timers."""
    due_at = now() + dt.timedelta(seconds=OUTAGE_S)
    answered = await danger(house, "panne-repondue", due_at - DELAY)
    forgotten = await danger(house, "panne-oubliee", due_at - DELAY)
    for request_id in (answered, forgotten):
        await recorded(house, request_id, "obligation.set.v1")
    house.stop("deadlines")
    async with house.http("intake") as client:
        (await client.post(f"/requests/{answered}/answer", json={"channel": "phone"})).raise_for_status()
    assert now() < due_at
    await wait_until(lambda: now() > due_at, 2 * OUTAGE_S, what="the limit has passed")
    assert await fact(house, forgotten, "obligation.missed.v1") is None

    house.start("deadlines")
    await house.ready()
    await recorded(house, forgotten, "obligation.missed.v1")
    await recorded(house, answered, "obligation.met.v1")
    await house.settled()
    assert await fact(house, answered, "obligation.missed.v1") is None
    assert await fact(house, forgotten, "obligation.met.v1") is None

"""The worklists in a whole house, where each service has its own user of NATS and may do no more than it needs."""

from __future__ import annotations

from typing import Any

import pytest
from tests.system.house import House
from tests.system.submitting import by_inbox, request

from clic_chassis.testing import wait_until

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]


async def test_what_routing_and_deadlines_decide_stands_in_the_list_of_the_department(house: House) -> None:
    """POL-28, POL-29: who answers and by when, seconds after it was received."""
    await house.ready()
    receipt = await by_inbox(house, request(channel="email"), "courriel-liste-1")
    assert receipt.request_id is not None

    async def listed() -> dict[str, Any] | None:
        async with house.http("intake") as client:
            answer = await client.get("/worklists/pending", params={"department": "travaux_publics_voirie"})
        found = [each for each in answer.json().get("requests", []) if each["request_id"] == receipt.request_id]
        return found[0] if found and found[0]["due_at"] else None

    row = await wait_until(listed, 30.0, what="the request in its department's list, with a due date")

    assert row is not None
    assert (row["department"], row["next_obligation"], row["assigned_to"]) == (
        "travaux_publics_voirie",
        "acknowledge",
        None,
    )

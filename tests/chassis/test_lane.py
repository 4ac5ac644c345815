"""Lanes: the messages of one key in order, and how one that came too early lets the others pass."""

from __future__ import annotations

import asyncio
from typing import Any

from clic_chassis.delivery import Delivery
from clic_chassis.lane import Carried, Lanes
from clic_chassis.testing import wait_until


class Message:
    """Says nothing to any server."""

    async def ack(self) -> None:
        """Done."""

    async def nak(self) -> None:
        """Not done."""

    async def in_progress(self) -> None:
        """Under way."""


def carried(sequence: int) -> Carried:
    message: Any = Message()
    return Carried(Delivery("STREAM", "subject", sequence, b"", {}), message)


async def test_what_came_too_early_lets_the_others_of_its_key_pass_and_keeps_its_order_among_the_early() -> None:
    """1 and 2 build on 3."""
    settled: list[int] = []
    lanes: Lanes

    async def settle(key: str, each: Carried) -> bool:
        sequence = each.delivery.sequence
        if sequence < 3 and 3 not in settled:
            await asyncio.sleep(0)
            return not lanes.let_pass(key)
        settled.append(sequence)
        return True

    lanes = Lanes(settle, ready_max=10, touch_every_s=10)
    for sequence in (1, 2, 3, 4):
        lanes.put("key", carried(sequence))
    await wait_until(lambda: not len(lanes), what="the lanes to be empty")
    assert settled == [3, 4, 1, 2]


async def test_what_is_alone_lets_nobody_pass() -> None:
    passed: list[bool] = []
    lanes: Lanes

    async def settle(key: str, _: Carried) -> bool:
        passed.append(lanes.let_pass(key))
        return True

    lanes = Lanes(settle, ready_max=10, touch_every_s=10)
    lanes.put("key", carried(1))
    await wait_until(lambda: not len(lanes), what="the lanes to be empty")
    assert passed == [False]

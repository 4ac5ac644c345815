"""A house in which the benchmark may write anywhere, as no service may: for bare appends and copied logs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.system.house import House, open_house

from clic.nats_config import NatsUser

GUEST = "bench"
WRITERS = 64
"""Messages under way at once, in the house and bare alike."""


@contextmanager
def open_guest_house() -> Iterator[House]:
    """A house with a user `GUEST` who may do everything."""
    with open_house(guests=[NatsUser(GUEST, publish=(">",), subscribe=(">",))]) as house:
        yield house


async def side_by_side(count: int, do: Callable[[int], Awaitable[Any]]) -> None:
    """Do it for 0 to count - 1, `WRITERS` at once."""
    numbers = iter(range(count))

    async def writer() -> None:
        for number in numbers:
            await do(number)

    async with asyncio.TaskGroup() as writers:
        for _ in range(WRITERS):
            writers.create_task(writer())

"""A house in which the benchmark may write anywhere, as no service may: for bare appends and copied logs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tests.system.house import House, open_house

from clic.folder import Folder
from clic.nats_config import SERVICES, NatsUser
from clic_intake.publisher_admission import Admitted, read_admission

GUEST = "bench"
WRITERS = 64
"""Messages under way at once, in the house and bare alike."""


@contextmanager
def open_guest_house(services: Sequence[str] = SERVICES) -> Iterator[House]:
    """A house with a user `GUEST` who may do everything, and these services."""
    with open_house(guests=[NatsUser(GUEST, publish=(">",), subscribe=(">",))], services=services) as house:
        yield house


def without_quotas(house: House, publishers: Iterable[str]) -> None:
    """Let publishers send as much as they can: what is measured is the desk.

    Intake reads the file again when it changes.
    """
    folder = Folder(house.folder)
    admission = read_admission(folder.admission)
    for code in publishers:
        admitted = admission.publishers.get(code, Admitted())
        much = admitted.model_copy(update={"messages_per_minute": 1_000_000, "pending": 1_000_000})
        admission = admission.with_publisher(code, much)
    folder.write(folder.admission.name, admission.to_json())


async def side_by_side(count: int, do: Callable[[int], Awaitable[Any]]) -> None:
    """Do it for 0 to count - 1, `WRITERS` at once."""
    numbers = iter(range(count))

    async def writer() -> None:
        for number in numbers:
            await do(number)

    async with asyncio.TaskGroup() as writers:
        for _ in range(WRITERS):
            writers.create_task(writer())

"""A log is read to its end, also past a moment in which the server stood still."""

from __future__ import annotations

import pytest
from nats.aio.client import Client
from tests.keeping.test_snapshot import ANSWER_WAIT_S, COMMITS, fill

from clic.keeping import log_digest
from clic.keeping.log_digest import messages
from clic_chassis import log_tail
from clic_chassis.error import RetryableError
from clic_contracts.subject import LOG_STREAM


async def read(nats: Client, lost_at: set[int]) -> list[int]:
    """The positions that were read, where the consumer is lost at some of them."""
    stream, found = nats.jetstream(timeout=ANSWER_WAIT_S), list[int]()
    async for sequence, _ in messages(nats, until=COMMITS):
        found.append(sequence)
        for each in await stream.consumers_info(LOG_STREAM) if sequence in lost_at else ():
            await stream.delete_consumer(LOG_STREAM, each.name)
    return found


async def test_a_reading_goes_on_where_its_consumer_was_lost(nats: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a backup, which reads for long, would end with a pause of the server of some seconds."""
    monkeypatch.setattr(log_tail, "PULL_MESSAGES", 10)
    await fill(nats, 1, COMMITS)
    assert await read(nats, lost_at={50, 51, 200}) == list(range(1, COMMITS + 1))


async def test_a_reading_that_hears_nothing_more_ends(nats: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within its bound: the log may end before the position that was asked for."""
    monkeypatch.setattr(log_digest, "SILENCE_MAX_S", 1.0)
    await fill(nats, 1, 3)
    with pytest.raises(RetryableError):
        await read(nats, lost_at=set())

"""What is read of the log is whole, whichever of its replicas answers."""

from __future__ import annotations

import pytest
from nats.aio.client import Client
from tests.chassis.workshop import FILTER, note, notes

from clic_chassis.jetstream_log import JetStreamLog
from clic_contracts.envelope import Commit, derive_id


class Behind(JetStreamLog):
    """Its direct gets are answered by a replica that holds the first two commits."""

    async def _direct(self, subject: str, start: int) -> tuple[list[Commit], bool]:
        commits, _ = await super()._direct(subject, start)
        return [each for each in commits if each.sequence <= 2], False


@pytest.mark.parametrize("filters", [(), (FILTER,), ("clic.log.routing.*",)])
@pytest.mark.parametrize("after", [0, 2, 3, 5])
async def test_what_a_replica_lacks_is_read_from_the_leader(nats: Client, filters: tuple[str, ...], after: int) -> None:
    """Letters' queue is made of such a reading: what was left out would never be known."""
    log = JetStreamLog(nats)
    await notes(log, 1, "abc")
    await note(log, 2, "d")
    await note(log, 1, "e", 3)
    found = [each async for each in Behind(nats).read(after=after, filters=filters)]
    assert found == [each async for each in log.read(after=after, filters=filters)]
    stories = [derive_id("test", str(number)) for number in (1, 1, 1, 2, 1)]
    assert [each.request_id for each in found] == ([] if filters == ("clic.log.routing.*",) else stories[after:])

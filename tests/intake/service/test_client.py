"""A publisher's client and a desk that works: receipts, and what a killed publisher had handed over."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from tests.contracts.spooling import SOURCE, SUBMISSION
from tests.contracts.test_client_spool import said_until_killed
from tests.intake.service.office import Office, now

from clic_chassis.testing import wait_until
from clic_contracts.client import Publisher
from clic_contracts.event import RequestReceived
from clic_contracts.submission import Receipt


async def published(publisher: Publisher, event_id: str, subject: str = "pothole") -> Receipt:
    said = SUBMISSION.model_copy(update={"subject": subject})
    return await publisher.publish_and_wait(said, source=SOURCE, event_id=event_id, occurred_at=WHEN, timeout_s=20)


WHEN = now()


@pytest.mark.parametrize("spool", [None, "spool.sqlite"])
async def test_who_waits_gets_the_receipt_of_what_was_sent_and_not_of_what_was_sent_before(
    office: Office, tmp_path: Path, spool: str | None
) -> None:
    """A submission that was refused is mended and sent again under its id; sent twice, it has the one receipt."""
    file = tmp_path / spool if spool else None
    async with await Publisher.connect(office.runtime.settings.nats_url, "telephonie", spool=file) as publisher:
        refused = await published(publisher, "appel-1", "licorne")
        accepted = await published(publisher, "appel-1")
        again = await published(publisher, "appel-1")

    assert refused.problem is not None
    assert refused.problem.errors[0].pointer == "/data/subject"
    assert "n’est pas un sujet" in refused.problem.detail, "a receipt is in the publisher's language"
    assert (accepted.status, accepted.id) == ("accepted", "appel-1")
    assert accepted.reference is not None
    assert again.reference == accepted.reference


async def test_what_killed_publishers_handed_over_is_in_the_log_once(office: Office, tmp_path: Path) -> None:
    """Killed while the desk works, three times: what `publish` returned for is registered, and nothing twice."""
    file, url = tmp_path / "spool.sqlite", office.runtime.settings.nats_url
    said: list[str] = []
    for first in (0, 10_000, 20_000):
        said += await asyncio.to_thread(said_until_killed, url, file, first)
    async with await Publisher.connect(url, "telephonie", spool=file) as publisher:
        await publisher.flush()
    await office.inbox_is_done()

    async def registered() -> Counter[str]:
        events = [event async for commit in office.runtime.log.read() for event in commit.events]
        return Counter(event.data.submission.id for event in events if isinstance(event.data, RequestReceived))

    async def all_there() -> bool:
        return set(said) <= set(await registered())

    await wait_until(all_there, 20, what="everything is registered")
    found = await registered()
    assert set(found.values()) == {1}
    assert len(set(found) - set(said)) <= 3, "of each process at most the one that it had no time to say"

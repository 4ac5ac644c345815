"""What was judged is erased from the inbox, in the server's files too. Source: POL-30."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import nats as nats_client
import pytest
import pytest_asyncio
from nats.aio.client import Client
from nats.js import JetStreamContext

from clic_chassis.embedded import NatsServer, start_nats
from clic_chassis.quarantine import Entry, Quarantine
from clic_chassis.streams import ensure_streams
from clic_chassis.testing import open_folder, wait_until
from clic_contracts.subject import INBOX_STREAM, inbox_subject
from clic_intake import eraser
from clic_intake.eraser import InboxEraser

DURABLE = "intake"
SUBJECT = inbox_subject("telephonie", "submission.request.v1")
NATS_WAIT_S = 20.0
NOW = dt.datetime(2026, 5, 15, 16, tzinfo=dt.UTC)


def name(number: int) -> bytes:
    """Somebody recognisable, in clear."""
    return b"Camille Exemple <%d>" % number


@dataclass
class Box:
    """An inbox whose server's files can be read, with the desk's consumer."""

    server: NatsServer
    nats: Client
    consumer: JetStreamContext.PullSubscription
    eraser: InboxEraser

    async def publish(self, count: int) -> None:
        """So many submissions, each with a name."""
        first = (await self.nats.jetstream().stream_info(INBOX_STREAM)).state.last_seq + 1
        for number in range(first, first + count):
            await self.nats.jetstream().publish(SUBJECT, name(number) + b" " * 500)

    async def judge(self, count: int) -> None:
        """Acknowledge the next ones, as the desk does; one question may bring fewer than there are."""
        while count:
            for message in await self.consumer.fetch(count, timeout=NATS_WAIT_S):
                await message.ack_sync(timeout=NATS_WAIT_S)
                count -= 1

    async def park(self, sequence: int, *, state: str = "failed") -> Entry:
        """Put one into quarantine, or settle it."""
        entry = Entry.model_validate(
            {
                "service": "intake",
                "consumer": DURABLE,
                "stream": INBOX_STREAM,
                "sequence": sequence,
                "subject": SUBJECT,
                "key": f"k{sequence}",
                "state": state,
                "reason": "essai",
                "tries": 1,
                "since": NOW,
                "changed_at": NOW,
            }
        )
        await Quarantine(self.nats).put(entry)
        return entry

    async def look(self) -> None:
        """Twice: what is done with is erased at the look after."""
        await self.eraser.look()
        await self.eraser.look()

    async def left(self, numbers: range, expected: list[int]) -> None:
        """Wait until just the expected names are left: the server removes purged files a moment later."""
        await wait_until(lambda: self.on_disk(numbers) == expected, 30, what=f"{expected} to be what is left on disk")

    def on_disk(self, numbers: range) -> list[int] | None:
        """Which of these names stand in any of the server's files; None where it removed one that was being read."""
        try:
            files = [path.read_bytes() for path in self.server.folder.rglob("*") if path.is_file()]
        except FileNotFoundError:
            return None
        return [number for number in numbers if any(name(number) in body for body in files)]


@pytest_asyncio.fixture
async def box() -> AsyncIterator[Box]:
    with open_folder() as folder:
        server = start_nats(Path(folder))
        client = await nats_client.connect(server.url)
        await ensure_streams(client)
        consumer = await client.jetstream().pull_subscribe(SUBJECT, durable=DURABLE, stream=INBOX_STREAM)
        yield Box(server, client, consumer, InboxEraser(client, Quarantine(client), DURABLE))
        await client.close()
        server.stop()


async def test_no_name_is_left_in_any_file_once_everything_was_judged(box: Box) -> None:
    await box.publish(50)
    assert box.on_disk(range(1, 51)) == list(range(1, 51))
    await box.judge(50)
    await box.look()
    await box.left(range(1, 51), [])


async def test_what_is_not_judged_yet_stays(box: Box) -> None:
    await box.publish(10)
    await box.judge(9)
    await box.look()
    assert box.on_disk(range(1, 11)) == list(range(1, 11))  # Until the last one is: then all of it goes at once.
    await box.judge(1)
    await box.look()
    await box.left(range(1, 11), [])


async def test_what_is_quarantined_stays_and_what_was_judged_around_it_is_overwritten(box: Box) -> None:
    await box.publish(30)
    await box.park(12)
    await box.judge(30)
    await box.look()
    await box.left(range(1, 31), [12])
    await box.park(12, state="resolved")
    await box.look()
    await box.left(range(1, 31), [])


async def test_overwriting_is_bounded_and_goes_on_at_the_next_look(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eraser, "OVERWRITTEN_AT_ONCE", 5)
    await box.publish(12)
    await box.park(3)
    await box.judge(12)
    await box.look()
    seen = await wait_until(lambda: box.on_disk(range(1, 13)), what="the files to be read")
    assert len(seen or ()) > 1
    await box.look()
    await box.look()
    await box.left(range(1, 13), [3])


async def test_an_inbox_that_never_falls_idle_stays_short(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eraser, "KEPT_BYTES_MAX", 10_000)
    await box.publish(40)
    await box.judge(35)
    await box.look()
    state = (await box.nats.jetstream().stream_info(INBOX_STREAM)).state
    assert (state.first_seq, state.messages) == (36, 5)

"""Whatever a publisher writes into headers is told in its own receipts, and holds up nobody."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import pytest
from tests.intake.service.office import NATS_WAIT_S, SOURCE, Office, now
from tests.intake.service.test_fairness import count
from tests.intake.service.test_inbox import REPORT

from clic_chassis.service import Runtime
from clic_chassis.testing import at_work, wait_until
from clic_contracts.submission import encode_submission
from clic_intake import fair_share
from clic_intake.app import wire
from clic_intake.settings import IntakeSettings

STATUSES = [
    b"NATS/1.0\r\nStatus: %s\r\nDescription: %s\r\nNats-Sequence: 1\r\nNats-Num-Pending: 0\r\n\r\n" % each
    for each in ((b"100", b"Idle Heartbeat"), (b"204", b"EOB"), (b"404", b""), (b"409", b""), (b"503", b""))
]
"""What a server says of a stream, said by a publisher."""
MALFORMED = [
    b"NATS/1.0",
    b"\xff\xfe",
    b"NATS/1.0 \xff\xfe\xfd\r\n\r\n",
    b"NATS/1.0 404 x\r\n\r\n",
    b"NATS/1.0\r\n: \r\n\r\n",
]
FLOOD = 600


async def put(url: str, subject: str, messages: list[tuple[bytes, bytes]]) -> None:
    """Put messages into the inbox as no client of NATS would: headers are what they are."""
    where = urlsplit(url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    writer.write(b'CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\n')
    for headers, body in messages:
        writer.write(
            b"HPUB %s %d %d\r\n%s%s\r\n" % (subject.encode(), len(headers), len(headers + body), headers, body)
        )
    writer.write(b"PING\r\n")
    await writer.drain()
    async with asyncio.timeout(30):
        while b"PONG" not in await reader.readline():
            pass
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize("long_from", [fair_share.LONG_FROM, 1], ids=["in its turn", "before its turn"])
async def test_each_has_its_receipt_and_others_are_served(
    runtime: Runtime[IntakeSettings], nats_url: str, monkeypatch: pytest.MonkeyPatch, long_from: int
) -> None:
    """Empty bodies too: a message that looks like a word of the server's is a message."""
    monkeypatch.setattr(fair_share, "LONG_FROM", long_from)
    hostile = [(headers, body) for headers in (*STATUSES, *MALFORMED) for body in (b"", b"{")]
    await put(nats_url, "clic.inbox.travaux_publics.x", hostile)
    said = encode_submission(REPORT, source=SOURCE, event_id="appel-1", occurred_at=now())
    await runtime.nats.jetstream(timeout=NATS_WAIT_S).publish("clic.inbox.telephonie.submission.request.v1", said)
    wiring = await wire(runtime)
    async with at_work(*wiring.components), Office.open(runtime, wiring) as office:
        assert (await office.receipt("appel-1")).status == "accepted"

        async def settled() -> bool:
            return await count(office) == len(hostile) + 1

        await wait_until(settled, 30, what="each message has its receipt")


async def test_who_looks_as_if_nothing_of_theirs_waited_is_counted_all_the_same(
    runtime: Runtime[IntakeSettings], nats_url: str
) -> None:
    """A status of the publisher's own does not end the reading of its messages."""
    await put(nats_url, "clic.inbox.travaux_publics.x", [(STATUSES[1], b"{")] * FLOOD)
    share = fair_share.FairShare(runtime.nats, *[None] * 3, is_busy=lambda _: False)  # type: ignore[arg-type]  # It only reads.
    read = await share._read("travaux_publics", 1, 3)

    assert (len(read.deliveries), read.left) == (3, FLOOD - 3)

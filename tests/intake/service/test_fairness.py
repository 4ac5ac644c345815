"""One publisher's flood holds up nobody else, and what is beyond its quota is refused and told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from nats.aio.client import Client
from nats.js.api import AckPolicy, ConsumerConfig
from tests.intake.service.office import NATS_WAIT_S, SOURCE, Office, now
from tests.intake.service.test_inbox import ONLINE, REPORT, slug

from clic_chassis.service import Runtime
from clic_chassis.testing import at_work, wait_until
from clic_contracts.subject import INBOX_STREAM, RECEIPT_STREAM
from clic_contracts.submission import Receipt, encode_submission
from clic_intake import fair_share
from clic_intake.app import wire
from clic_intake.fair_share import FairShare
from clic_intake.inbox import Inbox
from clic_intake.publisher_admission import Quotas
from clic_intake.quota import RateMeter
from clic_intake.settings import IntakeSettings

FLOOD = 1_000
PENDING = 400
WRONG = 1_000
OVERTAKES = 0.75
"""Of the flood at most, the receipts that are given before that of another publisher's submission."""
DELAY_MAX_S = 5.0
"""What another publisher's submission may take where it comes in its turn all the same."""


@pytest.fixture
def settings(settings: IntakeSettings, tmp_path: Path) -> IntakeSettings:
    """With a file of quotas."""
    file = tmp_path / "admission.json"
    quotas = {"telephonie": {"pending": PENDING}, "portail_web": {"messages_per_minute": 3, "bytes_max": 2_000}}
    file.write_text(json.dumps({"publishers": quotas}), encoding="utf-8")
    return settings.model_copy(update={"admission_file": file})


async def receipts(office: Office, publisher: str) -> Mapping[str, int]:
    """How many receipts of each kind a publisher has; refusals by their problem."""
    told: dict[str, int] = {}
    for each in await office.everything(RECEIPT_STREAM):
        subject, _, body = each.partition(b"\n")
        if subject.startswith(f"clic.receipt.{publisher}.".encode()):
            said = json.loads(body)
            kind = said["problem"]["type"].rpartition(":")[2] if said["status"] == "refused" else said["status"]
            told[kind] = told.get(kind, 0) + 1
    return told


async def count(office: Office) -> int:
    """How many receipts there are."""
    return (await office.jetstream.stream_info(RECEIPT_STREAM)).state.messages


async def published(nats: Client, subject: str, bodies: list[bytes]) -> None:
    """Put bodies into the inbox, some at a time, with a header that promises what is not there."""
    for at in range(0, len(bodies), 100):
        sending = bodies[at : at + 100]
        promised = {"content-encoding": "gzip"}
        await asyncio.gather(
            *(nats.jetstream(timeout=NATS_WAIT_S).publish(subject, each, headers=promised) for each in sending)
        )


async def test_behind_a_flood_another_publisher_is_served_and_the_excess_is_refused_and_told(
    runtime: Runtime[IntakeSettings],
) -> None:
    """Every submission of the flood ends in a receipt: taken, or refused by the quota. Nothing is lost in silence."""
    flood = [
        encode_submission(REPORT, source=SOURCE, event_id=f"flot-{number}", occurred_at=now())
        for number in range(FLOOD)
    ]
    jetstream = runtime.nats.jetstream(timeout=NATS_WAIT_S)
    await published(runtime.nats, "clic.inbox.telephonie.submission.request.v1", flood)
    last = encode_submission(ONLINE, source=SOURCE, event_id="portail-1", occurred_at=now())
    await jetstream.publish("clic.inbox.portail_web.submission.request.v1", last)
    wiring = await wire(runtime)
    async with at_work(*wiring.components), Office.open(runtime, wiring) as office:
        assert (await office.receipt("portail-1", publisher="portail_web")).status == "accepted"
        assert await office.receipt_position("portail_web", "portail-1") < FLOOD * OVERTAKES

        async def settled() -> bool:
            return await count(office) == FLOOD + 1

        await wait_until(settled, 100, what="every submission of the flood has its receipt")
        told = await receipts(office, "telephonie")
    assert told.get("quota", 0) > 0
    assert told["accepted"] >= PENDING
    assert told["accepted"] + told["quota"] == FLOOD


async def test_what_is_wrong_in_a_flood_is_told_each_time_and_holds_up_nobody(
    runtime: Runtime[IntakeSettings],
) -> None:
    """Not JSON, not ours, headers that promise what is not there: each refused, and the others served meanwhile."""
    wrong = [b"{", b"[]", b"\xff\xfe", json.dumps({"specversion": "1.0"}).encode(), b"[" * 5_000]
    jetstream = runtime.nats.jetstream(timeout=NATS_WAIT_S)
    await published(runtime.nats, "clic.inbox.travaux_publics.x", [wrong[number % 5] for number in range(WRONG)])
    last = encode_submission(REPORT, source=SOURCE, event_id="appel-1", occurred_at=now())
    await jetstream.publish("clic.inbox.telephonie.submission.request.v1", last)
    wiring = await wire(runtime)
    began = monotonic()
    async with at_work(*wiring.components), Office.open(runtime, wiring) as office:
        assert (await office.receipt("appel-1")).status == "accepted"
        took_s, position = monotonic() - began, await office.receipt_position("telephonie", "appel-1")
        assert position < WRONG * OVERTAKES or took_s < DELAY_MAX_S, (position, took_s)

        async def settled() -> bool:
            return await count(office) == WRONG + 1

        await wait_until(settled, 60, what="each wrong one has its receipt")
        assert set(await receipts(office, "travaux_publics")) <= {"not-json", "not-a-cloudevent", "unknown-type"}


@pytest.mark.parametrize("busy", [True, False])
async def test_nothing_is_taken_ahead_of_what_it_has_to_wait_for(
    runtime: Runtime[IntakeSettings], monkeypatch: pytest.MonkeyPatch, *, busy: bool
) -> None:
    """An earlier message of the same request is under way or in quarantine: its turn comes after that."""
    monkeypatch.setattr(fair_share, "LONG_FROM", 1)
    jetstream = runtime.nats.jetstream(timeout=NATS_WAIT_S)
    await jetstream.add_consumer(INBOX_STREAM, ConsumerConfig(durable_name="intake", ack_policy=AckPolicy.EXPLICIT))
    for publisher, count in (("courriel", 3), ("telephonie", 2)):
        for number in range(count):
            await jetstream.publish(f"clic.inbox.{publisher}.x", b"%d" % number)
    desk: Any = Judge()
    inbox = Inbox(desk, runtime.nats, runtime.clock)
    share = FairShare(runtime.nats, inbox, Quotas(None), "intake", is_busy=lambda _: busy)
    await share.look()
    await share.look()
    assert (inbox.ahead, desk.judged) == ((0, []) if busy else (2, [("telephonie", b"0"), ("telephonie", b"1")]))


class Judge:
    """A desk that takes everything."""

    def __init__(self) -> None:
        self.judged: list[tuple[str, bytes]] = []

    async def submit(self, publisher: str, body: bytes, **_: Any) -> Receipt:
        """Accepted."""
        self.judged.append((publisher, body))
        return Receipt(status="accepted", id=body.decode(), at=now())


async def test_over_http_a_rate_is_kept_and_said(office: Office) -> None:
    """429 with `Retry-After`, in the publisher's language; a key of another publisher goes on."""
    headers = {"Authorization": "Bearer portal", "Content-Type": "application/cloudevents+json"}
    answers = [
        await office.http.post(
            "/events",
            headers=headers,
            content=encode_submission(ONLINE, source=SOURCE, event_id=f"rapide-{number}", occurred_at=now()),
        )
        for number in range(5)
    ]
    assert [each.status_code == 429 for each in answers] == [False, False, False, True, True]
    assert 1 <= int(answers[3].headers["Retry-After"]) <= 20
    assert "envois par minute" in answers[3].json()["detail"]
    assert (await office.submit(REPORT, "appel-1")).status == "accepted"


async def test_a_submission_larger_than_agreed_is_refused_by_both_ways_in(office: Office) -> None:
    large = encode_submission(REPORT, source=SOURCE, event_id="long-1", occurred_at=now()) + b" " * 2_000
    headers = {"Authorization": "Bearer portal", "Content-Type": "application/cloudevents+json"}
    by_http = await office.http.post("/events", headers=headers, content=large)
    await office.publish(large, publisher="portail_web")

    assert (by_http.status_code, by_http.json()["problem"]["type"]) == (413, "urn:clic:problem:too-large")
    assert slug(await office.receipt("long-1", publisher="portail_web")) == "too-large"


def test_a_rate_is_a_minutes_worth_and_fills_by_the_second(tmp_path: Path) -> None:
    """A batch that is larger than what is left is taken, and what comes next waits so much longer."""
    file = tmp_path / "admission.json"
    file.write_text('{"publishers": {"a": {"messages_per_minute": 60}}}', encoding="utf-8")
    now_s = 0.0
    meter = RateMeter(Quotas(file), clock_s=lambda: now_s)

    assert [meter.wait_s("a", 60), meter.wait_s("a", 1), meter.wait_s("b", 1)] == [0, 1, 0]
    now_s = 1.0
    assert [meter.wait_s("a", 30), meter.wait_s("a", 1)] == [0, 30]
    now_s = 31.0
    assert [meter.wait_s("a", 1), meter.wait_s("a", 1)] == [0, 1]

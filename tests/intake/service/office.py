"""What tests do with a desk that works: submit, read receipts, ask over HTTP, look into its streams."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
from collections.abc import AsyncIterator, Iterable
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from clic_chassis.quarantine import Entry
from clic_chassis.service import Runtime, Wiring
from clic_chassis.testing import wait_until, wait_until_done
from clic_contracts.subject import INBOX_STREAM, RECEIPT_STREAM, inbox_subject, receipt_subject
from clic_contracts.submission import Receipt, Submission, encode_submission
from clic_intake.settings import IntakeSettings
from clic_intake.worklist.query import Worklists

KEY = bytes(range(32))
SOURCE = "/essai/imaginaire"
RECEIPT_WAIT_S = 20.0
NATS_WAIT_S = 20.0
LISTS_WAIT_S = 30.0
AGENTS = {
    "desk": {"agent": "alex.exemple", "roles": ["agent"]},
    "greffe": {"agent": "dominique.exemple", "roles": ["agent", "greffe"]},
    "reviewer": {"agent": "rene.exemple", "roles": ["agent", "reviewer"]},
    "second": {"agent": "sacha.exemple", "roles": ["reviewer", "greffe"]},
    "portal": {"agent": "portail.exemple", "roles": ["publisher:portail_web"]},
    "clerk": {"agent": "lou.exemple", "roles": ["greffe"]},
    "roads": {"agent": "noa.exemple", "roles": ["travaux_publics_voirie"]},
    "finances": {"agent": "jo.exemple", "roles": ["finances"]},
    "direction": {"agent": "charlie.exemple", "roles": ["direction_generale", "direction"]},
    "analyst": {"agent": "maxime.exemple", "roles": ["analyst"]},
    "administrator": {"agent": "ariel.exemple", "roles": ["administrator"]},
}


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def year() -> int:
    """Of references: by the town's days, not by those of UTC."""
    return now().astimezone(ZoneInfo("America/Toronto")).year


class Office:
    """A desk at work."""

    def __init__(self, runtime: Runtime[IntakeSettings], wiring: Wiring, http: httpx.AsyncClient) -> None:
        self.runtime = runtime
        self.wiring = wiring
        self.http = http

    @staticmethod
    def agents() -> str:
        """The agents' file; everybody's token is their key in `AGENTS`."""
        return json.dumps({hashlib.sha256(token.encode()).hexdigest(): agent for token, agent in AGENTS.items()})

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, runtime: Runtime[IntakeSettings], wiring: Wiring) -> AsyncIterator[Office]:
        """With its HTTP in-process."""
        assert wiring.http is not None
        transport = httpx.ASGITransport(wiring.http)
        async with httpx.AsyncClient(transport=transport, base_url="http://intake") as http:
            yield cls(runtime, wiring, http)

    @property
    def nats(self) -> Client:
        """Its connection."""
        return self.runtime.nats

    @property
    def jetstream(self) -> JetStreamContext:
        """What it stores."""
        return self.nats.jetstream(timeout=NATS_WAIT_S)

    async def lists_are_made(self) -> None:
        """Wait until the projector has made the worklists: until then whatever reads them answers 503."""
        lists = Worklists(self.runtime.pool, self.runtime.town, self.runtime.clock)
        await wait_until_done(lists.position, LISTS_WAIT_S, what="the worklists to be made")

    async def publish(
        self,
        body: bytes,
        *,
        publisher: str = "telephonie",
        kind: str = "submission.request.v1",
        headers: dict[str, str] | None = None,
    ) -> int:
        """Put bytes into the inbox; its position."""
        ack = await self.jetstream.publish(inbox_subject(publisher, kind), body, headers=headers)
        return ack.seq

    async def submit(
        self,
        submission: Submission,
        event_id: str,
        *,
        publisher: str = "telephonie",
        source: str = SOURCE,
        at: dt.datetime | None = None,
    ) -> Receipt:
        """Put a submission into the inbox, and wait for its newest receipt."""
        body = encode_submission(submission, source=source, event_id=event_id, occurred_at=at or now())
        before = await self.receipt_position(publisher, event_id)
        await self.publish(body, publisher=publisher, kind=submission.TYPE)

        async def given() -> bool:
            return await self.receipt_position(publisher, event_id) > before

        await wait_until(given, RECEIPT_WAIT_S, what=f"a receipt of {event_id}")
        return await self.receipt(event_id, publisher=publisher)

    async def receipt(self, event_id: str, *, publisher: str = "telephonie", status: str | None = None) -> Receipt:
        """The receipt that stands now, waited for where there is none, or none with this status."""
        subject = receipt_subject(publisher, event_id)

        async def there() -> Receipt | None:
            answer = await self.nats.request(f"$JS.API.DIRECT.GET.{RECEIPT_STREAM}.{subject}", b"", timeout=NATS_WAIT_S)
            if (answer.headers or {}).get("Status"):
                return None
            receipt = Receipt.model_validate_json(answer.data)
            return receipt if status in (None, receipt.status) else None

        found = await wait_until(there, RECEIPT_WAIT_S, what=f"a receipt ({status or 'any'}) on {subject}")
        assert found is not None
        return found

    async def receipt_position(self, publisher: str, event_id: str) -> int:
        """Where the receipt that stands now is in the stream of receipts; 0: there is none."""
        subject = receipt_subject(publisher, event_id)
        answer = await self.nats.request(f"$JS.API.DIRECT.GET.{RECEIPT_STREAM}.{subject}", b"", timeout=NATS_WAIT_S)
        return int((answer.headers or {}).get("Nats-Sequence", 0))

    async def stored(self, stream: str, sequence: int) -> bytes | None:
        """A message of a stream; None where it was erased."""
        answer = await self.nats.request(
            f"$JS.API.DIRECT.GET.{stream}", json.dumps({"seq": sequence}).encode(), timeout=NATS_WAIT_S
        )
        return None if (answer.headers or {}).get("Status") else answer.data

    async def everything(self, stream: str) -> list[bytes]:
        """Every message that a stream holds, subjects included."""
        info = await self.jetstream.stream_info(stream)
        found: list[bytes] = []
        for sequence in range(info.state.first_seq, info.state.last_seq + 1):
            answer = await self.nats.request(
                f"$JS.API.DIRECT.GET.{stream}", json.dumps({"seq": sequence}).encode(), timeout=NATS_WAIT_S
            )
            headers = answer.headers or {}
            if not headers.get("Status"):
                found.append(headers["Nats-Subject"].encode() + b"\n" + answer.data)
        return found

    async def inbox_is_done(self) -> None:
        """Wait until everything in the inbox is acknowledged."""
        end = (await self.jetstream.stream_info(INBOX_STREAM)).state.last_seq

        async def done() -> bool:
            # Not by `num_pending`: the server counts a message there a moment after it has acknowledged it.
            try:
                info = await self.jetstream.consumer_info(INBOX_STREAM, "intake")
            except NotFoundError:
                return False  # Its process makes it in a moment.
            given = info.delivered.stream_seq if info.delivered is not None else 0
            return given >= end and not info.num_ack_pending

        await wait_until(done, RECEIPT_WAIT_S, what="the inbox to be done with")

    async def quarantined(self) -> list[Entry]:
        """What is in intake's quarantine."""
        return [each async for each in self.runtime.quarantine.entries(service="intake")]

    async def ask(
        self,
        path: str,
        body: Any = None,
        *,
        token: str | None = "desk",
        headers: Iterable[tuple[str, str]] = (),
        content: bytes | None = None,
    ) -> httpx.Response:
        """POST a JSON body (or bytes), GET where there is none."""
        known = {"Authorization": f"Bearer {token}"} if token else {}
        if body is None and content is None:
            return await self.http.get(path, headers={**known, **dict(headers)})
        if content is not None:
            return await self.http.post(path, content=content, headers={**known, **dict(headers)})
        return await self.http.post(path, json=body, headers={**known, **dict(headers)})

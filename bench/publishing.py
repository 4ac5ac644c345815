"""From a publisher's submission to its receipt, by HTTP and by NATS, for one and many; and beside one who floods."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from time import perf_counter

import httpx
from nats.aio.client import Client
from tests.system.house import House
from tests.system.submitting import SOURCE, now, request

from clic_chassis.testing import wait_until
from clic_contracts.subject import INBOX_STREAM, inbox_subject, receipt_subject
from clic_contracts.submission import RequestSubmission, encode_submission

from .guest import GUEST, open_guest_house, without_quotas
from .measure import Measure, percentile

CODES = ("portail_web", "telephonie", "courriel", "comptoir", "bons_de_travail")
"""Publishers of the town; many connections share them in turn."""
HOSTILE = "montreal_311"
RECEIPT_S = 60.0
EVERY_S = 0.05
"""How often the well-behaved publisher submits beside the flood."""

Submit = Callable[[int], Awaitable[None]]
"""Submits under a number that was never used, and returns with the receipt."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    publishers: tuple[int, ...] = (1, 10, 100)
    seconds: float = 10.0
    flood: int = 20_000
    """Submissions of the hostile publisher, as many at once as it can; every other one is wrong."""
    beside: int = 100
    """Submissions of the well-behaved one, alone and beside it."""


def measure(size: Size = Size()) -> list[Measure]:
    """Intake alone."""
    with open_guest_house(["intake"]) as house:
        return asyncio.run(measured(house, size))


async def measured(house: House, size: Size) -> list[Measure]:
    """On a house that runs with intake, and has the user `GUEST`."""
    without_quotas(house, CODES)
    keys = {code: (await house.clic("publisher", "key", "add", code)).split()[0] for code in CODES}
    found: list[Measure] = []
    numbers = itertools.count()
    for count in size.publishers:
        for name, opened in (("nats", by_nats(house, count)), ("http", by_http(house, count, keys))):
            async with opened as publishers:
                rate, latencies_s = await _side_by_side(publishers, numbers, size.seconds)
            found += _told(f"publish.{name}_{count}", latencies_s)
            found.append(Measure(f"publish.{name}_{count}_per_s", rate, "receipts/s"))
    return [*found, *await _beside_a_flood(house, numbers, size)]


async def _side_by_side(
    publishers: list[Submit], numbers: itertools.count[int], seconds: float
) -> tuple[float, list[float]]:
    """Each submits, waits for the receipt, and submits again; receipts a second in all, and how long each took."""
    latencies_s: list[float] = []
    began = perf_counter()

    async def publishing(submit: Submit) -> None:
        while True:  # Once at least, however little time there was.
            latencies_s.append(await _timed(submit, next(numbers)))
            if perf_counter() - began >= seconds:
                return

    await asyncio.gather(*map(publishing, publishers))
    return len(latencies_s) / (perf_counter() - began), latencies_s


async def _timed(submit: Submit, number: int) -> float:
    began = perf_counter()
    await submit(number)
    return perf_counter() - began


def _told(name: str, latencies_s: list[float]) -> list[Measure]:
    return [
        Measure(f"{name}_p50", percentile(latencies_s, 0.50) * 1e3, "ms"),
        Measure(f"{name}_p99", percentile(latencies_s, 0.99) * 1e3, "ms"),
    ]


# -- the ways in --------------------------------------------------------------------------------------------------


@asynccontextmanager
async def by_nats(house: House, count: int) -> AsyncIterator[list[Submit]]:
    """Publishers with a connection each."""
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(house.client(GUEST)) for _ in range(count)]
        yield [_on_nats(client, code) for client, code in zip(clients, itertools.cycle(CODES), strict=False)]


def _on_nats(client: Client, code: str) -> Submit:
    stream = client.jetstream(timeout=RECEIPT_S)

    async def submit(number: int) -> None:
        event_id = f"nats-{number}"
        listening = await client.subscribe(receipt_subject(code, event_id), max_msgs=1)
        await stream.publish(inbox_subject(code, RequestSubmission.TYPE), _body(event_id))
        receipt = json.loads((await listening.next_msg(timeout=RECEIPT_S)).data)
        assert receipt["status"] == "accepted", receipt

    return submit


@asynccontextmanager
async def by_http(house: House, count: int, keys: dict[str, str]) -> AsyncIterator[list[Submit]]:
    """Publishers with a connection each, and the key of one of the town's."""
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(
                httpx.AsyncClient(
                    base_url=house.url("intake"),
                    headers={"Authorization": f"Bearer {key}", "Content-Type": "application/cloudevents+json"},
                    timeout=RECEIPT_S,
                    trust_env=False,
                )
            )
            for _, key in zip(range(count), itertools.cycle(keys.values()), strict=False)
        ]
        yield [_on_http(client) for client in clients]


def _on_http(client: httpx.AsyncClient) -> Submit:
    async def submit(number: int) -> None:
        answer = await client.post("/events", content=_body(f"http-{number}"))
        assert answer.status_code == HTTPStatus.CREATED, answer.text

    return submit


def _body(event_id: str) -> bytes:
    return encode_submission(request(), source=SOURCE, event_id=event_id, occurred_at=now())


# -- fairness -----------------------------------------------------------------------------------------------------


async def _beside_a_flood(house: House, numbers: itertools.count[int], size: Size) -> list[Measure]:
    """How long a well-behaved publisher waits for its receipts, alone and while another floods the inbox."""
    async with by_nats(house, 1) as (submit,), house.client(GUEST) as hostile:
        alone = await _at_leisure(submit, numbers, size.beside)
        flood = asyncio.create_task(_flood(hostile, size.flood))
        await _begun(hostile, flood, size.flood // 10)
        beside = await _at_leisure(submit, numbers, size.beside)
        left = (await hostile.jetstream().consumer_info(INBOX_STREAM, "intake")).num_pending or 0
        await flood
    return [
        *_told("fairness.alone", alone),
        *_told("fairness.beside_flood", beside),
        Measure("fairness.flood_left", left, "submissions", "more than 0: the flood lasted as long as the measure"),
    ]


async def _at_leisure(submit: Submit, numbers: itertools.count[int], count: int) -> list[float]:
    """At a rate of its own, whatever comes back when: who waits for the one before would not notice a queue."""

    async def after(position: int) -> float:
        await asyncio.sleep(position * EVERY_S)
        return await _timed(submit, next(numbers))

    return await asyncio.gather(*map(after, range(count)))


async def _flood(client: Client, count: int) -> None:
    """As many as the server takes, half of them not even JSON."""
    stream = client.jetstream(timeout=RECEIPT_S, publish_async_max_pending=1_000)
    subject = inbox_subject(HOSTILE, RequestSubmission.TYPE)
    acks = [
        await stream.publish_async(subject, _body(f"flood-{number}") if number % 2 else b"Bonjour" * 100)
        for number in range(count)
    ]
    await asyncio.gather(*acks)


async def _begun(client: Client, flood: asyncio.Task[None], count: int) -> None:
    """Wait until so much of the flood stands in the inbox; of a small one perhaps never."""
    stream = client.jetstream()

    async def stands() -> bool:
        return flood.done() or (await stream.stream_info(INBOX_STREAM)).state.messages >= count

    await wait_until(stands, RECEIPT_S, what="the flood stands in the inbox")

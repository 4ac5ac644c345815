"""Submissions accepted through intake's inbox and over its HTTP, beside bare appends on the same server."""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from time import perf_counter
from typing import NamedTuple

import httpx
from nats.aio.client import Client
from nats.aio.msg import Msg
from tests.system.house import House
from tests.system.submitting import SOURCE, now, request

from clic_chassis.streams import STREAMS
from clic_chassis.testing import wait_until
from clic_contracts.subject import LOG_STREAM, RECEIPT_PREFIX, inbox_subject
from clic_contracts.submission import encode_submission

from .guest import GUEST, open_guest_house, side_by_side, without_quotas
from .measure import Measure

SUBMISSIONS = 3_000
WARM_UP = 200
APPENDS = 6_000
PUBLISHER = "portail_web"
STREAM = "BENCH_BARE"
ACCEPTED_S = 180.0


def measure() -> list[Measure]:
    """Intake alone, beside bare appends with an expected sequence."""
    with open_guest_house(["intake"]) as house:
        rates = asyncio.run(_measure(house))
    return [
        Measure("submit.accepted_per_s", rates.inbox, "submissions/s"),
        Measure("submit.http_accepted_per_s", rates.http, "submissions/s"),
        Measure("submit.bare_appends_per_s", rates.appends, "appends/s"),
        Measure("submit.bare_http_per_s", rates.answers, "answers/s"),
        Measure("submit.over_bare_append", rates.inbox / rates.appends, "ratio"),
        Measure("submit.http_over_bare_append", rates.http / rates.appends, "ratio"),
        Measure("submit.http_over_bare_http", rates.http / rates.answers, "ratio"),
    ]


class _Rates(NamedTuple):
    """Of one second each."""

    inbox: float
    http: float
    appends: float
    answers: float
    """Of a probe that does nothing, to the same client: what HTTP itself takes on both sides."""


async def _measure(house: House) -> _Rates:
    async with house.client(GUEST) as client, house.http("intake") as http:
        without_quotas(house, [PUBLISHER])
        await _accepted_per_s(client, "echauffement", WARM_UP)
        inbox = await _accepted_per_s(client, "mesure", SUBMISSIONS)
        await _posted_per_s(http, "echauffement-http", WARM_UP)
        posted = await _posted_per_s(http, "mesure-http", SUBMISSIONS)
        return _Rates(inbox, posted, await _appends_per_s(client), await _answers_per_s(http))


async def _posted_per_s(http: httpx.AsyncClient, prefix: str, count: int) -> float:
    """Each submission in a POST of its own, `WRITERS` at once; the answer is its receipt."""
    bodies = _bodies(prefix, count)

    async def post(number: int) -> None:
        answer = await http.post("/events", content=bodies[number])
        assert answer.status_code == HTTPStatus.CREATED, answer.text

    began = perf_counter()
    await side_by_side(count, post)
    return count / (perf_counter() - began)


async def _answers_per_s(http: httpx.AsyncClient) -> float:
    async def ask(_: int) -> None:
        (await http.get("/livez")).raise_for_status()

    began = perf_counter()
    await side_by_side(SUBMISSIONS, ask)
    return SUBMISSIONS / (perf_counter() - began)


def _bodies(prefix: str, count: int) -> list[bytes]:
    return [
        encode_submission(request(), source=SOURCE, event_id=f"{prefix}-{number}", occurred_at=now())
        for number in range(count)
    ]


async def _accepted_per_s(client: Client, prefix: str, count: int) -> float:
    """From the first submission published to the last receipt."""
    subject = inbox_subject(PUBLISHER, "submission.request.v1")
    bodies = _bodies(prefix, count)
    accepted: set[str] = set()

    async def heard(message: Msg) -> None:
        if json.loads(message.data)["status"] == "accepted":
            accepted.add(message.subject)

    listening = await client.subscribe(f"{RECEIPT_PREFIX}.{PUBLISHER}.>", cb=heard)
    await client.flush()
    stream = client.jetstream(timeout=30)
    began = perf_counter()
    await side_by_side(count, lambda number: stream.publish(subject, bodies[number]))
    await wait_until(lambda: len(accepted) == count, ACCEPTED_S, what="every submission is accepted")
    seconds = perf_counter() - began
    await listening.unsubscribe()
    return count / seconds


async def _appends_per_s(client: Client) -> float:
    """Plain publishes that expect an empty subject, of a body as the log holds, on a stream set up as the log is."""
    stream = client.jetstream(timeout=30)
    body = (await stream.get_msg(LOG_STREAM, 1)).data or b""
    settings = {"name": STREAM, "storage": "file", **STREAMS[LOG_STREAM], "subjects": ["bench.bare.*"]}
    made = json.loads((await client.request(f"$JS.API.STREAM.CREATE.{STREAM}", json.dumps(settings).encode())).data)
    assert "error" not in made, made
    headers = {"Nats-Expected-Last-Subject-Sequence": "0", "Nats-Expected-Stream": STREAM}
    began = perf_counter()
    await side_by_side(
        APPENDS, lambda number: client.request(f"bench.bare.{number}", body, headers=dict(headers), timeout=30)
    )
    seconds = perf_counter() - began
    stored = (await stream.stream_info(STREAM)).state.messages
    assert stored == APPENDS, f"{stored} of {APPENDS} were stored"
    return APPENDS / seconds

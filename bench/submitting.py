"""Submissions accepted through intake's inbox, beside bare appends on the same server."""

from __future__ import annotations

import asyncio
import json
from time import perf_counter

from nats.aio.client import Client
from nats.aio.msg import Msg
from tests.system.house import House
from tests.system.submitting import SOURCE, now, request

from clic_chassis.streams import STREAMS
from clic_chassis.testing import wait_until
from clic_contracts.subject import LOG_STREAM, RECEIPT_PREFIX, inbox_subject
from clic_contracts.submission import encode_submission

from .guest import GUEST, open_guest_house, side_by_side
from .measure import Measure

SUBMISSIONS = 3_000
WARM_UP = 200
APPENDS = 6_000
PUBLISHER = "portail_web"
STREAM = "BENCH_BARE"
ACCEPTED_S = 180.0


def measure() -> list[Measure]:
    """Intake alone (the other three services are stopped) beside bare appends with an expected sequence."""
    with open_guest_house() as house:
        for service in ("routing", "deadlines", "reporting"):
            house.stop(service)
        accepted_per_s, appends_per_s = asyncio.run(_measure(house))
    return [
        Measure("submit.accepted_per_s", accepted_per_s, "submissions/s"),
        Measure("submit.bare_appends_per_s", appends_per_s, "appends/s"),
        Measure("submit.over_bare_append", accepted_per_s / appends_per_s, "ratio"),
    ]


async def _measure(house: House) -> tuple[float, float]:
    async with house.client(GUEST) as client:
        await _accepted_per_s(client, "echauffement", WARM_UP)
        accepted_per_s = await _accepted_per_s(client, "mesure", SUBMISSIONS)
        return accepted_per_s, await _appends_per_s(client)


async def _accepted_per_s(client: Client, prefix: str, count: int) -> float:
    """From the first submission published to the last receipt."""
    subject = inbox_subject(PUBLISHER, "submission.request.v1")
    bodies = [
        encode_submission(request(), source=SOURCE, event_id=f"{prefix}-{number}", occurred_at=now())
        for number in range(count)
    ]
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

"""What sealing a request costs beside appending it: key, wrapping, sealing and digests against a synced append."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path
from time import perf_counter

import nats
from nats.aio.client import Client

from clic_chassis.embedded import start_nats
from clic_chassis.streams import STREAMS
from clic_contracts.event import RequestReceived
from clic_contracts.subject import LOG_STREAM
from clic_intake.core.contact import contact_keys
from clic_intake.core.name import entries
from clic_intake.seal import INDEX_PURPOSES, MasterKey

from .measure import Measure, percentile

REQUESTS = 5_000
APPENDS = 1_000
WRITERS = 64
STREAM = "BENCH_SEAL"
AIM = 0.05
CONTENT = {
    "requester": {"name": "Camille Exemple", "email": "camille@exemple.invalid", "phone": "450 555-0199"},
    "place": {"address": "12, rue Inventée", "latitude": 45.56, "longitude": -73.19},
    "text": "Un nid-de-poule imaginaire devant la maison, depuis la dernière pluie. " * 6,
}
"""As large as a request by the form is."""


def measure() -> list[Measure]:
    """Sealing alone, on the processor; appending alone, on a server that syncs always, one at a time and many."""
    sealing_us = _sealing_us()
    with tempfile.TemporaryDirectory(prefix="clic-bench-") as folder:
        server = start_nats(Path(folder))
        try:
            append_us, append_busy_us = asyncio.run(_append_us(server.url))
        finally:
            server.stop()
    return [
        Measure("sealing.request_us", sealing_us, "µs"),
        Measure("sealing.indexing_us", _indexing_us(), "µs"),
        Measure("sealing.append_us", append_us, "µs"),
        Measure("sealing.over_append", sealing_us / append_us, "ratio", f"< {AIM}"),
        Measure("sealing.append_busy_us", append_busy_us, "µs"),
        Measure("sealing.over_append_busy", sealing_us / append_busy_us, "ratio"),
    ]


def _sealing_us() -> float:
    """A new key, wrapped; unwrapped, as the register gives it; content sealed and digested. The median."""
    master = MasterKey(bytes(range(32)))
    body = json.dumps(CONTENT).encode()
    times: list[float] = []
    for number in range(REQUESTS):
        request_id = f"00000000-0000-5000-8000-{number:012d}"
        began = perf_counter()
        key = master.unwrap(request_id, master.new_wrapped(request_id))
        key.seal(CONTENT)
        key.digest(body)
        times.append(perf_counter() - began)
    return percentile(times, 0.5) * 1e6


def _indexing_us() -> float:
    """Digests of a requester's name and contacts, for finding them again. The median."""
    master = MasterKey(bytes(range(32)))
    names, contacts = (master.digester(purpose) for purpose in INDEX_PURPOSES[:2])
    who = CONTENT["requester"]
    assert isinstance(who, dict)
    times: list[float] = []
    for _ in range(REQUESTS):
        began = perf_counter()
        for key in entries(who["name"]):
            names(key)
        for key in contact_keys(who):
            contacts(key)
        times.append(perf_counter() - began)
    return percentile(times, 0.5) * 1e6


async def _append_us(url: str) -> tuple[float, float]:
    """The median of an append as the log takes them, and the time that each takes of many at once."""
    client = await nats.connect(url)
    settings = {"name": STREAM, "storage": "file", **STREAMS[LOG_STREAM], "subjects": ["bench.seal.*"]}
    made = json.loads((await client.request(f"$JS.API.STREAM.CREATE.{STREAM}", json.dumps(settings).encode())).data)
    assert "error" not in made, made
    key = MasterKey(bytes(range(32))).unwrap("bench", MasterKey(bytes(range(32))).new_wrapped("bench"))
    received = RequestReceived.model_validate(RequestReceived.EXAMPLE).model_copy(update={"sealed": key.seal(CONTENT)})
    body = received.model_dump_json().encode()
    times: list[float] = []
    for number in range(APPENDS):
        began = perf_counter()
        await _append(client, number, body)
        times.append(perf_counter() - began)
    numbers = iter(range(APPENDS, 5 * APPENDS))

    async def writer() -> None:
        for number in numbers:
            await _append(client, number, body)

    began = perf_counter()
    async with asyncio.TaskGroup() as writers:
        for _ in range(WRITERS):
            writers.create_task(writer())
    busy_s = perf_counter() - began
    await client.close()
    return percentile(times, 0.5) * 1e6, busy_s / (4 * APPENDS) * 1e6


async def _append(client: Client, number: int, body: bytes) -> None:
    """On the expectation that nothing stands there, as a registration is appended."""
    headers = {"Nats-Expected-Last-Subject-Sequence": "0", "Nats-Expected-Stream": STREAM}
    answer = await client.request(f"bench.seal.{number}", body, headers=headers, timeout=30)
    assert b'"error"' not in answer.data, answer.data

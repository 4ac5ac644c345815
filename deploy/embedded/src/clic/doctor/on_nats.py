"""NATS: that it answers, keeps what it acknowledges, has our streams as they must be, and lets nobody do too much."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from nats.aio.client import Client
from nats.errors import Error as NatsError

from clic.connection import Connection, without_password
from clic.nats_config import DURABLES, SERVICES
from clic_chassis.error import ClicError
from clic_chassis.quarantine import Quarantine
from clic_chassis.streams import STREAMS, differing
from clic_contracts.subject import LOG_PREFIX, LOG_STREAM

from .finding import Finding, told_by, unknown, warning, well, wrong
from .place import Place

OLDEST_VERSION = (2, 15)
"""Atomic appends are from 2.12; the compaction of s2 lost data before 2.15."""
QUORUM = 3
USUAL_PORT = 4222
ASK_TIMEOUT_S = 5
MOVES_WITHIN_S = 3.0
LAG_MAX = 1_000
HELD_MAX = 1_000
"""Entries of the quarantine that are counted; more are more than enough to say so."""
NEVER = 2**53
"""A position that no request's story has: an append that expects it is refused, by whoever may append at all."""
NOBODY = "00000000-0000-0000-0000-000000000000"
READS_ALONE = "reporting"
FULL, FILLING = 0.95, 0.8
MONITOR = "set CLIC_NATS_MONITORING_URL to the monitoring page of every server, http://host:8222"


async def reachable(place: Place) -> list[Finding]:
    """Whether NATS lets ops in, speaks JetStream, and is new enough."""
    if place.ops is None:
        return [unknown("where NATS is", "set CLIC_NATS_URL, or CLIC_DIR to the folder of `clic up`")]
    where = without_password(place.ops.nats_url)
    try:
        async with place.nats() as client:
            version = client.connected_server_version
            await _api(client, f"STREAM.INFO.{LOG_STREAM}")
    except (ClicError, NatsError, OSError) as error:
        return [
            wrong(
                f"NATS at {where} does not answer as it must: {told_by(error)}",
                "nothing can be registered; publishers keep what they have",
                "start it (`clic up`; in a cluster, see why its pods do not run), or mend CLIC_NATS_URL and the key",
            )
        ]
    told_version = f"{version.major}.{version.minor}.{version.patch}"
    if (version.major, version.minor) < OLDEST_VERSION:
        return [
            wrong(
                f"NATS is {told_version}",
                "before 2.15 compression could lose what was stored",
                "upgrade the NATS servers, one after the other",
            )
        ]
    return [well(f"NATS {told_version} at {where}")]


async def synced(place: Place) -> list[Finding]:
    """Whether every server writes to disk before it acknowledges."""
    standing, failed = await place.standing()
    if not standing and not failed:
        return [unknown("whether the log is synced", MONITOR)]
    findings = [
        wrong(
            f"the monitoring page {url} does not answer",
            "nobody can see whether that server keeps what it acknowledges, or how full it is",
            "start the server, open its port 8222 to this place, or name the right CLIC_NATS_MONITORING_URL",
        )
        for url in failed
    ]
    findings += [
        wrong(
            f"{each.name} acknowledges before it has written to disk",
            "a power cut may lose what citizens were told is registered",
            "set `sync_interval: always` in the jetstream block of its configuration and restart it",
        )
        for each in standing
        if not each.sync_always
    ]
    return findings or [well(f"synced: {', '.join(each.name for each in standing)}")]


async def storage(place: Place) -> list[Finding]:
    """How full JetStream's storage is."""
    standing, _ = await place.standing()
    if not standing:
        return [unknown("how full JetStream is", MONITOR)]
    findings: list[Finding] = []
    for each in standing:
        share = each.storage_bytes / each.storage_bytes_max if each.storage_bytes_max else 0.0
        told = f"JetStream on {each.name} uses {share:.0%} of what it may"
        mend = "raise `max_file_store`, and give the volume that room first"
        if share > FULL:
            findings.append(wrong(told, "at the limit nothing is registered any more", mend))
        elif share > FILLING:
            findings.append(warning(told, "at the limit nothing is registered any more", mend))
        else:
            findings.append(well(told))
    return findings


async def streams(place: Place) -> list[Finding]:
    """Whether the streams are there, as this version makes them, on as many servers as there are."""
    async with place.nats() as client:
        infos = {name: await _api(client, f"STREAM.INFO.{name}") for name in STREAMS}
    standing, _ = await place.standing()
    findings: list[Finding] = []
    for name, info in infos.items():
        if "error" in info:
            findings.append(
                wrong(
                    f"the stream {name} is not there ({info['error'].get('description')})",
                    "a service that needs it is not ready",
                    "make it: `clic streams apply`, with --replicas 3 on a cluster; a log that was lost is restored "
                    "from its backup instead",
                )
            )
            continue
        findings += _as_it_must_be(name, info, len(standing))
    return findings or [well(f"{len(infos)} streams are as they must be")]


def _as_it_must_be(name: str, info: dict[str, Any], servers: int) -> list[Finding]:
    replicas = int(info["config"].get("num_replicas", 1))
    findings: list[Finding] = []
    if differs := differing(name, info["config"], replicas):
        mend = (
            "the log is never changed in passing: find out who did, and mend it with the nats tool"
            if name == LOG_STREAM
            else "`clic streams apply` gives it this version's settings"
        )
        findings.append(wrong(f"the stream {name} differs: {'; '.join(differs)}", "its guarantees are others", mend))
    if servers > 1 and replicas == 1:
        findings.append(
            wrong(
                f"the stream {name} stands on one server of {servers}",
                "with that server it is away, or lost",
                f"`clic streams apply --replicas {min(QUORUM, servers)}`",
            )
        )
    late = [each["name"] for each in (info.get("cluster") or {}).get("replicas") or [] if not each.get("current")]
    if late:
        findings.append(
            warning(
                f"replicas of {name} do not follow: {', '.join(late)}",
                "the next server that is lost may be one too many",
                "start those servers; if they run, look at their logs and disks",
            )
        )
    return findings


async def consumers(place: Place) -> list[Finding]:
    """Whether every service's consumer is there, and moves where something waits."""
    async with place.nats() as client:
        before = await _consumers(client)
        if any(_waits(each) for each in before.values()):
            await asyncio.sleep(MOVES_WITHIN_S)
        after = await _consumers(client)
    findings: list[Finding] = []
    for (service, durable), info in after.items():
        if "error" in info:
            findings.append(
                wrong(
                    f"{service}'s consumer {durable} is not there",
                    f"{service} never ran here, or somebody removed it: nothing is handled",
                    f"start {service}; it makes its consumer and goes on where it stood",
                )
            )
        elif (waits := _waits(info)) and _floor(info) == _floor(before[service, durable]):
            findings.append(
                wrong(
                    f"{durable} stands still: {waits} messages wait, and none was done in {MOVES_WITHIN_S:.0f} s",
                    "what they ask for is not done",
                    f"see why {service} does not work: its /readyz, its log, `clic quarantine list`",
                )
            )
        elif waits > LAG_MAX:
            told = f"{durable} has {waits} messages before it, and moves"
            findings.append(warning(told, "what they ask for is done late", "wait, or start more instances"))
    return findings or [well(f"{len(after)} consumers follow")]


def _waits(info: dict[str, Any]) -> int:
    return int(info.get("num_pending", 0)) + int(info.get("num_ack_pending", 0))


def _floor(info: dict[str, Any]) -> int:
    return int((info.get("ack_floor") or {}).get("stream_seq", 0))


async def _consumers(client: Client) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (service, durable): await _api(client, f"CONSUMER.INFO.{stream}.{durable}")
        for service, pairs in DURABLES.items()
        for stream, durable in pairs
    }


async def permissions(place: Place) -> list[Finding]:
    """Whether each service is let in as itself, may write its own part of the log alone, and nobody else is let in.

    An append that is tried expects a position that no story has: the server refuses it even where it should not have
    let it through, and nothing is written.
    """
    findings: list[Finding] = []
    if place.ops is not None and await _lets_anybody_in(place.ops):
        findings.append(
            wrong(
                "NATS lets in whoever does not say who they are",
                "anybody who reaches it reads and writes the log",
                "start it with the users of `clic nats-users`",
            )
        )
    if not place.users:
        return [*findings, unknown("what services may do on NATS", "run this where their keys are, or on one machine")]
    every = await asyncio.gather(*(_of_user(place, *each) for each in place.users.items()))
    findings += [each for found in every for each in found]
    return findings or [well(f"{', '.join(place.users)}: each may write its own part of the log alone")]


async def _of_user(place: Place, service: str, connection: Connection) -> list[Finding]:
    try:
        return await _of_service(place, service, connection)
    except (ClicError, NatsError, OSError) as error:
        return [
            wrong(
                f"{service} is not let in: {told_by(error)}",
                "the service does not start",
                f"give the server {service}'s public key, or {service} the key that the server knows",
            )
        ]


async def _of_service(place: Place, service: str, connection: Connection) -> list[Finding]:
    async with place.nats(connection) as client:
        if "error" in await _api(client, f"STREAM.INFO.{LOG_STREAM}"):
            why = f"{service} cannot follow the log"
            return [wrong(f"{service} may not look at the log", why, "make the server's users anew: `clic nats-users`")]
        may = {each: await _may_append(client, each) for each in SERVICES}
        findings = [
            wrong(
                f"{service} may write {other}'s part of the log",
                "a defect in one service could then decide for another",
                "make the server's users anew: `clic nats-users`",
            )
            for other in SERVICES
            if may[other] and (other != service or service == READS_ALONE)
        ]
        if service != READS_ALONE and not may[service]:
            why = f"nothing that {service} decides can be recorded"
            findings.append(
                wrong(f"{service} may not write its own part of the log", why, "make the users anew: `clic nats-users`")
            )
        return findings


async def _may_append(client: Client, service: str) -> bool:
    """Whether the server lets it: it then says that the expected position is not there.

    Raises:
        NatsError: it says nothing in time, which is no refusal.
    """
    subject, inbox = f"{LOG_PREFIX}.{service}.{NOBODY}", client.new_inbox()
    answers = await client.subscribe(inbox)
    await client.publish(subject, b"[]", reply=inbox, headers={"Nats-Expected-Last-Subject-Sequence": str(NEVER)})
    for _ in range(2):  # A refusal comes before what answers a flush; nats-py sends the first one past what waits.
        await client.flush(ASK_TIMEOUT_S)
    if subject in str(client.last_error).lower():
        return False
    answer = await answers.next_msg(ASK_TIMEOUT_S)
    return bool(answer.data) and "error" in json.loads(answer.data)


async def _lets_anybody_in(ops: Connection) -> bool:
    """A server greets with whether it wants to know who comes."""
    for each in ops.nats_url.split(","):
        parts = urlsplit(each if "://" in each else f"nats://{each}")
        with suppress(OSError, TimeoutError, ValueError):  # That it is away is found by itself.
            async with asyncio.timeout(ASK_TIMEOUT_S):
                reader, writer = await asyncio.open_connection(parts.hostname, parts.port or USUAL_PORT)
                try:
                    greeting = (await reader.readline()).removeprefix(b"INFO ")
                finally:
                    writer.close()
                    with suppress(OSError):
                        await writer.wait_closed()
            if not json.loads(greeting).get("auth_required"):
                return True
    return False


async def quarantine(place: Place) -> list[Finding]:
    """What could not be handled."""
    held: dict[str, int] = {}
    async with place.nats() as client:
        async for entry in Quarantine(client).entries():
            held[entry.service] = held.get(entry.service, 0) + 1
            if sum(held.values()) >= HELD_MAX:
                break
    return [
        wrong(
            f"{count} messages are in quarantine at {service}",
            "what they ask for is not done, and later ones of the same request wait behind them",
            "`clic quarantine list` says why; mend that, then `clic quarantine retry`",
        )
        for service, count in held.items()
    ] or [well("nothing is in quarantine")]


async def _api(client: Client, call: str) -> dict[str, Any]:
    answer = await client.request(f"$JS.API.{call}", b"", timeout=ASK_TIMEOUT_S)
    parsed: dict[str, Any] = json.loads(answer.data)
    return parsed

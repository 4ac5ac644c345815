"""Making a log and its registers again in an empty place, from a backup or up to an earlier position of it.

What is derived is not in backups: letters' queue, worklists, timers, docket and reporting are made by the services,
from the log that they find. Whoever was erased stays erased, whatever the keys' backup still holds.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg
from nats.aio.client import Client

from clic_chassis.migration import migrate
from clic_chassis.nats_error import CONSUMER_NOT_FOUND
from clic_chassis.postgres_credential import connect
from clic_chassis.streams import STREAMS as STREAM_SETTINGS
from clic_contracts.subject import (
    ATTACHMENT_PREFIX,
    ATTACHMENT_STREAM,
    INBOX_STREAM,
    LOG_STREAM,
    QUARANTINE_STREAM,
)
from clic_intake.seal import MasterKey
from clic_reporting import ledger

from . import snapshot
from .artefact import Artefact
from .backup import PUBLICATIONS
from .cut import tell_again
from .erasure_register import ErasureRegister
from .error import DamagedError, KeepingError
from .log_digest import Reading, read_log
from .table import PACKAGES, SQL, Columns, clear_derived, copy_in, is_empty, migrate_until, migrations

STREAMS: Final = (LOG_STREAM, ATTACHMENT_STREAM, QUARANTINE_STREAM, INBOX_STREAM)
"""What is restored; receipts and feed are made again by who judges and relays."""
CAUSE: Final = "restored"
FOLLOWING: Final = ("deadlines", "duplicates", "letters")
"""Consumers of the log whose work stands in PostgreSQL: they hear all of it again, and do what is not done yet."""

Told = Callable[[str], None]
Scratch = Callable[[], contextlib.AbstractAsyncContextManager[Client]]


@dataclass(frozen=True, slots=True)
class Target:
    """Where to: servers on which nothing of CLIC runs."""

    nats: Client
    databases: Mapping[str, str]
    replicas: int = 1


@dataclass(frozen=True, slots=True)
class Restored:
    """What is there now, and what is not."""

    position: int
    facts: int
    requests: int
    log_sha256: str
    unreadable: int
    """Requests whose key is in no backup: what is sealed of them cannot be opened any more."""
    lost: tuple[str, ...]
    """References of requests that the keys' backup knows and the log does not: what came after its position."""
    erased: int
    """Keys that were in the backup and were destroyed again."""
    ended_keys: int
    not_told: int
    """Erasures that this log does not tell yet; the service writes them into it."""


async def restore_log(
    target: Target, log: Artefact, *, at: int | None = None, scratch: Scratch | None = None, tell: Told = lambda _: None
) -> Reading:
    """Make the log, attachments and quarantine again, and prove the log by its digest; with `at` up to a position.

    An earlier position needs a `scratch` server, on which the whole log is made first.

    Raises:
        KeepingError: a stream is there already, or there is no such position.
        DamagedError: a file, or the log that came of it, is not as it was backed up.
        RetryableError: a server did not answer.
    """
    manifest = log.manifest
    if at is not None and not 1 <= at <= manifest.position:
        raise KeepingError(f"the backup holds the positions 1 to {manifest.position:,}; {at:,} is none of them")
    await log.check()
    there = [each for each in STREAMS if await snapshot.info(target.nats, each) is not None]
    if there:
        raise KeepingError(f"{', '.join(there)} stand there: a log is restored where there is none, and never over one")
    if at is None or at == manifest.position:
        for stream in (LOG_STREAM, ATTACHMENT_STREAM, QUARANTINE_STREAM):
            tell(f"the stream {stream}")
            await _stream(target, log, stream)
        wanted = manifest.log_sha256
    else:
        assert scratch is not None
        tell(f"the stream {ATTACHMENT_STREAM}")
        await _stream(target, log, ATTACHMENT_STREAM)
        await snapshot.make(target.nats, LOG_STREAM, STREAM_SETTINGS[LOG_STREAM], target.replicas)
        async with scratch() as source:
            await _stream(Target(source, {}), log, LOG_STREAM)
            whole = await read_log(source, until=manifest.position)
            _prove(whole, manifest.log_sha256)
            wanted = (await read_log(source, until=at)).sha256
            tell(f"the first {at:,} positions of the log")
            await tell_again(source, target.nats, until=at)
    tell("the digest of the log")
    state = await snapshot.info(target.nats, LOG_STREAM)
    assert state is not None
    reading = await read_log(target.nats, until=state.last_sequence)
    _prove(reading, wanted)
    return reading


async def restore_inbox(target: Target, keys: Artefact) -> None:
    """Make the inbox again: what waited, and what was judged meanwhile, which is found in the log and done once.

    Raises as `restore_log`.
    """
    await _stream(target, keys, INBOX_STREAM)


async def restore_registers(
    target: Target,
    keys: Artefact | None,
    reading: Reading,
    erasures: ErasureRegister,
    *,
    deployment_key: MasterKey | None,
    tell: Told = lambda _: None,
) -> Restored:
    """Fill PostgreSQL's registers beside a log, from a backup of the keys or, without one, from the log alone.

    Raises:
        KeepingError: they hold something, are of a newer version, or wrapped by another deployment key.
        DamagedError: a file is not as it was backed up.
    """
    if keys is not None:
        await keys.check()
        if deployment_key is not None:
            _check_deployment_key(keys, deployment_key)
    for service in PACKAGES:
        async with _connected(target.databases[service]) as connection:
            tell(f"{service}'s registers")
            await _empty(connection, service)
            if keys is not None:
                await _fill(connection, service, keys)
            await migrate(connection, PACKAGES[service])
    async with _connected(target.databases["reporting"]) as connection:
        await _drop_schemas(connection)
    for each in FOLLOWING:
        await _hear_again(target.nats, each)
    async with _connected(target.databases["intake"]) as connection, connection.transaction():
        tell("erasures")
        return await _settle(target, connection, reading, erasures, deployment_key)


async def restore_publications(target: Target, log: Artefact) -> int:
    """Give the ledger of publications back; how many there are. Raises LedgerError where it is no whole chain."""
    entries = [json.loads(line) for line in (await log.whole(PUBLICATIONS)).splitlines()]
    if not entries:
        return 0
    async with _connected(target.databases["reporting"]) as connection:
        await ledger.restore(connection, entries)
    return len(entries)


# -- streams ----------------------------------------------------------------------------------------------------------


async def _stream(target: Target, of: Artefact, stream: str) -> None:
    async with of.pieces(f"{stream}.snapshot") as pieces:
        await snapshot.give(target.nats, stream, of.stream(stream), pieces, target.replicas)


def _prove(reading: Reading, wanted: str) -> None:
    if reading.sha256 != wanted:
        raise DamagedError(
            f"the log that was restored is not the one that was backed up: at {reading.position:,} its digest is "
            f"{reading.sha256}, not {wanted}"
        )


# -- registers --------------------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def _connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await connect(url, command_timeout=None)
    try:
        yield connection
    finally:
        await connection.close()


def _check_deployment_key(keys: Artefact, ring: MasterKey) -> None:
    wanted = keys.manifest.deployment_key
    if wanted is not None and wanted not in (ring.key_id, *ring.previous_ids):
        raise KeepingError(
            f"{keys.path} is wrapped by the deployment's key {wanted}; the file that was given holds {ring.key_id}. "
            "Give the key of then, or a backup of since the rotation"
        )


async def _empty(connection: asyncpg.Connection, service: str) -> None:
    """Make room: what is record must not be there, what is derived is made anew.

    Raises:
        KeepingError: something of record is there.
    """
    if not await is_empty(connection, service):
        raise KeepingError(f"{service}'s database holds registers: they are restored where there are none")
    await _drop_schemas(connection)
    await clear_derived(connection, service)


async def _drop_schemas(connection: asyncpg.Connection) -> None:
    for row in await connection.fetch(SQL["empty_schemas"]):
        await connection.execute(f"DROP SCHEMA {row['name']} CASCADE")


async def _fill(connection: asyncpg.Connection, service: str, keys: Artefact) -> None:
    files = [each for each in keys.manifest.files if each.told.get("service") == service]
    if files and not await migrations(connection):
        await migrate_until(connection, service, files[0].told["migrations"])
    for each in files:
        of = Columns(each.told["table"], tuple(each.told["columns"]))
        async with keys.pieces(f"{service}.{of.table}.copy") as pieces:
            rows = await copy_in(connection, of, pieces)
        if rows != each.told["rows"]:
            raise DamagedError(f"{keys.path / each.name} gave {rows:,} rows, not {each.told['rows']:,}")


async def _settle(
    target: Target,
    connection: asyncpg.Connection,
    reading: Reading,
    erasures: ErasureRegister,
    deployment_key: MasterKey | None,
) -> Restored:
    """Bring the register and the log together: who is missing, who is lost, and who stays erased."""
    if deployment_key is not None:
        ring = {deployment_key.key_id, *deployment_key.previous_ids}
        if other := {row["key_id"] for row in await connection.fetch(SQL["wrapped_by"])} - ring:
            raise KeepingError(f"keys are wrapped by {', '.join(sorted(other))}, which the file of keys does not hold")
    lost = await connection.fetch(SQL["lost_requests"], list(reading.received))
    for row in lost:
        await _forget(target.nats, connection, row["request_id"])
    received = {request_id: reference for request_id, (reference, _) in reading.received.items()}
    known = {request_id: received.get(request_id) for request_id in reading.stories}
    missing = await connection.fetch(SQL["register_lost"], list(known), list(known.values()))
    counters = _counters([*received.values(), *(row["reference"] for row in lost)])
    await connection.execute(SQL["raise_counters"], list(counters), list(counters.values()))
    told = {each.request_id: each for each in reading.erased}
    ended = {
        **{key: (each.ground, each.actor, each.erased_at) for key, each in erasures.erasures.items()},
        **{key: (each.ground, each.actor, each.at) for key, each in told.items()},
    }
    instants = [at for _, _, at in ended.values()]
    destroyed = await connection.fetch(SQL["destroy_keys"], list(ended), instants)
    await connection.execute(
        SQL["add_erasures"],
        list(ended),
        [ground for ground, _, _ in ended.values()],
        [actor for _, actor, _ in ended.values()],
        [f"{CAUSE}\n{each}" for each in ended],
        instants,
    )
    await connection.execute(SQL["reopen_erasures"], list(told))
    for each in ended:
        await _purge(target.nats, each)
    keys = erasures.ended_keys
    ended_keys = await connection.fetch(
        SQL["end_keys"],
        list(keys),
        [each.ended_at for each in keys.values()],
        [each.ended_by for each in keys.values()],
    )
    back = {row["request_id"] for row in destroyed} - {row["request_id"] for row in missing}
    return Restored(
        position=reading.position,
        facts=reading.facts,
        requests=len(received),
        log_sha256=reading.sha256,
        unreadable=len({row["request_id"] for row in missing} & received.keys() - told.keys()),
        lost=tuple(sorted(row["reference"] for row in lost)),
        erased=len(back),
        ended_keys=len(ended_keys),
        not_told=int(await connection.fetchval(SQL["not_told"])),
    )


async def _forget(nats: Client, connection: asyncpg.Connection, request_id: str) -> None:
    """Of a request that the log does not know nothing is kept that names anybody."""
    for table in ("requester_name", "requester_contact", "place_digest", "article_draft"):
        await connection.execute(f"DELETE FROM {table} WHERE request_id = $1", request_id)  # noqa: S608 - our names
    await connection.execute("DELETE FROM mail_kept WHERE story_id = $1", request_id)
    await _purge(nats, request_id)


async def _hear_again(nats: Client, consumer: str) -> None:
    """Forget how far a consumer was; its service makes it anew, from the log's beginning."""
    answer = await nats.request(f"$JS.API.CONSUMER.DELETE.{LOG_STREAM}.{consumer}", b"", timeout=snapshot.SILENCE_MAX_S)
    error = json.loads(answer.data).get("error")
    if error is not None and error.get("err_code") != CONSUMER_NOT_FOUND:
        raise KeepingError(f"the consumer {consumer} could not be taken back: {error.get('description')}")


async def _purge(nats: Client, request_id: str) -> None:
    body = json.dumps({"filter": f"{ATTACHMENT_PREFIX}.{request_id}.>"}).encode()
    answer = await nats.request(f"$JS.API.STREAM.PURGE.{ATTACHMENT_STREAM}", body, timeout=snapshot.SILENCE_MAX_S)
    if (error := json.loads(answer.data).get("error")) is not None:
        raise KeepingError(f"attachments were not purged: {error.get('description')}")


def _counters(references: Sequence[str]) -> dict[int, int]:
    """The highest number of each year."""
    highest: dict[int, int] = {}
    for each in references:
        year, _, number = each.partition("-")
        highest[int(year)] = max(int(number), highest.get(int(year), 0))
    return highest

"""Proving a backup: everything is made again on servers that are thrown away, and compared with what was live."""

from __future__ import annotations

import datetime as dt
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

from clic_chassis.jetstream_log import JetStreamLog
from clic_chassis.postgres_credential import connect, open_pool
from clic_chassis.town_file import read_town
from clic_contracts.event import RequestReceived
from clic_contracts.subject import ATTACHMENT_STREAM, INBOX_STREAM
from clic_contracts.town import Town
from clic_contracts.vocabulary import Service
from clic_intake.personal.keys import verify as verify_keys
from clic_intake.register import Register
from clic_intake.seal import MasterKey, SealError

from . import snapshot
from .artefact import Artefact
from .backup import TOWN
from .erasure_register import ErasureRegister
from .error import DamagedError
from .own_servers import OwnServers, own_servers, throwaway_folder
from .projection import PROJECTIONS, Measured, fold, measure
from .restore import Target, restore_inbox, restore_log, restore_publications, restore_registers

OPENED_MAX: Final = 200
"""Requests whose seal is opened for a proof: keys are tried one and all, seals here and there."""

Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found to be the same."""

    position: int
    requests: int
    proved: tuple[str, ...]
    """In sentences."""


async def verify(
    log: Artefact, keys: Artefact, deployment_key: MasterKey | None, *, tell: Told = lambda _: None
) -> Proof:
    """Restore both artefacts into an empty place that is removed afterwards.

    Raises:
        DamagedError: a file, the log, or what is folded from it is not what was backed up.
        KeepingError: a key does not fit.
        ServerError: no server could be started here.
    """
    with throwaway_folder() as folder:
        async with own_servers(folder) as servers:
            return await _prove(servers, log, keys, deployment_key, folder, tell)


async def _prove(
    servers: OwnServers, log: Artefact, keys: Artefact, deployment_key: MasterKey | None, folder: Path, tell: Told
) -> Proof:
    target = Target(servers.nats, servers.databases)
    reading = await restore_log(target, log, tell=tell)
    proved = [f"the log's {reading.position:,} commits have the digest {reading.sha256}"]
    await restore_inbox(target, keys)
    for artefact, stream in ((log, ATTACHMENT_STREAM), (keys, INBOX_STREAM)):
        proved.append(await _counted(target, artefact, stream))
    nothing = ErasureRegister(written_at=dt.datetime.now(dt.UTC))
    found = await restore_registers(target, keys, reading, nothing, deployment_key=deployment_key, tell=tell)
    proved.append(f"{found.requests - found.unreadable:,} of {found.requests:,} requests are registered with their key")
    publications = await restore_publications(target, log)
    proved.append(f"{publications} publications follow each other")
    if deployment_key is not None:
        tell("keys and seals")
        proved.append(await _opens(servers, deployment_key, [*reading.received][:OPENED_MAX]))
    town = await read_town_of(log, folder / "town")
    for name, said in log.manifest.told["projections"].items():
        tell(f"the projection {name}")
        proved.append(await _same(servers, name, Measured.model_validate(said), town))
    return Proof(reading.position, found.requests, tuple(proved))


async def read_town_of(log: Artefact, into: Path) -> Town:
    """The town's folder of a backup, unpacked, and read.

    Raises:
        TownFileError: this version of CLIC cannot read it.
    """
    content = await log.whole(TOWN)
    with tarfile.open(fileobj=BytesIO(content)) as tar:
        tar.extractall(into, filter="data")
    return read_town(into)


async def _counted(target: Target, of: Artefact, stream: str) -> str:
    there, wanted = await snapshot.info(target.nats, stream), of.stream(stream)
    if there is None or there.messages != wanted.messages:
        raise DamagedError(f"{stream} has {there.messages if there else 0:,} messages, not {wanted.messages:,}")
    return f"{stream} has {wanted.messages:,} messages"


async def _opens(servers: OwnServers, deployment_key: MasterKey, requests: list[str]) -> str:
    """Unwrap every key, and open what some requests sealed. Raises RotationError where a key does not.

    A seal that does not open is told and no damage: its key was lost before, and what came later has another one.
    """
    log = JetStreamLog(servers.nats)
    opened = closed = 0
    async with await open_pool(servers.databases["intake"], min_size=1, max_size=2) as pool:
        keys = await verify_keys(pool, deployment_key)
        register = Register(pool, deployment_key)
        for each in requests:
            key = (await register.entry(each)).key
            for event in (await log.load(Service.INTAKE, each)).events:
                if key is not None and isinstance(event.data, RequestReceived) and event.data.sealed is not None:
                    try:
                        key.open(event.data.sealed)
                        opened += 1
                    except SealError:
                        closed += 1
    lost = f", {closed:,} do not: their keys were lost before" if closed else ""
    said = f"{keys:,} keys unwrap with the deployment's key {deployment_key.key_id}"
    return f"{said}, and of {opened + closed:,} seals of requests {opened:,} open{lost}"


async def _same(servers: OwnServers, name: str, wanted: Measured, town: Town) -> str:
    """Fold the restored log up to where the live projection stood, and compare the rows.

    Raises:
        DamagedError: they are other ones.
    """
    of = PROJECTIONS[name]
    projection = of.make(town)
    if projection.definition != wanted.definition:
        return f"{name} was not compared: this version of CLIC folds it otherwise"
    identity = await JetStreamLog(servers.nats).identity()
    connection = await connect(servers.databases[of.service])
    try:
        await fold(servers.nats, connection, projection, identity, wanted.position)
        found = await measure(connection, of.schema, of.tables)
    finally:
        await connection.close()
    assert found is not None
    if different := sorted(each for each, said in wanted.tables.items() if found.tables.get(each) != said):
        raise DamagedError(f"{name} at {wanted.position:,} is not what was live: {', '.join(different)} differ")
    rows = sum(count for count, _ in wanted.tables.values())
    return f"{name} at {wanted.position:,}: {rows:,} rows are the same as the live ones"

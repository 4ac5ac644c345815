"""Taking a backup while CLIC runs: in an order in which nothing that is told in the log is missing beside it.

1. What the projections say (each at its position, none beyond the log's).
2. The inbox: what waits there is either in it or, judged meanwhile, in the log.
3. The log: the server's snapshot ends exactly at a position, by which the backup is known.
4. Attachments, after the log: a file is stored before its fact.
5. PostgreSQL, after the log: a key is registered before its fact, so that every request of the log has its key. A key
   without a request is harmless. Who was erased in between is erased in the copy; after a restore the service ends it.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from time import monotonic
from typing import Any, Final

import asyncpg
from nats.aio.client import Client
from pyrage import x25519

from clic_chassis.postgres_credential import connect
from clic_chassis.town_file import paths_of, read_town
from clic_contracts.subject import ATTACHMENT_STREAM, INBOX_STREAM, LOG_STREAM, QUARANTINE_STREAM
from clic_reporting import ledger

from . import snapshot
from .erasure_register import add_to, of_database
from .error import KeepingError
from .log_digest import Reading, read_log
from .manifest import KeptFile, Manifest, Unfinished, What, kept
from .place import Places
from .projection import measure_all
from .sealed_file import SUFFIX, SealedFile, recipients_of
from .table import SQL, copy_out, kept_tables, migrations

PUBLICATIONS: Final = "publications.jsonl"
TOWN: Final = "town.tar"
TOWN_BYTES_MAX: Final = 64 * 1024 * 1024
ADMISSION: Final = "admission.json"

Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Source:
    """A CLIC that runs."""

    nats: Client
    databases: Mapping[str, str]
    """URL by service: intake, deadlines, reporting."""
    town_dir: Path
    admission: Path | None = None
    """Who is let in: public keys and quotas; None where others keep that."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A whole backup."""

    log: Path
    keys: Path
    log_manifest: Manifest
    keys_manifest: Manifest
    seconds: float
    told: tuple[str, ...]
    """What whoever takes backups should know."""


async def take_backup(
    source: Source,
    places: Places,
    *,
    log_recipients: Sequence[str],
    keys_recipients: Sequence[str],
    now: dt.datetime,
    backup_id: str,
    tell: Told = lambda _: None,
) -> Taken:
    """Write both artefacts, and add what ended to the register of erasures. Nothing is left of what fails.

    Raises:
        KeepingError: log and keys would be in one place, or something cannot be written.
        RetryableError: a server did not answer.
        GapError: the log has lost a message.
    """
    began = monotonic()
    warnings = places.check(log_recipients, keys_recipients)
    log_keys, keys_keys = recipients_of(log_recipients), recipients_of(keys_recipients)
    log = Unfinished(places.log, f"log-{backup_id}")
    try:
        keys = Unfinished(places.keys, f"keys-{backup_id}")
    except KeepingError:
        log.abandon()
        raise
    taking = _Taking(source, _Part(log, log_keys), _Part(keys, keys_keys), now, backup_id, tell)
    try:
        log_manifest, keys_manifest = await taking.take()
        erasures = await _with_intake(source, lambda connection: of_database(connection, now))
        add_to(places.erasures, erasures)
        # The keys first: a log without its keys would look like a whole backup and open nothing.
        keys_path, log_path = keys.finish(keys_manifest), log.finish(log_manifest)
    except BaseException:
        log.abandon()
        keys.abandon()
        raise
    told = (*warnings, *taking.warnings)
    return Taken(log_path, keys_path, log_manifest, keys_manifest, monotonic() - began, told)


class _Part:
    """One artefact under way."""

    def __init__(self, unfinished: Unfinished, recipients: Sequence[x25519.Recipient]) -> None:
        self.path = unfinished.path
        self.files: list[KeptFile] = []
        self._recipients = recipients

    def file(self, name: str) -> SealedFile:
        return SealedFile(self.path / (name + SUFFIX), self._recipients)

    def note(self, name: str, file: SealedFile, **told: Any) -> None:
        self.files.append(kept(name, file.written, **told))

    async def write(self, name: str, content: bytes, **told: Any) -> None:
        file = self.file(name)
        async with file.open() as sink:
            await sink.write(content)
        self.note(name, file, **told)


class _Taking:
    """One backup under way."""

    def __init__(self, source: Source, log: _Part, keys: _Part, now: dt.datetime, backup_id: str, tell: Told) -> None:
        self._source, self._log, self._keys = source, log, keys
        self._now, self._backup_id, self._tell = now, backup_id, tell
        self.warnings: list[str] = []

    async def take(self) -> tuple[Manifest, Manifest]:
        """Everything but the manifests' files."""
        source = self._source
        town = read_town(source.town_dir)  # One that cannot be read is no configuration to go on with.
        self._tell("what the projections say")
        projections = await measure_all(source.databases)
        await self._stream(self._keys, INBOX_STREAM)
        await self._stream(self._log, QUARANTINE_STREAM)
        state = await self._stream(self._log, LOG_STREAM)
        await self._stream(self._log, ATTACHMENT_STREAM)
        self._tell("the registers in PostgreSQL")
        registered, deployment_key = await self._registers()
        await self._publications()
        await self._log.write(TOWN, _tar(source.town_dir), version=town.version)
        if source.admission is not None and source.admission.exists():
            await self._log.write(ADMISSION, source.admission.read_bytes())
        self._tell(f"the digest of {state.last_sequence:,} commits")
        reading = await read_log(source.nats, until=state.last_sequence)
        self._compare(reading, registered)
        common: dict[str, Any] = {
            "backup_id": self._backup_id,
            "taken_at": self._now,
            "town": town.name.fr,
            "position": state.last_sequence,
            "log_created_at": await self._created(),
            "log_sha256": reading.sha256,
        }
        told = {
            "version": metadata.version("clic"),
            "facts": reading.facts,
            "bodies_bytes": reading.bytes,
            "requests": len(reading.received),
            "projections": {name: each.model_dump(mode="json") for name, each in projections.items()},
        }
        return (
            self._manifest("log", common, told, self._log.files),
            self._manifest("keys", {**common, "deployment_key": deployment_key}, {}, self._keys.files),
        )

    def _manifest(
        self, what: What, common: Mapping[str, Any], told: Mapping[str, Any], files: Sequence[KeptFile]
    ) -> Manifest:
        return Manifest(what=what, **common, told=told, files=tuple(files))

    async def _created(self) -> str:
        answer = await self._source.nats.request(f"$JS.API.STREAM.INFO.{LOG_STREAM}", b"", timeout=10)
        return str(json.loads(answer.data)["created"])

    async def _stream(self, part: _Part, stream: str) -> snapshot.StreamState:
        self._tell(f"the stream {stream}")
        name = f"{stream}.snapshot"
        file = part.file(name)
        async with file.open() as sink:
            state = await snapshot.take(self._source.nats, stream, sink)
        part.note(name, file, stream=stream, config=state.config, state=state.state)
        return state

    async def _registers(self) -> tuple[set[str], str | None]:
        """Copy what is record in PostgreSQL, each database as it was at one instant; gives who is registered."""
        registered: set[str] = set()
        deployment_key: str | None = None
        for service in ("intake", "deadlines"):
            connection = await connect(self._source.databases[service])
            try:
                async with connection.transaction(isolation="repeatable_read", readonly=True):
                    seen = await migrations(connection)
                    for each in await kept_tables(connection, service) if seen else ():
                        name = f"{service}.{each.table}.copy"
                        file = self._keys.file(name)
                        async with file.open() as sink:
                            rows = await copy_out(connection, each, sink)
                        self._keys.note(
                            name, file, service=service, table=each.table, columns=each.columns, rows=rows,
                            migrations=seen,
                        )  # fmt: skip
                    if service == "intake" and seen:
                        registered = {row["request_id"] for row in await connection.fetch(SQL["registered"])}
                        deployment_key = await connection.fetchval(SQL["deployment_key"])
            finally:
                await connection.close()
        return registered, deployment_key

    async def _publications(self) -> None:
        connection = await connect(self._source.databases["reporting"])
        try:
            found = await ledger.publications(connection)
        finally:
            await connection.close()
        lines = "".join(json.dumps(each.entry, ensure_ascii=False) + "\n" for each in found)
        await self._log.write(PUBLICATIONS, lines.encode(), publications=len(found))

    def _compare(self, reading: Reading, registered: set[str]) -> None:
        """Every request of the log has to be registered; one that is not was lost before, and is told."""
        if missing := reading.received.keys() - registered:
            self.warnings.append(
                f"the register does not know {len(missing):,} of {len(reading.received):,} requests of the log: what "
                "is sealed of them cannot be opened any more, and no backup changes that"
            )


async def _with_intake(source: Source, ask: Callable[[asyncpg.Connection], Any]) -> Any:
    connection = await connect(source.databases["intake"])
    try:
        return await ask(connection)
    finally:
        await connection.close()


def _tar(folder: Path) -> bytes:
    """A town's folder as an archive, the same for the same files.

    Raises:
        KeepingError: it holds more than rules ever do.
    """
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for path in paths_of(folder):
            entry = tarfile.TarInfo(path.relative_to(folder).as_posix())
            entry.size, entry.mode = path.stat().st_size, 0o644
            tar.addfile(entry, io.BytesIO(path.read_bytes()))
            if out.tell() > TOWN_BYTES_MAX:
                raise KeepingError(f"{folder} holds more than {TOWN_BYTES_MAX} bytes: is it a town's folder?")
    return out.getvalue()

"""`clic restore`: a house from its backups, in an empty folder; or its registers alone, beside a log that is whole."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import datetime as dt
import json
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Final

import typer
from nats.aio.client import Client
from rich.console import Console
from rich.markup import escape

from clic.connection import clic_dir, nats_connection
from clic.folder import Folder
from clic.seeding import without_seed
from clic.servers import WITH_DATABASE
from clic.told import told
from clic_chassis.streams import ensure_streams
from clic_contracts.subject import LOG_STREAM
from clic_intake.publisher_admission import Admission, read_admission
from clic_intake.seal import KEY_BYTES, MasterKey

from . import snapshot
from .artefact import Artefact
from .backup import ADMISSION
from .command import databases
from .erasure_register import ErasureRegister, read_register
from .error import KeepingError
from .log_digest import Reading, read_log
from .own_servers import SYNC_KEPT, SYNC_RESTORED, own_nats, own_servers, throwaway_folder
from .restore import Restored, Target, restore_inbox, restore_log, restore_publications, restore_registers
from .verify import read_town_of

USER: Final = "restore"
REPORT: Final = "restored.json"
LOST_SHOWN: Final = 10

Option = typer.Option


def restore(  # noqa: PLR0913 - the options of a command
    *,
    folder: Annotated[Path | None, Option("--dir", help="Of the installation: CLIC_DIR, or .clic.")] = None,
    log: Annotated[
        Path | None, Option("--log", help="Backup of the log, or the folder whose newest is meant.", show_default=False)
    ] = None,
    keys: Annotated[Path | None, Option("--keys", help="The same of the keys.", show_default=False)] = None,
    log_identity: Annotated[Path | None, Option(help="Private key of age for the log.", show_default=False)] = None,
    keys_identity: Annotated[Path | None, Option(help="Private key of age for the keys.", show_default=False)] = None,
    deployment_key: Annotated[
        Path | None, Option(help="The deployment's key (master.key) of then.", show_default=False)
    ] = None,
    erasures: Annotated[
        Path | None, Option(help="The newest register of erasures.", show_default=False, envvar="CLIC_BACKUP_ERASURES")
    ] = None,
    at: Annotated[int | None, Option(help="An earlier position of the log, to end there.", show_default=False)] = None,
    replicas: Annotated[int, Option(help="Of each stream, where NATS is not ours.", min=1)] = 1,
    no_erasures: Annotated[bool, Option("--no-erasures", help="There is no register of erasures.")] = False,
    without_keys: Annotated[
        bool, Option("--without-keys", help="There is no backup of the keys: what is sealed is lost.")
    ] = False,
) -> None:
    """Restore the log with its registers into an empty place; without --log, the registers beside the log there.

    What is derived is made again by the services. Whoever was erased stays erased.
    """
    with told():
        chosen = Chosen(
            log=_artefact("log", log, log_identity),
            keys=_artefact("keys", keys, keys_identity),
            deployment_key=_ring(deployment_key, needed=keys is not None),
            erasures=_erasures(erasures, none=no_erasures),
            at=at,
            without_keys=without_keys,
        )
        chosen.check()
        if os.environ.get("CLIC_NATS_URL"):
            done = asyncio.run(_into_servers(chosen, replicas))
            place = None
        else:
            place = Folder(folder or clic_dir())
            done = asyncio.run(_into_folder(chosen, place, deployment_key))
    _tell(done, chosen, place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What is restored from what."""

    log: Artefact | None
    keys: Artefact | None
    erasures: ErasureRegister
    deployment_key: MasterKey | None = None
    at: int | None = None
    without_keys: bool = False

    def check(self) -> None:
        """Look that all of it is of one house.

        Raises:
            KeepingError: it is not, or something is missing.
        """
        if self.keys is None and not self.without_keys:
            raise KeepingError("name the keys' backup (--keys), or say that there is none (--without-keys)")
        if self.keys is not None and self.without_keys:
            raise KeepingError("--keys and --without-keys contradict each other")
        if self.at is not None and self.log is None:
            raise KeepingError("--at cuts a log that is restored: name its backup (--log)")
        if self.log is not None and self.keys is not None:
            ours, theirs = self.log.manifest, self.keys.manifest
            if ours.log_created_at != theirs.log_created_at:
                raise KeepingError(
                    f"{self.log.path} and {self.keys.path} are of two logs ({ours.log_created_at}, "
                    f"{theirs.log_created_at})"
                )
        if self.keys is not None and self.erasures.written_at < self.keys.manifest.taken_at:
            raise KeepingError(
                "the register of erasures is older than the keys' backup: there is a newer one, in which whoever was "
                "erased since stands"
            )


def _artefact(what: str, said: Path | None, identity: Path | None) -> Artefact | None:
    if said is None:
        return None
    if identity is None:
        raise KeepingError(f"what opens {said}? Name the private key of age: --{what}-identity FILE")
    return Artefact.at(said, "log" if what == "log" else "keys", identity)


def _ring(file: Path | None, *, needed: bool) -> MasterKey | None:
    if file is None:
        if needed:
            raise KeepingError("the keys are wrapped by the deployment's key: name its file, --deployment-key FILE")
        return None
    return MasterKey.read(file)


def _erasures(file: Path | None, *, none: bool) -> ErasureRegister:
    if file is not None:
        return read_register(file)
    if not none:
        raise KeepingError(
            "a backup does not know who was erased since: name the newest register of erasures (--erasures FILE), or "
            "say that there is none (--no-erasures)"
        )
    return ErasureRegister(written_at=dt.datetime.now(dt.UTC))


# -- into a folder of this machine ------------------------------------------------------------------------------------


async def _into_folder(chosen: Chosen, place: Folder, deployment_key: Path | None) -> Restored:
    place.hold()
    try:
        if chosen.log is not None:
            if others := _held(place):
                raise KeepingError(
                    f"{place.path} holds {', '.join(sorted(each.name for each in others)[:3])}: a house is restored "
                    "into an empty folder"
                )
        elif not place.of("nats").exists():
            raise KeepingError(f"{place.path} has no log: name its backup (--log)")
        try:
            return await _made(chosen, place, deployment_key)
        except BaseException:
            if chosen.log is not None:
                _clear(place)  # It was empty, and half a house must not be taken for one.
            raise
    finally:
        place.release()


async def _made(chosen: Chosen, place: Folder, deployment_key: Path | None) -> Restored:
    passwords = place.secrets(WITH_DATABASE).databases
    sync = SYNC_RESTORED if chosen.log is not None else SYNC_KEPT
    async with own_servers(place.path, passwords, sync_interval=sync) as servers:
        done = await _restored(chosen, Target(servers.nats, servers.databases), place.path)
    _write_key(place, deployment_key)
    if chosen.log is not None:
        await _write_rules(place, chosen.log)
        without_seed(place)
    place.write(REPORT, json.dumps(asdict(done), indent=1))
    return done


def _held(place: Folder) -> list[Path]:
    return [each for each in place.path.iterdir() if each.name != "lock"]


def _clear(place: Folder) -> None:
    for each in _held(place):
        if each.is_dir():
            shutil.rmtree(each)
        else:
            each.unlink()


def _write_key(place: Folder, deployment_key: Path | None) -> None:
    """The deployment's key takes its place; where every other one is lost, a new one."""
    if deployment_key is not None:
        place.write(place.master_key.name, deployment_key.read_text(encoding="ascii"))
    elif not place.master_key.exists():
        place.write(place.master_key.name, base64.b64encode(os.urandom(KEY_BYTES)).decode() + "\n")


async def _write_rules(place: Folder, log: Artefact) -> None:
    """The town's rules, and who is let in; services get new keys of their own at the next start."""
    await read_town_of(log, place.of("town"))
    if log.manifest.file(ADMISSION) is not None:
        place.write(place.admission.name, (await log.whole(ADMISSION)).decode())
        admission = read_admission(place.admission)
        kept = Admission(services={}, publishers=admission.publishers, subscribers=admission.subscribers)
        place.write(place.admission.name, kept.to_json())


# -- into servers that somebody else runs -----------------------------------------------------------------------------


async def _into_servers(chosen: Chosen, replicas: int) -> Restored:
    client = await nats_connection(USER).connect("clic restore")
    try:
        return await _restored(chosen, Target(client, databases(), replicas), None)
    finally:
        await client.close()


async def _restored(chosen: Chosen, target: Target, beside: Path | None) -> Restored:
    @contextlib.asynccontextmanager
    async def scratch() -> AsyncIterator[Client]:
        with throwaway_folder(beside) as folder:
            async with own_nats(folder) as client:
                yield client

    if chosen.log is not None:
        reading = await restore_log(target, chosen.log, at=chosen.at, scratch=scratch, tell=_say)
        if chosen.keys is not None:
            await restore_inbox(target, chosen.keys)
        await ensure_streams(target.nats, replicas=target.replicas)
        await restore_publications(target, chosen.log)
    else:
        reading = await _read(target.nats)
    return await restore_registers(
        target, chosen.keys, reading, chosen.erasures, deployment_key=chosen.deployment_key, tell=_say
    )


async def _read(nats: Client) -> Reading:
    state = await snapshot.info(nats, LOG_STREAM)
    if state is None:
        raise KeepingError(f"there is no {LOG_STREAM}: name its backup (--log)")
    return await read_log(nats, until=state.last_sequence)


# -- what is told -----------------------------------------------------------------------------------------------------


def _say(what: str) -> None:
    Console(stderr=True).print(f"  {escape(what)} …", soft_wrap=True, highlight=False)


def _tell(done: Restored, chosen: Chosen, place: Folder | None) -> None:
    console = Console()
    lines = [
        f"The log stands at position {done.position:,}: {done.facts:,} facts of {done.requests:,} requests.",
        f"  its digest is {done.log_sha256}",
    ]
    if chosen.log is not None:
        manifest = chosen.log.manifest
        lines.append(f"It was backed up on {manifest.taken_at:%Y-%m-%d at %H:%M} UTC: what came after is not in it.")
        if done.position < manifest.position:
            lines.append(f"Of the backup the positions {done.position + 1:,} to {manifest.position:,} were left out.")
    if done.lost:
        shown = ", ".join(done.lost[:LOST_SHOWN]) + (" …" if len(done.lost) > LOST_SHOWN else "")
        lines.append(f"{len(done.lost):,} requests were registered after that and are lost: {shown}")
    if done.unreadable:
        lines.append(
            f"The keys of {done.unreadable:,} requests are lost: figures, deadlines and states are whole; what "
            "citizens wrote and who they are cannot be opened any more."
        )
    if done.erased or done.ended_keys:
        lines.append(f"Destroyed again: {done.erased:,} keys of erased requests, {done.ended_keys:,} publishers' keys.")
    if done.not_told:
        lines.append(f"{done.not_told:,} erasures are not told by this log yet: intake writes them into it.")
    lines.append("Letters that were written and not sent are in doubt, and listed at the desk: a person looks at each.")
    if place is not None:
        town = f" --town {place.of('town')}" if chosen.log is not None else ""
        lines.append(f"`clic up --dir {place.path}{town}` starts it; services make the rest from the log.")
    console.print(escape("\n".join(lines)), soft_wrap=True, highlight=False)

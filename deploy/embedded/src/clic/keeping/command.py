"""`clic backup`: take backups, list, prove and destroy them, and keep the register of erasures."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import typer
from pyrage import x25519
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from clic.admission import admission_file
from clic.connection import database_said, database_url, nats_connection
from clic.nats_config import KEEPER
from clic.told import told
from clic.town import town_dir
from clic_chassis.postgres_credential import connect
from clic_intake.seal import MasterKey

from . import erasure_register, mark, place
from .artefact import Artefact
from .backup import Source, Taken, take_backup
from .error import KeepingError
from .manifest import What, backups_in
from .verify import verify as verify_backup

SERVICES: Final = ("intake", "deadlines", "reporting")
KEYS_DAYS: Final = 35
"""A little over the month after which the deployment's key is rotated, so that what is older opens nothing anyhow."""
LOG_COPIES: Final = 14
OWNER_ONLY: Final = 0o600

LogFolder = Annotated[
    Path | None,
    typer.Option("--log", envvar="CLIC_BACKUP_LOG", help="Folder of the log's backups.", show_default=False),
]
KeysFolder = Annotated[
    Path | None,
    typer.Option(
        "--keys", envvar="CLIC_BACKUP_KEYS", help="Folder of the keys' backups, elsewhere.", show_default=False
    ),
]
ErasuresFile = Annotated[
    Path | None,
    typer.Option(
        "--erasures", envvar="CLIC_BACKUP_ERASURES", help="File of the register of erasures.", show_default=False
    ),
]
KeysDays = Annotated[
    int,
    typer.Option("--keys-days", envvar="CLIC_BACKUP_KEYS_DAYS", min=1, help="Older backups of keys are destroyed."),
]
LogCopies = Annotated[
    int, typer.Option("--log-copies", envvar="CLIC_BACKUP_LOG_COPIES", min=1, help="So many of the log are kept.")
]
IdentityFile = Annotated[Path, typer.Option(exists=True, dir_okay=False, help="File of the private key of age.")]
DeploymentKey = Annotated[
    Path | None, typer.Option("--deployment-key", help="The deployment's key (master.key), which is in no backup.")
]

app = typer.Typer(
    help="Backups of the log, the keys and the town's rules: take, list, prove and destroy them.",
    invoke_without_command=True,
)


@app.callback()
def take(
    context: typer.Context,
    *,
    log: LogFolder = None,
    keys: KeysFolder = None,
    erasures: ErasuresFile = None,
    log_recipients: Annotated[
        str,
        typer.Option("--log-recipient", envvar="CLIC_BACKUP_LOG_RECIPIENT", help="Public keys (age1…) for the log."),
    ] = "",
    keys_recipients: Annotated[
        str, typer.Option("--keys-recipient", envvar="CLIC_BACKUP_KEYS_RECIPIENT", help="Other ones, for the keys.")
    ] = "",
    keys_days: KeysDays = KEYS_DAYS,
    log_copies: LogCopies = LOG_COPIES,
) -> None:
    """Take a backup while CLIC runs: the log in one folder, what opens it in another, each sealed for other people.

    Old backups of the keys are destroyed afterwards. What was erased is added to the register of erasures.
    """
    if context.invoked_subcommand is not None:
        return
    with told():
        places = _places(log, keys, erasures)
        taken = asyncio.run(_taken(places, log_recipients.split(), keys_recipients.split()))
        gone = (
            place.prune_keys(places.keys, keys_days, dt.datetime.now(dt.UTC)),
            place.prune_log(places.log, log_copies, dt.datetime.now(dt.UTC)),
        )
    console = Console()
    console.print(escape(_summary(taken)), soft_wrap=True, highlight=False)
    if destroyed := sum(len(each.destroyed) for each in gone):
        console.print(f"{destroyed} old backups were destroyed.", highlight=False)
    for each in taken.told:
        Console(stderr=True).print(escape(each), style="yellow", soft_wrap=True)


def _summary(taken: Taken) -> str:
    log, keys = taken.log_manifest, taken.keys_manifest
    size, rate = log.bytes + keys.bytes, log.told["bodies_bytes"] / 1e6 / max(taken.seconds, 1e-9)
    return "\n".join(
        (
            f"The backup stands at position {log.position:,} of the log.",
            f"  {log.told['facts']:,} facts of {log.told['requests']:,} requests",
            f"  {size / 1e6:,.1f} MB in {taken.seconds:.1f} s, {rate:,.1f} MB of facts/s",
            f"  log   {taken.log}",
            f"  keys  {taken.keys}",
            f"  digest of the log {log.log_sha256}",
            f"The deployment's key {keys.deployment_key or '(none yet)'} is in neither: keep its file apart from both.",
        )
    )


@app.command("list")
def list_backups(log: LogFolder = None, keys: KeysFolder = None) -> None:
    """List whole backups, the oldest first. No key is needed."""
    table = Table("taken", "what", "position", "MB", "deployment's key", Column("folder", overflow="fold"))
    with told():
        kinds: tuple[tuple[What, Path | None], ...] = (("log", log), ("keys", keys))
        for what, folder in kinds:
            for path, each in backups_in(folder, what) if folder is not None else ():
                when = each.taken_at.astimezone().strftime("%Y-%m-%d %H:%M")
                size = f"{each.bytes / 1e6:,.1f}"
                table.add_row(when, what, f"{each.position:,}", size, each.deployment_key or "", escape(str(path)))
    Console().print(table)


@app.command()
def verify(
    log: Annotated[Path, typer.Option("--log", help="A backup, or the folder whose newest is meant.")],
    keys: Annotated[Path, typer.Option("--keys", help="The same of the keys.")],
    log_identity: IdentityFile,
    keys_identity: IdentityFile,
    deployment_key: DeploymentKey = None,
) -> None:
    """Prove a backup: make everything again on servers that are thrown away, and compare it with what was live."""
    console = Console()
    with told():
        chosen = Artefact.at(log, "log", log_identity), Artefact.at(keys, "keys", keys_identity)
        ring = MasterKey.read(deployment_key) if deployment_key is not None else None
        proof = asyncio.run(verify_backup(*chosen, ring, tell=_say))
    for each in proof.proved:
        console.print(f"  {escape(each)}", soft_wrap=True, highlight=False)
    console.print(f"Proved: position {proof.position:,}, {proof.requests:,} requests.", highlight=False)


@app.command()
def prune(
    log: LogFolder = None, keys: KeysFolder = None, keys_days: KeysDays = KEYS_DAYS, log_copies: LogCopies = LOG_COPIES
) -> None:
    """Destroy keys' backups that are too old, and the log's beyond so many. Exit code 1: the newest is too old."""
    now, console = dt.datetime.now(dt.UTC), Console()
    overdue: Path | None = None
    with told():
        for folder, pruned in (
            (keys, place.prune_keys(keys, keys_days, now) if keys is not None else None),
            (log, place.prune_log(log, log_copies, now) if log is not None else None),
        ):
            if folder is not None and pruned is not None:
                overdue = overdue or pruned.overdue
                console.print(f"{len(pruned.destroyed)} destroyed in {escape(str(folder))}", highlight=False)
    if overdue is not None:
        Console(stderr=True).print(
            f"{escape(str(overdue))} is older than {keys_days} days, and the newest there is: take a new one, then it "
            "can be destroyed. Until then whoever was erased since is in it.",
            style="red",
            soft_wrap=True,
        )
        raise typer.Exit(1)


@app.command()
def erasures(file: ErasuresFile = None) -> None:
    """Add what was erased, and which publishers' keys ended, to the register.

    Every few minutes: a backup of the night knows nothing of who is erased at noon.
    """
    with told():
        if file is None:
            raise KeepingError("where to? --erasures FILE, or CLIC_BACKUP_ERASURES")
        held = erasure_register.add_to(file, asyncio.run(_ended()))
    Console().print(
        f"{len(held.erasures):,} erasures and {len(held.ended_keys):,} ended keys are in {escape(str(file))}.",
        soft_wrap=True,
        highlight=False,
    )


@app.command()
def identity(file: Annotated[Path, typer.Argument(help="Where to; for its owner alone.", show_default=False)]) -> None:
    """Make a pair of keys of age: the private one in a file that belongs on no server, the public one printed."""
    made = x25519.Identity.generate()
    with told():
        try:
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
        except OSError as error:
            raise KeepingError(f"{file} cannot be made: {error.strerror}") from error
        with os.fdopen(descriptor, "w", encoding="ascii") as out:
            out.write(f"# public key: {made.to_public()}\n{made}\n")
    typer.echo(str(made.to_public()))


def _say(what: str) -> None:
    Console(stderr=True).print(f"  {escape(what)} …", soft_wrap=True, highlight=False)


def _places(log: Path | None, keys: Path | None, erasures: Path | None) -> place.Places:
    if log is None or keys is None or erasures is None:
        raise KeepingError(
            "where to? --log FOLDER, --keys FOLDER and --erasures FILE, three different places (or CLIC_BACKUP_LOG, "
            "CLIC_BACKUP_KEYS, CLIC_BACKUP_ERASURES)"
        )
    return place.Places(log, keys, erasures)


def databases() -> Mapping[str, str]:
    """Each service's database: `CLIC_POSTGRES_URL_INTAKE` and so on, or the installation's."""
    return {each: database_said(f"_{each.upper()}") or database_url(each) for each in SERVICES}


async def _taken(places: place.Places, log_recipients: list[str], keys_recipients: list[str]) -> Taken:
    now = dt.datetime.now(dt.UTC)
    urls = databases()
    client = await nats_connection(KEEPER).connect("clic backup")
    try:
        taken = await take_backup(
            Source(client, urls, town_dir(), admission_file()),
            places,
            log_recipients=log_recipients,
            keys_recipients=keys_recipients,
            now=now,
            backup_id=f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}",
            tell=_say,
        )
    finally:
        await client.close()
    await mark.remember(urls["intake"], (taken.log_manifest, taken.keys_manifest))
    return taken


async def _ended() -> erasure_register.ErasureRegister:
    connection = await connect(databases()["intake"])
    try:
        return await erasure_register.of_database(connection, dt.datetime.now(dt.UTC))
    finally:
        await connection.close()

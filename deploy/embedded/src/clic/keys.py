"""`clic keys`: which key of the deployment wraps the requests' keys, and another one in its place."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import os
from pathlib import Path
from typing import Annotated

import asyncpg
import typer

from clic_intake.personal.keys import LOOK_EVERY_S, RotationError, open_keys, promote, rewrap, state, verify
from clic_intake.seal import KEY_BYTES, MasterKey, read_ring

from .connection import clic_dir
from .database import with_pool
from .folder import Folder
from .told import told

SERVICE = "intake"
TRIES_MAX = 20
"""Passes over the register: who is being registered during one is wrapped anew in the next."""

TAKEN_UP_S = 2 * LOOK_EVERY_S + 2
"""After so long every instance that reads this file has read it again."""

KeyFile = Annotated[
    Path | None,
    typer.Option("--file", help="The ring's file; CLIC_MASTER_KEY_FILE, or the folder's, if left out."),
]

app = typer.Typer(help="The deployment's key, which wraps the requests' keys.", no_args_is_help=True)


@app.command()
def status() -> None:
    """Show which key wraps, and what the next rotation would end."""
    with told():
        found = asyncio.run(with_pool(SERVICE, state))
        if found is None:
            typer.echo("No key was used yet.")
            return
        typer.echo(f"key {found.key_id}, in use since {found.promoted_at:%Y-%m-%d}")
        typer.echo(f"{found.others} keys are still wrapped by an older one")
        typer.echo(
            f"{found.not_final} erasures since: until the next rotation, who has a backup of the register from before "
            "them and this key can undo them"
        )


@app.command()
def rotate(file: KeyFile = None) -> None:
    """Make a new key, wrap every request's key by it while CLIC runs, and destroy the old one.

    Cut off, it goes on where it was when it is called again.
    """
    with told():
        path = file or _file()
        ring = _begin(path)
        count = asyncio.run(with_pool(SERVICE, lambda pool: _rewrap(pool, path)))
        _write(path, ring[:1])
        typer.echo(f"{count} keys are wrapped by {MasterKey(*ring[:1]).key_id}, and the old one is destroyed.")
        typer.echo(f"Back up {path} and the register now: backups from before open nothing any more.")


def _file() -> Path:
    said = os.environ.get("CLIC_MASTER_KEY_FILE")
    return Path(said) if said else Folder(clic_dir()).master_key


def _begin(path: Path) -> tuple[bytes, ...]:
    """The ring with a new key first; one that has several already is in the middle of a rotation."""
    ring = read_ring(path)
    if len(ring) == 1:
        ring = (os.urandom(KEY_BYTES), *ring)
        _write(path, ring)
    return ring


async def _rewrap(pool: asyncpg.Pool, path: Path) -> int:
    """Wrap everything anew, and make sure of it by the new key alone; gives how many keys there are."""
    master = MasterKey.read(path)
    now = dt.datetime.now(dt.UTC)
    if await state(pool) is None:  # No intake of this version ran here yet: indexes' first keys are the old key's.
        await open_keys(pool, MasterKey(*read_ring(path)[1:]), now)
    await asyncio.sleep(TAKEN_UP_S)  # An instance that had not read the new key could open nothing for a while.
    if not await promote(pool, master, now):
        raise RotationError(f"{path} begins with a key that another one has replaced: put the newest first")
    for _ in range(TRIES_MAX):
        if not await rewrap(pool, master, now):
            return await verify(pool, MasterKey(read_ring(path)[0]))
    raise RotationError("keys are still wrapped by the old one: call it again; both stay in the file until then")


def _write(path: Path, ring: tuple[bytes, ...]) -> None:
    """Write a ring, whole or not at all, for its owner alone; what stood there is overwritten.

    It is on the disk before it is used: a key that a power cut took would take everything with it.
    """
    partial = path.with_name(f"{path.name}.partial")
    partial.touch(mode=0o600)
    with partial.open("w", encoding="ascii") as new:
        new.writelines(base64.b64encode(key).decode() + "\n" for key in ring)
        new.flush()
        os.fsync(new.fileno())
    with path.open("r+b") as before:
        partial.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        # As far as the file system lets it: one that copies on write keeps what it had.
        before.write(bytes(os.fstat(before.fileno()).st_size))
        before.flush()
        os.fsync(before.fileno())

"""`clic publisher`: who may publish, by which keys, within which quota; over NATS by nkeys, over HTTP by keys of ours.

`publishers.yaml` of the town says which publishers there are: rules and letters name them. A command lets one of them
in, and shows it out.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import getpass
from pathlib import Path
from typing import Annotated

import asyncpg
import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from clic_chassis.error import NotFoundError
from clic_chassis.town_file import read_town
from clic_intake.publisher_admission import Admitted, read_admission
from clic_intake.publisher_key import PublisherKeys

from .admission import admission_file, checked, keep, made_key, say_admitted, without_key
from .connection import clic_dir
from .database import with_pool
from .folder import Folder
from .nats_config import publisher_user
from .told import told
from .town import town_dir

SERVICE = "intake"

app = typer.Typer(help="The town's publishers: let in, shown out, by which keys.", no_args_is_help=True)
key = typer.Typer(help="Keys by which publishers submit over HTTP, each as itself alone.", no_args_is_help=True)
app.add_typer(key, name="key")

Code = Annotated[str, typer.Argument(help="As publishers.yaml names it: portail_web.", show_default=False)]


SeedFile = Annotated[
    Path | None, typer.Option("--seed-file", help="Write the secret seed there, for its owner alone, and print none.")
]
Nkey = Annotated[str | None, typer.Option("--nkey", help="This public key alone: the one that was replaced.")]


@app.command("add")
def add_publisher(
    publisher: Code,
    *,
    seed_file: SeedFile = None,
    nkey: Annotated[
        str | None, typer.Option("--nkey", help="The publisher's own public key: it keeps its seed to itself.")
    ] = None,
    messages_per_minute: Annotated[int | None, typer.Option(help="Over HTTP.", show_default=False)] = None,
    pending: Annotated[int | None, typer.Option(help="In the inbox at once.", show_default=False)] = None,
    bytes_max: Annotated[int | None, typer.Option(help="Of one submission.", show_default=False)] = None,
) -> None:
    """Let a publisher of the town in on NATS, at once: its key, its permissions, its quota.

    One that is in gets a further key beside those it has, so that it can be replaced without a stop.
    """
    with told():
        town = read_town(town_dir())
        if publisher not in (known := [each.code for each in town.publishers]):
            raise NotFoundError(
                f"the town has no publisher {publisher!r}; its publishers.yaml has {', '.join(known)}. "
                "Add it there first: rules and letters name publishers"
            )
        admission = read_admission(admission_file())
        there = admission.publishers.get(publisher, Admitted())
        public, seed = made_key(nkey, seed_file)
        limits = {"messages_per_minute": messages_per_minute, "pending": pending, "bytes_max": bytes_max}
        changed = checked(Admitted, there, nkeys=(*there.nkeys, public), **limits)
        say_admitted(publisher_user(publisher), public, seed, keep(admission.with_publisher(publisher, changed)))


@app.command("quota")
def quota(
    publisher: Code,
    messages_per_minute: Annotated[int | None, typer.Option(help="Over HTTP.", show_default=False)] = None,
    pending: Annotated[int | None, typer.Option(help="In the inbox at once.", show_default=False)] = None,
    bytes_max: Annotated[int | None, typer.Option(help="Of one submission.", show_default=False)] = None,
) -> None:
    """Change a publisher's quota. Intake takes it from the next submission on."""
    with told():
        admission = read_admission(admission_file())
        if (there := admission.publishers.get(publisher)) is None:
            raise NotFoundError(f"no publisher {publisher!r} was let in: `clic publisher add` does it")
        limits = {"messages_per_minute": messages_per_minute, "pending": pending, "bytes_max": bytes_max}
        still = keep(admission.with_publisher(publisher, checked(Admitted, there, **limits)))
    typer.echo(f"{publisher}: {_said(checked(Admitted, there, **limits))}. {still}".strip())


@app.command("remove")
def remove_publisher(publisher: Code, *, nkey: Nkey = None) -> None:
    """Show a publisher out, at once: every key of NATS and of HTTP ends, and whoever is connected is cut off."""
    with told():
        admission = read_admission(admission_file())
        if (there := admission.publishers.get(publisher)) is None:
            raise NotFoundError(f"no publisher {publisher!r} was let in")
        left = without_key(there.nkeys, nkey)
        still = keep(admission.with_publisher(publisher, there.model_copy(update={"nkeys": left})))
        ended = 0
        if nkey is None:
            Folder(clic_dir()).seed_file(publisher_user(publisher)).unlink(missing_ok=True)
            ended = asyncio.run(with_pool(SERVICE, lambda pool: _end_all(pool, publisher)))
    typer.echo(f"{publisher}: {len(there.nkeys) - len(left)} keys of NATS and {ended} of HTTP ended. {still}".strip())


@app.command("list")
def list_publishers() -> None:
    """List who may publish: the town's publishers, their public keys and quotas."""
    with told():
        town, admission = read_town(town_dir()), read_admission(admission_file())
    table = Table("publisher", "quota and nkeys")  # One below the other: a key that is cut short ends nothing.
    for code in sorted({*(each.code for each in town.publishers), *admission.publishers}):
        admitted = admission.publishers.get(code, Admitted())
        table.add_row(code, "\n".join((_said(admitted), *(admitted.nkeys or ("not let in on NATS",)))))
    Console().print(table)


def _said(quota: Admitted) -> str:
    return f"{quota.messages_per_minute:,}/min, {quota.pending:,} pending, {quota.bytes_max:,} bytes"


async def _end_all(pool: asyncpg.Pool, publisher: str) -> int:
    """End every key of HTTP that a publisher has."""
    keys, at = PublisherKeys(pool), dt.datetime.now(dt.UTC)
    running = [each for each in await keys.listed(publisher) if each.ended_at is None]
    for each in running:
        await keys.end(each.key_id, ended_by=getpass.getuser(), at=at)
    return len(running)


@key.command()
def add(
    publisher: Code,
    label: Annotated[str, typer.Option(help="What it is for: the instance that uses it, the year.")] = "",
) -> None:
    """Make a key and print it: it is shown now and never again."""
    with told():
        town = read_town(town_dir())
        made = asyncio.run(
            with_pool(
                SERVICE,
                lambda pool: PublisherKeys(pool).add(
                    publisher,
                    label,
                    known=[each.code for each in town.publishers],
                    made_by=getpass.getuser(),
                    at=dt.datetime.now(dt.UTC),
                ),
            )
        )
    typer.echo(made.key)
    typer.echo(f"id {made.key_id}; to be sent as Authorization: Bearer …, or as Open311's api_key", err=True)


@key.command()
def remove(
    key_id: Annotated[str, typer.Argument(help="As `clic publisher key list` names it.", show_default=False)],
) -> None:
    """End a key, from the next request on."""
    with told():
        publisher = asyncio.run(
            with_pool(
                SERVICE,
                lambda pool: PublisherKeys(pool).end(key_id, ended_by=getpass.getuser(), at=dt.datetime.now(dt.UTC)),
            )
        )
    typer.echo(f"a key of {publisher} ended")


@key.command("list")
def list_keys(
    publisher: Annotated[str | None, typer.Argument(help="Of this one alone.", show_default=False)] = None,
) -> None:
    """List keys, ended ones included: what for, by whom, until when. None can be shown again."""
    with told():
        found = asyncio.run(with_pool(SERVICE, lambda pool: PublisherKeys(pool).listed(publisher)))
    table = Table(Column("id", no_wrap=True), "publisher", "label", "made", "ended", box=None, pad_edge=False)
    for each in found:
        ended = f"{each.ended_at:%Y-%m-%d} {each.ended_by}" if each.ended_at is not None else ""
        # Text, not markup: a label is whatever somebody wrote.
        table.add_row(each.key_id, each.publisher, Text(each.label), f"{each.made_at:%Y-%m-%d} {each.made_by}", ended)
    Console().print(table)

"""`clic publisher key`: the keys by which publishers submit over HTTP. NATS has credentials of its own."""

from __future__ import annotations

import asyncio
import datetime as dt
import getpass
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from clic_chassis.town_file import read_town
from clic_intake.publisher_key import PublisherKeys

from .database import with_pool
from .told import told
from .town import town_dir

SERVICE = "intake"

app = typer.Typer(help="The town's publishers.", no_args_is_help=True)
key = typer.Typer(help="Keys by which publishers submit over HTTP, each as itself alone.", no_args_is_help=True)
app.add_typer(key, name="key")

Code = Annotated[str, typer.Argument(help="As publishers.yaml names it: portail_web.", show_default=False)]


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
    table = Table("id", "publisher", "label", "made", "ended")
    for each in found:
        ended = f"{each.ended_at:%Y-%m-%d} {each.ended_by}" if each.ended_at is not None else ""
        # Text, not markup: a label is whatever somebody wrote.
        table.add_row(each.key_id, each.publisher, Text(each.label), f"{each.made_at:%Y-%m-%d} {each.made_by}", ended)
    Console().print(table)

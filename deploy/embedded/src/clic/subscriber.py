"""`clic subscriber`: who hears the feed, by which key, from which place of its own."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.table import Table

from clic_chassis.error import ClicError, NotFoundError
from clic_chassis.feed_consumer import ensure_feed_consumer, remove_feed_consumer
from clic_contracts.vocabulary import Code
from clic_intake.publisher_admission import read_admission

from .admission import admission_file, keep, made_key, say_admitted, without_key
from .connection import nats_connection
from .nats_config import OPS, subscriber_user
from .publisher import Nkey, SeedFile
from .told import told

app = typer.Typer(help="Who hears the feed of events without personal data.", no_args_is_help=True)

Subscriber = Annotated[str, typer.Argument(help="A code: lower case, digits, underscores.", show_default=False)]
_CODE: TypeAdapter[str] = TypeAdapter(Code)


@app.command()
def add(
    subscriber: Subscriber,
    *,
    seed_file: SeedFile = None,
    nkey: Annotated[str | None, typer.Option("--nkey", help="The subscriber's own public key.")] = None,
    only: Annotated[list[str] | None, typer.Option(help="Events to wait for it: closed, received.")] = None,
) -> None:
    """Let somebody hear the feed, at once. What it has taken is remembered by a consumer of the same name."""
    with told():
        try:
            _CODE.validate_python(subscriber)
        except ValidationError as error:
            raise ClicError(f"{subscriber!r} is no code: lower case letters, digits, underscores") from error
        admission = read_admission(admission_file())
        public, seed = made_key(nkey, seed_file)
        keys = (*admission.subscribers.get(subscriber, ()), public)
        asyncio.run(_remembering(subscriber_user(subscriber), only or []))
        say_admitted(subscriber_user(subscriber), public, seed, keep(admission.with_subscriber(subscriber, keys)))


@app.command()
def remove(subscriber: Subscriber, *, nkey: Nkey = None) -> None:
    """End what a subscriber is known by, at once, and what it has taken is forgotten."""
    with told():
        admission = read_admission(admission_file())
        if (there := admission.subscribers.get(subscriber)) is None:
            raise NotFoundError(f"no subscriber {subscriber!r} was let in")
        left = without_key(there, nkey)
        still = keep(admission.with_subscriber(subscriber, left))
        if not left:
            asyncio.run(_forgotten(subscriber_user(subscriber)))
    typer.echo(f"{subscriber}: {len(there) - len(left)} keys ended. {still}".strip())


@app.command("list")
def list_subscribers() -> None:
    """List who hears the feed, by public key."""
    with told():
        admission = read_admission(admission_file())
    table = Table("subscriber", "nkeys")
    for code, keys in sorted(admission.subscribers.items()):
        table.add_row(code, "\n".join(keys))
    Console().print(table)


async def _remembering(name: str, only: list[str]) -> None:
    """Make its consumer: pulled by it, never pushed anywhere by the server."""
    client = await nats_connection(OPS).connect("clic subscriber")
    try:
        await ensure_feed_consumer(client, name, only)
    finally:
        await client.close()


async def _forgotten(name: str) -> None:
    client = await nats_connection(OPS).connect("clic subscriber")
    try:
        await remove_feed_consumer(client, name)
    finally:
        await client.close()

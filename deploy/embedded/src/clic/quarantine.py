"""`clic quarantine`: what could not be handled, to be listed, tried again or left for good."""

from __future__ import annotations

import asyncio
import datetime as dt
import getpass
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer
from nats.errors import Error as NatsError
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from clic_chassis.error import ClicError
from clic_chassis.quarantine import Entry, Quarantine

from .connection import nats_connection
from .nats_config import OPS, SERVICES

app = typer.Typer(help="What could not be handled: list it, try it again, or leave it for good.", no_args_is_help=True)


def _known(service: str | None) -> str | None:
    if service is not None and service not in SERVICES:
        raise typer.BadParameter(f"the services are {', '.join(SERVICES)}")  # Nothing would look well.
    return service


def _said(reason: str) -> str:
    if not reason.strip():
        raise typer.BadParameter("say why, in a word at least")
    return reason.strip()


EntryId = Annotated[str, typer.Argument(help="As `clic quarantine list` names it: intake.17.", show_default=False)]
T = TypeVar("T")


@app.command("list")
def list_entries(
    service: Annotated[
        str | None, typer.Option(help="Of this service alone.", show_default=False, callback=_known)
    ] = None,
    *,
    waiting: Annotated[bool, typer.Option("--waiting", help="Those that wait behind others, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="All of it, one JSON object a line.")] = False,
) -> None:
    """List what failed, oldest change first, and how much waits behind it."""

    async def ask(quarantine: Quarantine) -> list[Entry]:
        return [entry async for entry in quarantine.entries(service=service or "*")]

    entries = _with_quarantine(ask)
    console = Console()
    if as_json:
        for entry in entries:
            console.print(entry.model_dump_json(), soft_wrap=True, highlight=False, markup=False)
        return
    if not entries:
        console.print("Nothing is in quarantine.")
        return
    behind = [entry for entry in entries if entry.state == "waiting"]
    table = Table(Column("entry", no_wrap=True), "state", "since", "tries", Column("key", overflow="fold"), "reason")
    for entry in entries:
        if entry.state == "waiting" and not waiting:
            continue
        since = entry.since.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        table.add_row(entry.entry_id, entry.state, since, str(entry.tries), escape(entry.key), escape(entry.reason))
    console.print(table)
    if behind and not waiting:
        console.print(f"{len(behind)} wait behind them, in order; `--waiting` lists them.")
    console.print("`clic quarantine retry ENTRY`, or `--all`, once the cause is mended; `discard` leaves one for good.")


@app.command()
def retry(
    entry: Annotated[
        str | None, typer.Argument(help="As `clic quarantine list` names it: intake.17.", show_default=False)
    ] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="Every one that failed.")] = False,
    service: Annotated[
        str | None, typer.Option(help="With --all: of this service alone.", show_default=False, callback=_known)
    ] = None,
) -> None:
    """Try an entry again, and then those that wait behind it. The service does it at once if it runs."""
    if (entry is None) is not every:
        raise typer.BadParameter("name one entry, or give --all")
    if service is not None and not every:
        raise typer.BadParameter("--service goes with --all: an entry's name says of which service it is")

    async def ask(quarantine: Quarantine) -> list[Entry]:
        found = [each async for each in quarantine.entries(service=service or "*")] if every else []
        chosen = [each.entry_id for each in found if each.state == "failed"] if entry is None else [entry]
        now = dt.datetime.now(dt.UTC)
        return [await quarantine.retry(each, by=_operator(), now=now) for each in chosen]

    changed = _with_quarantine(ask)
    told = changed[0].entry_id if len(changed) == 1 else str(len(changed))
    if not changed:
        Console().print("Nothing in quarantine has failed.")
        return
    verb = "is" if len(changed) == 1 else "are"
    Console().print(f"{told} {verb} tried again; `clic quarantine list` shows what comes of it.")


@app.command()
def discard(
    entry: EntryId,
    reason: Annotated[str, typer.Option(help="Why; it is kept with the entry.", show_default=False, callback=_said)],
) -> None:
    """Leave an entry for good; those that wait behind it are handled then."""
    changed = _with_quarantine(
        lambda quarantine: quarantine.discard(entry, by=_operator(), reason=reason, now=dt.datetime.now(dt.UTC))
    )
    Console().print(f"{changed.entry_id} is discarded; the message itself stays where it is.")


def _operator() -> str:
    return f"ops:{getpass.getuser()}"


def _with_quarantine(ask: Callable[[Quarantine], Awaitable[T]]) -> T:
    """Ask as ops; an error is told and ends the command."""

    async def asked() -> T:
        client = await nats_connection(OPS).connect("clic quarantine")
        try:
            return await ask(Quarantine(client))
        finally:
            await client.close()

    try:
        return asyncio.run(asked())
    except (ClicError, NatsError) as error:
        told = (
            str(error) if isinstance(error, ClicError) else f"NATS did not answer ({type(error).__name__}); try again"
        )
        Console(stderr=True).print(escape(told), style="red", soft_wrap=True)
        raise typer.Exit(1) from error

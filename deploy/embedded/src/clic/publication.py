"""`clic publication`: the ledger of published reports, which no rebuild brings back (POL-38, docs/decisions/0015)."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from clic_chassis.error import ClicError
from clic_reporting import ledger
from clic_reporting.ledger import Publication

from .database import with_connection
from .told import told

DATABASE = "reporting"
EXPORT = "clic publications"
"""What an export says it is."""
FORMAT = 1
BYTES_MAX = 512 * 1024 * 1024
"""Of an export that is read: some thousand years of reports."""
OWNER_ONLY = 0o600

app = typer.Typer(
    help="What was published: list it, export it for a backup, restore it. No rebuild brings it back.",
    no_args_is_help=True,
)
File = Annotated[Path, typer.Argument(help="A JSON file. It holds hidden counts: it is internal.", show_default=False)]


class ExportError(ClicError):
    """A file of publications cannot be read or written."""


@app.command("list")
def list_publications(
    *, as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False
) -> None:
    """List the reports that were published, the oldest first, once their checksums are found to follow each other."""
    with told():
        found = asyncio.run(with_connection(DATABASE, ledger.publications))
    console = Console()
    if as_json:
        for each in found:
            typer.echo(json.dumps(_summary(each), ensure_ascii=False))
        return
    if not found:
        console.print("Nothing is published yet.")
        return
    table = Table("number", "period", "position", "published", "by", Column("checksum", overflow="fold"))
    for each in found:
        when = each.published_at.astimezone().strftime("%Y-%m-%d %H:%M")
        table.add_row(str(each.number), each.period, str(each.position), when, escape(each.published_by), each.checksum)
    console.print(table)


@app.command()
def export(file: File) -> None:
    """Write the whole ledger to a new file, for a backup or another server."""
    with told():
        found = asyncio.run(with_connection(DATABASE, ledger.publications))
        _write(file, found)
    Console().print(f"{len(found)} publications are in {escape(str(file))}; keep it with the backups.", soft_wrap=True)


@app.command()
def restore(file: File) -> None:
    """Write an export into a ledger that has nothing, or the beginning of the same. A broken chain is refused."""
    with told():
        entries = _read(file)
        missing = asyncio.run(with_connection(DATABASE, lambda connection: ledger.restore(connection, entries)))
    Console().print(f"{missing} publications are restored; the ledger has {len(entries)}.", soft_wrap=True)


def _summary(of: Publication) -> dict[str, Any]:
    return {
        "number": of.number,
        "period": of.period,
        "position": of.position,
        "published_at": of.published_at.isoformat(),
        "published_by": of.published_by,
        "checksum": of.checksum,
    }


def _write(file: Path, publications: Sequence[Publication]) -> None:
    """Write an export that its owner alone can read; what stands there already is left."""
    content = {
        "export": EXPORT,
        "format": FORMAT,
        "publications": [{"checksum": each.checksum, "entry": each.entry} for each in publications],
    }
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            out.write(json.dumps(content, ensure_ascii=False, indent=1) + "\n")
            out.flush()
            os.fsync(out.fileno())
    except FileExistsError as error:
        raise ExportError(f"{file} is there already: name a new file, so that no backup is written over") from error
    except OSError as error:
        raise ExportError(f"{file} cannot be written: {error.strerror}") from error


def _read(file: Path) -> list[str]:
    """The entries of an export.

    Raises:
        ExportError: it is none, or its checksums are not those of its entries.
    """
    try:
        if file.stat().st_size > BYTES_MAX:
            raise ExportError(f"{file} has more than {BYTES_MAX} bytes: it is no export of `clic publication`")
        content = json.loads(file.read_text(encoding="utf-8"))
        if content["export"] != EXPORT or content["format"] != FORMAT:
            raise ExportError(f"{file} has another format than {FORMAT}: export it again with this version of CLIC")
        rows = [(row["checksum"], row["entry"]) for row in content["publications"]]
    except OSError as error:
        raise ExportError(f"{file} cannot be read: {error.strerror}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise ExportError(f"{file} is no export of `clic publication export` ({type(error).__name__})") from error
    publications = ledger.chained(entry for _, entry in rows)
    for (checksum, _), publication in zip(rows, publications, strict=True):
        if checksum != publication.checksum:
            raise ExportError(
                f"publication {publication.number} of {file} was altered: its checksum is another one. Restore from "
                "another export"
            )
    return [each.entry for each in publications]

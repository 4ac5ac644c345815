"""`clic log`: the log as Parquet files for engines that are made to analyse it, and whether such files are whole."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from clic_chassis.error import ClicError, RetryableError
from clic_chassis.jetstream_log import JetStreamLog
from clic_chassis.log_tail import GapError
from clic_chassis.projector import CannotFoldError
from clic_reporting.export.check import verify as verify_folder
from clic_reporting.export.log import Exported, Progress, export_log
from clic_reporting.reader import open_reader

from .connection import nats_connection
from .progress import publishing

USER = "reporting"
MENDS: dict[type[ClicError], str] = {
    CannotFoldError: "Everything before the last whole step is in the folder: go on with --resume under a newer CLIC.",
    GapError: "The log has lost a message: restore it, see its backup.",
    RetryableError: "Run it again with --resume once `clic status` says that everything is up.",
}

app = typer.Typer(help="The log for other engines: as Parquet files, without personal data.", no_args_is_help=True)


@app.callback()
def _log() -> None:
    """The log for other engines: as Parquet files, without personal data."""


@app.command("export")
def export(
    folder: Annotated[Path, typer.Argument(help="Where to; made where it is missing.", show_default=False)],
    first_sequence: Annotated[int, typer.Option("--from", min=1, help="The first position of the log to take.")] = 1,
    *,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where an export into the folder ended.")] = False,
) -> None:
    """Write the log as Parquet, a folder for each month of recording (`year=2026/month=05`).

    Nothing sealed is in it, no agent's name, and of confidential requests only what is counted (POL-26, POL-38).
    """
    console, errors = Console(), Console(stderr=True)
    try:
        done = asyncio.run(_exported(folder, first_sequence, resume=resume))
    except ClicError as error:
        mend = next((mend for kind, mend in MENDS.items() if isinstance(error, kind)), "")
        errors.print(escape(f"{error}. {mend}" if mend else str(error)), style="red", soft_wrap=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        errors.print("Stopped. --resume goes on after the last whole step.")
        raise typer.Exit(130) from None
    if done.removed:
        errors.print(f"Removed {done.removed} files that an earlier export had left unfinished.")
    progress = done.progress
    console.print(
        f"Exported to position {progress.position:,} of the log: {progress.events:,} facts now, "
        f"{len(done.manifest.parts)} files in all, in {progress.seconds:.1f} s, {progress.events_per_s:,.0f} facts/s.",
        highlight=False,
        soft_wrap=True,
    )


@app.command("verify")
def verify(folder: Annotated[Path, typer.Argument(help="What was exported.", show_default=False)]) -> None:
    """Check that an export is whole: every file as it was written, every position of the log in it once."""
    console = Console()
    try:
        found = verify_folder(folder)
    except ClicError as error:
        Console(stderr=True).print(escape(str(error)), style="red", soft_wrap=True)
        raise typer.Exit(1) from error
    for month, rows in found.rows_by_month.items():
        console.print(f"{month}  {rows:>12,} facts", highlight=False)
    console.print(
        f"Whole: positions {found.first_sequence:,} to {found.last_sequence:,}, {found.rows:,} facts in "
        f"{found.files} files.",
        highlight=False,
        soft_wrap=True,
    )


async def _exported(folder: Path, first_sequence: int, *, resume: bool) -> Exported:
    nats = nats_connection(USER)
    with publishing(Console(stderr=True)) as bar:
        reading = bar.add_task("commits exported", total=None, rate="")

        def told(progress: Progress) -> None:
            rate = f"{progress.events_per_s:,.0f} facts/s"
            bar.update(reading, completed=progress.position, total=progress.last_sequence, rate=rate)

        client = await nats.connect("clic log export")
        try:
            identity = await JetStreamLog(client).identity()
        finally:
            await client.close()
        async with open_reader(nats.nats_url, nats.credential) as reader:
            return await export_log(reader, identity, folder, first_sequence=first_sequence, resume=resume, told=told)

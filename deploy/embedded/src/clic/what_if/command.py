"""`clic what-if`: what would have been met, late and missed under other rules, beside what was (POL-29)."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import shutil
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from clic.connection import nats_connection
from clic.progress import publishing
from clic.told import told
from clic.town import town_dir
from clic_chassis.error import ClicError
from clic_chassis.town_change import read_changed_town
from clic_chassis.town_file import read_town
from clic_contracts.vocabulary import Language
from clic_deadlines.core.what_if import Question

from .output import as_csv, as_json, show
from .reading import Answer, ask

USER = "reporting"
"""It reads the log and may write nothing."""
WIDTH_PIPED = 100


def what_if(
    *,
    first_on: Annotated[
        dt.datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="Requests received on this day or later.")
    ],
    last_on: Annotated[
        dt.datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Requests received on this day or earlier.")
    ],
    standards: Annotated[
        Path | None,
        typer.Option(
            help="Other standards: `deadlines`, `standards`, `subjects`, only what differs.", show_default=False
        ),
    ] = None,
    calendar: Annotated[
        Path | None, typer.Option(help="Another calendar, in the form of calendar.yaml.", show_default=False)
    ] = None,
    every_subject: Annotated[bool, typer.Option("--all", help="Also subjects of which nothing would differ.")] = False,
    as_json_: Annotated[bool, typer.Option("--json", help="Everything as JSON.")] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A line for each obligation into a CSV file.", show_default=False),
    ] = None,
    language: Annotated[Language, typer.Option(help="In which language.")] = Language.FR,
) -> None:
    """Fold the log under other rules: what would have been met, late and missed, beside what was. Writes nothing.

    A request counts in the period in which it was received, whole. Without --standards and --calendar what was is set
    beside what the town's rules say today.
    """
    with told():
        if last_on < first_on:
            raise ClicError(f"--to {last_on:%Y-%m-%d} is before --from {first_on:%Y-%m-%d}")
        folder = town_dir()
        own = read_town(folder)
        changed = read_changed_town(folder, standards=standards, calendar=calendar)
        now = dt.datetime.now(ZoneInfo(own.calendar.timezone))
        question = Question(changed, own.version, first_on.date(), last_on.date(), now)
        answer = asyncio.run(_asked(question))
        if output is not None:
            _written(output, as_csv(answer, question))
        if as_json_:
            typer.echo(json.dumps(as_json(answer, question), indent=2, ensure_ascii=False))
        elif output is None:
            console = Console()
            if not console.is_terminal:
                console = Console(width=shutil.get_terminal_size((WIDTH_PIPED, 24)).columns)
            show(console, answer, question, language, every_subject=every_subject)


async def _asked(question: Question) -> Answer:
    errors = Console(stderr=True)
    nats = nats_connection(USER)
    if not errors.is_terminal:
        return await ask(nats, question, lambda *_: None)
    with publishing(errors) as bar:
        reading = bar.add_task("commits read", total=None, rate="")
        return await ask(nats, question, lambda done, of: bar.update(reading, completed=done, total=of))


def _written(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise ClicError(f"{path} cannot be written: {error.strerror}") from error

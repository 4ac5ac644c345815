"""`clic access`: what the person responsible for access to information has to account for (A-2.1 art. 8)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .desk_api import DeskError, asking

AGENT = "agent"
FORMS = ("csv", "xlsx", "json", "html", "pdf")

app = typer.Typer(
    help="Access to information: the register of a year, for the person responsible for it.", no_args_is_help=True
)


@app.callback()
def access() -> None:
    """Keep `register` a command of its own: more come beside it."""


@app.command()
def register(
    *,
    year: Annotated[
        int | None, typer.Option(min=1, max=9999, help="Of reception; this year, if left out.", show_default=False)
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help=f"A file that ends in .{', .'.join(FORMS)}.", show_default=False),
    ] = None,
    english: Annotated[bool, typer.Option("--english", help="In English.")] = False,
    agent: Annotated[str, typer.Option("--as", help="As whom; it needs the role greffe.")] = AGENT,
) -> None:
    """Account for a year's access requests: by nature, delay and decision, provisions and reviews. No personal data.

    Without a file the account is printed. A CSV holds the requests alone, one a line; the others hold both.
    """
    with asking(agent) as api:
        form = output.suffix[1:] if output is not None else "json"
        if form not in FORMS:
            raise DeskError(f"{output}: name a file that ends in .{', .'.join(FORMS)}")
        asked = {"format": form, "language": "en" if english else "fr"} | ({"year": str(year)} if year else {})
        found = api.fetch(f"/access-register?{urlencode(asked)}")
        if output is None:
            _show(json.loads(found))
            return
        try:
            output.write_bytes(found)
        except OSError as error:
            raise DeskError(f"{output}: cannot be written ({error.strerror})") from error
        typer.echo(str(output))


def _show(register: dict[str, Any]) -> None:
    """The account's tables, and what has to be known of them."""
    console = Console(highlight=False)
    for each in register["account"]:
        table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
        for number, title in enumerate(each["columns"]):
            widest = max(
                len(word) for text in (title, *(str(row[number]) for row in each["rows"])) for word in text.split()
            )
            table.add_column(escape(title), justify="right" if number else "left", width=widest if number else None)
        for row in each["rows"]:
            table.add_row(*(escape(str(cell)) for cell in row))
        if each["rows"]:
            console.print(f"[bold]{escape(each['title'])}[/bold]", table, "", sep="\n")
    for note in filter(None, (register["warning"], *register["notes"])):
        console.print(f"• {escape(note)}")

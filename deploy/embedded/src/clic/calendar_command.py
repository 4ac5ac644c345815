"""`clic calendar`: the town's calendars, and the newest one applied to what is open (POL-29)."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table
from rich.text import Text

from clic_chassis.error import ClicError
from clic_chassis.town_file import read_town
from clic_contracts.town import Town
from clic_contracts.vocabulary import ObligationKind
from clic_deadlines.core.french import NBSP, TO_DO

from .calendar_month import month_of, months_of
from .desk_api import DeskApi
from .told import told
from .town import town_dir

SERVICE = "deadlines"
AGENT = "administrator"
BATCH_REQUESTS = 200
ROWS_SHOWN_MAX = 200
WIDTH_PIPED = 80
_NOBODY = "—"

app = typer.Typer(
    help="The town's calendars, and the newest applied to open obligations: previewed, then recorded on each.",
    no_args_is_help=True,
)
As = Annotated[str, typer.Option("--as", help="As whom: administrator.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


@app.command("list")
def list_calendars() -> None:
    """List every calendar that the town counts or counted by, oldest first."""
    with told():
        town = read_town(town_dir())
    console = _console()
    table = Table("version", "à partir du", "plages", "fermetures à venir", box=box.SIMPLE_HEAD, show_edge=False)
    today = dt.datetime.now(ZoneInfo(town.calendar.timezone)).date()
    for each in town.calendars:
        version = f"{each.version} *" if each is town.calendar else each.version
        closings = sum(closing.last_on >= today for closing in each.closings)
        begins = each.effective_on.isoformat() if each.effective_on else "toujours"
        table.add_row(escape(version), begins, str(len(each.slots)), str(closings))
    console.print(table)
    console.print("* le plus récent; `clic calendar preview` montre ce qu’il changerait.", highlight=False)


@app.command()
def preview(*, as_json: AsJson = False, agent: As = AGENT) -> None:
    """Show what the newest calendar would move, and record nothing."""
    with told():
        batches = list(_batches(DeskApi.of_folder(agent, SERVICE), dry_run=True))
        _tell(batches, read_town(town_dir()), as_json=as_json)


@app.command()
def apply(
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
    agent: As = AGENT,
) -> None:
    """Count every open obligation by the newest calendar; it is recorded on each, with your name.

    Where it is cut off, run it again: nothing is recorded twice. A limit that has passed is not moved.
    """
    with told():
        api, town = DeskApi.of_folder(agent, SERVICE), read_town(town_dir())
        foreseen = list(_batches(api, dry_run=True))
        if sum(each["changed_in_place"] for each in foreseen):
            _tell(foreseen, town, as_json=as_json)
            raise ClicError("Nothing was applied.")
        if not _moved(foreseen) and not _hidden(foreseen):
            _tell(foreseen, town, as_json=as_json)
            return
        if not yes:
            _tell(foreseen, town, as_json=False)
            if not sys.stdin.isatty() or not typer.confirm("Appliquer?"):
                raise ClicError("Nothing was applied; `--yes` does not ask.")
        done = list(_batches(api, dry_run=False))
        if as_json:
            _tell(done, town, as_json=True)
            return
        _console().print(
            f"Calendrier {escape(done[-1]['calendar'])} appliqué à {len(_moved(done)) + _hidden(done)} échéances.",
            highlight=False,
        )


@app.command()
def show(
    period: Annotated[str, typer.Argument(help="A month, 2026-12, or a year, 2026.", show_default=False)],
) -> None:
    """Show the days of a month or a year: which count for the desk, and on which no legal limit falls."""
    with told():
        town = read_town(town_dir())
        console = _console()
        for year, month in months_of(period):
            console.print(month_of(town, year, month))
        console.print(
            "[red]* férié[/], [yellow]– fermé[/]. Le CLIC compte les jours ouvrables; un délai de la loi compte "
            "tous les jours et ne finit ni un dimanche ni un jour férié.",
            highlight=False,
        )


# -- what moves -------------------------------------------------------------------------------------------------------


def _batches(api: DeskApi, *, dry_run: bool) -> Iterator[dict[str, Any]]:
    """Every batch, one after the other."""
    after: str | None = None
    while True:
        body = {"dry_run": dry_run, "after": after, "limit": BATCH_REQUESTS}
        batch = api.ask("/calendar/applications", body)
        yield batch
        after = batch["after"]
        if after is None:
            return


def _moved(batches: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for batch in batches for each in batch["moved"]]


def _hidden(batches: list[dict[str, Any]]) -> int:
    return sum(batch["confidential"] for batch in batches)


def _tell(batches: list[dict[str, Any]], town: Town, *, as_json: bool) -> None:
    """What moves, per department; what only gets the newest version's name is counted."""
    moved = sorted(_moved(batches), key=lambda each: (each["department"] or "", each["after_due_at"]))
    if as_json:
        for each in moved:
            typer.echo(json.dumps(each, ensure_ascii=False))
        return
    console = _console()
    other = [each for each in moved if each["before_due_at"] != each["after_due_at"] or each["changed_in_place"]]
    if not moved and not _hidden(batches):
        console.print("Le calendrier le plus récent ne change aucune échéance.")
        return
    departments = Counter(each["department"] for each in other)
    for code, count in departments.items():
        department = town.department_by_code.get(code or "")
        console.print(Text(f"{department.name.fr if department else 'Sans service'} ({count})", style="bold"))
        console.print(_table([each for each in other if each["department"] == code][:ROWS_SHOWN_MAX], town))
        if count > ROWS_SHOWN_MAX:
            console.print(f"… et {count - ROWS_SHOWN_MAX} autres; `--json` les donne toutes.", highlight=False)
        console.print()
    version = batches[-1]["calendar"]
    if same := len(moved) - len(other):
        console.print(f"{same} échéances gardent leur date, comptée par le calendrier {version}.", highlight=False)
    if hidden := _hidden(batches):
        console.print(f"{hidden} échéances confidentielles ne sont pas montrées.", highlight=False)
    if sum(batch["changed_in_place"] for batch in batches):
        console.print(
            f"Le calendrier {version} a été changé sans changer de version{NBSP}: rétablissez-le, placez-le sous "
            "earlier_calendars et donnez au nouveau sa propre version. Il ne peut pas être appliqué.",
            style="red",
            highlight=False,
        )


def _table(rows: list[dict[str, Any]], town: Town) -> Table:
    table = Table(
        Column("demande", no_wrap=True),
        Column("à faire", no_wrap=True, overflow="ellipsis", ratio=1),
        Column("objet", no_wrap=True, overflow="ellipsis", ratio=1),
        Column("échéance", no_wrap=True),
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        expand=True,
        show_edge=False,
    )
    for row in rows:
        subject = town.subject_by_code.get(row["subject"] or "")
        dates = f"{row['before_strict_on']} → {row['after_strict_on']}"
        to_do = TO_DO[ObligationKind(row["obligation"])]
        style = "red" if row["changed_in_place"] else ""
        table.add_row(row["reference"], to_do, subject.name.fr if subject else _NOBODY, dates, style=style)
    return table


def _console() -> Console:
    console = Console()
    if console.is_terminal:
        return console
    return Console(width=shutil.get_terminal_size((WIDTH_PIPED, 24)).columns)

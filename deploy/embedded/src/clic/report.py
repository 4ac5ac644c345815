"""`clic report`: a quarter's figures out of reporting's tables, to read, to pipe or to publish."""

from __future__ import annotations

import asyncio
import datetime as dt
from enum import StrEnum
from pathlib import Path
from time import monotonic
from typing import Annotated

import asyncpg
import typer
from nats.aio.client import Client
from nats.js.errors import NotFoundError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from clic_chassis.error import ClicError
from clic_chassis.jetstream_log import JetStreamLog
from clic_chassis.log import LogIdentity
from clic_chassis.town_file import read_town
from clic_contracts.subject import LOG_STREAM
from clic_contracts.town import Town
from clic_reporting.core.chart import DRAWN, BarChart, quarter_charts, quarter_stacks
from clic_reporting.core.figure import Comparison
from clic_reporting.core.french import MINUS, NBSP, capital, number, share
from clic_reporting.core.highlight import highlights
from clic_reporting.core.label import Labels
from clic_reporting.core.period import Quarter
from clic_reporting.page import ZONE, Pages, provisional
from clic_reporting.report import overview, quarter_comparison

from .connection import database_url, nats_connection, without_password
from .nats_config import DURABLES, OPS
from .town import town_dir

DATABASE = "reporting"
WAIT_MAX_S = 120.0
"""How long `--wait` waits: reporting folds some ten thousand facts in a second."""
PATIENCE_S = 10.0
"""How long a report waits by itself for what was published just now; after it, it says what is missing."""
REACTORS = tuple(durable for stream, durable in (*DURABLES["routing"], *DURABLES["deadlines"]) if stream == LOG_STREAM)
"""Consumers whose services answer to what the log holds with facts that a report counts."""
POLL_S = 0.2
CONNECT_TIMEOUT_S = 10.0


class Format(StrEnum):
    """How a report is given."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"


class DatabaseAwayError(ClicError):
    """Reporting's database does not answer."""


class NotCaughtUpError(ClicError):
    """Reporting did not reach the end of the log in time."""


def report(
    period: Annotated[str, typer.Argument(help="A quarter, such as 2022-Q1.", show_default=False)],
    output_format: Annotated[Format, typer.Option("--format", help="How.")] = Format.TEXT,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write to this file.", show_default=False)
    ] = None,
    town: Annotated[Path | None, typer.Option(help="The town's folder.", show_default=False)] = None,
    *,
    wait: Annotated[
        bool | None,
        typer.Option(
            "--wait/--no-wait",
            help=f"Wait until every service has heard of what the log holds now, {WAIT_MAX_S:.0f} s at most, or do not "
            f"wait at all. Neither: wait {PATIENCE_S:.0f} s, and then say what is missing.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Report a quarter: requests received, treated and pending, interactions, obligations (POL-31 to POL-36)."""
    errors = Console(stderr=True)
    try:
        comparison = asyncio.run(_compared(period, errors, wait=wait))
        text = _rendered(comparison, output_format, town, width=None if output is None else 100)
        if output is not None:
            _write(output, text)
            errors.print(f"Written: {escape(str(output))}", soft_wrap=True)
            return
    except ClicError as error:
        errors.print(escape(str(error)), style="red", soft_wrap=True)
        raise typer.Exit(1) from error
    typer.echo(text)


async def _compared(period: str, errors: Console, *, wait: bool | None) -> Comparison:
    Quarter.parse(period)  # A slip of the pen needs no server to be told.
    url = database_url(DATABASE)
    try:
        connection = await asyncpg.connect(url, timeout=CONNECT_TIMEOUT_S)
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise DatabaseAwayError(
            f"reporting's database at {without_password(url)} does not answer ({type(error).__name__}). "
            "Is CLIC running? `clic up` starts it."
        ) from error
    try:
        end = await _end_of_log(connection, errors, wait=wait)
        comparison = await quarter_comparison(connection, period)
    finally:
        await connection.close()
    if end is not None and (warning := lag_warning(comparison, end)) is not None:
        errors.print(escape(warning), style="yellow", soft_wrap=True)
    return comparison


async def _end_of_log(connection: asyncpg.Connection, errors: Console, *, wait: bool | None) -> LogIdentity | None:
    """Where the log ends, once everybody heard of it. Without the log there can be a report, but nothing to wait for.

    Raises:
        NotCaughtUpError: it was to be waited for, and did not come.
    """
    try:
        client = await nats_connection(OPS).connect("clic report")
    except ClicError as error:
        if wait:
            raise
        errors.print(
            f"The log cannot be asked whether the figures hold all of it: {escape(str(error))}",
            style="yellow",
            soft_wrap=True,
        )
        return None
    try:
        if wait is False:
            return await JetStreamLog(client).identity()
        try:
            return await _until(connection, client, WAIT_MAX_S if wait else PATIENCE_S)
        except NotCaughtUpError as error:
            if wait:
                raise
            errors.print(escape(str(error)), style="yellow", soft_wrap=True)
            return None
    finally:
        await client.close()


async def _until(connection: asyncpg.Connection, client: Client, bound_s: float) -> LogIdentity:
    """Wait until services and figures hold the log as it was, and what they answered to it; where it then ends.

    Raises:
        NotCaughtUpError: not within the bound.
    """
    give_up_at = monotonic() + bound_s
    event_log = JetStreamLog(client)
    first = await event_log.identity()
    for durable in REACTORS:
        while waiting := await _unheard(client, durable, first.last_sequence):
            if monotonic() > give_up_at:
                raise NotCaughtUpError(
                    f"{durable} has still {waiting} commits of the log to hear of after {bound_s:.0f} s, and its facts "
                    "are missing here. `clic status` says whether it runs and what holds it back."
                )
            await asyncio.sleep(POLL_S)
    end = await event_log.identity()
    while True:
        now = await overview(connection)
        if now.versions.log != log_name(end):
            return end  # Waiting would not mend it; the warning says what is wrong.
        if (position := now.position) >= end.last_sequence:
            return end
        if monotonic() > give_up_at:
            raise NotCaughtUpError(
                f"after {bound_s:.0f} s the figures hold the log to position {position} of {end.last_sequence}, "
                f"{end.last_sequence - position} behind. `clic status` says whether reporting runs and what holds it "
                "back."
            )
        await asyncio.sleep(POLL_S)


async def _unheard(client: Client, durable: str, end: int) -> int:
    """How many commits a service has still to handle, as far as they stand before the end; 0 where it never ran."""
    try:
        info = await client.jetstream().consumer_info(LOG_STREAM, durable)
    except NotFoundError:
        return 0
    if info.ack_floor is not None and info.ack_floor.stream_seq >= end:
        return 0
    return (info.num_pending or 0) + (info.num_ack_pending or 0)


def log_name(log: LogIdentity) -> str:
    """A log as `Versions.log` names it."""
    return f"{log.stream} {log.created_at.isoformat()}"


def lag_warning(comparison: Comparison, end: LogIdentity) -> str | None:
    """What is to be said of figures that do not hold the log up to its end; None where they do."""
    made_from, log = comparison.report.versions.log, log_name(end)
    if made_from != log:
        return f"These figures were made from another log ({made_from}) than is there now ({log}): see `clic status`."
    behind = end.last_sequence - comparison.report.position
    if behind <= 0:
        return None
    return (
        f"These figures hold the log to position {comparison.report.position} of {end.last_sequence}, {behind} behind; "
        "--wait waits for the rest."
    )


def _rendered(comparison: Comparison, output_format: Format, town: Path | None, *, width: int | None) -> str:
    if output_format is Format.JSON:
        return comparison.report.model_dump_json(indent=2)
    the_town = read_town(town or town_dir())
    today = dt.datetime.now(ZONE).date()
    if output_format is Format.HTML:
        return Pages(the_town).quarter(comparison, today=today).rstrip("\n")
    return as_text(comparison, the_town, today=today, width=width)


def _write(output: Path, text: str) -> None:
    try:
        output.write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise ClicError(f"{output} cannot be written: {error.strerror}") from error


def as_text(comparison: Comparison, town: Town, *, today: dt.date, width: int | None = None) -> str:
    """A quarter as tables for a terminal, in French as the page is; plain where it goes to a file (`width` given)."""
    console = Console(width=width, no_color=True) if width else Console()
    labels = Labels(town)
    quarter = Quarter.parse(comparison.report.period)
    with console.capture() as captured:
        console.print(f"[bold]{quarter.name_fr}[/] – {escape(labels.town)}", highlight=False)
        for note in provisional(quarter, today):
            console.print(escape(note.text), highlight=False)
        for sentence in highlights(comparison, labels, complete=today >= quarter.next_on):
            console.print(f"• {escape(sentence)}", highlight=False)
        console.print(_balance(comparison))
        for chart in quarter_charts(comparison, labels).values():
            if chart.total:
                console.print(_chart(chart))
        console.print(_obligations(comparison))
        console.print(_rest(comparison))
        console.print(_origin(comparison), highlight=False, soft_wrap=True)
    return captured.get().rstrip("\n")


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index else "left", overflow="fold")
    return table


def _balance(comparison: Comparison) -> Table:
    requests = comparison.report.requests
    table = _table("Demandes", "", "Nombre")
    table.add_row("En attente au début", number(requests.pending_at_start))
    table.add_row("+ reçues", number(requests.received))
    table.add_row(f"{MINUS} traitées", number(requests.treated))
    table.add_row("= en attente à la fin", number(requests.pending_at_end), style="bold")
    return table


def _chart(chart: BarChart) -> Table:
    before = [] if chart.total_before is None else ["Trimestre précédent"]
    table = _table(chart.title, chart.heading, "Nombre", "Part", *before)
    for bar in chart.bars:
        earlier = [] if bar.before is None else [number(bar.before)]
        table.add_row(escape(bar.label), number(bar.value), bar.share, *earlier)
    return table


def _obligations(comparison: Comparison) -> Table:
    table = _table("Obligations", "", *map(capital, DRAWN.values()), "Levées", "Part à temps")
    for row in quarter_stacks(comparison.report):
        table.add_row(row.label, *map(number, row.values.values()), row.on_time)
    for column in table.columns[1:]:
        words = [word for cell in (column.header, *column.cells) for word in str(cell).split(" ")]
        column.width = max(map(len, words))  # Of eight columns in 80, the first is what needs the room.
    return table


def _rest(comparison: Comparison) -> Table:
    requests, interactions = comparison.report.requests, comparison.report.interactions
    table = _table("Première ligne, plaintes, demandes inusitées", "", "Nombre", "Part")
    for name, value, whole in (
        ("Demandes dont le CLIC se charge lui-même", requests.first_line, requests.received),
        ("Suivis auxquels le CLIC a répondu", interactions.follow_ups_first_line, interactions.follow_ups),
        ("Plaintes dirigées vers la Direction générale", requests.to_direction_generale, requests.received),
        ("Demandes inusitées", requests.unusual, requests.received),
    ):
        table.add_row(name, number(value), share(value, whole))
    return table


def _origin(comparison: Comparison) -> str:
    report, versions = comparison.report, comparison.report.versions
    assumed = report.assumed
    told = ""
    if assumed.any:
        told = (
            f"Dates supposées, faute de mieux dans les dossiers{NBSP}: {number(assumed.outcomes)} états actuels, "
            f"{number(assumed.treatments)} traitements, {number(assumed.obligations)} obligations.\n"
        )
    return told + (
        f"Position {report.position} du journal {versions.log}; définitions {versions.definition}; "
        f"règles de la Ville {versions.town or '–'}."
    )

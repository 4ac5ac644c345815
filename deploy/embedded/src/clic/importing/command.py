"""`clic import`: older records of other systems, through the public inbox."""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from clic.connection import clic_dir, publisher_connection
from clic.outbox import Outbox, Outgoing, Tally
from clic.town import town_dir
from clic_chassis.error import ClicError
from clic_chassis.town_file import read_town
from clic_contracts.town import Town

from .account import Account
from .category import read_categories
from .montreal_311 import SOURCE, Mapped
from .montreal_file import Line, file_digest, map_file
from .watermark import Watermark

WAVE_ROWS = 256
"""Rows that are published together; the state is written after each wave."""
LISTED_MAX = 30
"""Unmapped categories that are listed by name; the rest are counted together."""

app = typer.Typer(help="Import older records through the public inbox.", no_args_is_help=True)


@app.callback()
def _imports() -> None:
    """Import older records through the public inbox."""


@app.command("montreal-311")
def montreal_311(
    file: Annotated[Path, typer.Argument(help="Montréal's « Requêtes 311 »: CSV, plain or gzip.", show_default=False)],
    publisher: Annotated[str, typer.Option(help="Who brings it; the town must allow it.")] = "montreal_311",
    limit: Annotated[int | None, typer.Option(min=1, help="Read so many rows at most.")] = None,
    town: Annotated[Path | None, typer.Option(help="The town's folder.", show_default=False)] = None,
    categories: Annotated[Path | None, typer.Option(help="Another table of categories.", show_default=False)] = None,
    state: Annotated[Path | None, typer.Option(help="Where to keep how far it came.", show_default=False)] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Map and count; publish nothing.")] = False,
    resume: Annotated[bool, typer.Option(help="Go on where an earlier run stopped.")] = True,
) -> None:
    """Import Montréal's 311 open data. Running it again adds nothing."""
    console = Console()
    account, tally = Account(), None
    try:
        the_town = read_town(town or town_dir())
        lines = map_file(file, read_categories(the_town, categories), dt.datetime.now(dt.UTC))
        if dry_run:
            for line in itertools.islice(lines, limit):
                account.add(line.number, line.result)
        else:
            _check_publisher(the_town, publisher)
            watermark = _watermark(file, publisher, state)
            after = watermark.line() if resume else 0
            if after:
                console.print(f"An earlier run came to line {after}; going on there (--no-resume starts over).")
            tally = asyncio.run(_publish(itertools.islice(lines, limit), publisher, watermark, after, account, console))
    except ClicError as error:
        if account.rows:
            console.print(account_table(account, tally))
        Console(stderr=True).print(escape(str(error)), style="red", soft_wrap=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        Console(stderr=True).print("Stopped. Run the same command again: it goes on where it was.")
        raise typer.Exit(130) from None
    console.print(account_table(account, tally))
    if tally is not None and tally.by_status["refused"] + tally.by_status["quarantined"]:
        raise typer.Exit(1)


def _check_publisher(town: Town, publisher: str) -> None:
    known = town.publisher_by_code.get(publisher)
    if known is None or not (known.may_backlog and known.may_withhold_requester):
        allowed = [p.code for p in town.publishers if p.may_backlog and p.may_withhold_requester]
        raise ClicError(
            f"the town lets no publisher {publisher} bring older records without requesters; "
            f"use --publisher with one of: {', '.join(allowed) or 'none'}, or allow it in publishers.yaml"
        )


def _watermark(file: Path, publisher: str, state: Path | None) -> Watermark:
    if not file.is_file():
        raise ClicError(f"{file}: no such file")
    digest = file_digest(file)
    path = state or clic_dir() / "imports" / f"{publisher}-{digest[:12]}.json"
    return Watermark(path, digest, publisher)


async def _publish(
    lines: Iterable[Line], publisher: str, watermark: Watermark, after: int, account: Account, console: Console
) -> Tally:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[rate]}"),
    )
    loop = asyncio.get_running_loop()
    async with Outbox({publisher: publisher_connection(publisher)}) as outbox:
        with Progress(*columns, console=console) as bar:
            reading = bar.add_task("rows published", total=None, rate="")
            start_s = loop.time()
            for wave in _waves(lines):
                for line in wave:
                    account.add(line.number, line.result)
                items = list(_outgoing(wave, publisher, after))
                if items:
                    await outbox.send(items)
                    watermark.reached(wave[-1].number)
                    rate = outbox.tally.published / max(loop.time() - start_s, 0.001)
                    bar.update(reading, rate=f"{rate:.0f} submissions/s, {outbox.unanswered} to be answered")
                bar.update(reading, completed=account.rows)
            bar.update(reading, total=account.rows)
            waiting = bar.add_task("receipts of the desk", total=outbox.tally.published, rate="")
            await outbox.settle(lambda left: bar.update(waiting, completed=outbox.tally.published - left))
            rate = outbox.tally.published / max(loop.time() - start_s, 0.001)
            bar.update(waiting, rate=f"{rate:.0f} submissions/s from end to end")
        return outbox.tally


def _waves(lines: Iterable[Line]) -> Iterator[list[Line]]:
    iterator = iter(lines)
    while wave := list(itertools.islice(iterator, WAVE_ROWS)):
        yield wave


def _outgoing(wave: Iterable[Line], publisher: str, after: int) -> Iterator[Outgoing]:
    for line in wave:
        if line.number > after and isinstance(line.result, Mapped):
            for item in line.result.items:
                yield Outgoing(publisher, item.submission, SOURCE, item.event_id, item.occurred_at)


def account_table(account: Account, tally: Tally | None) -> Table:
    """The account of an import as a table; with receipts, where something was published."""
    table = Table(title="Import of Montréal's 311 data", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_row("rows read", f"{account.rows}")
    _part(table, "  requests: ", account.requests)
    _part(table, "  outcomes: ", account.outcomes)
    table.add_row("  interactions", f"{account.interactions}")
    table.add_row("  further contacts told with a request", f"{account.further_contacts}")
    table.add_row("rows refused", f"{account.refused.total()}", style="red" if account.refused else "")
    for reason, count in account.refused.most_common():
        table.add_row(f"  {reason} ({escape('; '.join(account.refused_lines[reason]))})", f"{count}")
    _part(table, "mapped with a note: ", account.notes)
    table.add_row("rows without subject (unusual)", f"{account.unmapped.total()}")
    _part(table, "  ", Counter(dict(account.unmapped.most_common(LISTED_MAX))))
    if (others := len(account.unmapped) - LISTED_MAX) > 0:
        rest = sum(count for _, count in account.unmapped.most_common()[LISTED_MAX:])
        table.add_row(f"  {others} further categories", f"{rest}")
    if tally is not None:
        table.add_section()
        table.add_row("submissions published now", f"{tally.published}")
        _part(table, "receipts: ", tally.by_status)
        _part(table, "  refused: ", tally.problems)
        for example in tally.examples:
            table.add_row(f"    {escape(example)}", "", style="red")
    return table


def _part(table: Table, prefix: str, counts: Counter[str]) -> None:
    for name, count in counts.most_common():
        table.add_row(prefix + escape(name), f"{count}")
